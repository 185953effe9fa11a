"""What each part of a row brings to its prediction."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.utils import check_random_state

from skmm._data.frames import as_frame, take_rows
from skmm._utils.compat import HasMethods, Interval, StrOptions
from skmm._utils.names import did_you_mean
from skmm._utils.validation import SequenceOf, check_arguments
from skmm.inspection._coalitions import draw_contexts, exact_shapley, sampled_shapley
from skmm.inspection._explanation import Part, RowExplanation
from skmm.inspection._hiding import choose_head, open_estimator
from skmm.inspection._outcome import Outcome
from skmm.inspection._variants import make_variants
from skmm.io._defaults import reading_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.base import BaseEstimator

    from skmm._utils.typing import Label, RandomState, TableLike

#: Modalities up to which all coalitions are looked at, and the permutations beyond.
_MOST_MODALITIES, _N_ORDERS = 10, 40
#: Parts of a modality up to which all coalitions are, and the most permutations beyond.
_MOST_PARTS, _MOST_ORDERS = 6, 30

_CONSTRAINTS = {
    "estimator": [HasMethods("fit")],
    "row": [numbers.Integral],
    "output": [Interval(numbers.Integral, 0, None, closed="left"), None],
    "scale": [StrOptions({"probability", "log_odds"})],
    "head": [str, None],
    "parts": ["boolean", SequenceOf(str)],
    "max_evaluations": [
        StrOptions({"auto"}),
        Interval(numbers.Integral, 2, None, closed="left"),
    ],
    "grid": [StrOptions({"auto"}), Interval(numbers.Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
}


def explain_row(
    estimator: BaseEstimator,
    X: TableLike,
    row: int = 0,
    *,
    target: Label | None = None,
    output: int | None = None,
    scale: Literal["probability", "log_odds"] = "probability",
    head: str | None = None,
    parts: bool | Sequence[str] = True,
    max_evaluations: int | Literal["auto"] = "auto",
    grid: int | Literal["auto"] = "auto",
    random_state: RandomState = 0,
) -> RowExplanation:
    """Explain one prediction of a fitted estimator by the parts of its row.

    The prediction is shared out among the modalities of the row, and what each modality
    has among its parts: the columns of a table, the words of a text, the regions of a
    picture, the stretches of a sound. The values of the modalities sum to the
    prediction minus the baseline, which is what the estimator predicts for a row of
    which nothing is known. The values of the parts sum to that of their modality.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted. It may be what a search found, or the last step of a Pipeline.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows, of which one is explained. Only this one is read.
    row : int, default=0
        Position of the row; -1 is the last one.
    target : label, default=None
        The class whose probability is explained. None takes the predicted class.
    output : int, default=None
        Number of the output, counted from 0, if the estimator has several.
    scale : {"probability", "log_odds"}, default="probability"
        What is explained of a classifier: the probability of the class, or the
        logarithm of its odds, in which evidence adds up. Of a regressor it is the
        predicted value.
    head : str, default=None
        One of the estimator's heads, such as ``"fused"``, to be explained alone. None
        explains what the estimator predicts, the mixture of its heads.
    parts : bool or sequence of str, default=True
        Whether modalities are divided into parts; the names of those that are. Videos,
        series, vectors, nodes of a graph, and what an encoder or a transformer of your
        own reads are never divided.
    max_evaluations : int or "auto", default="auto"
        Largest number of variants of the row that are read for each modality, with some
        of its parts hidden; but each part is added in two orders at least. ``"auto"``
        is 1,024 for tables and texts and 256 for pictures and sounds; where a
        pretrained network reads them, 128 for texts and 64 for pictures and sounds.
        Fewer give rougher values. There are at most a quarter as many words, regions or
        stretches: words of longer texts are taken together.
    grid : int or "auto", default="auto"
        Number of regions along the longer side of a picture. ``"auto"`` takes as many
        as `max_evaluations` allows for, at most 8: 4 where a pretrained network reads
        the picture. Take more evaluations for a finer grid, four for each region.
    random_state : int, RandomState instance or None, default=0
        Draws the orders in which parts are added.

    Returns
    -------
    explanation : RowExplanation
        The tree of values. A notebook shows it with coloured words and pictures.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it holds no MultimodalClassifier or MultimodalRegressor.
    ValueError
        For a row, a class, an output, a head or a modality that is not there; and for
        an estimator of several outputs without ``output``.

    See Also
    --------
    modality_importance : What each modality brings to the score over many rows.

    Notes
    -----
    Values of modalities are Shapley values [1]_ over all coalitions of the modalities
    that the row has, up to 10. A hidden modality is one that the row lacks: each head
    takes it as it takes a missing modality.

    Values of parts are Owen values [2]_: the mean gain over the orders in which the
    parts of a modality follow one another and the other modalities come before or
    after them. Up to 6 parts all orders are looked at, else random ones in pairs of
    opposite orders; and up to 3 other modalities all their coalitions, else 8 random
    ones. A hidden cell of a table is missing, a hidden word is left out, a hidden
    region has the mean colour of the picture (or is transparent if the picture has
    transparent parts), and a hidden stretch has noise that is as low as the quietest
    part of the sound. What remains is the part named "being there": what the modality
    with all parts hidden brings beside a row that lacks it, and what sampling leaves.

    The changed cells are read as any others are. With ``memory`` their vectors are
    kept in the cache, too.

    References
    ----------
    .. [1] Shapley: A value for n-person games, Contributions to the Theory of Games
       2, 1953.
    .. [2] Owen: Values of games with a priori unions, Mathematical Economics and Game
       Theory, 1977.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import explain_row
    >>> X, y = make_multimodal_classification(
    ...     n_samples=400, signal="text", random_state=0
    ... )
    >>> model = MultimodalClassifier(max_epochs=4, random_state=0).fit(X[:300], y[:300])
    >>> explanation = explain_row(model, X, row=300)
    >>> frame = explanation.to_frame()
    >>> modalities = frame[frame["kind"] == "modality"].set_index("modality")
    >>> modalities["value"].idxmax()
    'text'
    >>> gain = explanation.prediction - explanation.baseline
    >>> bool(abs(modalities["value"].sum() - gain) < 1e-6)
    True
    """
    check_arguments(locals(), _CONSTRAINTS, "explain_row")
    inner, X = open_estimator(estimator, _take_row(X, row), "explain_row")
    learner = choose_head(inner, head)
    frame = inner._read_frame(X, reset=False)
    blocks = inner._blocks(frame)
    logits = learner.predict(blocks)
    outcome = Outcome(inner, frame, logits, target=target, output=output, scale=scale)
    divided = _check_parts(parts, list(blocks))
    rng = check_random_state(random_state)
    seen = _Row(learner, blocks, outcome)
    values, baseline = seen.share_out(rng)
    modalities = []
    for name, encoder, positions in inner._preparation.modalities:
        part = Part(name, "modality", values.get(name, 0.0))
        part.missing = name not in values
        if part.missing:
            labels = [str(label) for label in frame.columns[positions]]
            part.parts = [Part(one, "column", missing=True) for one in labels]
        elif name in divided:
            with reading_with(inner._reading()):
                variants = make_variants(
                    encoder, frame, positions, max_evaluations, grid
                )
            if variants is not None and variants.players:
                _divide(inner, seen, part, variants, rng)
        modalities.append(part)
    return RowExplanation(
        modalities,
        prediction=float(outcome(logits)[0]),
        baseline=baseline,
        predicted=outcome.predicted,
        target=outcome.target,
        scale=outcome.scale,
        head=head,
        row=frame.index[0],
    )


class _Row:
    """Outcomes of one row of which some modalities are seen.

    Parameters
    ----------
    learner : Learner
    blocks : dict of str to Block
        Of the row.
    outcome : Outcome

    Attributes
    ----------
    names : list of str
        Of the modalities that the row has.
    """

    def __init__(self, learner, blocks, outcome):
        self.learner, self.blocks, self.outcome = learner, blocks, outcome
        self.names = [name for name, block in blocks.items() if block.present[0]]

    def share_out(self, rng):
        """Return the Shapley value of each modality, and the outcome without any."""
        n = len(self.names)
        if not n:
            return {}, float(self.measure(np.zeros((1, 0), dtype=bool))[0])
        if n <= _MOST_MODALITIES:
            coalitions = exact_shapley(n)
        else:
            coalitions = sampled_shapley(n, _N_ORDERS, rng)
        found = self.measure(coalitions.members)
        empty = coalitions.members.sum(axis=1).argmin()
        values = dict(zip(self.names, (coalitions.weights @ found).tolist()))
        return values, float(found[empty])

    def measure(self, members, given=None):
        """Return the outcome of each coalition of modalities.

        Parameters
        ----------
        members : ndarray of bool of shape (n_coalitions, n_names)
        given : dict of str to Block, default=None
            Blocks of as many rows, in place of the row's own.
        """
        import torch

        places = torch.zeros(len(members), dtype=torch.long)
        blocks = {**self.blocks, **(given or {})}
        for name, block in blocks.items():
            if name not in (given or {}):
                blocks[name] = block = block.take(places)
            if name in self.names:
                is_hidden = ~members[:, self.names.index(name)]
                blocks[name] = block.hide(torch.from_numpy(is_hidden))
        return self.outcome(self.learner.predict(blocks))


def _divide(estimator, seen, modality, variants, rng):
    """Share a modality's value out among its parts."""
    modality.parts = variants.columns
    players = variants.players
    n = len(players)
    if n == 1:
        players[0].value = modality.value
    else:
        coalitions = _choose_orders(n, variants.n_read, rng)
        found = _measure_parts(
            estimator, seen, modality.name, variants, coalitions, rng
        )
        values = coalitions.weights @ found
        for part, value in zip(players, values.tolist()):
            part.value = value
        rest = modality.value - float(values.sum())
        modality.parts.append(Part("being there", "presence", rest))
    for column in variants.columns:
        if column.kind == "column" and column.parts:
            column.value = float(sum(part.value for part in column.parts))


