"""Columns labelled by anything: a model reads them as if they had names."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from skmm import MultimodalClassifier, detect_modalities
from skmm.feature_extraction import MultimodalVectorizer, TextVectorizer

#: Of a column of numbers and a column of texts.
LABELS = {
    "strings": ["num", "txt"],
    "from 0": [0, 1],
    "swapped": [1, 0],
    "negative": [-1, 0],
    "integers": [10, 20],
    "numpy": np.array([7, 3], dtype=np.int8),
    "floats": [2020.5, 2021.5],
    "NaN": [np.nan, 0.0],
    "booleans": [True, False],
    "dates": pd.to_datetime(["2024-01-02", "2024-01-01"]),
    "periods": pd.period_range("2024", periods=2, freq="Y"),
    "intervals": pd.interval_range(0, 2),
    "categories": pd.CategoricalIndex(["num", "txt"]),
    "tuples": pd.Index([("a", 1), (2, 3, 4)], tupleize_cols=False),
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 0)]),
}

FEW = {"transformers": [("text", TextVectorizer(n_components=2))]}


@pytest.fixture(scope="module")
def data():
    """The texts tell the class, the numbers nothing."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    words = np.array(["awful poor cloth", "lovely fine cloth"])[y]
    text = [f"{w} order {i} lot{i % 97}" for i, w in enumerate(words)]
    return pd.DataFrame({"num": rng.normal(size=120), "txt": text}), y


@pytest.fixture(params=LABELS)
def labelled(request, data):
    return data[0].set_axis(LABELS[request.param], axis=1), data[1]


@pytest.fixture(scope="module")
def expected(data):
    """What is predicted, and extracted, where columns are labelled by strings."""
    X, y = data
    probabilities = _fit(X, y).predict_proba(X)
    assert (probabilities.argmax(axis=1) == y).all()
    return probabilities, MultimodalVectorizer(**FEW).fit_transform(X).to_numpy()


def _fit(X, y, modalities="auto"):
    model = MultimodalClassifier(
        modalities,
        max_epochs=4,
        width=8,
        heads=["fused"],
        validation=None,
        random_state=0,
    )
    return model.fit(X, y)


def _read(modalities, X):
    """What is read as what, by position."""
    return {
        kind: [X.columns.get_loc(label) for label in labels]
        for kind, _, labels in modalities
    }


def test_every_column_is_read_as_what_it_holds(labelled, expected):
    X, y = labelled
    model = _fit(X, y)
    assert _read(model.modalities_, X) == {"tabular": [0], "text": [1]}
    np.testing.assert_array_equal(model.predict_proba(X), expected[0])
    turned = X.iloc[:, ::-1]
    if isinstance(X.columns[0], str):
        # scikit-learn compares names.
        with pytest.raises(ValueError, match="same order"):
            model.predict(turned)
    else:
        np.testing.assert_array_equal(model.predict_proba(turned), expected[0])


def test_what_was_found_can_be_written_down(labelled, expected):
    X, y = labelled
    modalities = detect_modalities(X).to_list()
    assert _read(modalities, X) == {"tabular": [0], "text": [1]}
    model = _fit(X, y, modalities)
    np.testing.assert_array_equal(model.predict_proba(X), expected[0])
    # And so can what a fit found, with its encoders.
    again = _fit(X, y, model.modalities_)
    np.testing.assert_array_equal(again.predict_proba(X), expected[0])


def test_vectorizer_reads_labels_of_any_sort(labelled, expected):
    X, y = labelled
    vectorizer = MultimodalVectorizer(detect_modalities(X).to_list(), **FEW)
    features = vectorizer.fit_transform(X).to_numpy()
    np.testing.assert_array_equal(features, expected[1])
    vectorizer = MultimodalVectorizer(**FEW)
    features = vectorizer.fit_transform(X).to_numpy()
    np.testing.assert_array_equal(features, expected[1])
    assert _read(vectorizer.modalities_, X) == {"tabular": [0], "text": [1]}
    if not isinstance(X.columns[0], str):
        turned = vectorizer.transform(X.iloc[:, ::-1])
        np.testing.assert_array_equal(turned, vectorizer.transform(X))


def test_one_label_of_several_levels_is_one_column(data):
    X, y = data
    X = X.set_axis(LABELS["levels"], axis=1)
    # Handed on as a Series, which TfidfVectorizer wants.
    model = _fit(X, y, [("t", TfidfVectorizer(), ("a", 0))])
    assert model.score(X, y) == 1


def test_other_labels_at_predict(data):
    X, y = data
    model = _fit(X.set_axis([10, 20], axis=1), y)
    with pytest.raises(ValueError, match=r"\[10\] are missing, \[30\] are new"):
        model.predict(X.set_axis([30, 20], axis=1))
