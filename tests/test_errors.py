"""Bad input: the error names column, rows and remedy, and nothing is half-fitted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification

FAST = {"max_epochs": 2, "width": 16, "random_state": 0}


@pytest.fixture
def data():
    return make_multimodal_classification(n_samples=80, random_state=0)


def assert_not_fitted(model, X):
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert not hasattr(model, "modalities_")
    assert not hasattr(model, "n_features_in_")


def test_empty_frame(data):
    X, y = data
    model = MultimodalClassifier(**FAST)
    with pytest.raises(ValueError, match="0 sample.*X is empty"):
        model.fit(X.iloc[:0], y[:0])
    assert_not_fitted(model, X)
    with pytest.raises(ValueError, match="0 feature"):
        model.fit(X[[]], y)
    model.fit(X, y)
    with pytest.raises(ValueError, match="X is empty"):
        model.predict(X.iloc[:0])


@pytest.mark.parametrize("change", ["other", "order", "fewer", "more"])
def test_other_columns_at_predict(data, change):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    changed = {
        "other": X.rename(columns={"num_0": "weight"}),
        "order": X[X.columns[::-1]],
        "fewer": X.drop(columns="num_0"),
        "more": X.assign(weight=1.0),
    }[change]
    named = {"other": "weight", "order": "same order", "fewer": "num_0"}
    with pytest.raises(ValueError, match=named.get(change, "weight")):
        model.predict(changed)


def test_column_that_is_no_number_any_more(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    bad = X.copy()
    bad["num_1"] = bad["num_1"].astype(object)
    bad.loc[bad.index[[7, 9]], "num_1"] = "heavy"
    with pytest.raises(
        ValueError,
        match=r"'num_1' was fitted as a number; 2 of 80 rows.*row 7.*'heavy'",
    ):
        model.predict(bad)


def test_date_column_with_something_else():
    n = 60
    X = pd.DataFrame(
        {
            "day": pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d"),
            "number": np.arange(n) % 7,
        }
    )
    model = MultimodalRegressor(**FAST).fit(X, np.arange(n))
    X.loc[3, "day"] = "yesterday"
    with pytest.raises(ValueError, match=r"'day' was fitted as a date; 1 of 60.*row 3"):
        model.predict(X)


def test_whole_numbers_may_become_floats_with_the_first_nan(data):
    X, y = data
    X = X.assign(count=np.arange(80))
    model = MultimodalClassifier(**FAST).fit(X, y)
    X["count"] = X["count"].astype(float)
    X.loc[X.index[0], "count"] = np.nan
    assert model.predict(X).shape == (80,)


def test_numbers_at_predict_for_a_column_fitted_as_category(data):
    X, y = data
    X = X.assign(code=pd.Series(["a", "b"] * 40, index=X.index))
    model = MultimodalClassifier(**FAST).fit(X, y)
    # 1 and "1" are one unknown category.
    told = pytest.warns(UserWarning, match="'code' .* all 80 cells are categories that")
    with told:
        by_number = model.predict_proba(X.assign(code=1))
    with told:
        by_text = model.predict_proba(X.assign(code="1"))
    assert np.array_equal(by_number, by_text)
    # So few may be so by accident.
    model.predict_proba(X.assign(code=1)[:9])


def test_one_class(data):
    X, _ = data
    model = MultimodalClassifier(**FAST)
    with pytest.raises(ValueError, match="one class only.*80 rows"):
        model.fit(X, np.zeros(80))
    assert_not_fitted(model, X)


@pytest.mark.parametrize("estimator", [MultimodalClassifier, MultimodalRegressor])
def test_target_with_missing_values(data, estimator):
    X, _ = data
    y = np.arange(80) % 2.0
    y[[5, 6]] = np.nan
    model = estimator(**FAST)
    with pytest.raises(ValueError, match="y contains NaN: 2 of 80 rows.*position 5"):
        model.fit(X, y)
    assert_not_fitted(model, X)


def test_target_with_missing_labels(data):
    X, _ = data
    y = pd.Series(["yes", "no"] * 40)
    y[3] = None
    with pytest.raises(ValueError, match="y contains NaN: 1 of 80 rows"):
        MultimodalClassifier(**FAST).fit(X, y)


@pytest.mark.parametrize("at", ["fit", "predict"])
def test_infinite_numbers(data, at):
    X, y = data
    bad = X.copy()
    bad.loc[X.index[[4, 8, 9]], "num_2"] = np.inf
    model = MultimodalClassifier(**FAST)
    message = "'num_2' holds infinity.*3 of .*rows.*row 4.*replace"
    if at == "fit":
        model.set_params(validation=None)
        with pytest.raises(ValueError, match=message):
            model.fit(bad, y)
        assert_not_fitted(model, X)
    else:
        model.fit(X, y)
        with pytest.raises(ValueError, match=message):
            model.predict(bad)


def test_unknown_fusion_suggests_the_nearest(data):
    X, y = data
    model = MultimodalClassifier(fusion="gatted", **FAST)
    with pytest.raises(ValueError, match="Got 'gatted' instead. Did you mean 'gated'"):
        model.fit(X, y)
    assert_not_fitted(model, X)


def test_modality_names(data):
    X, y = data
    twice = [("a", "tabular", ["num_0"]), ("a", "text", ["text_0"])]
    with pytest.raises(ValueError, match=r"unique; \['a'\]"):
        MultimodalClassifier(twice, **FAST).fit(X, y)
    for name in ("a__b", "fusion", 3):
        with pytest.raises(ValueError, match="cannot be named"):
            MultimodalClassifier([(name, "tabular", ["num_0"])], **FAST).fit(X, y)
    with pytest.raises(ValueError, match="list of \\(name, encoder, columns\\)"):
        MultimodalClassifier([("a", "tabular")], **FAST).fit(X, y)


def test_modality_with_a_missing_column(data):
    X, y = data
    model = MultimodalClassifier([("t", "text", ["text_0", "Review"])], **FAST)
    with pytest.raises(ValueError, match=r"'t' names columns.*not have: \['Review'\]"):
        model.fit(X, y)


def test_named_columns_on_data_without_names():
    X = np.arange(60.0).reshape(20, 3)
    model = MultimodalClassifier([("t", "tabular", ["a", "b"])], **FAST)
    with pytest.raises(ValueError, match="no column names.*positions from 0 to 2"):
        model.fit(X, np.arange(20) % 2)


def test_unknown_kind_of_encoder(data):
    X, y = data
    for encoder, message in [
        ("txet", "'a': .*'txet'.*Did you mean 'text'"),
        ("entity", "'a': .*nodes of a knowledge graph.*EntityEncoder.triples"),
    ]:
        with pytest.raises(ValueError, match=message):
            MultimodalClassifier([("a", encoder, ["num_0"])], **FAST).fit(X, y)
    message = "'a': .*'text'.*'fit' and 'transform'. Got 3"
    with pytest.raises(TypeError, match=message):
        MultimodalClassifier([("a", 3, ["num_0"])], **FAST).fit(X, y)


def test_broken_picture_names_column_and_row(data):
    X, y = data
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    X = X.assign(photo=[png + bytes([i]) for i in range(80)])
    with pytest.raises(ValueError, match=r"'photo', row \d+"):
        MultimodalClassifier(**FAST).fit(X, y)


def test_mixed_types_in_one_column(data):
    X, y = data
    mixed = X["num_0"].astype(object)
    mixed.iloc[:5] = "heavy"
    model = MultimodalClassifier(**FAST)
    with pytest.raises(ValueError, match="num_0.*5 rows hold strings"):
        model.fit(X.assign(num_0=mixed), y)
    assert_not_fitted(model, X)


def test_loss_that_is_no_number(data):
    X, y = data
    model = MultimodalClassifier(learning_rate=1e30, validation=None, **FAST)
    with pytest.warns(ConvergenceWarning, match="no longer a number.*learning_rate"):
        model.fit(X, y)
    # What is left is usable: the last good weights.
    assert np.isfinite(model.predict_proba(X)).all()


def test_column_missing_in_all_rows(data):
    X, y = data
    X = X.assign(nothing=np.nan, silence=pd.Series([None] * 80, dtype=object))
    model = MultimodalClassifier(**FAST)
    with pytest.warns(UserWarning, match="nothing.*silence.*missing in all.*ignored"):
        model.fit(X, y)
    assert "nothing" not in str(model.modalities_)
    # What holds values later is still ignored.
    full = X.assign(nothing=3.0, silence="word")
    assert np.array_equal(model.predict_proba(X), model.predict_proba(full))
    with pytest.raises(ValueError, match="No modality is left: all 2 columns"):
        model.fit(X[["nothing", "silence"]], y)


@pytest.mark.parametrize("column", ["num_0", "cat_0", "text_0"])
def test_column_missing_in_all_rows_at_predict_is_absent(data, column):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    for nothing in (np.nan, None, pd.NA):
        gone = X.assign(**{column: pd.Series([nothing] * 80, dtype=object)})
        assert np.isfinite(model.predict_proba(gone)).all()


def test_one_bad_fold_does_not_kill_a_search(data):
    X, y = data
    X = X.copy()
    X.loc[X.index[40:], "num_0"] = (
        np.nan
    )  # unshuffled folds: missing in one training set
    with pytest.warns(UserWarning, match="num_0.*missing in all 40"):
        search = GridSearchCV(
            MultimodalClassifier(validation=None, **FAST),
            {"fusion": ["concat", "late"]},
            cv=[(np.arange(40), np.arange(40, 80)), (np.arange(40, 80), np.arange(40))],
        ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_a_failed_fit_leaves_the_fit_before(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError):
        model.fit(X.rename(columns={"num_0": "a"}), np.zeros(80))
    assert np.array_equal(model.predict_proba(X), before)


def test_sparse_input_says_where_sparse_output_belongs(data):
    import scipy.sparse

    with pytest.raises(TypeError, match="Sparse data.*encoder's place"):
        MultimodalClassifier(**FAST).fit(
            scipy.sparse.eye(10).tocsr(), np.arange(10) % 2
        )


def test_columns_of_the_same_name(data):
    X, y = data
    twice = pd.concat([X, X[["num_0"]]], axis=1)
    with pytest.raises(ValueError, match="same name.*num_0"):
        MultimodalClassifier(**FAST).fit(twice, y)


def test_nested_parameter_under_auto_says_how_to_write_it_down():
    with pytest.raises(ValueError, match=r"detect_modalities\(X\).to_list\(\)"):
        MultimodalClassifier().set_params(text__max_features=100)


def test_label_not_seen_at_the_first_partial_fit(data):
    X, _ = data
    model = MultimodalClassifier(**FAST).partial_fit(X, np.arange(80) % 2)
    with pytest.raises(ValueError, match=r"labels.*\[2\].*80 rows.*classes="):
        model.partial_fit(X, np.full(80, 2))


def test_device_that_is_not_here(data):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU: the error cannot be shown")
    X, y = data
    with pytest.raises(ValueError, match="device='cuda' is not available"):
        MultimodalClassifier(device="cuda", **FAST).fit(X, y)
