"""Which rows to label next: those on which the modalities disagree."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.stats import entropy
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from skmm._data.frames import as_frame
from skmm._utils.compat import Interval, StrOptions
from skmm._utils.documentation import DocumentationLinkMixin
from skmm._utils.validation import check_arguments, check_options
from skmm.semi_supervised._base import take
from skmm.semi_supervised._co_training import CoTrainingClassifier
from skmm.semi_supervised._labels import read_partial_labels

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, CellsLike, RandomState, TableLike


class ModalityDisagreement(DocumentationLinkMixin, BaseEstimator):
    """Ask for the labels of the rows on which the modalities disagree.

    A query by committee [1]_ whose members are the modalities: each has a model of its
    own, and the more these differ on a row, the more its label teaches. A modality that
    a row lacks is not asked; where less than two are left, the row's utility is 0.

    ``query`` has the arguments of scikit-activeml's query strategies, and takes its
    place in the same loop; scikit-activeml need not be installed.

    Parameters
    ----------
    method : {"jensen_shannon", "vote_entropy"}, default="jensen_shannon"
        How disagreement is measured: by the mean divergence of the modalities'
        probabilities from their mean [2]_, or by the entropy of the classes that they
        vote for.
    random_state : int, RandomState instance or None, default=None
        Seed by which ties are broken, and of the default classifier.

    See Also
    --------
    RowNumberClassifier : scikit-activeml's own queries over frames.

    References
    ----------
    .. [1] Seung, Opper, Sompolinsky: Query by Committee, COLT 1992.
    .. [2] McCallum, Nigam: Employing EM and Pool-Based Active Learning for Text
       Classification, ICML 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.semi_supervised import ModalityDisagreement
    >>> X, truth = make_multimodal_classification(n_samples=100, random_state=0)
    >>> y = np.where(np.arange(100) < 20, truth, np.nan)
    >>> rows = ModalityDisagreement(random_state=0).query(X, y, batch_size=3)
    >>> rows.shape
    (3,)
    """

    _parameter_constraints = {
        "method": [StrOptions({"jensen_shannon", "vote_entropy"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        method: Literal["jensen_shannon", "vote_entropy"] = "jensen_shannon",
        *,
        random_state: RandomState = None,
    ) -> None:
        self.method = method
        self.random_state = random_state

    def query(
        self,
        X: TableLike,
        y: CellsLike,
        clf: CoTrainingClassifier | None = None,
        fit_clf: bool = True,
        sample_weight: ArrayLike | None = None,
        candidates: ArrayLike | None = None,
        batch_size: int = 1,
        return_utilities: bool = False,
    ) -> Any:
        """Choose the rows to label next.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
            All rows, with and without a label.
        y : array-like of shape (n_samples,)
            Classes, with NaN or None where they are not known.
        clf : CoTrainingClassifier, default=None
            Gives each modality's probabilities by ``predict_views``. None stands for
            one without an estimator of the whole rows and without rounds.
        fit_clf : bool, default=True
            If True, a clone of ``clf`` is fitted on X and y. False takes it as it is.
        sample_weight : array-like of shape (n_samples,), default=None
            Handed on to ``fit``.
        candidates : array-like of int of shape (n_candidates,), default=None
            Numbers of the rows to choose from. None stands for all rows without a
            label.
        batch_size : int, default=1
            Number of rows to choose; all candidates if these are fewer.
        return_utilities : bool, default=False
            If True, the utilities are returned as well.

        Returns
        -------
        query_indices : ndarray of int of shape (batch_size,)
            Numbers of rows, the most useful first.
        utilities : ndarray of shape (batch_size, n_samples)
            Only with ``return_utilities=True``: what each row was worth when a row was
            chosen; NaN for rows that could not be.

        Raises
        ------
        ValueError
            If there is no row to choose, or a candidate is not a row of X.
        TypeError
            If ``clf`` does not say what each modality predicts.
        """
        check_options(self)
        check_arguments(
            {"batch_size": batch_size, "fit_clf": fit_clf},
            {
                "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
                "fit_clf": ["boolean"],
            },
            "query",
        )
        frame = as_frame(X)
        _, labelled, _ = read_partial_labels(y)
        check_consistent_length(frame, labelled)
        rows = self._candidates(candidates, labelled)
        model = self._fit(clf, fit_clf, frame, y, sample_weight)
        shares = list(model.predict_views(take(frame, rows)).values())
        utilities = np.full(len(frame), np.nan)
        utilities[rows] = disagreement(np.stack(shares), self.method)
        rng = check_random_state(self.random_state)
        # The first of equal ones would be by the order of the rows.
        order = rng.permutation(rows)
        order = order[np.argsort(-utilities[order], kind="stable")][:batch_size]
        if not return_utilities:
            return order
        steps = np.tile(utilities, (len(order), 1))
        for i in range(1, len(order)):
            steps[i, order[:i]] = np.nan
        return order, steps

    def _candidates(self, candidates, labelled):
        if candidates is None:
            rows = np.flatnonzero(~labelled)
        else:
            rows = np.unique(np.asarray(candidates))
            inside = rows.dtype.kind in "iu" and rows.ndim == 1
            if not inside or (
                len(rows) and not 0 <= rows[0] <= rows[-1] < len(labelled)
            ):
                raise ValueError(
                    "candidates takes numbers of rows of X, from 0 to "
                    f"{len(labelled) - 1}; got {candidates!r}."
                )
        if not len(rows):
            raise ValueError("There is no row to choose: all rows have a label.")
        return rows

    def _fit(self, clf, fit_clf, frame, y, sample_weight):
        if clf is None:
            clf = CoTrainingClassifier(
                "drop", max_iter=0, cv=None, random_state=self.random_state
            )
            fit_clf = True
        if not hasattr(clf, "predict_views"):
            raise TypeError(
                f"clf is a {type(clf).__name__}, which does not say what each modality "
                "predicts. Pass a CoTrainingClassifier, or None."
            )
        if not fit_clf:
            return clf
        return clone(clf).fit(frame, y, sample_weight=sample_weight)


def disagreement(shares, method):
    """Return how much members differ on each row, (n_samples,).

    Parameters
    ----------
    shares : ndarray of shape (n_members, n_samples, n_classes)
        Probabilities; NaN where a member is not asked.
    method : {"jensen_shannon", "vote_entropy"}
    """
    asked = ~np.isnan(shares).any(axis=2)
    counts = np.maximum(asked.sum(axis=0), 1)
    shares = np.where(asked[:, :, None], shares, 0.0)
    if method == "vote_entropy":
        votes = np.eye(shares.shape[2])[shares.argmax(axis=2)] * asked[:, :, None]
        found = entropy(votes.sum(axis=0) / counts[:, None], axis=1)
    else:
        mean = shares.sum(axis=0) / counts[:, None]
        own = np.where(
            asked, entropy(np.where(asked[:, :, None], shares, 1), axis=2), 0
        )
        with np.errstate(invalid="ignore"):
            found = entropy(mean, axis=1) - own.sum(axis=0) / counts
    return np.where(asked.sum(axis=0) > 1, np.maximum(np.nan_to_num(found), 0.0), 0.0)
