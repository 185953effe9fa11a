"""Several quantiles in one model: `loss="quantile", quantile=[...]`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_pinball_loss

from skmm import MultimodalRegressor

THREE = (0.05, 0.5, 0.95)
FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


def table(n, seed=0):
    """Numbers whose spread a number and a text tell."""
    rng = np.random.default_rng(seed)
    words = rng.choice(["calm", "wild"], n)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "text": [f"a {word} day, the {i}th" for i, word in enumerate(words)],
        }
    )
    spread = np.exp(0.5 * X["size"].to_numpy()) * np.where(words == "wild", 2.0, 0.5)
    return X, 3 * X["size"].to_numpy() + spread * rng.normal(size=n)


def quantiles_of(**options):
    options = {"quantile": THREE, "random_state": 0} | options
    return MultimodalRegressor(loss="quantile", **options)


@pytest.fixture(scope="module")
def data():
    X, y = table(1400)
    return X[:600], y[:600], X[600:], y[600:]


@pytest.mark.parametrize(
    "heads", ["auto", ["fused"], ["wide"], ["linear"], ["boosting"]], ids=str
)
def test_every_head_learns_them_and_they_do_not_cross(data, heads):
    X, y, X_test, y_test = data
    found = quantiles_of(heads=heads).fit(X, y).predict_quantiles(X_test)
    assert found.shape == (800, 3)
    assert (np.diff(found, axis=1) >= 0).all()
    for q, one in zip(THREE, found.T):
        # A tenth of the rows validates, which does not tell it more closely.
        assert (y_test <= one).mean() == pytest.approx(q, abs=0.1)
        constant = np.full(800, np.quantile(y, q))
        assert mean_pinball_loss(y_test, one, alpha=q) < 0.75 * mean_pinball_loss(
            y_test, constant, alpha=q
        )


def test_they_are_as_good_as_a_model_for_each(data):
    X, y, X_test, y_test = data
    heads = ["linear", "boosting"]
    found = quantiles_of(heads=heads).fit(X, y).predict_quantiles(X_test)
    for q, one in zip(THREE, found.T):
        alone = quantiles_of(quantile=q, heads=heads).fit(X, y).predict(X_test)
        losses = [mean_pinball_loss(y_test, some, alpha=q) for some in (one, alone)]
        assert losses[0] < 1.05 * losses[1]


def test_quantiles_that_cross_are_sorted(data):
    X, y, X_test, _ = data
    close = [0.48, 0.49, 0.5, 0.51, 0.52]
    model = quantiles_of(quantile=close, heads=["fused"], max_epochs=2)
    model.fit(X, y)
    raw = model._predict_logits(X_test)
    targets = model._targets
    raw = np.ldexp(raw * targets.scale + targets.centre, targets.exponent)
    assert (np.diff(raw, axis=1) < 0).any()
    found = model.predict_quantiles(X_test)
    np.testing.assert_array_equal(found, np.sort(raw, axis=1))


@pytest.mark.parametrize(
    "quantile, middle",
    [
        ([0.05, 0.5, 0.95], [1]),
        ([0.1, 0.9], [0, 1]),
        ([0.1, 0.2, 0.8, 0.9], [1, 2]),
        ([0.7, 0.9], [0]),
        ((0.2,), [0]),
    ],
)
def test_predict_is_the_quantile_nearest_the_median(data, quantile, middle):
    X, y, X_test, _ = data
    model = quantiles_of(quantile=quantile, heads=["linear"]).fit(X, y)
    found = model.predict_quantiles(X_test)
    np.testing.assert_allclose(
        model.predict(X_test), found[:, middle].mean(axis=1), rtol=1e-12
    )


def test_one_quantile_is_a_list_of_one(data):
    X, y, X_test, _ = data
    one = quantiles_of(quantile=0.9, **FAST).fit(X, y)
    listed = quantiles_of(quantile=[0.9], **FAST).fit(X, y)
    np.testing.assert_array_equal(one.predict(X_test), listed.predict(X_test))
    np.testing.assert_array_equal(
        one.predict_quantiles(X_test), one.predict(X_test)[:, None]
    )


@pytest.mark.parametrize("validation", ["auto", 3, None], ids=str)
def test_several_targets(data, validation):
    X, y, X_test, _ = data
    Y = np.column_stack([y, 1000 - 50 * y])
    heads = ["fused", "linear"]
    model = quantiles_of(heads=heads, validation=validation, **FAST)
    weight = np.arange(len(y)) % 3
    fitted = clone(model).fit(X, Y, sample_weight=weight)
    found = fitted.predict_quantiles(X_test)
    assert found.shape == (800, 2, 3)
    assert (np.diff(found, axis=2) >= 0).all()
    np.testing.assert_array_equal(fitted.predict(X_test), found[..., 1])
    np.testing.assert_allclose(fitted.predict_quantiles(X_test[3:4]), found[3:4])
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_quantiles(X_test), found)


def test_magnitude_and_constants(data):
    X, y, X_test, _ = data
    model = quantiles_of(heads=["linear", "boosting"], **FAST)
    expected = clone(model).fit(X, y).predict_quantiles(X_test)
    for exponent in (-300, 300):
        found = clone(model).fit(X, np.ldexp(y, exponent)).predict_quantiles(X_test)
        np.testing.assert_array_equal(np.ldexp(found, -exponent), expected)
    constant = clone(model).fit(X, np.full(len(y), 0.3)).predict_quantiles(X_test)
    np.testing.assert_allclose(constant, 0.3, rtol=1e-12)


def test_partial_fit_learns_them_too(data):
    X, y, X_test, _ = data
    model = quantiles_of(**FAST)
    for _ in range(2):
        model.partial_fit(X, y)
    found = model.predict_quantiles(X_test)
    assert np.isfinite(found).all() and (np.diff(found, axis=1) >= 0).all()


def test_an_estimator_of_ones_own_gets_each_quantile(data):
    X, y, X_test, y_test = data
    trees = HistGradientBoostingRegressor(
        loss="quantile", quantile=0.5, max_iter=30, random_state=0
    )
    model = quantiles_of(heads=[("trees", trees)]).fit(X, y)
    width = np.ptp(model.predict_quantiles(X_test), axis=1)
    assert np.corrcoef(width, X_test["size"])[0, 1] > 0.3
    assert trees.quantile == 0.5
    # One without such a parameter learns its mean, and the shift does the rest.
    model = quantiles_of(heads=[("ridge", Ridge())]).fit(X, y)
    width = np.ptp(model.predict_quantiles(X_test), axis=1)
    np.testing.assert_allclose(width, width[0], rtol=1e-5)


@pytest.mark.parametrize(
    "quantile, match",
    [
        ([0.5, 0.1], r"ascending order. Take quantile=\[0.1, 0.5\]"),
        ([0.5, 0.5], "once"),
        ([], "give one number"),
        ([[0.5]], "give one number"),
        ([0.5, 1.0], "between 0 and 1"),
        ([0.5, np.nan], "between 0 and 1"),
        (None, "needs quantile="),
    ],
)
def test_quantiles_that_cannot_be(data, quantile, match):
    with pytest.raises(ValueError, match=match):
        quantiles_of(quantile=quantile).fit(*data[:2])


def test_a_model_of_another_loss_has_none(data):
    X, y, X_test, _ = data
    model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="loss='squared_error', which learns no"):
        model.predict_quantiles(X_test)
