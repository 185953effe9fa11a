"""Does fusion help: scores, statistics, the verdict, how it is shown, bad input."""

import pickle
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, RepeatedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skmm import MultimodalClassifier, MultimodalRegressor, detect_modalities
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.inspection import explain_row, modality_importance
from skmm.model_selection import FusionComparisonDisplay, _report, fusion_report
from skmm.model_selection._late_average import LateAverageClassifier
from skmm.model_selection._statistics import ResampledTest, compare, holm

THREE = [
    ("numbers", "tabular", ["num_0", "num_1"]),
    ("codes", "tabular", ["cat_0"]),
    ("text", "text", ["text_0"]),
]


def classifier(**options):
    return MultimodalClassifier(**{"heads": ["linear"], "random_state": 0} | options)


def regressor(**options):
    return MultimodalRegressor(**{"heads": ["linear"], "random_state": 0} | options)


@pytest.fixture
def report(classification):
    return fusion_report(classifier(), *classification, cv=3, random_state=0)


def folds_of(report, model):
    frame = report.to_frame().set_index("model")
    return frame.filter(regex="^split").loc[model].to_numpy()


# ------------------------------------------------------------------------- the verdict


def test_a_gain_is_found_and_told():
    X, y = make_multimodal_regression(n_samples=300, random_state=0)
    report = fusion_report(regressor(), X, y, cv=3, random_state=0)
    assert report.answer == "yes"
    assert report.best_single in ("tabular", "text")
    (row,) = report.comparisons.itertuples()
    assert row.better
    assert row.low > 0
    assert row.p_holm < 0.05
    assert report.verdict.startswith("Yes: all gains ")
    assert f"over {report.best_single} alone" in report.verdict


@pytest.mark.parametrize("signal", ["text", "tabular"])
def test_one_modality_that_says_all_is_as_good(signal):
    X, y = make_multimodal_regression(
        n_samples=300, signal=signal, noise=0.3, random_state=0
    )
    report = fusion_report(regressor(), X, y, random_state=0)
    assert report.answer == "no"
    assert report.verdict.startswith(f"No: {signal} alone (0.")
    assert report.best_single == signal


@pytest.mark.parametrize("seed", range(3))
def test_targets_without_a_signal_give_no_alarm(seed):
    X, _ = make_multimodal_classification(n_samples=150, random_state=seed)
    y = np.random.default_rng(seed).integers(2, size=150)
    report = fusion_report(classifier(), X, y, baselines=False, random_state=seed)
    assert report.answer == "unclear"
    assert report.verdict.startswith("Cannot tell with these 150 rows: neither ")
    assert "above the prior" in report.verdict


def test_few_rows_cannot_tell():
    X, y = make_multimodal_regression(n_samples=90, noise=1.0, random_state=1)
    report = fusion_report(regressor(), X, y, cv=3, margin=0.01, random_state=0)
    assert report.answer == "unclear"
    assert "Cannot tell with these 90 rows" in report.verdict


def test_a_gain_below_the_margin_is_little():
    X, y = make_multimodal_regression(n_samples=300, random_state=0)
    report = fusion_report(regressor(), X, y, cv=3, margin=9.0, random_state=0)
    assert report.answer == "yes"
    assert "Yes, but little: " in report.verdict
    assert report.margin == 9.0


def test_where_only_a_further_fusion_gains_it_is_named():
    scores = {
        "a": [0.5, 0.51, 0.49, 0.5],
        "b": [0.3, 0.31, 0.29, 0.3],
        "all (concat)": [0.5, 0.49, 0.51, 0.5],
        "all (gated)": [0.7, 0.72, 0.69, 0.7],
        "prior": [0.1, 0.1, 0.1, 0.1],
    }
    report = made_report(scores)
    assert report.answer == "yes"
    assert report.verdict.startswith("Yes: all (gated) gains 0.20")


def test_a_plainer_model_that_scores_as_high_is_noted():
    scores = {
        "a": [0.5, 0.51, 0.49],
        "b": [0.3, 0.31, 0.29],
        "all (concat)": [0.7, 0.69, 0.71],
        "late average": [0.8, 0.8, 0.8],
        "linear": [0.7, 0.7, 0.7],
        "boosting": [0.6, 0.6, 0.6],
    }
    report = made_report(scores)
    assert len(report.notes) == 2
    assert "average of the single" in report.notes[0]
    assert "linear model" in report.notes[1]
    # An average is not tested: one comparison, of the estimator.
    assert report.comparisons["model"].tolist() == ["all (concat)"]


