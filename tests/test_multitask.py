"""Several tasks in one fit: which columns are what, what is missing, what is not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import TargetEncoder

from skmm import MultimodalClassifier, MultimodalMultitask, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.model_selection import task_scorer


@pytest.fixture(scope="module")
def rows():
    X, y = make_multimodal_classification(n_samples=240, random_state=0)
    return X, pd.DataFrame({"label": y, "size": 3.0 * y + X.iloc[:, 0].fillna(0)})


def brief(**options):
    options = {"heads": ["linear"], "random_state": 0, **options}
    return MultimodalMultitask(**options)


def test_auto_tells_tasks_by_their_cells(rows):
    X, _ = rows
    n = len(X)
    Y = pd.DataFrame(
        {
            "stars": np.arange(n) % 5,
            "few": np.where(np.arange(n) % 9, np.arange(n) % 2, np.nan),
            "age": np.arange(n) % 60,
            "price": np.arange(n) / 7,
            "colour": pd.Categorical(np.array(["red", "blue"])[np.arange(n) % 2]),
            "flag": pd.array(np.arange(n) % 3 > 0, dtype="boolean"),
            "tags": [("a", "b")[: i % 3] for i in range(n)],
        }
    )
    Y.loc[:9, "flag"] = pd.NA
    model = brief().fit(X, Y)
    assert model.tasks_ == {
        "stars": "classification",
        "few": "classification",
        "age": "regression",
        "price": "regression",
        "colour": "classification",
        "flag": "classification",
        "tags": "multilabel",
    }
    predicted = model.predict(X)
    kept = ["stars", "few", "price", "colour", "flag", "tags"]
    assert (predicted.dtypes[kept] == Y.dtypes[kept]).all()
    assert predicted["age"].dtype == np.float64


def test_columns_of_0_and_1_are_one_task_if_they_are_named(rows):
    X, Y = rows
    labels = pd.DataFrame({"red": Y["label"], "blue": 1 - Y["label"]}, dtype=bool)
    labels.insert(0, "size", Y["size"])
    labels = labels.astype({"red": "boolean"})
    labels.loc[3, "red"] = pd.NA
    model = brief(tasks={"colours": ["red", "blue"], "size": "regression"})
    model.fit(X, labels)
    assert model.tasks_ == {"size": "regression", "colours": "multilabel"}
    assert list(model.classes_["colours"]) == ["red", "blue"]
    predicted = model.predict(X)
    assert predicted.columns.tolist() == ["size", "red", "blue"]
    assert (predicted.dtypes == labels.dtypes).all()
    assert (predicted["blue"] == labels["blue"]).mean() > 0.8


def test_a_row_that_lacks_one_task_teaches_the_others(rows):
    X, Y = rows
    Y = Y.astype(float)
    Y.loc[Y.index % 2 == 0, "label"] = np.nan
    Y.loc[Y.index % 2 == 1, "size"] = np.nan
    nobody = Y.copy()
    nobody.loc[:19] = np.nan
    model = brief(validation=None).fit(X, Y)
    start = brief(validation=None, heads=["fused"], max_epochs=1).fit(X, Y)
    for task, cls in ("label", MultimodalClassifier), ("size", MultimodalRegressor):
        # No two tasks share a row, and the encoders learn from all of them.
        known = Y[task].notna()
        alone = cls(
            heads=["linear"],
            validation=None,
            init=FrozenEstimator(start),
            random_state=0,
        ).fit(X[known], Y.loc[known, task])
        mine = model.task(task).predict(X)
        np.testing.assert_allclose(mine, alone.predict(X), rtol=1e-3, atol=1e-3)
    without = brief().fit(X[20:], nobody[20:])
    with_them = brief().fit(X, nobody)
    pd.testing.assert_frame_equal(with_them.predict(X), without.predict(X))


def test_half_of_the_cells_suffice(rows):
    X, Y = rows
    hidden = np.random.default_rng(0).random(Y.shape) < 0.5
    model = MultimodalMultitask(max_epochs=8, random_state=0)
    model.fit(X[:160], Y[:160].astype(float).mask(hidden[:160]))
    assert task_scorer("label")(model, X[160:], Y[160:]) > 0.75
    assert task_scorer("size")(model, X[160:], Y[160:]) > 0.2
    gappy = Y[160:].astype(float).mask(hidden[160:])
    score = np.mean([task_scorer(task)(model, X[160:], gappy) for task in Y])
    assert model.score(X[160:], gappy) == pytest.approx(score)


@pytest.mark.parametrize(
    "weighting",
    [
        "uncertainty",
        "gradnorm",
        pytest.param("pareto", marks=pytest.mark.slow),
        pytest.param("equal", marks=pytest.mark.slow),
        pytest.param({"size": 0.2}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_each_weighting_learns_all_tasks_in_one_net(rows, weighting):
    X, Y = rows
    model = MultimodalMultitask(
        heads=["fused", "wide"],
        task_weighting=weighting,
        max_epochs=10,
        random_state=0,
    )
    model.fit(X[:180], Y[:180])
    assert task_scorer("label")(model, X[180:], Y[180:]) > 0.7
    assert task_scorer("size")(model, X[180:], Y[180:]) > 0.2
    assert list(model.head_weights_["label"]) == ["fused", "wide"]
    assert list(model.best_epoch_) == ["fused", "wide label", "wide size"]


def test_a_factor_of_zero_is_a_task_that_the_net_does_not_learn(rows):
    X, Y = rows
    model = MultimodalMultitask(
        heads=["fused"], task_weighting={"size": 0.0}, max_epochs=2, random_state=0
    )
    other = Y.assign(size=Y["size"].sample(frac=1, random_state=0).to_numpy())
    one, two = (model.fit(X, given).predict_proba(X)["label"] for given in (Y, other))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_folds_continuing_and_a_score_of_ones_own(rows):
    X, Y = rows
    folds = MultimodalMultitask(heads=["fused", "linear"], max_epochs=2, validation=2)
    folds.fit(X, Y)
    assert folds.validation_score_ > 0.3
    again = MultimodalMultitask(
        heads=["fused", "wide"],
        max_epochs=2,
        warm_start=True,
        scoring=task_scorer("label", "neg_log_loss"),
        random_state=0,
    ).fit(X, Y)
    assert again.validation_score_ < 0
    n_epochs = again.n_iter_
    again.fit(X, Y)
    assert again.n_iter_ > n_epochs
    with pytest.raises(ValueError, match="tasks: not as in the fit"):
        again.set_params(tasks={"label": "ordinal", "size": "regression"}).fit(X, Y)


def test_a_head_that_cannot_serve_a_task_is_passed_over_there(rows):
    X, Y = rows
    rng = np.random.default_rng(0)
    tags = [list(rng.choice(list("abcdefghijkl"), 3)) for _ in range(len(X))]
    model = brief(heads="auto", max_epochs=1).fit(X, Y.assign(tags=tags))
    assert list(model.head_weights_["tags"]) == ["fused", "wide", "linear"]
    assert list(model.head_weights_["size"])[-1] == "boosting"
    alone = brief(heads=["linear", ("logistic", LogisticRegression())]).fit(X, Y)
    assert list(alone.head_weights_["label"]) == ["linear", "logistic"]
    assert list(alone.head_weights_["size"]) == ["linear"]
    with pytest.raises(ValueError, match="'size' of Y: .* regressor is needed"):
        brief(heads=[("logistic", LogisticRegression())]).fit(X, Y)


def test_the_estimator_of_one_task_predicts_the_same(rows):
    X, Y = rows
    model = MultimodalMultitask(
        tasks={"label": "ordinal", "size": "regression"}, max_epochs=2, random_state=0
    ).fit(X, Y)
    label, size = model.task("label"), model.task("size")
    assert isinstance(label, MultimodalClassifier)
    assert isinstance(size, MultimodalRegressor)
    np.testing.assert_array_equal(
        label.predict_proba(X), model.predict_proba(X)["label"]
    )
    np.testing.assert_array_equal(size.predict(X), model.predict(X)["size"])
    np.testing.assert_array_equal(size.transform(X), model.transform(X))
    calibrated = size.predict_interval(X, calibration=(X, Y["size"]))
    assert calibrated.shape == (240, 2)
    with pytest.raises(ValueError, match="no task 'sise'.*mean 'size'"):
        model.task("sise")


def test_a_classifier_starts_from_its_encoders(rows):
    X, Y = rows
    model = MultimodalMultitask(max_epochs=2, random_state=0).fit(X, Y)
    started = MultimodalClassifier(
        init=FrozenEstimator(model), max_epochs=1, random_state=0
    )
    started.fit(X[:40], Y["label"][:40])
    names = [name for name, _, _ in model.modalities_]
    assert [name for name, _, _ in started.modalities_] == names


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        ({}, {"size": np.nan}, "Task 'size' of Y has no known target in 240 rows"),
        ({}, {"label": "a"}, "Task 'label' of Y: y holds one class only"),
        ({}, {"size": np.inf}, "Task 'size' of Y: "),
        ({"tasks": {"label": "classification"}}, {}, r"columns \['size'\], of which"),
        ({"tasks": {"lable": "regression"}}, {}, "mean 'label'"),
        ({"tasks": {"label": "classifier"}}, {}, "mean 'classification'"),
        ({"tasks": {}}, {}, "names no task"),
        (
            {"tasks": {"a": ["label", "size"], "size": "regression"}},
            {},
            "'size' of Y is in two tasks",
        ),
        ({"tasks": {"a": ["label", "size"]}}, {}, "hold other than 0 and 1"),
        (
            {"tasks": {"label": "multilabel", "size": "regression"}},
            {},
            "Each cell is a list",
        ),
        ({"task_weighting": {"sise": 1}}, {}, "mean 'size'"),
        ({"task_weighting": {"size": -1}}, {}, "not negative"),
        ({"task_weighting": {"size": 0, "label": 0}}, {}, "All factors"),
        ({"pretrained": "tuned"}, {}, "one target"),
        (
            {"heads": ["fused"], "fusion": "late", "task_weighting": "pareto"},
            {},
            "Take 'uncertainty' or 'equal'",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_learned_is_named(rows, options, change, message):
    X, Y = rows
    with pytest.raises(ValueError, match=message):
        brief(**options).fit(X, Y.assign(**change))


def test_transformers_that_need_the_target_are_refused(rows):
    X, Y = rows
    modalities = [("codes", TargetEncoder(), list(X.columns[:1]))]
    with pytest.raises(ValueError, match="y"):
        brief(modalities=modalities).fit(X, Y)


def test_no_warning_of_a_gap_in_y(rows):
    X, Y = rows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        brief().fit(X, Y.astype(object).mask(np.eye(240, 2, dtype=bool)))


def test_what_is_for_one_task_says_so(rows):
    pytest.importorskip("fastapi")
    from skmm.inspection import explain_row
    from skmm.serving import make_app

    X, Y = rows
    model = brief(heads=["fused", "linear"], max_epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="Pass estimator.task"):
        explain_row(model, X[:1])
    with pytest.raises(TypeError, match="Pass estimator.task"):
        make_app(model)
    explanation = explain_row(model.task("label"), X[:1])
    assert len(explanation.modalities) == len(model.modalities_)
    assert make_app(model.task("size")) is not None
