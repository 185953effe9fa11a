"""Self-training of a regressor."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import RegressorMixin, clone, is_regressor
from sklearn.linear_model import RidgeCV
from sklearn.utils.validation import check_is_fitted

from skmm._utils.compat import Interval, StrOptions
from skmm.semi_supervised._base import cut_params, fit_estimator, take
from skmm.semi_supervised._labels import read_partial_numbers
from skmm.semi_supervised._selection import count_best
from skmm.semi_supervised._self_training_base import BaseSelfTraining, Rounds

if TYPE_CHECKING:
    import numpy.typing as npt
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import (
        CV,
        ArrayLike,
        CellsLike,
        RandomState,
        Scoring,
        SupportsTransform,
        TableLike,
    )

#: Models whose spread says how sure a prediction is.
_N_MODELS = 3


class SelfTrainingRegressor(RegressorMixin, BaseSelfTraining):
    """Learn a number from few rows that have it and many that do not.

    The estimator is fitted on the rows with a number, predicts the others, and is
    fitted again on both. Sure are those predictions on which three models agree, each
    fitted without a third of the rows [1]_. How many rounds help is asked of the rows
    with a number, each of which is left out of a fold: where no round helps, the model
    of these rows alone is kept.

    By default the rows become features that are learned from all of them, and a ridge
    regression reads these. That is most of what rows without a number can do; rounds
    seldom add to it.

    Rows without a number have None, NaN or NA in ``y``. The number -1 is a number.

    Parameters
    ----------
    estimator : regressor, default=None
        What is fitted: an estimator of this package or of scikit-learn. None stands for
        a ridge regression that chooses its penalty by itself.
    transformer : "auto", transformer or None, default="auto"
        What turns the rows into what the estimator reads. It is fitted once, on all
        rows and without their target. "auto" stands for features of all modalities
        where ``estimator`` is None, and for the rows themselves otherwise. None always
        hands the rows themselves on, as a pandas frame.
    criterion : {"k_best", "threshold"}, default="k_best"
        Which rows are taken in a round; each round predicts them anew.

        - "k_best": the ``k_best`` on which the models agree best;
        - "threshold": those on which the models' standard deviation is less than
          ``threshold``.
    threshold : float, default=0.25
        In units of the target's standard deviation.
    k_best : int or float, default=0.5
        Number of rows, or their share among all rows without a number.
    pseudo_weight : float or None, default=0.5
        Weight of all rows with a predicted number together, in units of the weight of
        the others; a single one weighs at most as much as another row. None gives each
        its full weight. An estimator whose ``fit`` takes no weights does without.
    max_iter : int, default=3
        Greatest number of rounds.
    cv : int, splitter or None, default=5
        Folds of the rows with a number by which the number of rounds is chosen; they
        are seeded by ``random_state``. None does ``max_iter`` rounds unchecked. Each
        round fits the estimator four times for each fold.
    scoring : str, callable or None, default=None
        Score by which rounds are compared. None is the mean squared error.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.
    verbose : int, default=0
        If positive, each round prints a line.

    Attributes
    ----------
    estimator_ : regressor
        The fitted estimator.
    transformer_ : transformer or None
        Fitted on all rows.
    transduction_ : ndarray of shape (n_samples,)
        The targets of the last fit; NaN in rows that were not taken.
    labeled_iter_ : ndarray of int of shape (n_samples,)
        The round in which a row was first taken: 0 for rows with a number, -1 for rows
        that the last fit leaves out.
    n_iter_ : int
        Number of rounds; 0 if the model without any was kept.
    termination_condition_ : {"max_iter", "no_change", "all_labeled", "no_gain"}
        Why there are no more rounds. "no_gain": more of them did not help on rows that
        were left out.
    cv_scores_ : ndarray of shape (n_rounds + 1,)
        The score after each round that was tried, the first without any; empty where
        none was compared.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Defined only if all names of columns are strings.

    See Also
    --------
    SelfTrainingClassifier : The same for classes.

    References
    ----------
    .. [1] Zhou, Li: Semi-Supervised Regression with Co-Training, IJCAI 2005, from which
       the idea is that agreement says which predictions are sure.

    Examples
    --------
    >>> from skmm.datasets import make_multimodal_regression
    >>> from skmm.semi_supervised import SelfTrainingRegressor
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> y[50:] = float("nan")
    >>> model = SelfTrainingRegressor(random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (300,)
    """

    _parameter_constraints = {
        **BaseSelfTraining._parameter_constraints,
        "criterion": [StrOptions({"k_best", "threshold"})],
        "threshold": [Interval(numbers.Real, 0, None, closed="neither")],
    }

    _stratifies = False

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        transformer: SupportsTransform | Literal["auto"] | None = "auto",
        criterion: Literal["k_best", "threshold"] = "k_best",
        threshold: float = 0.25,
        k_best: int | float = 0.5,
        pseudo_weight: float | None = 0.5,
        max_iter: int = 3,
        cv: CV = 5,
        scoring: Scoring | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.transformer = transformer
        self.criterion = criterion
        self.threshold = threshold
        self.k_best = k_best
        self.pseudo_weight = pseudo_weight
        self.max_iter = max_iter
        self.cv = cv
        self.scoring = scoring
        self.random_state = random_state
        self.verbose = verbose

    def predict(self, X: TableLike) -> npt.NDArray[Any]:
        """Predict the number of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        data = self._read(X)
        return self.estimator_.predict(data)

    def score(
        self, X: TableLike, y: CellsLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the coefficient of determination, R², on the rows with a number.

        So searches and cross-validation of scikit-learn go through rows of both kinds.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            NaN or None where the number is not known.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        labels, labelled, _ = read_partial_numbers(y)
        rows, weight = self._scored(X, labelled, sample_weight)
        return super().score(rows, labels, weight)

    def _make_estimator(self):
        if self.estimator is None:
            return RidgeCV(alphas=np.logspace(-3, 2, 11))
        if not is_regressor(self.estimator):
            raise ValueError(
                f"estimator={self.estimator!r} is not a regressor. For classes take "
                "SelfTrainingClassifier."
            )
        return clone(self.estimator)

    def _read_target(self, y):
        return read_partial_numbers(y)

    def _rounds(self, *args):
        options = {k: getattr(self, k) for k in ("criterion", "threshold", "k_best")}
        return _NumberRounds(options, *args, self.pseudo_weight)

    def _judge(self, runs, data, tests, truths, weight):
        """Return the negative mean squared error of rows left out."""
        errors = np.concatenate(
            [
                (run.model.predict(take(data, test)) - truth) ** 2
                for run, test, truth in zip(runs, tests, truths)
            ]
        )
        own = weight[np.concatenate(tests)]
        return (-np.average(errors, weights=own) if own.sum() > 0 else -np.inf), None

    def _take_over(self, judged):
        """Take nothing over: predictions are as they are."""


class _NumberRounds(Rounds):
    """Rounds that take rows on whose number several models agree."""

    def __init__(self, options, *args):
        super().__init__(*args)
        self.options = options

    def choose(self):
        """Return the rows to take, and their numbers."""
        spread = self._spread()
        if self.options["criterion"] == "threshold":
            limit = self.options["threshold"] * max(np.std(self.labels), 1e-300)
            places = np.flatnonzero(spread < limit)
        else:
            n = count_best(self.options["k_best"], len(self.others))
            places = np.sort(np.argsort(spread, kind="stable")[:n])
        taken = self.others[places]
        if not len(taken):
            return taken, self.labels[:0]
        return taken, self.model.predict(take(self.data, taken))

    def _spread(self):
        """Return the standard deviation of models that each lack a part of the rows."""
        part = np.arange(len(self.rows)) % _N_MODELS
        found = []
        for i in range(min(_N_MODELS, len(self.rows))):
            rows = self.rows[part != i] if len(self.rows) > 1 else self.rows
            y = self.labels[part != i] if len(self.rows) > 1 else self.labels
            model = fit_estimator(
                self.estimator,
                take(self.data, rows),
                y,
                self.weight[rows],
                cut_params(self.params, rows, len(self.weight)),
            )
            found.append(model.predict(take(self.data, self.others)))
        return np.std(found, axis=0)
