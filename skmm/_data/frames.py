"""The one door for tables: whatever the user hands over becomes a pandas DataFrame.

Nothing here decides what a column means; see :mod:`skmm.modalities` for that.
"""

import datetime
import decimal
import numbers
import pathlib
import sys
from collections.abc import Mapping

import numpy as np

__all__ = ["as_frame", "columns_of", "is_missing", "is_named_table", "show_label"]


def as_frame(X, *, columns=None):
    """Read a table of any accepted container as a pandas DataFrame.

    Parameters
    ----------
    X : table or 2-D array-like
        A pandas DataFrame is returned as it is, without a copy. A polars DataFrame is
        converted column by column and does not need pyarrow. A Table or RecordBatch of
        pyarrow, a Dataset of Hugging Face's (its media stay encoded), and a list of
        dicts, one a row, become pandas DataFrames; a key that a dict lacks is a missing
        cell. An object array (what some of scikit-learn's own tools make of a
        DataFrame) is read column by column by content.
    columns : sequence of str, default=None
        Names for the columns of an array, used when there are as many of them as
        the array has columns. Otherwise columns are numbered from 0. Dicts are put
        into their order, and what no dict has is a column of missing cells.

    Returns
    -------
    frame : pandas.DataFrame
        The same rows in the same order. Missing values stay missing.

    Raises
    ------
    TypeError
        If `X` is a container that holds no table: a dict (of splits, too), a polars
        LazyFrame, a string, an iterator.
    ValueError
        If `X` does not have two dimensions, or holds complex numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm._data.frames import as_frame
    >>> X = np.array([[1, "soft"], [2, None]], dtype=object)
    >>> as_frame(X, columns=["size", "feel"]).dtypes.astype(str).to_dict()
    {'size': 'int64', 'feel': 'str'}
    """
    import pandas as pd

    if isinstance(X, pd.DataFrame):
        return X
    # A polars object can only exist where polars is already imported.
    polars = sys.modules.get("polars")
    if polars is not None:
        if isinstance(X, polars.DataFrame):
            return _from_polars(X, polars)
        if isinstance(X, polars.LazyFrame):
            raise TypeError(
                "X is a polars LazyFrame, which holds a query and no rows yet. Pass "
                "X.collect() instead."
            )
    if is_named_table(X):
        return _from_named_table(X, columns)
    X = _as_2d_array(X)
    if columns is None or len(columns) != X.shape[1]:
        columns = pd.RangeIndex(X.shape[1])
    if X.dtype != object and X.dtype.kind not in "US":
        return pd.DataFrame(X, columns=columns)
    cells = X.astype(object, copy=False)
    # Positions as keys until the end: the given names may repeat.
    frame = pd.DataFrame(
        {i: _infer_column(cells[:, i]) for i in range(cells.shape[1])},
        index=pd.RangeIndex(cells.shape[0]),
    )
    frame.columns = columns
    return frame


def is_named_table(X):
    """Tell whether X is a table with names that scikit-learn does not read itself.

    Parameters
    ----------
    X : object

    Returns
    -------
    named : bool
        True for tables of pyarrow and datasets, and for lists of dicts.
    """
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and all(isinstance(row, Mapping) for row in X)
    return _library_class(X) in _NAMED_TABLES


#: Tables that become pandas' by a method of their own.
_NAMED_TABLES = {
    ("pyarrow", "Table"),
    ("pyarrow", "RecordBatch"),
    ("datasets", "Dataset"),
}
#: What is near to one, and what to do.
_REMEDIES = {
    ("datasets", "DatasetDict"): "which holds splits. Pass one of them, X['train']",
    ("datasets", "IterableDataset"): (
        "which is read from its beginning each time. Pass its rows, list(X)"
    ),
    ("datasets", "IterableDatasetDict"): (
        "which holds splits. Pass the rows of one of them, list(X['train'])"
    ),
}


def _library_class(X):
    return type(X).__module__.partition(".")[0], type(X).__name__


def _from_named_table(X, columns):
    import pandas as pd

    if isinstance(X, (list, tuple)):
        frame = pd.DataFrame([dict(row) for row in X])
        if columns is None:
            return frame
        # Keys have no order, and rows may all lack one that there was at fit.
        known = set(columns)
        others = [label for label in frame.columns if label not in known]
        return frame.reindex(columns=[*columns, *others])
    if hasattr(X, "with_format"):  # a Dataset, which a format would decode or transform
        X = X.with_format(None)
    return X.to_pandas()


def take_rows(frame, rows):
    """Return some rows of a frame.

    Parameters
    ----------
    frame : DataFrame
    rows : ndarray of int
    """
    return frame.iloc[rows]


