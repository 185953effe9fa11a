"""Which rows have no label, by what stands in y."""

import numpy as np
import pandas as pd
import pytest

from skmm.semi_supervised._labels import read_partial_labels, read_partial_numbers


@pytest.mark.parametrize(
    "y, labels",
    [
        (np.array([0, 1, -1, -1]), [0, 1]),
        (np.array([0.0, 1.0, np.nan, np.nan]), [0, 1]),
        ([0, 1, None, None], [0, 1]),
        (["a", "b", None, np.nan], ["a", "b"]),
        (np.array(["a", "b", -1, -1], dtype=object), ["a", "b"]),
        (pd.Series(["a", "b", None, None]), ["a", "b"]),
        (pd.Series(["a", "b", None, None], dtype="category"), ["a", "b"]),
        (pd.Series([0, 1, pd.NA, pd.NA], dtype="Int64"), [0, 1]),
        (pd.Series([True, False, None, None], dtype="boolean"), [True, False]),
        (pd.DataFrame({"y": ["a", "b", None, None]}), ["a", "b"]),
    ],
    ids=str,
)
def test_rows_without_a_label(y, labels):
    found, labelled, whole = read_partial_labels(y)
    assert found.tolist() == labels
    assert labelled.tolist() == [True, True, False, False]
    assert whole[:2].tolist() == labels


def test_polars():
    polars = pytest.importorskip("polars")
    _, labelled, _ = read_partial_labels(polars.Series(["a", None, "b"]))
    assert labelled.tolist() == [True, False, True]


def test_minus_one_is_a_class_where_other_cells_are_missing():
    labels, labelled, _ = read_partial_labels([-1, 1, np.nan])
    assert labels.tolist() == [-1, 1]
    assert labelled.tolist() == [True, True, False]


def test_the_string_minus_one_is_a_class():
    labels, labelled, _ = read_partial_labels(["-1", "1", "-1"])
    assert labels.tolist() == ["-1", "1", "-1"]
    assert labelled.all()


def test_minus_one_keeps_its_mark():
    _, _, whole = read_partial_labels(np.array([3, -1, 4]))
    assert whole.tolist() == [3, -1, 4]
    assert whole.dtype.kind == "i"


def test_minus_one_that_leaves_one_class_is_refused():
    with pytest.raises(ValueError, match="one class is left.*NaN or None"):
        read_partial_labels([-1, 1, 1, -1])


@pytest.mark.parametrize("read", [read_partial_labels, read_partial_numbers])
def test_no_label_at_all(read):
    with pytest.raises(ValueError, match="None of the 3 rows has a label"):
        read([None, None, None])


@pytest.mark.parametrize("read", [read_partial_labels, read_partial_numbers])
def test_several_columns_are_refused(read):
    with pytest.raises(ValueError, match="one for each column"):
        read(np.zeros((3, 2)))


def test_minus_one_is_a_number_to_a_regressor():
    numbers, labelled, whole = read_partial_numbers([-1, 2.5, None])
    assert numbers.tolist() == [-1, 2.5]
    assert labelled.tolist() == [True, True, False]
    assert np.isnan(whole[2])
