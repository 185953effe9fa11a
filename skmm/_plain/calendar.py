"""Dates as people write them: orders of day, month and year, names, clocks, zones."""

import re
from typing import NamedTuple

import numpy as np

from skmm._plain.spelling import fold_signs

# Names of months by their first letters: English, German, French, Spanish, Italian,
# Portuguese, Dutch. The longest that fits counts.
_MONTH_NAMES = (
    "jan ene gen janv",
    "feb fev fév fevr févr",
    "mar mär mars mrt maa maerz märz",
    "apr abr avr",
    "may mai mei mag maj",
    "jun giu juin",
    "jul lug juil",
    "aug ago aou aoû août",
    "sep set sept",
    "oct okt ott out",
    "nov",
    "dec dez déc dic",
)
_MONTHS = {
    name: number
    for number, names in enumerate(_MONTH_NAMES, start=1)
    for name in names.split()
}
_LONG_NAMES = (
    "january february march april may june july august september october november "
    "december januar februar märz maerz april mai juni juli august september oktober "
    "november dezember janvier février fevrier mars avril juin juillet août aout "
    "septembre octobre novembre décembre decembre enero febrero marzo abril mayo junio "
    "julio agosto septiembre setiembre octubre noviembre diciembre gennaio febbraio "
    "aprile maggio giugno luglio settembre ottobre novembre dicembre janeiro fevereiro "
    "março marco maio junho julho setembro outubro novembro dezembro januari februari "
    "maart mei augustus"
)
_LONG_MONTHS = frozenset(_LONG_NAMES.split())
_NAME = r"[^\W\d_]{3,10}\.?"
CLOCK = (
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?:[:.m](?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d{1,9}))?s?)?)?\s?(?P<half>[ap]\.?m\.?)?"
)
ZONE = r"(?P<zone>z|utc|gmt|(?:utc|gmt)?\s?[-+]\d{1,2}(?::?\d{2})?)"
_TIME = (
    rf"(?:(?:[t,:]|\s|,\s|\sat\s|\sum\s)\s?(?=\d{{1,2}}(?:[:h]\d{{2}}|\s?[ap]\.?m)){CLOCK}"
    rf"(?:\s?{ZONE}(?:\s?\(\w+\))?)?)?"
)
_DAY_OF_WEEK = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|"
    r"mié|jue|vie|sáb|dom)[^\W\d_]*\.?,?\s)?"
)
_ORDINAL = r"(?:st|nd|rd|th|er|\.)?"
_DATES = [
    # 2020-01-31, 2020/1/31, 2020.01.31
    r"(?P<year>\d{4})(?P<sep>[-/. ])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})",
    # 31.01.2020 and 01/31/2020: which is which, the column tells
    r"(?P<first>\d{1,2})(?P<sep>[-/. ])\s?(?P<second_>\d{1,2})(?P=sep)\s?"
    r"(?P<year>\d{4}|(?<! )\d{2})",
    # 31 Jan 2020, 31-Jan-20, 31st of January, 2020
    rf"(?P<day>\d{{1,2}}){_ORDINAL}[-/ ]?(?:of\s|de\s)?(?P<name>{_NAME})"
    r"(?:[-/ ,]\s?|\sde\s|\sdel\s)(?P<year>\d{4}|\d{2})",
    # Jan 31, 2020
    rf"(?P<name>{_NAME})[-/ ](?P<day>\d{{1,2}}){_ORDINAL}(?:,\s?|[-/ ])"
    r"(?P<year>\d{4})",
    # 2020-Jan-31
    rf"(?P<year>\d{{4}})[-/ ](?P<name>{_NAME})[-/ ](?P<day>\d{{1,2}})",
    # 20200131, 20200131T101500
    r"(?P<year>(?:1[6-9]|20|21)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-2]\d|3[01])",
    # 2020年1月31日
    r"(?P<year>\d{4})\s?年\s?(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?日",
    r"(?P<year>\d{4})\s?년\s?(?P<month>\d{1,2})\s?월\s?(?P<day>\d{1,2})\s?일",
]
_MONTHS_ONLY = [
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
    r"(?P<month>\d{1,2})/(?P<year>\d{4})",
    rf"(?P<name>{_NAME})[-/ ,]\s?(?P<year>\d{{4}}|'?\d{{2}})",
    rf"(?P<year>\d{{4}})[-/ ](?P<name>{_NAME})",
    r"(?P<year>\d{4})[-/ ]?q(?P<quarter>[1-4])",
    r"q(?P<quarter>[1-4])[-/ ](?P<year>\d{4})",
    r"(?P<year>\d{4})-?w(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
]
_COMPACT_TIME = r"(?:[t ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?"
# "Mon Jan 31 10:15:00 UTC 2020", as C's ctime has it.
_CTIME = (
    rf"(?P<name>{_NAME})\s(?P<day>\d{{1,2}})\s{CLOCK}\s(?:{ZONE}\s)?(?P<year>\d{{4}})"
)
_PATTERNS = [re.compile(_DAY_OF_WEEK + date + _TIME, re.I) for date in _DATES]
_PATTERNS += [re.compile(_DAY_OF_WEEK + _CTIME, re.I)]
_PATTERNS += [re.compile(_DATES[5] + _COMPACT_TIME + rf"(?:\s?{ZONE})?", re.I)]
_PATTERNS += [re.compile(date, re.I) for date in _MONTHS_ONLY]
_MAX_LENGTH = 60
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?")