def erase_columns(frame, positions):
    """Return a frame with all cells of some columns missing.

    Parameters
    ----------
    frame : DataFrame
    positions : sequence of int
    """
    erased = frame.copy(deep=False)
    for i in positions:
        # What pandas has for a row that is not there: of a dtype that can be missing.
        erased.isetitem(i, frame.iloc[:0, i].reindex(frame.index))
    return erased


def columns_of(frame):
    """Return the columns of a frame, a list of Series.

    Parameters
    ----------
    frame : DataFrame
        Its labels may repeat.
    """
    # frame.iloc[:, i] takes several times as long, a part of which is felt on few rows.
    return [column for _, column in frame.items()]


def is_missing(series, *, empty=False):
    """Tell which cells of a column hold nothing.

    Missing are ``None``, ``NaN``, ``NaT`` and ``pandas.NA``, an array that is empty or
    holds nothing but ``NaN``, and a dict whose values are all missing but for a
    "sampling_rate".

    Parameters
    ----------
    series : pandas.Series
        One column, of any dtype.
    empty : bool, default=False
        Whether strings that are empty or only white space, and empty bytes, count
        as missing too.

    Returns
    -------
    missing : ndarray of bool of shape (n_samples,)
        True where the cell is missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm._data.frames import is_missing
    >>> is_missing(pd.Series(["good", " ", None]), empty=True).tolist()
    [False, True, True]
    """
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy()
        of_category = is_missing(series.cat.categories.to_series(), empty=empty)
        # Code -1 is pandas' missing category: it reads the appended last entry.
        return np.append(of_category, True)[codes]
    missing = np.array(series.isna(), dtype=bool)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        if dtype.kind == "f" and not isinstance(dtype, pd.SparseDtype):
            # Arrow-backed columns can hold NaN that pandas does not count as NA.
            return missing | np.isnan(series.to_numpy(dtype=float, na_value=np.nan))
        if dtype.type is str:
            if empty:
                # Not by stripping, which would copy every string. Joined in numpy,
                # since some string dtypes give two kinds of booleans here.
                for blank in (series.str.isspace(), series == ""):
                    missing |= blank.to_numpy(dtype=bool, na_value=False)
            return missing
    elif dtype.kind != "O":
        return missing
    if isinstance(dtype, pd.SparseDtype) or dtype.kind != "O":
        return missing
    # Only cells of these types can be missing in a way that pandas does not see.
    cells = series.to_numpy(dtype=object)
    kind_of = {type_: cell_kind(type_) for type_ in set(map(type, cells))}
    kinds = set(kind_of.values())
    if kinds & {"array", "mapping"} or (empty and kinds & {"string", "bytes"}):
        for i in np.flatnonzero(~missing):
            kind = kind_of[type(cells[i])]
            if kind == "array":
                missing[i] = _holds_nothing(cells[i])
            elif kind == "mapping":
                missing[i] = _says_nothing(cells[i])
            elif empty and kind == "string":
                missing[i] = not cells[i] or cells[i].isspace()
            elif empty and kind == "bytes":
                missing[i] = len(cells[i]) == 0
    return missing


def show_label(index, i):
    """Return the label of row ``i`` as a person would write it: 3, not np.int64(3)."""
    label = index[i]
    return repr(label.item() if isinstance(label, np.generic) else label)


def cell_kind(type_):
    """Name what cells of one Python type hold, whatever their column's dtype.

    Parameters
    ----------
    type_ : type
        The type of a cell.

    Returns
    -------
    kind : str
        One of "boolean", "number", "complex", "string", "path", "bytes", "date",
        "timedelta", "time", "period", "picture" (PIL), "mapping", "array", or the
        type's own name.

    Examples
    --------
    >>> from skmm._data.frames import cell_kind
    >>> cell_kind(float), cell_kind(list)
    ('number', 'array')
    """
    for kind, types in _CELL_KINDS:
        if issubclass(type_, types):
            return kind
    root = type_.__module__.partition(".")[0]
    if root == "PIL":
        return "picture"
    if root == "pandas" and type_.__name__ in ("Period", "Interval"):
        return "period"
    # numpy arrays, torch tensors, pandas and polars Series, ...
    return "array" if hasattr(type_, "__array__") else type_.__name__


# The first match wins: bool is an int, and datetime is a date.
_CELL_KINDS = [
    ("boolean", (bool, np.bool_)),
    ("timedelta", (datetime.timedelta, np.timedelta64)),
    ("number", (numbers.Real, decimal.Decimal, np.integer, np.floating)),
    ("complex", (numbers.Complex, np.complexfloating)),
    ("string", (str,)),
    ("path", (pathlib.PurePath,)),
    ("bytes", (bytes, bytearray, memoryview)),
    ("date", (datetime.date, np.datetime64)),
    ("time", (datetime.time,)),
    ("mapping", (Mapping,)),
    ("array", (list, tuple, np.ndarray)),
]


