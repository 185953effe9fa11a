"""Columns of a frame, as users name them: by labels of any sort, or by positions."""

import numpy as np

from skmm._data.frames import is_missing
from skmm._utils.names import did_you_mean


def find_positions(frame, columns, name):
    """Find the columns of a modality.

    A label is a label whenever the frame has it. Integers count positions only where
    no column could be meant by its label: the labels are strings, or the integers from
    0 that arrays are given.

    Parameters
    ----------
    frame : DataFrame
    columns : label, position, list of these, slice, mask or callable
        What scikit-learn's ColumnTransformer takes; a callable gets the frame.
    name : str
        The modality's, for errors.

    Returns
    -------
    positions : list of int
    is_scalar : bool
        Whether one column was named, not a list of one.

    Raises
    ------
    ValueError
        If the frame lacks a column, or it is not clear which are meant.
    """
    if callable(columns):
        columns = columns(frame)
    labels = _Labels(frame.columns, name)
    if labels.has(columns):
        return [labels.find(columns)], True
    if isinstance(columns, slice):
        return labels.slice(columns), False
    if not _is_list(columns):
        return labels.find_all([columns]), True
    if labels.are_masked_by(columns):
        return labels.mask(list(columns)), False
    return labels.find_all(list(columns)), False


def drop_all_missing(frame, positions):
    """Return the positions of columns with a value, and the labels of the others."""
    kept, empty = [], []
    for i in positions:
        all_missing = is_missing(frame.iloc[:, i], empty=True).all()
        (empty.append(frame.columns[i]) if all_missing else kept.append(i))
    return kept, empty


def order_as_fitted(frame, labels):
    """Return a frame with its columns in the order that they had at fit.

    Columns that are named by strings are left to scikit-learn, which compares them.

    Parameters
    ----------
    frame : DataFrame
        As many columns as there were.
    labels : Index
        The labels at fit.

    Returns
    -------
    frame : DataFrame

    Raises
    ------
    ValueError
        If it has other labels. Those of an array, 0, 1, ..., are none.
    """
    if frame.columns.equals(labels):
        return frame
    fitted, now = _Labels(labels), _Labels(frame.columns)
    if fitted.are_strings or now.are_strings:
        return frame
    absent = [label for label in fitted.labels if not now.has(label)]
    if not absent:
        return frame.iloc[:, now.find_all(fitted.labels)]
    if fitted.are_positions or now.are_positions:
        return frame
    new = [label for label in now.labels if not fitted.has(label)]
    raise ValueError(
        f"X has other columns than at fit: {_show(absent)} are missing, {_show(new)} "
        "are new. Pass the columns that were there at fit."
    )


class _Labels:
    """The labels of a frame's columns, and where each of them is."""

    def __init__(self, columns, modality=None):
        self.labels = columns.tolist()
        self.modality = modality
        self.places = {_key(label): i for i, label in enumerate(self.labels)}
        self.are_strings = all(isinstance(label, str) for label in self.labels)
        self.are_positions = all(
            _is_integer(label) and label == i for i, label in enumerate(self.labels)
        )

    def has(self, label):
        """Return True if a column has this label."""
        try:
            return _key(label) in self.places
        except TypeError:  # lists, arrays and slices have no hash
            return False

    def find(self, label):
        """Return the position of a label that stands alone, not in a list."""
        if isinstance(label, tuple) and label and all(map(self.has, label)):
            raise self._error(
                f"names {label!r}, which is the label of one column, and a tuple of "
                f"labels of others. Write [{label!r}] or {list(label)!r}"
            )
        return self.places[_key(label)]

    def find_all(self, wanted):
        """Return the positions of labels, or of positions where these count."""
        positions, absent = [], []
        counts = self.are_strings or self.are_positions
        for one in wanted:
            if self.has(one):
                positions.append(self.places[_key(one)])
            elif _is_integer(one) and counts:
                positions.append(self._count(int(one)))
            else:
                absent.append(one)
        if absent:
            raise self._error(self._tell(absent))
        return positions

    def slice(self, wanted):
        """Return the positions of a slice: its end belongs to it if it is a label."""
        ends = [end for end in (wanted.start, wanted.stop) if end is not None]
        if all(map(_is_integer, ends)):
            if not ends or self.are_strings or self.are_positions:
                return list(range(len(self.labels)))[wanted]
            start, stop = (
                "" if end is None else end for end in (wanted.start, wanted.stop)
            )
            raise self._error(
                f"names the columns {wanted!r}, which may be labels or positions. "
                f"Write list(X.columns[{start}:{stop}]) for positions, "
                f"list(X.loc[:, {start}:{stop}]) for labels"
            )
        first, last = None, None
        if wanted.start is not None:
            (first,) = self.find_all([wanted.start])
        if wanted.stop is not None:
            (last,) = self.find_all([wanted.stop])
            last += 1
        return list(range(len(self.labels)))[first : last : wanted.step]

    def are_masked_by(self, wanted):
        """Return True if these are booleans, and not the labels of columns."""
        import pandas as pd

        if isinstance(wanted, (np.ndarray, pd.Series)):
            return wanted.dtype == bool
        are_booleans = all(isinstance(one, (bool, np.bool_)) for one in wanted)
        return are_booleans and not all(map(self.has, wanted))

    def mask(self, wanted):
        """Return the positions at which a mask is true."""
        if len(wanted) != len(self.labels):
            raise self._error(
                f"has a mask of {len(wanted)} values for its columns, and X has "
                f"{len(self.labels)} columns. Give a value for each"
            )
        return np.flatnonzero(wanted).tolist()

    def _count(self, position):
        n = len(self.labels)
        if not -n <= position < n:
            raise self._error(
                f"names the column at position {position}, and X has {n} columns: "
                f"positions from 0 to {n - 1}"
            )
        return position % n

    def _tell(self, absent):
        """Say what X lacks, and what may have been meant."""
        if self.are_positions and any(isinstance(one, str) for one in absent):
            return (
                f"names its columns ({_show(absent)}), but X has no column names. Pass "
                f"a DataFrame, or positions from 0 to {len(self.labels) - 1}"
            )
        told = f"names columns that X does not have: {_show(absent)}."
        if all(map(_is_integer, absent)):
            told += (
                " Integers are labels in this X; the column at a position is "
                "X.columns[position]."
            )
        else:
            known = {str(label): label for label in self.labels}
            told += did_you_mean(absent[0], known)
        return f"{told} X has: {_show(self.labels, 20)}"

    def _error(self, told):
        return ValueError(f"Modality {self.modality!r} {told}.")


def _key(label):
    """Return what two labels share if they are the same: True is not 1, NaN is NaN."""
    import pandas as pd

    if isinstance(label, str):
        return False, label
    label = _plain(label)
    if isinstance(label, tuple):
        return tuple(map(_key, label))
    if label is not None and pd.api.types.is_scalar(label) and pd.isna(label):
        return "missing", type(label)
    return isinstance(label, bool), label


def _plain(label):
    """Turn numpy's scalars into what ``Index.tolist`` gives."""
    import pandas as pd

    return pd.Index([label]).tolist()[0] if isinstance(label, np.generic) else label


def _is_integer(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_list(columns):
    from pandas.api.types import is_list_like

    return is_list_like(columns, allow_sets=False)


def _show(labels, n=5):
    """Write some labels for a message."""
    shown = list(map(_plain, labels[:n]))
    return f"{shown}" if len(labels) <= n else f"{str(shown)[:-1]}, ...]"
