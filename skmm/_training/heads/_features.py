"""What the solved and the boosted heads read: blocks as matrices."""

import numpy as np
import scipy.sparse


def linear_parts(encoders, blocks):
    """Return the modalities' features for a linear model.

    Rows without a modality have zeros there, and a flag where others have it.

    Parameters
    ----------
    encoders : dict of str to Encoder
        Fitted.
    blocks : dict of str to Block

    Returns
    -------
    parts : list of ndarray or csr_matrix, each of shape (n_rows, n_features)
        In float32; one for each modality that has such features, and the flags.
    """
    parts, absent = [], []
    for name, encoder in encoders.items():
        part = ask_encoder(encoder, "linear_features", blocks[name])
        present = _present(blocks[name])
        absent.append(~present)
        if part is not None and part.shape[1]:
            parts.append(_blank(part, present))
    if len(absent) > 1:
        parts.append(np.column_stack(absent).astype(np.float32))
    return parts


def dense_parts(encoders, blocks):
    """Return the modalities' features for trees.

    Parameters
    ----------
    encoders : dict of str to Encoder
        Fitted.
    blocks : dict of str to Block

    Returns
    -------
    parts : dict of str to (matrix, n_codes)
        The matrix is an ndarray, NaN where a number is missing or the row lacks the
        modality, or sparse. ``n_codes`` holds for each column the number of its
        categories, 0 for a number.
    """
    parts = {}
    for name, encoder in encoders.items():
        found = ask_encoder(encoder, "tree_features", blocks[name])
        if found is None:
            continue
        matrix, n_codes = found
        present = _present(blocks[name])
        if scipy.sparse.issparse(matrix):
            matrix = _blank(matrix, present)
        else:
            matrix = np.where(present[:, None], matrix, np.nan)
        if matrix.shape[1]:
            parts[name] = matrix, np.asarray(n_codes)
    return parts


def ask_encoder(encoder, method, block):
    """Return what an encoder's method gives for a block, None where it has none.

    Parameters
    ----------
    encoder : Encoder
    method : {"linear_features", "tree_features"}
    block : Block
    """
    # An object of the user's own need not be derived from Encoder.
    ask = getattr(encoder, method, None)
    return None if ask is None else ask(block)


def _present(block):
    return block.present.cpu().numpy()


def _blank(part, present):
    """Put zeros where a row lacks the modality."""
    if present.all():
        return part
    if scipy.sparse.issparse(part):
        # Not a product with 0, which keeps what is no number.
        lengths = np.diff(part.indptr)
        if not lengths[~present].any():  # which a text that is not there has not
            return part
        kept = np.repeat(present, lengths)
        indptr = np.concatenate([[0], np.cumsum(np.where(present, lengths, 0))])
        stored = part.data[kept], part.indices[kept], indptr
        return scipy.sparse.csr_matrix(stored, shape=part.shape)
    return np.where(present[:, None], part, np.float32(0))


def as_sets(rows):
    """Return one or several sets of rows as a list.

    Parameters
    ----------
    rows : Rows, or list of Rows
    """
    return rows if isinstance(rows, list) else [rows]


def targets_of(sets):
    """Return the codes and weights of several sets of rows.

    Parameters
    ----------
    sets : sequence of Rows
    """
    codes = np.concatenate([rows.codes.cpu().numpy() for rows in sets])
    return codes, np.concatenate([rows.weight.cpu().numpy() for rows in sets])
