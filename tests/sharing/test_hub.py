"""Folders and repositories as the Hugging Face Hub has them."""

import json
import pickle
import sys

import numpy as np
import pytest
import safetensors.numpy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.feature_extraction import TextVectorizer
from skmm.persistence import ModelFileError, UntrustedTypeError
from skmm.sharing import ModelCard, from_pretrained, push_to_hub, save_pretrained

FILES = {"README.md", "SHA256SUMS", "config.json", "model.safetensors", "state.json"}


@pytest.fixture(scope="module")
def rows():
    return make_multimodal_classification(n_samples=80, missing=0.1, random_state=0)


@pytest.fixture(scope="module")
def model(rows):
    options = {"heads": ["fused"], "max_epochs": 2, "random_state": 0}
    return MultimodalClassifier(**options).fit(*rows)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    huggingface_hub = pytest.importorskip("huggingface_hub")
    pytest.importorskip("httpx2")
    from huggingface_hub import constants
    from huggingface_hub.utils._http import default_client_factory
    from stand_in_hub import StandInHub

    made = StandInHub()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", made.token)
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    huggingface_hub.set_client_factory(made.client)
    yield made
    huggingface_hub.set_client_factory(default_client_factory)


# ------------------------------------------------------------------------------ folders


def test_a_folder_is_as_the_hub_expects_it(model, rows, tmp_path):
    model.save_pretrained(tmp_path / "m")
    assert {path.name for path in (tmp_path / "m").iterdir()} == FILES
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["library_name"] == "skmm"
    assert config["task"] == "tabular-classification"
    assert config["columns"] == rows[0].columns.tolist()
    arrays = safetensors.numpy.load_file(tmp_path / "m" / "model.safetensors")
    assert sum(array.size for array in arrays.values()) > model.n_parameters_
    loaded = MultimodalClassifier.from_pretrained(tmp_path / "m")
    np.testing.assert_array_equal(
        loaded.predict_proba(rows[0]), model.predict_proba(rows[0])
    )
    other = skmm.load(tmp_path / "m")
    np.testing.assert_array_equal(other.predict(rows[0]), model.predict(rows[0]))


def test_other_files_stay_and_are_not_read(model, tmp_path):
    (tmp_path / "LICENSE").write_text("mine")
    (tmp_path / "README.md").write_text("of my own")
    (tmp_path / "old.pkl").write_bytes(pickle.dumps(print))
    model.save_pretrained(tmp_path)
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"LICENSE", "old.pkl"}
    assert (tmp_path / "README.md").read_text() == "of my own"
    from_pretrained(tmp_path)
    model.save_pretrained(tmp_path, card=ModelCard("Mine", {}, {}))
    assert "# Mine" in (tmp_path / "README.md").read_text()


def test_parts_of_two_models_are_refused(model, tmp_path):
    model.save_pretrained(tmp_path / "a")
    save_pretrained(TextVectorizer().fit([["a b"]]), tmp_path)
    (tmp_path / "a" / "state.json").write_bytes((tmp_path / "state.json").read_bytes())
    with pytest.raises(ModelFileError, match="SHA256SUMS"):
        from_pretrained(tmp_path / "a")
    weights = tmp_path / "a" / "model.safetensors"
    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(ModelFileError, match="git lfs pull"):
        from_pretrained(tmp_path / "a")
    weights.unlink()
    with pytest.raises(ModelFileError, match="model.safetensors is not there"):
        from_pretrained(tmp_path / "a")


