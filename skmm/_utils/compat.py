"""Everything that is taken from scikit-learn's private modules, in one place."""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from sklearn._loss import _loss
from sklearn.base import _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.callback import with_callbacks as _with_callbacks
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree._tree import Tree
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._indexing import _get_column_indices as get_column_indices
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    RealNotInt,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
)
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
from sklearn.utils._set_output import _get_output_config as get_output_config
from sklearn.utils.extmath import _approximate_mode as approximate_mode
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import (
    _check_feature_names_in as check_feature_names_in,
)
from sklearn.utils.validation import _check_n_features as check_n_features
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

_Method = TypeVar("_Method", bound=Callable[..., Any])

#: The losses of boosting, compiled, by their names.
COMPILED_LOSSES = {
    name: value
    for name, value in vars(_loss).items()
    if name.startswith("Cy") and isinstance(value, type) and name != "CyLossFunction"
}


# scikit-learn has no types: unwrapped, its decorators would lose those of our methods.
def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]:
    """Decorate ``fit``: scikit-learn's decorator, with types."""
    return _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)


def with_callbacks(method: _Method) -> _Method:
    """Decorate ``fit``: scikit-learn's decorator, with types."""
    return _with_callbacks(method)


class CategoryCodes:
    """What scikit-learn's boosting does to X before the trees, for arrays alone.

    Categories come first, as their places among the training rows' categories; NaN
    stands for others. The estimator's own ColumnTransformer does the same with checks
    that take longer than the trees where rows are few.

    Parameters
    ----------
    preprocessor : ColumnTransformer
        The fitted estimator's.
    is_category : ndarray of bool of shape (n_features,)
    """

    def __init__(self, preprocessor, is_category):
        encoder = preprocessor.named_transformers_["encoder"]
        self.categories = [known[~np.isnan(known)] for known in encoder.categories_]
        self.order = np.argsort(~is_category, kind="stable")

    def transform(self, X):
        """Return the columns as the trees take them.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
        """
        if X.shape[1] != len(self.order):
            # Trees look columns up without asking whether they are there.
            raise ValueError(
                f"X has {X.shape[1]} features, and the trees read {len(self.order)}."
            )
        X = X[:, self.order].astype(np.float64)
        for column, known in zip(X.T, self.categories):
            places = np.searchsorted(known, column)
            found = np.append(known, np.nan)[places] == column
            column[:] = np.where(found, places, np.nan)
        return X


def without_checks(boosting):
    """Let a fitted boosting estimator of scikit-learn predict arrays without checks.

    Parameters
    ----------
    boosting : HistGradientBoostingClassifier or HistGradientBoostingRegressor
        Estimators of other libraries are left as they are.

    Returns
    -------
    boosting : the same estimator
    """
    if getattr(boosting, "_preprocessor", None) is not None:
        boosting._preprocessor = CategoryCodes(
            boosting._preprocessor, boosting.is_categorical_
        )
    return boosting


#: What searches need: imported when asked for, since estimators do without.
_LATER = {
    "BaseSearchCV": ("sklearn.model_selection._search", "BaseSearchCV"),
    "MultimetricScorer": ("sklearn.metrics._scorer", "_MultimetricScorer"),
    "check_method_params": ("sklearn.utils.validation", "_check_method_params"),
    "insert_error_scores": (
        "sklearn.model_selection._validation",
        "_insert_error_scores",
    ),
    "safe_split": ("sklearn.utils.metaestimators", "_safe_split"),
    "score_estimator": ("sklearn.model_selection._validation", "_score"),
    "warn_or_raise_about_fit_failures": (
        "sklearn.model_selection._validation",
        "_warn_or_raise_about_fit_failures",
    ),
}


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, private = _LATER[name]
    return getattr(importlib.import_module(module), private)


__all__ = [
    "COMPILED_LOSSES",
    "PREDICTOR_RECORD_DTYPE",
    "Tree",
    "TreePredictor",
    "BaseComposition",
    "CategoryCodes",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "Parallel",
    "RealNotInt",
    "StrOptions",
    "VisualBlock",
    "approximate_mode",
    "check_feature_names_in",
    "check_n_features",
    "check_sample_weight",
    "delayed",
    "fit_context",
    "get_column_indices",
    "get_output_config",
    "make_constraint",
    "safe_indexing",
    "validate_parameter_constraints",
    "with_callbacks",
    "without_checks",
    *_LATER,
]
