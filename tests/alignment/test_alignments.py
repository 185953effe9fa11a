"""The contract of every alignment in the table."""

import itertools
import pickle
import subprocess
import sys

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmm.alignment import (
    ALIGNMENTS,
    Alignment,
    ContrastiveAlignment,
    CoralAlignment,
    OptimalTransportAlignment,
    PositiveAlignment,
    make_alignment,
)
from skmm.fusion import FusionSpec

WIDTH, N_ROWS = 4, 12
EVERY = {name: make_alignment(name) for name in ALIGNMENTS} | {
    "contrastive, learned": ContrastiveAlignment(learn_temperature=True),
    "positive, kl": PositiveAlignment(distance="kl"),
    "coral, no means": CoralAlignment(means=False),
}
PRESENCE = {
    "all": lambda m: torch.ones(N_ROWS, m, dtype=torch.bool),
    "half": lambda m: (torch.arange(N_ROWS)[:, None] + torch.arange(m)) % 2 == 0,
    "some": lambda m: (
        (torch.arange(N_ROWS)[:, None] * 7 + torch.arange(m) ** 2) % 5 > 1
    ),
    "one row empty": lambda m: torch.arange(N_ROWS)[:, None].expand(-1, m) != 2,
    "nothing": lambda m: torch.zeros(N_ROWS, m, dtype=torch.bool),
    "one row": lambda m: torch.ones(1, m, dtype=torch.bool),
}
CASES = list(itertools.product(EVERY, [1, 2, 5], PRESENCE))
# Those compare the modalities' distributions, for which rows need no partner.
UNPAIRED = {"adversarial", "mmd", "coral", "coral, no means", "optimal_transport"}
NEEDS_TWO_ROWS = {"contrastive", "contrastive, learned", "cca"}
NEEDS_TWO_ROWS |= {"coral", "coral, no means"}
HAS_PARAMETERS_BY_MODALITY = {"weighted", "adversarial"}


def build(alignment, n_modalities, width=WIDTH):
    torch.manual_seed(0)
    alignment = EVERY[alignment] if isinstance(alignment, str) else alignment
    names = [f"m{i}" for i in range(n_modalities)]
    return alignment.build_module(FusionSpec(names, width, 2))


def normal(*shape, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, **options)


def with_gradients(module, vectors, present):
    vectors = vectors.detach().clone().requires_grad_()
    module.zero_grad()
    loss = module(vectors, present)
    loss.backward()
    return [loss.detach(), vectors.grad, *(p.grad for p in module.parameters())]


def aligned(name, present):
    """The cells on which the loss should depend."""
    if name in UNPAIRED:
        counts = present.sum(0)
        seen = counts >= (2 if name in NEEDS_TWO_ROWS else 1)
        return present & seen & (seen.sum() >= 2)
    if name in NEEDS_TWO_ROWS and len(present) < 2:
        return torch.zeros_like(present)
    return present & (present.sum(1, keepdim=True) >= 2)


@pytest.mark.parametrize("name, m, presence", CASES)
def test_loss_and_gradients(name, m, presence):
    present = PRESENCE[presence](m)
    vectors = normal(len(present), m, WIDTH)
    loss, gradient, *others = with_gradients(build(name, m), vectors, present)
    assert loss.shape == () and loss.dtype == torch.float32
    assert -1e-5 <= loss < 6
    for tensor in (gradient, *others):
        assert tensor is None or torch.isfinite(tensor).all()
    expected, reached = aligned(name, present), (gradient != 0).any(-1)
    assert not (reached & ~expected).any()
    if not expected.any():
        assert loss == 0
    elif len(present) > 1:  # a single row has no spread to measure distances by
        assert (reached == expected).all()


@pytest.mark.parametrize("name, m, presence", CASES)
def test_absent_cells_do_not_leak(name, m, presence):
    module, present = build(name, m), PRESENCE[presence](m)
    vectors = normal(len(present), m, WIDTH)
    clean = with_gradients(module, vectors, present)
    for garbage in (1e30, float("nan"), float("inf")):
        dirty = torch.where(present[..., None], vectors, garbage)
        for a, b in zip(clean, with_gradients(module, dirty, present)):
            assert a is b is None or torch.equal(a, b)


@pytest.mark.parametrize("name", EVERY)
def test_order_and_empty_rows_do_not_matter(name):
    module, present = build(name, 5), PRESENCE["some"](5)
    vectors = normal(N_ROWS, 5, WIDTH)
    loss = module(vectors, present)
    torch.testing.assert_close(module(vectors.flip(0), present.flip(0)), loss)
    more = (torch.cat([x, torch.zeros_like(x[:4])]) for x in (vectors, present))
    torch.testing.assert_close(module(*more), loss)
    if name not in HAS_PARAMETERS_BY_MODALITY:
        order = [3, 0, 4, 1, 2]
        torch.testing.assert_close(module(vectors[:, order], present[:, order]), loss)