class Written(NamedTuple):
    """One date, taken apart.

    Attributes
    ----------
    year, month, day : int
        Where `is_open`, month and day stand in the order in which they are written.
    seconds : float
        Since midnight.
    offset : float or None
        Seconds east of Greenwich; None where none is written.
    order : {"", "day", "month", "open"}
        Which of two numbers is the day: "day" the first, since it is over 12, "month"
        the second, "open" either; "" for orders that need no asking.
    """

    year: int
    month: int
    day: int
    seconds: float
    offset: float | None
    order: str


def parse(text):
    """Take a date apart; None for what is none, "zero" for 0000-00-00 and the like."""
    if len(text) > _MAX_LENGTH or not any(map(str.isdigit, text)):
        return None
    text = fold_signs(text)
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match is not None and (written := _read(match.groupdict())) is not None:
            return written
    return None


def _read(parts):
    order = ""
    year = int(parts["year"].lstrip("'"))
    if len(parts["year"].lstrip("'")) == 2:
        year += 2000 if year < 69 else 1900  # as POSIX reads it
    if parts.get("name"):
        month = _month(parts["name"])
        if month is None:
            return None
        day = int(parts.get("day") or 1)
    elif parts.get("first"):
        month, day = int(parts["first"]), int(parts["second_"])
        if month > 12:
            order, month, day = "day", day, month
        elif day > 12:
            order = "month"
        else:
            order = "open" if month != day else ""
    elif parts.get("quarter"):
        month, day = 3 * int(parts["quarter"]) - 2, 1
    elif parts.get("week"):
        return _read_week(year, int(parts["week"]), int(parts.get("weekday") or 1))
    else:
        month, day = int(parts["month"]), int(parts.get("day") or 1)
    if month == 0 or day == 0 or year <= 1:
        return "zero" if month <= 12 and day <= 31 else None
    if month > 12 or not _is_day(year, month, day):
        return None
    seconds = clock_seconds(parts)
    if seconds is None:
        return None
    return Written(year, month, day, seconds, _offset(parts.get("zone")), order)


def _month(name):
    name = name.rstrip(".").casefold()
    if name not in _LONG_MONTHS and len(name) > 5:
        return None
    for length in (5, 4, 3):
        if len(name) >= length and name[:length] in _MONTHS:
            known = name in _LONG_MONTHS or len(name) == length
            return _MONTHS[name[:length]] if known else None
    return None


def _is_day(year, month, day):
    if day <= 28:
        return True
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return day == 29 and leap
    return day <= (30 if month in (4, 6, 9, 11) else 31)


def _read_week(year, week, weekday):
    import datetime

    try:
        date = datetime.date.fromisocalendar(year, week, weekday)
    except ValueError:
        return None
    return Written(date.year, date.month, date.day, 0.0, None, "")


