"""Reading tables: what goes in, and what a missing cell is."""

import datetime
import decimal
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skmm._data.frames import as_frame, is_missing


def test_pandas_is_returned_as_it_is():
    df = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    assert as_frame(df, columns=["other"]) is df


def test_polars_is_converted_column_by_column():
    day = datetime.date(2024, 2, 29)
    df = pl.DataFrame(
        {
            "int": [1, 2],
            "int_null": [1, None],
            "float32": pl.Series([1.5, None], dtype=pl.Float32),
            "bool": [True, False],
            "bool_null": [True, None],
            "string": ["a", None],
            "category": pl.Series(["b", None], dtype=pl.Categorical),
            "enum": pl.Series(["b", None], dtype=pl.Enum(["c", "b"])),
            "date": [day, None],
            "zoned": pl.Series(
                [datetime.datetime(2024, 1, 1, 12), None]
            ).dt.convert_time_zone("Europe/Berlin"),
            "duration": [datetime.timedelta(days=1), None],
            "decimal": [decimal.Decimal("1.5"), None],
            "wide_int": pl.Series([1, None], dtype=pl.Int128),
            "list": [[1, 2], None],
            "array": pl.Series([[1.0, 2.0], None], dtype=pl.Array(pl.Float64, 2)),
            "matrix": [[[1, 2], [3, 4]], None],
            "struct": [{"a": 1}, None],
            "binary": [b"x", None],
            "null": [None, None],
        }
    )
    frame = as_frame(df)
    assert frame.dtypes.astype(str).to_dict() == {
        "int": "int64",
        "int_null": "float64",
        "float32": "float32",
        "bool": "bool",
        "bool_null": "boolean",
        "string": "str",
        "category": "category",
        "enum": "category",
        "date": "datetime64[ms]",
        "zoned": "datetime64[us, Europe/Berlin]",
        "duration": "timedelta64[us]",
        "decimal": "float64",
        "wide_int": "float64",
        **dict.fromkeys(["list", "array", "matrix", "struct", "binary"], "object"),
        "null": "object",
    }
    for column in frame.columns[2:-1].drop("bool"):
        assert is_missing(frame[column]).tolist() == [False, True], column
    assert frame["enum"].cat.categories.tolist() == ["c", "b"]
    assert frame["zoned"][0] == pd.Timestamp("2024-01-01 12:00", tz="UTC")
    assert frame["date"][0] == pd.Timestamp(day)
    np.testing.assert_array_equal(frame["list"][0], [1, 2])
    np.testing.assert_array_equal(frame["matrix"][0], [[1, 2], [3, 4]])
    assert frame["binary"][0] == b"x"