@pytest.mark.parametrize("name", EVERY)
def test_scale_does_not_matter(name):
    """One alignment_weight means the same to all, and shrinking gains nothing."""
    module, present = build(name, 2, 16), torch.ones(64, 2, dtype=torch.bool)
    vectors = normal(64, 2, 16)
    small, large = module(vectors / 20, present), module(vectors * 20, present)
    torch.testing.assert_close(small, large, rtol=0.02, atol=5e-3)
    assert large < 2


@pytest.mark.parametrize("name", EVERY)
def test_low_precision(name):
    module, present = build(name, 3), PRESENCE["some"](3)
    vectors = normal(N_ROWS, 3, WIDTH)
    loss = module(vectors, present)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(module(vectors, present), loss)
    low = with_gradients(module.bfloat16(), vectors.bfloat16(), present)
    torch.testing.assert_close(low[0], loss.detach(), rtol=0.03, atol=0.01)
    assert low[1].dtype == torch.bfloat16 and torch.isfinite(low[1]).all()


DEGENERATE = {
    "zero": torch.zeros(N_ROWS, 3, WIDTH),
    "equal": torch.ones(N_ROWS, 3, WIDTH),
    "rank one": normal(N_ROWS, 3, 1) * normal(WIDTH),
    "one feature": normal(N_ROWS, 3, WIDTH) * torch.eye(WIDTH)[0],
    "same in all": normal(N_ROWS, 1, WIDTH).expand(-1, 3, -1),
    "tiny": 1e-8 * normal(N_ROWS, 3, WIDTH),
    "large": 1e6 * normal(N_ROWS, 3, WIDTH),
    "one far off": normal(N_ROWS, 3, WIDTH).index_fill(0, torch.tensor(1), 1e6),
    "fewer rows than features": normal(N_ROWS, 3, 40),
    "two rows": normal(2, 3, WIDTH),
}


@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("name", EVERY)
def test_degenerate_vectors(name, case):
    vectors = DEGENERATE[case]
    module = build(name, 3, vectors.shape[-1])
    present = torch.ones(len(vectors), 3, dtype=torch.bool)
    for result in with_gradients(module, vectors, present):
        assert torch.isfinite(result).all() and result.abs().max() < 1e4


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"adversarial"}))
def test_gradients_are_the_losses(name):
    """Also of the transport, which does not derive its iterations."""
    module = build(name, 3, 3).double()
    if name == "optimal_transport":
        module = build(OptimalTransportAlignment(epsilon=1.0, n_iter=30), 3, 3)
    vectors = normal(8, 3, 3, dtype=torch.float64).requires_grad_()
    present = PRESENCE["some"](3)[:8]
    assert module(vectors, present).dtype == torch.float64
    assert torch.autograd.gradcheck(lambda v: module(v, present), vectors, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_compiles_without_a_break(name):
    module, present = build(name, 3), PRESENCE["some"](3)
    vectors = normal(N_ROWS, 3, WIDTH)
    torch._dynamo.reset()
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    for a, b in zip(*(with_gradients(f, vectors, present) for f in (module, compiled))):
        torch.testing.assert_close(a, b)


# The objects


@pytest.mark.parametrize("name", EVERY)
def test_objects(name):
    alignment = EVERY[name]
    for copy in (clone(alignment), pickle.loads(pickle.dumps(alignment))):
        assert copy is not alignment and repr(copy) == repr(alignment)
    module, present = build(name, 3), PRESENCE["some"](3)
    again = pickle.loads(pickle.dumps(module))
    vectors = normal(N_ROWS, 3, WIDTH)
    assert torch.equal(module(vectors, present), again(vectors, present))


class Nearness(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.n_modalities = len(spec.names)

    def forward(self, vectors, present):
        vectors = torch.where(present[..., None], vectors, 0)
        return vectors.var(1).mean()


class NearnessAlignment(Alignment):
    def build_module(self, spec):
        return Nearness(spec)


def test_make_alignment():
    instance = NearnessAlignment()
    assert make_alignment(instance) is instance
    assert isinstance(make_alignment(NearnessAlignment), NearnessAlignment)
    for own in (instance, make_alignment(Nearness)):
        module = build(clone(own), 3)
        assert module.n_modalities == 3
        assert module(normal(5, 3, WIDTH), torch.ones(5, 3).bool()) > 0
    with pytest.raises(ValueError, match="Did you mean 'contrastive'"):
        make_alignment("contrast")
    with pytest.raises(TypeError, match="a str among .* Got 3 instead"):
        make_alignment(3)
    with pytest.raises(NotImplementedError, match="Alignment.build_module"):
        Alignment().build_module(None)


def test_the_table_does_not_import_torch():
    code = "import sys, skmm.alignment; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
