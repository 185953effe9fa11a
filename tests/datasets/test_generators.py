"""The generators keep what they promise about where the label is."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler

from skmm.datasets import make_multimodal_classification, make_multimodal_regression

GENERATORS = [make_multimodal_classification, make_multimodal_regression]


def columns_of(X, modality):
    is_text = X.columns.str.startswith("text_")
    return X.loc[:, is_text if modality == "text" else ~is_text]


def matrix(X, modality):
    """A modality as a linear model likes it: numbers, one-hot levels, word counts."""
    X = columns_of(X, modality)
    transformer = make_column_transformer(
        (StandardScaler(), [c for c in X if c.startswith("num_")]),
        (OneHotEncoder(), [c for c in X if c.startswith("cat_")]),
        *[(CountVectorizer(), c) for c in X if c.startswith("text_")],
    )
    return sparse.csr_array(transformer.fit_transform(X))


def products(A, B):
    """Every column of A times every column of B."""
    A, B = A.toarray(), B.toarray()
    C = sparse.csr_array((A[:, :, None] * B[:, None, :]).reshape(len(A), -1))
    return MaxAbsScaler().fit_transform(C)


def score(X, y):
    """Cross-validated accuracy or R² of a linear model."""
    if y.dtype.kind == "i":
        model = LogisticRegression(C=100.0, solver="liblinear")
        if len(np.unique(y)) > 2:
            model = LogisticRegression(C=100.0, max_iter=1000)
    else:
        model = Ridge(alpha=1.0)
    return cross_val_score(model, X, y, cv=3).mean()


def scores(X, y):
    """Score of each modality alone, and of both in one additive model."""
    tabular, text = matrix(X, "tabular"), matrix(X, "text")
    both = sparse.hstack([tabular, text]).tocsr()
    return score(tabular, y), score(text, y), score(both, y)


@pytest.mark.parametrize("make", GENERATORS)
def test_default_columns(make):
    X, y = make(n_samples=50, n_numeric=2, n_categorical=3, n_text=2, random_state=0)
    assert list(X.columns) == [
        *["num_0", "num_1"],
        *["cat_0", "cat_1", "cat_2"],
        *["text_0", "text_1"],
    ]
    assert X.shape == (50, 7) and y.shape == (50,)
    assert [X[name].dtype.kind for name in ["num_0", "num_1"]] == ["f", "f"]
    for name in X.columns[2:]:
        # whatever this pandas makes of a list of strings
        assert X[name].dtype == pd.Series(["a"]).dtype
    assert not X.isna().any(axis=None)
    assert (X[["cat_0", "cat_1", "cat_2"]].nunique() <= 4).all()


def test_texts_are_sentences_that_hardly_repeat():
    X, _ = make_multimodal_classification(n_samples=200, random_state=0)
    assert X["text_0"].str.fullmatch(r"([A-Z][a-z]+[a-z, ]*\.( |$))+").all()
    assert X["text_0"].nunique() > 190


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("signal", ["sum", "interaction", "tabular", "text"])
def test_classes_are_about_equally_frequent(signal, n_classes):
    _, y = make_multimodal_classification(
        n_samples=3000, n_classes=n_classes, signal=signal, random_state=0
    )
    share = np.bincount(y, minlength=n_classes) / len(y)
    assert share == pytest.approx(1 / n_classes, abs=0.04)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_modality_carries_the_class(n_classes):
    kwargs = {"n_samples": 900, "n_classes": n_classes, "random_state": 1}
    for_tabular = make_multimodal_classification(signal="tabular", **kwargs)
    for_text = make_multimodal_classification(signal="text", **kwargs)

    tabular, text, _ = scores(*for_tabular)
    assert tabular > 0.99
    assert text == pytest.approx(1 / n_classes, abs=0.06)

    tabular, text, _ = scores(*for_text)
    assert text > 0.99
    assert tabular == pytest.approx(1 / n_classes, abs=0.06)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_in_a_sum_each_modality_helps(n_classes):
    tabular, text, both = scores(
        *make_multimodal_classification(
            n_samples=1500, n_classes=n_classes, random_state=0
        )
    )
    assert min(tabular, text) > 1 / n_classes + 0.1
    assert both > max(tabular, text) + 0.15


@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_interaction_needs_a_product(n_classes):
    kwargs = {"n_samples": 1000, "n_classes": n_classes, "signal": "interaction"}
    # The mean of several, because the accuracy by chance of one data set of this size
    # has a standard deviation of 0.02.
    data = [make_multimodal_classification(random_state=i, **kwargs) for i in range(6)]
    by_chance = np.mean([scores(X, y) for X, y in data], axis=0)
    assert by_chance == pytest.approx(np.full(3, 1 / n_classes), abs=0.03)
    X, y = make_multimodal_classification(
        **{**kwargs, "n_samples": 1500}, random_state=0
    )
    assert score(products(matrix(X, "tabular"), matrix(X, "text")), y) > 0.97


@pytest.mark.parametrize(
    "sizes",
    [
        {"n_numeric": 0, "n_categorical": 2},
        {"n_numeric": 3, "n_categorical": 0},
        {"n_numeric": 4, "n_categorical": 1, "n_text": 2},
    ],
    ids=str,
)
def test_any_columns_can_carry_a_class(sizes):
    kwargs = dict(n_samples=600, n_classes=5, random_state=0, **sizes)
    X, y = make_multimodal_classification(signal="tabular", **kwargs)
    assert score(matrix(X, "tabular"), y) > 0.98
    X, y = make_multimodal_classification(signal="text", **kwargs)
    assert score(matrix(X, "text"), y) > 0.98


def test_one_number_can_carry_several_classes():
    X, y = make_multimodal_classification(
        n_samples=200,
        n_numeric=1,
        n_categorical=0,
        n_classes=3,
        signal="tabular",
        random_state=0,
    )
    # Up to its sign, the number lies within 1/4 of its class.
    assert np.abs(X["num_0"].abs() - y).max() <= 0.25


def test_regression_on_one_modality():
    X, y = make_multimodal_regression(n_samples=600, signal="text", random_state=0)
    tabular, text, _ = scores(X, y)
    assert text > 0.98 and abs(tabular) < 0.1
    X, y = make_multimodal_regression(n_samples=600, signal="tabular", random_state=0)
    tabular, text, _ = scores(X, y)
    assert tabular > 0.98 and abs(text) < 0.1


def test_regression_on_a_sum():
    X, y = make_multimodal_regression(n_samples=800, random_state=0)
    tabular, text, both = scores(X, y)
    assert tabular == pytest.approx(0.5, abs=0.1)
    assert text == pytest.approx(0.5, abs=0.1)
    assert both > 0.98


def test_regression_on_an_interaction():
    X, y = make_multimodal_regression(
        n_samples=2000, signal="interaction", random_state=0
    )
    assert max(scores(X, y)) < 0.05
    assert score(products(matrix(X, "tabular"), matrix(X, "text")), y) > 0.9


@pytest.mark.parametrize("signal", ["sum", "interaction", "tabular", "text"])
def test_regression_target_is_standardized(signal):
    _, y = make_multimodal_regression(n_samples=5000, signal=signal, random_state=0)
    assert y.mean() == pytest.approx(0, abs=0.06)
    assert y.var() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("signal", ["sum", "interaction", "tabular"])
def test_label_noise(signal):
    kwargs = {"n_samples": 4000, "signal": signal, "random_state": 0}
    X, clean = make_multimodal_classification(**kwargs)
    X_noisy, noisy = make_multimodal_classification(noise=0.4, **kwargs)
    pd.testing.assert_frame_equal(X, X_noisy)
    # Half of the labels that are drawn anew come out as they were.
    assert np.mean(clean != noisy) == pytest.approx(0.2, abs=0.02)


def test_regression_noise():
    kwargs = {"n_samples": 4000, "random_state": 0}
    X, clean = make_multimodal_regression(**kwargs)
    X_noisy, noisy = make_multimodal_regression(noise=0.5, **kwargs)
    pd.testing.assert_frame_equal(X, X_noisy)
    assert np.std(noisy - clean) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(
    "missing, expected",
    [
        (0.25, {"tabular": 50, "text": 50}),
        (0.5, {"tabular": 100, "text": 100}),
        ({"text": 0.5}, {"tabular": 0, "text": 100}),
        ({"tabular": 0.3, "text": 0.7}, {"tabular": 60, "text": 140}),
        ({"text": 1.0}, {"tabular": 0, "text": 200}),
    ],
)
def test_missing_modalities(make, missing, expected):
    kwargs = {"n_samples": 200, "n_text": 2, "random_state": 0}
    X, y = make(missing=missing, **kwargs)
    absent = {m: columns_of(X, m).isna() for m in expected}
    for modality, is_na in absent.items():
        assert is_na.all(axis=1).sum() == expected[modality]
        assert is_na.any(axis=1).sum() == expected[modality]  # all columns or none
    assert not (absent["tabular"].iloc[:, 0] & absent["text"].iloc[:, 0]).any()

    complete, y_complete = make(**kwargs)
    np.testing.assert_array_equal(y, y_complete)
    pd.testing.assert_series_equal(X.dtypes, complete.dtypes)
    pd.testing.assert_frame_equal(X.fillna(complete), complete)


def test_missing_modality_is_independent_of_the_label():
    X, y = make_multimodal_classification(
        n_samples=4000, missing={"text": 0.5}, random_state=0
    )
    assert abs(np.corrcoef(X["text_0"].isna(), y)[0, 1]) < 0.05


@pytest.mark.parametrize("make", GENERATORS)
def test_same_seed_same_data(make):
    kwargs = {"n_samples": 60, "missing": 0.2, "noise": 0.1, "signal": "interaction"}
    X, y = make(random_state=3, **kwargs)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (the global state)
    X_again, y_again = make(random_state=3, **kwargs)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    pd.testing.assert_frame_equal(X, X_again)
    np.testing.assert_array_equal(y, y_again)
    X_other, _ = make(random_state=4, **kwargs)
    assert not X.equals(X_other)
    X_instance, _ = make(random_state=np.random.RandomState(3), **kwargs)
    pd.testing.assert_frame_equal(X, X_instance)


def test_modalities_do_not_depend_on_each_other():
    X, _ = make_multimodal_classification(n_samples=50, random_state=0)
    X_more, _ = make_multimodal_classification(
        n_samples=50, n_numeric=9, random_state=0
    )
    pd.testing.assert_series_equal(X["text_0"], X_more["text_0"])
    X_more, _ = make_multimodal_classification(n_samples=50, n_text=3, random_state=0)
    pd.testing.assert_frame_equal(
        columns_of(X, "tabular"), columns_of(X_more, "tabular")
    )


def test_one_row():
    X, y = make_multimodal_classification(n_samples=1, random_state=0)
    assert X.shape == (1, 7) and y.shape == (1,)


@pytest.mark.parametrize(
    "wrong, match",
    [
        ({"n_samples": 0}, "n_samples must be an integer of at least 1"),
        ({"n_numeric": -1}, "n_numeric must be an integer of at least 0"),
        ({"n_text": 1.5}, "n_text must be an integer"),
        ({"n_numeric": 0, "n_categorical": 0, "n_text": 0}, "at least one column"),
        ({"signal": "product"}, "signal must be one of .*'interaction'.*'product'"),
        ({"signal": "text", "n_text": 0}, "only if it has columns"),
        ({"signal": "interaction", "n_text": 0}, "at least two modalities"),
        ({"missing": 0.6}, "must sum up to at most 1"),
        ({"missing": -0.1}, "missing must be a number between 0 and 1"),
        ({"missing": {"text": 2}}, r"missing\['text'\] must be a number between"),
        ({"missing": {"image": 0.1}}, "'image', which is not among the modalities"),
        ({"noise": -1}, "noise must be a number"),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", GENERATORS)
def test_wrong_parameters(make, wrong, match):
    with pytest.raises(ValueError, match=match):
        make(**wrong)


@pytest.mark.parametrize("wrong", [{"n_classes": 1}, {"noise": 1.5}], ids=str)
def test_wrong_parameters_of_classification(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_multimodal_classification(**wrong)


def test_import_is_light():
    code = (
        "import sys; before = set(sys.modules); import skmm.datasets;"
        "print({'pandas', 'torch', 'scipy', 'sklearn'} & (set(sys.modules) - before))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == "set()"
