"""What a column says is read, in whatever spelling and container it comes.

Known values are written in one of the conventions below, put into one container to fit
and into another to predict, and compared with what the reader makes of them.
"""

import datetime
import decimal
import fractions
import math
import unicodedata
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmm._data.frames import as_frame
from skmm._plain.clocks import read_duration
from skmm._plain.numerals import parse, value_of
from skmm.encoders import TabularEncoder
from skmm.modalities import detect_modalities

pa = pytest.importorskip("pyarrow")

N = 70


def _frame(column):
    return pd.DataFrame({"it": column})


def _polars(cells):
    return pl.DataFrame({"it": pl.Series(cells, strict=False)})


def _array(cells):
    array = np.empty((len(cells), 1), dtype=object)
    array[:, 0] = cells
    return array


def _objects(cells):
    return _frame(pd.Series(cells, dtype=object))


def _of_dtype(dtype):
    return lambda cells: _frame(pd.Series(cells, dtype=dtype))


OF_STRINGS = {
    "object": _objects,
    "str": _of_dtype("str"),
    "nullable": _of_dtype("string[python]"),
    "arrow": lambda cells: _frame(pd.Series(cells, dtype=pd.ArrowDtype(pa.string()))),
    "dictionary": lambda cells: _frame(
        pd.Series(cells, dtype=pd.ArrowDtype(pa.string())).astype(
            pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
        )
    ),
    "category": _of_dtype("category"),
    "polars": _polars,
    "numpy": _array,
}


def _arrow(type_):
    return lambda cells: _frame(pd.Series(cells, dtype=pd.ArrowDtype(type_)))


_COMMON = {"object": _objects, "numpy": _array, "polars": _polars}
OF_FLOATS = _COMMON | {
    "float64": _of_dtype("float64"),
    "float32": _of_dtype("float32"),
    "Float64": _of_dtype("Float64"),
    "category": _of_dtype("category"),
    "arrow": _arrow(pa.float64()),
    "list": lambda cells: [[cell] for cell in cells],
}
OF_DECIMALS = _COMMON | {"arrow": _arrow(pa.decimal128(20, 3))}
OF_DATES = _COMMON | {"arrow": _arrow(pa.date32()), "category": _of_dtype("category")}
OF_MOMENTS = _COMMON | {
    "datetime64[ns]": _of_dtype("datetime64[ns]"),
    "datetime64[s]": _of_dtype("datetime64[s]"),
    "arrow": _arrow(pa.timestamp("us")),
    "category": _of_dtype("category"),
}
OF_TIMES = _COMMON | {"arrow": _arrow(pa.time64("us"))}
OF_SPANS = _COMMON | {
    "timedelta64[ns]": _of_dtype("timedelta64[ns]"),
    "timedelta64[s]": _of_dtype("timedelta64[s]"),
    "arrow": _arrow(pa.duration("us")),
}
OF_FLAGS = _COMMON | {
    "bool": _of_dtype(bool),
    "boolean": _of_dtype("boolean"),
    "arrow": _arrow(pa.bool_()),
    "category": _of_dtype("category"),
    "int": _of_dtype("int64"),
}


def _grouped(sign, point):
    table = str.maketrans(",.", f"{sign}{point}")
    return lambda x: f"{1e4 * x:,.2f}".translate(table)


def _indian(x):
    whole, _, cents = f"{abs(1e6 * x):.2f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups = [tail]
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    return ("-" if x < 0 else "") + ",".join(groups) + "." + cents


def _full_width(x):
    return f"{x:.3f}".translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.-"})


def _arabic(x):
    table = {ord(str(i)): chr(0x660 + i) for i in range(10)} | {ord("."): "\u066b"}
    return f"{x:.3f}".translate(table)


def _bracketed(x):
    return f"({-x:.3f})" if x < 0 else f"{x:.3f}"


def _scaled(x):
    return f"{x:.3f}k" if abs(x) < 5 else f"{1e-3 * x:.6f}M"


