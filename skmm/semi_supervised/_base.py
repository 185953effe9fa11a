"""What the estimators of this package share: reading rows, folds, metadata."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import scipy.sparse
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import (
    check_consistent_length,
    has_fit_parameter,
    validate_data,
)

from skmm._data.frames import as_frame, is_named_table
from skmm._saving import SavingMixin
from skmm._training.split import assign_folds
from skmm._utils.compat import check_method_params
from skmm._utils.documentation import DocumentationLinkMixin
from skmm._utils.validation import check_options
from skmm.modalities._selection import order_as_fitted


class SemiSupervised(
    MetaEstimatorMixin, DocumentationLinkMixin, SavingMixin, BaseEstimator
):
    """Base of the estimators that learn from rows with and without a label."""

    # Parameters, which the estimators store.
    estimator: Any
    cv: Any
    random_state: Any

    def _validate_params(self):
        check_options(self)

    def _read_frame(self, X, reset):
        """Read X as a pandas frame, with scikit-learn's checks of names and width."""
        if scipy.sparse.issparse(X):
            raise TypeError(
                "Sparse data was passed for X, but dense data is required. Pass a "
                "frame, and turn its columns into sparse features inside the "
                "estimator, as a Pipeline does."
            )
        names = None if reset else getattr(self, "feature_names_in_", None)
        frame = as_frame(X, columns=names)
        named = frame if is_named_table(X) else X
        validate_data(self, named, reset=reset, skip_check_array=True)
        if reset:
            self.n_features_in_ = frame.shape[1]
        for n, what in zip(frame.shape, ("sample", "feature")):
            if n == 0:
                raise ValueError(
                    f"Found array with 0 {what}(s) (shape={frame.shape}) while a "
                    "minimum of 1 is required."
                )
        if frame.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is "
                f"expecting {self.n_features_in_} features as input."
            )
        if reset:
            self._labels = frame.columns
        return order_as_fitted(frame, self._labels)

    def _scored(self, X, labelled, sample_weight):
        """Return the rows that have a target, and their weights."""
        check_consistent_length(X, labelled)
        rows = np.flatnonzero(labelled)
        if sample_weight is not None:
            sample_weight = np.asarray(sample_weight)[rows]
        return self._read_frame(X, reset=False).iloc[rows], sample_weight

    def _folds(self, y, stratify):
        """List (train, test), places among the labelled rows; none if they are few."""
        if self.cv is None:
            return []
        if not isinstance(self.cv, (int, np.integer)):
            cv = check_cv(self.cv, y, classifier=stratify)
            return list(cv.split(np.zeros((len(y), 1)), y))
        if stratify and np.unique(y, return_counts=True)[1].max() < 2:
            return []  # none of these rows can be left out
        n_folds = min(int(self.cv), len(y))
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        fold = assign_folds(n_folds, y, None, stratify=stratify, random_state=seed)
        rows = np.arange(len(y))
        return [(rows[fold != k], rows[fold == k]) for k in range(int(fold.max()) + 1)]

    def _routed_fit_params(self, params):
        """Return what metadata routing hands on to the estimator's ``fit``."""
        if not params:
            return {}
        if not get_config()["enable_metadata_routing"]:
            raise ValueError(
                f"fit got {sorted(params)}, which are handed on to the estimator only "
                "with metadata routing: sklearn.set_config("
                "enable_metadata_routing=True)."
            )
        return process_routing(self, "fit", **params).estimator.fit

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which arguments are handed on to the estimator.

        Returns
        -------
        routing : MetadataRouter
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self)
        return router.add_self_request(self).add(
            estimator=self._make_estimator(), method_mapping=mapping
        )

    def _make_estimator(self):
        """Return what is fitted: a clone of the estimator, or of its default."""
        return clone(self.estimator)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = False
        return tags


@contextlib.contextmanager
def unchanged_on_error(estimator):
    """Leave an estimator as it was if what happens in the context fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        raise


def take(data, rows):
    """Return some rows of a frame or an array."""
    return data.iloc[rows] if hasattr(data, "iloc") else data[rows]


def fit_estimator(estimator, data, y, weight=None, params=None):
    """Return a clone, fitted; weights reach it only where it takes them.

    Parameters
    ----------
    estimator : estimator
    data : DataFrame or ndarray
        The rows to learn from.
    y : ndarray of shape (n_samples,)
    weight : ndarray of shape (n_samples,), default=None
    params : dict, default=None
        Other arguments of its ``fit``.
    """
    params = dict(params or {})
    if weight is not None and has_fit_parameter(estimator, "sample_weight"):
        params["sample_weight"] = weight
    return clone(estimator).fit(data, y, **params)


def cut_params(params, rows, n_rows):
    """Return arguments of ``fit``, those of all rows cut to some rows.

    Parameters
    ----------
    params : dict
    rows : ndarray of int
    n_rows : int
        How many rows there are in all.
    """
    return check_method_params(np.empty(n_rows), params, rows) if params else {}


def predict_shares(model, data, classes):
    """Return a model's probabilities in the order of all classes, (n, n_classes).

    A class that it has not seen has no share.
    """
    found = model.predict_proba(data)
    places = np.searchsorted(classes, model.classes_)
    full = np.zeros((len(found), len(classes)))
    full[:, places] = found
    return full


def check_classifier(estimator, parameter):
    """Raise if an estimator gives no probabilities of classes."""
    if not is_classifier(estimator) or not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"{parameter}={estimator!r}: a classifier with predict_proba is needed, "
            "whose probabilities say which rows are sure."
        )
