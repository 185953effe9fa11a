"""Which rows validate: a fraction leaves every class in training."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    cross_val_score,
    train_test_split,
)

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.split import split_rows

FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


def split(y, validation=0.1, groups=None, *, stratify=True, seed=0):
    y = np.asarray(y)
    train, valid = split_rows(
        validation, y, y, groups, stratify=stratify, random_state=seed
    )
    if len(y) >= 10:
        assert sorted([*train, *valid]) == list(range(len(y)))
    return train, valid


@pytest.mark.parametrize(
    "n_classes, n_each, n_valid",
    [(2, 10, 2), (7, 3, 3), (100, 2, 20), (200, 3, 60), (19, 5, 10)],
)
def test_a_tenth_validates_whatever_the_number_of_classes(n_classes, n_each, n_valid):
    y = np.repeat(np.arange(n_classes), n_each)
    train, valid = split(y)
    assert len(valid) == n_valid
    assert len(np.unique(y[train])) == n_classes


@pytest.mark.parametrize(
    "n_rows, n_valid",
    [(20, 4), (100, 20), (300, 60), (400, 60), (600, 60), (2000, 200)],
)
@pytest.mark.parametrize("stratify", [True, False])
def test_more_of_few_rows_validate_by_themselves(n_rows, n_valid, stratify):
    _, valid = split(np.arange(n_rows) % 2, "auto", stratify=stratify)
    assert len(valid) == n_valid


def test_by_themselves_as_many_groups_validate():
    groups = np.repeat(np.arange(20), 5)
    _, valid = split(np.arange(100) % 2, "auto", groups)
    assert len(set(groups[valid])) == 4


@pytest.mark.parametrize("validation", [0.1, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_training_keeps_every_class(validation, seed):
    rng = np.random.default_rng(seed)
    y = np.r_[np.repeat(np.arange(9), [1, 1, 2, 2, 3, 5, 20, 1, 40]), rng.choice(9, 9)]
    train, valid = split(y, validation, seed=seed)
    assert set(y[train]) == set(y)
    assert len(valid) == min(np.ceil(validation * len(y)), len(y) - 9)


def test_a_class_of_one_row_trains_and_others_keep_their_shares():
    y = np.array(["common"] * 150 + ["mid"] * 143 + ["rare"] * 6 + ["one"])
    for seed in range(8):
        train, valid = split(y, seed=seed)
        names, counts = np.unique(y[valid], return_counts=True)
        assert dict(zip(names, counts)) == {"common": 15, "mid": 14, "rare": 1}
    # Another row of the rare class each time: the split is a draw.
    assert len({tuple(split(y, seed=seed)[1]) for seed in range(8)}) == 8


def test_ordinary_rows_are_drawn_as_scikit_learn_draws_them():
    y = np.random.default_rng(0).integers(0, 3, 100)
    rows, groups = np.arange(100), np.arange(100) // 7
    for seed in range(3):
        train, valid = train_test_split(
            rows, test_size=0.2, stratify=y, random_state=seed
        )
        found = split(y, 0.2, seed=seed)
        np.testing.assert_array_equal(found[0], np.sort(train))
        np.testing.assert_array_equal(found[1], np.sort(valid))
        train, valid = train_test_split(rows, test_size=0.2, random_state=seed)
        found = split(y * 1.0, 0.2, stratify=False, seed=seed)
        np.testing.assert_array_equal(found[1], np.sort(valid))
        splitter = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
        (expected,) = splitter.split(rows, y, groups)
        found = split(y, 0.2, groups, seed=seed)
        np.testing.assert_array_equal(found[1], expected[1])


def test_as_many_classes_as_rows():
    y = np.arange(30)
    with pytest.warns(UserWarning, match="each class has one row"):
        train, valid = split(y)
    assert len(train) == 30 and len(valid) == 0
    X = pd.DataFrame({"a": np.arange(30.0), "b": np.arange(30) % 7})
    with warnings.catch_warnings():
        # scikit-learn's own, of so many classes.
        warnings.filterwarnings("ignore", message="The number of unique classes")
        warnings.filterwarnings("ignore", message="No rows validate")
        model = MultimodalClassifier(**FAST).fit(X, y)
    assert model.predict_proba(X).shape == (30, 30)


def test_classes_of_several_outputs():
    y = np.zeros((60, 3), dtype=int)
    y[:30, 0], y[7, 1], y[[8, 9], 2] = 1, 1, 1
    for seed in range(20):
        train, valid = split(y, 0.5, seed=seed)
        assert len(valid) == 30
        assert 7 in train and y[train, 2].any()


# ------------------------------------------------------------------------------- groups


@pytest.mark.parametrize("seed", range(10))
def test_groups_that_hold_a_class_alone_train(seed):
    """Of ten groups the first has all rows of one class."""
    groups = np.repeat(np.arange(10), 6)
    y = np.where(groups == 0, 1, 0)
    train, valid = split(y, 0.3, groups, seed=seed)
    assert set(y[train]) == {0, 1}
    assert len(np.unique(groups[valid])) == 3
    assert not set(groups[train]) & set(groups[valid])


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("validation", [0.1, LeaveOneGroupOut(), GroupKFold(3)])
def test_one_group_trains_without_validation(stratify, validation):
    y = np.arange(20) % 2
    with pytest.warns(UserWarning, match="validation=.*rows are of one group"):
        train, valid = split(y, validation, np.full(20, "site"), stratify=stratify)
    assert len(train) == 20 and len(valid) == 0


def test_groups_that_are_classes():
    y = np.repeat([0, 1, 2], 10)
    with pytest.warns(UserWarning, match="lose a class without any one of the groups"):
        train, valid = split(y, 0.3, y)
    assert len(train) == 30


@pytest.mark.parametrize("estimator", [MultimodalClassifier, MultimodalRegressor])
def test_leave_one_of_two_sites_out(estimator, classification):
    X, y = classification
    sites = np.arange(len(y)) % 2
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.warns(UserWarning, match="one group.*100 rows train"),
    ):
        scores = cross_val_score(
            estimator(**FAST).set_fit_request(groups=True),
            X,
            y,
            cv=LeaveOneGroupOut(),
            params={"groups": sites},
            error_score="raise",
        )
    assert np.isfinite(scores).all()


def test_a_splitter_whose_training_rows_lack_a_class():
    X = pd.DataFrame({"a": np.arange(40.0)})
    y = np.repeat(["first", "second"], [10, 30])
    model = MultimodalClassifier(validation=KFold(4), **FAST)
    message = r"validation=KFold\(.*no training row of 1 classes: \['first'\]"
    with pytest.warns(UserWarning, match=message):
        model.fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    # Where it keeps them, nothing is said: warnings are errors here.
    MultimodalClassifier(validation=KFold(4, shuffle=True), **FAST).fit(X, y)
