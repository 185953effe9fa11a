"""scikit-learn's own checks, on searches over fusions."""

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_param_validation,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.model_selection import FusionSearchCV


def search(estimator):
    return FusionSearchCV(
        estimator(heads=["fused", "linear"], max_epochs=2, width=8, learning_rate=5e-2),
        ["concat", "mean"],
        cv=2,
    )


SEARCHES = [search(MultimodalClassifier), search(MultimodalRegressor)]
EXPECTED_FAILED_CHECKS = {}

# What is said in a check of 1 row or 2 columns of noise is no failure.
pytestmark = [
    pytest.mark.filterwarnings(
        f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__qualname__}"
    ),
    pytest.mark.filterwarnings("ignore:The least populated class in y has only 1"),
]


@parametrize_with_checks(
    SEARCHES,
    expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
    xfail_strict=True,
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", SEARCHES, ids=lambda s: str(s.estimator)[:20])
def test_parameters_are_validated(estimator):
    check_param_validation(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", SEARCHES, ids=lambda s: str(s.estimator)[:20])
def test_tags_silence_no_check(estimator):
    tags = get_tags(estimator)
    assert tags.input_tags.two_d_array
    assert not tags.no_validation
    assert not tags._skip_test
    assert tags.estimator_type == get_tags(estimator.estimator).estimator_type
    names = {
        getattr(check, "func", check).__name__
        for _, check in estimator_checks_generator(estimator)
    }
    assert len(names) > 40
    assert set(EXPECTED_FAILED_CHECKS) <= names