def made_report(scores):
    """Make a report of scores by hand."""
    from skmm.model_selection._contenders import Contender
    from skmm.model_selection._report_fold import Scored

    kinds = {"all": "fusion", "late": "fusion", "linear": "baseline"}
    kinds |= {"boosting": "baseline", "prior": "baseline"}
    contenders = [
        Contender(name, kinds.get(name.split()[0], "single"), {}) for name in scores
    ]
    folds = [[Scored(s, 1.0, 0.1) for s in fold] for fold in zip(*scores.values())]
    return _report.make_report(
        contenders,
        folds,
        ratio=0.25,
        n_samples=100,
        scoring="accuracy",
        alpha=0.05,
        margin=None,
        n_unpaired=0,
    )


# -------------------------------------------------------------------------- statistics


def test_the_test_is_nadeau_and_bengios():
    differences = np.array([0.02, 0.05, 0.03, 0.04, 0.01])
    test = ResampledTest(n_folds=5, ratio=0.25)
    error = np.sqrt((1 / 5 + 0.25) * differences.var(ddof=1))
    assert test.error(differences) == pytest.approx(error)
    expected = 2 * stats.t.sf(0.03 / error, df=4)
    assert test.p_value(differences) == pytest.approx(expected)
    low, high = test.interval(differences, 0.05)
    half = stats.t.ppf(0.975, df=4) * error
    assert (low, high) == pytest.approx((0.03 - half, 0.03 + half))
    # A loss is no gain, however sure it is.
    assert test.p_value(-differences) == 1.0
    # Folds that agree leave nothing to chance; no difference is no gain.
    assert test.p_value(np.full(5, 0.1)) == 0.0
    assert test.p_value(np.zeros(5)) == 1.0


def test_holms_procedure():
    # Holm 1979: the smallest times 3, the next times 2, never below the one before.
    np.testing.assert_allclose(holm([0.04, 0.01, 0.015]), [0.04, 0.03, 0.03])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])


def test_an_interval_is_above_zero_exactly_where_a_fusion_is_better():
    rng = np.random.default_rng(0)
    test, names = ResampledTest(5, 0.25), ["p", "q", "r"]
    found = set()
    for _ in range(200):
        scores = {name: rng.normal(0.0, 1, 5) for name in ("a", "b")}
        scores |= {name: rng.normal(2.5, 1, 5) for name in names}
        for one in compare(scores, ["a", "b"], names, test, alpha=0.05):
            assert one.better == (one.low > 0) == (one.p_holm < 0.05)
            assert one.low <= one.gain <= one.high
            found.add(one.better)
    assert found == {True, False}


def test_a_fusion_must_be_better_than_every_single_modality():
    # Its gain over "b", the second best, is as large but far from sure.
    scores = {
        "a": np.array([0.60, 0.61, 0.60, 0.59, 0.60]),
        "b": np.array([0.30, 0.90, 0.20, 0.95, 0.60]),
        "all": np.array([0.70, 0.72, 0.70, 0.69, 0.70]),
    }
    test = ResampledTest(5, 0.25)
    (alone,) = compare(scores, ["a"], ["all"], test, alpha=0.05)
    (both,) = compare(scores, ["a", "b"], ["all"], test, alpha=0.05)
    assert alone.better
    assert not both.better
    assert both.gain == pytest.approx(alone.gain)


# ------------------------------------------------------------------- what is compared


def test_scores_are_those_of_cross_validation(classification):
    X, y = classification
    cv = KFold(3, shuffle=True, random_state=0)
    model = MultimodalClassifier(width=8, max_epochs=2, random_state=0)
    report = fusion_report(
        model, X, y, cv=cv, fusions=["gated"], scoring="neg_log_loss", random_state=0
    )
    listed = detect_modalities(X).to_list()
    for name, params in {
        "all (concat)": {},
        "all (gated)": {"fusion": "gated"},
        "text": {"modalities": [listed[1]]},
        "linear": {"heads": ["linear"]},
        "boosting": {"heads": ["boosting"]},
    }.items():
        lone = MultimodalClassifier(width=8, max_epochs=2, random_state=0)
        lone.set_params(**{"modalities": listed} | params)
        expected = cross_val_score(lone, X, y, cv=cv, scoring="neg_log_loss")
        np.testing.assert_array_equal(folds_of(report, name), expected, name)
    assert not hasattr(model, "classes_")
    assert model.modalities == "auto"


