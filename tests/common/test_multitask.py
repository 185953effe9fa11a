"""What every estimator promises, of the estimator of several tasks.

scikit-learn's own checks compare arrays, and predictions of several tasks are frames
and dicts: what these checks cannot see is checked here by our own.
"""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmm
from skmm import MultimodalMultitask
from skmm.datasets import make_multimodal_classification
from skmm.model_selection import task_scorer

_DICT = "predict_proba returns a dict by task, which has no difference."
EXPECTED_FAILED_CHECKS = {
    "check_sample_weight_equivalence_on_dense_data": _DICT,
    "check_estimators_pickle": _DICT,
    "check_fit_idempotent": _DICT,
    "check_methods_subset_invariance": _DICT,
    "check_methods_sample_order_invariance": (
        "predict returns a frame, which is not indexed by positions."
    ),
}


@parametrize_with_checks(
    [MultimodalMultitask(max_epochs=1, heads=["fused", "linear"])],
    expected_failed_checks=lambda estimator: EXPECTED_FAILED_CHECKS,
    xfail_strict=True,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def rows():
    """A frame and three tasks, of which cells are missing."""
    X, y = make_multimodal_classification(n_samples=160, missing=0.1, random_state=0)
    rng = np.random.default_rng(0)
    Y = pd.DataFrame(
        {
            "label": np.where(y == 1, "yes", "no"),
            "size": rng.normal(size=160) + 3 * y,
            "tags": [["a", "b"][: i % 3] for i in range(160)],
        },
        index=np.arange(160)[::-1],
    )
    for column, share in ("label", 0.2), ("size", 0.3), ("tags", 0.1):
        Y.loc[rng.random(160) < share, column] = None
    X.index = Y.index
    return X, Y


def brief(**options):
    options = {"max_epochs": 2, "random_state": 0, **options}
    return MultimodalMultitask(**options)


@pytest.fixture(scope="module")
def model(rows):
    return brief().fit(*rows)


def assert_same(one, other, X):
    pd.testing.assert_frame_equal(one.predict(X), other.predict(X))
    theirs = other.predict_proba(X)
    for task, found in one.predict_proba(X).items():
        np.testing.assert_array_equal(found, theirs[task])


def test_a_copy_of_any_kind_predicts_bitwise_the_same(model, rows, tmp_path):
    X, Y = rows
    assert_same(model, pickle.loads(pickle.dumps(model)), X)
    skmm.save(model, tmp_path / "model.skmm")
    assert_same(model, skmm.load(tmp_path / "model.skmm"), X)
    assert_same(model, clone(model).fit(X, Y), X)


def test_a_row_does_not_depend_on_the_rows_beside_it(model, rows):
    X, _ = rows
    some, whole = X.iloc[[7, 3, 50]], model.predict_proba(X)
    for task, found in model.predict_proba(some).items():
        np.testing.assert_allclose(found, whole[task][[7, 3, 50]], atol=1e-7)
    numbers = model.predict(X)["size"].iloc[[7, 3, 50]]
    np.testing.assert_allclose(model.predict(some)["size"], numbers, atol=1e-7)


def test_predictions_have_the_columns_types_and_index_of_the_fit(model, rows):
    X, Y = rows
    predicted = model.predict(X)
    assert predicted.columns.tolist() == Y.columns.tolist()
    assert (predicted.dtypes == Y.dtypes).all()
    assert predicted.index.equals(X.index)
    assert model.tasks_ == {
        "label": "classification",
        "size": "regression",
        "tags": "multilabel",
    }
    assert {task: list(some) for task, some in model.classes_.items()} == {
        "label": ["no", "yes"],
        "tags": ["a", "b"],
    }
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba["label"].sum(axis=1), 1)
    assert proba["tags"].shape == (160, 2)
    label = np.array(["no", "yes"])[proba["label"].argmax(axis=1)]
    assert (predicted["label"] == label).all()


def test_score_is_the_mean_of_the_tasks_scores(model, rows):
    X, Y = rows
    each = [task_scorer(task)(model, X, Y) for task in Y]
    assert model.score(X, Y) == pytest.approx(np.mean(each))
    for task in Y:
        known = Y[task].notna()
        alone = model.task(task)
        if task != "tags":
            score = alone.score(X[known], Y.loc[known, task])
            assert task_scorer(task)(model, X, Y) == pytest.approx(score)


def test_a_weight_of_zero_leaves_a_row_out(rows):
    X, Y = rows
    weight = np.ones(160)
    weight[100:] = 0
    with_all = brief(heads=["linear"]).fit(X, Y, sample_weight=weight)
    without = brief(heads=["linear"]).fit(X[:100], Y[:100])
    assert_same(with_all, without, X)


def test_searches_pipelines_and_scores_of_one_task(rows):
    X, Y = rows
    pipeline = make_pipeline(FunctionTransformer(), brief(heads=["linear"]))
    scoring = {
        "auc": task_scorer("label", "roc_auc"),
        "tags": task_scorer("tags", "roc_auc"),
        "error": task_scorer("size", "neg_mean_absolute_error"),
    }
    scores = cross_validate(pipeline, X, Y, cv=2, scoring=scoring)
    assert all(np.isfinite(scores[f"test_{name}"]).all() for name in scoring)
    assert (scores["test_auc"] > 0.6).all()
    search = GridSearchCV(
        pipeline,
        {"multimodalmultitask__heads": [["linear"], ["wide"]]},
        scoring=task_scorer("label", "neg_log_loss"),
        cv=2,
        error_score="raise",
    ).fit(X, Y)
    assert np.isfinite(search.best_score_)
    assert list(search.predict(X)) == list(Y)
    assert search.score(X, Y) == task_scorer("label", "neg_log_loss")(search, X, Y)


def test_polars_as_pandas(rows):
    polars = pytest.importorskip("polars")
    X, Y = (frame.reset_index(drop=True) for frame in rows)
    Y = Y[["label", "size"]]
    as_polars = brief(heads=["linear"]).fit(
        polars.from_pandas(X), polars.from_pandas(Y)
    )
    as_pandas = brief(heads=["linear"]).fit(X, Y)
    assert_same(as_pandas, as_polars, X)
    score = as_polars.score(polars.from_pandas(X), polars.from_pandas(Y))
    assert score == pytest.approx(as_pandas.score(X, Y))


def test_a_failed_fit_leaves_the_model_as_it_was(model, rows):
    X, Y = rows
    before = model.predict(X)
    with pytest.raises(ValueError, match="tasks= has 'colour'"):
        model.set_params(tasks={"colour": "classification"}).fit(X, Y)
    model.set_params(tasks="auto")
    pd.testing.assert_frame_equal(model.predict(X), before)
