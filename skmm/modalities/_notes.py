"""What a user would want to know about a column, beside what it is."""

import itertools
import re

import numpy as np

_IDS = re.compile(
    r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,}|"
    r"(?=\w*\d)[\w-]{6,})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?|ftp|s3|gs)://|www\.", re.IGNORECASE)
_KEY = re.compile(r"(?=[\w-]*\d)[\w-]+")
_WHOLE_ADDRESS = re.compile(rf"(?:{_ADDRESS.pattern})\S+", re.IGNORECASE)
_SEPARATOR = re.compile(r"[^\w]+|_")
_PREFIX = re.compile(r"[^\W\d_]*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
# Fewer rows than this may each have a value of their own by accident.
FEW_ROWS = 50
# Share of the rows that have a value of their own in a column of ids.
NEARLY_EACH = 0.95


def note_numbers(values):
    """Say what is peculiar about a column of numbers; "" for nothing.

    Parameters
    ----------
    values : ndarray of float64 of shape (n_samples,)
        Without the missing ones.
    """
    if len(values) < 2:
        return ""
    low, high = values.min(), values.max()
    if low == high:
        return "constant"
    if len(values) >= FEW_ROWS and _is_count(values, low, high):
        return "nearly the row number"
    return ""


def _is_count(values, low, high):
    """Return True for numbers that rise by 1 from row to row, hardly ever by more."""
    with np.errstate(invalid="ignore", over="ignore"):
        if high - low > 1.1 * len(values):
            return False
        steps = np.diff(values)
    return bool((steps > 0).all() and (steps == 1).mean() >= 0.9)


def note_strings(values, n_rows):
    """Say what is peculiar about categories; "" for nothing.

    Parameters
    ----------
    values : list of str
        A sample of the distinct ones.
    n_rows : int
        Rows that are not missing.
    """
    if len(values) == 1:
        return "constant" if n_rows > 1 else ""
    for name, pattern in [("addresses (URLs)", _ADDRESS), ("e-mails", _EMAIL)]:
        if all(pattern.match(value) for value in values):
            return name
    if is_code(values):
        return "digits with leading zeros: a code, not a number"
    if len(values) >= FEW_ROWS and all(_IDS.fullmatch(value) for value in values):
        return "ids"
    spellings = {value.casefold() for value in values}
    if len(spellings) < len(set(values)):
        return "mixed spellings: values that differ in case only"
    return ""


def is_only_a_key(values):
    """Return True for ids, addresses and e-mails of which no part says anything.

    A part says something if it recurs, as that before the dash in ``AB-1067``, and
    differs between values. Digits alone say something by their order: zip codes do.

    Parameters
    ----------
    values : list of str
    """
    if all(map(str.isdigit, values)) or not any(
        all(pattern.fullmatch(value) for value in values)
        for pattern in (_KEY, _WHOLE_ADDRESS, _EMAIL)
    ):
        return False
    parts = [_SEPARATOR.split(value.strip()) for value in values]
    places = itertools.zip_longest(*parts, fillvalue="")
    prefixes = [_PREFIX.match(value)[0] for value in values]
    if not all(prefixes):  # as of hexadecimal numbers, by chance
        prefixes = []
    most = len(values) / 10
    return not any(1 < len(set(some)) <= most for some in (*places, prefixes))


def is_code(values):
    """Return True for digits with leading zeros, as zip codes have."""
    return all(v.isascii() and v.isdigit() for v in values) and any(
        len(v) > 1 and v[0] == "0" for v in values
    )
