"""Cells of time series, in whatever container they come."""

from collections import Counter

import numpy as np
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from skmm._data.frames import cell_kind, is_missing, show_label

#: Sums over a kernel and nine channels must stay within float32.
LARGEST = 1e36

_REMEDY = (
    "Give each cell numbers of shape (time,) or (time, channels), or None where there "
    "is no series."
)


def read_series(column, channels=None, fill=True):
    """Read the series of one column.

    Parameters
    ----------
    column : pandas.Series
    channels : tuple of str, default=None
        Names of the channels that each series must have; None takes those of most.
    fill : bool, default=True
        Whether to cut off an end that is unknown and to interpolate other gaps. False
        leaves NaN where they are.

    Returns
    -------
    series : list of ndarray of shape (time, channels)
        float32 or float64, of the cells that are not missing.
    rows : ndarray of int
        Where these cells are.
    channels : tuple of str
        Names of the channels, their positions where the cells have no names. Empty
        where all cells are missing and no channels are asked for.
    """
    cells = [_without_torch(cell) for cell in column]
    column = to_cells(cells, index=column.index, name=column.name)
    series, rows, names = [], [], []
    for i in np.flatnonzero(~is_missing(column, empty=True)):
        values = _read_cell(column, i)
        values = fill_gaps(values) if fill else values
        if values is not None:
            series.append(values)
            rows.append(i)
            names.append(_channel_names(cells[i], values.shape[1]))
    expected = channels or _most_common_channels(names)
    _check_channels(column, rows, names, expected, fitted=channels is not None)
    return series, np.array(rows, dtype=int), expected


def to_cells(values, *, index=None, name=None):
    """Give a list, whatever is in it, as a Series of objects."""
    import pandas as pd

    cells = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        cells[i] = value
    return pd.Series(cells, index=index, name=name)


def is_list_of_series(X):
    """Tell whether X is a list of flat lists of numbers, or None among them."""
    if not isinstance(X, (list, tuple)):
        return False
    lists = [cell for cell in X if cell is not None]
    return bool(lists) and all(
        isinstance(cell, (list, tuple))
        and all(value is None or cell_kind(type(value)) == "number" for value in cell)
        for cell in lists
    )


def lengths_of_lists(lists):
    """Give the lengths that there are, None for what is missing."""
    return {None if cell is None else len(cell) for cell in lists}


def is_table_of_numbers(frame):
    """Tell whether all columns hold numbers, and none of them a series."""
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    if len(columns) == 1 and columns[0].isna().all():
        return False  # a column of missing cells
    kinds = set(map(_kind_of_column, columns))
    return "numbers" in kinds and "others" not in kinds


def one_series_a_row(frame, name):
    """Give a table of numbers as one column of series."""
    for i in range(frame.shape[1]):
        if _kind_of_column(frame.iloc[:, i]) == "others":
            raise ValueError(
                f"Column {frame.columns[i]!r} holds other things than numbers, where "
                "each row was a series of numbers at fit. Give a table of numbers, "
                "with NaN where a series has ended."
            )
    values = frame.to_numpy(dtype=float, na_value=np.nan)
    return to_cells(values, index=frame.index, name=name).to_frame()


def _kind_of_column(column):
    if is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype):
        return "others" if is_complex_dtype(column.dtype) else "numbers"
    if column.dtype != object:
        return "nothing" if column.isna().all() else "others"
    kinds = {cell_kind(type_) for type_ in set(map(type, column[column.notna()]))}
    if not kinds:
        return "nothing"
    return "numbers" if kinds <= {"number", "boolean"} else "others"


def _without_torch(cell):
    # numpy reads neither tensors that need gradients nor those on a GPU or bfloat16.
    return cell.detach().cpu().double().numpy() if hasattr(cell, "detach") else cell


def _read_cell(column, i):
    """Read one cell as an array of shape (time, channels), NaN where it has gaps."""
    cell = column.array[i]
    kind = cell_kind(type(cell))
    if kind != "array":
        raise _unreadable(column, i, f"holds a {type(cell).__name__}, not a series")
    try:
        if hasattr(cell, "iloc"):  # pandas has missing values that are no floats
            values = cell.to_numpy(dtype=float, na_value=np.nan)
        else:
            values = np.asarray(cell)
        if values.dtype == object:
            values = np.array(values.tolist(), dtype=float)  # None becomes NaN
    except (ValueError, TypeError):
        what = "holds other things than numbers, or channels of unequal lengths"
        raise _unreadable(column, i, what) from None
    if values.dtype.kind not in "biuf":
        raise _unreadable(column, i, f"holds an array of dtype {values.dtype}")
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2:
        raise _unreadable(column, i, f"holds an array of shape {values.shape}")
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(float)
    if np.abs(values).max(initial=0, where=~np.isnan(values)) > LARGEST:
        raise ValueError(
            f"Column {column.name!r} holds infinite numbers, or such beyond "
            f"{LARGEST:g}, at row {show_label(column.index, i)}. Make them NaN, to be "
            "interpolated, or scale the series."
        )
    return values


def _unreadable(column, i, what):
    label = show_label(column.index, i)
    return ValueError(f"Column {column.name!r} {what}, at row {label}. {_REMEDY}")


def fill_gaps(values):
    """Cut off the end that is unknown, interpolate other gaps; None if all is.

    Parameters
    ----------
    values : ndarray of shape (time, channels)
    """
    known = ~np.isnan(values)
    if known.all():
        return values
    times = np.flatnonzero(known.any(axis=1))
    if not len(times):
        return None
    n_times = times[-1] + 1
    values, known = values[:n_times].copy(), known[:n_times]
    for channel in np.flatnonzero(~known.all(axis=0)):
        at = np.flatnonzero(known[:, channel])
        values[:, channel] = (
            np.interp(np.arange(n_times), at, values[at, channel]) if len(at) else 0
        )
    return values


def _channel_names(cell, n_channels):
    """Give the names of a cell's channels; None where it has none."""
    return tuple(map(str, cell.columns)) if hasattr(cell, "columns") else n_channels


def _most_common_channels(names):
    # By size and name where counts are equal: whatever the order of the rows.
    if not names:
        return ()
    numbers = Counter(map(_count, names))
    number = min(numbers, key=lambda n: (-numbers[n], n))
    named = Counter(n for n in names if isinstance(n, tuple) and len(n) == number)
    if named:
        return min(named, key=lambda channels: (-named[channels], channels))
    return tuple(map(str, range(number)))


def _check_channels(column, rows, names, expected, fitted):
    for i, found in zip(rows, names):
        if found in (expected, len(expected)) or len(expected) == 1 == _count(found):
            continue
        whose = "the fit had" if fitted else "most other rows have"
        named = isinstance(found, tuple) and len(found) == len(expected)
        raise ValueError(
            f"Column {column.name!r} holds a series of {_show(found, named)} at row "
            f"{show_label(column.index, i)}, where {whose} {_show(expected, named)}. "
            "Give all series the same channels in the same order, as the second axis: "
            "(time, channels); transpose it if the channels come first."
        )


def _count(channels):
    return channels if isinstance(channels, int) else len(channels)


def _show(channels, named):
    if named:
        return f"the channels {list(channels)}"
    return f"{_count(channels)} channel{'s' * (_count(channels) != 1)}"
