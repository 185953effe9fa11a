"""Rows, as JSON has them, to the cells of columns."""

from collections.abc import Mapping

import numpy as np

from skmm._utils.names import did_you_mean
from skmm.runtime._errors import RowError


def read_rows(rows, labels):
    """Return the cells of each column, and how many rows there are.

    Parameters
    ----------
    rows : list of dict, or dict of list
    labels : collection
        Of all columns.

    Returns
    -------
    columns : dict of label to list
        Values of numpy are Python's.
    n_rows : int

    Raises
    ------
    RowError
        If there are no rows, a column is not known, or columns differ in length.
    """
    if isinstance(rows, Mapping):
        return _read_columns(rows, labels)
    if not isinstance(rows, (list, tuple)) or not all(
        isinstance(row, Mapping) for row in rows
    ):
        raise RowError(
            "Rows are a list with a dict for each row, or a dict with a list for each "
            f"column; got {type(rows).__name__}."
        )
    if not rows:
        raise RowError("There are no rows. Pass at least one.")
    # Keys of JSON are strings, whatever the labels are.
    names = {str(label): label for label in labels}
    columns = {label: [None] * len(rows) for label in labels}
    for i, row in enumerate(rows):
        for key, cell in row.items():
            if key not in columns:
                key = _label_of(key, names, f", row {i}")
            columns[key][i] = cell.item() if isinstance(cell, np.generic) else cell
    return columns, len(rows)


def _read_columns(rows, labels):
    names = {str(label): label for label in labels}
    columns, lengths = {}, {}
    for key, cells in rows.items():
        label = key if key in labels else _label_of(key, names, "")
        if isinstance(cells, (str, bytes, Mapping)) or not hasattr(cells, "__len__"):
            raise RowError(
                f"Column {label!r}: {type(cells).__name__}, where a dict of columns "
                "has a list of values for each. Put a single row into a list: [row]."
            )
        lengths[label] = len(cells)
        columns[label] = [c.item() if isinstance(c, np.generic) else c for c in cells]
    if not lengths or not max(lengths.values()):
        raise RowError("There are no rows. Pass at least one.")
    if len(set(lengths.values())) > 1:
        raise RowError(f"Columns differ in their number of rows: {lengths}.")
    absent = [label for label in labels if label not in columns]
    if absent:
        raise RowError(
            f"Columns {absent[:5]} are missing. Pass a list of None for a column that "
            "is not known."
        )
    return columns, next(iter(lengths.values()))


def _label_of(key, names, place):
    if isinstance(key, str) and key in names:
        return names[key]
    raise RowError(
        f"Column {key!r}{place}: the model has no such column."
        f"{did_you_mean(key, names)}"
    )
