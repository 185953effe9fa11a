"""What each fusion promises beyond the contract, which tests/common checks for all."""

import numpy as np
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.fusion import (
    FAST_FUSIONS,
    FUSIONS,
    BilinearFusion,
    ChannelExchangeFusion,
    FiLMFusion,
    Fusion,
    FusionSpec,
    HybridFusion,
    LowRankFusion,
    MoEFusion,
    ProductOfExpertsFusion,
    TensorFusion,
    WeightedFusion,
    make_fusion,
)

WIDTH, N_OUTPUTS, N_ROWS = 8, 3, 6
HALF = (torch.arange(N_ROWS)[:, None] + torch.arange(3)) % 2 == 0


def build(fusion, m, width=WIDTH):
    torch.manual_seed(0)
    names = [f"m{i}" for i in range(m)]
    return make_fusion(fusion).build_module(FusionSpec(names, width, N_OUTPUTS))


def rows(m, present=None):
    torch.manual_seed(1)
    vectors = torch.randn(N_ROWS, m, WIDTH)
    if present is None:
        present = torch.ones(N_ROWS, m, dtype=torch.bool)
    return torch.where(present[..., None], vectors, 0), present


# -- the table ---------------------------------------------------------------------


def test_names_and_classes_agree():
    assert set(FAST_FUSIONS) < set(FUSIONS)
    for name, (_, cls) in FUSIONS.items():
        assert cls.removesuffix("Fusion").lower() == name.replace("_", "")
        assert issubclass(type(make_fusion(name)), Fusion)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'low_rank'"):
        make_fusion("lowrank")


# -- formulas ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, join",
    [
        ("sum", lambda v, p: v.sum(1)),
        ("mean", lambda v, p: v.sum(1) / p.sum(1, keepdim=True)),
        ("max", lambda v, p: v.masked_fill(~p[..., None], -np.inf).amax(1)),
    ],
)
def test_element_by_element(name, join):
    vectors, present = rows(3, HALF)
    torch.testing.assert_close(
        build(name, 3)(vectors, present).embedding, join(vectors, present)
    )


def test_product_multiplies_the_normed_vectors_of_those_present():
    vectors, present = rows(3, HALF)
    normed = torch.nn.functional.layer_norm(vectors, (WIDTH,))
    expected = torch.where(present[..., None], normed, 1).prod(1)
    torch.testing.assert_close(
        build("product", 3)(vectors, present).embedding, expected
    )


@pytest.mark.parametrize("per_feature", [False, True])
def test_weighted_starts_as_the_mean(per_feature):
    vectors, present = rows(3, HALF)
    module = build(WeightedFusion(per_feature=per_feature), 3)
    expected = vectors.sum(1) / present.sum(1, keepdim=True)
    torch.testing.assert_close(module(vectors, present).embedding, expected)
    assert module.scores.numel() == 3 * (WIDTH if per_feature else 1)


def test_tensor_holds_the_products_of_every_subset():
    vectors, present = rows(3)
    product = build("tensor", 3)(vectors, present).embedding
    assert product.shape == (N_ROWS, (WIDTH + 1) ** 3)
    product = product.view(N_ROWS, WIDTH + 1, WIDTH + 1, WIDTH + 1)
    a, b, c = vectors.unbind(1)
    torch.testing.assert_close(product[:, :-1, -1, -1], a)
    torch.testing.assert_close(product[:, 2, -1, 5], a[:, 2] * c[:, 5])
    torch.testing.assert_close(product[:, 1, 3, 4], a[:, 1] * b[:, 3] * c[:, 4])


def test_tensor_without_a_modality_keeps_what_the_others_say():
    vectors, present = rows(2)
    present[:, 1] = False
    vectors[:, 1] = 0
    product = build(TensorFusion(size=4), 2)(vectors, present).embedding
    product = product.view(N_ROWS, 5, 5)
    assert (product[:, :, :-1] == 0).all()
    assert (product[:, :, -1] != 0).all()


@pytest.mark.parametrize(
    "m, remedy", [(3, "TensorFusion(size=49)"), (20, "fusion='low_rank'")]
)
def test_tensor_refuses_what_would_be_too_large(m, remedy):
    with pytest.raises(ValueError) as error:
        build("tensor", m, width=64)
    assert remedy in str(error.value)
    assert f"65^{m}" in str(error.value)
    build(TensorFusion(size=49), 3, width=64)


