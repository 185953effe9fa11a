"""scikit-learn's own checks, on every public estimator.

What is checked does not depend on how long is trained, so that two epochs do in
most runs; the slow tests train as long as the defaults say.
"""

import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skmm import MultimodalClassifier, MultimodalRegressor

ESTIMATORS = [MultimodalClassifier(), MultimodalRegressor()]
BRIEF = [clone(estimator).set_params(max_epochs=2) for estimator in ESTIMATORS]
EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "A row of weight 2 is one row and two rows are two: which rows validate and "
        "which batch a row is in depend on the number of rows."
    )
}

# What is said in a check of 1 row or 2 columns of noise is no failure.
pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__qualname__}"
)

each_estimator = pytest.mark.parametrize(
    "estimator", BRIEF, ids=lambda estimator: type(estimator).__name__
)


def parametrize(estimators):
    return parametrize_with_checks(
        estimators,
        expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
        xfail_strict=True,
    )


@parametrize(BRIEF)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize(ESTIMATORS)
def test_scikit_learn_check_of_the_defaults(estimator, check):
    check(estimator)


@each_estimator
@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_dataframe_column_names_consistency,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
    ids=lambda check: check.__name__,
)
def test_check_that_the_generator_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)


@each_estimator
def test_tags_silence_no_check(estimator):
    tags = get_tags(estimator)
    assert tags.input_tags.two_d_array
    assert not tags.no_validation
    assert not tags._skip_test
    names = {
        getattr(check, "func", check).__name__
        for _, check in estimator_checks_generator(estimator)
    }
    assert len(names) > 50
    assert set(EXPECTED_FAILED_CHECKS) <= names
