"""What one cell says: a number, a category, a flag, a time of day."""

import datetime
import decimal
import math
import numbers
import re

import numpy as np

from skmm._plain.clocks import read_time
from skmm._plain.spelling import (
    FLAGS,
    fold_spaces,
    is_missing_level,
    is_placeholder,
)

#: Stands for a missing category; no cell of real text holds this character.
MISSING = "\uffff"
# "1.0" and "1" are one code, whatever wrote it.
_WHOLE = re.compile(r"([-+]?\d+)\.0+")


def is_nothing(cell):
    """Return True for a scalar that is missing, or a blank string."""
    if isinstance(cell, str):
        return not cell or cell.isspace()
    if cell is None:
        return True
    try:
        return bool(cell != cell) or type(cell).__name__ in ("NaTType", "NAType")
    except (TypeError, ValueError, decimal.InvalidOperation):
        return type(cell).__name__ == "NAType" or isinstance(cell, decimal.Decimal)


def number_of(cell):
    """Return a number of any type as a float; None for what is none."""
    if isinstance(cell, (datetime.timedelta, np.timedelta64, np.datetime64)):
        return None
    if isinstance(cell, complex):
        return None
    try:
        return float(cell) if hasattr(cell, "__float__") else None
    except OverflowError:
        return math.inf if cell > 0 else -math.inf
    except (TypeError, ValueError):
        return None


def category_of(cell):
    """Return a cell as the text of its category, MISSING where it says nothing."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        if is_missing_level(cell):
            return MISSING
        text = fold_spaces(cell)
        whole = _WHOLE.fullmatch(text)
        if whole is not None:
            return whole[1]
        return text.capitalize() if text.casefold() in ("true", "false") else text
    is_real = isinstance(cell, (numbers.Real, decimal.Decimal))
    if is_real and not isinstance(cell, bool) and abs(cell) < float("inf"):
        if cell == int(cell):
            return str(int(cell))
        return repr(float(cell))
    return str(cell).strip()


def flag_of(cell):
    """Return 1 or 0, NaN for a placeholder, None for what is no flag."""
    if isinstance(cell, str):
        word = fold_spaces(cell).casefold()
        if word in FLAGS:
            return FLAGS[word]
        return np.nan if is_placeholder(cell) else None
    number = number_of(cell)
    return number if number in (0.0, 1.0) else None


def seconds_of_day(cell):
    """Return the seconds since midnight, NaN for what is no time of day."""
    if isinstance(cell, str):
        return read_time(cell)
    if isinstance(cell, datetime.time):
        seconds = 3600 * cell.hour + 60 * cell.minute + cell.second
        return seconds + 1e-6 * cell.microsecond
    return np.nan
