"""MAPIE around our estimators, where it is installed."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier, MultimodalRegressor

LINEAR = {"heads": ["linear"], "random_state": 0}
#: MAPIE asks what is fitted for a row of zeros without names.
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


@pytest.fixture(scope="module")
def data():
    """Numbers and texts, with a cell missing here and there."""
    rng = np.random.default_rng(0)
    words = rng.choice(["calm", "wild"], 900)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=900),
            "text": [f"a {word} day, the {i}th" for i, word in enumerate(words)],
        }
    )
    y = 3 * X["size"].to_numpy() + 2 * (words == "wild") + rng.normal(size=900)
    X.loc[::50, "text"] = None
    return X, y


def parts(X, y):
    return (X[:300], y[:300]), (X[300:600], y[300:600]), (X[600:], y[600:])


def test_split_conformal_intervals_are_ours(data):
    mapie = pytest.importorskip("mapie.regression")
    train, held_out, (X_test, y_test) = parts(*data)
    model = MultimodalRegressor(**LINEAR).fit(*train)
    around = mapie.SplitConformalRegressor(model, confidence_level=0.9, prefit=True)
    _, interval = around.conformalize(*held_out).predict_interval(X_test)
    ours = model.predict_interval(X_test, 0.9, calibration=held_out)
    np.testing.assert_allclose(interval[..., 0], ours, rtol=1e-9)


def test_cross_conformal_intervals(data):
    mapie = pytest.importorskip("mapie.regression")
    train, _, (X_test, y_test) = parts(*data)
    around = mapie.CrossConformalRegressor(
        MultimodalRegressor(**LINEAR), confidence_level=0.9, cv=3
    )
    around.fit_conformalize(*train)
    _, interval = around.predict_interval(X_test)
    low, high = interval[..., 0].T
    assert ((low <= y_test) & (y_test <= high)).mean() > 0.85


def test_conformalized_quantiles(data):
    mapie = pytest.importorskip("mapie.regression")
    train, held_out, (X_test, y_test) = parts(*data)
    models = [
        MultimodalRegressor(loss="quantile", quantile=q, **LINEAR).fit(*train)
        for q in (0.05, 0.95, 0.5)
    ]
    around = mapie.ConformalizedQuantileRegressor(
        models, confidence_level=0.9, prefit=True
    )
    _, interval = around.conformalize(*held_out).predict_interval(X_test)
    low, high = interval[..., 0].T
    assert ((low <= y_test) & (y_test <= high)).mean() > 0.85


def test_sets_of_classes(data):
    mapie = pytest.importorskip("mapie.classification")
    X, y = data
    labels = np.array(["low", "middle", "top"])[np.digitize(y, [-1, 2])]
    train, held_out, (X_test, y_test) = parts(X, labels)
    model = MultimodalClassifier(**LINEAR).fit(*train)
    around = mapie.SplitConformalClassifier(model, confidence_level=0.9, prefit=True)
    _, sets = around.conformalize(*held_out).predict_set(X_test)
    ours = model.predict_set(X_test, 0.9, calibration=held_out)
    # Ours are never empty.
    is_empty = ~sets[..., 0].any(axis=1)
    np.testing.assert_array_equal(sets[~is_empty, :, 0], ours[~is_empty])
    own = np.searchsorted(model.classes_, y_test)
    assert sets[np.arange(300), own, 0].mean() > 0.85
