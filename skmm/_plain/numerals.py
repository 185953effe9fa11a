"""Numbers as people write them: separators, signs, currencies, percent, units.

Which sign is the decimal one is seen in all values of a column at fit, not in one:
"1,234" is one thing beside "0,5" and another beside "1,234.50".
"""

import math
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from skmm._plain.spelling import fold_signs

_NUMERAL = re.compile(
    r"(?P<head>[^\d.,]*?)"
    r"(?P<body>(?:\d|[.,](?=\d))[\d.,'_ ]*?)"
    r"(?P<exponent>e[-+]?\d+|\s?[x*·×]\s?10\s?\^?\s?[-+]?\d+)?"
    r"(?P<tail>[^\d]*|[^\d]*[^\W\d][23])",
    re.IGNORECASE,
)
# "4/5" and "4 out of 5"; "53 1/2"; 5'11" and 5 ft 11 in.
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_OUT_OF = re.compile(rf"{_NUMBER}\s?(?:/|(?:out )?of|von|sur)\s?(\d+)", re.IGNORECASE)
_FRACTION = re.compile(r"(\d+) (\d+)/(2|3|4|5|8|16|32)")
_FEET = re.compile(
    rf"(\d{{1,2}})\s?(?:'|ft\.?|feet)\s?(?:{_NUMBER}\s?(?:\"|''|in\.?|inch(?:es)?)?)?",
    re.IGNORECASE,
)
_INCHES = frozenset({'"', "''", "in", "inch", "inches"})
_SEPARATORS = re.compile(r"[.,'_ ]+")
_LAST_INTEGER = re.compile(r"[-+]?\d+$")
_WORDS = {"inf": math.inf, "infinity": math.inf, "∞": math.inf}
_CURRENCY_WORDS = (
    "usd eur gbp chf jpy cny rmb inr aud cad nzd sek nok dkk pln czk huf ron bgn rub "
    "uah try brl mxn ars clp cop pen zar ngn kes egp ils aed sar qar kwd krw sgd hkd "
    "twd thb idr myr php vnd pkr bdt us$ a$ c$ au$ ca$ nz$ hk$ s$ r$ rs rs. kr kr. fr "
    "fr. zł euro euros dollar dollars pound pounds yen"
)
_CURRENCIES = frozenset(_CURRENCY_WORDS.split())
_ORDINALS = frozenset({"st", "nd", "rd", "th"})
_MAGNITUDES = {"k": 1e3, "K": 1e3, "M": 1e6, "mn": 1e6, "mio": 1e6, "mio.": 1e6}
_MAGNITUDES |= {"B": 1e9, "bn": 1e9, "mrd": 1e9, "mrd.": 1e9, "thousand": 1e3}
_MAGNITUDES |= {"million": 1e6, "billion": 1e9, "trillion": 1e12, "lakh": 1e5}
_MAGNITUDES |= {"millions": 1e6, "billions": 1e9, "crore": 1e7}
#: Letters that scale where others of the column do, and else are units of their own.
WEAK = {"m": 1e6, "b": 1e9, "t": 1e12, "tn": 1e12}
_MAX_LENGTH = 40

#: Units that are converted to one another, each in the first of its line. Letters of
#: several meanings (t, b, mw) are not among them.
_FAMILIES = (
    {"g": 1.0, "µg": 1e-6, "μg": 1e-6, "ug": 1e-6, "mg": 1e-3, "kg": 1e3}
    | {"oz": 28.349523125, "lb": 453.59237, "lbs": 453.59237},
    {"m": 1.0, "µm": 1e-6, "μm": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "km": 1e3}
    | {'"': 0.0254, "in": 0.0254, "ft": 0.3048, "yd": 0.9144, "mi": 1609.344},
    {"l": 1.0, "ml": 1e-3, "cl": 1e-2, "dl": 0.1, "hl": 100.0},
    {"kb": 1.0, "mb": 1e3, "gb": 1e6, "tb": 1e9},
    {"w": 1.0, "kw": 1e3},
    {"wh": 1.0, "kwh": 1e3, "gwh": 1e9},
    {"hz": 1.0, "khz": 1e3, "ghz": 1e9},
    {"kcal": 4.184, "kj": 1.0},
)


class Numeral(NamedTuple):
    """One number, taken apart; what its separators mean is still open.

    Attributes
    ----------
    sign : int
    body : str
        Digits and separators.
    exponent : int
    unit : str
        What stands beside it, in lower case; "" for nothing.
    magnitude : str
        "k", "million", ...; "" for none.
    readings : dict of str to float
        The value for each sign that may be the decimal one, "." and ",": one or both.
    """

    sign: int
    body: str
    exponent: int
    unit: str
    magnitude: str
    readings: dict


