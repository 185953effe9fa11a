"""A table as it comes from spreadsheets, databases and web pages."""

from __future__ import annotations

import datetime
import decimal
import unicodedata
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import RandomState

_START = datetime.datetime(2021, 1, 1)
_SHARE_MISSING = 0.05


@overload
def make_messy_table(
    n_samples: int = ...,
    *,
    clean: bool = ...,
    return_readers: Literal[False] = ...,
    random_state: RandomState = ...,
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]: ...
@overload
def make_messy_table(
    n_samples: int = ...,
    *,
    clean: bool = ...,
    return_readers: Literal[True],
    random_state: RandomState = ...,
) -> tuple[pd.DataFrame, npt.NDArray[np.int64], dict[str, str]]: ...
def make_messy_table(
    n_samples: int = 1000,
    *,
    clean: bool = False,
    return_readers: bool = False,
    random_state: RandomState = None,
) -> tuple[Any, ...]:
    """Generate a table of 40 columns, each in another spelling or type.

    The columns are numbers with thousands separators, decimal commas, currencies, units
    and placeholders, in Python's decimals and Arrow's types; dates in local orders,
    with names of months or offsets; times of day and durations; flags and codes; and
    categories in two Unicode forms. The label is the sign of a sum to which each of
    these columns adds. Ids, addresses and a constant carry no information.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    clean : bool, default=False
        If True, the same values are written as a program would write them: floats,
        datetimes, timedeltas, booleans and plain strings.
    return_readers : bool, default=False
        If True, also return how each column is read.
    random_state : int, RandomState instance or None, default=None
        Seed of the data. Pass an int to get the same data in every call.

    Returns
    -------
    X : DataFrame of shape (n_samples, 40)
        The table.
    y : ndarray of int of shape (n_samples,)
        The labels, 0 and 1.
    readers : dict of str to str
        For each column "number", "date", "time", "duration", "flag", "category" or
        "text". Returned only if `return_readers` is True.

    See Also
    --------
    skmm.modalities.detect_modalities : Find out what the columns are.

    Examples
    --------
    >>> from skmm.datasets import make_messy_table
    >>> X, y = make_messy_table(random_state=0)
    >>> X.loc[:2, ["price_us", "price_eu", "day_de", "active"]]
         price_us     price_eu      day_de active
    0  $11,764.05  10.409,29 €  06.02.2021    Yes
    1  $10,400.16  10.743,08 €  03.11.2020     No
    2  $10,978.74   9.559,12 €  14.12.2020    yes
    """
    import pandas as pd
    from sklearn.utils import check_random_state

    rng = check_random_state(random_state)
    columns, total = {}, np.zeros(n_samples)
    for name, (reader, write) in _COLUMNS.items():
        latent = rng.normal(size=n_samples)
        extra = rng.randint(0, 1_000_000, n_samples)
        known = rng.random_sample(n_samples) >= _SHARE_MISSING
        values, weight = _VALUES[reader](latent)
        total += np.where(known, weight, 0)
        columns[name] = values, write, extra, known
    data = {}
    for name, (values, write, extra, known) in columns.items():
        if clean:
            cells = [v if k else None for v, k in zip(values, known)]
            data[name] = pd.Series(cells, dtype=_CLEAN[_COLUMNS[name][0]])
        else:
            data[name] = _spoil(values, write, extra, known)
    for name, (_, write) in _SILENT.items():
        data[name] = pd.Series([write(i) for i in range(n_samples)])
    X = pd.DataFrame(data)
    y = (total > np.median(total)).astype(int)
    if not return_readers:
        return X, y
    readers = {name: reader for name, (reader, _) in (_COLUMNS | _SILENT).items()}
    return X, y, readers


def _spoil(values, write, extra, known):
    import pandas as pd

    write, nothing, *dtype = write if isinstance(write, tuple) else (write, [None])
    cells = [
        write(value, i) if is_known else nothing[i % len(nothing)]
        for value, i, is_known in zip(values, extra, known)
    ]
    return pd.Series(cells, dtype=dtype[0]() if dtype else object)


# ---------------------------------------------------- latents to values, and their say


def _numbers(z):
    return np.round(10_000 + 1000 * z, 2).tolist(), z


def _dates(z):
    days = np.round(60 * z).astype(int)
    return [_START + datetime.timedelta(days=int(d), hours=9) for d in days], z


