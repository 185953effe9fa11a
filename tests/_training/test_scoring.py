"""A score of the user's own stops the heads and chooses among them."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import get_scorer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression

SMALL = {"width": 8, "max_epochs": 6, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(n_samples=200, random_state=0)


def test_the_best_epoch_is_that_of_the_score(data):
    X, y = data
    given = []

    def score(estimator, X_valid, y_valid):
        """Rise until the third time of a head, whatever is predicted."""
        given.append(len(X_valid))
        return -abs(len(given) - 3)

    model = MultimodalClassifier(
        heads=["fused"], scoring=score, batch_size=64, n_iter_no_change=6, **SMALL
    ).fit(X, y)
    assert model.best_epoch_ == {"fused": 3}
    assert set(given) == {40}  # a fifth of 200 rows validates


def test_the_validation_score_is_the_scorers(data):
    X, y = data
    X_valid, y_valid = X[150:], y[150:]
    model = MultimodalClassifier(
        scoring="balanced_accuracy", validation=(X_valid, y_valid), **SMALL
    ).fit(X[:150], y[:150])
    expected = get_scorer("balanced_accuracy")(model, X_valid, y_valid)
    assert model.validation_score_ == pytest.approx(expected)


def test_a_single_head_is_taken_where_it_scores_better(data):
    X, y = data

    def only_linear(estimator, X_valid, y_valid):
        return float(list(estimator._learner.mixture.heads) == ["linear"])

    model = MultimodalClassifier(
        heads=["fused", "linear"], scoring=only_linear, **SMALL
    ).fit(X, y)
    assert model.head_weights_ == {"fused": 0.0, "linear": 1.0}
    assert model.validation_score_ == 1


def test_with_folds_and_numbers():
    X, y = make_multimodal_regression(n_samples=100, random_state=0)
    model = MultimodalRegressor(
        scoring="neg_mean_absolute_error", validation=2, **SMALL
    ).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_a_function_that_cannot_be_pickled_does_not_stay(data):
    model = MultimodalClassifier(scoring=lambda *given: 0.0, **SMALL).fit(*data)
    model.set_params(scoring=None)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(data[0]), model.predict(data[0]))


def test_a_score_that_is_no_number_is_the_worst(data):
    model = MultimodalClassifier(scoring=lambda *given: np.nan, **SMALL).fit(*data)
    assert set(model.predict(data[0])) <= set(data[1])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"scoring": "acuracy"}, "acuracy"),
        ({"scoring": 3}, "scoring"),
        ({"scoring": "accuracy", "validation": None}, "validation=None"),
    ],
)
def test_what_cannot_score_is_an_error(data, options, match):
    with pytest.raises(ValueError, match=match):
        MultimodalClassifier(**options).fit(*data)
