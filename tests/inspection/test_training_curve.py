"""Curves of a training: what is drawn, and what cannot be."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.inspection import TrainingCurveDisplay


@pytest.fixture(autouse=True)
def no_window():
    """Draw without a window, and close what a test has drawn."""
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)


def small(**options):
    options = {"width": 8, "max_epochs": 3, "random_state": 0} | options
    return MultimodalClassifier(**options)


def test_each_head_is_drawn_from_the_history(classification):
    model = small().fit(*classification)
    display = TrainingCurveDisplay.from_estimator(model)
    table = model.history_.to_frame()
    for head in ("fused", "wide"):
        for part in ("train", "valid"):
            (line,) = display.lines_[head, part]
            n_learned = len(line.get_xdata())
            assert list(line.get_xdata()) == list(range(1, n_learned + 1))
            wanted = table[f"{head}_{part}_loss"].iloc[:n_learned]
            np.testing.assert_array_equal(line.get_ydata(), wanted)
        (mark,) = display.best_[head]
        assert mark.get_xdata()[0] == model.best_epoch_[head]
    (line,) = display.lines_["mixture", "valid"]
    np.testing.assert_array_equal(line.get_ydata(), table["valid_loss"])
    shown = [text.get_text() for text in display.legend_.get_texts()]
    assert f"mixture, validation (score {model.validation_score_:.3g})" in shown
    assert display.ax_.get_ylabel() == "log loss"
    assert display.figure_ is display.ax_.figure


def test_solved_heads_are_lines_at_their_loss_on_the_validation_rows(classification):
    X, y = classification
    train, valid = (X[:140], y[:140]), (X[140:], y[140:])
    model = small(validation=valid, heads=["fused", "linear"], refit=False).fit(*train)
    (line,) = TrainingCurveDisplay.from_estimator(model).solved_lines_["linear"]
    alone = small(validation=valid, heads=["linear"], refit=False).fit(*train)
    # Of one head no weight is fitted: what it predicts is what the head gives.
    wanted = log_loss(valid[1], alone.predict_proba(valid[0]))
    assert line.get_ydata()[0] == pytest.approx(wanted, rel=1e-6)


def test_a_curve_ends_where_its_head_stopped(large_classification):
    X, y = large_classification
    model = small(width=64, max_epochs=40).fit(X, y)
    display = TrainingCurveDisplay.from_estimator(model)
    (line,) = display.lines_["fused", "valid"]
    n_learned = len(line.get_xdata())
    assert model.best_epoch_["fused"] < n_learned < model.n_iter_
    # It had not improved for long; then the best loss is what the history repeats.
    rest = model.history_.to_frame()["fused_valid_loss"].iloc[n_learned:]
    assert rest.nunique() == 1 and rest.iloc[0] < line.get_ydata()[-1]


def test_folds_are_thin_lines(classification):
    X, y = classification
    thick = TrainingCurveDisplay.from_estimator(small().fit(X, y))
    thin = TrainingCurveDisplay.from_estimator(small(validation=3).fit(X, y))
    for drawn in ("lines_", "best_", "solved_lines_"):
        for key, lines in getattr(thin, drawn).items():
            assert len(lines) == 3
            assert len(getattr(thick, drawn)[key]) == 1
            if drawn != "best_":
                width = getattr(thick, drawn)[key][0].get_linewidth()
                assert lines[0].get_linewidth() < width
    # One entry of the legend for all folds.
    count = len(thick.legend_.get_texts())
    assert len(thin.legend_.get_texts()) == count


def test_without_validation_the_training_losses_are_drawn(classification):
    model = small(validation=None).fit(*classification)
    display = TrainingCurveDisplay.from_estimator(model, show_training=False)
    assert set(display.lines_) == {("fused", "train"), ("wide", "train")}
    assert not any(display.best_.values()) and not display.solved_lines_


def test_partial_fit_after_a_fit_has_gaps(classification):
    X, y = classification
    model = small(max_epochs=2, heads=["fused"]).fit(X, y).partial_fit(X, y)
    display = TrainingCurveDisplay.from_estimator(model)
    (train,), (valid,) = (display.lines_["fused", p] for p in ("train", "valid"))
    assert np.isfinite(train.get_ydata()).all() and len(train.get_ydata()) == 3
    assert np.isnan(valid.get_ydata()).tolist() == [False, False, True]
    assert ("mixture", "valid") not in display.lines_


def test_a_regressor_and_axes_of_the_users_own(regression):
    X, y = regression
    model = MultimodalRegressor(width=8, max_epochs=2, random_state=0).fit(X, y)
    figure, ax = plt.subplots()
    display = TrainingCurveDisplay.from_estimator(model, ax=ax, show_training=False)
    assert display.ax_ is ax and display.figure_ is figure
    assert ax.get_ylabel() == "squared error"
    assert not [part for _, part in display.lines_ if part == "train"]
    assert display.plot() is display and display.ax_ is not ax


def test_what_is_drawn_stands_out_from_light_and_from_dark(classification):
    model = small(max_epochs=1).fit(*classification)
    for style in ("default", "dark_background"):
        with plt.style.context(style):
            display = TrainingCurveDisplay.from_estimator(model)
        lines = [*sum(display.lines_.values(), []), display.best_["wide"][0]]
        lines += sum(display.solved_lines_.values(), [])
        behind = luminance(display.ax_.get_facecolor())
        for line in lines:
            low, high = sorted([behind, luminance(line.get_color())])
            # What WCAG 2 asks of graphics is 3, which the violet has on black alone.
            assert (high + 0.05) / (low + 0.05) > 2.5


def luminance(color):
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_what_cannot_be_drawn_says_why(classification):
    X, y = classification
    with pytest.raises(NotFittedError):
        TrainingCurveDisplay.from_estimator(small())
    with pytest.raises(TypeError, match="got LogisticRegression. Pass the step"):
        TrainingCurveDisplay.from_estimator(LogisticRegression())
    solved = small(heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match=r"\['linear'\] are solved, not trained"):
        TrainingCurveDisplay.from_estimator(solved)


def test_matplotlib_is_loaded_when_it_is_drawn_with_and_missed_by_its_extra():
    code = """
import sys
sys.modules["matplotlib"] = None
import pandas as pd
from skmm.inspection import TrainingCurveDisplay
row = {"head": "fused", "fold": 0, "epoch": 1, "train": 1.0, "valid": 1.0}
losses = pd.DataFrame([row])
try:
    TrainingCurveDisplay(losses=losses, best_epochs={}).plot()
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "matplotlib is needed here" in run.stdout, run.stderr
    assert 'pip install "skmm[plot]"' in run.stdout
