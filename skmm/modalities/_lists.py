"""Lists of numbers that are written as strings: vectors and series in a CSV file."""

import math
import re

import numpy as np

from skmm._data.frames import show_label
from skmm._plain.spelling import is_placeholder

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_MISSING = r"nan|NaN|null|None|NA"
_ITEM = rf"(?:{_NUMBER}|{_MISSING}|[+-]?inf)"
_OPEN, _CLOSE = "[(", "])"
#: Numbers between commas, semicolons, bars, or white space; brackets were taken off.
_WRITTEN = {
    separator: re.compile(rf"\s*{_ITEM}(?:{sign}{_ITEM})*\s*{end}")
    for separator, sign, end in (
        (",", r"\s*,\s*", ",?"),
        (";", r"\s*;\s*", ";?"),
        ("|", r"\s*\|\s*", r"\|?"),
        (None, r"\s+", ""),
    )
}


def parse_list(text):
    """Read a list of numbers, as JSON, Python, NumPy and CSV files write them.

    Parameters
    ----------
    text : str
        Such as ``"[1.2, null, 3]"``, ``"(1, 2)"``, ``"[1. 2. 3.]"``, ``"1.2;3"``, or
        lists in a list, ``"[[1, 2], [3, 4]]"``.

    Returns
    -------
    numbers : ndarray of float64 of shape (n,) or (n, m), or None
        NaN for what is missing in the list; empty for an empty one. None where the
        text is no such list.
    """
    text = text.strip()
    for start in ("array(", "tensor("):
        if text.startswith(start) and text.endswith(")"):
            text = text[len(start) : -1].strip()
    if len(text) > 1 and text[0] in _OPEN and text[-1] == _CLOSE[_OPEN.index(text[0])]:
        inner = text[1:-1].strip()
        if not inner:
            return np.empty(0)
        if inner[0] in _OPEN:
            return _parse_nested(inner)
        text = inner
    for separator, pattern in _WRITTEN.items():
        if pattern.fullmatch(text):
            items = text.rstrip(" ,;|").split(separator)
            return np.array([_to_float(item) for item in items])
    return None


def is_empty_list(text):
    """Tell whether a string is a list without anything in it."""
    return text.strip() in ("[]", "()")


def is_list(text):
    """Tell whether a string is surely a list, and not another spelling of something.

    Parameters
    ----------
    text : str

    Returns
    -------
    is_list : bool
        True for lists in brackets, and for others of five numbers or more, or of which
        each has a decimal point: not for telephone numbers, or the codes "1,3".
    """
    numbers = parse_list(text)
    if numbers is None or numbers.ndim == 1 and len(numbers) == 1:
        return False
    text = text.strip()
    if text[:1] in tuple(_OPEN) or len(numbers) >= 5:
        return True
    return len(numbers) > 1 and text.count(".") == len(numbers)


def read_lists(column):
    """Read the strings of a column that are lists of numbers.

    Parameters
    ----------
    column : Series
        Of cells.

    Returns
    -------
    cells : Series
        The column itself where it has no strings. An array for each string otherwise,
        None for an empty one and for a placeholder.

    Raises
    ------
    ValueError
        For a string that is no list; it names column and row.
    """
    strings = [isinstance(cell, str) for cell in column]
    if not any(strings):
        return column
    cells = np.empty(len(column), dtype=object)
    for i, cell in enumerate(column):
        cells[i] = cell
        if strings[i]:
            is_nothing = is_placeholder(cell)  # "null", too, which a list may hold
            numbers = None if is_nothing else parse_list(cell)
            if numbers is None and not is_nothing:
                shown = cell if len(cell) <= 40 else f"{cell[:40]}..."
                raise ValueError(
                    f"Column {column.name!r} holds a string that is no list of "
                    f"numbers at row {show_label(column.index, i)}: {shown!r}. Write "
                    "such as '[1.5, 2, null]', or make the cell missing."
                )
            cells[i] = numbers if numbers is not None and numbers.size else None
    return type(column)(cells, index=column.index, name=column.name)


def _parse_nested(inner):
    """Read lists in a list; None where they are not equally long."""
    rows = re.split(r"(?<=[\])])\s*[,;]?\s*(?=[\[(])", inner)
    rows = [parse_list(row) for row in rows]
    if any(row is None or row.ndim != 1 for row in rows):
        return None
    return np.array(rows) if len(set(map(len, rows))) == 1 else None


def _to_float(item):
    try:
        return float(item)
    except ValueError:  # null, None, NA
        return math.nan
