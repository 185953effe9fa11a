"""What an exported model makes of raw rows, beside the estimator that it was."""

import io

import numpy as np
import pandas as pd
import pytest

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._export._inputs import graph_inputs
from skmm._export._preprocessing import make_files
from skmm.encoders import ImageEncoder, TabularEncoder, TextEncoder
from skmm.modalities import DateReader, DurationReader, NumberReader
from skmm.runtime import RuntimeModel, load
from skmm.runtime._files import ARRAYS, DESCRIPTION, parse

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

WORDS = np.array(["good", "bad", "fit", "dress", "blue", "quality", "size", "poor"])
#: Cells that are read alike whatever stands in the other rows of their column.
HOSTILE = {
    "age": [
        *(None, float("nan"), 0, -0.0, 1e308, -1e308, 1e-320, 5, 5.5, "17", "1e5"),
        *("(5)", "n/a", "?", " 12 ", "٣٤", True, "-3", 2**70, "½", "five", "12 kg"),
        "7" * 50_000 + "x",
    ],
    "price": ["1,234.00 €", "€5", "12.50 €", "(7.00 €)", "N/A", None, "", "1e3 €", 3.2],
    "colour": [
        *(
            "red",
            "RED",
            " red ",
            "new",
            None,
            "",
            "n/a",
            "unknown",
            1,
            1.0,
            True,
            "1.0",
        ),
        *("é", "e\u0301", float("nan"), "\uffff", [1], 1e30, "x" * 999, "\ud800"),
    ],
    "code": ["c5", "c17", "c999", None, 7],
    "flag": ["yes", "NO", "Ja", "1", 1, 0, True, False, "maybe", None, "", 2, "✓"],
    "day": [
        *("2020-05-01", "31.12.2021", "2020-05-01T10:11:12", "0000-00-00", None, ""),
        *("n/a", "Jan 5, 2021", "2020-W05", "1700-01-01", "9999-12-31", "no day"),
    ],
    "hour": ["10:15", "9:30 pm", None, "n/a"],
    "took": ["1 h 30 min", "00:00:05", "PT1H", None, "-", "long"],
    "review": [
        *("", "  ", "\n\t", "Good!!! :) dress", "dress " * 500, "ÄÖÜ straße ﬁt ①"),
        *(
            "これはテストです",
            "ภาษาไทย ดี",
            "مرحبا بالعالم",
            "שָׁלוֹם",
            "👍🏽 great 👩‍👩‍👧",
        ),
        *("a\u0301 e\u0301", "\u200bgood\u200d fit", "C++ vs C#", "-5 < 3 $20"),
        *("\ud800 half", "\x00 nul", "good fit", "x" * 20000, None, 5, 5.0, True),
        *("ı İ ǅ", "n/a", float("nan")),
    ],
}
FACTS = [name for name in HOSTILE if name != "review"]
READERS = {
    "age": NumberReader(errors="missing", infinite="missing"),
    "price": "number",
    "code": "category",
    "flag": "flag",
    "day": DateReader(errors="missing"),
    "hour": "time",
    "took": DurationReader(errors="missing"),
}


