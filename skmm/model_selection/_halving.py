"""Successive halving: many candidates on few rows, few candidates on many."""

import math

import numpy as np
from sklearn.model_selection import train_test_split

#: Rows that a round has at least, for each class: with fewer, the estimators do not
#: split off validation rows by class.
MIN_ROWS_A_CLASS = 20


def make_rounds(splits, y, n_candidates, factor, *, stratify, random_state):
    """Return the folds of each round; in the last they are whole.

    Parameters
    ----------
    splits : list of (train, test)
    y : array-like
    n_candidates : int
    factor : float
    stratify : bool
        Whether y holds one class a row.
    random_state : int

    Returns
    -------
    rounds : list of (n_resources, splits)
        ``n_resources`` are training rows. As many rounds as leave at most ``factor``
        candidates for the last, less those that would have too few rows.
    """
    n_rows = min(len(train) for train, _ in splits)
    enough = MIN_ROWS_A_CLASS * (len(np.unique(y)) if stratify else 1)
    # Without the sum, 1000 candidates by factor 10 were 3 rounds: log gives 2.99...
    n_before = math.floor(math.log(n_candidates, factor) + 1e-9)
    rounds = []
    for power in range(n_before, 0, -1):
        n_drawn = int(n_rows / factor**power)
        if n_drawn >= enough:
            drawn = [
                (subsample(train, y, n_drawn, stratify, random_state), test)
                for train, test in splits
            ]
            rounds.append((n_drawn, drawn))
    return [*rounds, (n_rows, splits)]


def subsample(rows, y, n_rows, stratify, random_state):
    """Draw some of the rows; in the classes' shares where each class has enough.

    Parameters
    ----------
    rows : ndarray of int
    y : array-like
        The targets of all rows, not only of these.
    n_rows : int
    stratify : bool
    random_state : int

    Returns
    -------
    drawn : ndarray of int
        In the order of ``rows``.
    """
    rows = np.asarray(rows)
    codes = None
    if stratify:
        _, codes, counts = np.unique(
            np.asarray(y)[rows], return_inverse=True, return_counts=True
        )
        # Each side of the split needs a row of each class.
        sides = (n_rows, len(rows) - n_rows)
        if counts.min() < 2 or min(sides) < len(counts):
            codes = None
    drawn, _ = train_test_split(
        np.arange(len(rows)),
        train_size=n_rows,
        stratify=codes,
        random_state=random_state,
    )
    return rows[np.sort(drawn)]


def survivors(scores, factor):
    """Return the indices of the best 1/factor, in their order; NaN is the worst.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
    factor : float
    """
    n_kept = math.ceil(len(scores) / factor)
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")
    return np.sort(order[:n_kept])
