"""Numbers and categories as the sparse features of a linear model."""

import numpy as np
import scipy.sparse

#: Size of the features that bend a line. Under a penalty a bend then costs some ten
#: times as much as the line itself, so that few rows give a line.
_BEND = 0.3


def hats(column, edges, mean, deviation):
    """Return numbers as weights of the two edges that each lies between.

    A linear model on them is piecewise linear in the number, and continuous; every
    row has few features. Two more columns are the number itself, standardised and
    smoothly clipped, and whether it is missing.

    Parameters
    ----------
    column : ndarray of shape (n_rows,)
        What is not finite is missing.
    edges : ndarray of shape (n_edges,)
        Sorted; numbers beyond the outer ones count as these.
    mean, deviation : float
        Of the training rows' numbers.

    Returns
    -------
    features : csr_matrix of shape (n_rows, n_edges + 2)
    """
    n, n_edges = len(column), len(edges)
    is_number = np.isfinite(column)
    seen = np.flatnonzero(is_number)
    x = column[seen].astype(np.float64)
    standard = (x - mean) / deviation
    clipped = standard / np.sqrt(1 + (standard / 3) ** 2)
    rows, columns, values = [seen], [np.full(len(seen), n_edges)], [clipped]
    if n_edges > 1:
        edges = edges.astype(np.float64)
        left = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, n_edges - 2)
        share = (x - edges[left]) / (edges[left + 1] - edges[left])
        share = np.clip(share, 0, 1)
        rows += [seen, seen]
        columns += [left, left + 1]
        values += [_BEND * (1 - share), _BEND * share]
    missing = np.flatnonzero(~is_number)
    rows.append(missing)
    columns.append(np.full(len(missing), n_edges + 1))
    values.append(np.ones(len(missing)))
    return _matrix(values, rows, columns, (n, n_edges + 2))


def one_hot(codes, n_codes):
    """Return codes as a matrix with a one in each row.

    Parameters
    ----------
    codes : ndarray of int of shape (n_rows,)
    n_codes : int

    Returns
    -------
    features : csr_matrix of shape (n_rows, n_codes)
    """
    rows = np.arange(len(codes))
    return _matrix([np.ones(len(codes))], [rows], [codes], (len(codes), n_codes))


def _matrix(values, rows, columns, shape):
    values, rows, columns = map(np.concatenate, (values, rows, columns))
    values = values.astype(np.float32)
    return scipy.sparse.csr_matrix((values, (rows, columns)), shape=shape)
