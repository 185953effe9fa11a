"""One prediction shared out among modalities, columns, words, regions and stretches."""

import itertools
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.feature_extraction import AudioVectorizer, ImageVectorizer
from skmm.inspection import explain_row
from skmm.inspection._coalitions import draw_contexts

FAST = {"max_epochs": 2, "width": 8, "random_state": 0}
FILLERS = ["the", "of", "to", "and", "in", "it", "was", "on", "with", "at", "by", "we"]


def check_sums(explanation):
    """Check that values sum to those of the whole, at each level."""
    gain = explanation.prediction - explanation.baseline
    modalities = explanation.modalities
    assert sum(one.value for one in modalities) == pytest.approx(gain, abs=1e-6)
    for modality in modalities:
        stack = [modality]
        while stack:
            part = stack.pop()
            if part.parts:
                total = sum(one.value for one in part.parts)
                assert total == pytest.approx(part.value, abs=1e-9)
            stack += part.parts


def find(explanation, kind):
    """Return the values of all parts of a kind, by name."""
    frame = explanation.to_frame()
    frame = frame[frame["kind"] == kind]
    name = {"modality": "modality", "column": "column"}.get(kind, "part")
    return frame.set_index(name)["value"]


@pytest.fixture(scope="module")
def three():
    """A model of a table and two texts, of three classes, and its rows."""
    X, y = make_multimodal_classification(
        n_samples=260, n_text=2, n_classes=3, missing=0.1, random_state=0
    )
    modalities = [
        ("facts", "tabular", [c for c in X if not c.startswith("text")]),
        ("title", "text", ["text_0"]),
        ("body", "text", ["text_1"]),
    ]
    complete = X.notna().all(axis=1).to_numpy().nonzero()[0]
    return MultimodalClassifier(modalities, **FAST).fit(X, y), X, complete


@pytest.fixture(scope="module")
def reviews():
    """A model of texts of which one word tells the class, and of useless numbers."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=300)
    texts = []
    for label in y:
        words = list(rng.choice(FILLERS, 12))
        words.insert(rng.randint(12), ["awful", "lovely"][label])
        texts.append(" ".join(words))
    X = pd.DataFrame({"review": texts, "size": rng.normal(size=300)})
    return MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y), X, y


@pytest.fixture(scope="module")
def photos():
    """A model of pictures of which one corner tells the class."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=120)
    pixels = rng.randint(0, 120, (120, 24, 32, 3)).astype(np.uint8)
    pixels[y == 1, 12:, :8] = 255
    X = pd.DataFrame({"photo": pd.Series(list(pixels), dtype=object)})
    photo = ImageVectorizer(("pixels", "color"), size=16)
    model = MultimodalClassifier([("photo", photo, "photo")], heads=["linear"])
    return model.fit(X, y), X, y


# -- values --------------------------------------------------------------------------


@pytest.mark.parametrize("head", [None, "fused", "linear", "boosting"])
@pytest.mark.parametrize("scale", ["probability", "log_odds"])
def test_values_sum_to_the_prediction_minus_the_baseline(three, head, scale):
    model, X, complete = three
    row = complete[3]
    explanation = explain_row(model, X, row, head=head, scale=scale, max_evaluations=40)
    check_sums(explanation)
    alone = model if head is None else model._view(model._learner.only(head), ())
    place = alone.predict_proba(X.iloc[[row]])[0].argmax()
    nothing = X.iloc[[row]].reindex([-1]).astype(X.dtypes.to_dict())
    predicted, prior = (
        alone.predict_proba(some)[0, place] for some in (X.iloc[[row]], nothing)
    )
    if scale == "log_odds":
        predicted, prior = (np.log(p / (1 - p)) for p in (predicted, prior))
    assert explanation.target == alone.classes_[place]
    assert explanation.prediction == pytest.approx(predicted, abs=1e-6)
    assert explanation.baseline == pytest.approx(prior, abs=1e-6)