class Convention(NamedTuple):
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : {".", ","}
    unit : str
    n_read : int
        Values that are numbers.
    is_open : bool
        True where the values alone cannot tell which sign is the decimal one.
    n_foreign : int
        Values that only the other decimal sign makes numbers.
    units : dict of str to int
        How many values have each unit, after conversion.
    converted : tuple of str
        Units that are converted to `unit`.
    """

    decimal: str
    unit: str
    n_read: int
    is_open: bool
    n_foreign: int
    units: dict
    converted: tuple = ()


def parse(text):
    """Take a number apart; None for what is no number."""
    if len(text) > _MAX_LENGTH:
        return None
    text = fold_signs(text)
    return _parse_numeral(text) or _parse_word(text) or _parse_parts(text)


def _parse_numeral(text):
    match = _NUMERAL.fullmatch(text)
    if match is None:
        return None
    head, body, exponent, tail = match.groups()
    head, tail, sign = head.strip(), tail.strip(), 1
    if head.startswith("(") and tail.endswith(")"):  # accounting: (5) is -5
        head, tail, sign = head[1:].strip(), tail[:-1].strip(), -1
    elif "(" in head or ")" in tail:
        return None
    body = body.rstrip()
    if tail[:1] in (".", ","):  # "1." and "12,-", a price without cents
        tail = tail[1:].lstrip("- ")
    minus = [side for side in (head, tail) if "-" in side or "+" in side]
    if minus:
        if len(minus) > 1 or sum(map(minus[0].count, "-+")) > 1 or sign < 0:
            return None
        if tail and minus[0] is tail:
            # "5-" is -5, and "12 km-" is nothing.
            if tail[0] != "-":
                return None
            tail, sign = tail[1:].strip(), -1
        else:
            sign = -1 if "-" in head else 1
            before, _, after = head.partition("-" if sign < 0 else "+")
            head = (before.strip() + after.strip()).strip()
    head = head.lstrip("<>~≈≤≥=").strip() if head[:1] in "<>~≈≤≥" else head
    beside = _beside(head, tail)
    if beside is None:
        return None
    unit, magnitude = beside
    readings = _readings(body)
    if not readings:
        return None
    power = int(_LAST_INTEGER.search(exponent)[0]) if exponent else 0
    return Numeral(sign, body, power, unit, magnitude, readings)


def _parse_word(text):
    word = text.casefold().lstrip("+-")
    if word not in _WORDS:
        return None
    sign = -1 if text[0] == "-" else 1
    return Numeral(sign, "", 0, "", "", {".": math.inf, ",": math.inf})


def _parse_parts(text):
    """Read a number that is written as two or three."""
    if match := _FEET.fullmatch(text):
        feet, inches = match.groups()
        if inches is None or _to_float(inches) < 12:
            return _plain(12 * int(feet) + _to_float(inches or "0"), '"')
    if match := _FRACTION.fullmatch(text):
        whole, above, below = map(int, match.groups())
        return _plain(whole + above / below)
    if match := _OUT_OF.fullmatch(text):
        number, most = match.groups()
        if _to_float(number) <= int(most):
            return _plain(_to_float(number), f"/{int(most)}")
    return None


def _plain(value, unit=""):
    return Numeral(1, "", 0, unit, "", {".": value, ",": value})


def _to_float(text):
    return float(text.replace(",", "."))


def _beside(head, tail):
    """Return unit and magnitude, or None for what does not belong to a number."""
    if head and not _is_currency(head):
        return None
    magnitude = ""
    if tail:
        first, _, rest = tail.partition(" ")
        if first in _MAGNITUDES or first.casefold() in _MAGNITUDES:
            magnitude, tail = (
                first if first in _MAGNITUDES else first.casefold(),
                rest,
            )
        elif first in WEAK and (rest or head):
            magnitude, tail = first, rest
        elif first[0] in "kMB" and first[1:] and _is_currency(first[1:]):
            magnitude, tail = first[0], first[1:] + rest
        if tail.casefold() in _ORDINALS:
            tail = ""
    if head and tail:
        return None
    if tail.casefold() in _INCHES:
        return '"', magnitude
    if tail and not (_is_currency(tail) or tail in "%‰°" or _is_unit(tail)):
        return None
    unit = (head or tail).casefold().rstrip(".")
    if len(unit) > 3 and unit.endswith("s") and unit not in _CURRENCIES:
        unit = unit[:-1]  # "1 star", "5 stars"
    return unit, magnitude


def _is_currency(text):
    if len(text) == 1:
        return unicodedata.category(text) == "Sc"
    return text.casefold() in _CURRENCIES


def _is_unit(text):
    """Return True for "kg", "km/h", "° C", "m2", "stars"."""
    if len(text) > 12 or text.count(" ") > 1:
        return False
    letters = [sign for sign in text if sign.isalpha()]
    return bool(letters) and all(
        sign.isalpha() or sign in "/°²³23.% μ·^" for sign in text
    )


def _readings(body):
    """Return what digits and separators are, by each decimal sign that they allow."""
    signs = _SEPARATORS.findall(body)
    if not signs:
        value = float(body)
        return {".": value, ",": value}
    groups = _SEPARATORS.split(body)
    if any(len(sign) > 1 for sign in signs):
        return {}
    last, others = signs[-1], set(signs[:-1])
    readings = {}
    if last in ".," and last not in others and len(others) <= 1:
        whole, fraction = groups[:-1], groups[-1]
        is_grouped = len(whole) == 1 or _are_thousands(whole)
        if is_grouped and (whole[0] or len(whole) == 1):
            readings[last] = float(f"{''.join(whole) or '0'}.{fraction or '0'}")
    if not others - {last} and groups[-1] and _are_thousands(groups):
        value = float("".join(groups))
        for decimal in ".,":
            if decimal != last:
                readings[decimal] = value
    return readings


def _are_thousands(groups):
    """Return True for 1 to 3 digits and then threes; Indian twos before the last."""
    first, *rest = groups
    if not 1 <= len(first) <= 3 or not rest or len(rest[-1]) != 3:
        return False
    if len(first) > 1 and first[0] == "0" or first == "0":
        return False
    lengths = set(map(len, rest[:-1]))
    return lengths <= {3} or (lengths == {2} and len(first) <= 2)


def find_convention(texts):
    """See how the numbers of a column are written.

    Parameters
    ----------
    texts : iterable of str
        Distinct values, none of them a placeholder.

    Returns
    -------
    convention : Convention
    """
    found = [numeral for text in texts if (numeral := parse(text)) is not None]
    fits = {
        decimal: sum(decimal in numeral.readings for numeral in found)
        for decimal in ".,"
    }
    split = [n for n in found if len(set(n.readings.values())) == 2]
    if fits["."] != fits[","]:
        decimal = max(fits, key=fits.get)
        is_open = False
    else:
        # Of those that decide nothing: "1.234" is as Python writes it, and "1,234" in
        # thousands, unless numbers without the sign say that it parts thousands.
        by_point = [n for n in split if "." in n.body]
        decimal = "," if by_point and _part_thousands(by_point, found) else "."
        is_open = len(by_point) < len(split) or decimal == ","
    n_foreign = sum(decimal not in numeral.readings for numeral in found)
    scales = any(numeral.magnitude for numeral in found)
    units = Counter(
        "" if scales and numeral.unit in WEAK else numeral.unit for numeral in found
    )
    named = [unit for unit in units if unit]
    unit = max(named, key=lambda u: (units[u], u)) if named else ""
    others = [one for one in named if one != unit]
    converted = tuple(one for one in others if conversion(one, unit) is not None)
    for one in converted:
        units[unit] += units.pop(one)
    return Convention(
        decimal, unit, len(found), is_open, n_foreign, dict(units), converted
    )


def _part_thousands(by_point, found):
    """Return True if a point with three digits after it always parts thousands.

    Numbers printed with three decimals have a point each; those printed as short as
    they can be have none that ends in 0.
    """
    if any("," in numeral.body for numeral in found):
        return False
    bare = [numeral for numeral in found if "." not in numeral.body]
    padded = any(numeral.body.endswith("0") for numeral in by_point)
    return bool(bare) and (padded or len(by_point) >= 30)


def conversion(unit, other):
    """Return how many of another unit one of a unit is; None if they measure no like.

    Parameters
    ----------
    unit, other : str
        In lower case, as parsed.
    """
    for family in _FAMILIES:
        if unit in family and other in family:
            return family[unit] / family[other]
    return None


def value_of(numeral, decimal, unit):
    """Return the number, and whether the other decimal sign had to make it one.

    Parameters
    ----------
    numeral : Numeral
    decimal : {".", ","}
    unit : str
        Of the column: "m" is a million where it does not count metres.
    """
    is_foreign = decimal not in numeral.readings
    (first, *_) = numeral.readings.values()
    value = first if is_foreign else numeral.readings[decimal]
    ratio = conversion(numeral.unit, unit)
    is_letter = ratio is None and numeral.unit != unit
    letter = numeral.magnitude or (numeral.unit if is_letter else "")
    scale = _MAGNITUDES.get(letter, WEAK.get(letter, 1.0))
    if ratio is not None:
        scale *= ratio
    if numeral.exponent:
        # By text, which rounds once: 1.1e22 is what Python reads of it.
        value = float(f"{value!r}e{numeral.exponent}") if value == value else value
    return numeral.sign * value * scale, is_foreign