def test_low_rank_is_a_linear_map_of_the_tensor():
    """Its function lies in the span of the full product's features."""
    torch.manual_seed(1)
    vectors, present = torch.randn(200, 2, 3), torch.ones(200, 2).bool()
    product = build("tensor", 2, width=3)(vectors, present).embedding
    fused = build(LowRankFusion(rank=2), 2, width=3)(vectors, present).embedding
    fused = fused.detach().double()
    solution = torch.linalg.lstsq(product.double(), fused).solution
    torch.testing.assert_close(product.double() @ solution, fused, atol=1e-5, rtol=0)


def test_bilinear_has_one_vector_a_pair():
    assert build(BilinearFusion(size=4), 5).out_features == 10 * 4
    assert build("bilinear", 1).out_features == WIDTH


def test_film_modulates_by_the_condition():
    module = build(FiLMFusion(condition="m1"), 3)
    vectors, present = rows(3)
    output = module(vectors, present).embedding.view(N_ROWS, 2, WIDTH)
    scale, shift = module.modulation(vectors[:, 1]).view(N_ROWS, 2, 2, WIDTH).unbind(1)
    torch.testing.assert_close(output, (1 + scale) * vectors[:, [0, 2]] + shift)


def test_film_names_the_modalities_that_there_are():
    X, y = make_multimodal_classification(60, random_state=0)
    model = MultimodalClassifier(fusion=FiLMFusion(condition="photo"))
    with pytest.raises(ValueError, match="'photo'.*The modalities are: tabular, text"):
        model.fit(X, y)


@pytest.mark.parametrize("gate", ["softmax", "laplace"])
def test_moe_uses_top_k_experts_and_balances_them(gate):
    module = build(MoEFusion(n_experts=5, top_k=2, gate=gate), 2).eval()
    for parameter in module.experts.parameters():
        torch.nn.init.zeros_(parameter)
    gates = []
    for expert in module.experts:  # one at a time says 1: its gate comes out
        torch.nn.init.ones_(expert[-1].bias)
        gates.append(module(*rows(2)).embedding[:, 0])
        torch.nn.init.zeros_(expert[-1].bias)
    gates = torch.stack(gates, dim=1)
    assert ((gates > 0).sum(1) == 2).all()
    torch.testing.assert_close(gates.sum(1), torch.ones(N_ROWS))
    loss = module(*rows(2)).loss
    assert 0 <= loss <= 0.01 * 5


@pytest.mark.parametrize(
    "options, message",
    [({"top_k": 9}, "from 1 to n_experts"), ({"gate": "hard"}, "softmax")],
)
def test_moe_refuses_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(MoEFusion(**options), 2)


def test_product_of_experts_multiplies_gaussians():
    module = build("product_of_experts", 3).eval()
    vectors, present = rows(3, HALF)
    output = module(vectors, present)
    for row in range(N_ROWS):
        precision, mean = 1.0, 0.0
        for m in range(3):
            if present[row, m]:
                mu, log_precision = module.experts[m](vectors[row, m]).chunk(2)
                one = torch.exp(6 * torch.tanh(log_precision / 6))
                precision, mean = precision + one, mean + one * mu
        torch.testing.assert_close(output.embedding[row], mean / precision)


def test_more_experts_make_the_product_surer():
    """Its divergence from the prior grows with the modalities; sampled in training."""
    module = build(ProductOfExpertsFusion(kl_weight=1.0), 3)
    one, all_of_them = torch.zeros(N_ROWS, 3).bool(), torch.ones(N_ROWS, 3).bool()
    one[:, 0] = True
    assert module.eval()(*rows(3, one)).loss < module(*rows(3, all_of_them)).loss
    given = rows(3)
    assert torch.equal(module(*given).embedding, module(*given).embedding)
    module.train()
    assert not torch.equal(module(*given).embedding, module(*given).embedding)


