"""What was found in a table: its modalities, and a reason for each column."""

import html
import itertools
from collections import namedtuple

ColumnModality = namedtuple("ColumnModality", ["column", "kind", "modality", "reason"])
ColumnModality.__doc__ = """What was decided about one column, and why.

`kind` and `modality` are None for a column without any value.
"""


class Modalities:
    """The modalities of a table: what :func:`detect_modalities` found.

    Iterating gives the modalities, as `to_list` does.

    Parameters
    ----------
    modalities : list of (name, kind, columns) tuples
        The modalities: two strings and a list of column labels each.
    columns : list of ColumnModality
        One entry for each column of the table.
    dtypes : list of str
        The dtype of each of these columns.

    Attributes
    ----------
    columns_ : list of ColumnModality
        For each column of the table: column, kind, modality, reason.
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
    ([('tabular', 'tabular', ['age'])], ['height'])
    >>> modalities.columns_[1].reason
    'all missing'
    """

    def __init__(self, modalities, columns, dtypes):
        self._modalities = modalities
        self._dtypes = dtypes
        self.columns_ = columns

    @property
    def ignored(self):
        """Labels of the columns without any value."""
        return [entry.column for entry in self.columns_ if entry.kind is None]

    def to_list(self):
        """Write the modalities down, to be changed or passed on.

        Returns
        -------
        modalities : list of (name, kind, columns) tuples
            What the `modalities` parameter of the estimators takes. The list is new
            and may be changed.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmm.modalities import detect_modalities
        >>> detect_modalities(pd.DataFrame({"age": [33, 34]})).to_list()
        [('tabular', 'tabular', ['age'])]
        """
        return [(name, kind, list(columns)) for name, kind, columns in self._modalities]

    def __iter__(self):
        return iter(self.to_list())

    def __len__(self):
        return len(self._modalities)

    def __eq__(self, other):
        if not isinstance(other, Modalities):
            return NotImplemented
        # Not the reasons: they carry figures that differ from fold to fold.
        return (self._modalities, self.ignored) == (other._modalities, other.ignored)

    # Equal by content and open to change, like the list it stands for.
    __hash__ = None

    def _table(self):
        """Rows of the printed table, with long runs of like columns in one row."""
        rows = [("column", "dtype", "modality", "kind", "reason")]
        entries = zip(self.columns_, self._dtypes, strict=True)
        for like, run in itertools.groupby(entries, lambda e: (e[0][1:], e[1])):
            (kind, modality, reason), dtype = like
            names = [_shorten(str(entry.column)) for entry, _ in run]
            if len(names) > 4:
                names = [f"{names[0]} … {names[-1]} ({len(names)} columns)"]
            rows += [
                (name, dtype, modality or "", kind or "", reason) for name in names
            ]
        return rows

    def __repr__(self):
        rows = self._table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        head, *body = (
            "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row) + "</tr>"
            for tag, row in zip(
                itertools.chain(["th"], itertools.repeat("td")), self._table()
            )
        )
        return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _shorten(label, width=40):
    return label if len(label) <= width else label[: width - 1] + "…"
