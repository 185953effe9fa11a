"""Networks over a table: ResNet, FT-Transformer, members that share weights."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.encoders import TabularEncoder
from skmm.encoders.tabular._backbones import MemberLinear

BACKBONES = {
    "resnet": {"backbone": "resnet"},
    "ft_transformer": {"backbone": "ft_transformer", "n_layers": 1},
    "members": {"n_members": 4},
    "resnet-members": {"backbone": "resnet", "n_members": 4},
}
each_backbone = pytest.mark.parametrize("options", BACKBONES.values(), ids=BACKBONES)


def make_table(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=n)[rng.permutation(n)],
            "c": rng.choice(["a", "b", "d"], n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
        }
    )
    y = ((X["x"] > 0) ^ (X["c"] == "a")).astype(int).to_numpy()
    X.loc[rng.random(n) < 0.05, "x"] = np.nan
    return X, y


def module_of(encoder, X, width=16, seed=0):
    block = encoder.fit_transform(X)
    torch.manual_seed(seed)
    return encoder.build_module(width).eval(), block


@each_backbone
def test_learns_an_exclusive_or(options):
    X, y = make_table(600)
    model = MultimodalClassifier(
        [("t", TabularEncoder(**options), list(X))],
        heads=["fused"],
        max_epochs=8,
        learning_rate=3e-3,
        random_state=0,
    )
    model.fit(X[:450], y[:450])
    known = X["x"][450:].notna()
    assert model.score(X[450:][known], y[450:][known]) > 0.85


@each_backbone
@pytest.mark.parametrize("columns", [["x", "z"], ["c"], ["when"]])
def test_any_kinds_of_columns(options, columns):
    X, _ = make_table(40)
    module, block = module_of(TabularEncoder(**options), X[columns])
    given = module(block)
    vectors = getattr(given, "vectors", given)
    assert vectors.shape == (40, 16) and torch.isfinite(vectors).all()


def test_a_token_for_each_column_in_their_order():
    X, _ = make_table(50)
    encoder = TabularEncoder(backbone="ft_transformer")
    module, block = module_of(encoder, X)
    vectors, tokens, mask, _ = module(block)
    assert tokens.shape == (50, 4, 16) and mask is None
    tokenizer = module.net.tokenizer
    columns = tokenizer.columns.tolist()
    assert columns[-3:] == [2, 3, 1] and set(columns[:-3]) == {0}
    # A cell that changes, changes its own token before the attention.
    read = []
    for value in (0.5, -0.5, np.nan):
        block = encoder.transform(X[:1].assign(x=value))
        features = module.numbers(block[0]).reshape(1, len(columns) - 1, -1)
        read.append(tokenizer(features, block[1])[0])
    for other in read[1:]:
        changed = (read[0] - other).abs().sum(1) > 1e-6
        assert changed.tolist() == [False, False, True, False]


@pytest.mark.parametrize("fusion", ["transformer", "cross_attention"])
def test_tokens_reach_the_fusion(fusion):
    X, y = make_table(60)
    modalities = [
        ("t", TabularEncoder(backbone="ft_transformer", n_layers=1), ["c", "x", "z"]),
        ("d", TabularEncoder(), ["when"]),
    ]
    model = MultimodalClassifier(
        modalities, fusion=fusion, max_epochs=2, random_state=0
    )
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


def test_members_share_weights():
    torch.manual_seed(0)
    layer = MemberLinear(5, 3, n_members=4, chunks=[2, 3])
    x = torch.randn(6, 4, 5)
    expected = [
        (x[:, i] * layer.scale_in[i]) @ layer.weight.T * layer.scale_out[i]
        + layer.bias[i]
        for i in range(4)
    ]
    torch.testing.assert_close(layer(x), torch.stack(expected, dim=1))
    # A member sees a column with one sign.
    assert set(layer.scale_in.unique().tolist()) == {-1.0, 1.0}
    assert (layer.scale_in[:, 0] == layer.scale_in[:, 1]).all()
    assert (layer.scale_in[:, 2:] == layer.scale_in[:, 2:3]).all()


def test_members_cost_few_parameters_and_are_averaged():
    X, _ = make_table()
    sizes = {}
    for n_members in (1, 8):
        module, block = module_of(TabularEncoder(n_members=n_members), X, width=64)
        sizes[n_members] = sum(p.numel() for p in module.parameters())
    assert sizes[8] < 1.6 * sizes[1]
    numbers = module.numbers(block[0])
    features = torch.cat([numbers, *module.codes(block[1])], dim=1)
    each = module.net(features[:, None].expand(-1, 8, -1))
    each = each + module.shortcut(numbers, block[1])[:, None]  # which they share
    assert each.std(dim=1).mean() > 0.01  # they differ
    vectors, _, _, members = module(block)
    torch.testing.assert_close(members, each)
    torch.testing.assert_close(vectors, each.mean(1))


def test_regression_of_several_members():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 2)), columns=["a", "b"])
    y = np.sin(2 * X["a"]) + X["b"].abs()
    encoder = TabularEncoder(n_members=4)
    model = MultimodalRegressor(
        [("t", encoder, ["a", "b"])], heads=["fused"], max_epochs=15, random_state=0
    )
    assert model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.85


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "forest"}, "'mlp', 'resnet', 'ft_transformer'"),
        ({"backbone": "ft_transformer", "n_members": 2}, "members are of 'mlp'"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        TabularEncoder(**options).fit_transform(make_table(20)[0])
