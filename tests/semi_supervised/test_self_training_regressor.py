"""Self-training of numbers."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import skmm
from skmm import MultimodalRegressor
from skmm.datasets import make_multimodal_regression
from skmm.semi_supervised import SelfTrainingRegressor


@pytest.fixture(scope="module")
def few():
    """X, the numbers of its first 60 rows (NaN elsewhere), and all numbers."""
    X, truth = make_multimodal_regression(n_samples=300, random_state=0)
    y = truth.copy()
    y[60:] = np.nan
    return X, y, truth


def test_it_learns(few, tmp_path):
    X, y, truth = few
    model = SelfTrainingRegressor(random_state=0).fit(X, y)
    assert model.score(X[60:], truth[60:]) > 0.3
    assert model.n_iter_ == model.cv_scores_.argmax()
    assert model.score(X, y) == model.score(X[:60], truth[:60])
    model.save(tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    assert np.array_equal(loaded.predict(X), model.predict(X))


def test_rows_on_which_models_agree_are_taken(few):
    X, y, _ = few
    model = SelfTrainingRegressor(cv=None, max_iter=2, k_best=0.25).fit(X, y)
    assert model.n_iter_ == 2
    taken = model.labeled_iter_ > 0
    assert taken.sum() == 60
    assert np.isnan(model.transduction_).sum() == 180
    assert np.array_equal(model.transduction_[:60], y[:60])


def test_a_threshold_on_the_spread():
    """The models agree near the rows with a number, and not far away."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.uniform(-1, 1, 60), [0.1, 50.0, 60.0]])[:, None]
    y = np.concatenate([X[:60, 0] + rng.normal(size=60) * 0.3, [np.nan] * 3])
    model = SelfTrainingRegressor(
        Ridge(), criterion="threshold", threshold=0.25, cv=None, max_iter=1
    ).fit(X, y)
    assert model.labeled_iter_[60:].tolist() == [1, -1, -1]


def test_an_estimator_of_this_package(few):
    X, y, truth = few
    inner = MultimodalRegressor(heads=["linear"], random_state=0)
    model = SelfTrainingRegressor(inner, cv=2, max_iter=1, random_state=0).fit(X, y)
    assert isinstance(model.estimator_, MultimodalRegressor)
    assert model.score(X[60:], truth[60:]) > 0.2


def test_a_classifier_is_refused(few):
    X, y, _ = few
    with pytest.raises(ValueError, match="not a regressor.*SelfTrainingClassifier"):
        SelfTrainingRegressor(LogisticRegression()).fit(X, y)
