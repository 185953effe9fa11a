"""No path and no address in a request is opened, however it is written."""

import base64
import json
import os
import pickle
import urllib.parse

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from served_rows import make_row, make_table, png
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier
from skmm.feature_extraction import ImageVectorizer
from skmm.io import CellError, ImageReader
from skmm.io import _source as source
from skmm.io._defaults import Defaults, get_defaults, reading_with
from skmm.serving import make_app


def encode(content):
    return base64.b64encode(content).decode()


@pytest.fixture
def opened(monkeypatch):
    """List what is opened for a reader, by whatever way."""
    found = []
    monkeypatch.setattr(source, "_open_file", lambda path, _: found.append(path))
    monkeypatch.setattr(source, "_download", lambda url, _: found.append(url))
    real = os.path.lexists

    def lexists(path):
        found.append(path)
        return real(path)

    monkeypatch.setattr(os.path, "lexists", lexists)
    return found


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A picture on the server's disk, in the folder in which it runs."""
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "photo.png").write_bytes(png(5))
    # A name that could be base64 of something.
    (folder / ("iVBORw0KGgo" + "A" * 49)).write_bytes(png(5))
    monkeypatch.chdir(folder)
    return folder / "photo.png"


WAYS = {
    "name": lambda path: path.name,
    "absolute": str,
    "up and down": lambda path: f"../{path.parent.name}/{path.name}",
    "dot": lambda path: f"./{path.name}",
    "address": lambda path: path.as_uri(),
    "capitals": lambda path: path.as_uri().replace("file", "FILE"),
    "percent": lambda path: urllib.parse.quote(str(path), safe=""),
    "space": lambda path: f" {path}",
    "like base64": lambda path: "iVBORw0KGgo" + "A" * 49,
    "web": lambda path: "http://127.0.0.1:9/photo.png",
    "secure web": lambda path: "https://127.0.0.1:9/photo.png",
    "ftp": lambda path: "ftp://127.0.0.1:9/photo.png",
    "base64 of a path": lambda path: encode(str(path).encode()),
    "base64 twice": lambda path: encode(encode(str(path).encode()).encode()),
    "data of a path": lambda path: f"data:image/png;base64,{encode(bytes(path))}",
    "data in the clear": lambda path: f"data:image/png,{path}",
    "data of text": lambda path: f"data:text/html;base64,{encode(png())}",
    "data of sound": lambda path: f"data:audio/wav;base64,{encode(png())}",
    "dict": lambda path: {"path": str(path)},
    "dict of nothing": lambda path: {"bytes": None, "path": str(path)},
    "list": lambda path: [str(path)],
    "list beside a picture": lambda path: [encode(png()), str(path)],
    "list of dicts": lambda path: [{"path": str(path)}],
    "svg": lambda path: encode(
        f"<svg xmlns='http://www.w3.org/2000/svg'><image href='{path}'/></svg>".encode()
    ),
    "pickle": lambda path: encode(pickle.dumps(path)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_path_in_a_cell_is_refused(ask, planted, opened, way):
    cell = WAYS[way](planted)
    status, answer = ask(make_row(), make_row(photo=cell))
    assert status == 422
    assert "Column 'photo', row 1:" in answer["detail"]
    assert opened == []


@pytest.mark.parametrize("way", WAYS)
def test_a_path_beside_uploads_is_refused(client, planted, opened, way):
    rows = json.dumps([make_row(photo=WAYS[way](planted)), make_row(photo="one")])
    response = client.post("/predict/files", data={"rows": rows}, files={"one": png()})
    assert response.status_code == 422
    assert "Column 'photo', row 0:" in response.json()["detail"]
    assert opened == []


def test_the_name_of_an_upload_is_a_name_and_not_a_path(client, planted, opened):
    name = str(planted)
    rows = json.dumps([make_row(photo=name)])
    files = {name: ("../../x.png", png(77))}
    response = client.post("/predict/files", data={"rows": rows}, files=files)
    same = client.post("/predict", json={"rows": [make_row(photo=encode(png(77)))]})
    assert response.json() == same.json()
    assert opened == []


@pytest.mark.parametrize("column", ["note", "size", "open", "when", "price"])
def test_paths_in_other_columns_are_words(ask, planted, opened, column):
    ask(make_row(**{column: str(planted)}))
    assert opened == []


def read_anywhere(X):
    """Read pictures as a user's own transformer might."""
    reader = ImageReader(size=4)
    return [reader(cell).ravel() for cell in X.iloc[:, 0]]


@pytest.mark.parametrize("own", ["function", "before a vectorizer"])
def test_a_users_own_transformer_opens_nothing_by_a_reader(planted, opened, own):
    X, y = make_table()
    if own == "function":
        transformer = FunctionTransformer(read_anywhere)
    else:
        transformer = make_pipeline(FunctionTransformer(), ImageVectorizer())
    modalities = [("pictures", transformer, ["photo"])]
    model = MultimodalClassifier(modalities, heads=["linear"], random_state=0)
    client = TestClient(make_app(model.fit(X[["photo"]], y)))
    response = client.post("/predict", json={"rows": [{"photo": str(planted)}]})
    assert response.status_code == 422
    assert "not opened" in response.text or "refused" in response.text
    good = client.post("/predict", json={"rows": [{"photo": encode(png())}]})
    assert good.status_code == 200
    assert opened == []


def test_a_root_of_the_estimator_makes_no_difference(planted, opened):
    X, y = make_table()
    X = X[["photo", "price"]]
    model = MultimodalClassifier(
        heads=["linear"], pretrained=False, root=planted.parent, random_state=0
    )
    client = TestClient(make_app(model.fit(X, y)))
    row = {"photo": planted.name, "price": 1.0}
    response = client.post("/predict", json={"rows": [row]})
    assert response.status_code == 422
    assert opened == []


# ------------------------------------------------------------- the guard within skmm.io


def test_readers_refuse_paths_where_only_content_counts(planted, opened):
    reader = ImageReader()
    with reading_with(Defaults(content_only=True)):
        for cell in (str(planted), planted, "http://127.0.0.1:9/a", planted.as_uri()):
            with pytest.raises(CellError, match="paths and addresses are refused"):
                reader(cell)
        assert reader(png()).shape == reader(encode(png())).shape == (10, 12, 3)
    assert opened == []


def test_what_is_inside_cannot_set_it_back(planted):
    with reading_with(Defaults(content_only=True)):
        with reading_with(Defaults(root=planted.parent)):
            assert get_defaults().content_only
            assert get_defaults().root == planted.parent
            with pytest.raises(CellError, match="refused"):
                ImageReader()(planted.name)
        assert get_defaults().content_only
    assert not get_defaults().content_only
    assert ImageReader()(str(planted)).shape == (10, 12, 3)


@pytest.mark.slow
def test_it_holds_in_other_processes(planted):
    X, y = make_table()
    frame = pd.DataFrame({"photo": [str(planted)] * 2, "price": [1.0, 2.0]})
    model = MultimodalClassifier(
        heads=["linear"], pretrained=False, n_jobs=2, random_state=0
    )
    model.fit(X[["photo", "price"]], y)
    model.predict(frame)
    with reading_with(Defaults(content_only=True)), pytest.raises(CellError):
        model.predict(frame)