# name: (how a number is written, what it is then)
NUMBERS = {
    "three decimals": lambda x: f"{x:.3f}",
    "decimal comma": lambda x: f"{x:.3f}".replace(".", ","),
    "1,234.50": _grouped(",", "."),
    "1.234,50": _grouped(".", ","),
    "1 234,50": _grouped("\u202f", ","),
    "1'234.50": _grouped("'", "."),
    "1’234.50": _grouped("’", "."),
    "12,34,567.80": _indian,
    "$1.234": lambda x: f"${x:.3f}",
    "-$1.234": lambda x: f"{'-' if x < 0 else ''}${abs(x):.3f}",
    "1.234 €": lambda x: f"{x:.3f} €",
    "€ 1,23": lambda x: f"€ {x:.4f}".replace(".", ","),
    "USD 1,234.50": lambda x: "USD " + _grouped(",", ".")(x),
    "1.234 zł": lambda x: f"{x:.3f} zł",
    "12.345%": lambda x: f"{x:.3f}%",
    "12,345 %": lambda x: f"{x:.4f} %".replace(".", ","),
    "(1.234)": _bracketed,
    "1.234-": lambda x: f"{abs(x):.3f}-" if x < 0 else f"{x:.3f}",
    "−1.234": lambda x: f"{x:.3f}".replace("-", "\u2212"),
    "+1.234": lambda x: f"{x:+.3f}",
    "1.2e+00": lambda x: f"{x:.3e}",
    "1.2E0": lambda x: f"{x:.3E}",
    "1.2 × 10^0": lambda x: f"{x:.3f} × 10^2",
    "1.2 kg": lambda x: f"{x:.3f} kg",
    "1.2km/h": lambda x: f"{x:.3f}km/h",
    "1.2 °C": lambda x: f"{x:.3f} °C",
    "1.2 stars": lambda x: f"{x:.3f} stars",
    "1.2k": _scaled,
    "１．２": _full_width,
    "١٫٢": _arabic,
    "padded": lambda x: f"  {x:.3f}\u00a0",
}
SCALES = dict.fromkeys(["1,234.50", "1.234,50", "1 234,50", "1'234.50"], 1e4)
SCALES |= {"1’234.50": 1e4, "USD 1,234.50": 1e4, "12,34,567.80": 1e6}
SCALES |= {"1.2 × 10^0": 1e2, "1.2k": 1e3}
NATIVE_NUMBERS = {
    "float": (float, OF_FLOATS),
    "numpy float32": (np.float32, _COMMON | {"float32": OF_FLOATS["float32"]}),
    "Decimal": (lambda x: decimal.Decimal(f"{x:.3f}"), OF_DECIMALS),
    "Fraction": (lambda x: fractions.Fraction(f"{x:.3f}"), {"object": _objects}),
}
PLACEHOLDERS = ["N/A", "-", "?", "null", "None", "#N/A", ".", "missing", "", " ", "NaN"]


def _values(seed, n=N):
    """Numbers over 3 digits of both signs."""
    return np.round(np.random.default_rng(seed).normal(2, 3, n), 3)


def fit(fitted):
    """The reader that a column decides, and the encoder that has it."""
    columns = detect_modalities(fitted).to_list()
    assert [kind for _, kind, _ in columns] == ["tabular"], columns
    ((_, _, readers),) = columns
    encoder = TabularEncoder(readers=readers, min_frequency=1)
    encoder.fit_transform(as_frame(fitted))
    return encoder, encoder.readers_[0]


def read(fitted, new):
    """The reader that `fitted` decides, and the column `new` for it."""
    encoder, reader = fit(fitted)
    frame = as_frame(new)
    encoder.transform(frame)
    return reader, frame.iloc[:, 0]


