"""MultimodalClassifier on columns of raw media, with nothing configured."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier

N = 240


@pytest.fixture
def table():
    """Which way the stripes of a picture run, and whether a series rises: XOR."""
    rng = np.random.default_rng(0)
    upright, rises = rng.integers(0, 2, (2, N)).astype(bool)
    pictures, series = np.empty((2, N), dtype=object)
    for i in range(N):
        stripes = np.tile(np.arange(16) // 2 % 2 * 200, (16, 1))
        noisy = (stripes if upright[i] else stripes.T) + rng.integers(0, 50, (16, 16))
        pictures[i] = noisy.astype(np.uint8)
        slope = 0.1 if rises[i] else -0.1
        times = np.arange(rng.integers(20, 40))
        series[i] = slope * times + rng.normal(size=len(times))
    X = pd.DataFrame({"picture": pictures, "age": rng.normal(size=N), "load": series})
    return X, (upright ^ rises).astype(int)


def test_pictures_and_series(table):
    pytest.importorskip("PIL")
    X, y = table
    model = MultimodalClassifier(random_state=0).fit(X[:180], y[:180])
    kinds = {name: type(encoder).__name__ for name, encoder, _ in model.modalities_}
    assert kinds == {
        "image": "TransformerEncoder",
        "tabular": "TabularEncoder",
        "series": "TransformerEncoder",
    }
    assert model.score(X[180:], y[180:]) > 0.9
    # Neither modality knows anything alone: a row without one is a guess.
    without = X[180:].assign(picture=None)
    assert 0.3 < model.score(without, y[180:]) < 0.7
