"""Numbers and categories of a table as the features of a linear model."""

import numpy as np

#: Size of the features that bend a line. Under a penalty a bend then costs some ten
#: times as much as the line itself, so that few rows give a line.
_BEND = 0.3
#: So far from the middle, in units of the spread, squares still fit into float32.
_FAR = 1e18


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
    starts = np.cumsum([0, *(len(e) + 2 for e in edges), *n_codes])
    n_hats, shape = 3 * len(edges), (len(numbers), 3 * len(edges) + len(n_codes))
    # What each row may have, in the order of the columns; not all of it is used.
    columns = np.empty(shape, np.int32)
    values = np.ones(shape, np.float32)
    used = np.ones(shape, bool)
    for j, (column, e, *moment) in enumerate(zip(numbers.T, edges, *moments)):
        slots = slice(3 * j, 3 * j + 3)
        places, values[:, slots], used[:, slots] = _hats(column, e, *moment)
        columns[:, slots] = starts[j] + places
    columns[:, n_hats:] = codes + starts[len(edges) : -1]
    indptr = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    return values[used], columns[used], indptr, starts[-1]


def _hats(column, edges, mean, deviation):
    """Return places, values and which count: the two edges', the number's own."""
    n_edges = len(edges)
    is_number = np.isfinite(column)
    x = np.where(is_number, column, mean).astype(np.float64)
    standard = (x - mean) / deviation
    clipped = standard / np.sqrt(1 + (standard / 3) ** 2)
    left = share = np.zeros(len(x))
    if n_edges > 1:
        edges = edges.astype(np.float64)
        left = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, n_edges - 2)
        share = (x - edges[left]) / (edges[left + 1] - edges[left])
        share = np.clip(share, 0, 1)
    bends = is_number & (n_edges > 1)
    return (
        np.stack([left, left + 1, n_edges + ~is_number], axis=1),
        np.stack(
            [_BEND * (1 - share), _BEND * share, np.where(is_number, clipped, 1)],
            axis=1,
        ),
        np.stack([bends, bends, np.ones(len(x), bool)], axis=1),
    )