def _times(z):
    minutes = np.clip(np.round(720 + 180 * z), 1, 1438).astype(int)
    return [datetime.time(m // 60, m % 60) for m in minutes.tolist()], z


def _durations(z):
    seconds = np.round(5000 * np.exp(z)).astype(int)
    return [datetime.timedelta(seconds=s) for s in seconds.tolist()], z


def _flags(z):
    return (z > 0).tolist(), np.sign(z)


def _categories(z):
    place = np.clip(np.floor(z + 2), 0, 3).astype(int)
    return [_LEVELS[i] for i in place], place - 1.5


_LEVELS = ["Café", "Müller", "Zürich West", "naïve"]
_VALUES = {
    "number": _numbers,
    "date": _dates,
    "time": _times,
    "duration": _durations,
    "flag": _flags,
    "category": _categories,
}
_CLEAN = {
    "number": "float64",
    "date": "datetime64[us]",
    "time": object,
    "duration": "timedelta64[us]",
    "flag": "boolean",
    "category": object,
}


# ----------------------------------------------------------------- ways to write them


def _signs(thousands, point):
    table = str.maketrans(",.", thousands + point)
    return lambda x: f"{x:,.2f}".translate(table)


_eu, _us = _signs(".", ","), _signs(",", ".")
_ch, _fr = _signs("’", "."), _signs("\u202f", ",")
_MISSING_WORDS = ["N/A", "?", "-", "null", "", None, "#N/A", "missing"]


def _arrow(name, *options):
    def dtype():
        import pandas as pd
        import pyarrow

        return pd.ArrowDtype(getattr(pyarrow, name)(*options))

    return dtype


def _nullable():
    return "Float64"


def _span(t):
    s = int(t.total_seconds())
    return s // 3600, s // 60 % 60, s % 60


def _offset(t, i):
    hours = [0, 2, -5, 9][i % 4]
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    return t.replace(tzinfo=datetime.UTC).astimezone(zone).isoformat()


# name: (what reads it, how a value is written; or with it what stands for none, and the
# dtype)
_COLUMNS = {
    "price_us": ("number", lambda x, i: f"${_us(x)}"),
    "price_eu": ("number", lambda x, i: f"{_eu(x)} €"),
    "price_ch": ("number", lambda x, i: f"CHF {_ch(x)}"),
    "price_fr": ("number", lambda x, i: f"{_fr(x)} €"),
    "balance": ("number", lambda x, i: f"({10_000 - x:,.2f})" if x < 1e4 else _us(x)),
    "margin": ("number", lambda x, i: f"{x / 1000:.3f} %"),
    "weight": ("number", lambda x, i: f"{x / 1000:.4f} kg"),
    "speed": ("number", lambda x, i: f"{x / 1000:.4f}km/h"),
    "followers": ("number", lambda x, i: f"{x / 1000:.3f}k"),
    "reading": ("number", lambda x, i: f"{x:.4e}"),
    "sensor": ("number", (lambda x, i: f"{x:.2f}", _MISSING_WORDS)),
    "sensor_eu": (
        "number",
        (lambda x, i: f"{x:.2f}".replace(".", ","), ["k. A.", "-"]),
    ),
    "sql_decimal": ("number", lambda x, i: decimal.Decimal(f"{x:.2f}")),
    "excel": ("number", (lambda x, i: x if i % 2 else f"{x:.2f}", ["n/a", None])),
    "nullable": ("number", (lambda x, i: x, [None], _nullable)),
    "arrow": ("number", (lambda x, i: x, [None], _arrow("float64"))),
    "arrow_decimal": (
        "number",
        (
            lambda x, i: decimal.Decimal(f"{x:.2f}"),
            [None],
            _arrow("decimal128", 12, 2),
        ),
    ),
    "day_iso": ("date", (lambda t, i: t.strftime("%Y-%m-%d"), ["0000-00-00", None])),
    "day_de": ("date", lambda t, i: t.strftime("%d.%m.%Y")),
    "day_us": ("date", (lambda t, i: t.strftime("%m/%d/%Y"), ["N/A", ""])),
    "day_words": ("date", lambda t, i: t.strftime("%d %B %Y")),
    "day_python": ("date", lambda t, i: t.date()),
    "day_arrow": ("date", (lambda t, i: t.date(), [None], _arrow("date32"))),
    "moment_offset": ("date", _offset),
    "moment_mail": ("date", lambda t, i: t.strftime("%a, %d %b %Y %H:%M:%S +0000")),
    "opens": ("time", lambda t, i: t.strftime("%H:%M")),
    "closes": ("time", lambda t, i: t.strftime("%I:%M %p")),
    "length": ("duration", lambda t, i: "{}:{:02d}:{:02d}".format(*_span(t))),
    "walk": ("duration", lambda t, i: "{} h {} min {} s".format(*_span(t))),
    "active": ("flag", (lambda v, i: _YES[v][i % 3], ["n/a", None])),
    "paid": ("flag", lambda v, i: ["TRUE", True, "true"][i % 3] if v else "false"),
    "member": ("flag", lambda v, i: "Y" if v else "N"),
    "place": (
        "category",
        lambda v, i: unicodedata.normalize(["NFC", "NFD"][i % 2], v),
    ),
    "name_spaced": ("category", lambda v, i: v.replace(" ", "\u00a0") + " " * (i % 2)),
    "zip_code": ("category", lambda v, i: f"0{1000 + 17 * _LEVELS.index(v)}"),
    "code": ("category", lambda v, i: "ABCD"[_LEVELS.index(v)]),
}
_YES: dict[bool, list[str]] = {True: ["yes", "Yes", "YES"], False: ["no", "No", "NO"]}
# Columns that say nothing of the label.
_SILENT = {
    "id": ("category", lambda i: f"{i * 2654435761 % 2**32:08x}-{i:04d}"),
    "address": ("category", lambda i: f"https://example.org/item/{i}"),
    "source": ("category", lambda i: "export"),
    "row": ("number", lambda i: i),
}
