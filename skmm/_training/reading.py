"""Targets as the user hands them over, as arrays of one plain type."""

import collections

import numpy as np
import scipy.sparse
from sklearn.utils.validation import check_array, column_or_1d

from skmm._data.frames import as_frame


def read_labels(y, *, warn=True):
    """Read labels of any accepted container.

    Booleans and integers keep their type, whether numpy, pandas' nullable types or
    Arrow hold them; strings are an object array, as scikit-learn has them. A
    categorical gives the values of its categories: neither their order nor those that
    no row has are kept, since scikit-learn's own tools sort classes.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    warn : bool, default=True
        If True, warn of a column vector where one dimension would do.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Of dtype object where columns of a frame are of several types.

    Raises
    ------
    ValueError
        For missing labels, and for labels that are neither strings nor numbers or that
        are of several types.
    TypeError
        For a container that holds no labels.
    """
    values = _values(y)
    for name, column in _columns(values, y):
        _check_types(name, column, by_itself=values.ndim == 1)
    y = check_array(
        values, ensure_2d=False, dtype=None, ensure_all_finite=True, input_name="y"
    )
    return _flat(y, warn)


def read_numbers(y, *, warn=True):
    """Read numeric targets of any accepted container.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    warn : bool, default=True
        If True, warn of a column vector where one dimension would do.

    Returns
    -------
    y : ndarray of float64
        Finite.

    Raises
    ------
    ValueError
        For missing targets, and for what is not a finite number.
    TypeError
        For a container that holds no numbers.
    """
    values = _values(y)
    if values.dtype.kind in "Mm":
        what = "dates" if values.dtype.kind == "M" else "durations"
        remedy = "(y - y.min())" if values.dtype.kind == "M" else "y"
        raise ValueError(
            f"y holds {what} ({values.dtype}), and a regressor predicts numbers. Pass "
            f"seconds: {remedy}.dt.total_seconds()."
        )
    try:
        y = check_array(
            values,
            ensure_2d=False,
            dtype="numeric",
            ensure_all_finite=False,
            input_name="y",
        )
    except OverflowError:
        raise ValueError(
            "y holds numbers beyond float64, which ends at 1.8e308. Predict their "
            "logarithm."
        ) from None
    # A longer float is cut; what does not fit becomes infinite, and is refused.
    with np.errstate(over="ignore"):
        y = _flat(y, warn).astype(np.float64, copy=False)
    if not np.isfinite(y).all():
        with np.errstate(invalid="ignore"):
            check_array(y, ensure_2d=False, input_name="y")
    return y


def _values(y):
    """Return an array of y: nothing is missing, and each column has its own type."""
    import pandas as pd

    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
    y = _as_pandas(y)
    if isinstance(y, (list, tuple)):
        try:
            np.asarray(y)
        except ValueError:
            raise ValueError(
                "y is a list of rows of several lengths. For several labels a row pass "
                "MultiLabelBinarizer().fit_transform(y)."
            ) from None
    _check_no_missing(y)
    if isinstance(y, pd.DataFrame):
        if y.shape[1] == 0:
            raise ValueError(f"y is a DataFrame of {len(y)} rows without a column.")
        columns = [_series_values(y.iloc[:, i]) for i in range(y.shape[1])]
        if len({column.dtype for column in columns}) == 1 or all(
            column.dtype.kind in "biuf" for column in columns
        ):
            return np.column_stack(columns)
        mixed = np.empty(y.shape, dtype=object)
        for i, column in enumerate(columns):
            mixed[:, i] = column
        return mixed
    if isinstance(y, pd.Series):
        return _series_values(y)
    if not isinstance(y, (list, tuple)):
        return check_array(
            y, ensure_2d=False, allow_nd=True, dtype=None, ensure_all_finite=False
        )
    array = np.asarray(y)
    if array.dtype.kind in "US":
        # numpy turns [1, "a"] into two strings.
        cells = np.asarray(y, dtype=object)
        return array if all(isinstance(cell, str) for cell in cells.flat) else cells
    return array


