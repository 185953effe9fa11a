"""What was found in a table: its modalities, and a reason for each column."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.base import clone

from skmm._utils.markup import shorten
from skmm.modalities._shown import as_html, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skmm._utils.typing import Columns, Label
    from skmm.modalities._looks import Look
    from skmm.modalities.readers._base import Reader


class ColumnModality(NamedTuple):
    """What was decided about one column, and why.

    `kind` and `modality` are None for a column without any value, and "drop" and None
    for one that the user leaves out; `reader` is what reads a column of a table, a name
    or an object, and None for other kinds. `missing` is a share of the rows, `example`
    a value as a string, `note` what else is worth knowing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm import detect_modalities
    >>> found = detect_modalities(pd.DataFrame({"age": [31, 45, None]}))
    >>> found.columns_[0].reader, round(found.columns_[0].missing, 2)
    ('number', 0.33)
    """

    column: Label
    kind: str | None
    modality: str | None
    reader: str | Reader | None
    reason: str
    missing: float
    example: str
    note: str


class Modalities:
    """The modalities of a table: what :func:`detect_modalities` found.

    Iterating gives the modalities, as `to_list` does. It is shown as a table with a
    row for each column, in a notebook with histograms of numbers and with small
    pictures. No cell of the data is kept but for the examples in it.

    Parameters
    ----------
    modalities : list of (name, kind, columns) tuples
        The modalities: two strings and the labels of columns each.
    columns : list of ColumnModality
        One entry for each column of the table.
    dtypes : list of str
        The dtype of each of these columns.

    Attributes
    ----------
    columns_ : list of ColumnModality
        For each column of the table: column, kind, modality, reader, reason, share of
        missing cells, example, note.
    ignored : list
        Labels of the columns without any value. They belong to no modality.

    See Also
    --------
    detect_modalities : Find the modalities of a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import detect_modalities
    >>> df = pd.DataFrame({"age": [33, 34], "height": [None, None]})
    >>> modalities = detect_modalities(df)
    >>> modalities.to_list(), modalities.ignored
    ([('tabular', 'tabular', {'age': 'number'})], ['height'])
    >>> modalities.columns_[1].reason
    'all missing'
    """

    def __init__(
        self,
        modalities: list[tuple[str, str, Columns]],
        columns: list[ColumnModality],
        dtypes: list[str],
    ) -> None:
        self._modalities = modalities
        self._dtypes = dtypes
        # Set where the table is to be looked at: a Look for each column.
        self._looks: list[Look] = []
        self.columns_ = columns

    @property
    def ignored(self) -> list[Label]:
        """Labels of the columns without any value."""
        return [entry.column for entry in self.columns_ if entry.kind is None]

    def to_list(self) -> list[tuple[str, str, Columns]]:
        """Write the modalities down, to be changed or passed on.

        Returns
        -------
        modalities : list of (name, kind, columns) tuples
            What the `modalities` parameter of the estimators takes. The columns of a
            table are a dict of their readers by label, so that each fold reads them
            alike; other columns are a list. All are new and may be changed.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmm.modalities import detect_modalities
        >>> detect_modalities(pd.DataFrame({"age": [33, 34]})).to_list()
        [('tabular', 'tabular', {'age': 'number'})]
        """
        return [
            (name, kind, _copy(columns)) for name, kind, columns in self._modalities
        ]

    def __iter__(self) -> Iterator[tuple[str, str, Columns]]:
        return iter(self.to_list())

    def __len__(self) -> int:
        return len(self._modalities)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Modalities):
            return NotImplemented
        # Not the reasons: they carry figures that differ from fold to fold.
        return (self._modalities, self.ignored) == (other._modalities, other.ignored)

    # Equal by content and open to change, like the list it stands for.
    __hash__ = None  # type: ignore[assignment]  # makes it unhashable

    def __repr__(self):
        return as_text(self)

    def _repr_html_(self):
        return as_html(self)


def _copy(columns):
    if not isinstance(columns, dict):
        return list(columns)
    # A reader is a name, or an object of its own.
    return {
        label: reader if isinstance(reader, str) else clone(reader)
        for label, reader in columns.items()
    }


def example_of(column, missing):
    """Return a value of a column as a person would read it; "" for none.

    It is the smallest, where values have an order, whatever the order of the rows.
    """
    import pandas as pd

    where = np.flatnonzero(~missing)
    if not len(where):
        return ""
    cell = column.iloc[where[0]]
    if isinstance(column.dtype, pd.CategoricalDtype):
        cell = min(column.iloc[where].unique().tolist(), key=str)
    elif isinstance(cell, (str, bytes)) or not hasattr(cell, "__len__"):
        cells = column if column.dtype != object else column.iloc[where]
        # Cells of several types, or without an order, raise: any of them will do.
        with contextlib.suppress(TypeError, ValueError):
            cell = cells.min()
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"{len(bytes(cell))} bytes"
    shape = getattr(cell, "shape", None)
    if shape:
        return f"array of shape {tuple(shape)}"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    text = cell if isinstance(cell, str) else str(cell)[:100]
    return shorten(text, 24)
