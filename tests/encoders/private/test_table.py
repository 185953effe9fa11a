"""Tables of which all is declared."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from skmm import MultimodalClassifier
from skmm.encoders import DeclaredTableEncoder
from skmm.encoders.private._table import Hats

ENCODER = DeclaredTableEncoder({"age": (0, 100)}, {"size": ["S", "M", 3]}, n_bins=4)


def test_what_becomes_of_cells():
    X = pd.DataFrame(
        {
            "size": ["M", "XL", None, 3.0, ["S"]],
            "age": ["25", "-5", "1e9", "old", None],
        }
    )
    block = ENCODER.fit_transform(X)
    numbers, codes = block.parts
    assert numbers[:3, 0].tolist() == [25, 0, 100] and numbers[3:].isnan().all()
    assert codes[:, 0].tolist() == [3, 1, 0, 4, 1]
    assert block.present.tolist() == [True, True, True, True, True]


def test_nothing_is_learned_from_the_rows():
    frames = [
        pd.DataFrame({"age": [1.0, 2.0], "size": ["S", "S"]}),
        pd.DataFrame({"age": ["x", "7"], "size": [None, "new"]}),
    ]
    states = []
    for X in frames:
        ENCODER.fit_transform(X)
        states.append({**vars(ENCODER)})
    assert str(states[0]) == str(states[1])


def test_hats_are_a_piecewise_linear_basis():
    edges = np.array([0.0, 1.0, 10.0], dtype=np.float32)
    hats = Hats([edges])
    x = torch.tensor([[0.0], [0.25], [1.0], [5.5], [10.0], [torch.nan]])
    expected = [
        [1, 0, 0, 0, 0],
        [0.75, 0.25, 0, 0.025, 0],
        [0, 1, 0, 0.1, 0],
        [0, 0.5, 0.5, 0.55, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],
    ]
    torch.testing.assert_close(hats(x), torch.tensor(expected))


def test_features_are_handed_on_as_they_are():
    X = pd.DataFrame({"age": [10.0, None, 70.0], "size": ["S", "M", None]})
    encoder = clone(ENCODER).set_params(pass_through=True)
    block = encoder.fit_transform(X)
    features = torch.from_numpy(encoder.linear_features(block)) * np.sqrt(2)
    n = features.shape[1]
    module = encoder.build_module(n + 5)
    vectors = module(block)
    torch.testing.assert_close(vectors[:, :n], features)
    assert vectors.shape == (3, n + 5) and (vectors[:, n:] >= 0).all()
    assert encoder.build_module(n).hidden is None
    encoder.set_params(hidden=3)
    assert not encoder.build_module(n + 5)(block)[:, n + 3 :].any()
    with pytest.raises(ValueError, match=rf"width=8 leaves.*at least {n + 3}"):
        encoder.build_module(8)


def test_without_privacy_it_is_an_encoder_as_any_other():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.uniform(0, 100, 200), "size": ["S", "M"] * 100})
    y = X["age"] > 50
    model = MultimodalClassifier(
        [("table", ENCODER, ["age", "size"])], max_epochs=5, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.9 and "linear" in model.head_weights_
    with pytest.warns(UserWarning, match="'size'.*categories that are not declared"):
        model.predict(X.assign(size="XXL"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranges": {"age": (5, 5)}}, r"ranges\['age'\].*\(5, 5\).*ascending"),
        ({"ranges": {"age": [0, 2, 1]}}, "ascending"),
        ({"ranges": {"age": (0, np.inf)}}, "finite"),
        ({"ranges": {"age": "0-100"}}, r"\(smallest, largest\)"),
        ({"categories": {"age": "SML"}}, r"categories\['age'\] is 'SML'"),
        ({"categories": {"age": [1], "size": []}}, r"categories\['size'\] is \[\]"),
        ({"categories": {"age": [1]}}, r"both name \['age'\]"),
        ({"categories": None}, r"nothing is declared of \['size'\].*categories="),
        ({"categories": {"sizes": ["S"]}}, "Did you mean 'sizes'"),
    ],
)
def test_what_cannot_be_declared(options, message):
    encoder = DeclaredTableEncoder({"age": (0, 100)}, {"size": ["S"]})
    X = pd.DataFrame({"age": [1], "size": ["S"]})
    with pytest.raises(ValueError, match=message):
        encoder.set_params(**options).fit_transform(X)
