"""One value of a request to what the estimator reads: never a path or an address."""

import re

import numpy as np

from skmm.io._signatures import kind_of_bytes
from skmm.io._written import decode_written
from skmm.modalities import KINDS

#: What values of each kind of column may be, for errors.
ACCEPTED = {
    "number": "a number",
    "flag": "true, false, a number or a string",
    "category": "a string, a number, true or false",
    "date": "a string, such as 2024-05-31",
    "time": "a string, such as 10:15",
    "duration": "a string, such as 1:30:00, or a number",
    "text": "a string",
    "entity": "a string or a number",
    "vector": "a number",
    "series": "a number",
    "any": "a string, a number, true, false or a list of numbers",
    "unused": "anything that is not a list or an object",
}
_SCALARS = {
    "number": (int, float, str, bool),
    "flag": (int, float, str, bool),
    "category": (int, float, str, bool),
    "date": (int, float, str),
    "time": (str,),
    "duration": (int, float, str),
    "text": (str,),
    "entity": (int, float, str),
    "vector": (int, float),
    "series": (int, float),
    "any": (int, float, str, bool),
    "unused": (int, float, str, bool),
}
_JSON_NAMES = {
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}
#: A data: URI of a type, encoded as base64.
_DATA_URI = re.compile(r"data:([\w.+-]+)/([\w.+-]+)(;[\w.=+-]+)*;base64,", re.I)
#: Possessive: time that grows with the square of the length would be an attack.
_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]++={0,2}")
#: Characters of base64; the smallest file of all, a GIF of one pixel, makes 48.
_SHORTEST = 40
#: Characters of a value that an error shows.
_SEEN = 60


class RowsError(ValueError):
    """Rows of a request that cannot be read; the message names column and row."""


def read_value(value, column, row, uploads):
    """Read one value of a request.

    Parameters
    ----------
    value : object
        As JSON or CSV has it.
    column : ServedColumn
    row : int
        For errors.
    uploads : Uploads
        The files that came with the request.

    Returns
    -------
    cell : object
        Bytes, or a list of bytes, in a column of media; an array in one of vectors or
        series; else a scalar. None where it is missing.

    Raises
    ------
    RowsError
        If it is not a value of this column.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if column.is_media:
        if isinstance(value, list):
            views = [_read_content(one, column, row, uploads) for one in value]
            return [one for one in views if one is not None] or None
        return _read_content(value, column, row, uploads)
    if column.is_nested or (column.kind == "any" and isinstance(value, list)):
        return _read_numbers(value, column, row)
    if not isinstance(value, _SCALARS[column.kind]) or (
        isinstance(value, bool) and bool not in _SCALARS[column.kind]
    ):
        raise _refuse(value, column, row, ACCEPTED[column.kind])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _read_number(value, column, row)
    if isinstance(value, str):
        _check_text(value, column, row)
    if isinstance(value, bool) and column.kind == "category":
        # In a batch, 1 and True would be one cell.
        return str(value)
    return value


def place_of(column, row):
    """Return how an error begins: the column and the row."""
    return f"Column {column.name!r}, row {row}"


def _refuse(value, column, row, accepted):
    found = _JSON_NAMES.get(type(value), type(value).__name__)
    return RowsError(
        f"{place_of(column, row)}: {found}, where a column of kind {column.kind!r} "
        f"takes {accepted}, or null."
    )


def _check_text(value, column, row):
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise RowsError(
            f"{place_of(column, row)}: character {error.start} is half of a surrogate "
            "pair, which is not a character. Correct the escapes of the JSON."
        ) from error


def _read_number(value, column, row):
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise RowsError(
            f"{place_of(column, row)}: the number is too large for 64-bit floats. "
            "Send one below 1.8e308, or null."
        )
    # A float would turn long ids into others.
    return value if isinstance(value, float) or column.kind != "number" else number


def _read_numbers(value, column, row):
    """Read a list of numbers, or of lists of as many numbers each."""
    if not isinstance(value, list):
        raise _refuse(value, column, row, "a list of numbers")
    place = place_of(column, row)
    is_deep = any(isinstance(one, list) for one in value)
    numbers = (
        [n for one in value for n in one]
        if is_deep and all(isinstance(one, list) for one in value)
        else value
    )
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, float, type(None))):
            found = _JSON_NAMES.get(type(number), type(number).__name__)
            raise RowsError(f"{place}: the list holds {found} where numbers belong.")
    if is_deep and len({len(one) for one in value}) > 1:
        raise RowsError(f"{place}: the lists in the list are not equally long.")
    for number in numbers:
        if number is not None:
            _read_number(number, column, row)
    if column.length is not None and (is_deep or len(value) != column.length):
        found = "lists" if is_deep else f"{len(value)} numbers"
        raise RowsError(
            f"{place}: a list of {found}; the vectors at fit had {column.length} "
            "numbers."
        )
    array = np.array(value, dtype=float)  # None becomes NaN
    return array if array.size else None


def _read_content(value, column, row, uploads):
    """Return the bytes of a file that was uploaded, or is written as base64."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    place = place_of(column, row)
    if not isinstance(value, str):
        raise _refuse(value, column, row, uploads.accepted)
    content = uploads.take(value)
    if content is None:
        content = _decode(value, column, place, uploads)
    if not content:
        raise RowsError(f"{place}: the file is empty (zero bytes).")
    kind = kind_of_bytes(content[:32])
    # What is not known at its beginning is left to the reader, which tries it.
    if kind is not None and kind != column.kind and not _may_be_either(kind, column):
        raise RowsError(
            f"{place}: the content is {_a(kind)} file, where a column of "
            f"{KINDS[column.kind].cells} takes {uploads.accepted}."
        )
    return content