def _as_pandas(y):
    """Turn the columns of other libraries into pandas' own; leave arrays and lists."""
    import pandas as pd

    module = type(y).__module__.partition(".")[0]
    if module == "polars" and hasattr(y, "collect"):
        raise TypeError(
            "y is a polars LazyFrame, which holds a query and no rows yet. Pass "
            "y.collect() instead."
        )
    if module == "polars":
        is_frame = hasattr(y, "columns")
        frame = as_frame(y if is_frame else y.to_frame("y"))
        return frame if is_frame else frame.iloc[:, 0]
    if module == "pyarrow" and hasattr(y, "to_pandas"):
        y = y.to_pandas()
    if isinstance(y, (pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(y)
    if not hasattr(y, "__array__") and not isinstance(y, (list, tuple)):
        raise TypeError(
            f"y is a {type(y).__name__}, and targets are a column or an array: pass a "
            "list, a Series, a DataFrame or an array with a target for each row."
        )
    return y


def _series_values(column):
    """Return the values of a Series without missing cells, in numpy's nearest type."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        values = _series_values(column.cat.categories.to_series())
        return values[column.cat.codes.to_numpy()]
    if isinstance(dtype, pd.SparseDtype):
        return np.asarray(column)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        plain = getattr(dtype, "numpy_dtype", np.dtype(object))
        is_plain = plain.kind in "biufMm"
        return column.to_numpy(dtype=plain if is_plain else object)
    return column.to_numpy()


def _columns(values, y):
    """Return the name and the values of each output."""
    if values.ndim != 2:
        return [("y", values.ravel())]
    names = getattr(y, "columns", range(values.shape[1]))
    return [(f"Output {name!r} of y", c) for name, c in zip(names, values.T)]


def _check_types(name, column, by_itself):
    """Refuse objects that scikit-learn's tools would not take for labels.

    Beside outputs of another type, those of numbers are objects by necessity.
    """
    if column.dtype != object:
        return
    found = collections.Counter(map(type, column))
    strings = sum(n for of, n in found.items() if issubclass(of, str))
    if strings == len(column):
        return
    told = ", ".join(f"{n} of type {of.__name__}" for of, n in found.most_common())
    if len(found) > 1:
        raise ValueError(
            f"Unknown label type: {name} holds labels of several types: {told}. Make "
            "them one, for example all strings: y.astype(str)."
        )
    (of,) = found
    is_number = issubclass(of, (int, float, np.number, np.bool_))
    if is_number and not by_itself:
        return
    if issubclass(of, (list, tuple, set, np.ndarray)):
        remedy = "For several labels a row pass MultiLabelBinarizer().fit_transform(y)."
    elif is_number:
        remedy = f"Say of which type they are: y.astype({of.__name__!r})."
    else:
        remedy = "Pass their names: y.astype(str)."
    raise ValueError(
        f"Unknown label type: {name} holds Python objects ({told}), which scikit-learn "
        f"does not take for labels. {remedy}"
    )


def _flat(y, warn):
    if y.ndim == 2 and y.shape[1] == 1:
        return column_or_1d(y, warn=warn)
    return y


def split_labelled(y):
    """Tell which rows of a target are labelled, and return the target as one column.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        None, NaN and NA where a row has no label.

    Returns
    -------
    y : Series or ndarray of shape (n_samples,)
        Still with what is missing.
    missing : ndarray of bool of shape (n_samples,)
        True where the row has no label.

    Raises
    ------
    ValueError
        If there is no y, or more than one column.
    TypeError
        For a container that holds no labels.
    """
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
    y = _as_pandas(y)
    if isinstance(y, (list, tuple)):
        # numpy turns [1, None, "a"] into strings; a list of numbers is one of them.
        plain = np.asarray(y)
        y = np.asarray(y, dtype=object) if plain.dtype.kind in "US" else plain
    if not hasattr(y, "iloc") and not scipy.sparse.issparse(y):
        y = np.asarray(y)
    if scipy.sparse.issparse(y) or np.ndim(y) == 0:
        y = check_array(y, ensure_2d=False, dtype=None)
    if np.ndim(y) == 2 and np.shape(y)[1] == 1:
        y = y.iloc[:, 0] if hasattr(y, "iloc") else column_or_1d(y, warn=True)
    if np.ndim(y) != 1:
        raise ValueError(
            f"y has the shape {np.shape(y)}; this estimator learns one target: y "
            "should be a 1d array, got one of several columns. Fit one for each column."
        )
    return y, _find_missing(y)


def _find_missing(y):
    import pandas as pd

    missing = np.asarray(pd.isna(y if hasattr(y, "isna") else np.asarray(y)))
    return missing.any(axis=1) if missing.ndim > 1 else missing


def _check_no_missing(y):
    missing = _find_missing(y)
    if missing.ndim == 1 and missing.any():
        rows = np.flatnonzero(missing)
        raise ValueError(
            f"Input y contains NaN: {len(rows)} of {len(missing)} rows have no "
            f"target, the first at position {rows[0]}. Leave these rows out: "
            "X[~y.isna()], y.dropna(). Estimators of skmm.semi_supervised learn from "
            "them as well."
        )
