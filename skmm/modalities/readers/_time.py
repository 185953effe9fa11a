"""Dates, times of day and durations, of any type and spelling."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from skmm._plain import calendar, clocks
from skmm._plain.cells import number_of, seconds_of_day
from skmm._plain.spelling import is_placeholder
from skmm._utils.validation import Names, check_options
from skmm.modalities.readers._base import (
    Reader,
    distinct_cells,
    is_numeric,
    spread,
    to_floats,
    warn,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_UNITS = {"D": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_UNITS |= {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_DAY = 86400.0


class DateReader(Reader):
    """Read dates and moments of any type, and dates as people write them.

    It reads dates and moments of Python, NumPy, pandas, Arrow and polars, with or
    without time zones. It also reads strings in ISO 8601, in local orders of day, month
    and year, with names of months, and with weeks or quarters. Of a period it takes the
    start. An encoder gets year, month, day, hour, weekday and seconds.

    Parameters
    ----------
    dayfirst : bool, default=False
        If True, "03/04/2020" is the 3rd of April; if False, the 4th of March. A cell
        that is a date only in the other order is read in that order, with a warning;
        whatever the other cells are, a cell is always read in the same way.
    unit : {None, "D", "h", "min", "s", "ms", "us", "ns"}, default=None
        Unit of cells that are numbers, which are counted from 1970 on. With None,
        numbers raise an error.
    errors : {"raise", "missing"}, default="raise"
        What happens if a cell cannot be read. "raise" raises an error that names it.
        "missing" treats it as missing, with a warning. "N/A", "0000-00-00" and the like
        are always missing.

    Attributes
    ----------
    zone_ : tzinfo or None
        The time zone of the training rows, to which all moments are converted. It is
        UTC if the rows have different offsets. Moments without a zone are read as the
        clocks of this zone show them.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import DateReader
    >>> days = pd.Series(["31/01/2020", "1 Feb 2020", "?"])
    >>> DateReader(dayfirst=True).fit(days).clean(days).dt.day.tolist()
    [31.0, 1.0, nan]
    """

    kind = "date"

    _parameter_constraints = {
        "dayfirst": ["boolean"],
        "unit": [None, Names(_UNITS)],
        "errors": [Names(["raise", "missing"])],
    }

    def __init__(
        self,
        dayfirst: bool = False,
        *,
        unit: Literal["D", "h", "min", "s", "ms", "us", "ns"] | None = None,
        errors: Literal["raise", "missing"] = "raise",
    ) -> None:
        self.dayfirst = dayfirst
        self.unit = unit
        self.errors = errors

    def fit(self, column: pd.Series, min_frequency: int = 1) -> Self:
        from skrub import DatetimeEncoder

        check_options(self)
        super().fit(column)
        self.zone_ = None
        cells, is_zoned, zone = self._read_cells(column)
        self.zone_ = zone
        cells = self._localize(column, cells, is_zoned)
        self._encoder = None
        if cells.isna().all():  # of which nothing is learned
            return self
        self._encoder = DatetimeEncoder(add_weekday=True, add_total_seconds=True)
        self._encoder.fit_transform(cells)
        self.n_features_ = len(self._encoder.all_outputs_)
        return self

    def clean(self, column: pd.Series) -> pd.Series:
        cells, is_zoned, _ = self._read_cells(column)
        return self._localize(column, cells, is_zoned)

    def read(self, column: pd.Series) -> npt.NDArray[Any]:
        cells = self.clean(column)
        if self._encoder is None or cells.isna().all():
            return np.full((len(column), self.n_features_), np.nan)
        return self._encoder.transform(cells).to_numpy(np.float64)

    def _read_cells(self, column):
        """Return moments, where a zone is known (they are in UTC there), and it."""
        import pandas as pd

        dtype = column.dtype
        if is_numeric(column):
            values = to_floats(column)
            if self.unit is None or dtype.kind == "b":
                self._refuse(column, ~np.isnan(values), remedy=_REMEDY)
            moments = _from_numbers(values, self.unit)
            return moments, np.zeros(len(moments), dtype=bool), None
        if isinstance(dtype, pd.PeriodDtype):
            column = column.dt.to_timestamp()
            dtype = column.dtype
        if isinstance(dtype, pd.DatetimeTZDtype):
            moments = column.dt.tz_convert("UTC").dt.tz_localize(None)
            moments = moments.to_numpy().astype("datetime64[us]")
            return moments, np.ones(len(moments), dtype=bool), dtype.tz
        if isinstance(dtype, np.dtype) and dtype.kind == "M":
            moments = column.to_numpy().astype("datetime64[us]")
            return moments, np.zeros(len(moments), dtype=bool), None
        codes, cells = distinct_cells(column)
        moments = np.full(len(cells), "NaT", dtype="datetime64[us]")
        lost = np.zeros(len(cells), dtype=bool)
        zones, has_zone, written = [], np.zeros(len(cells), dtype=bool), []
        for i, cell in enumerate(cells):
            if isinstance(cell, str):
                written.append(i)
                continue
            moment = _moment_of(cell, self.unit)
            if moment is None:
                lost[i] = True
                continue
            moments[i], zone = moment
            if zone is not None:
                has_zone[i] = True
                zones.append(zone)
        self._read_written(column, cells, written, moments, lost, has_zone)
        lost = spread(codes, lost, False)
        if self.errors == "missing":
            self._lose(column, lost)
        else:
            self._refuse(column, lost, remedy=None if written else _REMEDY)
        zone = None
        if has_zone.any():
            names = set(map(str, zones))
            is_one = len(names) == 1 and not has_zone[written].any()
            zone = zones[0] if is_one else datetime.UTC
        moments = spread(codes, moments, np.datetime64("NaT", "us"))
        return moments, spread(codes, has_zone, False), zone

    def _read_written(self, column, cells, written, moments, lost, has_zone):
        if not written:
            return
        texts = [cells[i] for i in written]
        order = calendar.find_order(texts)
        if order.n_orders and order.dayfirst != self.dayfirst:
            fitted, now = ("day", "month") if self.dayfirst else ("month", "day")
            warn(
                f"Column {column.name!r} was fitted with the {fitted} before the {now},"
                f" and now seems to have the {now} first. Dates of that order alone are"
                f" read so, and others, such as 03/04/2020, with the {fitted} first. "
                "Write the column as at fit, or fit again."
            )
        dates, is_date, has_offset = calendar.read_dates(texts, self.dayfirst)
        moments[written] = dates
        has_zone[written] = has_offset
        if not is_date.all():
            lost[written] = [
                not (known or is_placeholder(text))
                for known, text in zip(is_date.tolist(), texts)
            ]

    def _localize(self, column, moments, is_zoned):
        """Return moments as the clocks of the fitted zone show them, without a zone."""
        import pandas as pd

        cells = pd.Series(moments, index=column.index, name=column.name)
        if self.zone_ is None:
            if is_zoned.any():
                warn(
                    f"Column {column.name!r} was fitted without a time zone and now "
                    "has one; its moments are read in UTC. Drop the zone, or fit again."
                )
            return cells
        is_naive = ~is_zoned & cells.notna().to_numpy()
        if is_naive.any():
            warn(
                f"Column {column.name!r} is read in the time zone {self.zone_}, and "
                f"{int(is_naive.sum())} of {len(cells)} rows have none: they are taken "
                "for moments of that zone. Give them one: .dt.tz_localize(...)."
            )
        local = cells.dt.tz_localize("UTC").dt.tz_convert(self.zone_)
        return local.dt.tz_localize(None).where(is_zoned, cells)


_REMEDY = (
    "Pass dates, or declare what the numbers count: DateReader(unit='s') for seconds "
    "from 1970 on."
)


def _from_numbers(values, unit):
    moments = np.full(len(values), "NaT", dtype="datetime64[us]")
    seconds = values * _UNITS.get(unit, 1.0)
    held = np.abs(seconds) < 2.5e11  # NaN is not; nor is a year beyond 9999
    moments[held] = np.round(seconds[held] * 1e6).astype("datetime64[us]")
    return moments


def _moment_of(cell, unit):
    """Return a cell's moment, and its zone; None for what is no date."""
    import pandas as pd

    if hasattr(cell, "to_timestamp"):  # a period: its start
        cell = cell.to_timestamp()
    elif hasattr(cell, "left") and hasattr(cell, "mid"):  # an interval of dates
        cell = cell.mid
    if isinstance(cell, (datetime.date, np.datetime64)):
        if isinstance(cell, np.datetime64) or not isinstance(cell, datetime.datetime):
            return np.datetime64(cell, "us"), None
        zone = cell.tzinfo
        if zone is not None:
            cell = pd.Timestamp(cell).tz_convert("UTC").tz_localize(None)
        elif not isinstance(cell, pd.Timestamp):
            return np.datetime64(cell, "us"), None
        return cell.as_unit("us").to_datetime64(), zone
    number = number_of(cell)
    if number is None or unit is None or isinstance(cell, (bool, np.bool_)):
        return None
    return _from_numbers(np.array([number]), unit)[0], None


