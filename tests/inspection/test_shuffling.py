"""What is lost where the cells of a modality are shuffled, in any estimator."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.inspection import modality_importance


def shuffle(estimator, X, y, **options):
    options = {"method": "permutation", "random_state": 0} | options
    return modality_importance(estimator, X, y, **options)


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(
        n_samples=300, signal="text", missing=0.1, random_state=0
    )


@pytest.fixture(scope="module")
def model(data):
    X, y = data
    return MultimodalClassifier(
        heads=["fused", "linear"], width=8, max_epochs=2, random_state=0
    ).fit(X, y)


@pytest.fixture(scope="module")
def whole():
    return make_multimodal_classification(n_samples=300, signal="text", random_state=0)


@pytest.fixture(scope="module")
def pipeline(whole):
    X, y = whole
    columns = make_column_transformer(
        (TfidfVectorizer(), "text_0"),
        ("passthrough", [c for c in X if c.startswith("num")]),
    )
    return make_pipeline(columns, LogisticRegression()).fit(X, y)


def test_modalities_of_any_pipeline_are_detected(pipeline, whole):
    X, y = whole
    result = shuffle(pipeline, X, y, n_repeats=3)
    assert result.names == ["tabular", "text"]
    assert result.importances.shape == (2, 3)
    assert result.importances_mean[1] > 0.3 > 0.1 > abs(result.importances_mean[0])
    np.testing.assert_allclose(result.importances_mean, result.importances.mean(axis=1))
    np.testing.assert_allclose(result.importances_std, result.importances.std(axis=1))
    assert result.score == pipeline.score(X, y)
    before = X.copy()
    shuffle(pipeline, X, y, groups={"all": list(X)})
    pd.testing.assert_frame_equal(X, before)


def test_columns_are_those_of_scikit_learn():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 3)
    y = (X[:, 1] + 0.3 * X[:, 2] > 0).astype(int)
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    ours = shuffle(forest, X, y, level="column", n_repeats=30)
    theirs = permutation_importance(forest, X, y, n_repeats=30, random_state=0)
    assert ours.names == [0, 1, 2]
    np.testing.assert_allclose(
        ours.importances_mean, theirs.importances_mean, atol=0.02
    )
    pair = shuffle(forest, X, y, groups={"pair": [1, 2], "other": 0}, n_repeats=30)
    assert pair.names == ["pair", "other"]
    assert pair.importances_mean[0] > ours.importances_mean.max()


def test_columns_of_a_group_stay_together():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": rng.randn(200), "b": rng.randn(200)})
    X["copy"] = X["a"]

    class Difference(BaseEstimator):
        def __sklearn_is_fitted__(self):
            return True

        def fit(self, X, y):
            return self

        def score(self, X, y):
            return -float(np.abs(X["a"] - X["copy"]).max())

    result = shuffle(Difference(), X, X["b"], groups={"pair": ["a", "copy"], "b": "b"})
    assert result.importances_mean.tolist() == [0, 0]


@pytest.mark.parametrize("head", [None, "fused", "linear"])
def test_blocks_are_shuffled_as_columns_are(model, data, head):
    X, y = data
    groups = {name: columns for name, _, columns in model.modalities_}
    options = {"scoring": "neg_log_loss", "head": head, "n_repeats": 2}
    blocks = shuffle(model, X, y, **options)
    columns = shuffle(model, X, y, groups=groups, **options)
    np.testing.assert_allclose(blocks.importances, columns.importances, atol=1e-9)
    assert blocks.names == columns.names == list(groups)
    assert blocks.importances_mean[1] > 0.1


def test_a_search_has_the_modalities_of_what_it_found(data):
    X, y = data
    model = MultimodalClassifier(
        [("a", "tabular", ["num_0", "cat_0"]), ("b", "text", ["text_0"])],
        heads=["linear"],
        random_state=0,
    )
    search = GridSearchCV(model, {"width": [8]}, cv=2).fit(X, y)
    assert shuffle(search, X, y, n_repeats=1).names == ["a", "b"]


def test_frames_of_any_library(model, data, as_library):
    X, y = data
    groups = {"text": ["text_0"], "numbers": ["num_0", "num_1"]}
    expected = shuffle(model, X, y, groups=groups, n_repeats=2)
    result = shuffle(model, as_library(X), y, groups=groups, n_repeats=2)
    np.testing.assert_allclose(result.importances, expected.importances, atol=1e-9)


def test_regression_weights_and_jobs():
    rng = np.random.RandomState(0)
    X = rng.randn(100, 2)
    y = np.where(np.arange(100) < 50, X[:, 0], X[:, 1])
    ridge = Ridge().fit(X, y)
    groups = {"first": 0, "second": 1}
    weight = np.arange(100) < 50
    options = {"scoring": "neg_mean_squared_error", "groups": groups}
    with joblib.parallel_config("threading"):
        one, jobs = (
            shuffle(ridge, X, y, sample_weight=weight, n_jobs=n_jobs, **options)
            for n_jobs in (None, 2)
        )
    np.testing.assert_array_equal(one.importances, jobs.importances)
    assert one.importances_mean[0] > shuffle(ridge, X, y, **options).importances_mean[0]


def test_errors(model, pipeline, data):
    X, y = data
    with pytest.raises(ValueError, match="'text_0' is in the groups 'a' and 'b'"):
        shuffle(model, X, y, groups={"a": ["text_0"], "b": ["num_0", "text_0"]})
    with pytest.raises(ValueError, match="no groups"):
        shuffle(model, X, y, groups={})
    with pytest.raises(ValueError, match="'a' has no columns"):
        shuffle(model, X, y, groups={"a": []})
    with pytest.raises(ValueError, match="text_9"):
        shuffle(model, X, y, groups={"a": ["text_9"]})
    with pytest.raises(ValueError, match="and this is Pipeline"):
        shuffle(pipeline, X, y, head="fused")
    with pytest.raises(ValueError, match="does not shuffle"):
        shuffle(model, X, y, per_class=True)
    with pytest.raises(ValueError, match="not fitted"):
        shuffle(make_pipeline(LogisticRegression()), X, y)
