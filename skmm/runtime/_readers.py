"""Readers of a table's columns, made from their description.

A cell is read by itself, as the estimator reads a frame of that row alone.
"""

import datetime
import math
import re
import warnings
import zoneinfo

import numpy as np

from skmm._plain.calendar import read_dates
from skmm._plain.cells import (
    MISSING,
    category_of,
    flag_of,
    is_nothing,
    number_of,
    seconds_of_day,
)
from skmm._plain.clocks import read_duration
from skmm._plain.numerals import conversion, parse, value_of
from skmm._plain.spelling import FLAGS, is_placeholder
from skmm.runtime._errors import refuse

# As computers write numbers, for ASCII's digits alone; no digit can be read in two
# ways, so that a long cell takes as long as it is.
_PLAIN = re.compile(
    r"[ \t\n\r\f\v]*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?[ \t\n\r\f\v]*",
    re.ASCII | re.IGNORECASE,
)
#: Seconds of each unit that a date or a duration may count.
UNITS = {"D": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
UNITS |= {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DAY = 86400.0
_ERRORS = ("raise", "missing")
#: The parts of a moment, from it and from its day, its month and its year.
_PARTS = {
    "year": lambda moments, days, months, years: years.astype(int) + 1970,
    "month": lambda moments, days, months, years: (months - years).astype(int) + 1,
    "day": lambda moments, days, months, years: (days - months).astype(int) + 1,
    "hour": lambda moments, days, *_: (moments - days) // np.timedelta64(1, "h"),
    "total_seconds": lambda moments, *_: moments.astype(int) / 1e6,
    # The first of 1970 was a Thursday, and weeks begin on Mondays, with 1.
    "weekday": lambda moments, days, *_: (days.astype(int) + 3) % 7 + 1,
}
_CORRECT = "Correct the cell, or make it missing."


class Reader:
    """Base of the readers.

    Parameters
    ----------
    label : str or int
        Of the column.
    description : Fields
        What the export has written of the fitted reader.
    """

    gives_codes = False
    n_features = 1
    #: How errors call what is read.
    kind = ""

    def __init__(self, label, description):
        self.label = label
        self.errors = self.what_is_lost(description)

    def what_is_lost(self, description):
        """Return "raise" or "missing": what becomes of cells that cannot be read."""
        return description.text("errors", _ERRORS)

    def read(self, cells):
        """Return what an encoder takes of a column.

        Parameters
        ----------
        cells : list of length n_rows

        Returns
        -------
        values : ndarray of float64 of shape (n_rows, n_features)
            NaN where missing. Of categories, int64 codes of shape (n_rows,).

        Raises
        ------
        RowError
            If a cell cannot be read.
        """
        values = [self.read_cell(cell, row) for row, cell in enumerate(cells)]
        return np.array(values, dtype=np.float64)[:, None]

    def read_cell(self, cell, row):
        """Return the number of one cell; row is its position, for errors."""
        raise NotImplementedError

    def lose(self, cell, row, missing=math.nan):
        """Return what stands for a cell that cannot be read, or raise."""
        what = f"cannot be read as a {self.kind}"
        if self.errors == "raise":
            raise refuse(self.label, row, cell, what, _CORRECT)
        message = refuse(self.label, row, cell, what, "It is taken for missing.")
        warnings.warn(str(message), UserWarning, stacklevel=4)
        return missing


class NumberReader(Reader):
    """Numbers, and numbers as people write them."""

    kind = "number"

    def __init__(self, label, description):
        super().__init__(label, description)
        self.decimal = description.text("decimal", ".,")
        self.unit = description.text("unit")
        self.infinite = description.text("infinite", _ERRORS)
        self.is_flag = description.flag("is_flag")

    def read_cell(self, cell, row):
        if type(cell) is float and math.isfinite(cell):
            return cell
        if is_nothing(cell):
            return math.nan
        value = self._read_text(cell, row) if isinstance(cell, str) else number_of(cell)
        if value is None:
            return self.lose(cell, row)
        if math.isinf(value):
            if self.infinite == "missing":
                return math.nan
            raise refuse(self.label, row, cell, "is infinite", _CORRECT)
        return value

    def _read_text(self, text, row):
        if self.decimal == "." and _PLAIN.fullmatch(text):
            return float(text)
        numeral = parse(text)
        if numeral is None:
            word = text.strip().casefold()
            if self.is_flag and word in FLAGS:
                return FLAGS[word]
            return math.nan if is_placeholder(text) else None
        if self._is_foreign(numeral):
            fitted = f"in {self.unit!r}" if self.unit else "without a unit"
            what = f"is in {numeral.unit!r}, and the column was fitted {fitted}"
            raise refuse(self.label, row, text, what, "Convert the cell.")
        return value_of(numeral, self.decimal, self.unit)[0]

    def _is_foreign(self, numeral):
        """Tell if a number is written in another unit than it was fitted in."""
        unit = numeral.unit
        if unit in ("", self.unit) or conversion(unit, self.unit) is not None:
            return False
        if numeral.magnitude and unit in "mbt":
            return False
        # A unit where there was none is the one that was not written.
        return bool(self.unit) or unit in ("%", "‰")


class FlagReader(Reader):
    """Yes and no in any spelling."""

    kind = "flag"

    def what_is_lost(self, description):
        return "missing"

    def read_cell(self, cell, row):
        if is_nothing(cell):
            return math.nan
        value = flag_of(cell)
        return self.lose(cell, row) if value is None else value


class CategoryReader(Reader):
    """Categories as codes: 0 missing, 1 unknown or rare, 2 and above known."""

    kind = "category"
    gives_codes = True

    def what_is_lost(self, description):
        return "missing"

    def __init__(self, label, description):
        super().__init__(label, description)
        known = description.texts("categories")
        self.codes = {text: code for code, text in enumerate(known, start=2)}
        self.codes[MISSING] = 0
        self.n_codes = len(known) + 2

    def read(self, cells):
        codes = [
            0 if is_nothing(cell) else self.codes.get(category_of(cell), 1)
            for cell in cells
        ]
        return np.array(codes, dtype=np.int64)


class TimeReader(Reader):
    """Times of day, as seconds and as the hand of a clock of 24 hours."""

    kind = "time"
    n_features = 3

    def what_is_lost(self, description):
        return "raise"

    def read(self, cells):
        seconds = super().read(cells)[:, 0]
        angle = 2 * np.pi * seconds / _DAY
        return np.stack([seconds, np.sin(angle), np.cos(angle)], axis=1)

    def read_cell(self, cell, row):
        if is_nothing(cell):
            return math.nan
        value = seconds_of_day(cell)
        if math.isnan(value) and not _is_placeholder(cell):
            return self.lose(cell, row)
        return value


class DurationReader(Reader):
    """Durations as seconds."""

    kind = "duration"

    def __init__(self, label, description):
        super().__init__(label, description)
        self.unit = description.optional_text("unit", UNITS)

    def read_cell(self, cell, row):
        if is_nothing(cell):
            return math.nan
        value = self._seconds(cell)
        if math.isnan(value) and not _is_placeholder(cell):
            return self.lose(cell, row)
        return value

    def _seconds(self, cell):
        if isinstance(cell, str):
            seconds, _ = read_duration(cell)
            if math.isnan(seconds) and self.unit is not None:
                try:
                    return float(cell) * UNITS[self.unit]
                except ValueError:
                    return math.nan
            return seconds
        if isinstance(cell, datetime.timedelta):
            return cell.total_seconds()
        number = number_of(cell)
        if number is None or self.unit is None or isinstance(cell, bool):
            return math.nan
        return number * UNITS[self.unit]


class DateReader(Reader):
    """Dates as their parts: year, month, day, hour, seconds from 1970 on, weekday."""

    kind = "date"

    def __init__(self, label, description):
        super().__init__(label, description)
        self.dayfirst = description.flag("dayfirst")
        self.unit = description.optional_text("unit", UNITS)
        self.parts = description.texts("parts")
        if not set(self.parts) <= _PARTS.keys():
            raise ValueError(f"dates have no parts {self.parts}")
        self.n_features = max(len(self.parts), 1)
        self.zone = _zone_of(description.optional_text("zone"), label)

    def read(self, cells):
        moments = np.full(len(cells), "NaT", dtype="datetime64[us]")
        for row, cell in enumerate(cells):
            if not is_nothing(cell):
                moments[row] = self._moment(cell, row)
        if not self.parts:  # all fitted cells were missing
            return np.full((len(cells), 1), np.nan)
        return _parts_of(moments, self.parts)

    def _moment(self, cell, row):
        nothing = np.datetime64("NaT", "us")
        if isinstance(cell, str):
            moments, is_date, has_offset = read_dates([cell], self.dayfirst)
            if not is_date[0]:
                return nothing if is_placeholder(cell) else self._lose(cell, row)
            moment, has_zone = moments[0], bool(has_offset[0])
        elif isinstance(cell, datetime.datetime):
            has_zone = cell.tzinfo is not None
            if has_zone:
                cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
            moment = np.datetime64(cell, "us")
        elif isinstance(cell, datetime.date):
            moment, has_zone = np.datetime64(cell, "us"), False
        else:
            number = None if isinstance(cell, bool) else number_of(cell)
            if number is None or self.unit is None:
                return self._lose(cell, row)
            seconds = number * UNITS[self.unit]
            if not abs(seconds) < 2.5e11:  # nor is a year beyond 9999
                return nothing
            moment = np.round(np.float64(seconds * 1e6)).astype("datetime64[us]")
            has_zone = False
        if self.zone is None or not has_zone or np.isnat(moment):
            return moment
        # As the clocks of the fitted zone show it.
        local = moment.item().replace(tzinfo=datetime.UTC).astimezone(self.zone)
        return np.datetime64(local.replace(tzinfo=None), "us")

    def _lose(self, cell, row):
        return self.lose(cell, row, np.datetime64("NaT", "us"))


def _parts_of(moments, names):
    """Return the named parts of moments, NaN where they are NaT."""
    days = moments.astype("datetime64[D]")
    months, years = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    found = [_PARTS[name](moments, days, months, years) for name in names]
    found = np.stack(found, axis=1)
    # In float32, as the encoder of the fit has them.
    found = found.astype(np.float32).astype(np.float64)
    found[np.isnat(moments)] = np.nan
    return found


def _zone_of(name, label):
    if name in (None, "UTC"):
        return None if name is None else datetime.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise ValueError(
            f"column {label!r} is of the time zone {name!r}, which this machine does "
            "not know (pip install tzdata)"
        ) from error


def _is_placeholder(cell):
    return isinstance(cell, str) and is_placeholder(cell)


#: By the name in a description.
READERS = {
    reader.kind: reader
    for reader in (
        NumberReader,
        FlagReader,
        CategoryReader,
        TimeReader,
        DurationReader,
        DateReader,
    )
}