def test_polars_needs_no_pyarrow_and_import_is_light():
    code = """
import sys
import skmm, skmm._data.frames
heavy = {"pandas", "polars", "PIL", "torch"} & set(sys.modules)
assert not heavy, heavy
sys.modules["pyarrow"] = None
import skmm.modalities
heavy = {"polars", "PIL", "torch", "skrub"} & set(sys.modules)
assert not heavy, heavy
import polars as pl
df = pl.DataFrame({"a": ["x y", None], "b": [[1.0], [2.0]], "c": [1, None]})
df = df.with_columns(d=pl.col("a").cast(pl.Categorical), e=pl.lit(1).cast(pl.Date))
assert skmm._data.frames.as_frame(df).shape == (2, 5)
assert len(skmm.modalities.detect_modalities(df)) == 2
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_lazy_polars_names_the_remedy():
    with pytest.raises(TypeError, match=r"X\.collect\(\)"):
        as_frame(pl.LazyFrame({"a": [1]}))


def test_numeric_array_keeps_its_dtype():
    frame = as_frame(np.ones((2, 3), dtype=np.float32))
    assert (frame.dtypes == np.float32).all()
    assert frame.columns.equals(pd.RangeIndex(3))
    assert as_frame(np.ones((2, 2)), columns=["a", "b"]).columns.tolist() == ["a", "b"]
    assert as_frame(np.ones((2, 2)), columns=["a"]).columns.tolist() == [0, 1]


@pytest.mark.parametrize(
    "cells, dtype",
    [
        ([1, 2], "int64"),
        ([1, None], "float64"),
        ([1, pd.NA], "float64"),
        ([1, 2.5], "float64"),
        ([True, 2], "int64"),
        ([2**80, 1], "float64"),
        ([decimal.Decimal("1.5"), 1], "float64"),
        ([True, np.bool_(False)], "bool"),
        ([True, None], "boolean"),
        (["a", "b"], "str"),
        (["1", None], "str"),
        ([datetime.date(2020, 1, 1), pd.NaT], "datetime64[us]"),
        ([datetime.timedelta(1), None], "timedelta64[us]"),
        (["a", 1], "object"),
        ([b"a", None], "object"),
        (["half a \ud83d pair", None], "object"),
        ([None, np.nan], "object"),
    ],
)
def test_object_array_is_read_by_content(cells, dtype):
    X = np.empty((2, 2), dtype=object)
    X[:, 0] = cells
    X[:, 1] = [0, 1]
    column = as_frame(X)[0]
    got = str(column.dtype)
    # The unit of time is pandas' own affair.
    assert got.partition("[")[0] == dtype.partition("[")[0]
    assert is_missing(column).tolist() == [bool(pd.isna(cell)) for cell in cells]


def test_a_frame_survives_the_way_through_an_object_array():
    df = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, np.nan]})
    pd.testing.assert_frame_equal(as_frame(df.to_numpy(), columns=df.columns), df)


def test_string_array_and_rows_of_a_list():
    assert (as_frame(np.array([["a", "b"]])).dtypes == "str").all()
    assert as_frame([[1, "a"], [2, "b"]]).dtypes.astype(str).tolist() == [
        "int64",
        "str",
    ]
    assert as_frame([[1.0, 2.0]]).shape == (1, 2)
    cell = as_frame([["a", [1, 2, 3]], ["b", [4]]]).iloc[0, 1]
    assert cell == [1, 2, 3]


class _NotAnArray:
    def __array__(self, dtype=None, copy=None):
        return np.ones((2, 2))


def test_anything_with_an_array_inside_is_taken():
    assert as_frame(_NotAnArray()).shape == (2, 2)


@pytest.mark.parametrize(
    "X, error, message",
    [
        ({"a": [1]}, TypeError, r"pandas\.DataFrame\(X\)"),
        ("table.csv", TypeError, "got str"),
        (iter([[1]]), TypeError, "list_iterator"),
        (None, TypeError, "NoneType"),
        (3.0, ValueError, "Expected 2D array, got scalar array instead"),
        (np.ones(3), ValueError, "Expected 2D array, got 1D array instead"),
        (np.ones(3), ValueError, "Reshape your data"),
        (["a", "b"], ValueError, "Expected 2D array, got 1D array instead"),
        (pd.Series([1]), ValueError, r"Expected a 2-dim.*to_frame\(\)"),
        (pl.Series([1]), ValueError, r"Expected a 2-dim.*to_frame\(\)"),
        (np.ones((2, 2, 2)), ValueError, "Found array with dim 3"),
        (np.ones((2, 2), dtype=complex), ValueError, "Complex data not supported"),
        ([[1], [2, 3]], ValueError, "unequal lengths"),
    ],
)
def test_what_is_no_table_gets_an_error_with_the_remedy(X, error, message):
    with pytest.raises(error, match=message):
        as_frame(X)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_numpy_matrix_is_refused():
    with pytest.raises(TypeError, match=r"np\.matrix is not supported.*np\.asarray"):
        as_frame(np.matrix([[1]]))


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(["a", None, " ", ""], dtype="str"),
        pd.Series(["a", None, " ", ""], dtype=object),
        pd.Series(["a", None, " ", ""], dtype="category"),
        pd.Series(["a", None, " ", ""], dtype="string[pyarrow]"),
        pd.Series(["a", None, " ", ""], dtype="string[python]"),
        pd.Series(["a", None, "\t\n", ""], dtype="large_string[pyarrow]"),
    ],
    ids=lambda series: str(series.dtype),
)
def test_blank_strings_are_missing_on_demand(series):
    assert is_missing(series).tolist() == [False, True, False, False]
    assert is_missing(series, empty=True).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    "dtype",
    ["float64", "Float64", "Int64", "double[pyarrow]", "int64[pyarrow]", object],
)
def test_missing_numbers(dtype):
    series = pd.Series([1, None, 3], dtype=dtype)
    assert is_missing(series).tolist() == [False, True, False]


def test_nan_inside_an_arrow_column_is_missing():
    import pyarrow as pa

    series = pd.Series(
        pa.array([1.0, float("nan"), None]), dtype=pd.ArrowDtype(pa.float64())
    )
    assert is_missing(series).tolist() == [False, True, True]


def test_missing_arrays():
    cells = [
        np.array([1.0, np.nan]),
        np.array([np.nan, 2.0]),
        np.array([np.nan, np.nan]),
        [np.nan, None],
        [1, np.nan],
        [],
        None,
        np.nan,
        np.zeros((2, 2), dtype=np.uint8),
        [[np.nan], [np.nan]],
        (np.array([0.5]), 8000),
    ]
    series = pd.Series([None] * len(cells), dtype=object)
    for i, cell in enumerate(cells):
        series.at[i] = cell
    expected = [i in (2, 3, 5, 6, 7, 9) for i in range(len(cells))]
    assert is_missing(series).tolist() == expected


def test_missing_is_an_array_of_bool_whatever_the_dtype():
    for series in [
        pd.Series([1, 2]),
        pd.Series(["a"], index=["row"]),
        pd.Series([0.0, 1.0], dtype="Sparse[float]"),
        pd.Series(pd.period_range("2020", periods=2, freq="D")),
        pd.Series([], dtype=object),
        pd.Series([], dtype="category"),
    ]:
        missing = is_missing(series, empty=True)
        assert type(missing) is np.ndarray
        assert missing.dtype == bool
        assert missing.shape == series.shape
        assert not missing.any()


def test_bytes_in_lists_of_polars_keep_their_zeros():
    frame = as_frame(pl.DataFrame({"files": [[b"a\0", b"bcd"], None]}))
    assert list(frame["files"][0]) == [b"a\0", b"bcd"]


# ------------------------------------------------------ tables of other libraries


def test_tables_of_arrow():
    table = pa.table(
        {
            "number": [1.5, None],
            "word": pa.array(["a", None]).dictionary_encode(),
            "day": [datetime.date(2024, 1, 1), None],
            "vector": [[1.0, 2.0], [3.0, 4.0]],
            "cell": [{"bytes": b"x", "path": None}, None],
        }
    )
    for X in (table, table.to_batches()[0]):
        frame = as_frame(X)
        assert frame.columns.tolist() == table.column_names
        assert is_missing(frame["word"]).tolist() == [False, True]
        assert isinstance(frame["word"].dtype, pd.CategoricalDtype)
        np.testing.assert_array_equal(frame["vector"][1], [3, 4])
        assert frame["cell"][0] == {"bytes": b"x", "path": None}


def test_datasets_of_hugging_face():
    datasets = pytest.importorskip("datasets")
    image = pytest.importorskip("PIL.Image").new("RGB", (4, 4), "red")
    features = datasets.Features(
        {
            "word": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "photo": datasets.Image(),
        }
    )
    columns = {"word": ["a", "b", None], "label": [0, 1, 1], "photo": [image] * 3}
    dataset = datasets.Dataset.from_dict(columns, features=features)
    for X in (dataset, dataset.with_format("torch"), dataset.with_transform(dict)):
        frame = as_frame(X)
        assert frame.columns.tolist() == list(features)
        assert frame["word"].isna().tolist() == [False, False, True]
        assert frame["photo"][0]["bytes"].startswith(b"\x89PNG")
    assert as_frame(dataset.select([2, 0]))["label"].tolist() == [1, 0]
    with pytest.raises(TypeError, match=r"DatasetDict.*Pass one of them, X\['train'\]"):
        as_frame(datasets.DatasetDict({"train": dataset}))
    with pytest.raises(TypeError, match=r"IterableDataset.*Pass its rows, list\(X\)"):
        as_frame(dataset.to_iterable_dataset())


def test_rows_as_dicts():
    rows = [{"age": 3, "word": "a"}, {"word": "b", "age": None}, {"word": "c"}]
    frame = as_frame(rows)
    assert frame.columns.tolist() == ["age", "word"]
    assert is_missing(frame["age"]).tolist() == [False, True, True]
    # As fitted: whatever the order of keys, and where none has one of them.
    frame = as_frame([{"word": "a"}, {"more": 1}], columns=["age", "word"])
    assert frame.columns.tolist() == ["age", "word", "more"]
    assert is_missing(frame["age"]).all()
