"""Co-training: models of single modalities label rows for each other."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmm._classifier import MultimodalClassifier
from skmm._utils.compat import (
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from skmm.feature_extraction import MultimodalVectorizer
from skmm.semi_supervised._base import (
    check_classifier,
    unchanged_on_error,
)
from skmm.semi_supervised._classifier import SemiSupervisedClassifier
from skmm.semi_supervised._committee import Committee
from skmm.semi_supervised._features import ModalityFeatures
from skmm.semi_supervised._labels import read_partial_labels
from skmm.semi_supervised._members import ALL, WHOLE, Members

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import (
        CV,
        ArrayLike,
        CellsLike,
        Columns,
        RandomState,
        TableLike,
    )

#: Rounds without a gain after which no further one is tried.
_PATIENCE = 2


class CoTrainingClassifier(SemiSupervisedClassifier):
    """Learn classes from few labelled rows, by models of single modalities.

    Each modality is a view: a linear model reads its features, which are learned from
    all rows, labelled or not. The views label the other rows for each other [1]_. Any
    number of views takes part [2]_, a view abstains where a row lacks its modality, and
    a row gets a label on which more than half of the weight agrees.

    What is predicted is what all say together: the views, a linear model of all
    features, and ``estimator``, fitted on the labelled rows as they are. Each is
    weighed by labelled rows that were left out while it was fitted, and so is chosen
    how many rounds help. A view that says nothing of the target gets no weight, and
    where no round helps none is done.

    Parameters
    ----------
    estimator : classifier with predict_proba, "drop" or None, default=None
        The member that is fitted on the labelled rows themselves, a pandas frame. None
        stands for :class:`~skmm.MultimodalClassifier`; "drop" does without one.
    view_estimator : classifier with predict_proba, default=None
        What is fitted on the features of each view, and of all of them. None stands for
        ``LogisticRegression(C=10)``.
    views : "auto" or list of (name, kind, columns), default="auto"
        The views, as ``modalities`` of
        :class:`~skmm.feature_extraction.MultimodalVectorizer`. "auto" takes each
        modality that is detected.
    teachers : {"all", "others"}, default="all"
        Who labels rows for a view: "all" members together, as in democratic co-learning
        [2]_, or only the "others", as in co-training [1]_.
    pseudo_weight : float or None, default=0.5
        Weight of all rows labelled by models together, in units of the weight of the
        labelled rows; a single one weighs at most as much as a labelled row. None gives
        each its full weight.
    max_iter : int, default=3
        Greatest number of rounds.
    cv : int, splitter or None, default=5
        Folds of the labelled rows by which the members are weighed and the number of
        rounds is chosen; each labelled row must be left out once. None weighs all
        alike and does ``max_iter`` rounds.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds and of the default estimator.
    verbose : int, default=0
        If positive, each round prints a line.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    estimators_ : dict of str to classifier
        The fitted members: the views by their names, "all views", and "estimator".
    weights_ : dict of str to float
        The weight of each; the sum is the inverse of a temperature.
    views_ : list of (name, kind, columns)
        The views, with the labels of their columns.
    transduction_ : ndarray of shape (n_samples,)
        The labels, with those given to other rows in the last round. Rows that got none
        keep their mark.
    labeled_iter_ : ndarray of int of shape (n_samples,)
        The round in which a row was first labelled: 0 for labelled rows, -1 for rows
        without a label in the end.
    n_iter_ : int
        Number of rounds.
    termination_condition_ : {"max_iter", "no_change", "all_labeled", "no_gain"}
        Why there are no more rounds. "no_gain": more of them did not help on labelled
        rows that were left out.
    cv_scores_ : ndarray of shape (n_rounds + 1,)
        The negative log-loss of the labelled rows that were left out, after each round
        that was tried; empty where none was compared.
    transformer_ : transformer
        What gives the views their features.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Defined only if all names of columns are strings.

    See Also
    --------
    SelfTrainingClassifier : One model that labels rows for itself; it is quicker.

    Notes
    -----
    Rows without a label are marked as for :class:`SelfTrainingClassifier`. The members'
    weights, one number each, are fitted on the same rows by which rounds are compared,
    in every round.

    References
    ----------
    .. [1] Blum, Mitchell: Combining Labeled and Unlabeled Data with Co-Training, COLT
       1998.
    .. [2] Zhou, Goldman: Democratic Co-Learning, ICTAI 2004.

    Examples
    --------
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.semi_supervised import CoTrainingClassifier
    >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
    >>> y[50:] = -1
    >>> model = CoTrainingClassifier("drop", random_state=0).fit(X, y)
    >>> list(model.weights_)
    ['tabular', 'text', 'all views']
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict_proba"]), StrOptions({"drop"}), None],
        "view_estimator": [HasMethods(["fit", "predict_proba"]), None],
        "views": [StrOptions({"auto"}), list, tuple],
        "teachers": [StrOptions({"all", "others"})],
        "pseudo_weight": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "max_iter": [Interval(numbers.Integral, 0, None, closed="left")],
        "cv": [Interval(numbers.Integral, 2, None, closed="left"), "cv_object", None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: BaseEstimator | Literal["drop"] | None = None,
        *,
        view_estimator: BaseEstimator | None = None,
        views: Literal["auto"] | Sequence[tuple[str, str, Columns]] = "auto",
        teachers: Literal["all", "others"] = "all",
        pseudo_weight: float | None = 0.5,
        max_iter: int = 3,
        cv: CV = 5,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.view_estimator = view_estimator
        self.views = views
        self.teachers = teachers
        self.pseudo_weight = pseudo_weight
        self.max_iter = max_iter
        self.cv = cv
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: TableLike,
        y: CellsLike,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Learn from rows of which some have a label.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
            All rows, with and without a label.
        y : array-like of shape (n_samples,)
            Classes, with None, NaN or NA where they are not known. If no cell is
            missing, -1 marks these rows.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        **params : dict
            Handed on to the ``fit`` of ``estimator`` by metadata routing.

        Returns
        -------
        self : CoTrainingClassifier

        Raises
        ------
        ValueError
            If no row has a label, or what is there cannot be learned.
        """
        with unchanged_on_error(self):
            return self._fit(X, y, sample_weight, params)

    def _fit(self, X, y, sample_weight, params):
        params = self._routed_fit_params(params)
        frame = self._read_frame(X, reset=True)
        labels, labelled, whole = read_partial_labels(y)
        check_consistent_length(X, labelled)
        weight = check_sample_weight(
            sample_weight, frame, dtype=np.float64, ensure_non_negative=True
        )
        classes = np.unique(labels)
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class only ({classes.tolist()[0]!r} in {len(labels)} "
                "rows); a classifier needs at least 2 classes. Label rows of another."
            )
        rows, others = np.flatnonzero(labelled), np.flatnonzero(~labelled)
        if not len(others):
            warnings.warn(
                "y has a label in every row: there is nothing to learn from rows "
                "without.",
                UserWarning,
                stacklevel=4,
            )
        transformer = ModalityFeatures(MultimodalVectorizer(self.views))
        # Once, on all rows: what is learned of them without labels, for all fits.
        features = transformer.fit_transform(frame)
        for name in (ALL, WHOLE):
            if name in transformer.views_:
                raise ValueError(
                    f"A view is named {name!r}, which is the name of a member that is "
                    "not a view. Name it otherwise in views=."
                )
        data = frame, features, transformer.views_, transformer.present(frame)
        options = weight, params, self.pseudo_weight, self.teachers

        def begin(train):
            return Members(
                self._make_estimator(),
                self._make_view_estimator(),
                data,
                (labels[train], rows[train], others),
                options,
                classes,
            )

        committees, scores = self._try_rounds(
            begin, labels, rows, others, weight, classes
        )
        run = begin(np.arange(len(rows)))
        run.fit()
        best = int(np.argmax(scores)) if scores else self.max_iter
        if not committees:
            committees = [Committee(run.names, classes)] * (self.max_iter + 1)
        while run.n_rounds < best and run.label(committees[run.n_rounds]):
            run.fit()
        self.transformer_ = transformer
        self.classes_ = classes
        self._committee = committees[best]
        self.estimators_ = run.models
        self.weights_ = dict(zip(run.names, self._committee.weights.tolist()))
        self.views_ = list(self.transformer_.vectorizer_.modalities_)
        self.cv_scores_ = np.array(scores)
        self.n_iter_ = run.n_rounds
        self.termination_condition_ = run.reason(len(scores), self.max_iter)
        self.transduction_, self.labeled_iter_ = run.transduce(whole)
        if self.verbose:
            told = ", ".join(f"{k} {v:.2f}" for k, v in self.weights_.items())
            print(f"Weights after {self.n_iter_} rounds: {told}")
        return self

    def _try_rounds(self, begin, labels, rows, others, weight, classes):
        """Return the committee and the score of each round, by rows left out."""
        folds = self._folds(labels, stratify=True)
        if not folds:
            if self.cv is not None:
                warnings.warn(
                    f"{len(rows)} rows have a label, too few to weigh the views by "
                    "them. Set cv=None to weigh all alike, as is done now.",
                    UserWarning,
                    stacklevel=5,
                )
            return [], []
        runs = [begin(train) for train, _ in folds]
        tests = np.concatenate([rows[test] for _, test in folds])
        truth = np.concatenate([labels[test] for _, test in folds])
        codes = np.searchsorted(classes, truth)
        committees, scores = [], []
        n_rounds = self.max_iter if len(others) else 0
        for i in range(n_rounds + 1):
            # All of them go on, also where one has come to its end.
            went_on = [i == 0 or run.label(committees[-1]) for run in runs]
            if not any(went_on):
                break
            for run in runs:
                run.fit()
            said = [run.say(rows[test]) for run, (_, test) in zip(runs, folds)]
            shares, present = map(_join, zip(*said))
            committee = Committee(runs[0].names, classes)
            committee = committee.weighed(shares, present, codes, weight[tests])
            found = committee(shares, present)[np.arange(len(codes)), codes]
            tiny = np.finfo(np.float64).tiny
            score = np.average(np.log(np.maximum(found, tiny)), weights=weight[tests])
            committees.append(committee)
            scores.append(float(score))
            if self.verbose:
                print(f"Round {i}: log-loss {-score:.4f} of rows left out")
            if i - int(np.argmax(scores)) >= _PATIENCE:
                break
        return committees, scores

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
        said = self._say(X)
        return self._committee(*said)

    def predict_views(self, X: TableLike) -> dict[str, npt.NDArray[np.float64]]:
        """Predict the probability of each class by each view alone.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : dict of str to ndarray of shape (n_samples, n_classes)
            NaN in the rows that lack the modality.
        """
        shares, _ = self._say(X)
        present = self.transformer_.present(self._read_frame(X, reset=False))
        return {
            name: np.where(mask[:, None], shares[name], np.nan)
            for name, mask in present.items()
        }

    def _say(self, X):
        check_is_fitted(self)
        frame = self._read_frame(X, reset=False)
        features = self.transformer_.transform(frame)
        present = self.transformer_.present(frame)
        return Members.ask(
            self.estimators_,
            frame,
            features,
            self.transformer_.views_,
            present,
            self.classes_,
        )

    def _make_estimator(self):
        if isinstance(self.estimator, str):
            return None
        if self.estimator is None:
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            return MultimodalClassifier(random_state=seed)
        check_classifier(self.estimator, "estimator")
        return clone(self.estimator)

    def _make_view_estimator(self):
        if self.view_estimator is None:
            return LogisticRegression(C=10, max_iter=1000)
        check_classifier(self.view_estimator, "view_estimator")
        return clone(self.view_estimator)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_committee")


def _join(parts):
    """Join dicts of arrays along the rows."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
