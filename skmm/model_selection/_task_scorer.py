"""A scorer of one of several tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline

from skmm._utils.compat import safe_indexing

if TYPE_CHECKING:
    from collections.abc import Callable

    from skmm._utils.typing import Label, Scoring, TableLike


def task_scorer(
    task: Label, scoring: Scoring | None = None
) -> Callable[[Any, TableLike, TableLike], float]:
    """Make a scorer of one task of a :class:`skmm.MultimodalMultitask`.

    It is for ``scoring=`` of scikit-learn's searches and of ``cross_validate``, and of
    the estimator itself. The task is scored on the rows that have it.

    Parameters
    ----------
    task : label
        Name of the task.
    scoring : str, callable or None, default=None
        A name of :func:`sklearn.metrics.get_scorer_names` or a scorer, as for an
        estimator of that task alone. None is accuracy, or R² of numbers.

    Returns
    -------
    scorer : callable
        Of an estimator, X and Y, and optionally ``sample_weight``. The estimator may be
        a Pipeline or a search around the multitask estimator.

    Raises
    ------
    ValueError
        When it is called: if the estimator has no such task, or if no row has it.
    TypeError
        When it is called: if the estimator does not learn several tasks.

    See Also
    --------
    skmm.MultimodalMultitask : Its ``score`` is the mean of all tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.model_selection import cross_validate
    >>> from skmm import MultimodalMultitask
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.model_selection import task_scorer
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> Y = pd.DataFrame({"label": y, "size": X.iloc[:, 0].rank()})
    >>> scoring = {"auc": task_scorer("label", "roc_auc"), "size": task_scorer("size")}
    >>> model = MultimodalMultitask(heads=["linear"], random_state=0)
    >>> scores = cross_validate(model, X, Y, cv=2, scoring=scoring)
    >>> scores["test_auc"].shape
    (2,)
    """
    return _TaskScorer(task, scoring)


class _TaskScorer:
    """See :func:`task_scorer`; a class, so that it can be pickled."""

    def __init__(self, task, scoring=None):
        if scoring is not None:
            get_scorer(scoring)  # a misspelled name is told here
        self.task = task
        self.scoring = scoring

    def __call__(self, estimator, X, y, sample_weight=None):
        model = _innermost(estimator)
        task = model._targets.find(self.task)
        frame = model._check_y(y)
        known = task.known(frame).nonzero()[0]
        if not len(known):
            raise ValueError(
                f"No row of {len(frame)} has the task {self.task!r} that is scored."
            )
        cls = _OneClassifier if task.is_classification else _OneRegressor
        scoring = self.scoring
        if scoring is None:
            scoring = "accuracy" if task.is_classification else "r2"
        options = {}
        if sample_weight is not None:
            options["sample_weight"] = safe_indexing(sample_weight, known)
        truth = task.read(frame.iloc[known])
        view = cls(estimator, task)
        return get_scorer(scoring)(view, safe_indexing(X, known), truth, **options)

    def __repr__(self):
        of = "" if self.scoring is None else f", {self.scoring!r}"
        return f"task_scorer({self.task!r}{of})"


def _innermost(estimator):
    """Return the multitask estimator in a Pipeline, a search or a frozen estimator."""
    inner = estimator
    while not hasattr(getattr(inner, "_targets", None), "find"):
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "estimator"):
            inner = inner.estimator
        else:
            raise TypeError(
                "task_scorer scores a fitted MultimodalMultitask, alone or in a "
                f"Pipeline or search; got {estimator!r}."
            )
    return inner


class _OneTask(BaseEstimator):
    """One task of what a fitted estimator predicts."""

    def __init__(self, estimator, task):
        self.estimator = estimator
        self.task = task

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.task.read(self.estimator.predict(X))


class _OneClassifier(ClassifierMixin, _OneTask):
    @property
    def classes_(self):
        targets = self.task.targets
        # Positions of two labels would look like two classes.
        return targets.classes if self.task.kind == "multilabel" else targets.classes[0]

    def predict_proba(self, X):
        return self.estimator.predict_proba(X)[self.task.name]


class _OneRegressor(RegressorMixin, _OneTask):
    pass
