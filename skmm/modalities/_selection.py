"""Columns of a frame, as users name them."""

import numpy as np

from skmm._data.frames import is_missing
from skmm._utils.compat import get_column_indices


def find_positions(frame, columns, name):
    """Positions of a modality's columns in the frame."""
    named = all(isinstance(label, str) for label in frame.columns)
    wanted = [columns] if isinstance(columns, (str, int, np.integer)) else columns
    if isinstance(wanted, (list, tuple)) and any(isinstance(c, str) for c in wanted):
        if not named:
            raise ValueError(
                f"Modality {name!r} names its columns ({list(wanted)[:5]}), but X has "
                f"no column names. Pass a DataFrame, or positions from 0 to "
                f"{frame.shape[1] - 1}."
            )
        absent = [c for c in wanted if c not in frame.columns]
        if absent:
            raise ValueError(
                f"Modality {name!r} names columns that X does not have: {absent}. "
                f"X has: {list(frame.columns)[:20]}."
            )
    if isinstance(wanted, tuple):
        wanted = list(wanted)
    if callable(wanted):
        wanted = wanted(frame)
    try:
        return [int(i) for i in get_column_indices(frame, wanted)]
    except ValueError as error:
        raise ValueError(f"Modality {name!r}: {error}") from error


def drop_all_missing(frame, positions):
    """Give the positions of columns with a value, and the labels of the others."""
    kept, empty = [], []
    for i in positions:
        all_missing = is_missing(frame.iloc[:, i], empty=True).all()
        (empty.append(frame.columns[i]) if all_missing else kept.append(i))
    return kept, empty
