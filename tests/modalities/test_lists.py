"""Vectors and series as strings: what counts as a list, and what keeps its meaning."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from skmm import MultimodalClassifier
from skmm.encoders import VectorEncoder
from skmm.feature_extraction import MultimodalVectorizer
from skmm.modalities import detect_modalities
from skmm.modalities._lists import parse_list, read_lists

N_ROWS = 60

SPELLINGS = {
    "JSON": lambda values: json.dumps(values),
    "a tuple": lambda values: str(tuple(values)),
    "NumPy's": lambda values: str(np.array(values)),
    "NumPy's repr": lambda values: repr(np.array(values)),
    "commas": lambda values: ",".join(map(str, values)),
    "commas and spaces": lambda values: ", ".join(map(str, values)),
    "semicolons": lambda values: ";".join(map(str, values)),
    "bars": lambda values: " | ".join(map(str, values)),
    "spaces": lambda values: " ".join(map(str, values)),
}
each_spelling = pytest.mark.parametrize("write", SPELLINGS.values(), ids=SPELLINGS)


@each_spelling
@pytest.mark.parametrize("dtype", ["str", "object", "string", "category"])
def test_vectors_and_series(write, dtype):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(N_ROWS, 6)).round(3)
    lengths = rng.integers(5, 12, N_ROWS)
    series = [rng.integers(0, 100, n) / 4 for n in lengths]
    frame = pd.DataFrame(
        {
            "v": [write(values.tolist()) for values in vectors],
            "s": [write(values.tolist()) for values in series],
        }
    ).astype(dtype)
    found = {m.column: m for m in detect_modalities(frame).columns_}
    assert (found["v"].kind, found["s"].kind) == ("vector", "series")
    assert "6 numbers" in found["v"].reason
    encoder = VectorEncoder()
    encoder.fit_transform(frame[["v"]])
    np.testing.assert_allclose(encoder.mean_, vectors.mean(axis=0), atol=1e-6)
    read = MultimodalVectorizer().fit(frame)
    as_arrays = pd.DataFrame({"v": list(vectors), "s": series})
    np.testing.assert_allclose(
        read.transform(frame), read.transform(as_arrays), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("[1.5, null, NaN, -2e3]", [1.5, np.nan, np.nan, -2000]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("[[1 2]\n [3 4]]", [[1, 2], [3, 4]]),
        (" [ 1. 2.\n 3.] ", [1, 2, 3]),
        ("tensor([0.5, 1.5])", [0.5, 1.5]),
        ("[]", []),
        ("1,2,", [1, 2]),
        ("53-63", None),
        ("192.168.0.1", None),
        ("1.10.2", None),
        ("[1, 'a']", None),
        ("[[1, 2], [3]]", None),
        ("red, blue", None),
        ("(1, 2", None),
        ("", None),
    ],
)
def test_what_a_list_is(text, numbers):
    found = parse_list(text)
    if numbers is None:
        assert found is None
    else:
        np.testing.assert_array_equal(found, numbers)


@pytest.mark.parametrize(
    "write",
    [
        lambda rng: f"{rng.integers(1, 9)},{rng.integers(100, 999)}",
        lambda rng: f"{rng.integers(1, 999)},{rng.integers(10, 99)}",
        lambda rng: f"1 {rng.integers(100, 999)} {rng.integers(100, 999)}",
        lambda rng: f"555 {rng.integers(100, 999)} {rng.integers(1000, 9999)}",
        lambda rng: ",".join(map(str, rng.integers(1, 5, rng.integers(1, 4)))),
        lambda rng: "[1, 2, 3, 4, 5]" if rng.integers(2) else "[5, 4, 3, 2, 1]",
        lambda rng: f"{rng.integers(1, 28)} {rng.integers(1, 12)} 2024",
    ],
    ids=["1,234", "12,34", "1 234 567", "phone", "codes", "few", "date"],
)
@pytest.mark.filterwarnings("ignore:Column 'a'")
def test_what_is_not_a_list(write, request):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": [write(rng) for _ in range(N_ROWS)]})
    # Numbers of telephones are read by their characters, as other codes.
    expected = "text" if request.node.callspec.id == "phone" else "tabular"
    assert detect_modalities(frame).columns_[0].kind == expected


def test_empty_lists_are_missing():
    cells = ["[1, 2, 3]", "[]", None, "", "n/a", "[4, 5, 6]", "()"] * 4
    frame = pd.DataFrame({"a": [f"[{i}, 2, 3]" for i in range(28)]})
    frame["a"] = frame["a"].where(np.arange(28) % 7 != 1, cells)
    assert detect_modalities(frame).columns_[0].kind == "vector"
    for nothing in (["[]"], ["[]", "()"], ["[]"] * 50, ["[]", None, "n/a"]):
        frame = pd.DataFrame({"a": nothing})
        assert detect_modalities(frame).columns_[0].kind is None
    block = VectorEncoder().fit_transform(pd.DataFrame({"a": cells}))
    assert block.present.tolist() == [
        c not in ("[]", None, "", "n/a", "()") for c in cells
    ]


def test_a_string_that_is_no_list_names_column_and_row():
    column = pd.Series(["[1, 2]", "soft"], index=["x", "y"], name="a")
    with pytest.raises(
        ValueError, match=r"Column 'a' .* no list .* at row 'y': 'soft'"
    ):
        read_lists(column)


# ----------------------------------------------------- vectors of another length later


def test_a_shorter_vector_at_predict_is_missing_with_a_warning():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": list(rng.normal(size=(N_ROWS, 4))), "n": np.arange(N_ROWS)})
    y = (X["n"] > 30).astype(int)
    model = MultimodalClassifier(max_epochs=1, random_state=0).fit(X, y)
    features = MultimodalVectorizer().fit(X)
    odd, without = X.copy(), X.copy()
    odd.at[7, "a"], without.at[7, "a"] = np.ones(3), None
    words = r"'a' holds vectors of another length than at fit \(4 numbers\) in 1 of 60 "
    words += r"rows, the first at row 7 \(3 numbers\).*kinds=\{'a': 'series'\}"
    with pytest.warns(UserWarning, match=words):
        found = model.predict_proba(odd)
    np.testing.assert_array_equal(found, model.predict_proba(without))
    with pytest.warns(UserWarning, match=words):
        assert np.isnan(features.transform(odd).filter(like="vector").iloc[7]).all()
    # Where none is as at fit, another model has extracted them.
    for call in (model.predict, features.transform):
        with pytest.raises(
            ValueError, match=r"vectors of 3 numbers; at fit they had 4"
        ):
            call(odd[7:8])
        call(without[7:8])


@pytest.mark.filterwarnings("ignore:Column 'a' holds vectors of another length")
def test_one_odd_length_ends_no_fold():
    rng = np.random.default_rng(0)
    cells = list(rng.normal(size=(N_ROWS, 8)))
    cells[5] = cells[5][:6]
    X, y = pd.DataFrame({"a": cells}), np.arange(N_ROWS) % 2
    model = MultimodalClassifier(max_epochs=1, random_state=0)
    scores = cross_val_score(model, X, y, cv=3, error_score="raise")
    assert np.isfinite(scores).all()
    modalities = detect_modalities(X).to_list()
    assert modalities == [("series", "series", ["a"])]
    model.set_params(modalities=modalities)
    assert np.isfinite(cross_val_score(model, X, y, cv=3, error_score="raise")).all()
