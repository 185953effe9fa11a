"""Columns whose cells are vectors."""

import numpy as np

from skmm._data.frames import show_label


def is_nested(X):
    """Whether the cells of a one-column frame hold arrays."""
    return X.shape[1] == 1 and getattr(X.dtypes.iloc[0], "kind", "O") == "O"


def stack_cells(X):
    """Stack a column of equally long arrays; a missing cell becomes NaNs."""
    cells = X.iloc[:, 0].tolist()
    lengths = {}
    for i, cell in enumerate(cells):
        if hasattr(cell, "__len__"):
            lengths.setdefault(len(cell), []).append(i)
    if len(lengths) > 1:
        rare = min(lengths, key=lambda length: len(lengths[length]))
        raise ValueError(
            f"Column {X.columns[0]!r} holds vectors of different lengths "
            f"({sorted(lengths)[:5]}): {len(lengths[rare])} rows have {rare} numbers, "
            f"the first at row {show_label(X.index, lengths[rare][0])}. Make them "
            "equally long."
        )
    length = next(iter(lengths), 0)
    nothing = np.full(length, np.nan)
    return np.array(
        [np.asarray(c, float) if hasattr(c, "__len__") else nothing for c in cells]
    ).reshape(len(cells), length)
