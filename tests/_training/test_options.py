"""Parameters remembered, and told apart."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier, MultimodalMultitask, MultimodalRegressor
from skmm._training.options import (
    STRUCTURE,
    check_structure,
    is_same,
    remember,
    remember_structure,
)
from skmm.fusion import GatedFusion, LowRankFusion


def test_structure_names_parameters_of_the_estimators():
    of_classes = set(MultimodalClassifier().get_params())
    assert set(STRUCTURE) - of_classes == {"quantile", "tasks"}
    of_numbers = set(MultimodalRegressor().get_params())
    of_tasks = set(MultimodalMultitask().get_params())
    assert set(STRUCTURE) < of_numbers | of_tasks


@pytest.mark.parametrize(
    "one, other",
    [
        (1, 2),
        ("a", "b"),
        (None, "a"),
        ([1, 2], [1]),
        (["a"], [["a"]]),
        (np.arange(3), np.arange(4)),
        (np.arange(3), np.array([0, 1, 5])),
        (LowRankFusion(rank=2), LowRankFusion(rank=3)),
        (LowRankFusion(), GatedFusion()),
        (LowRankFusion, LowRankFusion()),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        (len, min),
    ],
    ids=str,
)
def test_what_differs(one, other):
    assert not is_same(remember(one), remember(other))
    for value in (one, other):
        assert is_same(remember(value), remember(value))


def test_what_is_remembered_does_not_change_with_the_object():
    fusion, columns = LowRankFusion(rank=2), ["a", "b"]
    known = remember({"fusion": fusion, "columns": columns})
    fusion.set_params(rank=3)
    columns.append("c")
    assert not is_same(known, remember({"fusion": fusion, "columns": columns}))
    same = {"fusion": LowRankFusion(rank=2), "columns": ["a", "b"]}
    assert is_same(known, remember(same))


def test_lists_and_tuples_and_kinds_of_numbers_are_alike():
    assert is_same(remember(64), remember(np.int64(64)))
    assert is_same(
        remember([("a", StandardScaler(), ["x"])]),
        remember([["a", StandardScaler(), ("x",)]]),
    )


def test_the_error_names_all_that_differs():
    model = MultimodalClassifier([("a", StandardScaler(), ["x"])], fusion="late")
    known = remember_structure(model.get_params(deep=False))
    model.set_params(a__with_mean=False, width=3, fusion="gated", verbose=3)
    with pytest.raises(ValueError, match="^a__with_mean, fusion, width: not as in"):
        check_structure(known, model.get_params(deep=False))