def check_all(containers, write, fitted, new, check):
    """Fit in each container, predict in each, and compare with the known values."""
    columns = {
        name: as_frame(container(list(map(write, new))))
        for name, container in containers.items()
    }
    for name, container in containers.items():
        encoder, reader = fit(container(list(map(write, fitted))))
        for other, frame in columns.items():
            told = f"fitted in {name}, predicted in {other}"
            check(reader.kind, reader.clean(frame.iloc[:, 0]), told)
            assert len(encoder.transform(frame)) == len(new)


def numbers_are(expected, rtol=1e-6, atol=1e-6):
    def check(kind, got, told):
        assert kind == "number", told
        got = got.to_numpy(float)
        np.testing.assert_allclose(got, expected, rtol, atol, err_msg=told)

    return check


@pytest.mark.parametrize("name", list(NUMBERS))
def test_written_numbers(name):
    fitted, new = _values(0), _values(1)
    expected = new * SCALES.get(name, 1)
    check_all(OF_STRINGS, NUMBERS[name], fitted, new, numbers_are(expected, atol=1e-2))


@pytest.mark.parametrize("name", list(NATIVE_NUMBERS))
def test_numbers_of_any_type(name):
    write, containers = NATIVE_NUMBERS[name]
    fitted, new = _values(0), _values(1)
    check_all(containers, write, fitted, new, numbers_are(new))


@pytest.mark.parametrize("name", ["float", "Decimal", "Fraction"])
def test_numbers_of_one_type_predict_another(name):
    write, containers = NATIVE_NUMBERS[name]
    fitted, new = _values(0), _values(1)
    for fit_in in containers.values():
        for how in ["three decimals", "1.2e+00", "１．２"]:
            written = OF_STRINGS["str"](list(map(NUMBERS[how], new)))
            reader, column = read(fit_in(list(map(write, fitted))), written)
            numbers_are(new, atol=1e-2)("number", reader.clean(column), how)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_placeholders_are_missing_in_numbers_and_dates(placeholder):
    x = _values(0)
    cells = [placeholder if i % 7 == 3 else f"{v:.3f}" for i, v in enumerate(x)]
    expected = np.where(np.arange(N) % 7 == 3, np.nan, x)
    check_all(OF_STRINGS, str, cells, cells, numbers_are(expected))
    days = [placeholder if i % 7 == 3 else f"20{i % 90 + 10}-01-05" for i in range(N)]

    def check(kind, got, told):
        assert kind == "date", told
        assert got.isna().to_numpy().tolist() == [i % 7 == 3 for i in range(N)], told

    check_all(OF_STRINGS, str, days, days, check)


def test_placeholders_beside_numbers():
    cells = [1.5, "N/A", decimal.Decimal("2.5"), "-", 3, None, float("nan"), "4"]
    reader, column = read(_objects(cells), _objects(cells))
    expected = [1.5, np.nan, 2.5, np.nan, 3, np.nan, np.nan, 4]
    numbers_are(expected)(reader.kind, reader.clean(column), "")


# --------------------------------------------------------------------- dates

MONTHS_DE = (
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
)


def _german(t):
    return f"{t.day}. {MONTHS_DE.split(' ')[t.month - 1]} {t.year}"


