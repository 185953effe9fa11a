"""A graph predicts what its estimator does, and is written whole or not at all."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from hostile_rows import make_hostile
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import skmm
from skmm import MultimodalClassifier, MultimodalMultitask, MultimodalRegressor
from skmm._export._inputs import graph_inputs
from skmm.encoders import (
    ImageEncoder,
    ModuleEncoder,
    SeriesEncoder,
    TabularEncoder,
    TextEncoder,
)
from skmm.fusion import FUSIONS

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

SOLVED = ["linear", "boosting"]
N_ROWS = 240


def make_frame(n_rows=N_ROWS, seed=0):
    rng = np.random.default_rng(seed)
    words = ["good", "bad", "red", "blue", "dress", "shirt", "fine", "poor", "size"]
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 10, n_rows),
            "stars": rng.integers(0, 5, n_rows).astype(float),
            "size": rng.choice(list("SMLX"), n_rows),
            "city": rng.choice([f"city {i}" for i in range(20)], n_rows),
            "review": [
                " ".join(rng.choice(words, rng.integers(3, 12))) for _ in range(n_rows)
            ],
        }
    )
    frame.loc[::7, "age"] = np.nan
    frame.loc[::5, "review"] = None
    frame.loc[3::11, "city"] = None
    return frame


def make_score(frame):
    good = frame["review"].fillna("").str.contains("good")
    score = (frame["age"].fillna(40) - 40) / 10 + 2 * good + (frame["size"] == "M")
    rng = np.random.default_rng(1)
    return (score + frame["city"].isna() + rng.normal(0, 0.3, len(frame))).to_numpy()


@pytest.fixture(scope="module")
def frame():
    return make_frame()


@pytest.fixture(scope="module")
def score(frame):
    return make_score(frame)


@pytest.fixture(scope="module")
def small(frame, score):
    """The model that is quickest to write."""
    return fit(MultimodalClassifier(heads=["linear"]), frame, score > 1)


def fit(model, X, y, **kwargs):
    model.set_params(random_state=0, pretrained=False)
    return model.fit(X, y, **kwargs)


def run(model, path):
    """Return what the graph gives for rows, by the names of its outputs."""
    skmm.export(model, path, preprocessing=False)
    session = onnxruntime.InferenceSession(path / "model.onnx")
    return lambda X: dict(
        zip(
            (one.name for one in session.get_outputs()),
            session.run(None, graph_inputs(model, X)),
        )
    )


def assert_same(model, outputs, X):
    """Compare a classifier's probabilities and labels."""
    expected = model.predict_proba(X)
    if isinstance(expected, list):
        found = [outputs[f"probabilities.{j}"] for j in range(len(expected))]
    else:
        expected, found = [expected], [outputs["probabilities"]]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6, rtol=0)
    classes = model._targets.classes
    labels = [known[codes] for known, codes in zip(classes, outputs["labels"].T)]
    np.testing.assert_array_equal(np.column_stack(labels).squeeze(), model.predict(X))


def make_targets(score):
    three = np.array(["low", "middle", "high"])[np.digitize(score, [0.5, 1.5])]
    return {
        "multiclass": three,
        "multilabel": np.column_stack([score > 0, score > 1, score > 2]).astype(int),
        "multioutput": np.column_stack([three, np.where(score > 1, "yes", "no")]),
        "ordinal": np.digitize(score, [0, 1, 2]),
    }


@pytest.mark.parametrize("target", ["multilabel", "multioutput", "ordinal"])
def test_linear_head_and_trees_predict_hostile_rows(target, frame, score, tmp_path):
    loss = "ordinal" if target == "ordinal" else "log_loss"
    model = MultimodalClassifier(heads=SOLVED, loss=loss)
    model = fit(model, frame, make_targets(score)[target])
    hostile = make_hostile(frame)
    assert_same(model, run(model, tmp_path / "model")(hostile), hostile)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "quantile", "quantile": [0.1, 0.3, 0.7, 0.9]},
        {"loss": "poisson"},
    ],
    ids=["quantile", "poisson"],
)
def test_numbers_of_hostile_rows(options, frame, score, tmp_path):
    y = np.exp(score) * 1e5
    model = fit(MultimodalRegressor(heads=SOLVED, **options), frame, y)
    hostile = make_hostile(frame)
    outputs = run(model, tmp_path / "model")(hostile)
    pairs = [(outputs["predictions"][:, 0], model.predict(hostile))]
    if "quantile" in options:
        pairs.append((outputs["quantiles"].squeeze(), model.predict_quantiles(hostile)))
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * y.std())


