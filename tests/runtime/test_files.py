"""A folder that is not as it was written, and what is not written at all."""

import base64
import json
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

import skmm
from skmm import MultimodalClassifier
from skmm._export._preprocessing import make_files
from skmm.encoders import ImageEncoder, TabularEncoder, TextEncoder
from skmm.modalities import NumberReader
from skmm.runtime import RowError, RuntimeFileError, load
from skmm.runtime._files import ARRAYS, DESCRIPTION, parse

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.integers(18, 80, 60), "size": list("SML") * 20})
    X["review"] = ["good fit", "bad fit", "good colour", "bad colour"] * 15
    return X, np.where(X["age"] > 40, "old", "young")


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    """Return the folder of a model of numbers, categories and texts."""
    path = tmp_path_factory.mktemp("exported") / "model"
    modalities = [("facts", "tabular", ["age", "size"]), ("text", "text", "review")]
    model = MultimodalClassifier(modalities, heads=["linear", "boosting"])
    skmm.export(model.fit(*data), path)
    return path


@pytest.fixture(scope="module")
def model(folder):
    return load(folder)


def test_columns_and_classes(model):
    assert model.columns == {"age": "number", "size": "category", "review": "text"}
    assert model.classes_.tolist() == ["old", "young"]


def test_rows_and_columns_are_the_same(model, data):
    X, _ = data
    wanted = model.predict_proba(X.to_dict("records"))
    np.testing.assert_array_equal(model.predict_proba(X.to_dict("list")), wanted)
    as_json = json.loads(X.to_json(orient="records"))
    np.testing.assert_array_equal(model.predict_proba(as_json), wanted)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"agee": 3}], "Column 'agee', row 0: .* Did you mean 'age'?"),
        ([{}, {"age": "many"}], "Column 'age', row 1: 'many' cannot be read as a num"),
        ([{"age": "5 %"}], "Column 'age', row 0: '5 %' is in '%', and the column was"),
        ([{"age": 1e400}], "Column 'age', row 0: inf is infinite"),
        ([{"review": ["a", "b"]}], "Column 'review', row 0: .* is not a text"),
        ([], "There are no rows"),
        ("age", "Rows are a list with a dict for each row"),
        ({"age": 3}, "Column 'age': int, where a dict of columns has a list"),
        ({"age": [1], "size": []}, "Columns differ in their number of rows"),
        ({"age": [1]}, "Columns .* are missing"),
    ],
)
def test_errors_name_column_and_row(model, rows, message):
    with pytest.raises(RowError, match=message):
        model.predict(rows)


