"""Numbers and categories of a table as features."""

import numpy as np

#: Size of the features that bend a line. Under a penalty a bend then costs some ten
#: times as much as the line itself, so that few rows give a line.
_BEND = 0.3
#: Rows that are spread at a time, in float64.
_CHUNK = 2**14
#: So far from the middle, in units of the spread, squares still fit into float32.
_FAR = 1e18
#: Beyond this many scales from the centre all numbers are alike: products with them
#: stay far within float32.
_LARGEST = 1e9


def scale_numbers(numbers, center, scale):
    """Return numbers in units of their columns' spread.

    Parameters
    ----------
    numbers : ndarray of float64 of shape (n_rows, n_numbers)
        NaN where missing.
    center, scale : ndarray of shape (n_numbers,)
    """
    with np.errstate(over="ignore"):
        scaled = (numbers - center) / scale
    return np.clip(scaled, -_FAR, _FAR)


def standardize(values, center, scale):
    """Return numbers by their distance from the centre, NaN where missing.

    They fit into float32.

    Parameters
    ----------
    values, center, scale : ndarray
        Any finite numbers.
    """
    with np.errstate(over="ignore"):
        scaled = (values - center) / scale
    return np.clip(scaled, -_LARGEST, _LARGEST)


def spread_table(numbers, edges, moments, codes, n_codes):
    """Return numbers as weights of the two edges that each lies between, and codes.

    A linear model on them is piecewise linear in each number, and continuous; every
    row has few features. Of each number there are two more: the number itself,
    standardised and smoothly clipped, and whether it is missing. Of each code there
    is a one in the column of its category.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows, n_numbers)
        What is not finite is missing.
    edges : list of ndarray of shape (n_edges,)
        Each number's, sorted; numbers beyond the outer ones count as these.
    moments : (ndarray, ndarray), each of shape (n_numbers,)
        Means and deviations of the training rows' numbers.
    codes : ndarray of int of shape (n_rows, n_columns)
    n_codes : list of int
        Each column's categories.

    Returns
    -------
    values : ndarray of float32 of shape (n_stored,)
    columns : ndarray of int32 of shape (n_stored,)
        Those of the numbers, one number after the other, with n_edges + 2 of each, then
        those of the codes.
    indptr : ndarray of int of shape (n_rows + 1,)
        Where each row begins.
    n_features : int
    """
    edges = _Edges(edges)
    starts = np.cumsum([0, *(edges.counts + 2), *n_codes])
    n_hats, shape = 3 * len(edges.counts), (len(numbers), 3 * len(edges.counts))
    # What each row may have, in the order of the columns; not all of it is used.
    columns = np.empty((shape[0], shape[1] + len(n_codes)), np.int32)
    values = np.ones(columns.shape, np.float32)
    used = np.ones(columns.shape, bool)
    for first in range(0, len(numbers) if n_hats else 0, _CHUNK):
        rows = slice(first, first + _CHUNK)
        found = _hats(numbers[rows], edges, *moments)
        for slot, (places, weights, is_used) in enumerate(found):
            slots = slice(slot, n_hats, 3)
            columns[rows, slots] = starts[: len(edges.counts)] + places
            values[rows, slots] = weights
            used[rows, slots] = is_used
    columns[:, n_hats:] = codes + starts[len(edges.counts) : -1]
    indptr = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    return values[used], columns[used], indptr, starts[-1]


class _Edges:
    """The edges of all numbers, one after the other in float64.

    Parameters
    ----------
    edges : list of ndarray
    """

    def __init__(self, edges):
        self.counts = np.array([len(e) for e in edges], dtype=np.int64)
        ends = np.cumsum(self.counts)
        self.starts = ends - self.counts
        # Two more, which a number without edges may look up for nothing.
        self.flat = np.concatenate([*edges, np.zeros(2)]).astype(np.float64)
        self.each = [self.flat[a:b] for a, b in zip(self.starts, ends)]


def _hats(numbers, edges, mean, deviation):
    """Return (places, values, which count) of the left edge, the right, the number."""
    is_number = np.isfinite(numbers)
    x = np.where(is_number, numbers, mean).astype(np.float64)
    standard = (x - mean) / deviation
    clipped = standard / np.sqrt(1 + (standard / 3) ** 2)
    left = np.empty(x.shape, np.int64)
    for j, each in enumerate(edges.each):
        left[:, j] = each.searchsorted(x[:, j], side="right")
    left = np.minimum(np.maximum(left - 1, 0), np.maximum(edges.counts - 2, 0))
    can_bend = edges.counts > 1
    low = edges.flat[edges.starts + left]
    high = np.where(can_bend, edges.flat[edges.starts + left + 1], low + 1)
    share = np.minimum(np.maximum((x - low) / (high - low), 0), 1)
    bends = is_number & can_bend
    return (
        (left, _BEND * (1 - share), bends),
        (left + 1, _BEND * share, bends),
        (edges.counts + ~is_number, np.where(is_number, clipped, 1), True),
    )
