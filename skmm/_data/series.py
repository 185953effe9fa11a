"""Cells of time series, in whatever container they come."""

import warnings
from collections import Counter

import numpy as np
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from skmm._data.frames import cell_kind, is_missing, show_label

#: Sums over a kernel and nine channels must stay within float32.
LARGEST = 1e36

#: Of a step: how far a value may lie from it.
_UNEVEN = 0.1
#: Steps for each value, beyond which series are not filled up.
_MOST_GAPS = 20

_REMEDY = (
    "Give each cell numbers of shape (time,) or (time, channels), or None where there "
    "is no series."
)


def read_series(column, channels=None, *, step=None, fill=True):
    """Read the series of one column.

    Parameters
    ----------
    column : pandas.Series
    channels : tuple of str, default=None
        Names of the channels that each series must have, in this order or, where they
        are names of columns, in any; None takes those of most.
    step : float, default=None
        Seconds between two values, of `find_step`. Series that have a DatetimeIndex
        are brought to it: values that share a step are averaged, and a step that has
        none is a gap. None leaves their values as they follow each other.
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
    series, rows, names, uneven = [], [], [], []
    for i in np.flatnonzero(~is_missing(column, empty=True)):
        values = _read_cell(column, i)
        times = _times(cells[i])
        if times is not None and len(values) > 1:
            values, is_even = _bring_to_step(values, times, step)
            uneven += [] if is_even else [i]
        values = fill_gaps(values) if fill else values
        if values is not None:
            series.append(values)
            rows.append(i)
            names.append(_channel_names(cells[i], values.shape[1]))
    expected = channels or _most_common_channels(names)
    for place, found in enumerate(names):
        if found != expected and _are_names(found) and set(found) == set(expected):
            order = [found.index(channel) for channel in expected]
            series[place], names[place] = series[place][:, order], expected
    _check_channels(column, rows, names, expected, fitted=channels is not None)
    if uneven:
        warnings.warn(
            f"Column {column.name!r} holds series whose steps of time are not even, or "
            f"not those of the fit, in {len(uneven)} of {len(column)} rows, the first "
            f"at row {show_label(column.index, uneven[0])}. Values are averaged over "
            "steps of one length, and what lies between is taken from its neighbours. "
            "Resample them, series.resample(...).mean(), to decide how.",
            UserWarning,
            stacklevel=2,
        )
    return series, np.array(rows, dtype=int), expected


def find_step(column):
    """Find the time between two values in series that have a DatetimeIndex.

    Parameters
    ----------
    column : pandas.Series
        Of cells.

    Returns
    -------
    step : float or None
        Seconds, the median over the series' medians; None where no cell has such an
        index, or none of two different times.
    """
    steps = []
    for cell in column:
        times = _times(cell)
        if times is not None and len(times) > 1:
            between = np.diff(np.sort(times))
            between = between[between > 0]
            if len(between):
                steps.append(np.median(between) / 1e9)
    return float(np.median(steps)) if steps else None


def _times(cell):
    """Return the nanoseconds that a cell's index tells; None where it tells none."""
    import pandas as pd

    index = getattr(cell, "index", None)
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if not isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return None
    if index.isna().any():
        return None  # an order is not to be had
    return index.as_unit("ns").asi8


def _bring_to_step(values, times, step):
    """Sort values by time, and bring them to steps of one length.

    Returns
    -------
    values : ndarray of shape (time, channels)
    is_even : bool
        Whether each step had one value.
    """
    if (np.diff(times) < 0).any():
        order = np.argsort(times, kind="stable")
        values, times = values[order], times[order]
    if step is None:
        return values, True
    place = (times - times[0]) / (1e9 * step)
    at = np.rint(place).astype(np.int64)
    is_even = len(at) == at[-1] + 1 and np.abs(place - at).max() < _UNEVEN
    if is_even or _is_of_calendar(times, step):
        return values, True
    if at[-1] >= _MOST_GAPS * len(at):
        return values, False  # mostly gaps: of a step there is no telling
    known = ~np.isnan(values)
    sums = np.zeros((at[-1] + 1, values.shape[1]))
    counts = np.zeros(sums.shape)
    np.add.at(sums, at, np.where(known, values, 0))
    np.add.at(counts, at, known)
    with np.errstate(invalid="ignore"):
        return sums / counts, False


def _is_of_calendar(times, step):
    """Tell whether times are working days, months, ..., as far apart as a step."""
    between = np.median(np.diff(times)) / 1e9
    if abs(between / step - 1) > _UNEVEN:
        return False
    days = times.view("M8[ns]").astype("M8[D]")
    months = np.diff(days.astype("M8[M]").astype(int))
    if months[0] > 0 and (months == months[0]).all():
        return True
    return bool((np.busday_count(days[:-1], days[1:]) == 1).all())


def _are_names(channels):
    return isinstance(channels, tuple)


def to_cells(values, *, index=None, name=None):
    """Return a list, whatever is in it, as a Series of objects."""
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
    """Return the lengths that there are, None for what is missing."""
    return {None if cell is None else len(cell) for cell in lists}


def is_table_of_numbers(frame):
    """Tell whether all columns hold numbers, and none of them a series."""
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    if len(columns) == 1 and columns[0].isna().all():
        return False  # a column of missing cells
    kinds = set(map(_kind_of_column, columns))
    return "numbers" in kinds and "others" not in kinds


def one_series_a_row(frame, name):
    """Return a table of numbers as one column of series."""
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
    """Return the names of a cell's channels; None where it has none."""
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