@pytest.mark.parametrize("name", ["model.onnx", DESCRIPTION, ARRAYS, "SHA256SUMS"])
def test_a_changed_byte_is_refused(folder, tmp_path, name):
    path = shutil.copytree(folder, tmp_path / "copy")
    content = bytearray((path / name).read_bytes())
    content[len(content) // 3] ^= 1
    (path / name).write_bytes(content)
    with pytest.raises(RuntimeFileError, match="is not as it was written"):
        load(path)
    (path / name).unlink()
    with pytest.raises(RuntimeFileError, match=f"it has no {name}"):
        load(path)


def test_descriptions_that_were_tampered_with_are_refused(folder):
    """With their hashes made anew: a named error, or finite arrays."""
    arrays = (folder / ARRAYS).read_bytes()
    text = (folder / DESCRIPTION).read_text()
    found, rng = json.loads(text), np.random.default_rng(0)
    rows = [{"age": 30, "size": "M", "review": "good fit"}, {}]
    n_refused = 0
    for _ in range(300):
        changed = _change(json.loads(text), rng)
        try:
            made = skmm.runtime.RuntimeModel(parse(json.dumps(changed), arrays))
            made.preprocess(rows)
        except (RuntimeFileError, RowError):
            n_refused += 1
    assert n_refused > 100
    for changes, message in [({"schema": 9}, "schema 9"), ({"format": "x"}, "format")]:
        with pytest.raises(RuntimeFileError, match=message):
            parse(json.dumps({**found, **changes}), arrays)
    with pytest.raises(RuntimeFileError, match="damaged"):
        parse(text, arrays[: len(arrays) // 2])


def _change(value, rng):
    """Return a value of JSON with something in it that does not belong there."""
    if isinstance(value, (dict, list)) and value and rng.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = keys[rng.integers(len(keys))]
        value[key] = _change(value[key], rng)
        return value
    others = [None, -1, 2**40, "x", [], {}, True, 0.5, ["x"], {"__array__": "0"}]
    return others[rng.integers(len(others))]


def test_what_the_runtime_lacks_is_refused_by_name(data):
    X, y = data
    X = X.assign(curve=[np.arange(9.0) + i for i in range(60)])
    pixels = ImageEncoder(shape=(1, 2))
    X["age2"] = X["age"]

    class OwnReader(NumberReader):
        pass

    for encoder, columns, message in [
        ("series", "curve", "Modality 'it' is read by SeriesVectorizer"),
        (StandardScaler(), ["age"], "Modality 'it' is read by StandardScaler"),
        (TextEncoder("cnn", tokenizer="bpe"), "review", "tokenizer='bpe'"),
        (pixels, ["age", "age2"], "Modality 'it' has its pixels in columns"),
        (TabularEncoder(readers={"age": OwnReader()}), ["age"], "Column 'age' is read"),
    ]:
        model = MultimodalClassifier(
            [("it", encoder, columns)], heads=["fused"], max_epochs=1, width=8
        )
        with pytest.raises(ValueError, match=message):
            make_files(model.fit(X, y))


_ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
import skmm.runtime
model = skmm.runtime.load({path!r})
print(model.predict([{{"age": 70, "size": "M", "review": "good"}}])[0])
"""


def test_it_needs_numpy_and_onnxruntime_alone(folder):
    blocked = {"torch", "sklearn", "pandas", "scipy", "joblib", "skorch", "skrub"}
    code = _ALONE.format(blocked=blocked | {"PIL", "onnx"}, path=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "old", done.stderr


def test_pictures_are_content_and_never_paths(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    photos = [np.full((9, 9, 3), 20 * i, np.uint8) for i in range(12)]
    estimator = MultimodalClassifier(
        [("photo", ImageEncoder(size=8), "photo")], max_epochs=1, width=8
    )
    X = pd.DataFrame({"photo": photos})
    files = make_files(estimator.fit(X, [0, 1] * 6))
    model = skmm.runtime.RuntimeModel(parse(files[DESCRIPTION], files[ARRAYS]))
    Image.fromarray(photos[1]).save(tmp_path / "one.png")
    content = (tmp_path / "one.png").read_bytes()
    written = base64.b64encode(content).decode()
    cells = [photos[1], content, written, f"data:image/png;base64,{written}", None]
    made = model.preprocess({"photo": cells})
    assert made["photo.present"].tolist() == [True] * 4 + [False]
    assert all(
        (one == made["photo.pixels"][0]).all() for one in made["photo.pixels"][:4]
    )
    for cell in (str(tmp_path / "one.png"), "http://localhost/one.png", content[:40]):
        with pytest.raises(RowError, match="Column 'photo', row 1: "):
            model.preprocess([{}, {"photo": cell}])


def test_cells_that_are_lost_are_told(data):
    X, y = data
    model = MultimodalClassifier(
        [
            (
                "it",
                TabularEncoder(readers={"age": NumberReader(errors="missing")}),
                "age",
            )
        ],
        heads=["linear"],
    )
    files = make_files(model.fit(X, y))
    made = skmm.runtime.RuntimeModel(parse(files[DESCRIPTION], files[ARRAYS]))
    with pytest.warns(UserWarning, match="Column 'age', row 1: 'many' .* for missing"):
        arrays = made.preprocess([{"age": 3}, {"age": "many"}])
    assert arrays["it.present"].tolist() == [True, False]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.preprocess([{"age": "n/a"}, {"age": None}])
