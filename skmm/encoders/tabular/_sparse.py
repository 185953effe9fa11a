"""Numbers and categories as the sparse features of a linear model."""

import scipy.sparse

from skmm._data.sparse import make_csr
from skmm._plain.table import spread_table


def sparse_table(numbers, edges, moments, codes, n_codes):
    """Return numbers as weights of the two edges that each lies between, and codes.

    Parameters
    ----------
    numbers, edges, moments, codes, n_codes
        As in :func:`~skmm._plain.table.spread_table`.

    Returns
    -------
    features : csr_matrix of shape (n_rows, n_features)
        In float32; the columns are those of the numbers, one number after the other,
        with n_edges + 2 of each, then those of the codes.
    """
    made = make_csr(*spread_table(numbers, edges, moments, codes, n_codes))
    return scipy.sparse.csr_matrix(made)
