"""The contract of every fusion in the table, and that each does what it says."""

import itertools

import numpy as np
import pytest
import torch

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.fusion import FUSIONS, FusionSpec, make_fusion
from skmm.fusion._base import FusionOutput

WIDTH, N_OUTPUTS, N_ROWS = 8, 3, 6
PRESENCE = {
    "all": lambda m: torch.ones(N_ROWS, m, dtype=torch.bool),
    "half": lambda m: (torch.arange(N_ROWS)[:, None] + torch.arange(m)) % 2 == 0,
    "one row empty": lambda m: torch.arange(N_ROWS)[:, None].expand(-1, m) != 2,
}
CASES = list(itertools.product(FUSIONS, [1, 2, 5], PRESENCE))


def build(name, n_modalities):
    torch.manual_seed(0)
    names = [f"m{i}" for i in range(n_modalities)]
    return make_fusion(name).build_module(FusionSpec(names, WIDTH, N_OUTPUTS)).eval()


def outputs(fusion, vectors, present):
    output = fusion(vectors, present)
    assert isinstance(output, FusionOutput)
    return output


@pytest.mark.parametrize("name, m, presence", CASES)
def test_shapes_and_gradients(name, m, presence):
    fusion, present = build(name, m), PRESENCE[presence](m)
    vectors = torch.randn(N_ROWS, m, WIDTH, requires_grad=True)
    output = outputs(fusion, vectors, present)
    assert output.embedding.shape == (N_ROWS, fusion.out_features)
    assert torch.isfinite(output.embedding).all()
    if output.logits is not None:
        assert output.logits.shape == (N_ROWS, N_OUTPUTS)
        assert torch.isfinite(output.logits).all()
    if output.weights is not None:
        assert output.weights.shape == (N_ROWS, m)
        assert (output.weights[~present] == 0).all()
    target = output.embedding if output.logits is None else output.logits
    target.square().sum().backward()
    reached = (vectors.grad != 0).any(-1)
    assert (reached == present).all()
    assert torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize("name, m, presence", CASES)
@pytest.mark.parametrize("garbage", [1e30, float("nan"), float("inf")])
def test_absent_cells_do_not_leak(name, m, presence, garbage):
    fusion, present = build(name, m), PRESENCE[presence](m)
    vectors = torch.randn(N_ROWS, m, WIDTH)
    other = torch.where(present[..., None], vectors, garbage)
    one, two = outputs(fusion, vectors, present), outputs(fusion, other, present)
    for a, b in ((one.embedding, two.embedding), (one.logits, two.logits)):
        assert a is b is None or torch.equal(a, b)


@pytest.mark.parametrize("name", FUSIONS)
def test_bfloat16(name):
    fusion = build(name, 3).bfloat16()
    vectors = torch.randn(N_ROWS, 3, WIDTH, dtype=torch.bfloat16)
    output = fusion(vectors, PRESENCE["half"](3))
    assert output.embedding.dtype == torch.bfloat16
    assert torch.isfinite(output.embedding).all()


def test_mean_does_not_know_the_order():
    vectors, present = torch.randn(N_ROWS, 5, WIDTH), PRESENCE["half"](5)
    order = [3, 0, 4, 1, 2]
    fusion = build("mean", 5)
    torch.testing.assert_close(
        fusion(vectors, present).embedding,
        fusion(vectors[:, order], present[:, order]).embedding,
    )


def test_late_is_additive():
    """Changing one modality shifts the logits by the same, whatever the other is."""
    fusion, present = build("late", 2), torch.ones(1, 2, dtype=torch.bool)
    a, b, c, d = torch.randn(4, 1, WIDTH)

    def logits(first, second):
        return fusion(torch.stack([first, second], 1), present).logits

    torch.testing.assert_close(
        logits(a, c) - logits(b, c), logits(a, d) - logits(b, d), atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("name", sorted(set(FUSIONS) - {"late"}))
def test_learns_an_interaction_that_late_cannot(name):
    X, y = make_multimodal_classification(1400, signal="interaction", random_state=0)
    model = MultimodalClassifier(
        fusion=name, mix=False, n_iter_no_change=10, max_epochs=40, random_state=0
    ).fit(X[:1200], y[:1200])
    assert model.score(X[1200:], y[1200:]) > 0.95


def test_late_is_at_chance_on_an_interaction():
    X, y = make_multimodal_classification(1500, signal="interaction", random_state=0)
    model = MultimodalClassifier(fusion="late", mix=False, random_state=0)
    assert abs(model.fit(X[:800], y[:800]).score(X[800:], y[800:]) - 0.5) < 0.08


def test_predictions_do_not_depend_on_what_an_absent_cell_holds():
    X, y = make_multimodal_classification(200, missing=0.3, random_state=0)
    empty = X["text_0"].isna()
    assert empty.any()
    for fusion in FUSIONS:
        model = MultimodalClassifier(
            fusion=fusion, max_epochs=2, width=16, random_state=0
        ).fit(X, y)
        blank = X.assign(text_0=X["text_0"].fillna("   "))
        assert np.array_equal(model.predict_proba(X), model.predict_proba(blank))