def test_values_of_modalities_are_the_mean_gains_over_all_orders(three):
    model, X, complete = three
    row = X.iloc[[complete[0]]]
    explanation = explain_row(model, row, parts=False)
    place = list(model.classes_).index(explanation.target)
    columns = {name: some for name, _, some in model.modalities_}

    def value(seen):
        hidden = sum([columns[one] for one in columns if one not in seen], [])
        empty = {c: np.nan if row[c].dtype.kind == "f" else None for c in hidden}
        some = row.assign(**empty).astype(row.dtypes.to_dict())
        return model.predict_proba(some)[0, place]

    gains = dict.fromkeys(columns, 0.0)
    orders = list(itertools.permutations(columns))
    for order in orders:
        for i, name in enumerate(order):
            gain = value(order[: i + 1]) - value(order[:i])
            gains[name] += gain / len(orders)
    assert [one.name for one in explanation.modalities] == list(columns)
    assert not any(one.parts for one in explanation.modalities)
    for one in explanation.modalities:
        assert one.value == pytest.approx(gains[one.name], abs=1e-9)


def test_many_modalities_and_folds():
    X, y = make_multimodal_classification(n_samples=150, n_text=1, random_state=0)
    modalities = [(c, "text" if c == "text_0" else "tabular", [c]) for c in X]
    assert len(modalities) > 5
    model = MultimodalClassifier(
        modalities, heads=["linear"], validation=3, random_state=0
    )
    explanation = explain_row(model.fit(X, y), X, 1, max_evaluations=32)
    check_sums(explanation)
    assert explanation.prediction == pytest.approx(model.predict_proba(X[1:2]).max())
    assert len(find(explanation, "words")) > 1


@pytest.mark.parametrize("n", [0, 2, 3, 6])
def test_contexts_weigh_gains_as_shapley_values_do(n):
    members, weights = draw_contexts(n, np.random.RandomState(0))
    assert weights.sum() == pytest.approx(1)
    # Of a game that adds up each player joins half of the others on average.
    assert weights @ members == pytest.approx(np.full(n, 0.5))


def test_the_planted_word_is_on_top(reviews):
    model, X, y = reviews
    for row in range(5):
        explanation = explain_row(model, X, row)
        check_sums(explanation)
        assert find(explanation, "modality").idxmax() == "text"
        assert find(explanation, "words").idxmax() == ["awful", "lovely"][y[row]]
    # Against the other class it speaks as much.
    other = explain_row(model, X, 0, target=1 - y[0])
    assert find(other, "words").idxmin() == ["awful", "lovely"][y[0]]
    assert other.target == 1 - y[0]
    assert other.predicted == y[0]


def test_the_planted_region_of_a_picture_is_on_top(photos):
    model, X, y = photos
    row = int(np.flatnonzero(y == 1)[0])
    explanation = explain_row(model, X, row, grid=4)
    check_sums(explanation)
    regions = find(explanation, "region")
    assert len(regions) == 3 * 4
    # The corner is 12 x 8 pixels, and a region 8 x 8: one lies in it, one half.
    assert regions.idxmax() == "rows 16–24, columns 0–8"
    assert regions.sort_values().index[-2] == "rows 8–16, columns 0–8"


def test_the_planted_stretch_of_a_sound_is_on_top():
    rng = np.random.RandomState(0)
    y = np.arange(30) % 2
    samples = 0.01 * rng.normal(size=(30, 4000))
    beep = 0.8 * np.sin(2 * np.pi * 900 * np.arange(500) / 8000)
    samples[y == 1, 2000:2500] += beep
    cells = [(some.astype(np.float32), 8000) for some in samples]
    X = pd.DataFrame({"sound": pd.Series(cells, dtype=object)})
    sound = AudioVectorizer(("mfcc",), rate=8000)
    model = MultimodalClassifier([("sound", sound, "sound")], heads=["linear"])
    explanation = explain_row(model.fit(X, y), X, 1, max_evaluations=32)
    check_sums(explanation)
    stretches = find(explanation, "stretch")
    assert len(stretches) == 8
    assert stretches.idxmax() == "0.25–0.31 s"
    assert "<svg" in explanation._repr_html_()


def test_the_column_that_tells_is_on_top():
    X, y = make_multimodal_regression(n_samples=200, signal="tabular", random_state=0)
    X = X.assign(twice=2 * y)
    model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, y)
    row = int(np.argmax(y))
    explanation = explain_row(model, X, row)
    check_sums(explanation)
    assert find(explanation, "column").idxmax() == "twice"
    assert explanation.scale == "value"
    assert explanation.prediction == pytest.approx(model.predict(X)[row])


