"""How a fitted estimator's score falls as what it reads gets worse."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_consistent_length

from skmm._utils.compat import Interval
from skmm._utils.validation import Names, SequenceOf, check_arguments
from skmm.inspection._corrupting import CORRUPTIONS, FIXED, Corrupted
from skmm.inspection._hiding import HiddenModalities, open_estimator
from skmm.inspection._scores import name_scoring
from skmm.inspection._shuffling import ShuffledModalities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sklearn.base import BaseEstimator

    from skmm._utils.typing import CellsLike, RandomState, TableLike

_CONSTRAINTS: dict[str, list[Any]] = {
    "scoring": [str, callable, None],
    "corruptions": [SequenceOf(Names(list(CORRUPTIONS)))],
    "strengths": [SequenceOf(Interval(numbers.Real, 0, 1, closed="right"))],
    "n_repeats": [Interval(numbers.Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}


#: Steps of an attack.
_STEPS = 20


def robustness_report(
    estimator: BaseEstimator,
    X: TableLike,
    y: CellsLike,
    *,
    scoring: str | Callable[..., float] | None = None,
    corruptions: Sequence[str] = ("missing", "swapped", "noise", "blur"),
    strengths: Sequence[float] = (0.1, 0.25, 0.5, 1.0),
    n_repeats: int = 3,
    random_state: RandomState = None,
) -> Bunch:
    """Measure how the score falls as one modality after the other gets worse.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted. It may be what a search found, or the last step of a Pipeline.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows to measure on, best such as the estimator has not been fitted on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True targets.
    scoring : str or callable, default=None
        A metric of scikit-learn by name, or a function of an estimator, X and y. None
        is the score of the estimator, accuracy or R².
    corruptions : sequence of str, default=("missing", "swapped", "noise", "blur")
        What happens to a modality:

        - "missing": a share of the rows, `strength`, lacks it;
        - "swapped": a share of the rows has it from another row, as where tables were
          joined wrongly;
        - "noise": to each number is added Gaussian noise, whose standard deviation is
          `strength` times that of its column; in texts, a share of the characters
          is dropped, doubled or replaced by others of the text; to the pixels of
          pictures, from 0 to 255, is added Gaussian noise with a standard deviation of
          `strength` times 128; and to sounds white noise that is `strength` times as
          loud as the sound, so that the signal-to-noise ratio is 20 dB at a strength of
          0.1, 12 dB at 0.25, 6 dB at 0.5 and 0 dB at 1;
        - "blur": pictures are blurred by a Gaussian filter, whose radius is `strength`
          times a sixteenth of their longer side;
        - "attack": numbers, pixels and embeddings are changed in the direction in which
          the loss of the fused head grows most, by at most `strength` times the radii
          that are the defaults of :class:`skmm.augmentation.Adversarial`. What is
          scored is the mixture of all heads, for which the changes were not made; see
          :func:`attack`, which scores both.

        A modality that a corruption says nothing of (the categories of a table, videos,
        series, ...) is left out of it. For the first two, X is read once; for the
        others it is read anew each time, which takes long where a pretrained
        network reads pictures or sounds.
    strengths : sequence of float, default=(0.1, 0.25, 0.5, 1.0)
        From above 0 to 1.
    n_repeats : int, default=3
        How often each corruption is drawn; a blur is always the same.
    random_state : int, RandomState instance or None, default=None
        Draws rows, characters and noise.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With these entries:

        frame : DataFrame
            A row for each modality, corruption and strength: "modality",
            "corruption", "strength", "score_mean", "score_std" over the repeats, and
            "lost", how much lower the mean is than the score without corruption.
        score : float
            The score without corruption.
        scoring : str
            Name of the metric.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it holds no MultimodalClassifier or MultimodalRegressor.
    ValueError
        For unknown corruptions, and strengths that are not above 0 and at most 1.

    See Also
    --------
    modality_importance : What each modality brings.
    RobustnessDisplay : Draws the report.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import robustness_report
    >>> X, y = make_multimodal_classification(
    ...     n_samples=600, signal="text", random_state=0
    ... )
    >>> model = MultimodalClassifier(max_epochs=4, random_state=0).fit(X[:400], y[:400])
    >>> result = robustness_report(
    ...     model, X[400:], y[400:], strengths=[1.0], random_state=0
    ... )
    >>> worst = result.frame["lost"].idxmax()
    >>> result.frame["modality"][worst]
    'text'
    """
    import pandas as pd

    check_arguments(locals(), _CONSTRAINTS, "robustness_report")
    check_consistent_length(X, y)
    inner, X = open_estimator(estimator, X, "robustness_report")
    y = inner._check_y(y)
    rng = check_random_state(random_state)
    scorer = check_scoring(inner, scoring=scoring)
    seen = HiddenModalities(inner, X, head=None)
    players = ShuffledModalities(inner, X, y, seen, scorer, {})
    corrupted = Corrupted(players)
    attacks = _Attacks(players, y, rng) if "attack" in corruptions else None
    whole, rows = players.score(seen.blocks), []
    for modality in seen.names:
        for corruption in corruptions:
            for strength in strengths:
                if attacks is not None and corruption == "attack":
                    scores = attacks.scores(modality, strength)
                    rows += _row(modality, corruption, strength, scores, whole)
                    continue
                scores = []
                for _ in range(1 if corruption in FIXED else n_repeats):
                    blocks = corrupted.draw(modality, corruption, strength, rng)
                    if blocks is not None:
                        scores.append(players.score(blocks))
                rows += _row(modality, corruption, strength, scores, whole)
    columns = ["modality", "corruption", "strength", "score_mean", "score_std", "lost"]
    return Bunch(
        frame=pd.DataFrame(rows, columns=columns),
        score=whole,
        scoring=name_scoring(inner, scoring),
    )


def _row(modality, corruption, strength, scores, whole):
    """Return a row of the report, in a list; none where nothing could be changed."""
    if not scores:
        return []
    mean, std = np.mean(scores), np.std(scores)
    return [(modality, corruption, strength, mean, std, whole - mean)]


class _Attacks:
    """Scores of the mixture under attacks on one modality.

    Parameters
    ----------
    players : ShuffledModalities
    y : ndarray
    rng : RandomState
    """

    def __init__(self, players, y, rng):
        from skmm.inspection._attacker import Attacker

        self.players = players
        blocks, seed = players.seen.blocks, rng.randint(2**31 - 1)
        self.attacker = Attacker(
            players.estimator, blocks, y, radius=None, steps=_STEPS, seed=seed
        )

    def scores(self, modality, strength):
        """Return the score, in a list; none where nothing could be changed."""
        if modality not in self.attacker.spaces:
            return []
        _, mixture = self.attacker.logits([modality], strength)
        return [self.players.score_logits(mixture)]
