"""What the classifiers of this package share, once they have probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skmm.semi_supervised._base import SemiSupervised
from skmm.semi_supervised._labels import read_scored_labels

if TYPE_CHECKING:
    import numpy.typing as npt

    from skmm._utils.typing import ArrayLike, CellsLike, TableLike


class SemiSupervisedClassifier(ClassifierMixin, SemiSupervised):
    """Base of the classifiers: predictions and scores by their probabilities."""

    def predict(self, X: TableLike) -> npt.NDArray[Any]:
        """Predict the likeliest class of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        shares = self.predict_proba(X)
        return self.classes_[shares.argmax(axis=1)]

    def predict_proba(self, X: TableLike) -> npt.NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        raise NotImplementedError(f"{type(self).__name__}.predict_proba")

    def predict_log_proba(self, X: TableLike) -> npt.NDArray[np.float64]:
        """Predict the logarithm of each class's probability.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
        """
        tiny = np.finfo(np.float64).tiny
        return np.log(np.maximum(self.predict_proba(X), tiny))

    def score(
        self, X: TableLike, y: CellsLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the accuracy on the rows that have a label.

        So searches and cross-validation of scikit-learn go through rows of both kinds.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Classes, marked as for ``fit`` where they are not known.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        labels, labelled = read_scored_labels(y, self.classes_)
        rows, weight = self._scored(X, labelled, sample_weight)
        return super().score(rows, labels, weight)
