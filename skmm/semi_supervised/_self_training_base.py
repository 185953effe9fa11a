"""The rounds of self-training, and the rule that ends them."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmm._utils.compat import (
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from skmm.semi_supervised._base import (
    SemiSupervised,
    cut_params,
    fit_estimator,
    take,
    unchanged_on_error,
)
from skmm.semi_supervised._features import ModalityFeatures

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, CellsLike, TableLike

#: Rounds without a gain after which no further one is tried.
_PATIENCE = 2


class BaseSelfTraining(SemiSupervised):
    """Base of :class:`SelfTrainingClassifier` and :class:`SelfTrainingRegressor`."""

    # Parameters, which the estimators store.
    transformer: Any
    pseudo_weight: Any
    max_iter: Any
    scoring: Any
    verbose: Any

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "transformer": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "k_best": [
            Interval(numbers.Integral, 1, None, closed="left"),
            Interval(numbers.Real, 0, 1, closed="neither"),
        ],
        "pseudo_weight": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "max_iter": [Interval(numbers.Integral, 0, None, closed="left")],
        "cv": [Interval(numbers.Integral, 2, None, closed="left"), "cv_object", None],
        "scoring": [str, callable, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: TableLike,
        y: CellsLike,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Learn from rows of which some have a target.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
            All rows, with and without a target.
        y : array-like of shape (n_samples,)
            The target, with None, NaN or NA where it is not known; see the class.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, if the estimator's ``fit`` takes them.
        **params : dict
            Handed on to the estimator's ``fit`` by metadata routing; what has a value
            for each row is cut to the rows of each fit.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If no row has a target, or what is there cannot be learned.
        """
        with unchanged_on_error(self):
            return self._fit(X, y, sample_weight, params)

    def _fit(self, X, y, sample_weight, params):
        estimator = self._make_estimator()
        params = self._routed_fit_params(params)
        frame = self._read_frame(X, reset=True)
        labels, labelled, whole = self._read_target(y)
        check_consistent_length(X, labelled)
        weight = check_sample_weight(
            sample_weight, frame, dtype=np.float64, ensure_non_negative=True
        )
        transformer = self._make_transformer()
        # Once, on all rows: what is learned of them without labels, for all fits.
        data = frame if transformer is None else transformer.fit_transform(frame)
        rows, others = np.flatnonzero(labelled), np.flatnonzero(~labelled)
        if not len(others):
            warnings.warn(
                "y has a target in every row: there is nothing to learn from rows "
                "without.",
                UserWarning,
                stacklevel=4,
            )

        def begin(train):
            run = self._rounds(estimator, data, labels, weight, params, train, rows)
            run.others = others
            return run

        scores, judged = self._try_rounds(begin, data, labels, weight, rows, others)
        best = int(np.argmax(scores)) if scores else self.max_iter
        run = begin(np.arange(len(rows)))
        run.fit()
        while run.n_rounds < best and run.label():
            run.fit()
        self.transformer_ = transformer
        self.estimator_ = run.model
        self._take_over(judged[best] if scores else None)
        self.cv_scores_ = np.array(scores)
        self.n_iter_ = run.n_rounds
        self.termination_condition_ = self._reason(run, scores)
        self.labeled_iter_ = np.full(len(frame), -1)
        self.labeled_iter_[rows] = 0
        self.labeled_iter_[run.taken] = run.since[run.taken]
        self.transduction_ = run.transduced(whole)
        if self.verbose:
            print(
                f"{len(run.taken)} of {len(others)} rows labelled in {self.n_iter_} "
                f"rounds ({self.termination_condition_})"
            )
        return self

    def _make_transformer(self):
        if self.transformer == "auto":
            return ModalityFeatures() if self.estimator is None else None
        return None if self.transformer is None else clone(self.transformer)

    def _try_rounds(self, begin, data, labels, weight, rows, others):
        """Return the score of each round on labelled rows that it has not seen.

        Beside it is what was learned from these rows. Both are empty where nothing is
        to be compared.
        """
        if not len(others) or self.max_iter == 0 or self.cv is None:
            return [], []
        folds = self._folds(labels, stratify=self._stratifies)
        if not folds:
            warnings.warn(
                f"{len(rows)} rows have a target, too few to tell on them whether the "
                "others help. Set cv=None to take what comes, as is done now.",
                UserWarning,
                stacklevel=5,
            )
            return [], []
        runs = [begin(train) for train, _ in folds]
        scorer = None
        if self.scoring is not None:
            scorer = check_scoring(self._make_estimator(), scoring=self.scoring)
        scores, judged = [], []
        tests = [rows[test] for _, test in folds]
        truths = [labels[test] for _, test in folds]
        for i in range(self.max_iter + 1):
            # All of them go on, also where one has come to its end.
            went_on = [i == 0 or run.label() for run in runs]
            if not any(went_on):
                break
            for run in runs:
                if run.is_changed:
                    run.fit()
            score, found = self._judge(runs, data, tests, truths, weight)
            if scorer is not None:
                parts = [
                    scorer(run.model, take(data, test), truth)
                    for run, test, truth in zip(runs, tests, truths)
                ]
                score = np.average(parts, weights=[len(test) for test in tests])
            scores.append(float(score) if np.isfinite(score) else -np.inf)
            judged.append(found)
            if self.verbose:
                print(f"Round {i}: {scores[-1]:.4f} on rows left out")
            if i - int(np.argmax(scores)) >= _PATIENCE:
                break
        return scores, judged

    def _reason(self, run, scores):
        if scores and self.n_iter_ < min(len(scores) - 1, self.max_iter):
            return "no_gain"
        if not len(run.others) or run.has_all:
            return "all_labeled"
        return "max_iter" if self.n_iter_ == self.max_iter else "no_change"

    def _read(self, X):
        """Return rows as the estimator reads them."""
        check_is_fitted(self)
        frame = self._read_frame(X, reset=False)
        return (
            frame if self.transformer_ is None else self.transformer_.transform(frame)
        )

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")


