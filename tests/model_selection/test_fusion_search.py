"""A search over fusions: GridSearchCV's results, a fusion of one's own, bad input."""

import pickle

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.fusion import FAST_FUSIONS, FUSIONS, Fusion, FusionOutput, GatedFusion
from skmm.model_selection import FusionSearchCV

MODALITIES = [
    ("facts", "tabular", ["num_0", "num_1", "cat_0"]),
    ("text", "text", ["text_0"]),
]


def small(**options):
    options = {"width": 8, "max_epochs": 2, "random_state": 0} | options
    return MultimodalClassifier(**options)


def small_regressor(**options):
    return MultimodalRegressor(width=8, max_epochs=2, random_state=0, **options)


# --------------------------------------------------------------- as GridSearchCV has it


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_scores_are_those_of_grid_search(classification, n_jobs, assert_same_results):
    X, y = classification
    fusions = ["concat", "late"]
    grid = {"learning_rate": [1e-3, 1e-2]}
    search = FusionSearchCV(small(), fusions, param_grid=grid, cv=2, n_jobs=n_jobs)
    expected = GridSearchCV(small(), {"fusion": fusions, **grid}, cv=2)
    search.fit(X, y)
    assert_same_results(search, expected.fit(X, y))
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))


def test_scores_in_regression_and_of_both_libraries(
    regression, as_library, assert_same_results
):
    X, y = regression
    X = as_library(X)
    fusions = ["concat", "mean"]
    grid = {"depth": [0, 1]}
    search = FusionSearchCV(small_regressor(), fusions, param_grid=grid, cv=2)
    expected = GridSearchCV(small_regressor(), {"fusion": fusions, **grid}, cv=2)
    assert_same_results(search.fit(X, y), expected.fit(X, y))
    np.testing.assert_array_equal(search.predict(X), expected.predict(X))


def test_scores_of_an_array(assert_same_results):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 3)), np.arange(80) % 3
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2).fit(X, y)
    expected = GridSearchCV(small(), {"fusion": ["concat", "mean"]}, cv=2)
    assert_same_results(search, expected.fit(X, y))


def test_several_metrics_and_training_scores(classification, assert_same_results):
    X, y = classification
    options = {
        "scoring": ["accuracy", "neg_log_loss"],
        "refit": "neg_log_loss",
        "return_train_score": True,
        "cv": 2,
    }
    search = FusionSearchCV(small(), ["concat", "mean"], **options).fit(X, y)
    expected = GridSearchCV(small(), {"fusion": ["concat", "mean"]}, **options)
    assert_same_results(search, expected.fit(X, y))
    assert search.multimetric_
    assert search.score(X, y) == expected.score(X, y)
    for metric in ("accuracy", "neg_log_loss"):
        np.testing.assert_array_equal(
            search.cv_results_[f"split0_test_{metric}_mixed"],
            search.cv_results_[f"split0_test_{metric}"],
        )
        assert np.isfinite(search.cv_results_[f"mean_test_{metric}_bare"]).all()


def two_scores(estimator, X, y):
    hits = accuracy_score(y, estimator.predict(X))
    return {"hits": hits, "misses": hits - 1}


def test_a_callable_that_gives_several_scores(classification, assert_same_results):
    X, y = classification
    options = {"scoring": two_scores, "refit": "misses", "cv": 2}
    search = FusionSearchCV(small(), ["concat", "mean"], **options).fit(X, y)
    expected = GridSearchCV(small(), {"fusion": ["concat", "mean"]}, **options)
    assert_same_results(search, expected.fit(X, y))
    assert search.best_score_ == expected.best_score_


def test_refit_false_or_callable(classification):
    X, y = classification
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2, refit=False).fit(X, y)
    assert not hasattr(search, "best_estimator_")
    assert not hasattr(search, "predict")
    assert search.best_index_ in (0, 1)
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2, refit=lambda results: 1)
    assert search.fit(X, y).best_params_ == {"fusion": "mean"}


def test_sample_weight_is_cut_by_fold(classification, assert_same_results):
    X, y = classification
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2)
    expected = GridSearchCV(small(), {"fusion": ["concat", "mean"]}, cv=2)
    search.fit(X, y, sample_weight=weight)
    assert_same_results(search, expected.fit(X, y, sample_weight=weight))
    without = FusionSearchCV(small(), ["concat", "mean"], cv=2).fit(X, y)
    assert (search.predict_proba(X) != without.predict_proba(X)).any()


