"""`kinds=`: what a user says of columns that the detection would misread."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier, detect_modalities, unimodal_estimators
from skmm.feature_extraction import MultimodalVectorizer
from skmm.modalities.readers import DateReader, NumberReader


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    n = 60
    return pd.DataFrame(
        {
            "zip": rng.choice([10115, 20095, 80331], n),
            "name": rng.choice(["Ann Lee", "Bo Chan", "Cy Young"], n),
            "day": rng.choice(["13/02/2024", "02/03/2024", "05/04/2024"], n),
            "age": rng.normal(40, 9, n),
        }
    )


def kind_of(found):
    return {entry.column: (entry.kind, entry.reader) for entry in found.columns_}


def test_columns_are_what_the_user_says_and_the_others_are_detected(table):
    day_first = DateReader(dayfirst=True)
    given = {"zip": "category", "name": "text", "day": day_first}
    found = detect_modalities(table, kinds=given)
    assert kind_of(found) == {
        "zip": ("tabular", "category"),
        "name": ("text", None),
        "day": ("tabular", day_first),
        "age": ("tabular", "number"),
    }
    reasons = [entry.reason for entry in found.columns_]
    assert reasons[:3] == ["as given by kinds="] * 3
    assert reasons[3] == "numbers"


def test_a_column_is_left_out(table):
    found = detect_modalities(table, kinds={"name": "drop"})
    assert [list(columns) for _, _, columns in found] == [["zip", "day", "age"]]
    assert kind_of(found)["name"] == ("drop", None)
    assert found.ignored == []
    assert "left out by kinds=" in repr(found)


def test_a_text_is_read_as_a_column_of_the_table():
    texts = pd.DataFrame({"t": [f"a text of row {i} and its words" for i in range(50)]})
    assert detect_modalities(texts).to_list() == [("text", "text", ["t"])]
    found = detect_modalities(texts, kinds={"t": "tabular"})
    assert found.to_list() == [("tabular", "tabular", {"t": "category"})]


def test_numbered_columns_that_the_user_names_are_no_vector():
    X = pd.DataFrame(np.ones((4, 9)), columns=[f"pca__{i}" for i in range(9)])
    assert [kind for _, kind, _ in detect_modalities(X)] == ["vector"]
    found = detect_modalities(X, kinds={"pca__0": "category"})
    assert [kind for _, kind, _ in found] == ["tabular"]


def test_positions_name_the_columns_of_an_array():
    X = np.array([[1.0, 2], [3, 4], [1, 6]])
    found = detect_modalities(X, kinds={0: "category"})
    assert found.to_list() == [("tabular", "tabular", {0: "category", 1: "number"})]


def test_a_column_without_any_value_stays_what_it_is_said_to_be():
    X = pd.DataFrame({"a": [1, 2], "b": [None, None]})
    assert kind_of(detect_modalities(X, kinds={"b": "text"}))["b"] == ("text", None)


@pytest.mark.parametrize(
    ("kinds", "error", "match"),
    [
        ({"zipp": "category"}, ValueError, "zipp.*Did you mean 'zip'"),
        ({"zip": "categorie"}, ValueError, "Did you mean 'category'"),
        ({"zip": 3}, TypeError, r"kinds\['zip'\] is 3"),
        ([("zip", "category")], (TypeError, ValueError), "kinds"),
    ],
)
@pytest.mark.parametrize("where", ["function", "estimator", "transformer"])
def test_what_is_no_kind_or_no_column_is_refused(table, kinds, error, match, where):
    def detect():
        if where == "function":
            return detect_modalities(table, kinds=kinds)
        if where == "transformer":
            return MultimodalVectorizer(kinds=kinds).fit(table)
        y = [0, 1] * 30
        return MultimodalClassifier(kinds=kinds, max_epochs=1).fit(table, y)

    with pytest.raises(error, match=match):
        detect()


def test_a_list_of_modalities_needs_no_kinds(table):
    modalities = detect_modalities(table).to_list()
    for estimator in (MultimodalClassifier, MultimodalVectorizer):
        model = estimator(modalities, kinds={"zip": "category"})
        with pytest.raises(ValueError, match="Leave one of them out"):
            model.fit(table, [0, 1] * 30)


def test_estimators_take_kinds(table):
    y = (table["zip"] == 20095).astype(int)
    # A middle one of three amounts is hard for a line, easy for one of three names.
    kinds = {"zip": "category", "name": "text", "day": "drop"}
    model = MultimodalClassifier(kinds=kinds, heads=["linear"], random_state=0)
    model = clone(model).fit(table, y)
    assert [(name, columns) for name, _, columns in model.modalities_] == [
        ("tabular", ["zip", "age"]),
        ("text", ["name"]),
    ]
    assert model.score(table, y) == 1
    parts = unimodal_estimators(model, table)
    assert [name for name, _ in parts] == ["tabular", "text"]
    assert parts[1][1].fit(table, y).modalities_[0][2] == ["name"]


def test_a_fit_that_continues_keeps_its_kinds(table):
    y = [0, 1] * 30
    model = MultimodalClassifier(
        kinds={"zip": "category"}, heads=["wide"], max_epochs=1, warm_start=True
    ).fit(table, y)
    model.kinds = {"zip": "number"}
    with pytest.raises(ValueError, match="kinds.*structure"):
        model.fit(table, y)


def test_the_vectorizer_takes_kinds(table):
    vectorizer = MultimodalVectorizer(kinds={"zip": NumberReader(), "name": "drop"})
    names = vectorizer.fit(table).get_feature_names_out()
    assert "tabular__zip" in names
    assert not [name for name in names if "name" in name]
