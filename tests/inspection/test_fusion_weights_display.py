"""Marks and lines of the weights that a fusion gave."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm.inspection import FusionWeightsDisplay, fusion_weights

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def test_a_mark_is_the_median_of_the_rows_that_have_the_modality(classification):
    X, y = classification
    model = MultimodalClassifier(
        heads=["fused"], fusion="gated", width=8, max_epochs=1, random_state=0
    )
    weights = fusion_weights(model.fit(X, y), X)
    display = FusionWeightsDisplay.from_estimator(model, X)
    assert list(display.medians_) == [("tabular", None), ("text", None)]
    for name in weights:
        (median,) = display.medians_[name, None].get_xdata()
        assert median == weights[name][weights[name] > 0].median()
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    share = (weights["text"] == 0).mean()
    assert labels[1] == f"text\n({share:.0%} lack it)"
    assert share > 0


def test_classes_are_drawn_apart():
    weights = pd.DataFrame({"a": [0.1, 0.3, 0.8], "b": [0.9, 0.7, 0.2]})
    fig, ax = matplotlib.pyplot.subplots()
    display = FusionWeightsDisplay.from_weights(weights, ["x", "x", "y"], ax=ax)
    assert display.figure_ is fig
    medians = {key: mark.get_xdata()[0] for key, mark in display.medians_.items()}
    expected = {("a", "x"): 0.2, ("a", "y"): 0.8, ("b", "x"): 0.8, ("b", "y"): 0.2}
    assert medians == pytest.approx(expected)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told == ["x", "y"]
    markers = {mark.get_marker() for mark in display.medians_.values()}
    assert len(markers) == 2


def test_what_cannot_be_drawn_is_told():
    weights = pd.DataFrame({"a": np.ones(7)})
    with pytest.raises(ValueError, match="y has 2 rows, and the weights have 7"):
        FusionWeightsDisplay(weights, [0, 1]).plot()
    with pytest.raises(ValueError, match="y has 7 classes, and at most 6"):
        FusionWeightsDisplay(weights, range(7)).plot()