def test_channel_exchange_replaces_dead_channels_by_the_others_mean():
    module = build(ChannelExchangeFusion(n_layers=1), 3).eval()
    vectors, present = rows(3)
    before = module(vectors, present).embedding.view(N_ROWS, 3, WIDTH)
    with torch.no_grad():
        module.norms[0].scale[0, 2] = 0.01
    after = module(vectors, present).embedding.view(N_ROWS, 3, WIDTH)
    assert torch.equal(after[:, 1:], before[:, 1:])
    hidden = module.linears[0](vectors) * (1 + 1e-5) ** -0.5
    expected = torch.relu(hidden[:, 1:, 2].mean(1))
    torch.testing.assert_close(after[:, 0, 2], expected)


def test_channel_exchange_penalises_each_channel_for_one_modality():
    module = build(ChannelExchangeFusion(n_layers=2, sparsity=1.0), 3)
    assert torch.equal(module.penalised.sum(0), torch.ones(WIDTH).long())
    # All scales start at 1, on one modality a channel, in two layers.
    assert module(*rows(3)).loss == 2 * WIDTH


def test_late_is_additive():
    """Changing one modality shifts the logits by the same, whatever the other is."""
    fusion, present = build("late", 2).eval(), torch.ones(1, 2, dtype=torch.bool)
    a, b, c, d = torch.randn(4, 1, WIDTH)

    def logits(first, second):
        return fusion(torch.stack([first, second], 1), present).logits

    torch.testing.assert_close(
        logits(a, c) - logits(b, c), logits(a, d) - logits(b, d), atol=1e-5, rtol=1e-4
    )


def test_hybrid_heads_learn_by_losses_of_their_own():
    """The mixed logits move their weights alone; each head has its own logits."""
    module = build(HybridFusion(auxiliary_weight=0.6), 3)
    output = module(*rows(3, HALF))
    output.logits.sum().backward()
    assert module.scores.grad is not None
    assert all(p.grad is None for p in module.heads.parameters())
    assert output.auxiliary.shape == (N_ROWS, 4, N_OUTPUTS)
    assert (output.auxiliary_weights[:, 0] == 1).all()
    torch.testing.assert_close(output.auxiliary_weights[:, 1:], 0.2 * HALF)


# -- what they can learn -------------------------------------------------------------


@pytest.mark.slow  # all of them take three minutes
@pytest.mark.parametrize("name", sorted(set(FUSIONS) - {"late"}))
def test_learns_an_interaction_that_late_cannot(name):
    assert score_on_interaction(name, 4000) > 0.95


@pytest.mark.slow  # its sibling in tests/test_classifier.py has 600 rows
def test_late_is_at_chance_on_an_interaction():
    assert abs(score_on_interaction("late", 4000) - 0.5) < 0.08


# Others, and late fusion that cannot, are in tests/test_classifier.py.
@pytest.mark.parametrize("name", ["low_rank", "product_of_experts"])
def test_learns_an_interaction(name):
    options = {"width": 64, "max_epochs": 40, "learning_rate": 5e-3}
    assert score_on_interaction(name, 800, n_iter_no_change=15, **options) > 0.9


def score_on_interaction(name, n_samples, **options):
    X, y = make_multimodal_classification(
        n_samples, signal="interaction", random_state=0
    )
    options = {"n_iter_no_change": 8, "random_state": 0} | options
    model = MultimodalClassifier(fusion=name, heads=["fused"], **options)
    n = 3 * n_samples // 4
    return model.fit(X[:n], y[:n]).score(X[n:], y[n:])


@pytest.mark.parametrize("name", FUSIONS)
def test_predictions_do_not_depend_on_what_an_absent_cell_holds(name):
    X, y = make_multimodal_classification(60, missing=0.3, random_state=0)
    empty = X["text_0"].isna()
    assert empty.any()
    model = MultimodalClassifier(fusion=name, max_epochs=1, width=8, random_state=0)
    model.fit(X, y)
    blank = X.assign(text_0=X["text_0"].fillna("   "))
    assert np.array_equal(model.predict_proba(X), model.predict_proba(blank))


@pytest.mark.parametrize("name", FUSIONS)
def test_regression_and_several_outputs(name):
    X, y = make_multimodal_regression(80, missing=0.2, random_state=0)
    y = np.column_stack([y, -y])
    model = MultimodalRegressor(fusion=name, max_epochs=1, width=8, random_state=0)
    assert model.fit(X, y).predict(X).shape == (80, 2)
    assert np.isfinite(model.predict(X)).all()