def _says_nothing(cell):
    """Tell whether no field of a dict is there, the rate of an absent sound aside."""
    fields = [value for key, value in cell.items() if key != "sampling_rate"]
    return _holds_nothing(fields)


def _holds_nothing(cell):
    """Tell whether an array cell is empty or all NaN, looking at as little as possible.

    The first value decides for nearly all arrays, so that images and long recordings
    are not read through.
    """
    if isinstance(cell, (list, tuple)):
        if len(cell) == 2 and hasattr(cell[0], "__array__") and np.isscalar(cell[1]):
            return _holds_nothing(cell[0])  # a sound: samples and their rate
        return all(
            _holds_nothing(value)
            if isinstance(value, (list, tuple, np.ndarray))
            else value is None or _is_scalar_nan(value)
            for value in cell
        )
    if hasattr(cell, "detach"):  # a torch tensor, on whatever device
        cell = cell.detach().cpu()
        if str(cell.dtype) == "torch.bfloat16":  # which numpy does not have
            cell = cell.float()
    cell = np.asarray(cell)
    if cell.size == 0:
        return True
    if cell.dtype == object:
        return _holds_nothing(cell.ravel().tolist())
    if cell.dtype.kind != "f" or not np.isnan(cell.flat[0]):
        return False
    return bool(np.isnan(cell).all())


def _is_scalar_nan(value):
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _as_2d_array(X):
    """Turn array-likes into a 2-D numpy array, with scikit-learn's words where not."""
    if isinstance(X, np.matrix):
        raise TypeError(
            "np.matrix is not supported. Please convert to a numpy array with "
            "np.asarray."
        )
    if hasattr(X, "iloc") or hasattr(X, "to_frame"):
        raise ValueError(
            f"Expected a 2-dimensional container but got {type(X)} instead. Pass a "
            "DataFrame containing a single row (i.e. single sample) or a single "
            "column (i.e. single feature) instead, for example X.to_frame()."
        )
    if remedy := _REMEDIES.get(_library_class(X)):
        raise TypeError(f"X is a {type(X).__name__}, {remedy}.")
    if hasattr(X, "to_pandas"):
        raise TypeError(
            f"X is a {type(X).__module__}.{type(X).__qualname__}, which is not "
            "supported. Pass X.to_pandas() instead."
        )
    if isinstance(X, (list, tuple)):
        X = _from_rows(X)
    elif isinstance(X, np.ndarray) or hasattr(X, "__array__"):
        X = np.asarray(X)
    elif not np.isscalar(X) or isinstance(X, (str, bytes)):
        raise TypeError(
            "X must be a table (a DataFrame of pandas or polars, a Table of pyarrow, a "
            f"list of dicts) or a 2-D array, got {type(X).__name__}. Convert it first, "
            "for example with pandas.DataFrame(X)."
        )
    else:
        X = np.asarray(X)
    if X.ndim in (0, 1):
        name = "scalar" if X.ndim == 0 else "1D"
        raise ValueError(
            f"Expected 2D array, got {name} array instead:\narray={X}.\n"
            "Reshape your data either using array.reshape(-1, 1) if your data has a "
            "single feature or array.reshape(1, -1) if it contains a single sample."
        )
    if X.ndim > 2:
        raise ValueError(
            f"Found array with dim {X.ndim}, while dim <= 2 is required. To pass one "
            "array per row (an image, a series), put them as cells in a column: "
            "pandas.DataFrame({'name': list(X)})."
        )
    if X.dtype.kind == "c":
        raise ValueError(
            "Complex data not supported: pass the real and imaginary parts (or "
            "magnitude and phase) as columns of their own."
        )
    return X


def _from_rows(rows):
    """Read a list of rows without letting numpy turn [1, "a"] into two strings."""
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of several lengths, or cells that are lists
        array = None
    if array is not None and array.dtype.kind in "biufcmM":
        return array
    rows = [
        row.tolist() if isinstance(row, np.ndarray) and row.ndim else row
        for row in rows
    ]
    if not all(isinstance(row, (list, tuple)) for row in rows):
        # A list of strings, of dicts, ...: one dimension, as far as a table goes.
        cells = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows):
            cells[i] = row
        return cells
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(
            f"X is a list of rows of unequal lengths ({min(widths)} to {max(widths)} "
            "values). Give every row as many values as there are columns."
        )
    cells = np.empty((len(rows), widths.pop()), dtype=object)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            cells[i, j] = cell
    return cells