DAYS = {
    "ISO": lambda t: t.strftime("%Y-%m-%d"),
    "compact": lambda t: t.strftime("%Y%m%d"),
    "2020/01/31": lambda t: t.strftime("%Y/%m/%d"),
    "31.01.2020": lambda t: t.strftime("%d.%m.%Y"),
    "31.1.20": lambda t: f"{t.day}.{t.month}.{t:%y}",
    "31/01/2020": lambda t: t.strftime("%d/%m/%Y"),
    "01/31/2020": lambda t: t.strftime("%m/%d/%Y"),
    "1/31/20": lambda t: f"{t.month}/{t.day}/{t:%y}",
    "31-01-2020": lambda t: t.strftime("%d-%m-%Y"),
    "31 Jan 2020": lambda t: t.strftime("%d %b %Y"),
    "31-Jan-20": lambda t: t.strftime("%d-%b-%y"),
    "Jan 31, 2020": lambda t: t.strftime("%b %d, %Y"),
    "January 31, 2020": lambda t: t.strftime("%B %d, %Y"),
    "Friday, 31 January 2020": lambda t: t.strftime("%A, %d %B %Y"),
    "31. Januar 2020": _german,
    "2020-W05-5": lambda t: "{}-W{:02d}-{}".format(*t.isocalendar()),
    "2020年1月31日": lambda t: f"{t.year}年{t.month}月{t.day}日",
}
MOMENTS = {
    "ISO": lambda t: t.strftime("%Y-%m-%d %H:%M:%S"),
    "ISO T": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S"),
    "ISO fraction": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f"),
    "ISO Z": lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "RFC 2822": lambda t: t.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    "C": lambda t: t.strftime("%a %b %d %H:%M:%S %Y"),
    "US": lambda t: t.strftime("%m/%d/%Y %I:%M:%S %p"),
    "DE": lambda t: t.strftime("%d.%m.%Y, %H:%M:%S"),
    "compact": lambda t: t.strftime("%Y%m%dT%H%M%S"),
}


def _moments(seed, n=N):
    rng = np.random.default_rng(seed)
    seconds = rng.integers(0, 20 * 365 * 86400, n)
    start = pd.Timestamp("2001-03-01")
    return [start + pd.Timedelta(int(s), "s") for s in seconds]


def dates_are(expected, unit="us"):
    expected = np.array(expected, dtype="datetime64[us]")

    def check(kind, got, told):
        assert kind == "date", told
        assert (got.to_numpy().astype("datetime64[us]") == expected).all(), told

    return check


@pytest.mark.parametrize("name", list(DAYS))
def test_written_dates(name):
    fitted = [t.normalize() for t in _moments(0)]
    new = [t.normalize() for t in _moments(1)]
    check_all(OF_STRINGS, DAYS[name], fitted, new, dates_are(new))


@pytest.mark.parametrize("name", list(MOMENTS))
def test_written_moments(name):
    fitted, new = _moments(0), _moments(1)
    check_all(OF_STRINGS, MOMENTS[name], fitted, new, dates_are(new))


def test_dates_and_moments_of_any_type():
    fitted, new = _moments(0), _moments(1)
    days = [t.normalize() for t in new]
    check_all(OF_DATES, lambda t: t.date(), fitted, new, dates_are(days))
    check_all(OF_MOMENTS, lambda t: t, fitted, new, dates_are(new))
    check_all(_COMMON, lambda t: t.to_pydatetime(), fitted, new, dates_are(new))
    objects = {"object": _objects, "numpy": _array}
    check_all(objects, lambda t: t.to_datetime64(), fitted, new, dates_are(new))
    months = [t.to_period("M").to_timestamp() for t in new]
    periods = {"object": _objects, "period": _of_dtype("period[M]")}
    check_all(periods, lambda t: t.to_period("M"), fitted, new, dates_are(months))


def test_moments_with_zones():
    fitted, new = _moments(0), _moments(1)
    zones = {
        "pandas": lambda cells: _frame(pd.Series(cells)),
        "arrow": _arrow(pa.timestamp("us", "Europe/Berlin")),
        "object": _objects,
    }
    berlin = "Europe/Berlin"
    wall = [t.tz_localize("UTC").tz_convert(berlin).tz_localize(None) for t in new]
    check_all(
        zones,
        lambda t: t.tz_localize("UTC").tz_convert(berlin),
        fitted,
        new,
        dates_are(wall),
    )


