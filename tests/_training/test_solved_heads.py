"""Heads that are solved, boosted, or an estimator of the user's own."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training import solving
from skmm._training.heads._linear import Problem
from skmm._training.rows import Rows
from skmm._training.targets import ClassificationTargets, RegressionTargets
from skmm.datasets import make_multimodal_classification
from skmm.encoders.tabular._sparse import sparse_table
from skmm.model_selection import FusionSearchCV

FAST = {"max_epochs": 2, "width": 8, "random_state": 0}
SETS = {
    "auto": "auto",
    "linear": ["linear"],
    "boosting": ["boosting"],
    "both": ["linear", "boosting"],
    "with the net": ["fused", "linear"],
}


def make_target(kind, y):
    second = np.arange(len(y)) % 3
    return {
        "binary": y,
        "multiclass": second,
        "multilabel": np.column_stack([y, second == 0]).astype(int),
        "multioutput": np.column_stack([y, second]),
        "numbers": y + 0.1 * second,
        "several numbers": np.column_stack([y, second]).astype(float),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["binary", "multiclass", "multilabel", "multioutput", "numbers", "several numbers"],
)
@pytest.mark.parametrize("heads", SETS)
def test_every_set_of_heads_learns_every_target(classification, heads, kind):
    X, y = classification
    y, weight = make_target(kind, y), 1.0 + np.arange(len(y)) % 2
    cls = MultimodalRegressor if "number" in kind else MultimodalClassifier
    model = clone(cls(heads=SETS[heads], **FAST)).fit(X, y, sample_weight=weight)
    found = model.predict(X)
    assert found.shape == y.shape
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), found)
    logits = model._predict_logits(X)
    np.testing.assert_allclose(
        model._predict_logits(X.iloc[[5]]), logits[[5]], rtol=1e-7, atol=1e-7
    )
    missing = X.copy()
    missing["text_0"] = None
    assert np.isfinite(model._predict_logits(missing)).all()


def test_names_shares_and_what_is_left_of_a_fit_without_the_net(classification):
    X, y = classification
    model = MultimodalClassifier(heads=["boosting", "linear"], **FAST).fit(X, y)
    assert list(model.head_weights_) == ["linear", "boosting"]
    assert (model.n_iter_, len(model.history_), model.best_epoch_) == (0, 0, {})
    assert model.n_parameters_ > 10
    assert 0 <= model.validation_score_ <= 1
    with pytest.raises(ValueError, match="fused head, which heads=.*Add 'fused'"):
        model.transform(X)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "numbers"])
def test_the_linear_head_finds_the_minimum(kind):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    y = (X[:, 0] + rng.normal(size=200) > 0).astype(int) + (kind != "binary") * (
        X[:, 1] > 0
    )
    if kind == "numbers":
        targets, model = RegressionTargets(y * 1.0, np.ones(200)), Ridge(alpha=0.5)
    else:
        targets, model = ClassificationTargets(y), LogisticRegression(C=2.0, tol=1e-8)
    codes = targets.encode(y)
    problem = Problem([[X.astype(np.float32)]], codes, np.ones(200), targets)
    start = np.zeros((6, targets.n_logits))
    found = problem.solve(2.0, start, tolerance=1e-10)
    model.fit(X, codes[:, 0])
    expected = np.vstack([np.atleast_2d(model.coef_).T, np.ravel(model.intercept_)])
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_a_weight_of_two_is_a_row_twice():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = rng.integers(0, 3, 60)
    targets = ClassificationTargets(y)
    weight = np.where(np.arange(60) < 20, 2.0, 1.0)
    rows = np.r_[np.arange(20), np.arange(60)]
    start = np.zeros((5, 3))
    one, twice = (
        Problem([[X[some]]], targets.encode(y[some]), w, targets).solve(1, start, 1e-10)
        for some, w in ((np.arange(60), weight), (rows, np.ones(80)))
    )
    np.testing.assert_allclose(one, twice, atol=2e-3)


def test_numbers_between_their_edges_are_piecewise_linear():
    edges = np.array([0.0, 1.0, 3.0], dtype=np.float32)
    numbers = np.array([[-1, 0, 0.25, 2, 3, 9, np.nan]]).T
    codes = np.array([[0, 1, 2, 2, 1, 0, 0]]).T
    found = sparse_table(numbers, [edges], ([1], [2]), codes, [3]).toarray()
    np.testing.assert_allclose(
        found[:, :3] / 0.3,
        [
            [1, 0, 0],
            [1, 0, 0],
            [0.75, 0.25, 0],
            [0, 0.5, 0.5],
            [0, 0, 1],
            [0, 0, 1],
            [0, 0, 0],
        ],
    )
    line = np.array([-1, -0.5, -0.375, 0.5, 1, 4, 0])
    np.testing.assert_allclose(found[:, 3], line / np.sqrt(1 + (line / 3) ** 2))
    assert found[:, 4].tolist() == [0, 0, 0, 0, 0, 0, 1]
    np.testing.assert_array_equal(found[:, 5:], np.eye(3)[codes[:, 0]])


def test_few_rows_give_a_line_and_many_a_curve():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(4000, 12))).add_prefix("x")
    straight, curved = X["x0"] - X["x1"], 3 * np.abs(X["x0"]) + X["x1"]
    score = {}
    for name, truth in (("straight", straight), ("curved", curved)):
        y = (truth + rng.logistic(size=4000) > truth.median()).astype(int)
        for n in (150, 3000):
            ours = MultimodalClassifier(heads=["linear"], random_state=0)
            plain = make_pipeline(StandardScaler(), LogisticRegression())
            score[name, n] = [
                -log_loss(y[3000:], m.fit(X[:n], y[:n]).predict_proba(X[3000:]))
                for m in (ours, plain)
            ]
    ours, plain = score["straight", 150]
    assert ours > plain - 0.015
    ours, plain = score["curved", 3000]
    assert ours > plain + 0.03


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(10),
        RidgeClassifier(),
        LinearSVC(),
        KNeighborsClassifier(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "multioutput"])
def test_an_estimator_of_the_users_own(classification, estimator, kind):
    X, y = classification
    y = make_target(kind, y)
    before = estimator.get_params()
    model = MultimodalClassifier(heads=["linear", ("mine", estimator)], **FAST)
    model.fit(X, y)
    assert list(model.head_weights_) == ["linear", "mine"]
    assert model.predict(X).shape == y.shape
    assert estimator.get_params() == before and not hasattr(estimator, "n_features_in_")
    alone = MultimodalClassifier(heads=[("mine", estimator)], **FAST).fit(X, y)
    assert np.isfinite(alone._predict_logits(X)).all()


def test_what_an_own_estimator_cannot_do_says_so(classification):
    X, y = classification
    model = MultimodalClassifier(heads=[("near", KNeighborsClassifier())], **FAST)
    with pytest.raises(ValueError, match="KNeighborsClassifier.fit.*no sample_weight"):
        model.fit(X, y, sample_weight=1.0 + np.arange(len(y)) % 2)
    model.set_params(heads=["fused", ("forest", RandomForestRegressor())])
    with pytest.raises(ValueError, match="'forest' is RandomForestRegressor.*classif"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="no head named 'liner'"):
        model.set_params(heads=["liner"]).fit(X, y)
    with pytest.raises(TypeError, match="names, or pairs"):
        model.set_params(heads=[3]).fit(X, y)
    with pytest.raises(ValueError, match="Two heads are named 'linear'"):
        model.set_params(heads=["linear", "linear"]).fit(X, y)
    with pytest.raises(ValueError, match=r"heads=\[\] leaves nothing"):
        model.set_params(heads=[]).fit(X, y)


def test_a_class_that_no_training_row_has_is_unlikely(classification):
    X, y = classification
    y = np.where(np.arange(len(y)) < 4, "rare", np.where(y > 0, "a", "b"))
    split = [(np.arange(4, len(y)), np.arange(4))]
    model = MultimodalClassifier(
        heads=["linear", "boosting", ("forest", RandomForestClassifier(5))],
        validation=split,
        refit=False,
        **FAST,
    )
    with pytest.warns(UserWarning, match="no training row of 1 classes"):
        model.fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


def test_under_partial_fit(classification):
    X, y = classification
    model = MultimodalClassifier(**FAST).partial_fit(X, y)
    assert list(model.head_weights_) == ["fused", "wide"]
    model = MultimodalClassifier(heads=["fused", "linear"], **FAST).partial_fit(X, y)
    assert list(model.head_weights_) == ["fused", "wide"]
    model = MultimodalClassifier(heads=["linear"], **FAST).partial_fit(X, y)
    assert list(model.head_weights_) == ["wide"]
    with pytest.warns(UserWarning, match="'boosting'.*do not learn batch by batch"):
        MultimodalClassifier(heads=["fused", "boosting"], **FAST).partial_fit(X, y)
    with pytest.raises(ValueError, match="none of them learns batch by batch"):
        MultimodalClassifier(heads=["boosting"], **FAST).partial_fit(X, y)
    fitted = MultimodalClassifier(heads=["linear"], **FAST).fit(X, y)
    with pytest.raises(ValueError, match="none of them learns.*fit anew"):
        fitted.partial_fit(X, y)


def test_a_search_without_a_fused_head_has_no_bare_scores(classification):
    model = MultimodalClassifier(heads=["linear", "boosting"], **FAST)
    search = FusionSearchCV(model, ["concat"], cv=2).fit(*classification)
    assert np.isnan(search.cv_results_["mean_test_score_bare"]).all()
    assert np.isfinite(search.cv_results_["mean_test_score_mixed"]).all()


def test_partial_fit_after_fit_keeps_what_was_solved(classification):
    X, y = classification
    model = MultimodalClassifier(heads=["fused", "linear"], **FAST).fit(X, y)
    before = model._learner.heads["linear"].coef_.copy()
    weights = model.head_weights_
    model.partial_fit(X, y)
    np.testing.assert_array_equal(model._learner.heads["linear"].coef_, before)
    assert model.head_weights_ == weights


def test_rows_of_the_users_own_that_validate_are_never_trained_on(classification):
    X, y = classification
    options = {"heads": ["linear", "boosting"], "validation": (X[140:], y[140:])}
    found = [
        MultimodalClassifier(refit=refit, **options, **FAST)
        .fit(X[:140], y[:140])
        .predict_proba(X)
        for refit in (True, False)
    ]
    np.testing.assert_array_equal(*found)


def test_rows_that_were_split_off_are_trained_on_in_the_end(classification):
    X, y = classification
    rows = [
        MultimodalClassifier(heads=["linear"], refit=refit, validation=0.2, **FAST).fit(
            X, y
        )
        for refit in (True, False)
    ]
    refitted, first = (model._learner.heads["linear"] for model in rows)
    assert refitted.strength_ == first.strength_
    assert np.abs(refitted.coef_ - first.coef_).max() > 1e-4


def test_few_rows_are_left_out_in_turn_by_the_solved_heads(classification):
    X, y = classification
    heads = ["fused", "linear", "boosting"]
    groups = np.arange(len(y)) // 3
    for given in (None, groups):
        model = MultimodalClassifier(heads=heads, **FAST).fit(X, y, groups=given)
        for name in heads:
            assert model.head_weights_[name] > 0
        blocks, members = (
            Rows(model._blocks(X)),
            model._learner.heads["boosting"].members,
        )
        assert len(members) == 5
        np.testing.assert_allclose(
            model._learner.heads["boosting"].logits(blocks),
            np.mean([one.logits(blocks) for one in members], axis=0),
        )
        np.testing.assert_array_equal(
            model.predict_proba(X[:5]), model.predict_proba(X)[:5]
        )
    # What the user says about the rows that validate counts, and so does refit=False.
    for options in ({"refit": False}, {"validation": 0.2}, {"validation": (X, y)}):
        model = MultimodalClassifier(heads=heads, **FAST | options).fit(X, y)
        assert not hasattr(model._learner.heads["boosting"], "members")


def test_a_column_of_many_categories_is_read_without_its_own_target():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 400, 3000)
    noise = rng.integers(0, 1500, 3000)  # two rows each: nothing to learn
    y = (rng.random(3000) < np.where(ids % 2, 0.9, 0.1)).astype(int)
    X = pd.DataFrame({"id": ids, "noise": noise, "x": rng.normal(size=3000)})
    X[["id", "noise"]] = "n" + X[["id", "noise"]].astype(str)
    model = MultimodalClassifier(
        [("table", "tabular", ["id", "noise", "x"])], heads=["boosting"], random_state=0
    ).fit(X[:2000], y[:2000])
    assert model.score(X[2000:], y[2000:]) > 0.8


def test_a_search_over_fusions_fits_the_solved_heads_once_a_fold(
    classification, monkeypatch
):
    X, y = classification
    calls = []
    fit = solving._fit

    # By one name, so that the step cache knows it.
    def _fit(*parts, **equal):
        calls.append(equal["head"].name)
        return fit(*parts, **equal)

    monkeypatch.setattr(solving, "_fit", _fit)
    search = FusionSearchCV(
        MultimodalClassifier(**FAST), ["concat", "gated", "late"], cv=2, refit=False
    ).fit(X, y)
    assert sorted(calls) == ["boosting"] * 2 + ["linear"] * 2
    assert np.isfinite(search.cv_results_["mean_test_score_bare"]).all()


def test_the_linear_head_reads_words_where_the_table_tells_nothing():
    X, y = make_multimodal_classification(n_samples=600, random_state=0)
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    assert model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.7


def test_trees_with_weights_read_rounded_numbers():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=2000), "b": rng.choice(list("xyz"), 2000)})
    X.loc[::7, "a"] = np.nan
    y = np.sin(2 * X["a"].fillna(0)) + (X["b"] == "x")
    weight = rng.choice([1.0, 2.0], 1000)
    model = MultimodalRegressor(heads=["boosting"], validation=0.1, random_state=0)
    plain = model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
    model.fit(X[:1000], y[:1000], sample_weight=weight)
    assert model.score(X[1000:], y[1000:]) > plain - 0.01
    head = model._learner.heads["boosting"]
    (numbers, letters) = head.features_.transform(Rows(model._blocks(X))).T
    assert len(np.unique(numbers[~np.isnan(numbers)])) <= 255
    assert np.isnan(numbers).sum() == X["a"].isna().sum()
    assert len(np.unique(letters)) == 3
    np.testing.assert_array_equal(
        model.predict(X[1000:1010]), model.predict(X)[1000:1010]
    )


@pytest.mark.parametrize("cls", [MultimodalClassifier, MultimodalRegressor])
def test_trees_find_what_a_few_of_a_thousand_numbers_tell(cls):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 1000)).astype(np.float32)
    y = (values[:, 700] > 0).astype(int) + (values[:, 3] > 0)
    if cls is MultimodalClassifier:
        y = np.minimum(y, 1)  # three classes take three times as long
    values[::50] = np.nan  # rows without the modality
    X = pd.DataFrame(values, columns=[f"v__{i}" for i in range(1000)])
    model = cls(heads=["boosting"], random_state=0).fit(X[:240], y[:240])
    there = np.arange(240, 300) % 50 > 0
    assert model.score(X[240:][there], y[240:][there]) > 0.8