def test_each_column_is_read_once_a_fold(classification, counts):
    X, y = classification
    model = MultimodalClassifier(width=8, max_epochs=1, random_state=0)
    fusion_report(model, X, y, cv=2, fusions=["gated"], random_state=0)
    # Of a fold's training rows, then its validation rows and its test rows.
    assert counts == {
        ("TextEncoder", "fit_transform"): 2,
        ("TabularEncoder", "fit_transform"): 2,
        ("TextEncoder", "transform"): 2 * 2,
        ("TabularEncoder", "transform"): 2 * 2,
    }


def test_seconds_are_of_a_model_that_shares_nothing(report):
    frame = report.to_frame().set_index("model")
    singles = frame.loc[["text", "tabular"], "fit_seconds"].sum()
    assert frame.loc["late average", "fit_seconds"] == pytest.approx(singles)
    # The blocks that it finds ready are counted as if it had made them.
    assert frame.loc["all", "fit_seconds"] > 0.2 * singles


@pytest.mark.parametrize("pairs", ["auto", True, False])
def test_pairs_of_three_modalities(classification, pairs):
    X, y = classification
    model = classifier(modalities=THREE)
    report = fusion_report(model, X, y, cv=2, pairs=pairs, random_state=0)
    frame = report.to_frame()
    found = frame["model"][frame["kind"] == "pair"]
    expected = {"numbers + codes", "numbers + text", "codes + text"}
    assert set(found) == (expected if pairs else set())
    assert not any("pairs=True" in note for note in report.notes)


def test_many_modalities_have_no_pairs_unless_asked_for(classification):
    X, y = classification
    columns = ["num_0", "num_1", "num_2", "cat_0"]
    modalities = [(f"m_{c}", "tabular", [c]) for c in columns]
    modalities += [("text", "text", "text_0"), ("gone", "drop", ["num_3"])]
    model = classifier(modalities=modalities)
    report = fusion_report(model, X, y, cv=2, baselines=False, random_state=0)
    assert set(report.to_frame()["kind"]) == {"single", "fusion", "baseline"}
    assert "gone" not in set(report.to_frame()["model"])
    assert "pairs of 5 modalities" in report.notes[-1]


def test_each_model_once(classification):
    X, y = classification
    model = MultimodalClassifier(
        heads=["fused", "linear"], width=8, max_epochs=1, random_state=0, fusion="mean"
    )
    report = fusion_report(
        model, X, y, cv=2, fusions=["mean", "max"], baselines=False, random_state=0
    )
    assert report.comparisons["model"].tolist() == ["all (mean)", "all (max)"]
    linear = fusion_report(classifier(), X, y, cv=2, random_state=0)
    assert set(linear.to_frame()["model"]) == {
        *("text", "tabular", "all", "late average", "boosting", "prior")
    }


def test_an_average_counts_what_a_row_has(classification, lonely_row):
    X, y = classification
    listed = detect_modalities(X).to_list()
    models = [classifier(modalities=[one]).fit(X, y) for one in listed]
    tabular, text = (model.predict_proba(X) for model in models)
    average = LateAverageClassifier(models)
    found = average.predict_proba(X)
    both = X["text_0"].notna() & X["num_0"].notna()
    np.testing.assert_allclose(found[both], ((tabular + text) / 2)[both])
    no_text, no_table = X["text_0"].isna(), X["num_0"].isna()
    np.testing.assert_allclose(found[no_text], tabular[no_text])
    np.testing.assert_allclose(found[no_table], text[no_table])
    prior = average.predict_proba(lonely_row)
    np.testing.assert_allclose(prior, models[0].predict_proba(lonely_row))
    np.testing.assert_array_equal(average.predict(X), found.argmax(axis=1))


def test_groups_stay_together(classification):
    X, y = classification
    groups = np.arange(len(y)) % 12
    tested = []

    def score(estimator, X, y):
        tested.append(frozenset(groups[X.index]))
        return estimator.score(X, y)

    fusion_report(
        classifier(), X, y, cv=3, groups=groups, scoring=score, random_state=0
    )
    folds = set(tested)
    assert len(folds) == 3
    assert sum(map(len, folds)) == 12


def test_frames_of_both_libraries_and_labels_that_are_strings(
    classification, as_library
):
    X, y = classification
    y = np.where(y, "yes", "no")
    report = fusion_report(classifier(), as_library(X), y, cv=2, random_state=0)
    expected = fusion_report(classifier(), X, y, cv=2, random_state=0)
    for model in ("text", "all", "late average", "prior"):
        np.testing.assert_allclose(folds_of(report, model), folds_of(expected, model))