# -- what is there, and what is not --------------------------------------------------


def test_what_the_row_lacks_is_missing(three):
    model, X, complete = three
    row = X.iloc[[complete[1]]].copy()
    row["text_0"], row["num_0"] = None, np.nan
    row = row.astype(X.dtypes.to_dict())
    explanation = explain_row(model, row, max_evaluations=40)
    check_sums(explanation)
    frame = explanation.to_frame()
    missing = frame[frame["missing"]].fillna("")
    places = zip(missing["modality"], missing["column"])
    assert set(places) == {("title", ""), ("title", "text_0"), ("facts", "num_0")}
    assert (missing["value"] == 0).all()
    assert "title  missing" in repr(explanation)
    assert "missing" in explanation._repr_html_()


def test_a_row_without_anything_gets_the_baseline(three):
    model, X, _ = three
    row = X.iloc[[0]].reindex([-1]).astype(X.dtypes.to_dict())
    explanation = explain_row(model, row)
    assert explanation.prediction == explanation.baseline
    assert explanation.to_frame()["missing"].all()


def test_a_modality_that_is_not_looked_into_has_its_own_value():
    rng = np.random.RandomState(0)
    y = np.arange(60) % 2
    X = pd.DataFrame({"wave": pd.Series(list(rng.normal(size=(60, 30)) + y[:, None]))})
    X["size"] = rng.normal(size=60)
    model = MultimodalClassifier(heads=["linear"], pretrained=False).fit(X, y)
    explanation = explain_row(model, X, 0)
    check_sums(explanation)
    parts = {one.name: one.parts for one in explanation.modalities}
    other = next(name for name in parts if name != "tabular")
    assert parts[other] == []
    assert len(explanation._repr_html_()) > 100


def test_only_the_row_is_read_by_its_place(reviews, as_library):
    model, X, _ = reviews
    expected = explain_row(model, X, 7).to_frame()
    broken = X.copy()
    broken.loc[0, "review"] = None
    broken.index = [f"r{i}" for i in range(len(X))]
    explanation = explain_row(model, as_library(broken), 7)
    pd.testing.assert_frame_equal(explanation.to_frame(), expected)
    last = explain_row(model, as_library(X), -1).to_frame()
    pd.testing.assert_frame_equal(last, explain_row(model, X, len(X) - 1).to_frame())


def test_the_same_seed_gives_the_same_values_and_leaves_the_rows_alone(reviews):
    model, X, _ = reviews
    before = X.copy()
    frames = [explain_row(model, X, 3, random_state=5).to_frame() for _ in range(2)]
    pd.testing.assert_frame_equal(*frames)
    pd.testing.assert_frame_equal(X, before)


def test_words_of_scikit_learns_vectorizers_too(reviews):
    _, X, y = reviews
    modalities = [("review", TfidfVectorizer(), "review")]
    model = MultimodalClassifier(modalities, heads=["linear"]).fit(X, y)
    explanation = explain_row(model, X, 4)
    check_sums(explanation)
    assert find(explanation, "words").idxmax() == ["awful", "lovely"][y[4]]


def test_words_of_long_texts_are_taken_together(reviews):
    model, X, _ = reviews
    text = " ".join(FILLERS * 10 + ["lovely"] + FILLERS * 10)
    row = X.iloc[[0]].assign(review=text)
    explanation = explain_row(model, row, target=1, max_evaluations=64)
    check_sums(explanation)
    words = find(explanation, "words")
    assert len(words) <= 16
    assert "lovely" in words.idxmax()
    assert " ".join(words.index) == text


def test_a_pipeline_and_a_search_are_opened(reviews):
    model, X, y = reviews
    expected = explain_row(model, X, 2).to_frame()
    pipeline = make_pipeline(FunctionTransformer(), model)
    pd.testing.assert_frame_equal(explain_row(pipeline, X, 2).to_frame(), expected)
    search = GridSearchCV(
        MultimodalClassifier(heads=["linear"], random_state=0), {"width": [8]}, cv=2
    )
    check_sums(explain_row(search.fit(X, y), X, 2))


