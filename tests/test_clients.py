"""The estimators inside scikit-learn's tools, on text and missing cells."""

import contextlib
import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (switches it on)
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmm import MultimodalClassifier, MultimodalRegressor, detect_modalities
from skmm.datasets import make_multimodal_classification
from skmm.encoders import TabularEncoder, TextEncoder
from skmm.fusion import FUSIONS, Fusion, FusionOutput, GatedFusion

CHANCE = 0.62  # two classes of 100 rows: above it by luck once in a hundred times


def small(**options):
    """A classifier that learns these data in half a second."""
    options = {"width": 16, "max_epochs": 6, "learning_rate": 1e-2} | options
    options = {"heads": ["fused", "wide", "linear"]} | options
    return MultimodalClassifier(**{"random_state": 0} | options)


def small_regressor(**options):
    options = {"width": 16, "max_epochs": 6, "learning_rate": 1e-2} | options
    return MultimodalRegressor(**{"random_state": 0} | options)


@pytest.fixture
def fitted(classification):
    return small().fit(*classification)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# ------------------------------------------------------------------------- pipelines


def test_pipeline(classification):
    X, y = classification
    pipeline = Pipeline([("drop", FunctionTransformer(drop_num_0)), ("model", small())])
    pipeline.fit(X[:140], y[:140])
    assert pipeline.score(X[140:], y[140:]) > CHANCE
    assert "num_0" not in pipeline[-1].feature_names_in_
    assert pipeline.predict_proba(X[140:]).shape == (60, 2)


def drop_num_0(X):
    return X.drop(columns="num_0")


def test_pipeline_with_the_model_as_a_transformer(large_classification):
    X, y = large_classification
    pipeline = make_pipeline(small(), StandardScaler(), LogisticRegression())
    pipeline.fit(X[:400], y[:400])
    assert pipeline.score(X[400:], y[400:]) > CHANCE
    assert len(pipeline[:-1].get_feature_names_out()) == pipeline[-1].n_features_in_


def test_imbalanced_learn_pipeline(classification):
    over_sampling = pytest.importorskip("imblearn.over_sampling")
    make_imbalanced_pipeline = pytest.importorskip("imblearn.pipeline").make_pipeline
    X, y = classification
    kept = np.sort(np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]])
    X, y = X.iloc[kept], y[kept]
    pipeline = make_imbalanced_pipeline(
        over_sampling.RandomOverSampler(random_state=0), small()
    ).fit(X, y)
    assert set(pipeline[-1].feature_names_in_) == set(X.columns)
    # Trained on as many rows of each class, it finds more of the rare one.
    rare = y == 1
    found = pipeline.predict_proba(X)[rare, 1].mean()
    assert found > small().fit(X, y).predict_proba(X)[rare, 1].mean()


# -------------------------------------------------------------------------- searches


def test_grid_search_over_fusions(classification):
    X, y = (part[:60] for part in classification)
    search = GridSearchCV(small(max_epochs=1), {"fusion": list(FUSIONS)}, cv=2)
    search.fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_params_["fusion"] == list(FUSIONS)[scores.argmax()]
    assert search.best_estimator_.fusion == search.best_params_["fusion"]
    assert search.predict(X).shape == y.shape