def test_metadata_are_routed(classification, routing, assert_same_results):
    X, y = classification
    groups = np.arange(len(y)) // 10
    weight = 1.0 + (np.arange(len(y)) % 2)
    model = small().set_fit_request(sample_weight=True, groups=True)
    model.set_score_request(sample_weight=True)
    metadata = {"groups": groups, "sample_weight": weight}
    search = FusionSearchCV(model, ["concat", "mean"], cv=GroupKFold(2))
    expected = GridSearchCV(model, {"fusion": ["concat", "mean"]}, cv=GroupKFold(2))
    search.fit(X, y, **metadata)
    assert_same_results(search, expected.fit(X, y, **metadata))


def test_groups_go_to_the_splitter(classification, assert_same_results):
    X, y = classification
    groups = np.arange(len(y)) // 10
    search = FusionSearchCV(small(), ["concat"], cv=GroupKFold(2))
    expected = GridSearchCV(small(), {"fusion": ["concat"]}, cv=GroupKFold(2))
    search.fit(X, y, groups=groups)
    assert_same_results(search, expected.fit(X, y, groups=groups))


# ----------------------------------------------- a fusion of one's own, one that fails


class ScaledSum(Fusion):
    """Sum of the present vectors, times a number."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def build_module(self, spec):
        return ScaledSumModule(self.scale, spec.width)


class ScaledSumModule(torch.nn.Module):
    def __init__(self, scale, width):
        super().__init__()
        self.scale = scale
        self.out_features = width

    def forward(self, vectors, present):
        return FusionOutput(self.scale * vectors.sum(1))


class Failing(Fusion):
    """A fusion that cannot be built."""

    def build_module(self, spec):
        raise ValueError("no such thing")


def test_fusions_of_ones_own(classification, assert_same_results):
    X, y = classification
    fusions = ["concat", ScaledSum, ScaledSum(0.5), GatedFusion()]
    search = FusionSearchCV(small(), fusions, cv=2).fit(X, y)
    assert [params["fusion"] for params in search.cv_results_["params"]] == fusions
    expected = GridSearchCV(small(), {"fusion": fusions}, cv=2).fit(X, y)
    assert_same_results(search, expected)
    loaded = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))


def test_options_of_one_fusion(classification):
    X, y = classification
    grid = [{}, {"fusion": [ScaledSum()], "fusion__scale": [0.5, 2.0]}]
    search = FusionSearchCV(small(), ["concat"], param_grid=grid, cv=2).fit(X, y)
    tried = search.cv_results_["params"]
    assert [params.get("fusion__scale") for params in tried] == [None, 0.5, 2.0]


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
@pytest.mark.parametrize(
    ("scoring", "metric"),
    [(None, "score"), (["accuracy"], "accuracy"), (two_scores, "hits")],
)
def test_a_failing_candidate_gets_the_error_score(classification, scoring, metric):
    X, y = classification
    refit = True if scoring is None else metric
    fusions = [Failing(), "concat"]
    search = FusionSearchCV(small(), fusions, cv=2, scoring=scoring, refit=refit)
    with pytest.warns(FitFailedWarning, match="2 fits failed out of a total of 4"):
        search.fit(X, y)
    for kind in ("", "_bare", "_mixed"):
        scores = search.cv_results_[f"mean_test_{metric}{kind}"]
        assert np.isnan(scores).tolist() == [True, False]
    assert np.isnan(search.cv_results_["mean_n_parameters"]).tolist() == [True, False]
    assert search.best_params_ == {"fusion": "concat"}


def test_errors_are_raised_if_asked_for_or_if_all_fail(classification):
    X, y = classification
    search = FusionSearchCV(small(), [Failing(), "concat"], cv=2, error_score="raise")
    with pytest.raises(ValueError, match="no such thing"):
        search.fit(X, y)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        FusionSearchCV(small(), [Failing()], cv=2).fit(X, y)


# -------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusions": ["concat", "gatd"]}, "Did you mean 'gated'"),
        ({"fusions": []}, "Name at least one fusion"),
        ({"param_grid": []}, "nothing to search over"),
        ({"fusions": "concat"}, "'fusions' parameter"),
        ({"halving": 1.0}, "'halving' parameter"),
        ({"param_grid": {"wdith": [1]}}, "wdith"),
        ({"param_grid": {"fusion": ["gatd"]}}, "Did you mean 'gated'"),
        ({"param_grid": {"fusion__rank": [1]}, "fusions": ["concat"]}, "rank"),
    ],
)
def test_what_does_not_exist_is_told_before_anything_is_fitted(
    classification, counts, options, message
):
    X, y = classification
    with pytest.raises(ValueError, match=message):
        FusionSearchCV(small(), cv=2).set_params(**options).fit(X, y)
    assert not any(counts.values())


def test_an_estimator_without_a_fusion(classification):
    X, y = classification
    with pytest.raises(TypeError, match="use GridSearchCV"):
        FusionSearchCV(LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match="__fusion"):
        FusionSearchCV(make_pipeline(small())).fit(X, y)


# ---------------------------------------------------------------- parameters and pickle


def test_parameters_and_clone():
    search = FusionSearchCV(small(), ["concat", ScaledSum(2.0)], halving=4)
    search.set_params(estimator__width=4, cv=7)
    copied = clone(search)
    assert copied.get_params()["estimator__width"] == 4
    assert copied.cv == 7
    assert copied.fusions[1].scale == 2.0


@pytest.mark.parametrize("fusions", ["all", "fast"])
def test_names_of_many(classification, fusions):
    X, y = classification
    model = small(max_epochs=1, modalities=MODALITIES)
    search = FusionSearchCV(model, fusions, cv=2, refit=False).fit(X[:60], y[:60])
    tried = [params["fusion"] for params in search.cv_results_["params"]]
    assert tried == list({"all": FUSIONS, "fast": FAST_FUSIONS}[fusions])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_without_an_estimator(classification):
    X, y = classification
    search = FusionSearchCV(fusions=["concat"], param_grid={"max_epochs": [1]}, cv=2)
    assert sklearn.base.is_classifier(search)
    assert hasattr(search, "predict_proba")
    assert not hasattr(search, "decision_function")
    assert "MultimodalClassifier" in search._repr_html_()
    search.fit(X[:40], y[:40])
    assert search.estimator is None
    assert isinstance(search.best_estimator_, MultimodalClassifier)


def pickled_size(estimator, X, y):
    return -len(pickle.dumps(estimator))


def test_nothing_of_the_shared_blocks_stays(classification):
    X, y = classification
    splits = [(np.arange(80), np.arange(80, 120))]
    search = FusionSearchCV(small(), ["concat"], cv=splits, scoring=pickled_size)
    search.fit(X, y)
    lone = small(fusion="concat").fit(X[:80], y[:80])
    # While candidates are scored they hold the step cache, but not in their pickles.
    assert -search.best_score_ < len(pickle.dumps(lone)) + 200
    assert vars(search.best_estimator_).keys() == vars(lone).keys()
    loaded = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))
    scorer = make_scorer(accuracy_score)
    assert scorer(loaded, X, y) == scorer(search, X, y)


def test_progress_bar(classification, capsys):
    pytest.importorskip("rich")
    X, y = classification
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2, halving=True)
    search.set_callbacks(ProgressBar()).fit(X, y)
    assert "FusionSearchCV" in capsys.readouterr().out
    assert not hasattr(search.best_estimator_, "_skl_callbacks")


def test_verbose_says_what_is_fitted(classification, capsys):
    X, y = classification
    FusionSearchCV(small(), ["concat", "mean"], cv=2, verbose=2).fit(X, y)
    shown = capsys.readouterr().out
    assert "Fitting 2 folds for each of 2 candidates, totalling 4 fits" in shown
    assert shown.count("fusion=mean: test=") == 2


# --------------------------------------------------------------------- the leaderboard


def test_a_leaderboard_has_few_columns_and_the_best_first(classification):
    X, y = classification
    grid = [{}, {"depth": [0], "fusion": ["mean"]}]
    search = FusionSearchCV(small(), ["concat", "late"], param_grid=grid, cv=2)
    table = search.fit(X, y).leaderboard()
    assert list(table) == [
        *("rank", "fusion", "depth", "mean_score", "std_score", "fit_seconds")
    ]
    assert table["rank"].tolist() == sorted(search.cv_results_["rank_test_score"])
    assert table["mean_score"][0] == search.best_score_
    assert table["fusion"][0] == search.best_params_["fusion"]


def test_a_leaderboard_of_several_metrics_and_of_halving(classification):
    X, y = classification
    options = {"scoring": ["accuracy", "neg_log_loss"], "cv": 2, "halving": 2}
    search = FusionSearchCV(small(), ["concat", "mean"], refit="accuracy", **options)
    search.fit(X, y)
    table = search.leaderboard()
    assert table["iter"].tolist() == sorted(table["iter"], reverse=True)
    assert table["mean_score"].between(0, 1).all()
    assert (search.leaderboard("neg_log_loss")["mean_score"] < 0).all()
    with pytest.raises(ValueError, match="'accuracy', 'neg_log_loss'"):
        search.leaderboard("accurcy")