class TimeReader(Reader):
    """Read times of day: "10:15", "9:30 pm", ``datetime.time``.

    An encoder gets the seconds since midnight, and the position of the hand of a
    24-hour clock, so that 23:59 is close to 00:00.

    Examples
    --------
    >>> import datetime
    >>> import pandas as pd
    >>> from skmm.modalities import TimeReader
    >>> times = pd.Series(["10:15", datetime.time(22, 30), None])
    >>> TimeReader().fit(times).clean(times).tolist()
    [36900.0, 81000.0, nan]
    """

    kind = "time"
    n_features_ = 3

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        codes, cells = distinct_cells(column)
        seconds = np.array([seconds_of_day(cell) for cell in cells], dtype=float)
        lost = [np.isnan(s) and not _is_nothing(c) for s, c in zip(seconds, cells)]
        self._refuse(column, spread(codes, np.array(lost, dtype=bool), False))
        values = spread(codes, seconds, np.nan)
        return pd.Series(values, index=column.index, name=column.name)

    def read(self, column: pd.Series) -> npt.NDArray[Any]:
        seconds = self.clean(column).to_numpy()
        angle = 2 * np.pi * seconds / _DAY
        return np.stack([seconds, np.sin(angle), np.cos(angle)], axis=1)


def _is_nothing(cell):
    return isinstance(cell, str) and is_placeholder(cell)