def _choose_orders(n, n_read, rng):
    if n <= _MOST_PARTS and 2**n <= n_read:
        return exact_shapley(n)
    n_orders = 2 * (n_read // (2 * n))
    return sampled_shapley(n, min(max(n_orders, 2), _MOST_ORDERS), rng)


def _measure_parts(estimator, seen, name, variants, coalitions, rng):
    """Return the outcome of each coalition of parts, over the other modalities."""
    members = coalitions.members
    preparation = estimator._preparation.only(name)
    with warnings.catch_warnings():
        # What there is to say of the row was said when it was read.
        warnings.simplefilter("ignore", UserWarning)
        block = preparation.transform(variants.frame(members), estimator._reading())
    block = variants.seen(block[name], ~members.any(axis=1))
    found, i = np.zeros(len(members)), seen.names.index(name)
    for others, weight in zip(*draw_contexts(len(seen.names) - 1, rng)):
        context = np.insert(others, i, True)
        every = np.tile(context, (len(members), 1))
        found += weight * seen.measure(every, {name: block})
    return found


def _check_parts(parts, names):
    """Return the names of the modalities that are to be divided."""
    if isinstance(parts, (bool, np.bool_)):
        return names if parts else []
    for name in parts:
        if name not in names:
            raise ValueError(
                f"parts={parts!r}: there is no modality {name!r}; there are {names}."
                f"{did_you_mean(name, names)}"
            )
    return list(parts)


def _take_row(X, row):
    """Return a table of one of the rows of X."""
    if not hasattr(X, "shape"):
        X = as_frame(X)
    n_rows = X.shape[0]
    if not -n_rows <= row < n_rows:
        raise ValueError(
            f"row={row} is not there: X has {n_rows} rows, counted from 0."
        )
    row %= n_rows
    if hasattr(X, "iloc"):
        return take_rows(X, [row])
    return X[row : row + 1]
