"""What all Embedders share: distinct cells, batches, reduction, copies."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA

from skmm._pretrained.inference import inference, resolve_precision, run_batches
from skmm.feature_extraction import AudioEmbedder, ImageEmbedder, TextEmbedder

WORDS = ["soft", "warm", "dress", "fits", "small", "large", "colour", "love", "hate"]
LETTERS = "aceflmorstw"


def count_letters(texts):
    return np.array([[text.count(letter) for letter in LETTERS] for text in texts])


class Counted:
    """A stand-in that notes the sizes of its batches, and may run out of memory."""

    def __init__(self, most=None, error=MemoryError):
        self.most = most
        self.error = error
        self.sizes = []

    def encode(self, texts):
        if self.most is not None and len(texts) > self.most:
            raise self.error
        self.sizes.append(len(texts))
        return count_letters(texts)


def make_texts(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(2, 9))) for _ in range(n)]


def make_frame():
    texts = make_texts(60)
    X = pd.DataFrame({"title": texts[:30], "body": texts[30:]}, index=range(5, 35))
    X.iloc[[2, 7], 0] = [None, " "]
    return X


# ------------------------------------------------------------------------------ cells


def test_each_distinct_cell_once():
    model = Counted()
    embedder = TextEmbedder(model).fit(make_texts())
    model.sizes.clear()
    out = embedder.transform(make_texts() * 3 + [None])
    assert sum(model.sizes) == embedder.n_embedded_ == len(set(make_texts()))
    np.testing.assert_array_equal(out[:-1], count_letters(make_texts() * 3))
    assert np.isnan(out[-1]).all()
    embedder.transform([None])
    assert embedder.n_embedded_ == 0


def test_neither_rows_nor_index_change_places():
    X = make_frame()
    embedder = TextEmbedder(count_letters).set_output(transform="pandas")
    out = embedder.fit_transform(X)
    assert out.index.tolist() == X.index.tolist()
    assert list(out.columns[[0, 11]]) == ["title__0", "body__0"]
    body = out.filter(like="body").to_numpy()
    np.testing.assert_array_equal(body, count_letters(X["body"]))
    assert np.isnan(out.filter(like="title").iloc[[2, 7]]).all(axis=None)


def test_a_column_without_cells():
    X = make_frame().assign(title=None)
    embedder = TextEmbedder(count_letters)
    with pytest.warns(UserWarning, match="Column 'title' holds no text in any of 30"):
        out = embedder.fit_transform(X)
    assert np.isnan(out[:, :11]).all() and not np.isnan(out[:, 11:]).any()
    # Nothing is learned without components: later texts have their vectors.
    assert not np.isnan(embedder.transform(X.assign(title="a dress"))).any()
    reduced = TextEmbedder(count_letters, n_components=3)
    with pytest.warns(UserWarning, match="Column 'title'"):
        assert reduced.fit_transform(X).shape == (30, 6)
    assert np.isnan(reduced.transform(X.assign(title="a dress"))[:, :3]).all()


def test_an_error_leaves_the_former_fit():
    embedder = TextEmbedder(count_letters).fit(make_frame())
    expected = embedder.transform(make_frame())
    with pytest.raises(ValueError, match="Column 'b' is read as text"):
        embedder.fit(pd.DataFrame({"a": ["x", "y"], "b": ["x", [1]]}))
    np.testing.assert_array_equal(embedder.transform(make_frame()), expected)


# -------------------------------------------------------------------------- reduction


def test_components_are_those_of_the_distinct_cells():
    texts = make_texts()
    reduced = TextEmbedder(count_letters, n_components=4)
    out = reduced.fit_transform(texts * 2)
    expected = PCA(4).fit_transform(count_letters(sorted(set(texts))).astype(float))
    places = [sorted(set(texts)).index(text) for text in texts * 2]
    np.testing.assert_allclose(np.abs(out), np.abs(expected[places]), atol=1e-5)
    np.testing.assert_allclose(reduced.transform(texts * 2), out, atol=1e-6)


@pytest.mark.parametrize("reduction", ["pca", "truncate"])
def test_order_of_rows_does_not_matter(reduction):
    texts = make_texts()
    options = {"n_components": 4, "reduction": reduction}
    first = TextEmbedder(count_letters, **options).fit(texts)
    second = TextEmbedder(count_letters, **options).fit(texts[::-1] + texts[:7])
    np.testing.assert_array_equal(first.transform(texts), second.transform(texts))


def test_truncation_keeps_the_first():
    out = TextEmbedder(count_letters, n_components=4, reduction="truncate")
    expected = count_letters(make_texts())[:, :4]
    np.testing.assert_array_equal(out.fit_transform(make_texts()), expected)


def test_few_cells_have_no_more_components_than_there_are():
    reduced = TextEmbedder(count_letters, n_components=6)
    out = reduced.fit_transform(["soft", "warm", "soft"])
    assert out.shape == (3, 6) and (out[:, 2:] == 0).all()
    assert out[0, 0] == -out[1, 0] != 0
    assert (TextEmbedder(count_letters, n_components=6).fit_transform(["a"]) == 0).all()
    many = TextEmbedder(count_letters, n_components=600).fit(make_texts())
    assert many.transform(["soft"]).shape == (1, len(LETTERS))


# ---------------------------------------------------------------------------- batches


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_batches_are_halved_when_memory_runs_out(error):
    texts = [f"{text} {i}" for i, text in enumerate(make_texts())]
    model = Counted(most=6, error=error)
    out = TextEmbedder(model, batch_size=20).fit_transform(texts)
    np.testing.assert_array_equal(out, count_letters(texts))
    # The first batch is tried at 20, 10 and 5, all later ones at 5 only.
    assert model.sizes[1:] == [5] * 8


def test_what_never_fits_raises():
    with pytest.raises(MemoryError):
        TextEmbedder(Counted(most=0)).fit(["a"])
    other = RuntimeError("a matrix has the wrong shape")
    model = Counted(most=1, error=other)
    with pytest.raises(RuntimeError, match="wrong shape"):
        TextEmbedder(model).fit_transform(["a", "b"])
    assert model.sizes == [1]  # the look at the dimension; it was not tried again


def test_batches_keep_their_order():
    seen = []

    def run(batch):
        if len(batch) > 3:
            raise MemoryError
        seen.append(batch)
        return batch

    batches = [list(range(7)), list(range(7, 9)), list(range(9, 16))]
    done = [batch for batch, _ in run_batches(run, batches)]
    assert sum(done, []) == list(range(16))
    assert max(map(len, seen)) == 3


# --------------------------------------------------------------- copies and hardware


def test_clones_share_the_model():
    model = Counted()
    embedder = TextEmbedder(model, n_components=2).set_output(transform="pandas")
    cloned = clone(embedder.fit(make_texts()))
    assert cloned.model is model and cloned.n_components == 2
    assert not hasattr(cloned, "_columns")
    assert isinstance(cloned.fit_transform(make_texts()), pd.DataFrame)
    named = clone(TextEmbedder("minilm"))
    assert named.model == "minilm"


def test_pickle():
    embedder = TextEmbedder(count_letters, n_components=2).fit(make_frame())
    again = pickle.loads(pickle.dumps(embedder))
    expected = embedder.transform(make_frame())
    np.testing.assert_array_equal(again.transform(make_frame()), expected)
    assert again.n_embedded_ == embedder.n_embedded_


def test_a_device_that_is_absent():
    with pytest.raises(ValueError, match="device='cuda:99'|not available"):
        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        TextEmbedder(device="cuda:99").fit(["a"])


# -------------------------------------------------------------------------- precision


@pytest.mark.parametrize("has_it", [True, False])
def test_auto_is_bfloat16_only_on_a_gpu_that_has_it(has_it, monkeypatch):
    def answer(**options):
        return has_it

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", answer)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", answer)
    expected = "bfloat16" if has_it else "float32"
    assert resolve_precision("auto", torch.device("cuda")) == expected
    for precision in ("auto", "float32"):
        assert resolve_precision(precision, torch.device("cpu")) == "float32"
    assert resolve_precision("bfloat16", torch.device("cpu")) == "bfloat16"


def make_media(Embedder):
    """An Embedder around a tiny network, and cells for it."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    if Embedder is ImageEmbedder:
        pictures = list(rng.integers(0, 256, (3, 8, 8, 3), np.uint8))
        return Embedder(torch.nn.Conv2d(3, 4, 3), size=8), pictures
    sounds = [(rng.uniform(-1, 1, 1000), 8000) for _ in range(3)]
    network = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, -1)),
        torch.nn.Conv1d(1, 4, 9),
        torch.nn.AdaptiveMaxPool1d(1),
        torch.nn.Flatten(),
    )
    return Embedder(network, rate=8000), sounds


