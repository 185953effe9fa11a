"""A limit of time ends a fit with what there is."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression

SMALL = {"width": 8, "max_epochs": 3, "random_state": 0}
HEADS = ["fused", "linear", "boosting"]


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(n_samples=200, n_classes=3, random_state=0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"heads": ["linear", "boosting"]},
        {"heads": ["boosting"]},
        {"heads": [("own", LogisticRegression())]},
        {"validation": None},
        {"validation": 2},
        {"early_stopping": False},
    ],
    ids=lambda options: "-".join(options) or "defaults",
)
def test_no_time_at_all_still_gives_a_model(data, options):
    X, y = data
    model = MultimodalClassifier(time_limit=1e-6, **SMALL | {"heads": HEADS} | options)
    with pytest.warns(ConvergenceWarning, match="time_limit of 1e-06 s is over"):
        model.fit(X, y)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert model.n_parameters_ >= 0
    assert set(model.predict(X)) <= set(y)


def test_the_warning_says_what_was_cut(data):
    model = MultimodalClassifier(time_limit=1e-6, heads=HEADS, **SMALL)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(*data)
    told = str(caught[0].message)
    assert "the heads ['linear', 'boosting'] were left out" in told
    assert "the net stopped in epoch 1" in told
    assert list(model.head_weights_) == ["fused"]
    assert model.n_iter_ == 1


def test_the_only_head_is_ended_early_and_is_not_fitted_again(data):
    model = MultimodalClassifier(time_limit=1e-6, heads=["linear"], **SMALL)
    match = r"the fits of \['linear'\] were ended early; heads were not fitted again"
    with pytest.warns(ConvergenceWarning, match=match):
        model.fit(*data)


def test_numbers_too():
    X, y = make_multimodal_regression(n_samples=120, random_state=0)
    model = MultimodalRegressor(time_limit=1e-6, **SMALL)
    with pytest.warns(ConvergenceWarning, match="time_limit"):
        model.fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_time_enough_changes_nothing(data):
    X, y = data
    options = SMALL | {"heads": ["fused", "linear"]}
    free = MultimodalClassifier(**options).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bound = MultimodalClassifier(time_limit=3600, **options).fit(X, y)
    np.testing.assert_array_equal(free.predict_proba(X), bound.predict_proba(X))


def test_a_warm_start_with_time_has_all_heads_again(data):
    X, y = data
    model = MultimodalClassifier(time_limit=1e-6, heads=HEADS, warm_start=True, **SMALL)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    model.set_params(time_limit=None).fit(X, y)
    assert list(model.head_weights_) == HEADS


@pytest.mark.parametrize("time_limit", [0, -1, "soon"])
def test_a_limit_is_a_positive_number(data, time_limit):
    with pytest.raises(ValueError, match="time_limit"):
        MultimodalClassifier(time_limit=time_limit).fit(*data)
