"""Columns of vectors: numbers side by side, or arrays and lists in the cells of one."""

import warnings

import numpy as np

from skmm._data.frames import is_missing, show_label
from skmm._data.vectors import is_nested, stack_cells
from skmm.modalities._lists import read_lists


def read_vectors(X, n_features=None):
    """Read vectors.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
        Columns of numbers, or one column of arrays, lists, or lists as strings.
    n_features : int, default=None
        Length of the vectors at fit; None at fit.

    Returns
    -------
    values : ndarray of float64 of shape (n_samples, n_features)
        The vectors. Rows of missing cells are NaN, and so are rows of vectors with
        another length than at fit, with a warning.

    Raises
    ------
    ValueError
        If lengths differ at fit, if no vector has the length of the fit, or if a cell
        is not a vector. The message names column, row and remedy.
    """
    if not is_nested(X):
        values = X.to_numpy(np.float64, na_value=np.nan)
        if n_features is None or values.shape[1] == n_features:
            return values
        if X.shape[1] == 1 and np.isnan(values).all():
            return np.full((len(X), n_features), np.nan)
        raise _other_length(X, n_features, values.shape[1])
    column = read_lists(X.iloc[:, 0])
    if n_features is not None and is_missing(column, empty=True).all():
        return np.full((len(X), n_features), np.nan)
    if n_features is not None:
        column = _leave_out_others(column, n_features)
    return stack_cells(column.to_frame())


def _leave_out_others(column, n_features):
    """Take vectors of another length for missing, unless all are of another."""
    lengths = np.array([_length(cell) for cell in column])
    others = np.flatnonzero((lengths > 0) & (lengths != n_features))
    if not len(others):
        return column
    if not (lengths == n_features).any():
        raise _other_length(column.to_frame(), n_features, lengths[others[0]])
    warnings.warn(
        f"Column {column.name!r} holds vectors of another length than at fit "
        f"({n_features} numbers) in {len(others)} of {len(column)} rows, the first at "
        f"row {show_label(column.index, others[0])} ({lengths[others[0]]} numbers); "
        f"they are treated as missing. {_remedy(column)}",
        UserWarning,
        stacklevel=2,
    )
    cells = column.copy()
    cells.iloc[others] = None
    return cells


def _length(cell):
    return len(cell) if hasattr(cell, "__len__") else 0


def _other_length(X, n_features, found):
    return ValueError(
        f"Column {X.columns[0]!r} holds vectors of {found} numbers; at fit they had "
        f"{n_features}. Extract them with the same model. {_remedy(X.iloc[:, 0])}"
    )


def _remedy(column):
    return (
        "If they are series, whose length may vary, say so: "
        f"kinds={{{column.name!r}: 'series'}}."
    )
