"""scikit-learn's own checks, on the estimators that learn from unlabelled rows."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmm.semi_supervised import (
    CoTrainingClassifier,
    SelfTrainingClassifier,
    SelfTrainingRegressor,
)

SELF_TRAINING = [
    SelfTrainingClassifier(cv=2, max_iter=1),
    SelfTrainingRegressor(cv=2, max_iter=1),
]
CO_TRAINING = [CoTrainingClassifier("drop", cv=2, max_iter=1)]
EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "Features are learned from all rows, whatever these weigh, and which fold a "
        "row is in depends on the number of rows."
    ),
    "check_non_transformer_estimators_n_iter": (
        "No round is done where every row has a label, or where none helps."
    ),
    "check_classifiers_classes": (
        "The number -1 marks rows without a label. scikit-learn passes over this check "
        "for its own SelfTrainingClassifier, by its name."
    ),
}

# The checks label every row.
pytestmark = pytest.mark.filterwarnings(
    "ignore:y has a (label|target) in every row:UserWarning"
)


def expected_failed(estimator):
    expected = dict(EXPECTED_FAILED_CHECKS)
    if not isinstance(estimator, CoTrainingClassifier):
        del expected["check_classifiers_classes"]
    return expected


def parametrize(estimators):
    return parametrize_with_checks(
        estimators, expected_failed_checks=expected_failed, xfail_strict=True
    )


@parametrize(SELF_TRAINING)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize(CO_TRAINING)
def test_scikit_learn_check_of_co_training(estimator, check):
    check(estimator)
