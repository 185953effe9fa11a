"""All contenders of a fusion report on one fold."""

import numbers
import time
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from skmm._utils.compat import safe_split
from skmm._utils.step_cache import StepCache
from skmm.model_selection._contenders import LATE_AVERAGE
from skmm.model_selection._evaluation import make_candidate
from skmm.model_selection._late_average import (
    LateAverageClassifier,
    LateAverageRegressor,
)


class Scored(NamedTuple):
    """What a contender came to on a fold; ``error`` is what went wrong, if anything."""

    score: float
    fit_seconds: float
    score_seconds: float
    error: str | None = None


def score_contenders(base, contenders, X, y, train, test, groups, scorer, told):
    """Fit and score all contenders on a fold, on blocks that they share.

    Parameters
    ----------
    base : MultimodalClassifier or MultimodalRegressor
    contenders : list of Contender
    X, y : the data of all folds
    train, test : ndarray of int
    groups : ndarray of shape (n_samples,) or None
    scorer : callable
    told : str or None
        What stands before each line that is printed; None prints none.

    Returns
    -------
    scored : list of Scored
    """
    # Cut once: the step cache knows rows by the frame that they lie in.
    train_set = safe_split(base, X, y, train)
    test_set = safe_split(base, X, y, test, train)
    fit_params = {} if groups is None else {"groups": groups[train]}
    fold = _Fold(train_set, test_set, fit_params, scorer)
    found = []
    for contender in contenders:
        found.append(fold.score(base, contender))
        if told:
            result = found[-1].error or f"{found[-1].score:.4f}"
            print(f"{told}: {contender.name}: {result}", flush=True)
    return found


class _Fold:
    def __init__(self, train_set, test_set, fit_params, scorer):
        self.train_set = train_set
        self.test_set = test_set
        self.fit_params = fit_params
        self.scorer = scorer
        self.cache = StepCache()
        self.singles = []
        self.seconds_of_singles = 0.0

    def score(self, base, contender):
        """Fit and score a contender.

        A baseline or an average that the target or the scorer does not allow is left
        out of the report, with the reason; what fusion is judged by raises.
        """
        is_needed = contender.params is not None and contender.kind != "baseline"
        try:
            fitted, fit_seconds = self._timed(self._fit, base, contender)
            score, score_seconds = self._timed(self.scorer, fitted, *self.test_set)
            score = _read_score(score)
        except Exception as error:
            if is_needed:
                error.add_note(f"This is of {contender.name!r} in a fusion report.")
                raise
            return Scored(np.nan, np.nan, np.nan, f"{type(error).__name__}: {error}")
        if contender.kind == "single":
            self.singles.append(fitted)
            self.seconds_of_singles += fit_seconds
        if contender.name == LATE_AVERAGE:
            fit_seconds = self.seconds_of_singles
        return Scored(score, fit_seconds, score_seconds)

    def _timed(self, function, *args):
        """Return what a function gives, and its seconds if nothing were shared."""
        saved, start = self.cache.saved, time.perf_counter()
        value = function(*args)
        return value, time.perf_counter() - start + self.cache.saved - saved

    def _fit(self, base, contender):
        X, y = self.train_set
        if contender.params is not None:
            estimator = make_candidate(base, contender.params)
            estimator._steps = self.cache
            return estimator.fit(X, y, **self.fit_params)
        of_classes = is_classifier(base)
        if contender.name == LATE_AVERAGE:
            cls = LateAverageClassifier if of_classes else LateAverageRegressor
            return cls(self.singles)
        cls = DummyClassifier if of_classes else DummyRegressor
        return cls().fit(np.zeros((len(y), 1)), y)


def _read_score(score):
    if not isinstance(score, numbers.Number):
        raise ValueError(
            f"scoring gave {type(score).__name__}, and a report is about one number. "
            "Pass the scorer of one metric."
        )
    if not np.isfinite(score):
        raise ValueError(
            f"The score is {score}. Choose a scoring that the targets allow, or folds "
            "in whose test rows each class occurs."
        )
    return float(score)
