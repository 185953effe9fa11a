"""Self-training of a classifier."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skmm._utils.compat import Interval, StrOptions
from skmm.semi_supervised._base import check_classifier, predict_shares, take
from skmm.semi_supervised._classifier import SemiSupervisedClassifier
from skmm.semi_supervised._labels import read_partial_labels
from skmm.semi_supervised._selection import choose_balanced, count_best
from skmm.semi_supervised._self_training_base import BaseSelfTraining, Rounds
from skmm.semi_supervised._temperature import cool, find_temperature

if TYPE_CHECKING:
    import numpy.typing as npt
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import (
        CV,
        RandomState,
        Scoring,
        SupportsTransform,
        TableLike,
    )


class SelfTrainingClassifier(SemiSupervisedClassifier, BaseSelfTraining):
    """Learn classes from few labelled rows and many without a label.

    The estimator is fitted on the labelled rows, labels the others, and is fitted again
    on all of them [1]_. How many rounds of this help is asked of the labelled rows
    themselves, each of which is left out of a fold: where no round helps, the model of
    the labelled rows alone is kept.

    By default the rows become features that are learned from all of them, labelled or
    not, and a logistic regression reads these. Where labels are few, that is most of
    what rows without labels can do; and since the features are made once, the rounds
    and the folds cost little.

    Rows without a label have None, NaN or NA in ``y``. If no cell of ``y`` is missing,
    they have the number -1, as in scikit-learn. The string ``"-1"`` is a class, and so
    is the number where other cells are missing.

    Parameters
    ----------
    estimator : classifier with predict_proba, default=None
        What is fitted: an estimator of this package or of scikit-learn. None stands for
        ``LogisticRegression(C=10)``.
    transformer : "auto", transformer or None, default="auto"
        What turns the rows into what the estimator reads. It is fitted once, on all
        rows and without labels. "auto" stands for features of all modalities where
        ``estimator`` is None, and for the rows themselves otherwise. None always hands
        the rows themselves on, as a pandas frame.
    criterion : {"balanced", "threshold", "k_best"}, default="balanced"
        Which rows are taken in a round.

        - "balanced": all, but of each class no more than its share among the labelled
          rows allows, the surest first. Each round labels them anew;
        - "threshold": those that have a probability above ``threshold``; a label stays
          as it was given;
        - "k_best": the ``k_best`` surest of those that are left; likewise.
    threshold : float, default=0.75
        Least probability with ``criterion="threshold"``.
    k_best : int or float, default=10
        Number of rows that each round takes with ``criterion="k_best"``, or their share
        among all rows without a label.
    pseudo_weight : float or None, default=0.5
        Weight of all rows labelled by the model together, in units of the weight of the
        labelled rows; a single one weighs at most as much as a labelled row. None gives
        each its full weight. An estimator whose ``fit`` takes no weights does without.
    max_iter : int, default=3
        Greatest number of rounds.
    cv : int, splitter or None, default=5
        Folds of the labelled rows by which the number of rounds is chosen; they are
        seeded by ``random_state``. None does ``max_iter`` rounds unchecked. Each round
        fits the estimator once for each fold.
    scoring : str, callable or None, default=None
        Score by which rounds are compared. None is the log-loss, after the
        probabilities were calibrated on the same rows.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds.
    verbose : int, default=0
        If positive, each round prints a line.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.
    transformer_ : transformer or None
        Fitted on all rows.
    classes_ : ndarray of shape (n_classes,)
    transduction_ : ndarray of shape (n_samples,)
        The labels of the last fit. Rows that were not taken keep their mark.
    labeled_iter_ : ndarray of int of shape (n_samples,)
        The round in which a row was first labelled: 0 for labelled rows, -1 for rows
        that the last fit leaves out.
    n_iter_ : int
        Number of rounds; 0 if the model of the labelled rows alone was kept.
    termination_condition_ : {"max_iter", "no_change", "all_labeled", "no_gain"}
        Why there are no more rounds. "no_gain": more of them did not help on labelled
        rows that were left out.
    cv_scores_ : ndarray of shape (n_rounds + 1,)
        The score after each round that was tried, the first without any; empty where
        none was compared.
    temperature_ : float
        What the logarithms of the estimator's probabilities are divided by.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Defined only if all names of columns are strings.

    See Also
    --------
    CoTrainingClassifier : A model for each modality; they label rows for each other.
    sklearn.semi_supervised.SelfTrainingClassifier : For arrays of numbers, without a
        rule that keeps the model from becoming worse.

    Notes
    -----
    A :class:`~skmm.MultimodalClassifier` makes its features anew in each fit. Where
    they are costly, as of pretrained networks, set its ``memory`` to a folder.

    References
    ----------
    .. [1] Yarowsky: Unsupervised Word Sense Disambiguation Rivaling Supervised Methods,
       ACL 1995.

    Examples
    --------
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.semi_supervised import SelfTrainingClassifier
    >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
    >>> y[50:] = -1
    >>> model = SelfTrainingClassifier(random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (300, 2)
    """

    _parameter_constraints = {
        **BaseSelfTraining._parameter_constraints,
        "criterion": [StrOptions({"balanced", "threshold", "k_best"})],
        "threshold": [Interval(numbers.Real, 0, 1, closed="left")],
    }

    _stratifies = True

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        transformer: SupportsTransform | Literal["auto"] | None = "auto",
        criterion: Literal["balanced", "threshold", "k_best"] = "balanced",
        threshold: float = 0.75,
        k_best: int | float = 10,
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

    def predict_proba(self, X: TableLike) -> npt.NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        data = self._read(X)
        return cool(self.estimator_.predict_proba(data), self.temperature_)

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, sorted."""
        return self.estimator_.classes_

    def _make_estimator(self):
        if self.estimator is None:
            return LogisticRegression(C=10, max_iter=1000)
        check_classifier(self.estimator, "estimator")
        return clone(self.estimator)

    def _read_target(self, y):
        return read_partial_labels(y)

    def _rounds(self, *args):
        options = {k: getattr(self, k) for k in ("criterion", "threshold", "k_best")}
        return _ClassRounds(options, *args, self.pseudo_weight)

    def _judge(self, runs, data, tests, truths, weight):
        """Return the negative log-loss of rows left out, and the best temperature."""
        truth = np.concatenate(truths)
        classes = np.unique(np.concatenate([run.labels for run in runs]))
        shares = [
            predict_shares(run.model, take(data, test), classes)
            for run, test in zip(runs, tests)
        ]
        temperature, loss = find_temperature(
            np.concatenate(shares),
            np.searchsorted(classes, truth),
            weight[np.concatenate(tests)],
        )
        return -loss, temperature

    def _take_over(self, judged):
        self.temperature_ = 1.0 if judged is None else judged


class _ClassRounds(Rounds):
    """Rounds that take rows by the probability of the class that they get."""

    def __init__(self, options, *args):
        super().__init__(*args)
        self.options = options

    def choose(self):
        """Return the rows to take, and their labels."""
        criterion = self.options["criterion"]
        classes = self.model.classes_
        if criterion == "balanced":
            shares = self.model.predict_proba(take(self.data, self.others))
            own = self.weight[self.rows]
            prior = [own[self.labels == one].sum() for one in classes]
            places, codes = choose_balanced(shares, np.array(prior))
            return self.others[places], classes[codes]
        left = np.setdiff1d(self.others, self.taken)
        if not len(left):
            return self.taken, self.given
        shares = self.model.predict_proba(take(self.data, left))
        surest, codes = shares.max(axis=1), shares.argmax(axis=1)
        if criterion == "threshold":
            places = np.flatnonzero(surest > self.options["threshold"])
        else:
            n = count_best(self.options["k_best"], len(self.others))
            places = np.sort(np.argsort(-surest, kind="stable")[:n])
        return (
            np.concatenate([self.taken, left[places]]),
            np.concatenate([self.given, classes[codes[places]]]),
        )