def _may_be_either(kind, column):
    # A container of clips may hold sound alone, and an animation is a clip, too.
    return {kind, column.kind} <= {"audio", "video"} or (
        kind == "image" and column.kind == "video"
    )


def _decode(value, column, place, uploads):
    """Decode base64, plain or in a data: URI of the column's kind."""
    text = value.strip()
    if text[:5].lower() == "data:":
        uri = _DATA_URI.match(text)
        if uri is None or uri[1].lower() not in (column.kind, "application"):
            raise RowsError(
                f"{place}: {_shown(text)} is not a data: URI of {_a(column.kind)} in "
                f"base64, such as data:{column.kind}/...;base64,...."
            )
        text = text[uri.end() :]
    if len(text) < _SHORTEST or _BASE64.fullmatch(text) is None:
        raise RowsError(
            f"{place}: {_shown(text)} is neither the name of an uploaded file nor "
            f"base64. Paths and addresses are not opened: the column takes "
            f"{uploads.accepted}."
        )
    try:
        # With a beginning, so that no short string is taken for something else.
        return decode_written(f"data:;base64,{text}")
    except ValueError as error:
        raise RowsError(
            f"{place}: {_shown(text)} is not base64: {error}. The column takes "
            f"{uploads.accepted}."
        ) from error


def _a(kind):
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _shown(text):
    return repr(text if len(text) <= _SEEN else f"{text[:_SEEN]}...")


class Uploads:
    """The files that came with a request, by the names of their fields.

    Parameters
    ----------
    files : dict of str to bytes
    """

    def __init__(self, files=None):
        self._files = files or {}
        self._taken = set()
        self.accepted = "base64"
        if files is not None:
            self.accepted = "the name of an uploaded file, or base64"

    def take(self, name):
        """Return the content of a file, None where there is none of this name."""
        self._taken.add(name)
        return self._files.get(name)

    def check_all_taken(self):
        """Raise RowsError for files that no row has named."""
        left = sorted(set(self._files) - self._taken)
        if left:
            raise RowsError(
                f"No row names the uploaded files {left[:5]}. Put the name of a file's "
                "field into the cell that it belongs to."
            )
