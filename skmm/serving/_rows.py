"""Rows of a request to a frame like the one that the estimator was fitted with."""

import csv
import io
from collections import Counter

import numpy as np

from skmm._utils.names import did_you_mean
from skmm.serving._cells import RowsError, Uploads, place_of, read_value
from skmm.serving._pixels import count_pixels

#: Names of columns that an error lists.
_MOST_NAMES = 10
#: Readers whose reading of a string depends on the other strings of its column.
_TOGETHER = ("number", "date")


class RowReader:
    """Turns the rows of requests into frames.

    Parameters
    ----------
    columns : list of ServedColumn
    limits : Limits
    """

    def __init__(self, columns, limits):
        self.columns = columns
        self.limits = limits
        self._by_name = {column.name: column for column in columns}
        self._required = [column for column in columns if column.is_required]

    def read(self, rows, uploads=None):
        """Return a frame of rows.

        Parameters
        ----------
        rows : list of dict
            As JSON has them.
        uploads : Uploads, default=None

        Returns
        -------
        frame : DataFrame
            Its columns are those of the fit, in their order; rows are counted from 0.
        can_share : bool
            Whether it may be predicted together with the rows of others.

        Raises
        ------
        RowsError
            If there are no rows or too many, pictures with too many pixels, columns
            that are not known, columns that a row lacks, or values of a wrong type.
        """
        import pandas as pd

        self._check_rows(rows)
        uploads = uploads or Uploads()
        columns, can_share, n_pixels = {}, True, 0
        for i, column in enumerate(self.columns):
            cells = [
                read_value(values.get(column.name), column, row, uploads)
                for row, values in enumerate(rows)
            ]
            n_pixels += count_pixels(cells) if column.kind == "image" else 0
            columns[i], shares = _to_series(cells, column)
            can_share = can_share and shares
        uploads.check_all_taken()
        if n_pixels > self.limits.max_pixels:
            raise RowsError(
                f"The pictures have {n_pixels:,} pixels, more than the "
                f"{self.limits.max_pixels:,} that a request may have. Send smaller "
                "ones, or several requests."
            )
        frame = pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))
        frame.columns = pd.Index([column.label for column in self.columns])
        return frame, can_share

    def _check_rows(self, rows):
        if not isinstance(rows, list):
            raise RowsError(
                "'rows' has to be a list of objects, one a row: "
                '{"rows": [{"column": value, ...}]}.'
            )
        if not rows:
            raise RowsError("'rows' is empty. Send at least one row.")
        if len(rows) > self.limits.max_rows:
            raise RowsError(
                f"{len(rows):,} rows are more than the {self.limits.max_rows:,} that a "
                "request may have. Send them in several requests."
            )
        for row, values in enumerate(rows):
            if not isinstance(values, dict):
                raise RowsError(
                    f"Row {row} is not an object. Write {{column: value, ...}}."
                )
            for name in values:
                if name not in self._by_name:
                    raise self._unknown(name, row)
            for column in self._required:
                if column.name not in values:
                    raise RowsError(
                        f"{place_of(column, row)}: the column is missing. Send null "
                        "where its value is not known."
                    )

    def _unknown(self, name, row):
        known = list(self._by_name)
        shown = name if len(name) <= 60 else f"{name[:60]}..."
        listed = ", ".join(map(repr, known[:_MOST_NAMES]))
        more = ", ..." if len(known) > _MOST_NAMES else ""
        near = did_you_mean(shown, known)
        return RowsError(
            f"Column {shown!r}, row {row}: there is no such column.{near} There are: "
            f"{listed}{more}."
        )


def _to_series(cells, column):
    """Return cells as a column, and whether others may be put below it."""
    import pandas as pd

    if column.kind == "unused":
        return pd.Series([None] * len(cells), dtype=object), True
    are_strings = [isinstance(cell, str) for cell in cells]
    are_numbers = column.kind in ("number", "vector") and not column.is_nested
    if are_numbers and not any(are_strings):
        values = [np.nan if cell is None else cell for cell in cells]
        return pd.Series(values, dtype=float), True
    is_any = column.kind == "any"
    if is_any and not any(isinstance(cell, np.ndarray) for cell in cells):
        # Of a dtype, as a transformer of others may have found it at fit, which the
        # rows of others could change.
        return pd.Series(cells), False
    objects = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):  # one by one: numpy would take lists apart
        objects[i] = cell
    # By dtype: pandas would make one of strings another column than one with None.
    series = pd.Series(objects, dtype=object)
    # What is cleaned has no zone any more, which would be missed.
    has_zone = getattr(column.reader, "zone_", None) is not None
    return series, not (is_any or (has_zone and any(are_strings)))


def settle(frame, columns):
    """Read the strings that a request has in columns of numbers and dates.

    Whether "1,500" has a decimal comma, and "3/4/2024" the month first, is decided from
    all cells of a column: from those of this request, before others are added.

    Parameters
    ----------
    frame : DataFrame
        Of `RowReader.read`.
    columns : list of ServedColumn

    Returns
    -------
    frame : DataFrame

    Raises
    ------
    ValueError
        For a string that cannot be read; the message names column and row.
    """
    settled = frame
    for i, column in enumerate(columns):
        if column.kind not in _TOGETHER:
            continue
        cells = frame.iloc[:, i]
        if cells.dtype != object:
            continue
        has_zone = getattr(column.reader, "zone_", None) is not None
        if not has_zone and any(isinstance(cell, str) for cell in cells):
            settled = frame.copy(deep=False) if settled is frame else settled
            settled.isetitem(i, column.reader.clean(cells))
    return settled


def read_csv(text, max_rows):
    """Return the rows of a table in CSV.

    Parameters
    ----------
    text : str
        The first line has the names of the columns. Commas, semicolons or tabs stand
        between cells, whichever the first line has most of.
    max_rows : int

    Returns
    -------
    rows : list of dict of str to (str, list or None)
        An empty cell is None, and a list of numbers is a list.

    Raises
    ------
    RowsError
        If it is not such a table.
    """
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, names = [], None
    try:
        for line in lines:
            if names is None:
                names = _check_head(line)
                continue
            if not line:
                continue
            if len(line) != len(names):
                raise RowsError(
                    f"Row {len(rows)} of the CSV has {len(line)} cells, and its head "
                    f"has {len(names)} names."
                )
            if len(rows) == max_rows:
                raise RowsError(
                    f"The CSV has more than the {max_rows:,} rows that a request may "
                    "have. Send them in several requests."
                )
            rows.append(dict(zip(names, map(_cell_of_csv, line))))
    except csv.Error as error:
        raise RowsError(
            f"The CSV cannot be read: {error}, at line {lines.line_num}. A file that "
            "is too large for a cell can be uploaded beside the table."
        ) from error
    return rows


def _check_head(names):
    if len(set(names)) < len(names):
        name, _ = Counter(names).most_common(1)[0]
        raise RowsError(f"The head of the CSV has the name {name[:60]!r} twice.")
    return names


def _cell_of_csv(text):
    """Return None for an empty cell, and a list of numbers as one."""
    if not text.strip():
        return None
    if text.lstrip()[0] == "[" and text.rstrip()[-1] == "]":
        from skmm.serving._json import loads

        try:
            return loads(text)
        except ValueError:
            return text
    return text