def test_offsets_of_each_row_are_read_in_utc():
    offsets = ["+02:00", "-0530", "Z", "+00:00", " UTC"]

    def write(pair):
        i, t = pair
        shift = pd.Timedelta([2, -5.5, 0, 0, 0][i % 5], "h")
        return (t + shift).strftime("%Y-%m-%dT%H:%M:%S") + offsets[i % 5]

    fitted, new = _moments(0), _moments(1)
    check_all(
        OF_STRINGS,
        write,
        list(enumerate(fitted)),
        list(enumerate(new)),
        dates_are(new),
    )


def test_zero_dates_are_missing():
    cells = ["2020-01-31", "0000-00-00", "0001-01-01", "00/00/0000"] * 10
    reader, column = read(_objects(cells), _objects(cells))
    assert reader.kind == "date"
    assert reader.clean(column).isna().tolist() == [False, True, True, True] * 10


def test_dates_refuse_numbers_unless_their_unit_is_declared():
    days = pd.date_range("2020-01-01", periods=60).to_series(name="it")
    seconds = days.astype("datetime64[s]").astype("int64")
    encoder = TabularEncoder()
    encoder.fit_transform(days.to_frame())
    with pytest.raises(ValueError, match=r"'it' was fitted as a date.*unit='s'"):
        encoder.transform(seconds.to_frame())
    from skmm.modalities import DateReader

    encoder = TabularEncoder(readers={"it": DateReader(unit="s")})
    encoder.fit_transform(seconds.to_frame())
    (reader,) = encoder.readers_
    dates_are(days.to_list())("date", reader.clean(seconds), "")


def test_what_day_and_month_are_is_asked_where_it_is_open():
    cells = [f"{i % 12 + 1:02d}/{(5 * i) % 12 + 1:02d}/2020" for i in range(40)]
    with pytest.warns(UserWarning, match=r"'it'.*dayfirst=True"):
        detect_modalities(_objects(cells))
    mixed = [*cells, "31/01/2020", "01/31/2020", "30/01/2020"]
    with pytest.warns(UserWarning, match="'it' holds dates with the day first and"):
        detect_modalities(_objects(mixed))


# --------------------------------------------------- times of day and durations

TIMES = {
    "10:15": (lambda t: t.strftime("%H:%M"), 60),
    "10:15:30": (lambda t: t.strftime("%H:%M:%S"), 1),
    "10:15 AM": (lambda t: t.strftime("%I:%M %p"), 60),
    "10h15": (lambda t: t.strftime("%Hh%M"), 60),
}


@pytest.mark.parametrize("name", [*TIMES, "datetime.time"])
def test_times_of_day(name):
    write, precision = TIMES.get(name, (lambda t: t.time(), 1))
    containers = OF_TIMES if name == "datetime.time" else OF_STRINGS
    fitted, new = _moments(0), _moments(1)
    seconds = [(t - t.normalize()).total_seconds() for t in new]
    expected = [s // precision * precision for s in seconds]

    def check(kind, got, told):
        assert kind == "time", told
        assert got.tolist() == expected, told

    check_all(containers, write, fitted, new, check)


def _clock(s):
    return f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}"


SPANS = {
    "pandas": lambda s: str(pd.Timedelta(s, "s")),
    "clock": _clock,
    "words": lambda s: f"{s // 3600} hours {s // 60 % 60} min {s % 60} s",
    "letters": lambda s: f"{s // 3600}h{s // 60 % 60}m{s % 60}s",
    "ISO": lambda s: f"PT{s // 3600}H{s // 60 % 60}M{s % 60}S",
    "one unit": lambda s: f"{s / 60:.10g} min",
}


@pytest.mark.parametrize("name", [*SPANS, "timedelta"])
def test_durations(name):
    rng = np.random.default_rng(0)
    fitted, new = rng.integers(1, 400_000, (2, N)).tolist()
    write = SPANS.get(name, lambda s: datetime.timedelta(seconds=s))
    containers = OF_SPANS if name == "timedelta" else OF_STRINGS

    def check(kind, got, told):
        assert kind == "duration", told
        np.testing.assert_allclose(got.to_numpy(float), new, err_msg=told)

    check_all(containers, write, fitted, new, check)