def _infer_column(cells):
    """Return a column of an object array with the dtype that its content has."""
    import pandas as pd

    column = pd.Series(cells, dtype=object)
    missing = np.asarray(column.isna(), dtype=bool)
    kinds = {cell_kind(type_) for type_ in set(map(type, cells[~missing]))}
    if kinds == {"string"}:
        try:
            return column.astype("str")
        except UnicodeEncodeError:  # Arrow cannot hold half of a surrogate pair
            return column
    if kinds == {"boolean"}:
        return column.astype("boolean" if missing.any() else bool)
    if kinds and kinds <= {"number", "boolean"}:
        whole = all(
            isinstance(cell, (numbers.Integral, np.bool_)) for cell in cells[~missing]
        )
        if whole and not missing.any():
            try:
                return column.astype("int64")
            except OverflowError:  # beyond 64 bits: floats, as with a wide float
                pass
        return column.where(~missing, np.nan).astype("float64")
    try:
        if kinds == {"date"}:
            return pd.to_datetime(column)
        if kinds == {"timedelta"}:
            return pd.to_timedelta(column)
    except (ValueError, TypeError, OverflowError):
        pass  # several time zones, or years beyond datetime64: kept as objects
    return column


def _from_polars(X, pl):
    import pandas as pd

    data = {column.name: _from_polars_series(column, pl) for column in X.iter_columns()}
    return pd.DataFrame(data, index=pd.RangeIndex(X.height), columns=X.columns)


def _from_polars_series(series, pl):
    """Convert one polars column without pyarrow, which polars' own way would need."""
    import pandas as pd

    dtype = series.dtype
    if dtype in (pl.Decimal, pl.Int128, pl.UInt128):  # numpy has no such numbers
        series = series.cast(pl.Float64)
    if dtype.is_numeric():
        return pd.Series(series.to_numpy())
    if dtype == pl.Boolean:
        if series.null_count():
            return pd.Series(series.to_list(), dtype="boolean")
        return pd.Series(series.to_numpy())
    if dtype == pl.String:
        return pd.Series(series.to_list(), dtype="str")
    if dtype == pl.Enum:
        categories = dtype.categories.to_list()
        return pd.Series(pd.Categorical(series.to_list(), categories=categories))
    if dtype == pl.Categorical:
        return pd.Series(pd.Categorical(series.to_list()))
    if dtype == pl.Date:
        return pd.Series(series.cast(pl.Datetime("ms")).to_numpy())
    if dtype == pl.Datetime:
        times = pd.Series(series.to_numpy())
        if dtype.time_zone is not None:
            times = times.dt.tz_localize("UTC").dt.tz_convert(dtype.time_zone)
        return times
    if dtype == pl.Duration:
        return pd.Series(series.to_numpy())
    cells = np.empty(len(series), dtype=object)
    if dtype in (pl.List, pl.Array):
        for i, cell in enumerate(series):
            cells[i] = None if cell is None else _from_polars_cell(cell)
    else:  # Struct, Binary, Time, Object, Null
        for i, cell in enumerate(series.to_list()):
            cells[i] = cell
    return pd.Series(cells)


def _from_polars_cell(cell):
    if cell.dtype.is_numeric():
        return cell.to_numpy()
    values = cell.to_list()
    if not cell.dtype.is_nested():
        return values  # numpy would cut the zeros that bytes end in
    try:
        return np.array(values)  # lists of equal lengths: a matrix
    except ValueError:
        return values


def to_strings(column):
    """Read a column as a list of str; "" where missing."""
    return read_strings(column)[0]


def read_strings(column):
    """Read a column as text.

    Parameters
    ----------
    column : Series

    Returns
    -------
    texts : list of str
        "" where missing.
    missing : ndarray of bool of shape (n_samples,)

    Raises
    ------
    ValueError
        If a cell is neither a text nor any other scalar.
    """
    cells = column.to_numpy(dtype=object)
    missing = is_missing(column)
    if missing.any():
        cells = np.where(missing, "", cells)
    texts = cells.tolist()
    if all(issubclass(type_, str) for type_ in set(map(type, texts))):
        return texts, missing
    wrong = [i for i, cell in enumerate(cells) if not isinstance(cell, str)]
    if all(np.isscalar(cells[i]) and not isinstance(cells[i], bytes) for i in wrong):
        return [str(cell) for cell in cells], missing
    raise ValueError(
        f"Column {column.name!r} is read as text, but {len(wrong)} of {len(cells)} "
        f"rows hold no string, the first at row {show_label(column.index, wrong[0])}: "
        f"a {type(cells[wrong[0]]).__name__}. Turn them into strings, or make them "
        "missing."
    )
