"""Files in a wrapping: Hugging Face's dicts, several in a cell, names under a root."""

import io

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm.feature_extraction import (
    AudioVectorizer,
    ImageEmbedder,
    ImageVectorizer,
    MultimodalVectorizer,
)
from skmm.io import AudioReader, CellError, ImageReader, cell_digest, read_cells
from skmm.modalities import detect_modalities

Image = pytest.importorskip("PIL.Image")


def png(color):
    file = io.BytesIO()
    Image.new("RGB", (20, 20), color).save(file, "PNG")
    return file.getvalue()


def pixels(color):
    return np.asarray(Image.new("RGB", (20, 20), color))


@pytest.fixture
def folder(tmp_path):
    for color in ("red", "blue", "green"):
        (tmp_path / f"{color}.png").write_bytes(png(color))
    return tmp_path


# ---------------------------------------------------------------- Hugging Face's dicts


def test_dicts_are_read_as_what_they_hold(folder):
    red = str(folder / "red.png")
    cells = [
        {"bytes": png("red"), "path": None},
        {"bytes": png("red"), "path": "not opened.png"},
        {"bytes": None, "path": red},
        {"path": red},
        {"bytes": png("red")},
    ]
    reader = ImageReader()
    for cell in cells:
        np.testing.assert_array_equal(reader(cell), reader(red))
        assert cell_digest(cell, reader) == cell_digest(red, reader)
    column = pd.Series([*cells, None, {"bytes": None, "path": None}])
    (decision,) = detect_modalities(column.to_frame("photo")).columns_
    assert decision.kind == "image" and decision.missing == 2 / 7
    _, missing = read_cells(column, reader)
    assert missing.tolist() == [False] * 5 + [True] * 2


def test_decoded_sounds_have_their_channels_first():
    stereo = np.sin(np.arange(8000) / 9) * [[0.5], [0.25]]
    reader = AudioReader(rate=8000, mono=False)
    cells = [
        {"path": None, "array": stereo, "sampling_rate": 8000},
        # What Arrow makes of the matrix.
        {"path": "a.wav", "array": np.array([*stereo, 0], object)[:2]},
    ]
    cells[1]["sampling_rate"] = 8000
    for cell in cells:
        np.testing.assert_allclose(reader(cell), stereo.T, atol=1e-6)
    nothing = {"path": None, "array": None, "sampling_rate": 8000}
    frame = pd.DataFrame({"sound": [*cells, nothing]})
    assert detect_modalities(frame).to_list() == [("audio", "audio", ["sound"])]
    features = AudioVectorizer().fit_transform(frame)
    assert np.isnan(features).all(axis=1).tolist() == [False, False, True]


def test_a_damaged_file_in_a_dict_is_told_by_its_row():
    column = pd.Series([{"bytes": png("red")}, {"bytes": b"\x89PNG", "path": "a"}])
    with pytest.raises(CellError, match=r"row 1: 4 bytes: it is no picture"):
        ImageVectorizer().fit(column)


def test_other_dicts_are_refused_with_their_fields():
    others = [{"path": "a.png", "caption": "b"}, {"array": [1.0]}, {"a": 1}]
    for cell in (*others, {"path": "docs/a"}):  # a path, but of no picture or sound
        with pytest.raises(ValueError, match=r"dicts with the fields.*pick one field"):
            detect_modalities(pd.DataFrame({"a": [cell, cell]}))


# ------------------------------------------------------------------ several in a cell


@pytest.fixture
def several(folder):
    red, blue = str(folder / "red.png"), str(folder / "blue.png")
    paths = [[red, blue], [red], blue, [], None, [None, blue], [blue, blue]]
    return {
        "paths": paths,
        "an object array": [
            np.array(cell, object) if isinstance(cell, list) else cell for cell in paths
        ],
        "bytes": [[png("red"), png("blue")], [png("red")], [png("blue")]] * 2,
        "arrays": [[pixels("red"), pixels("blue")], [pixels("red")], pixels("blue")],
        "dicts": [
            [{"bytes": png("red"), "path": None}, {"path": blue}],
            [{"path": red}],
            {"path": blue},
        ],
        "images": [
            (Image.new("RGB", (9, 9), "red"), Image.new("RGB", (9, 9), "blue")),
            (Image.new("RGB", (9, 9), "red"),),
            Image.new("RGB", (9, 9), "blue"),
        ],
    }


