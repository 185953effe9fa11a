"""Cells of text, in whatever container they come."""

import numbers
import sys

import numpy as np

from skmm._data.frames import as_frame, is_missing, to_strings


def read_texts(frame):
    """Return the texts and the missing cells of each column."""
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
    """Return a Series, or a list or 1-D array of texts, as a frame; None for others."""
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


def as_one_media_column(X):
    """Return a Series, or a list or array of pictures, sounds, ..., as a frame.

    None for what is a table: frames, 2-D arrays, and lists of rows (lists).
    """
    import pandas as pd

    if isinstance(X, pd.Series):
        return X.to_frame()
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.Series):
        frame = as_frame(X.to_frame())
        return frame if X.name else frame.set_axis([0], axis=1)
    if isinstance(X, np.ndarray) and (
        X.ndim > 2 or (X.ndim == 1 and X.dtype == object)
    ):
        X = list(X)  # such as pictures of one size: (n, height, width, channels)
    if not isinstance(X, (list, tuple)) or not X or any(isinstance(c, list) for c in X):
        return None
    if any(isinstance(cell, numbers.Number) and cell == cell for cell in X):
        return None  # scikit-learn's words for numbers of one dimension
    cells = np.empty(len(X), dtype=object)
    for i, cell in enumerate(X):
        cells[i] = cell
    return pd.DataFrame({0: pd.Series(cells)})