@pytest.mark.parametrize("Embedder", [ImageEmbedder, AudioEmbedder])
def test_all_cpus_give_the_same(Embedder, monkeypatch, tmp_path):
    embedder, cells = make_media(Embedder)
    embedder.set_params(device="cpu", memory=tmp_path)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    expected = embedder.fit_transform(cells)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    out = clone(embedder).set_params(memory=None).fit_transform(cells)
    np.testing.assert_array_equal(out, expected)
    # What was really computed in is saved, and decides on what the cache finds.
    assert pickle.loads(pickle.dumps(embedder)).precision_ == "float32"
    named = clone(embedder).set_params(precision="float32").fit(cells)
    named.transform(cells)
    assert named.n_embedded_ == 0
    half = clone(embedder).set_params(precision="bfloat16").fit(cells)
    assert half.precision_ == "bfloat16"
    assert 0 < np.abs(half.transform(cells) - expected).max() < 0.1
    assert half.n_embedded_ == 3


def test_inference_leaves_the_modes_of_all_parts():
    network = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.BatchNorm1d(2))
    network.train()
    network[1].eval()
    with inference(network, torch.device("cpu"), "bfloat16"):
        assert not network[0].training
        assert torch.is_autocast_enabled("cpu") and torch.is_inference_mode_enabled()
    assert network[0].training and not network[1].training
    assert not torch.is_autocast_enabled("cpu")


def test_progress_bar(capsys):
    TextEmbedder(count_letters).fit_transform(make_texts())
    TextEmbedder(count_letters, progress=False).fit_transform(make_texts())
    assert capsys.readouterr().err == ""  # no terminal
    TextEmbedder(count_letters, progress=True).fit_transform(make_texts())
    n_distinct = len(set(make_texts()))
    assert f"{n_distinct}/{n_distinct}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options, words",
    [
        ({"memory_limit": "many"}, "memory_limit='many'"),
        ({"reduction": "umap"}, "'reduction' parameter"),
        ({"n_components": 0}, "'n_components' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"precision": "float16"}, "'precision' parameter"),
        ({"progress": 3}, "'progress' parameter"),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises(ValueError, match=words):
        TextEmbedder(count_letters, **options).fit(["a"])