def test_what_is_another_class_or_not_trusted_or_not_there(model, tmp_path):
    model.save_pretrained(tmp_path / "m")
    with pytest.raises(TypeError, match="holds a MultimodalClassifier, not a Multi"):
        MultimodalRegressor.from_pretrained(tmp_path / "m")
    save_pretrained(FunctionTransformer(json.dumps), tmp_path / "f")
    with pytest.raises(UntrustedTypeError, match="json.dumps"):
        from_pretrained(tmp_path / "f")
    from_pretrained(tmp_path / "f", trusted=["json.dumps"])
    with pytest.raises(ValueError, match="reads no pickles"):
        from_pretrained(tmp_path / "m", trusted="pickle")
    for path in (tmp_path / "nothing", "./nothing", "a/b/c"):
        with pytest.raises(FileNotFoundError, match="no folder or file"):
            from_pretrained(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file"):
        model.save_pretrained(tmp_path / "file")
    model.save(tmp_path / "folder", folder=True)
    with pytest.raises(FileExistsError, match="holds a model of skmm.save"):
        model.save_pretrained(tmp_path / "folder")
    with pytest.raises(TypeError, match="Give a ModelCard"):
        model.save_pretrained(tmp_path / "m", card="# A card")


# ------------------------------------------------------------------------- repositories


def test_a_model_goes_to_the_hub_and_comes_back(model, rows, hub, monkeypatch):
    url = model.push_to_hub("me/reviews", private=True, commit_message="First")
    assert url.startswith("https://huggingface.co/me/reviews/commit/")
    assert hub.files("me/reviews").keys() == FILES | {".gitattributes"}
    assert hub.private == {"me/reviews"}
    assert len([path for _, path in hub.requests if "/commit/" in path]) == 1
    assert b"from_pretrained('me/reviews')" in hub.files("me/reviews")["README.md"]
    loaded = MultimodalClassifier.from_pretrained("me/reviews")
    np.testing.assert_array_equal(
        loaded.predict_proba(rows[0]), model.predict_proba(rows[0])
    )
    # Of the cache, and of the commit.
    n_requests = len(hub.requests)
    from_pretrained("me/reviews", local_files_only=True)
    assert len(hub.requests) == n_requests
    from_pretrained("me/reviews", revision=hub.branches["me/reviews", "main"])
    for other in (False, "another"):
        with pytest.raises(OSError, match="401"):
            from_pretrained("me/other", token=other)


def test_an_authors_card_stays_on_the_hub(model, hub):
    vectors = TextVectorizer().fit([["warm soup"], ["cold tea"]])
    push_to_hub(vectors, "me/vectors", card=ModelCard("Mine", {}, {}))
    push_to_hub(vectors, "me/vectors")
    assert b"# Mine" in hub.files("me/vectors")["README.md"]
    url = push_to_hub(
        vectors, "me/vectors", card=ModelCard("B", {}, {}), create_pr=True
    )
    assert url == "https://huggingface.co/me/vectors/discussions/1"
    assert b"# Mine" in hub.files("me/vectors")["README.md"]
    push_to_hub(model, "me/vectors", revision="later")
    assert isinstance(from_pretrained("me/vectors"), TextVectorizer)
    found = from_pretrained("me/vectors", revision="later")
    assert isinstance(found, MultimodalClassifier)


def test_only_files_of_the_model_are_fetched(hub, tmp_path):
    vectors = TextVectorizer().fit([["warm soup"], ["cold tea"]])
    push_to_hub(vectors, "me/vectors", card=None)
    hub.files("me/vectors")["evil.pkl"] = b"code"
    from_pretrained("me/vectors", cache_dir=tmp_path / "own")
    names = {path.name for path in (tmp_path / "own").rglob("snapshots/*/*")}
    assert names == FILES - {"README.md"}


def test_pipelines_are_shared_by_the_functions(rows, hub):
    X, y = rows
    fitted = make_pipeline(TextVectorizer(), LogisticRegression()).fit(
        X[["text_0"]].fillna("none"), y
    )
    push_to_hub(fitted, "me/line")
    loaded = from_pretrained("me/line")
    assert repr(loaded) == repr(fitted)
    assert b"# Pipeline" in hub.files("me/line")["README.md"]


def test_without_the_library_folders_still_work(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    model.save_pretrained(tmp_path / "m")
    MultimodalClassifier.from_pretrained(tmp_path / "m")
    for call in (from_pretrained, model.push_to_hub):
        with pytest.raises(ImportError, match=r'pip install "skmm\[hub\]"'):
            call("me/reviews")
