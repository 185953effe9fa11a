"""Generated data with known modalities that determine the label.

Each modality has one function that draws a latent variable and writes columns from
which a linear model can read it; the label depends on the latent variables only. A
further modality is one more function and one more line in ``_draw_modalities``.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import RandomState

N_KEYWORDS = 4  # made-up words that stand for one class, or one pole of a level
N_CATEGORY_LEVELS = 4

# Made-up words are consonant, vowel, consonant, vowel, consonant; no filler below is.
ONSETS = "bdfgklmnprstvz"
VOWELS = "aeiou"

FILLERS = {
    "noun": [
        "lantern",
        "orchard",
        "harbour",
        "blanket",
        "window",
        "market",
        "kitchen",
        "bicycle",
    ],
    "adverb": ["quite", "rather", "always", "hardly", "truly", "almost"],
    "verb": ["stands beside", "looks like", "belongs to", "comes with"],
    "adjective": [
        "plain",
        "wooden",
        "dark",
        "bright",
        "round",
        "heavy",
        "simple",
        "little",
    ],
}
# Two slots for adjectives each, so that a text's number of slots is known beforehand.
TEMPLATES = [
    "The {a} {n} {v} the {b} {m}.",
    "Our {n} is {d} {a} and the {m} is {b}.",
    "We found a {a} {n} which was {d} {b}.",
    "It was {d} {a}, but my {m} {v} a {b} {n}.",
]


def make_multimodal_classification(
    n_samples: int = 200,
    *,
    n_numeric: int = 4,
    n_categorical: int = 2,
    n_text: int = 1,
    n_classes: int = 2,
    signal: Literal["sum", "interaction", "tabular", "text"] = "sum",
    missing: float | dict[str, float] = 0.0,
    noise: float = 0.0,
    random_state: RandomState = None,
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Generate a classification problem with several modalities.

    Each modality has a latent variable that a linear model can read from its columns: a
    direction in the numbers, the levels of the categories, keywords in the texts.
    ``signal`` says how the label depends on the latent variables. So the data test how
    well a model joins the modalities, not how well it encodes them.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.

    n_numeric : int, default=4
        Number of float columns ``num_0``, ``num_1``, ... of the modality `tabular`.

    n_categorical : int, default=2
        Number of string columns ``cat_0``, ``cat_1``, ... of the modality `tabular`,
        with few levels each.

    n_text : int, default=1
        Number of columns ``text_0``, ``text_1``, ... of the modality `text`. Each cell
        holds a few sentences, in which keywords (made-up words) stand among filler
        words.

    n_classes : int, default=2
        Number of classes, which are about equally frequent.

    signal : {"sum", "interaction", "tabular", "text"}, default="sum"
        Which modalities determine the label.

        - ``"sum"``: each modality has an independent part in a sum, whose value
          determines the class. Each modality alone is better than chance, and all
          together are better than each.
        - ``"interaction"``: each modality has a hidden class, and the label is their
          sum modulo ``n_classes`` (for two classes the exclusive or, which is the
          product of signs). Each modality alone, and every model that adds up the
          modalities, is at chance; a model that multiplies them can always be right.
        - the name of a modality: only that modality determines the class. The others
          look the same, but carry no information.

    missing : float or dict of str to float, default=0.0
        Fraction of the rows in which a modality is missing, which means that all of its
        columns are. A number applies to every modality; a dict gives the fraction of
        each modality. No row lacks two modalities, so the fractions add up to at most
        1.

    noise : float, default=0.0
        Fraction of the rows whose label is replaced by a random one. A perfect model
        then has an accuracy of ``1 - noise * (1 - 1 / n_classes)``.

    random_state : int, RandomState instance or None, default=None
        Seed of the data. Pass an int to get the same data in every call.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_numeric + n_categorical + n_text)
        The columns of all modalities.

    y : ndarray of int of shape (n_samples,)
        The classes 0 to ``n_classes - 1``.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or ``signal`` asks for a modality without
        columns.

    See Also
    --------
    make_multimodal_regression : The same kind of data with a number as target.

    Notes
    -----
    In the numbers, a class is a direction in a plane. (For two classes it is the sign
    of one number, and a position on a line if there is only one number.) So classes add
    up modulo ``n_classes`` as directions do when complex numbers are multiplied.

    Examples
    --------
    >>> from skmm.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(
    ...     n_samples=100, signal="interaction", random_state=0
    ... )
    >>> list(X.columns)
    ['num_0', 'num_1', 'num_2', 'num_3', 'cat_0', 'cat_1', 'text_0']
    >>> sorted(set(y.tolist()))
    [0, 1]

    The text is missing in a third of the rows:

    >>> X, y = make_multimodal_classification(
    ...     n_samples=90, missing={"text": 1 / 3}, random_state=0
    ... )
    >>> int(X["text_0"].isna().sum())
    30
    """
    from scipy.special import ndtri

    _check_int("n_classes", n_classes, 2)
    _check_fraction("noise", noise)
    n_latent_classes = None if signal == "sum" else n_classes
    blocks, latents, rng = _draw_modalities(
        n_samples, n_numeric, n_categorical, n_text, n_latent_classes, random_state
    )
    _check_signal(signal, latents)

    if signal == "sum":
        # The sum is about standard normal: these bounds make classes of equal size.
        bounds = ndtri(np.arange(1, n_classes) / n_classes)
        y = np.digitize(_standardized_sum(list(latents.values())), bounds)
    elif signal == "interaction":
        y = np.sum(list(latents.values()), axis=0) % n_classes
    else:
        y = latents[signal]
    noisy = _choose_rows(n_samples, noise, rng)
    y = y.astype(np.int64)
    y[noisy] = rng.randint(n_classes, size=len(noisy))
    return _to_frame(blocks, missing, rng), y


