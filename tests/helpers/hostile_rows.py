"""Rows as nobody wants them, made of good ones."""

import numpy as np
import pandas as pd

NUMBERS = [1.7e308, -1.7e308, 1e300, -1e-300, 1e18, 5e-324, 0.0, np.nan, 123456.7]
TEXTS = [
    None,
    "",
    "   ",
    "!?.,;",
    "never seen anywhere",
    "x" * 3000,
    "red dress " * 2000,
    "日本語のテキスト",
    "\U0001f600 :( $5",
    "a\x00b\u202e",
    "GREAT Great great",
]


def make_hostile(X, n_rows=1000, seed=0):
    """Return rows of a frame with cells that are missing, unknown, huge or strange.

    A third of the cells of each column are replaced, and a twentieth of the rows are
    blank.

    Parameters
    ----------
    X : DataFrame
        Of numbers and strings; other columns only become missing.
    n_rows : int, default=1000
    seed : int, default=0

    Returns
    -------
    X : DataFrame
    """
    rng = np.random.default_rng(seed)
    places = rng.integers(len(X), size=n_rows)
    made = {}
    for name in X:
        is_number = pd.api.types.is_numeric_dtype(X[name])
        column = X[name].astype(float if is_number else object).iloc[places].to_numpy()
        column = column.copy()
        changed = np.flatnonzero(rng.random(n_rows) < 1 / 3)
        if is_number:
            column[changed] = rng.choice(NUMBERS, len(changed))
        elif isinstance(X[name].dropna().iloc[0], str):
            column[changed] = rng.choice(np.array(TEXTS, object), len(changed))
        else:
            column[changed] = None
        column[rng.permutation(n_rows)[: n_rows // 20]] = np.nan if is_number else None
        made[name] = column
    hostile = pd.DataFrame(made)
    hostile.iloc[:5] = [
        [np.nan if hostile[c].dtype == float else None for c in hostile]
    ] * 5
    return hostile
