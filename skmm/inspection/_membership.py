"""How much a model tells of which rows it was fitted on."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from skmm._data.frames import as_frame
from skmm._utils.compat import HasMethods, Interval
from skmm._utils.validation import check_arguments
from skmm.inspection._membership_result import MembershipAudit
from skmm.inspection._membership_theory import bound_epsilon

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import CellsLike, RandomState, TableLike

_CONSTRAINTS: dict[str, list[Any]] = {
    "estimator": [HasMethods(["fit", "predict"])],
    "canaries": [tuple, None],
    "n_canaries": [Interval(numbers.Integral, 2, None, closed="left")],
    "n_guesses": [Interval(numbers.Integral, 1, None, closed="left"), None],
    "n_references": [Interval(numbers.Integral, 0, None, closed="left")],
    "confidence": [Interval(numbers.Real, 0, 1, closed="neither")],
    "delta": [Interval(numbers.Real, 0, 1, closed="left"), None],
    "random_state": ["random_state"],
}
#: Probabilities are not taken nearer to 0 or 1: their logit stays finite.
_LEAST = 1e-12


def membership_audit(
    estimator: BaseEstimator,
    X: TableLike,
    y: CellsLike,
    *,
    canaries: tuple[TableLike, CellsLike] | None = None,
    n_canaries: int = 100,
    n_guesses: int | None = None,
    n_references: int = 0,
    confidence: float = 0.95,
    delta: float | None = None,
    random_state: RandomState = None,
) -> MembershipAudit:
    r"""Attack an estimator: tell which rows it was fitted on, in one training run.

    A copy of the estimator is fitted on `X` and on canaries, rows that are easy to
    recognise, of which each is in with probability one half [1]_. Then the canaries
    with the highest scores are guessed to be in, and those with the lowest to be out.
    The score is how well the model predicts the canary. A model that is
    :math:`(\varepsilon, \delta)`-differentially private does not let more of these
    guesses be right than coins of a known bias: so the number of right guesses bounds
    :math:`\varepsilon` from below.

    The bound tells what *this* attack finds. A bound above what is promised proves an
    error; a small one does not prove privacy.

    Parameters
    ----------
    estimator : classifier or regressor
        Of skmm, scikit-learn or another library with this interface; it is cloned,
        fitted or not.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows to fit on.
    y : array-like of shape (n_samples,)
        Their targets.
    canaries : (X, y), default=None
        Rows of your own that are put in or left out. None takes `n_canaries` rows out
        of `X`, and gives them wrong targets: another class, or the end of the target's
        range that is farther away.
    n_canaries : int, default=100
        Number of canaries that are taken out of `X`.
    n_guesses : int, default=None
        Number of canaries that are guessed, half of them to be in and half to be out.
        None takes half of the canaries. It must not be chosen by the result.
    n_references : int, default=0
        Number of further copies that are fitted without any canary. Their mean score
        of a canary is subtracted from the model's [2]_, which tells what was learned
        by heart from what is easy. Each takes as long as a fit.
    confidence : float, default=0.95
        Probability, between 0 and 1, with which the bound holds.
    delta : float, default=None
        :math:`\delta` of the promise. None takes that of the estimator's ``privacy=``,
        and 0 without one.
    random_state : int, RandomState instance or None, default=None
        Draws the canaries, their targets, and which of them are in.

    Returns
    -------
    audit : MembershipAudit

    Raises
    ------
    ValueError
        If there are fewer rows than canaries, more guesses than canaries, or several
        outputs.

    See Also
    --------
    skmm.privacy.PrivacySpec : Train with differential privacy.

    References
    ----------
    .. [1] Steinke, Nasr, Jagielski: Privacy Auditing with One (1) Training Run, NeurIPS
       2023.
    .. [2] Carlini, Chien, Nasr, Song, Terzis, Tramèr: Membership Inference Attacks From
       First Principles, IEEE S&P 2022.

    Examples
    --------
    A tree that is grown until each leaf is pure knows all its rows by heart:

    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmm.inspection import membership_audit
    >>> X = np.random.default_rng(0).normal(size=(500, 5))
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> audit = membership_audit(tree, X, X[:, 0] > 0, random_state=0)
    >>> audit.epsilon > 1
    True
    """
    check_arguments(locals(), _CONSTRAINTS, "membership_audit")
    rng = check_random_state(random_state)
    X, y = _read(X, y)
    if canaries is None:
        X, y, X_canary, y_canary = _take_canaries(estimator, X, y, n_canaries, rng)
    else:
        X_canary, y_canary = _read(*canaries)
    n = len(y_canary)
    n_guesses = max(n // 2, 1) if n_guesses is None else n_guesses
    if n_guesses > n:
        raise ValueError(
            f"n_guesses={n_guesses}, and there are {n} canaries. Guess at most all of "
            "them."
        )
    is_in = rng.randint(2, size=n).astype(bool)
    together = _stack(X, X_canary[is_in]), np.concatenate([y, y_canary[is_in]])
    fitted = _fit(estimator, *together, rng)
    scores = _score(fitted, X_canary, y_canary)
    for _ in range(n_references):
        reference = _fit(estimator, X, y, rng)
        scores = scores - _score(reference, X_canary, y_canary) / n_references
    guesses = _guess(scores, n_guesses, rng)
    claimed = getattr(_innermost(fitted), "privacy_", None)
    if delta is None:
        delta = 0.0 if claimed is None else claimed.delta
    n_correct = int((guesses == np.where(is_in, 1, -1)).sum())
    return MembershipAudit(
        epsilon=bound_epsilon(n, n_guesses, n_correct, delta, confidence),
        delta=delta,
        confidence=confidence,
        n_canaries=n,
        n_guesses=n_guesses,
        n_correct=n_correct,
        roc_auc=float(roc_auc_score(is_in, scores)) if 0 < is_in.sum() < n else np.nan,
        claimed_epsilon=None if claimed is None else claimed.epsilon,
        scores=scores,
        is_member=is_in,
        guesses=guesses,
    )


def _read(X, y):
    check_consistent_length(X, y)
    y = np.asarray(y)
    if y.ndim != 1:
        raise ValueError(
            f"y has the shape {y.shape}: membership_audit is for one target a row. "
            "Audit each output by itself."
        )
    # Arrays stay arrays: what they hold has no names.
    return (X if isinstance(X, np.ndarray) else _Rows(as_frame(X))), y


class _Rows:
    """A frame whose rows are taken as those of an array are."""

    def __init__(self, frame):
        self.frame = frame

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, rows):
        return _Rows(self.frame[rows] if rows.dtype == bool else self.frame.iloc[rows])


def _frame_of(X):
    return X.frame if isinstance(X, _Rows) else X


def _stack(X, more):
    import pandas as pd

    if isinstance(X, np.ndarray) and isinstance(more, np.ndarray):
        return np.concatenate([X, more])
    frames = [as_frame(_frame_of(some)) for some in (X, more)]
    return _Rows(pd.concat(frames, ignore_index=True))


def _take_canaries(estimator, X, y, n_canaries, rng):
    """Return the other rows and the canaries, whose targets are wrong."""
    if n_canaries >= len(y):
        raise ValueError(
            f"n_canaries={n_canaries} of {len(y)} rows leaves none to fit on. Lower "
            "n_canaries, or pass canaries=(X, y) of your own."
        )
    order = rng.permutation(len(y))
    places, rest = order[:n_canaries], np.sort(order[n_canaries:])
    if is_classifier(estimator):
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError("y holds one class only, so that no target can be wrong.")
        away = rng.randint(1, len(classes), size=n_canaries)
        wrong = classes[(codes[places] + away) % len(classes)]
    else:
        low, high = y.min(), y.max()
        wrong = np.where(y[places] - low > high - y[places], low, high)
    return X[rest], y[rest], X[places], wrong


def _fit(estimator, X, y, rng):
    order = rng.permutation(len(y))
    return clone(estimator).fit(_frame_of(X[order]), y[order])


def _score(estimator, X, y):
    """Return how well each row's target is predicted, (n_rows,)."""
    X = _frame_of(X)
    if not is_classifier(estimator):
        return -np.abs(np.asarray(estimator.predict(X), dtype=float) - y)
    if not hasattr(estimator, "predict_proba"):
        return (np.asarray(estimator.predict(X)) == y).astype(float)
    probabilities = np.asarray(estimator.predict_proba(X), dtype=float)
    places = {label: place for place, label in enumerate(estimator.classes_.tolist())}
    columns = [places[label] for label in y.tolist()]
    p = np.clip(probabilities[np.arange(len(y)), columns], _LEAST, 1 - _LEAST)
    return np.log(p) - np.log1p(-p)


def _guess(scores, n_guesses, rng):
    """Return 1 for "in", -1 for "out" and 0 for no guess; equal scores by a coin."""
    order = np.lexsort([rng.permutation(len(scores)), scores])
    guesses = np.zeros(len(scores), dtype=int)
    n_out = n_guesses // 2
    guesses[order[:n_out]] = -1
    guesses[order[len(order) - (n_guesses - n_out) :]] = 1
    return guesses


def _innermost(estimator):
    """Return the last step of pipelines, and the best of searches."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return estimator
