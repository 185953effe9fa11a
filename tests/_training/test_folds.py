"""`validation=5`: five models, each of which leaves a fifth of the rows out."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.split import assign_folds
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.model_selection import FusionSearchCV

FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


def folds_of(n_folds, y, groups=None, *, stratify=True, seed=0):
    y = np.asarray(y)
    return assign_folds(n_folds, y, groups, stratify=stratify, random_state=seed)


# -- which row is in which fold -------------------------------------------


@pytest.mark.parametrize("n_folds", [2, 5, 10])
def test_each_row_is_in_one_fold_and_classes_are_dealt_evenly(n_folds):
    y = np.repeat([0, 1, 2], [100, 50, 20])
    folds = folds_of(n_folds, y)
    assert set(folds) == set(range(n_folds))
    counts = np.array([np.bincount(folds[y == c], minlength=n_folds) for c in range(3)])
    assert np.ptp(counts, axis=1).max() <= 1
    assert np.ptp(counts.sum(axis=0)) <= 1
    np.testing.assert_array_equal(folds, folds_of(n_folds, y))
    assert (folds != folds_of(n_folds, y, seed=1)).any()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("in_groups", [False, True])
def test_training_keeps_every_class(seed, n_outputs, in_groups):
    rng = np.random.default_rng(seed)
    y = np.column_stack(
        [np.r_[np.repeat([0, 1, 2, 3], [1, 2, 3, 54])] for _ in range(n_outputs)]
    )
    y[:, -1] = rng.permutation(y[:, -1])
    groups = rng.integers(0, 20, len(y)) if in_groups else None
    folds = folds_of(4, y[:, 0] if n_outputs == 1 else y, groups, seed=seed)
    assert folds.max() == 3
    for fold in range(4):
        for output in y.T:
            assert set(output[folds != fold]) == set(output)
    if in_groups:
        assert all(len(set(folds[groups == g])) == 1 for g in set(groups))
    else:
        assert (folds < 0).sum() <= 3 * n_outputs  # the classes of one and two rows


def test_groups_of_many_sizes_make_folds_of_like_size():
    groups = np.repeat(np.arange(30), np.arange(1, 31))
    rng = np.random.default_rng(0)
    for y, stratify in ((rng.integers(0, 2, 465), True), (rng.normal(size=465), False)):
        counts = np.bincount(folds_of(5, y, groups, stratify=stratify))
        assert counts.min() > 60 and counts.max() < 130


def test_more_folds_than_groups_are_an_error():
    groups = np.repeat(["a", "b", "c"], 10)
    with pytest.raises(ValueError, match="5 folds, and there are 3 groups"):
        folds_of(5, [0, 1] * 15, groups)


def test_few_rows_and_one_group_have_no_folds():
    assert (folds_of(3, [0, 1, 0, 1]) == -1).all()
    with pytest.warns(UserWarning, match="one group"):
        assert (folds_of(3, [0, 1] * 10, ["a"] * 20) == -1).all()


# -- what is learned from them ---------------------------------------------


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(n_samples=200, random_state=0)


@pytest.fixture(scope="module")
def model(data):
    return MultimodalClassifier(validation=4, **FAST).fit(*data)


def test_every_row_has_a_part_in_the_validation_score(model, data):
    X, y = data
    folds = folds_of(4, y, seed=model._fit_seed)
    predicted = np.empty(len(y), dtype=y.dtype)
    for fold, learner in enumerate(model._learner.members):
        logits = learner.predict(model._blocks(X[folds == fold]))
        predicted[folds == fold] = model.classes_[(logits[:, 0] > 0).astype(int)]
    assert model.validation_score_ == pytest.approx(accuracy_score(y, predicted))


def test_the_models_are_averaged(model, data):
    blocks = model._blocks(data[0])
    members = model._learner.members
    assert len(members) == 4
    each = [one.predict(blocks) for one in members]
    assert np.ptp(each, axis=0).max() > 0.01
    logits = np.mean(each, axis=0)[:, 0]
    np.testing.assert_allclose(
        model.predict_proba(data[0])[:, 1], 1 / (1 + np.exp(-logits))
    )


def test_what_is_told_of_the_fit(model):
    epochs = model.history_.to_frame()
    assert list(epochs["fold"].unique()) == [0, 1, 2, 3]
    assert model.n_iter_ == len(epochs)
    assert set(model.best_epoch_) == {"fused", "wide"}
    assert sum(model.head_weights_.values()) == pytest.approx(1)
    assert model.transform(make_multimodal_classification(5)[0]).shape[0] == 5


def test_a_seed_and_a_pickle_give_the_same_model(model, data):
    X, y = data
    expected = model.predict_proba(X)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "multioutput"])
def test_targets_of_all_kinds(data, kind):
    X, y = data
    rng = np.random.default_rng(0)
    y = {
        "multiclass": np.where(rng.random(len(y)) < 0.3, 2, y),
        "multilabel": rng.integers(0, 2, (len(y), 3)),
        "multioutput": np.column_stack([y, rng.integers(0, 3, len(y))]),
    }[kind]
    model = MultimodalClassifier(validation=3, **FAST).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert 0 < model.validation_score_ < 1


def test_numbers():
    X, y = make_multimodal_regression(n_samples=300, random_state=0)
    model = MultimodalRegressor(validation=3, random_state=0).fit(X[:200], y[:200])
    score = r2_score(y[200:], model.predict(X[200:]))
    assert score > 0.5
    assert model.validation_score_ == pytest.approx(score, abs=0.2)


def test_rows_of_no_weight_and_groups(data):
    X, y = data
    groups = np.arange(len(y)) // 10
    weight = (np.arange(len(y)) % 3).astype(float)
    model = MultimodalClassifier(validation=3, **FAST)
    model.fit(X, y, sample_weight=weight, groups=groups)
    some = weight > 0
    kept = clone(model).fit(
        X[some], y[some], sample_weight=weight[some] / 2, groups=groups[some]
    )
    np.testing.assert_array_equal(kept.predict_proba(X), model.predict_proba(X))


def test_a_fit_that_continues_has_the_same_folds(data):
    X, y = data
    model = MultimodalClassifier(validation=3, warm_start=True, **FAST)
    before = model.fit(X, y).n_iter_
    weights = [m.module.heads["wide"].bias.clone() for m in model._learner.members]
    model.fit(X, y)
    assert model.n_iter_ > before
    after = [m.module.heads["wide"].bias for m in model._learner.members]
    assert all((a != b).any() for a, b in zip(weights, after))
    model.validation = 0.1
    with pytest.raises(ValueError, match="trains 1 models.*trained 3"):
        model.fit(X, y)
    before = model.n_iter_
    model.partial_fit(X, y)
    assert model.n_iter_ == before + 3


def test_a_search_shares_what_folds_have_in_common(data):
    X, y = data
    model = MultimodalClassifier(validation=3, **FAST)
    grid = {"fusion": ["concat", "gated"]}
    shared = FusionSearchCV(model, grid["fusion"], cv=2).fit(X, y)
    alone = GridSearchCV(model, grid, cv=2).fit(X, y)
    np.testing.assert_array_equal(
        shared.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.slow
def test_folds_are_better_than_one_split_on_few_rows():
    losses = {0.1: [], 5: []}
    X, y = make_multimodal_classification(n_samples=1200, random_state=0)
    for seed in range(3):
        train = slice(150 * seed, 150 * seed + 150)
        for validation, found in losses.items():
            model = MultimodalClassifier(
                heads=["fused", "wide"], validation=validation, random_state=seed
            ).fit(X[train], y[train])
            found.append(log_loss(y[600:], model.predict_proba(X[600:])))
    assert (np.array(losses[5]) < losses[0.1]).all()