class Rounds:
    """One run of self-training: labelled rows, and what the model says of others.

    Parameters
    ----------
    estimator : estimator
    data : DataFrame or ndarray
        All rows.
    labels : ndarray of shape (n_labelled,)
    weight : ndarray of shape (n_samples,)
    params : dict
        Other arguments of the estimator's ``fit``.
    train : ndarray of int
        Places among the labelled rows of those that this run learns from.
    rows : ndarray of int of shape (n_labelled,)
        The labelled rows.
    pseudo_weight : float or None

    Attributes
    ----------
    others : ndarray of int
        Rows without a label.
    taken : ndarray of int
        Those of them that the model is fitted on, with ``given`` for labels.
    since : ndarray of int of shape (n_samples,)
        The round in which a row was taken first.
    """

    def __init__(
        self, estimator, data, labels, weight, params, train, rows, pseudo_weight
    ):
        self.estimator, self.data, self.params = estimator, data, params
        self.rows, self.labels, self.weight = rows[train], labels[train], weight
        self.pseudo_weight = pseudo_weight
        self.others = self.taken = rows[:0]
        self.given = labels[:0]
        self.since = np.full(len(weight), -1)
        self.n_rounds, self.is_changed = 0, True

    def fit(self):
        """Fit on labelled rows and on those taken."""
        rows = np.concatenate([self.rows, self.taken])
        y = np.concatenate([self.labels, self.given])
        self.model = fit_estimator(
            self.estimator,
            take(self.data, rows),
            y,
            self._weights(),
            cut_params(self.params, rows, len(self.weight)),
        )
        self.is_changed = False

    def _weights(self):
        own, pseudo = self.weight[self.rows], self.weight[self.taken]
        if self.pseudo_weight is not None and pseudo.sum() > 0:
            pseudo = pseudo * min(1.0, self.pseudo_weight * own.sum() / pseudo.sum())
        return np.concatenate([own, pseudo])

    def label(self):
        """Take rows with the labels that the model gives; tell if that changed any."""
        if not len(self.others):
            return False
        taken, given = self.choose()
        same = np.array_equal(taken, self.taken) and np.array_equal(given, self.given)
        if same:
            return False
        self.n_rounds += 1
        self.taken, self.given, self.is_changed = taken, given, True
        new = taken[self.since[taken] < 0]
        self.since[new] = self.n_rounds
        return True

    @property
    def has_all(self):
        """Whether all rows are taken."""
        return len(self.taken) == len(self.others)

    def transduced(self, whole):
        """Return all labels, given ones among them."""
        whole = whole.copy()
        if len(self.taken):
            whole[self.taken] = self.given
        return whole
