"""Data sets of other columns and other targets, one under the other."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalMultitask
from skmm.datasets import join, make_multimodal_classification
from skmm.model_selection import task_scorer


@pytest.fixture
def sets():
    one = pd.DataFrame({"text": ["a", "b"], "price": [1, 2], "new": [True, False]})
    two = pd.DataFrame({"price": [0.5, 1.5, np.nan], "day": pd.Timestamp("2026-01-01")})
    return one, two


def test_columns_and_targets_are_joined_by_name(sets):
    one, two = sets
    stars = pd.DataFrame({"stars": [5, 4, 1], "kind": ["x", "y", "x"]})
    X, Y, source = join(
        {"one": (one, pd.Series(["x", "z"], name="kind")), "two": (two, stars)}
    )
    assert X.columns.tolist() == ["text", "price", "new", "day"]
    assert X["price"].tolist()[:4] == [1, 2, 0.5, 1.5]
    assert X["new"].dtype == "boolean"
    assert X["day"].isna().tolist() == [True, True, False, False, False]
    assert Y["kind"].tolist() == ["x", "z", "x", "y", "x"]
    assert Y["stars"].dtype == "Int64"
    assert source.tolist() == ["one"] * 2 + ["two"] * 3
    assert source.cat.categories.tolist() == ["one", "two"]


def test_a_target_without_a_name_is_called_as_its_data_set(sets):
    one, two = sets
    _, Y, _ = join({"one": (one, [0, 1]), "two": (two, np.array([0.1, 0.2, 0.3]))})
    assert Y.columns.tolist() == ["one", "two"]
    assert Y.notna().to_numpy().sum(axis=0).tolist() == [2, 3]


def test_what_cannot_be_joined_is_named(sets):
    one, two = sets
    y = pd.Series([0, 1], name="y")
    other = two.assign(price=["much", "little", "much"])
    with pytest.raises(ValueError, match="'price' of X holds numbers in data set 'a'"):
        join({"a": (one, y), "b": (other, [1, 2, 3])})
    with pytest.raises(ValueError, match="'y' of y holds numbers .* strings"):
        join({"a": (one, y), "b": (two, pd.Series(["a", "b", "c"], name="y"))})
    with pytest.raises(ValueError, match="'b' has 3 rows of X and 2 of y"):
        join({"a": (one, y), "b": (two, y)})
    with pytest.raises(TypeError, match="Pass a pandas DataFrame"):
        join({"a": (one.to_numpy(), y)})
    with pytest.raises(ValueError, match="no data set"):
        join({})


def test_a_multitask_estimator_learns_from_both():
    X, y = make_multimodal_classification(n_samples=240, random_state=0)
    target = pd.Series(y)
    joined, Y, source = join(
        {
            "left": (X[:100].drop(columns="num_0"), target[:100].rename("label")),
            "right": (X[100:200].drop(columns="cat_1"), 3.0 * target[100:200]),
        }
    )
    assert Y.columns.tolist() == ["label", "right"]
    model = MultimodalMultitask(
        tasks={"label": "classification", "right": "regression"},
        heads=["linear", "boosting"],
        random_state=0,
    ).fit(joined, Y)
    X = X[joined.columns]
    truth = pd.DataFrame({"label": y[200:], "right": 3.0 * y[200:]})
    assert task_scorer("label")(model, X[200:], truth) > 0.6
    assert task_scorer("right")(model, X[200:], truth) > 0
    assert model.predict(X[200:])["label"].dtype == "Int64"
