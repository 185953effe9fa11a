"""Columns as users name them: labels of any sort, positions, slices and masks."""

import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector

from skmm.modalities._selection import find_positions, order_as_fitted

NAMES = ["age", "Review Text", "height"]
DATES = pd.date_range("2024-01-01", periods=3)
LEVELS = pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)])
PAIRS = pd.Index([("a", 1), "a", 1], tupleize_cols=False)


def _frame(labels):
    return pd.DataFrame(np.zeros((2, len(labels))), columns=labels)


def _find(labels, columns):
    return find_positions(_frame(labels), columns, "m")


@pytest.mark.parametrize(
    ("columns", "positions"),
    [
        ("height", [2]),
        (["height", "age"], [2, 0]),
        (("age", "height"), [0, 2]),
        (np.array(["age"]), [0]),
        (pd.Index(["age"]), [0]),
        (1, [1]),
        (-1, [2]),
        ([2, 0], [2, 0]),
        (range(2), [0, 1]),
        (slice(0, 2), [0, 1]),
        (slice("age", "Review Text"), [0, 1]),
        (slice("Review Text", None), [1, 2]),
        (slice(None), [0, 1, 2]),
        ([True, False, True], [0, 2]),
        (np.array([False, True, False]), [1]),
        (pd.Series([False, True, True]), [1, 2]),
        (make_column_selector("e$"), [0]),
        (lambda frame: frame.columns.str.contains("e"), [0, 1, 2]),
        ([], []),
    ],
)
def test_columns_of_a_frame_with_names(columns, positions):
    assert _find(NAMES, columns)[0] == positions


@pytest.mark.parametrize(
    ("columns", "is_scalar"),
    [("age", True), (0, True), (lambda X: "age", True), (["age"], False), ([0], False)],
)
def test_one_label_is_told_from_a_list_of_one(columns, is_scalar):
    assert _find(NAMES, columns) == ([0], is_scalar)


@pytest.mark.parametrize(
    ("labels", "columns", "positions"),
    [
        ([0, 1, 2], [2, -3], [2, 0]),
        ([0, 1, 2], slice(0, -1), [0, 1]),
        ([2, 1, 10], [1, 2], [1, 0]),
        ([2, 1, 10], 10, [2]),
        ([-1, 0], [0, -1], [1, 0]),
        ([2, 1, 10], np.array([10, 2]), [2, 0]),
        ([2020.5, 2021.5], 2021.5, [1]),
        ([2020.5, 2021.5], slice(2020.5, 2021.5), [0, 1]),
        (DATES, DATES[1], [1]),
        (DATES, DATES.to_numpy()[:2], [0, 1]),
        (DATES, datetime.datetime(2024, 1, 3), [2]),
        (DATES, slice(DATES[0], DATES[1]), [0, 1]),
        (pd.period_range("2024", periods=3, freq="Y"), [pd.Period("2025")], [1]),
        (pd.interval_range(0, 3), [pd.Interval(1, 2)], [1]),
        (LEVELS, ("b", 1), [2]),
        (LEVELS, [("b", 1), ("a", 2)], [2, 1]),
        (LEVELS, slice(("a", 1), ("a", 2)), [0, 1]),
        (PAIRS, [("a", 1)], [0]),
        (PAIRS, ["a", 1], [1, 2]),
        ([True, False], [False, True], [1, 0]),
        ([True, False], np.array([True, False]), [0]),
        ([np.nan, 1.0], [float("nan")], [0]),
    ],
)
def test_a_label_is_a_label_whatever_its_sort(labels, columns, positions):
    assert _find(labels, columns)[0] == positions


@pytest.mark.parametrize(
    ("labels", "columns", "message"),
    [
        (NAMES, ["age", "Review text"], r"\['Review text'\].*mean 'Review Text'"),
        (NAMES, [True, False], "mask of 2 values.*3 columns"),
        (NAMES, 3, "at position 3.*from 0 to 2"),
        (NAMES, None, r"does not have: \[None\]"),
        ([0, 1, 2], ["age"], r"\['age'\].*no column names.*from 0 to 2"),
        ([0, 1, 2], -4, "at position -4"),
        ([2, 1, 10], [1, 0], r"not have: \[0\].*labels in this X.*X.columns\[pos"),
        ([2, 1, 10], "2", r"\['2'\].*Did you mean 2\?"),
        ([2, 1, 10], True, r"does not have: \[True\]"),
        ([2, 1, 10], slice(0, 2), r"list\(X.columns\[0:2\]\).*X.loc\[:, 0:2\]"),
        (DATES, 0, r"does not have: \[0\]"),
        (LEVELS, "a", r"not have: \['a'\].*X has: \[\('a', 1\)"),
        (PAIRS, ("a", 1), r"Write \[\('a', 1\)\] or \['a', 1\]"),
    ],
)
def test_errors_name_modality_column_and_remedy(labels, columns, message):
    with pytest.raises(ValueError, match=f"Modality 'm' .*{message}"):
        _find(labels, columns)


def test_columns_are_taken_in_the_order_of_the_fit():
    labels = pd.Index([2, 1, 10])
    X = _frame(labels)
    assert order_as_fitted(X, labels) is X
    assert order_as_fitted(X[[10, 2, 1]], labels).columns.equals(labels)
    assert order_as_fitted(_frame([1, 0]), pd.Index([0, 1])).columns.tolist() == [0, 1]


def test_labels_of_an_array_are_none():
    for now, fitted in [([0, 1, 2], [2, 1, 10]), ([2, 1, 10], [0, 1, 2])]:
        X = _frame(now)
        assert order_as_fitted(X, pd.Index(fitted)) is X


def test_other_labels_than_at_fit():
    with pytest.raises(ValueError, match=r"\[1\] are missing, \[3\] are new"):
        order_as_fitted(_frame([2, 3, 10]), pd.Index([2, 1, 10]))
