"""What is wrong with a folder, or with rows."""


class RuntimeFileError(ValueError):
    """A folder does not hold an exported model that :func:`load` can read.

    It is damaged, of a later version, or not one of :func:`skmm.export`; the message
    says which.

    Examples
    --------
    >>> from skmm.runtime import RuntimeFileError, load
    >>> try:
    ...     load("nothing")
    ... except RuntimeFileError as error:
    ...     print(error)
    nothing is not a folder that skmm.export has written ...: it has no preprocessing...
    """


class RowError(ValueError):
    """Rows cannot be read; the message names the column and the row.

    Examples
    --------
    >>> from skmm.runtime import RowError
    >>> issubclass(RowError, ValueError)
    True
    """


def refuse(label, row, cell, what, remedy):
    """Return the error of a cell that cannot be read.

    Parameters
    ----------
    label : str or int
        Of the column.
    row : int
        Its position, from 0 on.
    cell : object
    what : str
        Why not.
    remedy : str
    """
    text = repr(cell[:80] if isinstance(cell, (str, bytes, list)) else cell)
    text = text if len(text) <= 80 else text[:79] + "…"
    return RowError(f"Column {label!r}, row {row}: {text} {what}. {remedy}")