def test_several_outputs(regression, classification):
    X, y = regression
    Y = np.column_stack([y, -y])
    report = fusion_report(regressor(), X, Y, cv=2, random_state=0)
    assert np.isfinite(report.to_frame()["mean"]).all()
    X, y = classification
    Y = np.column_stack([y, 1 - y])
    report = fusion_report(classifier(), X, Y, cv=2, random_state=0)
    assert {"text", "all", "late average"} <= set(report.to_frame()["model"])


def test_folds_in_parallel_and_repeated(regression):
    X, y = regression
    cv = RepeatedKFold(n_splits=2, n_repeats=2, random_state=0)
    with joblib.parallel_config("threading"):  # what loads torch in no time
        report = fusion_report(regressor(), X, y, cv=cv, random_state=0, n_jobs=2)
    expected = fusion_report(regressor(), X, y, cv=cv, random_state=0)
    assert report.n_folds == 4
    np.testing.assert_array_equal(folds_of(report, "all"), folds_of(expected, "all"))


def test_a_seed_decides_all(regression):
    X, y = regression
    model = regressor(random_state=None)
    first, second, other = (
        fusion_report(model, X, y, cv=2, baselines=False, random_state=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(folds_of(first, "all"), folds_of(second, "all"))
    assert (folds_of(first, "all") != folds_of(other, "all")).any()


def test_what_a_score_does_not_allow_is_left_out_with_the_reason(classification):
    X, y = classification

    def score(estimator, X, y):
        return estimator.score(X, y) + 0 * estimator.n_parameters_

    report = fusion_report(classifier(), X, y, cv=2, scoring=score, random_state=0)
    assert set(report.to_frame()["model"]) == {"text", "tabular", "all", "boosting"}
    assert [note.partition(" was left out: ")[0] for note in report.notes] == [
        *("late average", "prior")
    ]
    assert "n_parameters_" in report.notes[0]
    assert report.scoring == "score"


def test_verbose_tells_each_model(classification, capsys):
    fusion_report(classifier(), *classification, cv=2, random_state=0, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 6
    assert lines[0].startswith("Fold 1 of 2: tabular: 0.")


# --------------------------------------------------------------------- how it is shown


def test_the_printed_report_has_all_models_and_the_verdict(report):
    shown = repr(report)
    lines = shown.splitlines()
    assert lines[0] == "Does fusion help? 120 rows, 3 folds, accuracy"
    assert lines[1] == report.verdict
    frame = report.to_frame()
    assert frame["mean"].is_monotonic_decreasing
    for model in frame["model"]:
        assert any(line.startswith(f"{model} ") for line in lines)
    frame["mean"] = 0
    assert report.results_["mean"].any()  # what to_frame returns is a copy
    assert repr(pickle.loads(pickle.dumps(report))) == shown


class Reading(HTMLParser):
    """Collects tags, the text and what would be fetched."""

    void = {"meta", "link", "path", "circle", "rect", "polygon"}

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        assert tag not in ("script", "img", "iframe")
        self.fetched += [v for k, v in attrs if k in ("src", "href", "srcset")]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.void

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_html_is_whole_and_fetches_nothing(classification, tmp_path):
    X, y = classification
    modalities = [("a<b", "tabular", ["num_0"]), ("c&d", "text", ["text_0"])]
    model = classifier(modalities=modalities)
    report = fusion_report(model, X, y, cv=2, random_state=0)
    fitted = classifier(modalities=modalities).fit(X, y)
    importance = modality_importance(fitted, X, y, n_bootstraps=5, random_state=0)
    explanation = explain_row(fitted, X[X["text_0"].notna()])
    report.to_html(
        tmp_path / "report.html", importance=importance, explanation=explanation
    )
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for text in (page, report._repr_html_()):
        reading = Reading()
        reading.feed(text)
        assert not reading.open
        assert set(reading.fetched) <= {"data:,"}
        assert {"a<b", "c&d", report.verdict} <= set(reading.texts)
        assert "prefers-color-scheme: dark" in text
        assert "url(" not in text
    assert page.startswith("<!DOCTYPE html>")
    assert "What each modality brings" in page
    assert "Row " in page


def test_a_page_is_replaced_as_a_whole_or_not_at_all(report, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("the page before")

    def fail(self, target):
        raise OSError("no rename")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", fail)
        with pytest.raises(OSError, match="no rename"):
            report.to_html(path)
    assert path.read_text() == "the page before"
    assert list(tmp_path.iterdir()) == [path]
    report.to_html(str(path))
    assert report.verdict in path.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium is installed")
def test_a_browser_opens_the_page_without_complaint(report, tmp_path):
    path = tmp_path / "report.html"
    report.to_html(path)
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'user'}", "--enable-logging=stderr"]
    command += ["--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert report.verdict in done.stdout
    assert "CONSOLE" not in done.stderr


def test_the_picture(report):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, ax = pyplot.subplots()
    display = report.plot(ax=ax)
    assert isinstance(display, FusionComparisonDisplay)
    assert display.ax_ is ax
    assert display.figure_ is figure
    frame = report.to_frame()
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(frame["model"])
    drawn = [float(mean.get_offsets()[0, 0]) for mean in display.means_]
    np.testing.assert_allclose(drawn, frame["mean"])
    heights = [float(mean.get_offsets()[0, 1]) for mean in display.means_]
    assert heights == sorted(heights, reverse=True)
    assert [len(some.get_offsets()) for some in display.folds_] == [3] * len(frame)
    best = frame.set_index("model")["mean"][report.best_single]
    assert display.reference_.get_xdata()[0] == best
    assert ax.get_xlabel() == "accuracy"
    # Kinds differ in shape as well as in colour.
    shapes = dict(zip(frame["kind"], display.means_))
    outlines = {m.get_paths()[0].vertices.tobytes() for m in shapes.values()}
    assert len(outlines) == len(shapes) == 3
    again = display.plot()
    assert again.figure_ is not figure
    figure.canvas.draw()
    pyplot.close("all")


def test_without_matplotlib_the_extra_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"skmm\[plot\]"):
        report.plot()
    with pytest.raises(ImportError, match=r"skmm\[plot\]"):
        FusionComparisonDisplay.from_estimator(None, None, None)


# ---------------------------------------------------------------------------- bad input


def test_one_modality_has_nothing_to_fuse(classification):
    X, y = classification
    with pytest.raises(ValueError, match="only one, 'text': nothing can be fused"):
        fusion_report(classifier(), X[["text_0"]], y)
    dropped = [("facts", "drop", ["num_0"]), ("text", "text", ["text_0"])]
    with pytest.raises(ValueError, match="at least two modalities"):
        fusion_report(classifier(modalities=dropped), X, y)


def test_estimators_of_others(classification):
    X, y = classification
    for other in (LogisticRegression(), make_pipeline(classifier())):
        with pytest.raises(TypeError, match="fusion_report takes a Multimodal"):
            fusion_report(other, X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fusions": ["gatd"]}, "Did you mean 'gated'"),
        ({"fusions": "gated"}, "'fusions' parameter"),
        ({"pairs": "some"}, "'pairs' parameter"),
        ({"alpha": 1.0}, "'alpha' parameter"),
        ({"margin": -0.1}, "'margin' parameter"),
        ({"scoring": ["accuracy"]}, "'scoring' parameter"),
        ({"scoring": "acuracy"}, "acuracy"),
        ({"cv": 1}, "at least 2"),
        ({"cv": [(np.arange(100), np.arange(100, 200))]}, "at least two"),
        ({"groups": [0, 1]}, "inconsistent numbers of samples"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_fitted(
    classification, counts, options, message
):
    X, y = classification
    model = MultimodalClassifier(max_epochs=1)
    with pytest.raises(ValueError, match=message):
        fusion_report(model, X, y, **options)
    assert not any(counts.values())


def test_fusions_without_a_net(classification):
    with pytest.raises(ValueError, match='Add "fused" to heads'):
        fusion_report(classifier(), *classification, fusions=["gated"])


@pytest.mark.parametrize("score", [float("nan"), {"accuracy": 1.0}])
def test_a_score_that_is_not_a_number_names_the_model(classification, score):
    X, y = classification
    with pytest.raises(ValueError, match=r"one number|The score is nan") as error:
        fusion_report(classifier(), X, y, cv=2, scoring=lambda *args: score)
    assert error.value.__notes__ == ["This is of 'tabular' in a fusion report."]


def test_targets_with_missing_values(regression):
    X, y = regression
    with pytest.raises(ValueError, match="NaN|missing"):
        fusion_report(regressor(), X, pd.Series(y).mask(pd.Series(y) > 1))
