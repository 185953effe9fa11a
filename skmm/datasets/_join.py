"""Several data sets as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def join(
    datasets: Mapping[str, tuple[Any, Any]],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Join data sets of other columns and other targets, one under the other.

    Columns of the same name are one column, and so are targets of the same name; what a
    data set lacks is missing in its rows. :class:`skmm.MultimodalMultitask` learns from
    the result, with encoders that all data sets share.

    Parameters
    ----------
    datasets : dict of {name: (X, y)}
        X is a pandas DataFrame. y is a DataFrame with a column for each target, a
        Series, whose name is that of the target, or an array, whose target is called
        as the data set is.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Integers and booleans that are missing elsewhere have pandas' nullable types.
    Y : DataFrame of shape (n_samples, n_targets)
    source : Series of shape (n_samples,)
        The name of the data set that each row is from, a categorical.

    Raises
    ------
    TypeError
        If an X is not a pandas DataFrame.
    ValueError
        If X and y of a data set differ in length, if columns repeat, or if columns of
        the same name hold values of different kinds: numbers, dates, durations, flags,
        and all else.

    See Also
    --------
    skmm.MultimodalMultitask : Learn all targets at once.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.datasets import join
    >>> shop = pd.DataFrame({"text": ["red coat", "hat"], "price": [80, 20]})
    >>> reviews = pd.DataFrame({"text": ["warm", "too small", "fine"]})
    >>> X, Y, source = join(
    ...     {
    ...         "shop": (shop, pd.Series(["coat", "hat"], name="article")),
    ...         "reviews": (reviews, pd.Series([5, 2, 4], name="stars")),
    ...     }
    ... )
    >>> X["price"].tolist()
    [80, 20, <NA>, <NA>, <NA>]
    >>> Y["stars"].tolist()
    [<NA>, <NA>, 5, 2, 4]
    >>> source.tolist()
    ['shop', 'shop', 'reviews', 'reviews', 'reviews']
    """
    import numpy as np
    import pandas as pd

    if not datasets:
        raise ValueError("join({}) has no data set. Pass {name: (X, y), ...}.")
    frames, targets = {}, {}
    for name, pair in datasets.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"Data set {name!r} is a {type(pair).__name__}; pass a pair (X, y)."
            )
        X, y = pair
        if not isinstance(X, pd.DataFrame):
            raise TypeError(
                f"X of data set {name!r} is a {type(X).__name__}, and columns are "
                "joined by name. Pass a pandas DataFrame."
            )
        frames[name], targets[name] = X, _as_targets(name, y)
        if len(X) != len(targets[name]):
            raise ValueError(
                f"Data set {name!r} has {len(X)} rows of X and {len(targets[name])} "
                "of y."
            )
    sizes = [len(frame) for frame in frames.values()]
    names = np.repeat(list(datasets), sizes)
    source = pd.Series(pd.Categorical(names, categories=list(datasets)), name="source")
    return _under_each_other(frames, "X"), _under_each_other(targets, "y"), source


def _as_targets(name, y):
    """Return the targets of a data set as a frame."""
    import numpy as np
    import pandas as pd

    if isinstance(y, pd.DataFrame):
        return y
    if isinstance(y, pd.Series):
        return y.to_frame(name if y.name is None else y.name)
    array = np.asarray(y)
    if array.ndim != 1:
        raise ValueError(
            f"y of data set {name!r} has {array.ndim} dimensions and no names. Pass a "
            "DataFrame with a column for each target."
        )
    return pd.DataFrame({name: array})


def _under_each_other(frames, what):
    """Join frames by the names of their columns, whose kinds are to be the same."""
    import pandas as pd

    kinds = {}
    for name, frame in frames.items():
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise ValueError(
                f"{what} of data set {name!r} has columns of the same name: "
                f"{repeated[:5].tolist()}. Rename them."
            )
        for label in frame.columns:
            if frame[label].isna().all():
                continue
            kind = _kind_of(frame[label])
            first, known = kinds.setdefault(label, (name, kind))
            if kind != known:
                raise ValueError(
                    f"Column {label!r} of {what} holds {known} in data set {first!r} "
                    f"and {kind} in {name!r}. Rename one of them, or make them alike."
                )
    everywhere = set.intersection(*(set(frame.columns) for frame in frames.values()))
    parts = []
    for frame in frames.values():
        part = frame.copy(deep=False)
        for label in part.columns:
            if label not in everywhere:
                part[label] = _nullable(part[label])
        if len(part):
            parts.append(part)
    return pd.concat(parts or list(frames.values()), ignore_index=True)


def _nullable(column):
    """Return a column in which cells may be missing without another type."""
    if column.dtype.kind in "iub" and not hasattr(column, "cat"):
        return column.convert_dtypes()
    return column


def _kind_of(column):
    """Return what a column holds, in words."""
    from pandas.api import types

    dtype = column.infer_objects().dtype
    if types.is_bool_dtype(dtype):
        return "flags"
    if types.is_numeric_dtype(dtype):
        return "numbers"
    if types.is_datetime64_any_dtype(dtype):
        return "dates"
    if types.is_timedelta64_dtype(dtype):
        return "durations"
    return "strings or other objects"
