"""Which columns of Y are which task."""

import numpy as np

from skmm._data.frames import as_frame
from skmm._training.tasks._task import KINDS, Task
from skmm._utils.names import did_you_mean

#: Different whole numbers up to which a column of "auto" holds classes.
_MOST_CLASSES = 20


def read_table(y, columns=None):
    """Read Y as a pandas frame, with missing cells as they are.

    Parameters
    ----------
    y : DataFrame (pandas or polars), or array of shape (n_samples, n_columns)
        One dimension is one column.
    columns : list, default=None
        Labels of the columns of the fit, for an array and to check those of a frame.

    Returns
    -------
    frame : DataFrame

    Raises
    ------
    TypeError
        If it is not a table.
    ValueError
        For labels that repeat or that are missing, and for a table without columns.
    """
    import pandas as pd

    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )
    if not hasattr(y, "columns"):
        y = _as_table(y)
    frame = as_frame(y, columns=columns) if not isinstance(y, pd.DataFrame) else y
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise ValueError(
            f"Y has columns of the same name: {list(repeated.unique()[:5])}. Rename "
            "them."
        )
    if not frame.shape[1]:
        raise ValueError("Y has no columns, and each task is one.")
    if columns is not None:
        missing = [label for label in columns if label not in frame.columns]
        if missing:
            raise ValueError(
                f"Y lacks the columns {missing[:5]} of the fit. Where nothing is known "
                "of a task, its column is one of missing cells."
            )
        frame = frame[columns]
    return frame


def _as_table(y):
    """Return an array or a column as a table."""
    if hasattr(y, "to_frame"):
        return y.to_frame()
    array = np.asarray(y)
    if array.ndim not in (1, 2):
        raise TypeError(
            f"Y is a {type(y).__name__} of {array.ndim} dimensions, and tasks are "
            "columns of a table. Pass a DataFrame with a column for each task."
        )
    return array.reshape(len(array), -1)


def find_tasks(given, frame):
    """Return the tasks that a user's ``tasks=`` makes of the columns of Y.

    Parameters
    ----------
    given : "auto" or dict of {name: kind or list of columns}
    frame : DataFrame
        Y, of the rows of the fit.

    Returns
    -------
    tasks : list of Task
        In the order of the columns; one of a group of columns where its first is.

    Raises
    ------
    ValueError
        For a column that is not there, for one that is no task or two tasks, and for a
        kind that is not known.
    """
    if isinstance(given, str):
        return [
            Task(label, _kind_of(frame[label]), [label], frame)
            for label in frame.columns
        ]
    if not given:
        raise ValueError("tasks={} names no task. Name a kind for each column of Y.")
    tasks, taken = [], {}
    for name, kind in given.items():
        is_group = isinstance(kind, (list, tuple))
        columns = list(kind) if is_group else [name]
        for label in columns:
            if label not in frame.columns:
                raise ValueError(
                    f"tasks= has {label!r}, and Y has the columns "
                    f"{frame.columns.tolist()[:20]}."
                    f"{did_you_mean(label, map(str, frame.columns))}"
                )
            if label in taken:
                raise ValueError(
                    f"Column {label!r} of Y is in two tasks, {taken[label]!r} and "
                    f"{name!r}. Each column is in one."
                )
            taken[label] = name
        if is_group:
            if len(columns) < 2:
                raise ValueError(
                    f"Task {name!r} has the columns {columns}: a group of labels has "
                    "two or more. Write {column: 'classification'} for one."
                )
            kind = "multilabel"
        elif kind not in KINDS:
            raise ValueError(
                f"Task {name!r} is {kind!r}; a task is one of {', '.join(KINDS)}, or a "
                f"list of columns of 0 and 1.{did_you_mean(kind, KINDS)}"
            )
        tasks.append(Task(name, kind, columns, frame))
    left = [label for label in frame.columns if label not in taken]
    if left:
        raise ValueError(
            f"Y has the columns {left[:5]}, of which tasks= says nothing. Add them, or "
            "leave them out of Y."
        )
    places = {label: i for i, label in enumerate(frame.columns)}
    return sorted(tasks, key=lambda task: places[task.columns[0]])


def _kind_of(column):
    """Return the kind of task that a column's cells look like."""
    known = column[column.notna()].infer_objects()
    if known.map(lambda cell: isinstance(cell, (list, tuple, set, frozenset))).any():
        return "multilabel"
    is_number = known.dtype.kind in "iuf" and not hasattr(known, "cat")
    if not is_number:
        return "classification"
    values = known.to_numpy(dtype=np.float64)
    is_whole = np.isfinite(values).all() and (values == np.round(values)).all()
    n_values = len(np.unique(values))
    is_class = is_whole and n_values <= max(2, min(_MOST_CLASSES, len(values) / 2))
    return "classification" if is_class else "regression"
