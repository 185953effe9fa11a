"""Times of day and durations as people write them."""

import math
import re

from skmm._plain.calendar import CLOCK, ZONE, clock_seconds
from skmm._plain.spelling import fold_signs

_TIME_OF_DAY = re.compile(rf"{CLOCK}(?:\s?{ZONE})?", re.IGNORECASE)
#: Seconds of each unit.
SECONDS = {
    "week": 604800.0,
    "day": 86400.0,
    "hour": 3600.0,
    "minute": 60.0,
    "second": 1.0,
    "millisecond": 1e-3,
    "microsecond": 1e-6,
    "nanosecond": 1e-9,
}
_UNITS = {
    "week": "w wk wks week weeks woche wochen semaine semaines",
    "day": "d day days tag tage tagen jour jours día días dia dias",
    "hour": "h hr hrs hour hours std stunde stunden heure heures hora horas",
    "minute": "min mins minute minutes minuten m minuto minutos",
    "second": "s sec secs second seconds sek sekunde sekunden segundo segundos",
    "millisecond": "ms msec millisecond milliseconds",
    "microsecond": "us µs μs microsecond microseconds",
    "nanosecond": "ns nanosecond nanoseconds",
}
# Beside others alone: "53 years" is a number of years.
_LONG_UNITS = {"y": "year", "yr": "year", "yrs": "year", "year": "year"}
_LONG_UNITS |= {"years": "year", "jahre": "year", "jahr": "year", "ans": "year"}
_LONG_UNITS |= {"mo": "month", "mos": "month", "mth": "month", "mths": "month"}
_LONG_UNITS |= {"month": "month", "months": "month", "monate": "month", "mois": "month"}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
#: Units of one word, and how readers call them.
SECOND_UNITS = {"day": "D", "hour": "h", "minute": "min", "second": "s"}
SECOND_UNITS |= {"millisecond": "ms", "microsecond": "us", "nanosecond": "ns"}
_PART = r"\d+(?:[.,]\d+)?\s?[^\W\d_]+\.?"
_PARTS = re.compile(rf"(?:{_PART})(?:(?:,\s?|\s|\sand\s|\sund\s)?{_PART})*")
_ONE = re.compile(r"(\d+(?:[.,]\d+)?)\s?([^\W\d_]+)\.?")
_DAYS_AND_CLOCK = re.compile(
    r"(?:(?P<days>[-+]?\d+)\s?(?:days?|d),?\s?)?(?P<sign>[-+])?"
    r"(?P<hours>\d+):(?P<minutes>\d{2})(?::(?P<seconds>\d{2}(?:[.,]\d+)?))?",
    re.IGNORECASE,
)
_ISO_8601 = re.compile(
    r"P(?:(?P<years>[\d.]+)Y)?(?:(?P<months>[\d.]+)M)?(?:(?P<weeks>[\d.]+)W)?"
    r"(?:(?P<days>[\d.]+)D)?(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?"
    r"(?:(?P<seconds>[\d.]+)S)?)?",
    re.IGNORECASE,
)
_OF_PART = {"years": 31556952.0, "months": 2629746.0}
_OF_PART |= {f"{unit}s": seconds for unit, seconds in SECONDS.items()}
_MAX_LENGTH = 60


def read_time(text):
    """Return the seconds since midnight of a time of day, NaN for what is none."""
    if len(text) > 30:
        return math.nan
    match = _TIME_OF_DAY.fullmatch(fold_signs(text))
    if match is None or not (match["minute"] or match["half"]) or "." in text[:3]:
        return math.nan
    seconds = clock_seconds(match.groupdict())
    return math.nan if seconds is None or match["hour"] == "24" else seconds


def is_unit_of_time(word):
    """Return True for "min" and "hours", and not for "m", which counts metres."""
    return word != "m" and (word in _UNIT_OF or word + "s" in _UNIT_OF)


def read_duration(text):
    """Return the seconds of a written duration, and its unit where it has just one.

    Returns
    -------
    seconds : float
        NaN for what is none.
    unit : str
        "" where there are several, or none is written.
    """
    if len(text) > _MAX_LENGTH or not any(map(str.isdigit, text)):
        return math.nan, ""
    text = fold_signs(text)
    match = _DAYS_AND_CLOCK.fullmatch(text)
    if match is not None:
        days, sign, hours, minutes, seconds = match.groups()
        if int(minutes) > 59 or float((seconds or "0").replace(",", ".")) >= 61:
            return math.nan, ""
        clock = 3600.0 * int(hours) + 60 * int(minutes)
        clock += float((seconds or "0").replace(",", "."))
        return 86400.0 * int(days or 0) + (-clock if sign == "-" else clock), ""
    sign = -1 if text[0] == "-" else 1
    text = text.lstrip("+-").strip()
    if text[:1] in "pP" and len(text) > 2:
        match = _ISO_8601.fullmatch(text)
        if match is None:
            return math.nan, ""
        parts = [(k, v) for k, v in match.groupdict().items() if v]
        try:
            return sign * sum(_OF_PART[k] * float(v) for k, v in parts), ""
        except ValueError:
            return math.nan, ""
    if not _PARTS.fullmatch(text):
        return math.nan, ""
    total, units = 0.0, []
    for number, word in _ONE.findall(text):
        word = word.casefold()
        unit = _UNIT_OF.get(word) or _LONG_UNITS.get(word)
        if word == "m" and units == ["year"]:
            unit = "month"
        if unit is None or unit in units:
            return math.nan, ""
        units.append(unit)
        seconds = SECONDS.get(unit) or _OF_PART[f"{unit}s"]
        total += seconds * float(number.replace(",", "."))
    if units in (["year"], ["month"]):
        return math.nan, ""
    return sign * total, units[0] if len(units) == 1 else ""
