"""Targets in any container: labels keep their type, what is no target is named."""

import decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.reading import read_labels, read_numbers

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

CODES = np.arange(40) % 2
WORDS = np.array(["no", "yes"], dtype=object)[CODES]
X = pd.DataFrame({"a": CODES + np.linspace(0, 0.5, 40), "b": np.arange(40.0)})
FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


def arrow(dtype):
    return pd.ArrowDtype(dtype)


#: Container, the classes, and their dtype.
LABELS = {
    "Int64": (pd.Series(CODES, dtype="Int64"), [0, 1], "int64"),
    "UInt8": (pd.Series(CODES, dtype="UInt8"), [0, 1], "uint8"),
    "Float64": (pd.Series(CODES, dtype="Float64"), [0, 1], "float64"),
    "boolean": (pd.Series(CODES == 1, dtype="boolean"), [False, True], "bool"),
    "arrow int": (pd.Series(CODES, dtype=arrow(pa.int64())), [0, 1], "int64"),
    "arrow bool": (pd.Series(CODES == 1, dtype=arrow(pa.bool_())), [0, 1], "bool"),
    "string": (pd.Series(WORDS, dtype="string"), ["no", "yes"], object),
    "arrow string": (pd.Series(WORDS, dtype=arrow(pa.string())), ["no", "yes"], object),
    "category": (
        pd.Series(pd.Categorical(WORDS, categories=["none", "yes", "no"])),
        ["no", "yes"],
        object,
    ),
    "ordered": (
        pd.Series(pd.Categorical(WORDS, ["yes", "no"], ordered=True)),
        ["no", "yes"],
        object,
    ),
    "category of Int64": (
        pd.Series(CODES + 5, dtype="Int64").astype("category"),
        [5, 6],
        "int64",
    ),
    "large": (pd.Series(CODES + 2**60, dtype="Int64"), [2**60, 2**60 + 1], "int64"),
    "sparse": (pd.Series(pd.arrays.SparseArray(CODES)), [0, 1], "int64"),
    "index": (pd.Index(WORDS), ["no", "yes"], object),
    "polars": (pl.Series(WORDS.tolist()), ["no", "yes"], object),
    "polars enum": (
        pl.Series(WORDS.tolist(), dtype=pl.Enum(["yes", "no"])),
        ["no", "yes"],
        object,
    ),
    "polars bool": (pl.Series(CODES == 1), [False, True], "bool"),
    "pyarrow": (pa.array(WORDS.tolist()), ["no", "yes"], object),
    "pyarrow chunks": (pa.chunked_array([CODES]), [0, 1], "int64"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_keep_their_type(kind):
    y, classes, dtype = LABELS[kind]
    model = MultimodalClassifier(**FAST).fit(X, y)
    assert model.classes_.tolist() == classes
    assert model.classes_.dtype == dtype
    predicted = model.predict(X)
    assert isinstance(predicted, np.ndarray) and predicted.dtype == dtype
    # What is predicted are labels as they were given.
    right = np.mean([a == b for a, b in zip(predicted.tolist(), list(read_labels(y)))])
    assert model.score(X, y) == right


@pytest.mark.parametrize("kind", ["Int64", "boolean", "arrow string", "ordered"])
def test_tools_of_scikit_learn_take_them(kind):
    y, classes, _ = LABELS[kind]
    model = MultimodalClassifier(**{**FAST, "max_epochs": 1})
    for scoring in (None, "accuracy", "neg_log_loss", "roc_auc"):
        scores = cross_val_score(model, X, y, cv=2, scoring=scoring)
        assert np.isfinite(scores).all()
    assert set(cross_val_predict(model, X, y, cv=2).tolist()) <= set(classes)
    search = GridSearchCV(model, {"depth": [1]}, cv=2).fit(X, y)
    assert search.classes_.tolist() == classes
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert set(calibrated.predict(X).tolist()) <= set(classes)


def test_outputs_of_several_types():
    y = pd.DataFrame({"word": WORDS, "code": pd.Series(CODES + 3, dtype="Int64")})
    model = MultimodalClassifier(**FAST).fit(X, y)
    assert [c.tolist() for c in model.classes_] == [["no", "yes"], [3, 4]]
    assert model.classes_[1].dtype == np.int64
    assert set(model.predict(X)[:, 1].tolist()) <= {3, 4}
    frame = pd.DataFrame({"a": CODES, "b": 1 - CODES}, dtype="Int64")
    multilabel = MultimodalClassifier(**FAST).fit(X, frame)
    assert multilabel.predict(X).dtype == np.int64
    assert 0 <= multilabel.score(X, frame) <= 1


@pytest.mark.parametrize(
    "y, error, message",
    [
        ({"y": WORDS}, TypeError, "y is a dict"),
        (pl.LazyFrame({"y": WORDS.tolist()}), TypeError, "LazyFrame.*collect"),
        (iter(WORDS), TypeError, "y is a "),
        (["a", 1] * 20, ValueError, "several types: 20 of type str, 20 of type int"),
        (pd.Series([0, 1] * 20, dtype=object), ValueError, "40 of type int.*astype"),
        ([(1, 2), (3,)] * 20, ValueError, "several lengths.*MultiLabelBinarizer"),
        (pd.Series([(1, 2), (3,)] * 20), ValueError, "type tuple.*MultiLabelBinarizer"),
        ([decimal.Decimal(1)] * 40, ValueError, "of type Decimal"),
        (pd.period_range("2020", periods=40), ValueError, "of type Period"),
        (pd.DataFrame(index=range(40)), ValueError, "without a column"),
        (pd.Series(["a", None] * 20, dtype="string"), ValueError, "20 of 40 rows"),
        (pl.Series(["a", None] * 20), ValueError, "20 of 40 rows"),
        (pa.array([True, None] * 20), ValueError, "20 of 40 rows"),
    ],
)
def test_what_holds_no_labels(y, error, message):
    with pytest.raises(error, match=message):
        MultimodalClassifier(**FAST).fit(X, y)


def test_classes_of_a_first_batch_may_be_in_any_container():
    model = MultimodalClassifier(**FAST)
    model.partial_fit(X, [2] * 40, classes=pd.Series([3, 2, 1], dtype="Int64"))
    assert model.classes_.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"no row of the first fit had: \['a'\] in 40"):
        model.partial_fit(X, ["a"] * 40)


NUMBERS = np.linspace(-1, 1, 40)


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(NUMBERS, dtype="Float64"),
        pd.Series(NUMBERS, dtype=arrow(pa.float64())),
        pd.Series(NUMBERS).astype("category"),
        pd.Series(NUMBERS, dtype=object),
        pl.Series(NUMBERS),
        pa.array(NUMBERS),
        [decimal.Decimal(number) for number in NUMBERS],
    ],
    ids=["Float64", "arrow", "category", "object", "polars", "pyarrow", "Decimal"],
)
def test_numbers(y):
    np.testing.assert_array_equal(read_numbers(y), NUMBERS)
    expected = MultimodalRegressor(**FAST).fit(X, NUMBERS)
    model = MultimodalRegressor(**FAST).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    assert model.score(X, y) == expected.score(X, NUMBERS)


@pytest.mark.parametrize(
    "y, message",
    [
        (pd.Series(pd.date_range("2020", periods=40)), "holds dates.*total_seconds"),
        (pd.Series(pd.to_timedelta(NUMBERS, unit="s")), "holds durations"),
        ([10**400] * 40, "beyond float64"),
        (["a"] * 40, "numeric"),
        (pd.Series([1.0, None] * 20, dtype="Float64"), "20 of 40 rows"),
    ],
)
def test_what_holds_no_numbers(y, message):
    with pytest.raises(ValueError, match=message):
        MultimodalRegressor(**FAST).fit(X, y)