def test_grid_search_over_nested_parameters(classification):
    X, y = classification
    # With the encoder as a name, so that text__max_features makes the object.
    model = small(modalities=detect_modalities(X).to_list())
    grid = {"text__max_features": [2, 1000], "tabular": ["tabular", "drop"]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_params_["text__max_features"] in (2, 1000)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(set(scores)) > 1  # the parameters reached the encoders


def test_grid_search_over_whole_encoders_and_fusions(classification):
    X, y = classification
    model = small(modalities=detect_modalities(X).to_list())
    grid = {
        "text": [TextEncoder(min_frequency=3), TextEncoder(max_features=50)],
        "fusion": [GatedFusion(), "late"],
    }
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    encoders = {name: encoder for name, encoder, _ in search.best_estimator_.modalities}
    chosen = search.best_params_["text"]
    assert encoders["text"].get_params() == chosen.get_params()
    assert search.best_score_ > CHANCE


def test_grid_search_shows_its_progress(classification, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    X, y = classification
    search = GridSearchCV(small(max_epochs=2), {"fusion": ["concat", "late"]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "GridSearchCV" in shown
    assert "MultimodalClassifier" in shown
    assert "100%" in shown


def test_randomized_search(classification):
    X, y = classification
    options = {
        "fusion": list(FUSIONS),
        "dropout": [0.0, 0.1, 0.2],
        "heads": ["auto", ["fused"]],
    }
    search = RandomizedSearchCV(small(), options, n_iter=3, cv=2, random_state=0)
    search.fit(X, y)
    assert all(search.best_params_[name] in values for name, values in options.items())
    assert search.best_score_ > CHANCE


def test_halving_search(classification):
    X, y = classification
    search = HalvingGridSearchCV(
        small(),
        {"fusion": ["concat", "gated", "late"]},
        cv=2,
        min_resources=60,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [60, 180]
    assert search.best_params_["fusion"] in ("concat", "gated", "late")
    assert search.score(X, y) > CHANCE


def test_halving_search_with_epochs_as_the_resource(classification):
    X, y = classification
    search = HalvingGridSearchCV(
        small(early_stopping=False),
        {"fusion": ["concat", "late"]},
        resource="max_epochs",
        max_resources=4,
        min_resources=2,
        factor=2,
        cv=2,
    ).fit(X, y)
    assert search.best_estimator_.n_iter_ == 4


# ------------------------------------------------------------------ cross-validation


def test_cross_validate_with_several_scorers(classification):
    X, y = classification
    scorers = ["accuracy", "roc_auc", "neg_log_loss"]
    scores = cross_validate(
        small(), X, y, scoring=scorers, cv=3, return_train_score=True
    )
    assert scores["test_roc_auc"].mean() > CHANCE
    assert scores["test_accuracy"].mean() > CHANCE
    assert scores["test_neg_log_loss"].mean() > np.log(0.5)
    assert scores["train_roc_auc"].mean() > scores["test_roc_auc"].mean()


def test_cross_validate_of_a_regressor(regression):
    X, y = regression
    scorers = ["r2", "neg_mean_absolute_error"]
    scores = cross_validate(small_regressor(), X, y, scoring=scorers, cv=3)
    assert scores["test_r2"].mean() > 0.3
    assert scores["test_neg_mean_absolute_error"].mean() > -np.abs(y - y.mean()).mean()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_cross_val_predict(multiclass, method):
    X, y = multiclass
    output = cross_val_predict(small(), X, y, cv=2, method=method)
    labels = output if method == "predict" else output.argmax(axis=1)
    assert output.shape == ((200,) if method == "predict" else (200, 3))
    assert (labels == y).mean() > 0.6


def test_cross_val_predict_does_not_depend_on_the_container(classification, as_library):
    X, y = classification
    expected = cross_val_predict(small(), X, y, cv=2, method="predict_proba")
    found = cross_val_predict(small(), as_library(X), y, cv=2, method="predict_proba")
    np.testing.assert_array_equal(found, expected)


def test_learning_curve(classification):
    X, y = classification
    sizes, train, test = learning_curve(
        small(), X, y, train_sizes=[20, 100], cv=2, shuffle=True, random_state=0
    )
    assert sizes.tolist() == [20, 100]
    assert train.shape == test.shape == (2, 2)
    assert test[1].mean() > test[0].mean()


def test_processes_give_the_scores_of_one_process(classification):
    X, y = classification
    model = small(max_epochs=3)
    expected = cross_val_score(model, X, y, cv=2)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        found = cross_val_score(model, X, y, cv=2, n_jobs=2)
    np.testing.assert_allclose(found, expected)


# ------------------------------------------------------------------- meta-estimators


@pytest.mark.parametrize("passthrough", [False, True])
def test_stacking(classification, passthrough):
    X, y = classification
    final = small(max_epochs=4) if passthrough else LogisticRegression()
    stack = StackingClassifier(
        [("gated", small(fusion="gated")), ("late", small(fusion="late"))],
        final_estimator=final,
        cv=2,
        passthrough=passthrough,
    ).fit(X[:140], y[:140])
    assert stack.score(X[140:], y[140:]) > CHANCE
    if passthrough:  # the columns come as an object array: two probabilities, then X
        assert stack.final_estimator_.n_features_in_ == 2 + X.shape[1]
        kinds = [name for name, _, _ in stack.final_estimator_.modalities_]
        assert kinds == ["tabular", "text"]


def test_voting(classification):
    X, y = classification
    fusions = ["gated", "late"]
    vote = VotingClassifier([(f, small(fusion=f)) for f in fusions], voting="soft")
    vote.fit(X[:140], y[:140])
    alone = [small(fusion=f).fit(X[:140], y[:140]) for f in fusions]
    mean = np.mean([model.predict_proba(X[140:]) for model in alone], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X[140:]), mean)
    assert vote.score(X[140:], y[140:]) > CHANCE


def test_bagging(classification):
    X, y = classification
    bag = BaggingClassifier(small(), n_estimators=2, random_state=0)
    bag.fit(X[:140], y[:140])  # hands object arrays on
    assert bag.score(X[140:], y[140:]) > CHANCE
    kinds = [name for name, _, _ in bag.estimators_[0].modalities_]
    assert kinds == ["tabular", "text"]


def test_bagging_of_columns(classification):
    X, y = classification
    bag = BaggingClassifier(small(), n_estimators=2, max_features=5, random_state=0)
    bag.fit(X, y)
    assert bag.predict_proba(X).shape == (200, 2)
    assert [model.n_features_in_ for model in bag.estimators_] == [5, 5]


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_calibration(large_classification, method):
    X, y = large_classification
    model = CalibratedClassifierCV(small(), method=method, cv=2)
    model.fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > CHANCE
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_frozen(classification, fitted):
    X, y = classification
    before = fitted.predict_proba(X)
    frozen = FrozenEstimator(fitted).fit(X[:20], 1 - y[:20])
    np.testing.assert_array_equal(frozen.predict_proba(X), before)
    calibrated = CalibratedClassifierCV(frozen, method="sigmoid").fit(X, y)
    assert calibrated.score(X, y) > CHANCE
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_tuned_threshold(classification):
    X, y = classification
    model = TunedThresholdClassifierCV(small(), scoring="balanced_accuracy", cv=2)
    model.fit(X, y)
    assert 0 <= model.best_threshold_ <= 1
    positive = model.estimator_.predict_proba(X)[:, 1] >= model.best_threshold_
    np.testing.assert_array_equal(model.predict(X), positive.astype(int))


def test_fixed_threshold(classification, fitted):
    X, y = classification
    model = FixedThresholdClassifier(FrozenEstimator(fitted), threshold=0.8).fit(X, y)
    positive = fitted.predict_proba(X)[:, 1] >= 0.8
    np.testing.assert_array_equal(model.predict(X), positive.astype(int))


def test_multi_output_classifier(classification):
    X, y = classification
    has_text = X["text_0"].notna().to_numpy().astype(int)
    Y = np.column_stack([y, has_text])
    model = MultiOutputClassifier(small()).fit(X[:140], Y[:140])
    assert model.predict(X).shape == Y.shape
    # Whether there is a text at all is known, not guessed.
    assert (model.predict(X[140:])[:, 1] == has_text[140:]).mean() > 0.8
    assert (model.predict(X[140:])[:, 0] == y[140:]).mean() > CHANCE


def test_transformed_target_regressor(regression):
    X, y = regression
    positive = np.exp(y)
    model = TransformedTargetRegressor(
        small_regressor(), func=np.log, inverse_func=np.exp
    )
    model.fit(X[:140], positive[:140])
    expected = small_regressor().fit(X[:140], np.log(positive[:140])).predict(X[140:])
    np.testing.assert_allclose(model.predict(X[140:]), np.exp(expected))
    assert model.score(X[140:], positive[140:]) > 0


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_permutation_importance(library):
    X, y = make_multimodal_classification(200, signal="text", random_state=0)
    expected_warning = contextlib.nullcontext()
    if library == "polars":
        X = pytest.importorskip("polars").DataFrame(X.to_dict("list"))
        # scikit-learn permutes an array here, and asks that it be told apart.
        expected_warning = pytest.warns(UserWarning, match="valid feature names")
    model = small(max_epochs=10).fit(X, y)
    with expected_warning:
        importance = permutation_importance(model, X, y, n_repeats=2, random_state=0)
    of_text = list(model.feature_names_in_).index("text_0")
    assert importance.importances_mean.argmax() == of_text
    assert importance.importances_mean[of_text] > 0.1


# ----------------------------------------------------------------------------- clone


def test_clone_copies_nested_parameters():
    model = small(
        modalities=[
            ("facts", TabularEncoder(n_bins=4), ["num_0", "cat_0"]),
            ("text", "text", ["text_0"]),
        ],
        fusion="gated",
    )
    model.set_params(text__max_features=7, facts__n_bins=5)
    copied = clone(model)
    params = copied.get_params()
    assert params["text__max_features"] == 7
    assert params["facts__n_bins"] == 5
    assert [(name, columns) for name, _, columns in copied.modalities] == [
        ("facts", ["num_0", "cat_0"]),
        ("text", ["text_0"]),
    ]
    copied.set_params(text__max_features=8)
    assert model.get_params()["text__max_features"] == 7


class ScaledSum(Fusion):
    """Sum of the present vectors, times a number."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def build_module(self, spec):
        import torch

        class Module(torch.nn.Module):
            out_features = spec.width

            def forward(module, vectors, present, tokens=None, token_mask=None):
                kept = torch.where(present[..., None], vectors, 0)
                return FusionOutput(self.scale * kept.sum(1))

        return Module()


@pytest.mark.parametrize("fusion", [ScaledSum, ScaledSum()])
def test_clone_after_setting_a_parameter_of_the_fusion(classification, fusion):
    X, y = classification
    model = small(fusion=fusion).set_params(fusion__scale=0.0)
    copied = clone(model)
    assert copied.fusion is not model.fusion
    assert copied.get_params()["fusion__scale"] == 0.0
    assert not copied.fit(X, y).transform(X).any()


def test_a_named_fusion_becomes_its_object():
    for name in FUSIONS:
        assert clone(small(fusion=name)).fusion == name
    model = small(fusion="gated")
    with pytest.raises(ValueError, match="rank"):
        model.set_params(fusion__rank=2)


def test_nested_parameter_under_auto_says_how_to_write_the_modalities_down():
    with pytest.raises(ValueError, match=r"detect_modalities\(X\)\.to_list\(\)"):
        small().set_params(text__max_features=7)


def test_fit_leaves_the_users_encoders_and_fusion_alone(classification):
    X, y = classification
    encoder, fusion = TextEncoder(), GatedFusion()
    small(modalities=[("text", encoder, "text_0")], fusion=fusion).fit(X, y)
    assert vars(encoder) == vars(TextEncoder())
    assert vars(fusion) == vars(GatedFusion())


def test_clone_is_not_fitted_and_fits_to_the_same(classification, fitted):
    X, y = classification
    copied = clone(fitted)
    assert not hasattr(copied, "classes_")
    np.testing.assert_array_equal(
        copied.fit(X, y).predict_proba(X), fitted.predict_proba(X)
    )


# ------------------------------------------------------------------------ set_output


def test_set_output_pandas(classification, fitted):
    X, _ = classification
    X = X.set_axis([f"row {i}" for i in range(len(X))])
    expected = fitted.transform(X)
    frame = fitted.set_output(transform="pandas").transform(X)
    assert list(frame.columns) == list(fitted.get_feature_names_out())
    assert frame.columns[0] == "multimodalclassifier0"
    assert frame.index.equals(X.index)
    np.testing.assert_array_equal(frame.to_numpy(), expected)


def test_set_output_polars(classification, fitted, as_library):
    polars = pytest.importorskip("polars")
    X, _ = classification
    expected = fitted.transform(X)
    frame = fitted.set_output(transform="polars").transform(as_library(X))
    assert isinstance(frame, polars.DataFrame)
    assert frame.columns == list(fitted.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), expected)


# ------------------------------------------------------------------ metadata routing


def weighted_and_zero(X, y):
    """Weights that leave out every row whose label is turned round."""
    y, weight = y.copy(), np.ones(len(y))
    wrong = np.arange(len(y)) % 3 == 0
    y[wrong], weight[wrong] = 1 - y[wrong], 0.0
    return y, weight


def score_of_kept_rows(model, X, y, weight, splits):
    """The mean score, the rows of weight zero left out of fit and of score."""
    scores = []
    for train, test in splits:
        train, test = train[weight[train] > 0], test[weight[test] > 0]
        model = clone(model).fit(X.iloc[train], y[train])
        scores.append(model.score(X.iloc[test], y[test]))
    return np.mean(scores)


def test_sample_weight_is_routed_through_a_grid_search(classification, routing):
    X, y = classification
    turned, weight = weighted_and_zero(X, y)
    model = small().set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=True)
    splits = list(KFold(2, shuffle=True, random_state=0).split(X))
    search = GridSearchCV(model, {"fusion": ["concat", "late"]}, cv=splits)
    search.fit(X, turned, sample_weight=weight)
    best = clone(model).set_params(**search.best_params_)
    expected = score_of_kept_rows(best, X, y, weight, splits)
    assert search.best_score_ == pytest.approx(expected)
    best.fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(search.predict_proba(X), best.predict_proba(X))


def test_sample_weight_is_routed_through_cross_validate(classification, routing):
    X, y = classification
    turned, weight = weighted_and_zero(X, y)
    model = small().set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=True)
    splits = list(KFold(2, shuffle=True, random_state=0).split(X))
    scores = cross_validate(
        model, X, turned, cv=splits, params={"sample_weight": weight}
    )
    expected = score_of_kept_rows(model, X, y, weight, splits)
    assert scores["test_score"].mean() == pytest.approx(expected)


def test_sample_weight_is_routed_through_a_pipeline(classification, routing):
    X, y = classification
    turned, weight = weighted_and_zero(X, y)
    model = small().set_fit_request(sample_weight=True)
    pipeline = make_pipeline(FunctionTransformer(drop_num_0), model)
    pipeline.fit(X, turned, sample_weight=weight)
    expected = small().fit(X[weight > 0].drop(columns="num_0"), y[weight > 0])
    np.testing.assert_array_equal(
        pipeline.predict_proba(X), expected.predict_proba(X.drop(columns="num_0"))
    )


class RecordingGroups(GroupKFold):
    """Group folds that write down which groups they were given."""

    seen = []

    def split(self, X, y=None, groups=None):
        self.seen.append((len(X), set(groups)))
        return super().split(X, y, groups)


@pytest.mark.parametrize("through", ["GridSearchCV", "cross_validate", "Pipeline"])
def test_groups_are_routed_to_the_splitter_inside(classification, routing, through):
    X, y = classification
    groups = np.arange(len(X)) // 10
    inner = RecordingGroups(4)
    inner.seen = []
    model = small(max_epochs=2, validation=inner).set_fit_request(groups=True)
    outer = GroupKFold(2)
    if through == "GridSearchCV":
        search = GridSearchCV(model, {"fusion": ["concat"]}, cv=outer)
        search.fit(X, y, groups=groups)
        inner = search.best_estimator_.validation
        n_rows = 200
    elif through == "cross_validate":
        scores = cross_validate(
            model, X, y, cv=outer, params={"groups": groups}, return_estimator=True
        )
        inner = scores["estimator"][0].validation
        n_rows = 100
    else:
        pipeline = make_pipeline(FunctionTransformer(drop_num_0), model)
        inner = pipeline.fit(X, y, groups=groups)[-1].validation
        n_rows = 200
    assert [len_X for len_X, _ in inner.seen] == [n_rows]
    assert len(inner.seen[0][1]) == n_rows // 10


# ----------------------------------------------------------------------- persistence


@pytest.mark.parametrize("fusion", list(FUSIONS))
def test_pickle_predicts_bitwise_the_same(classification, fusion):
    X, y = (part[:60] for part in classification)
    model = small(fusion=fusion, max_epochs=1).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    assert list(loaded.history_) == list(model.history_)
    assert loaded.head_weights_ == model.head_weights_


def test_pickle_of_a_regressor_predicts_bitwise_the_same(regression):
    X, y = regression
    model = small_regressor().fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib_file_predicts_bitwise_the_same(
    classification, fitted, tmp_path, compress
):
    X, _ = classification
    joblib.dump(fitted, tmp_path / "model.joblib", compress=compress)
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


def test_pickle_before_fit(classification, fitted):
    X, y = classification
    loaded = pickle.loads(pickle.dumps(small()))
    assert loaded.get_params() == small().get_params()
    np.testing.assert_array_equal(
        loaded.fit(X, y).predict_proba(X), fitted.predict_proba(X)
    )


def test_deepcopy_is_a_model_of_its_own(classification, fitted):
    X, y = classification
    before = fitted.predict_proba(X)
    copied = copy.deepcopy(fitted)
    np.testing.assert_array_equal(copied.predict_proba(X), before)
    copied.partial_fit(X, 1 - y)
    assert np.abs(copied.predict_proba(X) - before).max() > 0
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


def test_partial_fit_goes_on_after_pickling_as_if_never_pickled(classification):
    X, y = classification
    model = small().partial_fit(X, y).partial_fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        loaded.partial_fit(X, y).predict_proba(X),
        model.partial_fit(X, y).predict_proba(X),
    )


def test_pickle_of_a_grid_search(classification):
    X, y = classification
    search = GridSearchCV(small(max_epochs=2), {"fusion": ["concat", "mean"]}, cv=2)
    search.fit(X, y)
    loaded = pickle.loads(pickle.dumps(search))
    assert loaded.best_params_ == search.best_params_
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))


def test_row_labels_do_not_matter(classification, fitted):
    X, y = classification
    days = X.set_axis(pd.date_range("2024-01-01", periods=len(X)))
    repeated = X.set_axis([0] * len(X))
    for other in (days, repeated):
        np.testing.assert_array_equal(
            small().fit(other, y).predict_proba(other), fitted.predict_proba(X)
        )
