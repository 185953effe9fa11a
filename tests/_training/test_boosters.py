"""LightGBM, XGBoost and CatBoost as heads, where they are installed."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss, mean_poisson_deviance

from skmm import MultimodalClassifier, MultimodalRegressor

LIBRARIES = ["lightgbm", "xgboost", "catboost"]
FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


@pytest.fixture(params=LIBRARIES)
def library(request):
    pytest.importorskip(request.param, exc_type=ImportError)
    return request.param


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "a": rng.normal(size=900),
            "b": rng.choice(list("uvwx"), 900),
            "c": rng.choice([f"id {i}" for i in range(300)], 900),
        }
    )
    X.loc[::9, "a"] = np.nan
    X.loc[::11, "b"] = None
    signal = np.where(X["b"] == "u", 2, -1) * X["a"].fillna(0) + (X["b"] == "x")
    return X, signal + 0.1 * rng.normal(size=900)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "numbers"])
def test_it_is_a_head_like_any_other(library, table, kind):
    X, signal = table
    y = {
        "binary": np.where(signal > 0, "yes", "no"),
        "multiclass": np.digitize(signal, [-1, 0, 1]),
        "multilabel": np.column_stack([signal > 0, signal > 1]).astype(int),
        "numbers": signal.to_numpy(),
    }[kind]
    cls = MultimodalRegressor if kind == "numbers" else MultimodalClassifier
    model = cls(heads=[library], random_state=0).fit(X[:600], y[:600])
    assert model.score(X[600:], y[600:]) > 0.7
    expected = model.predict(X)
    np.testing.assert_array_equal(
        clone(model).fit(X[:600], y[:600]).predict(X), expected
    )
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(model)).predict(X), expected
    )
    np.testing.assert_array_equal(model.predict(X[7:8]), expected[7:8])
    unseen = X[:3].assign(b="never seen", a=np.inf - np.inf)
    assert len(model.predict(unseen)) == 3
    weighted = clone(model).fit(X, y, sample_weight=np.arange(900) % 3)
    assert (weighted.predict(X) != expected).any()


@pytest.mark.parametrize("loss", ["absolute_error", "quantile", "poisson"])
def test_it_learns_the_loss_of_numbers(library, table, loss):
    X, signal = table
    y = np.exp(signal)
    quantile = 0.8 if loss == "quantile" else None
    model = MultimodalRegressor(
        heads=[library], loss=loss, quantile=quantile, random_state=0
    )
    predicted = model.fit(X[:600], y[:600]).predict(X[600:])
    if loss == "poisson":
        assert (predicted > 0).all()
        constant = np.full(300, y[:600].mean())
        assert mean_poisson_deviance(y[600:], predicted) < 0.7 * (
            mean_poisson_deviance(y[600:], constant)
        )
    else:
        level = quantile or 0.5
        constant = np.full(300, np.quantile(y[:600], level))
        assert mean_pinball_loss(y[600:], predicted, alpha=level) < 0.7 * (
            mean_pinball_loss(y[600:], constant, alpha=level)
        )


def test_it_stands_beside_the_net(library, table):
    X, signal = table
    y = signal > 0
    model = MultimodalClassifier(heads=["fused", library], **FAST).fit(X, y)
    assert set(model.head_weights_) == {"fused", library}
    folds = MultimodalClassifier(heads=[library, "linear"], validation=3, **FAST)
    assert folds.fit(X, y).score(X, y) > 0.8
    with pytest.warns(UserWarning, match="left out"):
        MultimodalClassifier(heads=["fused", library], **FAST).partial_fit(X, y)


@pytest.mark.parametrize("library", LIBRARIES)
def test_where_it_is_not_installed_the_error_says_what_to_do(
    library, table, monkeypatch
):
    monkeypatch.setitem(sys.modules, library, None)
    X, signal = table
    with pytest.raises(ImportError, match=f"pip install {library}.*'boosting'"):
        MultimodalClassifier(heads=[library], **FAST).fit(X, signal > 0)
