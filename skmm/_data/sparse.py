"""Sparse matrices from columns that were learned."""

import scipy.sparse

from skmm.persistence import ModelFileError


def make_csr(values, indices, indptr, n_columns):
    """Return a matrix by rows, after a look at its column numbers.

    scipy looks at the shapes alone, and its products read wherever the numbers say: a
    model from a file that was tampered with would make them read beyond their arrays.

    Parameters
    ----------
    values : ndarray of shape (n_stored,)
    indices : ndarray of shape (n_stored,)
    indptr : ndarray of shape (n_rows + 1,)
    n_columns : int

    Returns
    -------
    matrix : csr_array of shape (n_rows, n_columns)

    Raises
    ------
    ModelFileError
        For a column that there is not.
    """
    if len(indices) and not 0 <= indices.min() <= indices.max() < n_columns:
        raise ModelFileError(
            f"A vocabulary counts columns from {indices.min()} to {indices.max()}, and "
            f"there are {n_columns}: what was fitted is damaged. Fit it anew."
        )
    shape = (len(indptr) - 1, n_columns)
    return scipy.sparse.csr_array((values, indices, indptr), shape=shape)
