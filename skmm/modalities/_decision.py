"""The decision about one column."""

from typing import NamedTuple

from skmm.modalities.readers import Reader


class Decision(NamedTuple):
    """The kind of a column, and its reader.

    Attributes
    ----------
    kind : str or None
        The kind of modality; "drop" for a column that is left out, None for one
        without any value.
    reason : str
    reader : Reader or None, default=None
        What reads a column of a table.
    note : str, default=""
        What a user would want to know besides.
    warning : str, default=""
        What is ambiguous or useless, with its remedy.
    given : bool, default=False
        If True, the user has taken it.
    """

    kind: str | None
    reason: str
    reader: Reader | None = None
    note: str = ""
    warning: str = ""
    given: bool = False