@pytest.mark.parametrize(
    "spelling", ["paths", "an object array", "bytes", "arrays", "dicts", "images"]
)
def test_features_of_several_pictures_are_their_mean(several, spelling):
    cells = several[spelling]
    column = pd.Series(cells, dtype=object, name="views")
    frame = column.to_frame()
    (decision,) = detect_modalities(frame).columns_
    assert decision.kind == "image" and "several in a cell" in decision.reason
    for features in (("pixels", "edges"), ("color", "fisher")):
        vectors = ImageVectorizer(features, n_gaussians=2).fit_transform(frame)
        mean = (vectors[1] + vectors[2]) / 2
        np.testing.assert_allclose(vectors[0], mean, rtol=1e-5, atol=1e-6)
    if spelling == "paths":
        assert (
            np.isnan(vectors).all(axis=1).tolist()
            == [False] * 3 + [True] * 2 + [False] * 2
        )
        np.testing.assert_array_equal(vectors[5], vectors[2])
        np.testing.assert_allclose(vectors[6], vectors[2], rtol=1e-6)


def test_embedders_embed_each_picture_once(several):
    torch = pytest.importorskip("torch")
    embedder = ImageEmbedder(torch.nn.Conv2d(3, 4, 3), size=8)
    vectors = embedder.fit_transform(pd.DataFrame({"views": several["paths"]}))
    assert embedder.n_embedded_ == 2
    np.testing.assert_allclose(vectors[0], (vectors[1] + vectors[2]) / 2, rtol=1e-5)


def test_one_bad_picture_of_several(several, folder):
    cells = [*several["paths"], [str(folder / "red.png"), "gone.png"]]
    frame = pd.DataFrame({"views": cells})
    with pytest.raises(CellError, match=r"'views', row 7: 'gone.png': there is no"):
        ImageVectorizer(("pixels",)).fit(frame)
    forgiving = ImageVectorizer(("pixels",), errors="missing")
    with pytest.warns(UserWarning, match=r"the first at row 7"):
        vectors = forgiving.fit_transform(frame)
    np.testing.assert_array_equal(vectors[7], vectors[1])


def test_lists_of_words_are_still_told_how_to_be_read():
    with pytest.raises(ValueError, match=r"join them to one string"):
        detect_modalities(pd.DataFrame({"tags": [["a", "b"], ["c"]]}))


# --------------------------------------------------------------- bare names and a root


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_root_of_the_estimator(folder, tmp_path_factory, n_jobs):
    names = ["red.png", "blue.png"] * 10
    X, y = pd.DataFrame({"photo": names}), ["r", "b"] * 10
    with pytest.raises(CellError, match=r"'photo', row 0: .*Tried was .*root="):
        MultimodalClassifier(validation=None).fit(X, y)
    model = MultimodalClassifier(
        root=folder, max_epochs=3, n_jobs=n_jobs, validation=None, random_state=0
    )
    model.fit(X, y)
    assert model.score(X, y) == 1
    (_, encoder, _) = model.modalities_[0]
    parts = dict(encoder.transformer.transformer_list)
    assert [part.root for part in parts.values()] == [None, None]
    # Another folder at predict, as where a model is served.
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "red.png").write_bytes(png("blue"))
    model.set_params(root=str(elsewhere))
    assert model.predict(X[:1]).tolist() == ["b"]
    with pytest.raises(CellError, match=r"'blue.png': there is no such file"):
        model.predict(X[1:])


def test_root_confines(folder):
    inner = folder / "inner"
    inner.mkdir()
    vectorizer = MultimodalVectorizer(root=inner)
    for path in (str(folder / "red.png"), "../red.png"):
        with pytest.raises(CellError, match=r"root="):
            vectorizer.fit(pd.DataFrame({"photo": [path]}))


def test_a_root_of_its_own_wins(folder):
    own = ImageVectorizer(("pixels",), root=folder)
    vectorizer = MultimodalVectorizer(root="/nowhere", transformers=[("image", own)])
    assert vectorizer.fit_transform(pd.DataFrame({"a": ["red.png"]})).shape[0] == 1


def test_progress_is_shown_under_verbose(folder, capsys):
    X = pd.DataFrame({"photo": ["red.png", "blue.png"] * 10})
    model = MultimodalClassifier(root=folder, max_epochs=1, verbose=1, random_state=0)
    model.fit(X, [0, 1] * 10)
    told = capsys.readouterr().err
    assert "reading 'photo'" in told and "cells/s" in told
    model.predict(X)
    assert "20/20" in capsys.readouterr().err
    model.set_params(verbose=0).predict(X)
    assert capsys.readouterr().err == ""
