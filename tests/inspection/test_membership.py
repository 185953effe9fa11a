"""Attacks that tell which rows a model was fitted on."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import binom
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from skmm.inspection import membership_audit
from skmm.inspection._membership_theory import bound_epsilon, p_value
from skmm.privacy import SpentPrivacy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 4))
Y = (X[:, 0] > 0).astype(int)


def audit(estimator, X=X, y=Y, **options):
    return membership_audit(estimator, X, y, random_state=0, **options)


def test_what_knows_its_rows_by_heart():
    found = audit(KNeighborsClassifier(1))
    assert found.n_correct >= 40 and found.roc_auc > 0.8 and found.epsilon > 0.8
    assert found.n_canaries == 100 and found.n_guesses == 50
    regressor = audit(KNeighborsRegressor(1), y=X[:, 0])
    assert regressor.epsilon > 2


@pytest.mark.parametrize("model", [DummyClassifier(), DummyRegressor()])
def test_what_knows_nothing(model):
    found = audit(model)
    assert found.epsilon == 0 and found.claimed_epsilon is None
    assert not found.contradicts_claim


def test_references_tell_what_is_easy():
    plain, calibrated = (audit(KNeighborsClassifier(1), n_references=n) for n in (0, 1))
    assert calibrated.roc_auc > plain.roc_auc


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, np.asarray])
def test_tables_and_canaries_of_ones_own(make):
    far = RNG.normal(size=(40, 4)) + 50
    frame = pd.DataFrame(X, columns=list("abcd"))
    canaries = make(pd.DataFrame(far, columns=list("abcd"))), RNG.integers(2, size=40)
    found = audit(KNeighborsClassifier(1), make(frame), canaries=canaries, n_guesses=10)
    assert found.n_canaries == 40 and len(found.to_frame()) == 40
    table = found.to_frame()
    assert (table["guess"] != 0).sum() == 10 and table["guess"].sum() == 0
    right = (table["guess"] == 1) == table["is_member"]
    assert right[table["guess"] != 0].sum() == found.n_correct


class Boastful(ClassifierMixin, BaseEstimator):
    """Claims a privacy that it does not have."""

    def fit(self, X, y):
        self.inner_ = KNeighborsClassifier(1).fit(X, y)
        self.classes_ = self.inner_.classes_
        self.privacy_ = SpentPrivacy(0.5, 1e-6, 1.0, 0.1, 100, 1.0, "prv")
        return self

    def predict(self, X):
        return self.inner_.predict(X)

    def predict_proba(self, X):
        return self.inner_.predict_proba(X)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: model,
        lambda model: make_pipeline("passthrough", model),
        lambda model: GridSearchCV(model, {}, cv=2),
    ],
)
def test_a_claim_that_is_not_true(wrap):
    found = audit(wrap(Boastful()))
    assert found.claimed_epsilon == 0.5 and found.delta == 1e-6
    assert found.contradicts_claim and "contradicts the claimed 0.50" in str(found)


def test_the_theory():
    # Pure privacy: right guesses are coins.
    q = 1 / (1 + np.exp(-1.0))
    assert p_value(100, 50, 40, 1.0, 0.0) == pytest.approx(binom.sf(39, 50, q))
    assert p_value(100, 50, 40, 1.0, 1e-3) > p_value(100, 50, 40, 1.0, 0.0)
    # All 100 right: the bound is where 100 coins are all heads in 5 % of cases.
    q = 0.05 ** (1 / 100)
    assert bound_epsilon(100, 100, 100, 0, 0.95) == pytest.approx(np.log(q / (1 - q)))
    assert bound_epsilon(100, 50, 25, 0, 0.95) == 0
    assert bound_epsilon(100, 50, 48, 1e-3, 0.95) < bound_epsilon(100, 50, 48, 0, 0.95)


def test_the_bound_holds_for_randomised_response():
    """Answers that are epsilon-private: in 95 % of the runs the bound is below."""
    rng, epsilon = np.random.default_rng(0), 1.0
    n_correct = rng.binomial(100, 1 / (1 + np.exp(-epsilon)), size=300)
    bounds = [bound_epsilon(100, 100, n, 0, 0.95) for n in range(101)]
    assert np.mean(np.array(bounds)[n_correct] > epsilon) < 0.08


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_canaries": 400}, "n_canaries=400 of 400 rows"),
        ({"n_guesses": 101}, "n_guesses=101, and there are 100"),
        ({"y": np.stack([Y, Y], axis=1)}, "one target a row"),
        ({"y": np.zeros(400, int)}, "one class only"),
        ({"confidence": 1}, "'confidence' parameter of membership_audit"),
    ],
)
def test_what_cannot_be_audited(options, message):
    with pytest.raises(ValueError, match=message):
        audit(DummyClassifier(), **options)


def test_a_classifier_without_probabilities():
    assert audit(RidgeClassifier()).n_guesses == 50
