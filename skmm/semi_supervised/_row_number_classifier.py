"""A frame's classifier for tools that know arrays of numbers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted

from skmm._data.frames import as_frame, take_rows
from skmm._utils.documentation import DocumentationLinkMixin
from skmm.semi_supervised._base import fit_estimator

if TYPE_CHECKING:
    import numpy.typing as npt

    from skmm._utils.typing import ArrayLike, TableLike


class RowNumberClassifier(
    MetaEstimatorMixin, DocumentationLinkMixin, ClassifierMixin, BaseEstimator
):
    """Let a classifier of frames be called with the numbers of a frame's rows.

    Tools for active learning such as scikit-activeml hand on arrays of numbers. Given
    ``numpy.arange(len(frame))[:, None]`` for X, they pass the rows' numbers, and this
    looks up the rows. So all queries work that ask a classifier for its probabilities;
    those that measure distances in X do not make sense.

    Parameters
    ----------
    estimator : classifier
        Of frames, such as :class:`~skmm.MultimodalClassifier`.
    frame : DataFrame (pandas or polars)
        The rows. Clones and copies share it.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)

    See Also
    --------
    ModalityDisagreement : A query that reads frames itself.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.semi_supervised import RowNumberClassifier
    >>> X, y = make_multimodal_classification(n_samples=100, random_state=0)
    >>> model = RowNumberClassifier(MultimodalClassifier(max_epochs=2), X)
    >>> rows = np.arange(100)[:, None]
    >>> model.fit(rows[:50], y[:50]).predict(rows[50:]).shape
    (50,)
    """

    def __init__(self, estimator: Any, frame: TableLike) -> None:
        self.estimator = estimator
        self.frame = frame

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the estimator on some rows.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, 1)
            Numbers of rows.
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None
            Handed on, if the estimator's ``fit`` takes weights.

        Returns
        -------
        self : RowNumberClassifier

        Raises
        ------
        ValueError
            If X does not hold numbers of rows.
        """
        rows = self._look_up(X)
        self.estimator_ = fit_estimator(self.estimator, rows, y, sample_weight)
        self.n_features_in_ = 1
        return self

    def predict(self, X: ArrayLike) -> npt.NDArray[Any]:
        """Predict the class of each row.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, 1)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(self._look_up(X))

    def predict_proba(self, X: ArrayLike) -> npt.NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, 1)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(self._look_up(X))

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes of the fitted estimator."""
        return self.estimator_.classes_

    def _look_up(self, X):
        numbers = np.asarray(X)
        n_rows = len(self.frame)
        fits = (
            numbers.ndim == 2 and numbers.shape[1] == 1 and numbers.dtype.kind in "iuf"
        )
        if not fits or not np.all((numbers >= 0) & (numbers < n_rows)):
            raise ValueError(
                "X takes numbers of the frame's rows as one column, such as "
                f"numpy.arange({n_rows})[:, None]; got an array of shape "
                f"{numbers.shape}."
            )
        return take_rows(as_frame(self.frame), numbers[:, 0].astype(int))

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_clone__(self):
        return type(self)(clone(self.estimator), self.frame)

    def __deepcopy__(self, memo):
        import copy

        made = type(self)(copy.deepcopy(self.estimator, memo), self.frame)
        if hasattr(self, "estimator_"):
            made.estimator_ = copy.deepcopy(self.estimator_, memo)
            made.n_features_in_ = 1
        return made