def clock_seconds(parts):
    """Return the seconds since midnight of a clock's groups, None where there is none.

    Parameters
    ----------
    parts : dict of str to str
        The groups hour, minute, second, fraction, half.
    """
    if not parts.get("hour"):
        return 0.0
    hour, minute = int(parts["hour"]), int(parts.get("minute") or 0)
    second = int(parts.get("second") or 0)
    if parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (parts["half"][0] in "pP")
    # 24:00:00 is the end of a day, and :60 a leap second.
    if hour > 24 or (hour == 24 and (minute or second)) or minute > 59 or second > 60:
        return None
    fraction = parts.get("fraction")
    return 3600.0 * hour + 60 * minute + second + float(f"0.{fraction or 0}")


def _offset(zone):
    if zone is None:
        return None
    digits = re.sub(r"[^\d+-]", "", zone)
    if not digits:
        return 0.0
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, 0)
    return sign * (3600.0 * int(hours) + 60 * int(minutes or 0))


class Order(NamedTuple):
    """Which number of a date comes first, as the values of a column tell.

    Attributes
    ----------
    dayfirst : bool
    n_read : int
        Values that are dates.
    is_open : bool
        True where the values cannot tell.
    n_orders : int
        Values that tell an order.
    n_foreign : int
        Values that only the other order makes dates.
    """

    dayfirst: bool
    n_read: int
    is_open: bool
    n_orders: int
    n_foreign: int


def find_order(texts):
    """See in which order the dates of a column are written.

    Parameters
    ----------
    texts : iterable of str
        Distinct values, none of them a placeholder.

    Returns
    -------
    order : Order
    """
    n_read, points, orders = 0, 0, {"day": 0, "month": 0, "open": 0}
    for text in texts:
        written = parse(text)
        if written is None:
            continue
        n_read += 1
        if written != "zero" and written.order:
            orders[written.order] += 1
            points += "." in text.split(":")[0]
    n_told = orders["day"] + orders["month"]
    if n_told:
        dayfirst = orders["day"] >= orders["month"]
    else:
        # Points are German and Nordic, and there the day comes first.
        dayfirst = points > orders["open"] / 2
    is_open = bool(orders["open"]) and not n_told and not dayfirst
    n_foreign = orders["month" if dayfirst else "day"]
    return Order(dayfirst, n_read, is_open, n_told, n_foreign)


def read_dates(texts, dayfirst):
    """Read written dates.

    Parameters
    ----------
    texts : list of str
    dayfirst : bool
        How to read "03/04/2020".

    Returns
    -------
    dates : ndarray of datetime64[us] of shape (n,)
        In UTC where an offset is written; NaT for what is no date, and for zero dates.
    is_date : ndarray of bool of shape (n,)
    has_offset : ndarray of bool of shape (n,)
    """
    dates = np.full(len(texts), "NaT", dtype="datetime64[us]")
    is_date = np.zeros(len(texts), dtype=bool)
    has_offset = np.zeros(len(texts), dtype=bool)
    rows, fields = [], []
    for i, text in enumerate(texts):
        if _ISO.fullmatch(text):  # the form that computers write, read by numpy
            try:
                dates[i] = np.datetime64(text.replace(" ", "T"), "us")
            except ValueError:  # a zero date, or the 31st of June
                pass
            else:
                is_date[i] = True
                if dates[i] < _FIRST:
                    dates[i] = "NaT"
                continue
        written = parse(text)
        if written is None:
            continue
        is_date[i] = True
        if written == "zero":
            continue
        year, month, day, seconds, offset, order = written
        if order == "open" and dayfirst:
            month, day = day, month
        has_offset[i] = offset is not None
        rows.append(i)
        fields.append((year, month, day, seconds - (offset or 0)))
    if rows:
        year, month, day, seconds = np.array(fields).T
        dates[rows] = _join(year, month, day, seconds)
    return dates, is_date, has_offset


# Year 1 stands for no date where a program has no other sign.
_FIRST = np.datetime64("0002-01-01", "us")


def _join(year, month, day, seconds):
    months = (year.astype(int) - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    days = (months + (month.astype(int) - 1)).astype("datetime64[D]")
    days = days + (day.astype(int) - 1)
    micros = np.round(seconds * 1e6).astype("int64").astype("timedelta64[us]")
    return days.astype("datetime64[us]") + micros