def make_frame(n_rows, seed=0):
    """Return rows as a fit has them."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2020-01-13") + pd.to_timedelta(
        rng.integers(0, 900, n_rows), "D"
    )
    texts = [" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(n_rows)]
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n_rows).astype(float),
            "price": [f"{x:,.2f} €" for x in rng.gamma(2, 50, n_rows)],
            "colour": rng.choice(["red", "blue", "green", "1", "é"], n_rows),
            "code": [f"c{i % 300}" for i in range(n_rows)],
            "flag": rng.choice(["yes", "no"], n_rows),
            "day": days.strftime("%Y-%m-%d"),
            "hour": [f"{h}:{m:02}" for h, m in rng.integers(0, [24, 60], (n_rows, 2))],
            "took": [f"{h} h {m} min" for h, m in rng.integers(1, 50, (n_rows, 2))],
            "review": texts,
        }
    )
    return frame.mask(rng.random(frame.shape) < 0.05).astype(object)


def draw_rows(n_rows):
    """Return rows of cells that no fit has seen, some of them blank."""
    rng = np.random.default_rng(1)
    rows = [
        {name: cells[rng.integers(len(cells))] for name, cells in HOSTILE.items()}
        for _ in range(n_rows)
    ]
    rows[::50] = [dict.fromkeys(HOSTILE) for _ in rows[::50]]
    return rows


def fit_all():
    """Return a classifier of all that the runtime reads, with all heads, and rows."""
    rng, n_rows = np.random.default_rng(0), 200
    X = make_frame(n_rows)
    X["name"] = [f"Item-{rng.integers(10**6)}{one}" for one in X["colour"]]
    X["photo"] = [as_png(rng, i % 40) if i % 9 else None for i in range(n_rows)]
    X["vector"] = [rng.normal(size=270).tolist() for _ in range(n_rows)]
    X.loc[5:9, "vector"] = None
    X["unused"] = 1
    y = np.where(X["review"].fillna("").str.contains("good"), "good", "other")
    y = np.where(X["age"].fillna(0).astype(float) > 60, "old", y)
    modalities = [
        ("facts", TabularEncoder(readers=READERS), FACTS),
        ("text", "text", ["review", "code"]),
        ("words", TextEncoder("cnn", hidden=8, max_length=20), ["review", "code"]),
        ("names", "text", "name"),
        ("photo", ImageEncoder(size=12, background=(9, 9, 9)), "photo"),
        ("vector", "vector", ["vector"]),
    ]
    model = MultimodalClassifier(
        modalities, max_epochs=1, width=8, validation=None, random_state=0
    )
    return model.fit(X, y), X


def fit_weighed():
    """Return a regressor in three folds, with weights, and rows.

    Its categories become means of the target, and texts their main directions.
    """
    X = make_frame(600, seed=2)
    y = X["age"].fillna(40).astype(float) + np.arange(600) % 300
    modalities = [
        ("facts", TabularEncoder(readers=READERS), FACTS),
        ("text", "text", "review"),
    ]
    model = MultimodalRegressor(
        modalities, heads=["linear", "boosting"], validation=3, random_state=0
    )
    return model.fit(X, y, sample_weight=np.linspace(0.1, 2, 600)), X


def as_png(rng, i):
    """Return a picture as a file: large or small, with or without colour, opacity."""
    n_channels = (3, 4, 1, 2)[i % 4]
    pixels = rng.integers(0, 256, (10 + i, 50, n_channels)).astype(np.uint8)
    image, file = Image.fromarray(pixels.squeeze()), io.BytesIO()
    if n_channels == 3 and i % 3:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned
        image.save(file, "JPEG", exif=exif)
    else:
        image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module", params=[fit_all, fit_weighed])
def described(request):
    """Return an estimator, what an exported one makes of rows, and 1,000 rows."""
    estimator, X = request.param()
    files = make_files(estimator)
    description = parse(files[DESCRIPTION], files[ARRAYS])
    rows = X.to_dict("records") * 5
    rows = [{**row, **more} for row, more in zip(rows, draw_rows(1000))]
    rows[-1] = dict.fromkeys(rows[-1])
    return estimator, RuntimeModel(description), rows


@pytest.fixture(
    scope="module",
    params=[pytest.param(fit_all, marks=pytest.mark.slow), fit_weighed],
)
def exported(request, tmp_path_factory):
    """Return an estimator, its exported form, and rows."""
    estimator, X = request.param()
    path = tmp_path_factory.mktemp("exported") / "model"
    skmm.export(estimator, path)
    rows = X.to_dict("records") * 5
    rows = [{**row, **more} for row, more in zip(rows, draw_rows(1000))]
    return estimator, load(path), rows


def as_frame(model, rows):
    return pd.DataFrame(rows, columns=list(model.columns), dtype=object)


@pytest.mark.filterwarnings("ignore:Column")
def test_arrays_are_those_of_the_estimator(described):
    estimator, model, rows = described
    wanted = graph_inputs(estimator, as_frame(model, rows))
    made = model.preprocess(rows)
    for name, array in wanted.items():
        assert made[name].dtype == array.dtype and made[name].shape == array.shape, name
        if array.dtype.kind == "f":
            np.testing.assert_allclose(made[name], array, 1e-6, 1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(made[name], array, err_msg=name)


@pytest.mark.filterwarnings("ignore:Column")
def test_predictions_are_those_of_the_estimator(exported):
    estimator, model, rows = exported
    frame = as_frame(model, rows)
    wanted, found = estimator.predict(frame), model.predict(rows)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    if hasattr(estimator, "classes_"):
        np.testing.assert_array_equal(model.classes_, estimator.classes_)
        wanted, found = estimator.predict_proba(frame), model.predict_proba(rows)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:Column")
def test_a_row_does_not_depend_on_the_others(exported):
    _, model, rows = exported
    together = model.predict(rows[-20:])
    alone = [model.predict([row])[0] for row in rows[-20:]]
    if together.dtype.kind == "f":
        np.testing.assert_allclose(together, alone, rtol=1e-6)
    else:
        np.testing.assert_array_equal(together, alone)