def test_several_outputs_are_explained_one_by_one(reviews):
    _, X, y = reviews
    labels = np.column_stack([y, 1 - y])
    model = MultimodalClassifier(heads=["linear"], random_state=0).fit(X, labels)
    with pytest.raises(ValueError, match="predicts 2 outputs.*pass output="):
        explain_row(model, X)
    for output in (0, 1):
        explanation = explain_row(model, X, 0, output=output, target=1)
        check_sums(explanation)
        expected = model.predict_proba(X[:1])[0, output]
        assert explanation.prediction == pytest.approx(expected)
    numbers = labels * [1.0, 10.0]
    model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, numbers)
    explanation = explain_row(model, X, 0, output=1)
    assert explanation.prediction == pytest.approx(model.predict(X[:1])[0, 1])
    names = np.array(["no", "yes", "maybe"], dtype=object)
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    model.fit(X, np.column_stack([names[y], names[y + 1]]))
    explanation = explain_row(model, X, 0, output=1, target="maybe")
    check_sums(explanation)
    place = list(model.classes_[1]).index("maybe")
    expected = model.predict_proba(X[:1])[1][0, place]
    assert explanation.prediction == pytest.approx(expected)


# -- how it is shown -----------------------------------------------------------------


def test_the_page_is_whole_in_itself_and_escapes_what_users_wrote(reviews, photos):
    model, X, _ = reviews
    row = X.iloc[[0]].assign(review="<script>alert(1)</script> lovely & <b>bold</b>")
    told = explain_row(model, row)._repr_html_()
    assert "<script" not in told
    assert "&lt;script&gt;" in told
    assert ">lovely</span>" in told
    told = explain_row(photos[0], photos[1])._repr_html_()
    assert told.count('src="data:image/png;base64,') == 2
    assert "http" not in re.sub(r'base64,[^"]*', "", told)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium is installed")
def test_a_browser_shows_the_page_without_complaint(reviews, photos, tmp_path):
    path = tmp_path / "row.html"
    shown = [explain_row(model, X)._repr_html_() for model, X, _ in (reviews, photos)]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}">'
    )
    path.write_text(f"{head}<title>rows</title>{''.join(shown)}", encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'user'}", "--enable-logging=stderr"]
    command += ["--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Row 0: predicted" in done.stdout
    assert "CONSOLE" not in done.stderr


def test_the_printed_explanation_names_the_parts_that_matter(reviews):
    model, X, y = reviews
    lines = repr(explain_row(model, X, 1)).splitlines()
    assert lines[0].startswith(f"Row 1: predicted {y[1]} (probability of {y[1]} ")
    assert ["awful", "lovely"][y[1]] in lines[1] + lines[2]


def test_the_plot_leads_from_the_baseline_to_the_prediction(three):
    pytest.importorskip("matplotlib").use("Agg")
    model, X, complete = three
    explanation = explain_row(model, X, complete[0], parts=False)
    ax = explanation.plot()
    first, *_, last = ax.patches
    ends = first.get_x(), first.get_x() + first.get_width()
    assert explanation.baseline == pytest.approx(
        ends[0] if explanation.modalities[0].value >= 0 else ends[1]
    )
    end = last.get_x() + (
        last.get_width() if explanation.modalities[-1].value >= 0 else 0
    )
    assert end == pytest.approx(explanation.prediction)
    ax.figure.clear()


# -- what cannot be ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"row": 300}, "row=300 is not there: X has 300 rows"),
        ({"target": "lovely"}, "target='lovely' is not a class.*they are"),
        ({"output": 1}, "output=1 is not there"),
        ({"head": "fused"}, "head='fused' is not a head"),
        ({"parts": ["txt"]}, "no modality 'txt'.*text"),
        ({"scale": "odds"}, "'scale' parameter"),
        ({"grid": 0}, "'grid' parameter"),
    ],
)
def test_what_is_not_there_is_named(reviews, options, message):
    model, X, _ = reviews
    with pytest.raises(ValueError, match=message):
        explain_row(model, X, **options)


def test_other_estimators_are_refused(reviews):
    _, X, y = reviews
    with pytest.raises(NotFittedError):
        explain_row(MultimodalClassifier(), X)
    other = LogisticRegression().fit(X[["size"]], y)
    with pytest.raises(TypeError, match="explain_row looks into a Multimodal"):
        explain_row(other, X[["size"]])
    model = MultimodalRegressor(heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match="predicts numbers. Leave it out"):
        explain_row(model, X, target=1)
