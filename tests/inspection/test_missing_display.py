"""Bars of the score for each combination of modalities."""

import numpy as np
import pytest

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.inspection import MissingModalityDisplay, modality_importance

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(scope="module")
def fitted():
    X, y = make_multimodal_classification(n_samples=300, signal="text", random_state=0)
    model = MultimodalClassifier(heads=["linear"], random_state=0).fit(X[:200], y[:200])
    return model, X[200:], y[200:]


def test_each_bar_is_the_score_of_rows_that_lack_the_other_modalities(fitted):
    model, X, y = fitted
    display = MissingModalityDisplay.from_estimator(model, X, y)
    assert display.ax_.get_ylabel() == "accuracy"
    texts = [c for c in X if c.startswith("text")]
    others = [c for c in X if c not in texts]

    def score(hidden):
        empty = {c: np.nan if X[c].dtype.kind == "f" else None for c in hidden}
        return model.score(X.assign(**empty).astype(X.dtypes.to_dict()), y)

    expected = {
        (True, True): score([]),
        (True, False): score(texts),
        (False, True): score(others),
        (False, False): score([*texts, *others]),
    }
    heights = [bar.get_height() for bar in display.bars_]
    assert heights == sorted(heights, reverse=True)
    drawn = zip(np.asarray(display.coalitions)[display.order_].tolist(), heights)
    assert {tuple(some): height for some, height in drawn} == pytest.approx(expected)


def test_dots_show_which_modalities_are_there():
    coalitions = np.array([[True, True], [False, True], [False, False]])
    display = MissingModalityDisplay(["a", "b"], coalitions, [-0.1, -0.4, -0.3])
    display.plot()
    assert display.order_.tolist() == [0, 2, 1]
    full_a, empty_a, full_b, empty_b = display.dots_
    assert full_a.get_xdata().tolist() == [0]
    assert empty_a.get_xdata().tolist() == [1, 2]
    assert full_b.get_xdata().tolist() == [0, 2]
    assert empty_b.get_xdata().tolist() == [1]
    display.plot(n_largest=1)
    assert len(display.bars_) == 1


def test_many_modalities_are_missing_or_alone_one_by_one(fitted):
    _, X, y = fitted
    modalities = [(c, "tabular", [c]) for c in X if not c.startswith("text")][:5]
    model = MultimodalClassifier(modalities, heads=["linear"]).fit(X, y)
    fig, ax = matplotlib.pyplot.subplots()
    display = MissingModalityDisplay.from_estimator(model, X, y, ax=ax)
    assert display.figure_ is fig
    assert len(display.bars_) == 5 + 5 + 2


def test_permutations_hide_nothing(fitted):
    model, X, y = fitted
    result = modality_importance(model, X, y, method="permutation", n_repeats=1)
    with pytest.raises(ValueError, match="'permutation' hides no modality"):
        MissingModalityDisplay.from_importances(result)