# ---------------------------------------------------------- flags and categories

FLAGS = {
    "yes": ("yes", "no"),
    "Yes": ("Yes", "No"),
    "Y": ("Y", "N"),
    "True": ("True", "False"),
    "TRUE": ("TRUE", "FALSE"),
    "true": ("true", "false"),
    "T": ("T", "F"),
    "on": ("on", "off"),
    "ja": ("ja", "nein"),
    "oui": ("oui", "non"),
}


def flags_are(expected):
    def check(kind, got, told):
        assert kind in ("flag", "number"), told
        assert got.to_numpy(float).tolist() == list(map(float, expected)), told

    return check


@pytest.mark.parametrize("name", [*FLAGS, "bool"])
def test_flags(name):
    yes, no = FLAGS.get(name, (True, False))
    containers = OF_FLAGS if name == "bool" else OF_STRINGS
    fitted, new = np.random.default_rng(0).integers(0, 2, (2, N)).astype(bool).tolist()
    check_all(containers, lambda v: yes if v else no, fitted, new, flags_are(new))


@pytest.mark.parametrize("fitted_as", [*FLAGS, "bool"])
def test_a_flag_is_one_in_every_spelling(fitted_as):
    fitted = np.random.default_rng(0).integers(0, 2, N).astype(bool).tolist()
    yes, no = FLAGS.get(fitted_as, (True, False))
    column = [yes if v else no for v in fitted]
    for yes, no in [*FLAGS.values(), (True, False), (1, 0), ("1", "0"), (1.0, 0.0)]:
        new = _objects([yes if v else no for v in fitted])
        reader, cells = read(_objects(column), new)
        flags_are(fitted)(reader.kind, reader.clean(cells), f"{yes}")


def test_a_word_that_is_no_flag_is_missing_with_a_warning():
    with pytest.warns(UserWarning, match="row 0: 'perhaps'"):
        read(_objects(["yes", "no"] * 10), _objects(["perhaps", "no"]))


LEVELS = ["S", "größer als M", "L", "XXL", "naïve", "1", "12"]


def test_categories():
    rng = np.random.default_rng(0)
    fitted = [LEVELS[i] for i in rng.integers(0, 7, N)]
    new = [LEVELS[i] for i in rng.integers(0, 7, N)]

    def check(kind, got, told):
        assert kind == "category", told
        assert got.tolist() == new, told

    check_all(OF_STRINGS, str, fitted, new, check)
    check_all(
        OF_STRINGS,
        lambda level: f" {unicodedata.normalize('NFD', level)}\u3000",
        fitted,
        new,
        check,
    )


def test_one_code_in_every_spelling():
    codes = ["1", "2", "A"] * 20
    reader, column = read(_objects(codes), _objects(["1.0", "2.00", "A", "B"]))
    assert reader.read(column).tolist() == [2, 3, 4, 1]
    for cells in [[1, 2], [1.0, 2.0], [decimal.Decimal(1), decimal.Decimal("2.0")]]:
        assert reader.read(pd.Series(cells)).tolist() == [2, 3]


def test_infinity_and_nan_in_categories():
    column = _frame(pd.Categorical(np.where(np.arange(100) < 9, np.inf, 1.5)))
    reader, _ = read(column, column)
    new = pd.Series([np.inf, 1.5, np.nan, -np.inf])
    assert reader.read(new).tolist() == [3, 2, 0, 1]
    masked = pd.Series(pd.arrays.FloatingArray(np.array([np.nan]), np.array([False])))
    assert reader.read(masked).tolist() == [0]


# ------------------------------------------------------------- any combination


