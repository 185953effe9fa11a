"""The map of an embedding: its points, its colours, and bad input."""

import sys
import types

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmm import MultimodalClassifier
from skmm.inspection import EmbeddingDisplay


@pytest.fixture(autouse=True)
def no_window():
    """Draw without a window, and close what a test has drawn."""
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(60, 5)) * [5, 3, 1, 1, 1]


@pytest.fixture
def scaler(rows):
    return StandardScaler(with_std=False).fit(rows)


def draw(scaler, rows, y=None, **options):
    return EmbeddingDisplay.from_estimator(scaler, rows, y, **options)


def test_the_points_are_the_main_directions_of_the_embedding(classification):
    X, y = classification
    model = MultimodalClassifier(width=8, max_epochs=1, random_state=0).fit(X, y)
    display = EmbeddingDisplay.from_estimator(model, X, y)
    wanted = PCA(2, random_state=0).fit_transform(model.transform(X))
    np.testing.assert_allclose(display.points, wanted, atol=1e-8)
    drawn = {key: one.get_offsets() for key, one in display.scatters_.items()}
    assert set(drawn) == {0, 1}
    for label, points in drawn.items():
        np.testing.assert_allclose(points, wanted[y == label], atol=1e-8)
    assert [t.get_text() for t in display.legend_.get_texts()] == ["0", "1"]


def test_the_axes_say_how_much_they_show(scaler, rows):
    figure, ax = plt.subplots()
    display = draw(scaler, rows, ax=ax)
    assert display.ax_ is ax and display.figure_ is figure
    share = PCA(2).fit(rows).explained_variance_ratio_[0]
    assert ax.get_xlabel() == f"first component, {share:.0%} of the variance"
    assert list(display.scatters_) == [None] and display.legend_ is None


@pytest.mark.parametrize(
    "y",
    [np.linspace(0, 1, 60), pd.Series(range(60), dtype="Int64")],
    ids=["floats", "nullable integers"],
)
def test_numbers_have_a_scale(scaler, rows, y):
    display = draw(scaler, rows, y)
    assert display.legend_ is None
    np.testing.assert_array_equal(display.scatters_[None].get_array(), list(y))
    assert display.colorbar_.mappable is display.scatters_[None]


@pytest.mark.parametrize(
    "as_y",
    [list, pd.Series, pd.Categorical, lambda y: pd.Series(y, dtype=object)],
    ids=["list", "Series", "categorical", "objects"],
)
def test_classes_differ_in_colour_and_in_form(scaler, rows, as_y):
    display = draw(scaler, rows, as_y(["b", "a", "c"] * 20))
    assert list(display.scatters_) == ["a", "b", "c"]
    some = display.scatters_.values()
    assert len({tuple(one.get_facecolor()[0]) for one in some}) == 3
    assert len({one.get_paths()[0].vertices.tobytes() for one in some}) == 3


def test_the_rarest_of_many_classes_share_a_look(scaler, rows):
    y = [f"class {min(i, 19):02d}" for i in range(60)]
    display = draw(scaler, rows, y)
    assert len(display.scatters_) == 12
    assert "9 others" in [t.get_text() for t in display.legend_.get_texts()]
    assert "class 19" in display.scatters_


def test_many_rows_are_sampled(scaler, rows):
    y = np.arange(60) % 2
    display = draw(scaler, rows, y, max_points=20, random_state=0)
    assert display.points.shape == (20, 2) and len(display.y) == 20
    again = draw(scaler, rows, y, max_points=20, random_state=0)
    np.testing.assert_array_equal(display.points, again.points)
    # The points lie where they lie among all rows.
    whole = draw(scaler, rows, y, max_points=None).points
    distance = np.abs(whole[:, None] - display.points).max(2).min(0)
    assert distance.max() < 1e-9


@pytest.mark.parametrize(
    "X", [np.ones((4, 3)), np.arange(4.0)[:, None]], ids=["alike", "one column"]
)
def test_an_embedding_without_two_directions(X):
    display = draw(StandardScaler().fit(X), X)
    assert display.points.shape == (4, 2) and np.isfinite(display.points).all()


def test_umap_is_asked_for_by_name(scaler, rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn"):
        draw(scaler, rows, method="umap")

    class UMAP:
        def __init__(self, random_state):
            assert isinstance(random_state, int)

        def fit_transform(self, embedding):
            return embedding[:, :2]

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=UMAP))
    display = draw(scaler, rows, method="umap")
    np.testing.assert_allclose(display.points, scaler.transform(rows)[:, :2])
    assert display.ax_.get_ylabel() == "UMAP 2"


def test_bad_input_says_what_to_do(scaler, rows, classification):
    with pytest.raises(ValueError, match="'pca' or 'umap', got 'tsne'"):
        draw(scaler, rows, method="tsne")
    with pytest.raises(TypeError, match="LogisticRegression has no transform"):
        draw(LogisticRegression(), rows)
    with pytest.raises(NotFittedError):
        draw(StandardScaler(), rows)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        draw(scaler, rows, [0, 1])
    with pytest.raises(ValueError, match="y has 1 missing values, the first in row 2"):
        draw(scaler, rows, ["a", "b", None] + ["a"] * 57)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        draw(scaler, rows[:1])
    with pytest.raises(ValueError, match="NaN"):
        draw(FunctionTransformer(lambda X: X * np.nan).fit(rows), rows)
    X, y = classification
    model = MultimodalClassifier(heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match="Add 'fused'"):
        draw(model, X, y)
