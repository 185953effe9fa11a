"""How a fitted estimator's score falls as its rows are changed to be hard."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_consistent_length

from skmm._utils.compat import Interval
from skmm._utils.validation import SequenceOf, check_arguments
from skmm.inspection._hiding import open_estimator, view_of
from skmm.inspection._scores import name_scoring
from skmm.modalities._resolver import check_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sklearn.base import BaseEstimator

    from skmm._utils.typing import CellsLike, RandomState, TableLike

_CONSTRAINTS: dict[str, list[Any]] = {
    "modalities": [SequenceOf(str, SequenceOf(str)), None],
    "radius": [dict, None],
    "strengths": [SequenceOf(Interval(Real, 0, None, closed="neither"))],
    "steps": [Interval(Integral, 1, None, closed="left")],
    "scoring": [str, callable, None],
    "random_state": ["random_state"],
}


def attack(
    estimator: BaseEstimator,
    X: TableLike,
    y: CellsLike,
    *,
    modalities: Sequence[str | Sequence[str]] | None = None,
    radius: Mapping[str, float] | None = None,
    strengths: Sequence[float] = (1.0,),
    steps: int = 20,
    scoring: str | Callable[..., float] | None = None,
    random_state: RandomState = None,
) -> Bunch:
    """Measure how the score falls under attacks by projected gradient descent.

    Each row is changed within a radius, from a random start, in the direction in which
    the loss of the fused head grows [1]_. So an attack knows the weights of that head,
    and the true target. The score of the fused head is what is left of it.

    The mixture of all heads is scored on the same changes, which were not made for it:
    boosted trees have no gradient that could be followed. That it loses less is
    therefore no proof that it is robust; an attack against it may be found in another
    way. Where the change is of pixels or numbers, all heads read the changed rows.
    Where it is of embeddings or of vectors, only the fused head has them, and the other
    heads see the rows as they are.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted, with the head "fused". It may be what a search found, or the last step
        of a Pipeline.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows to attack, best such as the estimator has not been fitted on.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True targets.
    modalities : sequence of str or of sequences of str, default=None
        The modalities that are attacked, one after the other; those of an inner
        sequence at once. None takes each alone, then all at once.
    radius : dict of str to float, default=None
        Radius of modalities, in the units of :class:`skmm.augmentation.Adversarial`;
        others are not attacked. None takes the defaults given there.
    strengths : sequence of float, default=(1.0,)
        Factors of the radii.
    steps : int, default=20
        Number of steps, each of 2.5 / `steps` of the radius.
    scoring : str or callable, default=None
        A metric of scikit-learn by name, or a function of an estimator, X and y. None
        is the score of the estimator, accuracy or R².
    random_state : int, RandomState instance or None, default=None
        Draws where the changes start.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With these entries:

        frame : DataFrame
            A row for each attack, strength and head: "modality" (joined by " + "),
            "space" ("pixels", "numbers", "embeddings" or "vectors"), "strength",
            "head" ("fused" or "mixture"), "score" and "lost", how much lower it is
            than the score without an attack.
        scores : dict of str to float
            The scores of both heads without an attack.
        scoring : str
            Name of the metric.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it holds no MultimodalClassifier or MultimodalRegressor.
    ValueError
        If it has no head "fused" or was fitted with ``validation=k``, for modalities
        that it does not have, and where nothing of them can be changed.

    See Also
    --------
    robustness_report : Scores as modalities are missing, swapped, noisy or attacked.
    skmm.augmentation.Adversarial : Trains against such changes.

    References
    ----------
    .. [1] Madry, Makelov, Schmidt, Tsipras, Vladu: Towards Deep Learning Models
       Resistant to Adversarial Attacks, ICLR 2018.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import attack
    >>> X, y = make_multimodal_classification(n_samples=400, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=4, random_state=0).fit(X[:300], y[:300])
    >>> result = attack(model, X[300:], y[300:], steps=5, random_state=0)
    >>> result.frame["modality"].unique().tolist()
    ['tabular', 'text', 'tabular + text']
    """
    import pandas as pd

    from skmm.inspection._attacker import Attacker

    check_arguments(locals(), _CONSTRAINTS, "attack")
    check_consistent_length(X, y)
    inner, X = open_estimator(estimator, X, "attack")
    y = inner._check_y(y)
    scorer = check_scoring(inner, scoring=scoring)
    attacker = Attacker(
        inner,
        inner._blocks(X),
        y,
        radius=radius,
        steps=steps,
        seed=check_random_state(random_state).randint(2**31 - 1),
    )
    spaces = attacker.spaces
    chosen = _choose(modalities, spaces, list(attacker.blocks))

    def score(logits):
        return float(scorer(view_of(inner, X, logits), X, y))

    heads = ("fused", "mixture")
    whole = dict(zip(heads, map(score, attacker.logits((), 0.0))))
    rows = []
    for names in chosen:
        modality = " + ".join(names)
        space = " + ".join(dict.fromkeys(spaces[name] for name in names))
        for strength in strengths:
            for head, logits in zip(heads, attacker.logits(names, strength)):
                found = score(logits)
                lost = whole[head] - found
                rows.append((modality, space, strength, head, found, lost))
    columns = ["modality", "space", "strength", "head", "score", "lost"]
    return Bunch(
        frame=pd.DataFrame(rows, columns=columns),
        scores=whole,
        scoring=name_scoring(inner, scoring),
    )


def _choose(modalities, spaces, known):
    """Return the modalities of each attack, a list of lists of names."""
    if modalities is None:
        chosen = [[name] for name in spaces]
        if len(chosen) > 1:
            chosen.append(list(spaces))
    else:
        chosen = [[one] if isinstance(one, str) else list(one) for one in modalities]
    names = [name for some in chosen for name in some]
    check_names(names, known, "modalities")
    fixed = [name for name in names if name not in spaces]
    if fixed or not names:
        raise ValueError(
            f"Nothing can be changed of {fixed or known}: they have no numbers, pixels "
            "or embeddings, or radius= leaves them out. Categories are not attacked."
        )
    return chosen
