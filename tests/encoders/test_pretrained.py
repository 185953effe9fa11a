"""``pretrained=``: which networks stand behind the names of kinds."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm._pretrained.sources import is_installed
from skmm.encoders import ImageEncoder, TextEncoder, _pretrained
from skmm.feature_extraction import ImageVectorizer

Image = pytest.importorskip("PIL.Image")
pytestmark = pytest.mark.skipif(
    not (is_installed("efficientnet-lite0") and is_installed("minilm")),
    reason="the packages with the weights, extra `weights`, are not installed",
)
FAST = {"max_epochs": 2, "width": 8, "heads": ["fused", "linear"], "random_state": 0}


@pytest.fixture(scope="module")
def table():
    """Return pictures, red or green, and notes that say nothing of it."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    pictures = np.empty(24, dtype=object)
    for i in range(24):
        pixels = rng.integers(0, 60, (20, 20, 3), dtype=np.uint8)
        pixels[..., y[i]] += 150
        pictures[i] = pixels
    words = np.array(["a small one", "rather large", "old but whole"])
    return pd.DataFrame({"photo": pictures, "note": words[np.arange(24) % 3]}), y


def modalities(note="text", photo="image"):
    return [("note", note, ["note"]), ("photo", photo, ["photo"])]


def encoders(model):
    return {name: encoder for name, encoder, _ in model.modalities_}


def test_auto_reads_pictures_through_the_network_and_texts_without(table, tmp_path):
    X, y = table
    model = MultimodalClassifier(modalities(), memory=tmp_path, **FAST).fit(X, y)
    union = encoders(model)["photo"].transformer_
    assert [type(part).__name__ for _, part in union.transformer_list] == [
        "ImageVectorizer",
        "ImageEmbedder",
    ]
    assert encoders(model)["note"].backbone == "bag"
    (network,) = model.pretrained_["photo"]
    assert list(model.pretrained_) == ["photo"]
    assert (network.model, network.tune) == ("efficientnet-lite0", "frozen")
    assert len(network.revision) == 32
    assert model.score(X, y) == 1
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_no_picture_goes_through_the_network_twice_with_memory(table, tmp_path):
    X, y = table
    model = MultimodalClassifier(modalities(), memory=tmp_path, **FAST)
    for expected in (True, False):
        model.fit(X, y)
        embedder = dict(encoders(model)["photo"].transformer_.transformer_list)
        assert (embedder["network"].n_embedded_ > 0) == expected


def test_without_a_network_and_with_encoders_of_the_users_own(table):
    X, y = table
    model = MultimodalClassifier(modalities(), pretrained=False, **FAST).fit(X, y)
    assert isinstance(encoders(model)["photo"].transformer_, ImageVectorizer)
    assert model.pretrained_ == {}
    own = modalities(TextEncoder(), ImageEncoder(size=16))
    model = MultimodalClassifier(own, pretrained=True, **FAST).fit(X, y)
    assert encoders(model)["note"].backbone == "bag"
    assert model.pretrained_ == {}


def test_true_reads_texts_through_the_network_too(table, tmp_path):
    X, y = table
    model = MultimodalClassifier(
        modalities(), pretrained=True, memory=tmp_path, **FAST
    ).fit(X, y)
    assert [w.model for w in model.pretrained_["note"]] == ["minilm"]
    counters = encoders(model)["note"].counters_
    assert "rather" in counters[0].vocabulary_  # n-grams stay beside the vector
    assert model.predict(X.assign(note=None)).shape == y.shape


def test_tuned_adapts_the_networks(table):
    X, y = table
    model = MultimodalClassifier(
        [("note", "text", ["note"])],
        pretrained="tuned",
        **{**FAST, "max_epochs": 1, "heads": ["fused"]},
    ).fit(X, y)
    (network,) = model.pretrained_["note"]
    assert (network.model, network.tune) == ("minilm", "lora")
    assert len(network.revision) == 32
    made = _pretrained.make_with_network("image", "tuned", None)
    assert (type(made).__name__, made.tune) == ("ImageEncoder", "lora")


def test_what_is_not_installed_is_told(table, monkeypatch):
    X, y = table
    monkeypatch.setattr(_pretrained, "is_installed", lambda name: False)
    model = MultimodalClassifier(modalities(), **FAST)
    with pytest.warns(UserWarning, match=r"pictures are read without.*skmm\[image\]"):
        model.fit(X, y)
    plain = MultimodalClassifier(modalities(), pretrained=False, **FAST).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    with pytest.raises(ImportError, match=r"texts through 'minilm'.*skmm\[text"):
        model.set_params(pretrained=True).fit(X, y)


def test_other_weights_than_those_of_the_fit_are_refused(table, monkeypatch, tmp_path):
    X, y = table
    model = MultimodalClassifier(modalities(), memory=tmp_path, **FAST).fit(X, y)
    union = dict(encoders(model)["photo"].transformer_.transformer_list)
    union["network"].revision_ = "another"
    with pytest.raises(ValueError, match="not the one that .* was fitted with"):
        model.predict(X)


def test_networks_compute_where_the_estimator_does(table, monkeypatch):
    X, y = table
    model = MultimodalClassifier(modalities(), **FAST)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # "auto" would take it
    assert model.set_params(device="cpu").fit(X, y).score(X, y) == 1
    # Fitted on a GPU, it predicts where there is none.
    monkeypatch.undo()
    assert model.set_params(device="cuda").predict(X).tolist() == y.tolist()


def test_nested_parameters_of_what_a_name_stands_for():
    model = MultimodalClassifier(modalities())
    model.set_params(photo__transformer__network__n_components=8)
    union = model.get_params()["photo__transformer"]
    assert dict(union.transformer_list)["network"].n_components == 8
    plain = MultimodalClassifier(modalities())
    # The switch counts before what it decides on, in whatever order they are given.
    plain.set_params(photo__transformer__size=32, pretrained=False)
    assert plain.get_params()["photo__transformer__size"] == 32


@pytest.mark.parametrize("wrong", ["yes", "minilm", 2, None])
def test_what_pretrained_may_not_be(table, wrong):
    X, y = table
    with pytest.raises(ValueError, match="'pretrained' parameter"):
        MultimodalClassifier(pretrained=wrong).fit(X, y)