def make_multimodal_regression(
    n_samples: int = 200,
    *,
    n_numeric: int = 4,
    n_categorical: int = 2,
    n_text: int = 1,
    signal: Literal["sum", "interaction", "tabular", "text"] = "sum",
    missing: float | dict[str, float] = 0.0,
    noise: float = 0.0,
    random_state: RandomState = None,
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Generate a regression problem with several modalities.

    Each modality has a latent number, about standard normal, that a linear model can
    read from its columns: a direction in the numbers, the levels of the categories, or
    how often keywords of two sorts occur in the texts. ``signal`` says how the target
    depends on the latent numbers.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.

    n_numeric : int, default=4
        Number of float columns ``num_0``, ``num_1``, ... of the modality `tabular`.

    n_categorical : int, default=2
        Number of string columns ``cat_0``, ``cat_1``, ... of the modality `tabular`,
        with four levels each.

    n_text : int, default=1
        Number of columns ``text_0``, ``text_1``, ... of the modality `text`. Each cell
        holds a few sentences, in which keywords (made-up words) stand among filler
        words.

    signal : {"sum", "interaction", "tabular", "text"}, default="sum"
        Which modalities determine the target.

        - ``"sum"``: the latent numbers are added up and divided by the square root of
          how many there are.
        - ``"interaction"``: the latent numbers are multiplied. Each modality alone, and
          every model that adds up the modalities, has an expected R² of 0.
        - the name of a modality: the latent number of that modality is the target. The
          others look the same, but carry no information.

    missing : float or dict of str to float, default=0.0
        Fraction of the rows in which a modality is missing, which means that all of its
        columns are. A number applies to every modality; a dict gives the fraction of
        each modality. No row lacks two modalities, so the fractions add up to at most
        1.

    noise : float, default=0.0
        Standard deviation of the Gaussian noise that is added to the target. Without
        noise the target has mean 0 and variance 1.

    random_state : int, RandomState instance or None, default=None
        Seed of the data. Pass an int to get the same data in every call.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_numeric + n_categorical + n_text)
        The columns of all modalities.

    y : ndarray of float of shape (n_samples,)
        The target.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or ``signal`` asks for a modality without
        columns.

    See Also
    --------
    make_multimodal_classification : The same kind of data with classes as target.

    Examples
    --------
    >>> from skmm.datasets import make_multimodal_regression
    >>> X, y = make_multimodal_regression(n_samples=100, n_text=2, random_state=0)
    >>> X.shape, y.shape
    ((100, 8), (100,))
    """
    if not isinstance(noise, Real) or not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a number of at least 0, got {noise!r}.")
    blocks, latents, rng = _draw_modalities(
        n_samples, n_numeric, n_categorical, n_text, None, random_state
    )
    _check_signal(signal, latents)

    if signal == "sum":
        y = _standardized_sum(list(latents.values()))
    elif signal == "interaction":
        y = np.prod(list(latents.values()), axis=0)
    else:
        y = latents[signal]
    y = y + noise * rng.standard_normal(n_samples)
    return _to_frame(blocks, missing, rng), y


def _draw_modalities(
    n_samples, n_numeric, n_categorical, n_text, n_classes, random_state
):
    """Columns and latent of each modality, and what random numbers come after.

    A latent is a class below ``n_classes``, or with None a standardized float.
    """
    from sklearn.utils import check_random_state

    _check_int("n_samples", n_samples, 1)
    _check_int("n_numeric", n_numeric, 0)
    _check_int("n_categorical", n_categorical, 0)
    _check_int("n_text", n_text, 0)
    modalities = {
        "tabular": (_draw_tabular, (n_numeric, n_categorical)),
        "text": (_draw_text, (n_text,)),
    }

    random_state = check_random_state(random_state)
    # Each has a stream of its own, so that none depends on how many columns the others
    # have. The label's comes first, so that a new modality leaves it as it is.
    rng = _child(random_state)
    blocks, latents = {}, {}
    for name, (draw, n_columns) in modalities.items():
        stream = _child(random_state)
        if any(n_columns):
            blocks[name], latents[name] = draw(n_samples, *n_columns, n_classes, stream)
    if not blocks:
        raise ValueError(
            "There must be at least one column, but n_numeric, n_categorical and "
            "n_text are all 0."
        )
    return blocks, latents, rng


def _draw_tabular(n_samples, n_numeric, n_categorical, n_classes, rng):
    parts = []
    if n_classes is None:
        numeric = rng.standard_normal((n_samples, n_numeric))
        if n_numeric:
            parts.append(numeric[:, 0].copy())
        levels = rng.randint(N_CATEGORY_LEVELS, size=(n_categorical, n_samples))
        spread = np.sqrt((N_CATEGORY_LEVELS**2 - 1) / 12)  # of a discrete uniform
        parts.extend((levels - (N_CATEGORY_LEVELS - 1) / 2) / spread)
        latent = _standardized_sum(parts)
        n_levels = N_CATEGORY_LEVELS
    else:
        latent = rng.randint(n_classes, size=n_samples)
        numeric = rng.standard_normal((n_samples, n_numeric))
        if n_numeric:
            code = _class_code(latent, n_classes, n_numeric, rng)
            numeric[:, : code.shape[1]] = code
        # Two names for each class, lest a single category be a copy of the class.
        n_levels = 2 * n_classes
        synonym = rng.randint(2, size=(n_categorical, n_samples))
        levels = latent + n_classes * synonym

    # A random rotation spreads the latent over all columns, linearly and without loss.
    numeric = numeric @ np.linalg.qr(rng.standard_normal((n_numeric, n_numeric)))[0]
    columns = {f"num_{j}": numeric[:, j] for j in range(n_numeric)}
    for j in range(n_categorical):
        names = np.array(_make_up_words(n_levels, rng), dtype=object)
        columns[f"cat_{j}"] = names[levels[j]]
    return columns, latent


def _class_code(classes, n_classes, n_numeric, rng):
    """A number or two for each class, with gaps between the classes."""
    if n_numeric == 1 and n_classes > 2:
        return (classes + rng.uniform(-0.25, 0.25, size=len(classes)))[:, None]
    # Scaling moves a point along its class's direction, and never across a bound.
    scale = 2 * rng.uniform(0.75, 1.25, size=len(classes))
    if n_classes == 2:
        return (scale * (2 * classes - 1))[:, None]
    angle = 2 * np.pi * classes / n_classes
    return np.column_stack([scale * np.cos(angle), scale * np.sin(angle)])


def _draw_text(n_samples, n_text, n_classes, rng):
    # A level is the number of keywords of one kind minus those of the other; a class
    # is said by its keywords in half of the places for adjectives.
    n_kinds, n_sentences = (2, 4) if n_classes is None else (n_classes, 2)
    keywords = _make_up_words(n_kinds * N_KEYWORDS, rng)
    shape = (n_samples, n_text, 2 * n_sentences)
    if n_classes is None:
        # -1 is a filler, 0 and 1 are the two kinds of keyword.
        kinds = rng.choice([-1, 0, 1], size=shape, p=[0.5, 0.25, 0.25])
        shares = ((kinds == 1).astype(float) - (kinds == 0)) / np.sqrt(0.5)
        latent = _standardized_sum(shares.reshape(n_samples, -1).T)
    else:
        latent = rng.randint(n_classes, size=n_samples)
        places = rng.random_sample(shape).argsort(axis=2) < n_sentences
        kinds = np.where(places, latent[:, None, None], -1)

    def adjective(kind):
        if kind < 0:
            return _pick(FILLERS["adjective"], rng)
        return keywords[kind * N_KEYWORDS + rng.randint(N_KEYWORDS)]

    columns = {}
    for j in range(n_text):
        columns[f"text_{j}"] = [
            " ".join(
                _write_sentence(adjective(first), adjective(second), rng)
                for first, second in zip(row[::2], row[1::2], strict=True)
            )
            for row in kinds[:, j].tolist()
        ]
    return columns, latent


def _write_sentence(first, second, rng):
    return _pick(TEMPLATES, rng).format(
        a=first,
        b=second,
        n=_pick(FILLERS["noun"], rng),
        m=_pick(FILLERS["noun"], rng),
        v=_pick(FILLERS["verb"], rng),
        d=_pick(FILLERS["adverb"], rng),
    )


def _pick(words, rng):
    return words[rng.randint(len(words))]


def _make_up_words(n_words, rng):
    letters = [ONSETS, VOWELS, ONSETS, VOWELS, ONSETS]
    sizes = [len(choice) for choice in letters]
    if n_words > np.prod(sizes):
        raise ValueError(f"There are not enough made-up words for {n_words}.")
    indices = np.unravel_index(rng.permutation(np.prod(sizes))[:n_words], sizes)
    return [
        "".join(choice[i] for choice, i in zip(letters, word, strict=True))
        for word in zip(*indices, strict=True)
    ]


def _standardized_sum(parts):
    return np.sum(parts, axis=0) / np.sqrt(len(parts))


def _to_frame(blocks, missing, rng):
    import pandas as pd

    X = pd.DataFrame(
        {name: cells for block in blocks.values() for name, cells in block.items()}
    )
    n_samples = len(X)
    order = rng.permutation(n_samples)
    start = 0
    for modality, fraction in _check_missing(missing, blocks).items():
        # Disjoint stretches of one permutation: no row misses two modalities. With
        # fractions that sum up to 1, rounding each up might run out of rows.
        stop = min(start + round(fraction * n_samples), n_samples)
        X.loc[order[start:stop], list(blocks[modality])] = None
        start = stop
    return X


def _choose_rows(n_samples, fraction, rng):
    return rng.permutation(n_samples)[: round(fraction * n_samples)]


def _child(random_state):
    return np.random.RandomState(random_state.randint(np.iinfo(np.int32).max))


def _check_int(name, value, smallest):
    if not isinstance(value, Integral) or value < smallest:
        raise ValueError(
            f"{name} must be an integer of at least {smallest}, got {value!r}."
        )


def _check_fraction(name, value):
    if not isinstance(value, Real) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}.")


def _check_signal(signal, latents):
    options = ["sum", "interaction", *latents]
    if signal not in options:
        raise ValueError(
            f"signal must be one of {options} (a modality only if it has columns), "
            f"got {signal!r}."
        )
    if signal in ("sum", "interaction") and len(latents) < 2:
        raise ValueError(
            f"signal={signal!r} needs at least two modalities, but only "
            f"{next(iter(latents))!r} has columns."
        )


def _check_missing(missing, blocks):
    if not isinstance(missing, dict):
        _check_fraction("missing", missing)
        missing = dict.fromkeys(blocks, missing)
    for modality, fraction in missing.items():
        if modality not in blocks:
            raise ValueError(
                f"missing names {modality!r}, which is not among the modalities "
                f"{list(blocks)}."
            )
        _check_fraction(f"missing[{modality!r}]", fraction)
    if sum(missing.values()) > 1 + 1e-9:
        raise ValueError(
            "No row misses two modalities, so the fractions in missing must sum up to "
            f"at most 1; they are {missing}."
        )
    return missing