def test_weights_and_folds(frame, score, tmp_path):
    # With weights numbers are rounded before the trees; each fold has trees of its own.
    weight = np.random.default_rng(0).uniform(1, 2, len(frame))
    model = MultimodalClassifier(heads=SOLVED, validation=3)
    model = fit(model, frame, score > 1, sample_weight=weight)
    hostile = make_hostile(frame)
    assert_same(model, run(model, tmp_path / "model")(hostile), hostile)


def test_two_outputs_of_any_magnitude(frame, score, tmp_path):
    y = np.column_stack([score * 1e-200, score * 1e300])
    model = fit(MultimodalRegressor(heads=["linear"]), frame, y)
    outputs = run(model, tmp_path / "model")(frame)
    np.testing.assert_allclose(outputs["predictions"], model.predict(frame), rtol=1e-9)


def test_all_heads_by_batches_of_any_size(frame, score, tmp_path):
    model = fit(MultimodalClassifier(max_epochs=3, width=16), frame, score > 1)
    assert set(model.head_weights_) == {"fused", "wide", "linear", "boosting"}
    predict = run(model, tmp_path / "model")
    hostile = make_hostile(frame)
    assert_same(model, predict(hostile), hostile)
    # The first rows are blank.
    for rows in (slice(0, 1), slice(7, 8), slice(0, 5), slice(30, 32)):
        assert_same(model, predict(hostile[rows]), hostile[rows])


def test_rows_are_read_without_skmm(small, frame, tmp_path):
    runtime = pytest.importorskip("skmm.runtime")
    skmm.export(small, tmp_path / "model")
    loaded = runtime.load(tmp_path / "model")
    rows = [
        {name: None if pd.isna(cell) else cell for name, cell in row.items()}
        for row in make_hostile(frame, 50).to_dict("records")
    ]
    expected = small.predict_proba(pd.DataFrame(rows).astype(frame.dtypes))
    np.testing.assert_allclose(loaded.predict_proba(rows), expected, atol=1e-6)


def test_folder_says_what_is_in_it(small, tmp_path):
    path = tmp_path / "model"
    skmm.export(small, path, preprocessing=False)
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["classes"] == [[False, True]]
    assert manifest["target"] == "binary"
    assert manifest["versions"]["skmm"] == skmm.__version__
    session = onnxruntime.InferenceSession(path / manifest["graph"])
    inputs = json.loads((path / "inputs.json").read_text())
    assert [one["name"] for one in inputs] == [one.name for one in session.get_inputs()]
    for line in (path / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((path / name).read_bytes()).hexdigest() == digest
        assert manifest["sha256"].get(name, digest) == digest


def test_folder_stays_whole_if_an_export_fails(small, tmp_path, monkeypatch):
    path = tmp_path / "model"
    skmm.export(small, path, preprocessing=False)
    before = {one.name: one.read_bytes() for one in path.iterdir()}

    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="the disk is full"):
        skmm.export(small, path, preprocessing=False)
    monkeypatch.undo()
    assert {one.name: one.read_bytes() for one in path.iterdir()} == before
    assert list(tmp_path.iterdir()) == [path]
    skmm.export(small, path, preprocessing=False)  # takes the place of the one before


