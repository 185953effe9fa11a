"""The picture of what each modality brings."""

import subprocess
import sys

import numpy as np
import pytest

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.inspection import ModalityImportanceDisplay, modality_importance

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def pyplot():
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")
    matplotlib.use(before)


@pytest.fixture(scope="module")
def fitted():
    X, y = make_multimodal_classification(n_samples=200, signal="text", random_state=0)
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    return model.fit(X, y), X, y


def names_on(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def ends(lines):
    """Ends of the drawn intervals, from the lowest to the highest."""
    return [
        [segment[0][0], segment[1][0]] for segment in lines.lines[2][0].get_segments()
    ]


@pytest.mark.parametrize("method", ["shapley", "permutation", "ablation"])
def test_what_is_drawn_is_what_is_measured(fitted, method):
    result = modality_importance(*fitted, method=method, random_state=0)
    display = ModalityImportanceDisplay.from_importances(result)
    order = result.importances_mean.argsort()
    # The largest is the highest on the axes.
    assert names_on(display.ax_) == [result.names[i] for i in order]
    assert names_on(display.ax_)[-1] == "text"
    lengths = [bar.get_width() for bar in display.bars_]
    np.testing.assert_allclose(lengths, result.importances_mean[order])
    mean, std = result.importances_mean, result.importances_std
    expected = result.get("importances_interval")
    if expected is None:
        expected = np.column_stack([mean - std, mean + std])
    np.testing.assert_allclose(ends(display.errorbars_), expected[order], atol=1e-12)
    assert display.figure_ is display.ax_.figure
    assert "accuracy" in display.ax_.get_xlabel()
    if method == "ablation":
        lengths = [bar.get_width() for bar in display.alone_bars_]
        np.testing.assert_allclose(lengths, result.alone_mean[order])
        legend = display.ax_.get_legend().get_texts()
        assert [text.get_text() for text in legend] == ["Lost without", "Alone"]
    else:
        assert display.alone_bars_ is display.alone_errorbars_ is None


def test_from_estimator_hands_options_on(fitted, pyplot):
    _, ax = pyplot.subplots()
    display = ModalityImportanceDisplay.from_estimator(
        *fitted,
        ax=ax,
        level="column",
        method="permutation",
        scoring="neg_log_loss",
        n_repeats=2,
        random_state=0,
        n_largest=3,
        bar_kw={"color": "red"},
        errorbar_kw={"capsize": 0},
    )
    assert display.ax_ is ax
    assert len(names_on(ax)) == len(display.bars_) == 3
    assert names_on(ax)[-1] == "text_0"
    assert display.bars_[0].get_facecolor() == matplotlib.colors.to_rgba("red")
    assert ax.get_xlabel() == "Lost if shuffled (neg_log_loss)"


def test_without_intervals_and_again(pyplot):
    display = ModalityImportanceDisplay(["a", 3], [0.1, -0.2]).plot()
    assert display.errorbars_ is None
    assert names_on(display.ax_) == ["3", "a"]
    first = display.figure_
    assert display.plot(n_largest=1).figure_ is not first
    assert names_on(display.ax_) == ["a"]


def test_an_interval_need_not_hold_the_estimate():
    display = ModalityImportanceDisplay(["a"], [0.1], [[0.2, 0.3]]).plot()
    np.testing.assert_allclose(ends(display.errorbars_), [[0.2, 0.3]])


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_lines_are_seen_on_any_background(pyplot, style):
    with pyplot.style.context(style):
        display = ModalityImportanceDisplay(["a"], [0.1], [[0.0, 0.3]]).plot()
        ink = matplotlib.colors.to_rgba(display.errorbars_.lines[2][0].get_color()[0])
        paper = display.ax_.get_facecolor()
    assert abs(np.mean(ink[:3]) - np.mean(paper[:3])) > 0.8


def test_without_matplotlib_the_error_names_the_extra():
    code = """
import sys
sys.modules["matplotlib"] = None
from skmm.inspection import ModalityImportanceDisplay
try:
    ModalityImportanceDisplay(["a"], [1]).plot()
except ImportError as error:
    print(error, "torch" in sys.modules)
"""
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'pip install "skmm[plot]" False' in out
