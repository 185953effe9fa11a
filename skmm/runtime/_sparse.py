"""Rows of few features each, as the entries of one row after those of another."""

from typing import NamedTuple

import numpy as np


class Sparse(NamedTuple):
    """Sparse features of rows.

    Attributes
    ----------
    indices : ndarray of int64 of shape (n_stored,)
        Ascending within a row.
    values : ndarray of float32 of shape (n_stored,)
    lengths : ndarray of int64 of shape (n_rows,)
        Entries of each row.
    n_columns : int
    """

    indices: np.ndarray
    values: np.ndarray
    lengths: np.ndarray
    n_columns: int

    @property
    def offsets(self):
        """Where each row begins, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.lengths)])

    @property
    def rows(self):
        """The row of each entry."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def where(self, present):
        """Return the features with nothing in the rows that are not present."""
        if present.all():
            return self
        kept = np.repeat(present, self.lengths)
        lengths = np.where(present, self.lengths, 0)
        return Sparse(self.indices[kept], self.values[kept], lengths, self.n_columns)

    def dense(self):
        """Return an ndarray of float32 of shape (n_rows, n_columns)."""
        made = np.zeros((len(self.lengths), self.n_columns), np.float32)
        made[self.rows, self.indices] = self.values
        return made

    def times(self, table):
        """Return the product with a table of shape (n_columns, k)."""
        parts = self.values[:, None] * table[self.indices]
        made = np.zeros((len(self.lengths), table.shape[1]), parts.dtype)
        # One entry after the other, as scipy adds them up: the same sums to the bit.
        np.add.at(made, self.rows, parts)
        return made


def from_dense(matrix):
    """Return what is not zero of a matrix.

    Parameters
    ----------
    matrix : ndarray of float32 of shape (n_rows, n_columns)
    """
    is_there = matrix != 0
    _, indices = is_there.nonzero()
    return Sparse(indices, matrix[is_there], is_there.sum(axis=1), matrix.shape[1])


def join(parts, n_rows):
    """Return features side by side.

    Parameters
    ----------
    parts : list of Sparse
    n_rows : int
    """
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(part.n_columns for part in parts)])
    indices = [np.empty(0, np.int64)]
    indices += [part.indices + start for part, start in zip(parts, starts)]
    indices = np.concatenate(indices)
    values = np.concatenate([np.empty(0, np.float32), *(part.values for part in parts)])
    lengths = sum((part.lengths for part in parts), np.zeros(n_rows, np.int64))
    if n_rows > 1:
        rows = np.concatenate([np.empty(0, int), *(part.rows for part in parts)])
        order = np.argsort(rows, kind="stable")
        indices, values = indices[order], values[order]
    return Sparse(indices, values, lengths, int(starts[-1]))