def test_folder_of_others_is_not_replaced(small, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="does not hold a model"):
        skmm.export(small, tmp_path, preprocessing=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_what_cannot_be_exported_is_named(small, frame, score, tmp_path):
    path = tmp_path / "model"
    with pytest.raises(ValueError, match="neither 'onnx' nor 'torch'"):
        skmm.export(small, path, "tensorflow")
    with pytest.raises(NotFittedError):
        skmm.export(MultimodalClassifier(), path)
    with pytest.raises(TypeError, match=r"Export its last step, pipeline\[-1\]"):
        skmm.export(make_pipeline(small), path)
    with pytest.raises(ValueError, match=r"\['linear'\] are not. Fit with heads="):
        skmm.export(small, path, "torch")
    tasks = pd.DataFrame({"one": score > 1, "two": score})
    several = MultimodalMultitask(heads=["linear"], random_state=0).fit(frame, tasks)
    with pytest.raises(ValueError, match="MultimodalMultitask cannot be exported"):
        skmm.export(several, path)
    forest = RandomForestClassifier(5, random_state=0)
    model = fit(MultimodalClassifier(heads=[("forest", forest)]), frame, score > 1)
    with pytest.raises(
        ValueError, match="head 'forest' cannot be exported.*'boosting'"
    ):
        skmm.export(model, path)
    modalities = [("text", TextEncoder("lstm"), ["review"])]
    model = MultimodalClassifier(modalities, heads=["fused"], max_epochs=1, width=8)
    model = fit(model, frame, score > 1)
    with pytest.raises(ValueError, match=r"Modality 'text' cannot.*backbone='lstm'"):
        skmm.export(model, path, "torch")
    assert not path.exists()


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_fusions(fusion, frame, score, tmp_path):
    model = MultimodalClassifier(
        fusion=fusion, heads=["fused"], max_epochs=2, width=8, random_state=0
    )
    model = fit(model, frame, make_targets(score)["multiclass"])
    hostile = make_hostile(frame)
    predict = run(model, tmp_path / "model")
    for rows in (hostile, hostile[6:7]):
        assert_same(model, predict(rows), rows)


ENCODERS = {
    "text cnn": ("review", TextEncoder("cnn")),
    "text lstm": ("review", TextEncoder("lstm", n_layers=2)),
    "text gru": ("review", TextEncoder("gru")),
    "text transformer": ("review", TextEncoder("transformer")),
    "table members": (["age", "city"], TabularEncoder(n_members=4)),
    "table resnet": (["city"], TabularEncoder("resnet")),
    "table transformer": (["age", "city"], TabularEncoder("ft_transformer")),
    "picture cnn": ("photo", ImageEncoder("cnn", size=16)),
    "picture vit": ("photo", ImageEncoder("vit", size=16)),
    "series cnn": ("pulse", SeriesEncoder()),
    "series lstm": ("pulse", SeriesEncoder("lstm")),
    "series transformer": ("pulse", SeriesEncoder("transformer", missing="mask")),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", ENCODERS)
def test_encoders(case, frame, score, tmp_path):
    rng = np.random.default_rng(0)
    frame = frame.assign(
        photo=[rng.integers(0, 255, (10, 12, 3), np.uint8) for _ in range(len(frame))],
        pulse=[rng.normal(size=int(rng.integers(3, 30))) for _ in range(len(frame))],
    )
    columns, encoder = ENCODERS[case]
    # Members of one encoder are folded with the others' vectors.
    fusion = "bottleneck" if "transformer" in case else "concat"
    modalities = [("one", encoder, columns), ("stars", "tabular", ["stars"])]
    model = MultimodalClassifier(
        modalities, heads=["fused", "wide"], fusion=fusion, max_epochs=2, width=8
    )
    model = fit(model, frame, score > 1)
    hostile = make_hostile(frame, 200)
    predict = run(model, tmp_path / "model")
    for rows in (hostile, hostile[:1], hostile[6:7], hostile[8:13]):
        assert_same(model, predict(rows), rows)


class Undecided(torch.nn.Module):
    """A network that asks its batch what to do."""

    def forward(self, values):
        return values if values.sum() > 0 else -values


@pytest.mark.slow
def test_own_network_that_cannot_be_followed_is_refused(frame, score, tmp_path):
    modalities = [("own", ModuleEncoder(Undecided), ["age", "stars"])]
    model = MultimodalClassifier(modalities, heads=["fused"], max_epochs=1, width=8)
    model = fit(model, frame, score > 1)
    with pytest.raises(ValueError, match=r"torch.export cannot follow .* heads="):
        skmm.export(model, tmp_path / "model", preprocessing=False)
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_program_of_torch(frame, score, tmp_path):
    model = MultimodalClassifier(heads=["fused", "wide"], max_epochs=2, width=8)
    model = fit(model, frame, make_targets(score)["multiclass"])
    skmm.export(model, tmp_path / "model", "torch")
    program = torch.export.load(tmp_path / "model" / "model.pt2").module()
    hostile = make_hostile(frame)
    for rows in (hostile, hostile[:1], hostile[6:7]):
        inputs = map(torch.from_numpy, graph_inputs(model, rows).values())
        logits = program(*inputs).numpy()
        expected = model._learner.predict(model._blocks(rows))
        np.testing.assert_allclose(logits, expected, atol=1e-5)