class DurationReader(Reader):
    """Read durations as seconds: time differences, "1:30:00", "2 days 03:00:00".

    It reads time differences of Python, NumPy, pandas, Arrow and polars, and strings as
    written by pandas, in ISO 8601 ("PT1H30M") and by people ("1 h 30 min").

    Parameters
    ----------
    unit : {None, "D", "h", "min", "s", "ms", "us", "ns"}, default=None
        Unit of cells that are numbers. With None, numbers raise an error.
    errors : {"raise", "missing"}, default="raise"
        What happens if a cell cannot be read. "raise" raises an error that names it.
        "missing" treats it as missing, with a warning. "N/A", "-" and the like are
        always missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import DurationReader
    >>> spans = pd.Series(["1 h 30 min", "00:00:05", pd.Timedelta("2 days")])
    >>> DurationReader().fit(spans).clean(spans).tolist()
    [5400.0, 5.0, 172800.0]
    """

    kind = "duration"

    _parameter_constraints = {
        "unit": [None, Names(_UNITS)],
        "errors": [Names(["raise", "missing"])],
    }

    def __init__(
        self,
        unit: Literal["D", "h", "min", "s", "ms", "us", "ns"] | None = None,
        *,
        errors: Literal["raise", "missing"] = "raise",
    ) -> None:
        self.unit = unit
        self.errors = errors

    def fit(self, column: pd.Series, min_frequency: int = 1) -> Self:
        check_options(self)
        return super().fit(column)

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        if isinstance(column.dtype, np.dtype) and column.dtype.kind == "m":
            values = column.dt.total_seconds().to_numpy(np.float64)
        elif is_numeric(column):
            values = to_floats(column)
            if self.unit is None or column.dtype.kind == "b":
                self._refuse(
                    column,
                    ~np.isnan(values),
                    remedy="Pass time differences, or declare what the numbers count: "
                    "DurationReader(unit='s') for seconds.",
                )
            values = values * (1.0 if self.unit is None else _UNITS[self.unit])
        else:
            codes, cells = distinct_cells(column)
            values = np.array([self._seconds(cell) for cell in cells], dtype=float)
            lost = [np.isnan(v) and not _is_nothing(c) for v, c in zip(values, cells)]
            lost = spread(codes, np.array(lost, dtype=bool), False)
            if self.errors == "missing":
                self._lose(column, lost)
            else:
                self._refuse(column, lost)
            values = spread(codes, values, np.nan)
        return pd.Series(values, index=column.index, name=column.name)

    def _seconds(self, cell):
        if isinstance(cell, str):
            seconds, _ = clocks.read_duration(cell)
            if np.isnan(seconds) and self.unit is not None:
                try:
                    return float(cell) * _UNITS[self.unit]
                except ValueError:
                    return np.nan
            return seconds
        if isinstance(cell, datetime.timedelta):
            return cell.total_seconds()
        if isinstance(cell, np.timedelta64):
            return cell / np.timedelta64(1, "us") * 1e-6
        number = number_of(cell)
        if number is None or self.unit is None or isinstance(cell, (bool, np.bool_)):
            return np.nan
        return number * _UNITS[self.unit]
