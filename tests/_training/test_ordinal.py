"""`MultimodalClassifier(loss="ordinal")`: classes with an order."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import cohen_kappa_score, log_loss, mean_absolute_error

from skmm import MultimodalClassifier
from skmm._training.ordinal import OrdinalTargets

FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


def ratings(n, seed=0):
    """One to five stars by a number and a text; five are by far the most frequent."""
    rng = np.random.default_rng(seed)
    words = rng.choice(["poor", "fair", "fine"], n)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "text": [f"a {word} thing, the {i}th" for i, word in enumerate(words)],
        }
    )
    value = X["size"].to_numpy() + 1.5 * (words == "fine") - 1.5 * (words == "poor")
    value = value + rng.logistic(scale=0.5, size=n)
    return X, 1 + np.digitize(value, [-2.5, -1.5, -0.5, 0.5])


@pytest.fixture(scope="module")
def data():
    X, y = ratings(1400)
    return X[:400], y[:400], X[400:], y[400:]


def ordinal(**options):
    return MultimodalClassifier(loss="ordinal", **{"random_state": 0} | options)


@pytest.mark.parametrize(
    "heads", [["fused"], ["wide"], ["linear"], ["boosting"]], ids=str
)
def test_each_head_learns_the_order(data, heads):
    X, y, X_test, y_test = data
    options = {"max_epochs": 8, "width": 16, "learning_rate": 1e-2}
    model = ordinal(heads=heads, **options).fit(X, y)
    shares = model.predict_proba(X_test)
    assert shares.shape == (1000, 5) and (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    known = np.bincount(y - 1) / len(y)
    constant = np.tile(known, (1000, 1))
    assert log_loss(y_test, shares) < 0.85 * log_loss(y_test, constant)
    kappa = cohen_kappa_score(y_test, model.predict(X_test), weights="quadratic")
    assert kappa > 0.6


def test_what_is_predicted_is_the_median_and_less_far_off_than_the_likeliest(data):
    X, y, X_test, y_test = data
    model = ordinal(heads=["linear"]).fit(X, y)
    shares, found = model.predict_proba(X_test), model.predict(X_test)
    median = model.classes_[(shares.cumsum(axis=1) < 0.5).sum(axis=1)]
    np.testing.assert_array_equal(found, median)
    plain = MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y)
    errors = [
        mean_absolute_error(y_test, one.predict(X_test)) for one in (model, plain)
    ]
    assert errors[0] < errors[1]


def test_it_is_an_estimator_like_any_other(data):
    X, y, X_test, _ = data
    grades = np.array([1.0, 2.0, 3.0, 5.0, 10.0])[y - 1]
    weight = 1 + np.arange(len(y)) % 2
    model = ordinal(class_weight="balanced", **FAST)
    fitted = clone(model).fit(X, grades, sample_weight=weight)
    np.testing.assert_array_equal(fitted.classes_, [1, 2, 3, 5, 10])
    expected = fitted.predict_proba(X_test)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(X_test), expected)
    np.testing.assert_allclose(fitted.predict_proba(X_test[3:4]), expected[3:4])
    folds = clone(model).set_params(validation=3, heads=["linear"]).fit(X, grades)
    assert set(folds.predict(X_test)) <= set(grades)
    steps = clone(model).partial_fit(X[:50], grades[:50], classes=np.unique(grades))
    assert steps.predict_proba(X_test).shape == (1000, 5)


def test_sets_of_grades_hold_the_true_one(data):
    X, y, X_test, y_test = data
    model = ordinal(heads=["linear"], validation=3).fit(X, y)
    sets = model.predict_set(X_test, 0.8)
    assert sets[np.arange(1000), y_test - 1].mean() == pytest.approx(0.8, abs=0.06)


def test_two_classes_are_one_threshold(data):
    X, y, X_test, _ = data
    both = [
        MultimodalClassifier(loss=loss, heads=["linear"], random_state=0)
        .fit(X, y > 4)
        .predict_proba(X_test)
        for loss in ("ordinal", "log_loss")
    ]
    np.testing.assert_allclose(*both, rtol=1e-6)


def test_thresholds_that_cross_are_sorted():
    targets = OrdinalTargets(np.array([1, 2, 3]))
    (shares,) = targets.probabilities(np.array([[-1.0, 1.0], [1.0, -1.0]]))
    np.testing.assert_array_equal(shares[0], shares[1])
    assert (shares > 0).all()
    np.testing.assert_array_equal(targets.encode(np.array([3, 1])), [[1, 1], [0, 0]])


def test_what_has_no_order(data):
    X, y, _, _ = data
    with pytest.raises(ValueError, match=r"classes that are numbers.*'high', 'low'"):
        ordinal().fit(X, np.where(y > 3, "high", "low"))
    with pytest.raises(ValueError, match="one target"):
        ordinal().fit(X, np.column_stack([y, y]))
    model = ordinal(warm_start=True, heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match="loss.*structure"):
        model.set_params(loss="log_loss").fit(X, y)
