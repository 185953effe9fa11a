"""What the fused head alone learns from a few hundred rows."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier
from skmm._nn.sparse import BagTable
from skmm.encoders import Csr


def fused(fusion="concat"):
    return MultimodalClassifier(
        fusion=fusion, heads=["fused"], max_epochs=30, random_state=0
    )


@pytest.mark.parametrize("fusion", ["concat", "gated", "late", "hybrid"])
def test_one_word_of_eight_tells_among_160_rows(fusion):
    rng = np.random.default_rng(0)
    n = 360
    words = np.array([f"w{i}" for i in range(400)])
    y = rng.integers(0, 2, n)
    texts = [
        " ".join(rng.permutation([*rng.choice(words, 7), ["bad", "good"][c]]))
        for c in y
    ]
    X = pd.DataFrame({"text": texts, "x": rng.normal(size=n)})
    model = fused(fusion).fit(X[:160], y[:160])
    assert model.score(X[160:], y[160:]) > 0.98


def test_a_column_of_many_categories_tells():
    rng = np.random.default_rng(0)
    n, n_train, n_artists, n_styles = 2500, 1200, 300, 12
    style = rng.integers(0, n_styles, n_artists)
    artist = rng.integers(0, n_artists, n)
    kept = rng.random(n) < 0.8
    y = np.where(kept, style[artist], rng.integers(0, n_styles, n))
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["x", "y", "z"])
    X["artist"] = [f"artist {a}" for a in artist]
    train, test = X[:n_train], X[n_train:]
    linear = MultimodalClassifier(heads=["linear"]).fit(train, y[:n_train])
    ours = fused().fit(train, y[:n_train])
    assert ours.score(test, y[n_train:]) > linear.score(test, y[n_train:]) - 0.1


def test_what_is_linear_and_what_is_not_are_both_learned():
    rng = np.random.default_rng(0)
    n = 2600
    words = np.array([f"w{i}" for i in range(200)])
    b = rng.integers(0, 2, n)
    x, z = rng.normal(size=(2, n))
    texts = [" ".join([*rng.choice(words, 6), ["bad", "good"][c]]) for c in b]
    X = pd.DataFrame({"text": texts, "x": x, "z": z})
    opposite, sums = b ^ (x > 0), (z + b > 0.5).astype(int)
    for y in (opposite, sums):
        model = fused().fit(X[:2000], y[:2000])
        assert model.score(X[2000:], y[2000:]) > 0.93


def test_features_of_few_rows_count_for_less():
    table = BagTable(2, 4, scale=1.0, frequency=[5, 180])
    rows = Csr(
        torch.tensor([0, 1, 2]), torch.tensor([0, 1]), torch.tensor([1.0, 2.0]), 2
    )
    found = table(rows, torch.float32)
    torch.testing.assert_close(found[0], 0.2 * table.weight[0])
    torch.testing.assert_close(found[1], 1.8 * table.weight[1])
