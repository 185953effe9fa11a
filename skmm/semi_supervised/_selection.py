"""Which rows get a label."""

import numbers

import numpy as np


def choose_balanced(shares, prior):
    """Choose rows so that no class gets more of them than its share.

    Parameters
    ----------
    shares : ndarray of shape (n_samples, n_classes)
        Probabilities.
    prior : ndarray of shape (n_classes,)
        Shares of the classes among labelled rows, in any unit.

    Returns
    -------
    places : ndarray of int
        In ascending order.
    codes : ndarray of int
        Their classes.
    """
    codes = shares.argmax(axis=1)
    limits = np.ceil(prior / prior.sum() * len(shares)).astype(int)
    chosen = np.zeros(len(shares), dtype=bool)
    for code, limit in enumerate(limits):
        rows = np.flatnonzero(codes == code)
        surest = np.argsort(-shares[rows, code], kind="stable")[:limit]
        chosen[rows[surest]] = True
    places = np.flatnonzero(chosen)
    return places, codes[places]


def count_best(k_best, n_rows):
    """Return how many rows a number, or a share, of some rows is; one at least."""
    if isinstance(k_best, numbers.Integral):
        return int(k_best)
    return max(int(np.ceil(k_best * n_rows)), 1)
