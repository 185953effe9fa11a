"""Cells of text, in whatever container they come."""

import sys

import numpy as np

from skmm._frames import as_frame, is_missing, to_strings


def read_texts(frame):
    """Give the texts and the missing cells of each column."""
    texts, missing = [], []
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        of_column = is_missing(column, empty=True)
        cells = to_strings(column)
        for row in np.flatnonzero(of_column):
            cells[row] = ""
        texts.append(cells)
        missing.append(of_column)
    return texts, missing


def as_one_column(X):
    """Give a Series, or a list or 1-D array of texts, as a frame; None for others."""
    import pandas as pd

    if isinstance(X, pd.Series):
        return X.to_frame()
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.Series):
        frame = as_frame(X.to_frame())
        return frame if X.name else frame.set_axis([0], axis=1)
    if isinstance(X, np.ndarray):
        X = X.tolist() if X.ndim == 1 and X.dtype.kind in "UO" else None
    if not isinstance(X, (list, tuple)) or not X:
        return None
    # dtype object, because Arrow's strings cannot hold half of a surrogate pair.
    texts = all(map(_is_text_or_missing, X))
    return pd.DataFrame({0: X}, dtype=object) if texts else None


def _is_text_or_missing(cell):
    import pandas as pd

    return (
        isinstance(cell, str)
        or cell is None
        or cell is pd.NA
        or (isinstance(cell, float) and np.isnan(cell))
    )