@given(
    name=st.sampled_from(list(NUMBERS)),
    fit_in=st.sampled_from(list(OF_STRINGS)),
    predict_in=st.sampled_from(list(OF_STRINGS)),
    scale=st.sampled_from([1.0, 30.0, 1000.0]),
    seed=st.integers(0, 1000),
    n=st.integers(20, 60),
    placeholder=st.sampled_from(["", "N/A", "?", "-", None]),
)
@settings(max_examples=60, deadline=None)
def test_numbers_of_any_size(name, fit_in, predict_in, scale, seed, n, placeholder):
    x = np.round(scale * np.abs(_values(seed, n)) + 0.001, 3)
    cells = [placeholder if i % 5 == 1 else NUMBERS[name](v) for i, v in enumerate(x)]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        reader, column = read(OF_STRINGS[fit_in](cells), OF_STRINGS[predict_in](cells))
    if told:  # "1,234" may be either, and thousands are said to be taken
        assert name == "decimal comma"
        assert "do not tell whether '.' or ','" in str(told[0].message)
        x = 1000 * x
    got = reader.clean(column).to_numpy(float)
    held = np.arange(n) % 5 != 1
    assert reader.kind == "number"
    assert np.isnan(got[~held]).all()
    expected = x * SCALES.get(name, 1)
    np.testing.assert_allclose(got[held], expected[held], rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize(
    "text, number, unit",
    [
        ('53.5"', 53.5, '"'),
        ("5 inches", 5, '"'),
        ("4'5\"", 53, '"'),
        ("5 ft 11 in", 71, '"'),
        ("6'", 72, '"'),
        ("53 1/2", 53.5, ""),
        ("2.7/5", 2.7, "/5"),
        ("53 out of 100", 53, "/100"),
        ("1'234", 1234, ""),
    ],
)
def test_numbers_of_several_parts(text, number, unit):
    numeral = parse(text)
    assert numeral.unit == unit
    assert value_of(numeral, ".", unit) == (number, False)


@pytest.mark.parametrize(
    "text", ["120/80", "4'13\"", "1/0", "1.10.2", "10.0.0.1", "0x1f"]
)
def test_what_is_no_number(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    "text, days",
    [("53y 2m", 19419), ("5 years 3 months", 1918), ("2 yrs 4 mos", 852)],
)
def test_durations_of_years_and_months(text, days):
    assert round(read_duration(text)[0] / 86400) == days
    assert math.isnan(read_duration("53 years")[0])


def test_days_without_a_year_are_no_ratings():
    days = [f"{month}/{day}" for month in range(1, 13) for day in range(13, 29)]
    frame = pd.DataFrame({"day": days * 3})
    assert detect_modalities(frame).columns_[0].reader == "category"
    ratings = pd.DataFrame({"score": [f"{i % 50 / 10}/5" for i in range(100)]})
    assert detect_modalities(ratings).columns_[0].note == "unit '/5'"


def test_dates_of_a_web_server():
    cells = [f"{day:02}/Jun/2022:19:45:{day:02} +0000" for day in range(1, 29)]
    frame = pd.DataFrame({"time": cells})
    assert detect_modalities(frame).columns_[0].reader == "date"


@pytest.mark.parametrize(
    "small, large, factor",
    [("{} g", "{}kg", 1000), ("{} cm", "{} m", 100), ("{} ml", "{} l", 1000)],
)
def test_units_that_measure_the_same_are_converted(small, large, factor):
    true = np.arange(1, 41) * factor / 8
    written = [
        small.format(x) if i % 3 else large.format(x / factor)
        for i, x in enumerate(true)
    ]
    (row,) = detect_modalities(_frame(written)).to_list()[0][2].values()
    unit = row.unit
    scale = 1.0 if unit == small.split()[1] else factor
    found = row.fit(pd.Series(written, name="it")).clean(pd.Series(written, name="it"))
    np.testing.assert_allclose(found * scale, true)


def test_currencies_are_not_converted():
    prices = _frame([f"{x} €" if x % 2 else f"{x} $" for x in range(40)])
    with pytest.warns(UserWarning, match="in several units"):
        found = detect_modalities(prices)
    assert "numbers in several units" in str(found)
