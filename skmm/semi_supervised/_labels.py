"""Which rows have a label, and which do not."""

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets

from skmm._training.reading import read_labels, read_numbers, split_labelled


def read_partial_labels(y):
    """Read classes, some of which are missing.

    Missing cells (None, NaN, NA) are rows without a label. If there are none, the
    number -1 marks these rows, as in scikit-learn; the string "-1" is a class.

    Parameters
    ----------
    y : array-like of shape (n_samples,)

    Returns
    -------
    labels : ndarray of shape (n_labelled,)
    labelled : ndarray of bool of shape (n_samples,)
    whole : ndarray of shape (n_samples,)
        All of y, with its own mark where there is no label.

    Raises
    ------
    ValueError
        If no row has a label, if the labels cannot be read, or if -1 leaves one class
        only.
    """
    y, missing = split_labelled(y)
    by_number = False
    if not missing.any():
        missing = _is_minus_one(y)
        by_number = bool(missing.any())
    _check_any(missing)
    labels = read_labels(_as_numbers(y[~missing]))
    check_classification_targets(labels)
    if by_number and len(np.unique(labels)) == 1:
        raise ValueError(
            f"y holds -1 and {labels.tolist()[0]!r} only, and -1 marks rows without a "
            "label: one class is left. If -1 is a class, mark rows without a label by "
            "NaN or None; where any cell of y is missing, -1 is a class. If all rows "
            "have labels, pass other numbers: (y + 1) // 2."
        )
    return labels, ~missing, _whole(y, labels, missing)


def read_scored_labels(y, classes):
    """Read classes that predictions are compared with, and where they are known.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
    classes : ndarray of shape (n_classes,)
        Those that were learned: if -1 is among them, it marks nothing.

    Returns
    -------
    labels : ndarray of shape (n_labelled,)
    labelled : ndarray of bool of shape (n_samples,)
    """
    y, missing = split_labelled(y)
    if not missing.any() and not _is_minus_one(classes).any():
        missing = _is_minus_one(y)
    _check_any(missing)
    return read_labels(_as_numbers(y[~missing]), warn=False), ~missing


def read_partial_numbers(y):
    """Read numbers, some of which are missing: None, NaN or NA, never -1.

    Parameters
    ----------
    y : array-like of shape (n_samples,)

    Returns
    -------
    numbers : ndarray of float64 of shape (n_labelled,)
    labelled : ndarray of bool of shape (n_samples,)
    whole : ndarray of float64 of shape (n_samples,)
        All of y, with NaN where there is no number.

    Raises
    ------
    ValueError
        If no row has a number, or for what is not a finite number.
    """
    y, missing = split_labelled(y)
    _check_any(missing)
    numbers = read_numbers(y[~missing])
    whole = np.full(len(missing), np.nan)
    whole[~missing] = numbers
    return numbers, ~missing, whole


def _whole(y, labels, missing):
    """Return y as an array in which pseudo-labels can be written."""
    if not missing.any():
        return labels
    marks = np.asarray(y, dtype=object)[missing]
    marks[pd.isna(marks)] = None
    plain = labels.dtype.kind in "biuf"
    if plain and all(mark is not None for mark in marks):
        whole = np.full(len(missing), -1, dtype=np.result_type(labels.dtype, np.int8))
    elif plain and labels.dtype.kind == "f":
        whole = np.full(len(missing), np.nan)
    else:
        whole = np.empty(len(missing), dtype=object)
        whole[missing] = marks
    whole[~missing] = labels
    return whole


def _is_minus_one(y):
    """Tell which cells are the number -1; a string or a boolean is not one."""
    cells = np.asarray(y)
    if cells.dtype.kind in "if":
        return cells == -1
    if cells.dtype != object:
        return np.zeros(len(cells), dtype=bool)
    return np.array([_is_number(cell) and cell == -1 for cell in cells], dtype=bool)


def _as_numbers(labels):
    """Return numbers in an array of their own type, which a missing cell hid."""
    cells = np.asarray(labels)
    if cells.dtype == object and len(set(map(type, cells))) == 1:
        plain = np.array(cells.tolist())
        if plain.dtype.kind in "biuf" and plain.ndim == 1:
            return plain
    return labels


def _is_number(cell):
    return isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool)


def _check_any(missing):
    if len(missing) and missing.all():
        raise ValueError(
            f"None of the {len(missing)} rows has a label. Give some of them labels, "
            "of two classes at least for a classifier."
        )
