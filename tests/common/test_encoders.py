"""What every encoder promises, each backbone on cells of its own modality.

A backbone joins by an entry in ``CASES``: a function that gives the encoder, small
enough for a fast test, and a function (n, rng) that gives a frame and two classes
which its cells tell apart.
"""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from simulated_device import waits_of_training
from sklearn.base import clone
from tiny_bert import tiny_bert

import skmm
from skmm import MultimodalClassifier
from skmm._nn.seeding import drawing_from, make_generator, needs_global_state, seeded
from skmm.encoders import (
    AudioEncoder,
    DeclaredTableEncoder,
    EntityEncoder,
    HashedTextEncoder,
    ImageEncoder,
    ModuleEncoder,
    SeriesEncoder,
    TabularEncoder,
    TextEncoder,
    UnitVectorEncoder,
    VideoEncoder,
)
from skmm.encoders._base import Encoded

WIDTH = 16


def make_texts(n, rng):
    y = np.arange(n) % 2
    words = [["soft", "warm", "fine"], ["hard", "cold", "bad"]]
    texts = [
        " ".join(["it", "was", *rng.choice(words[label], rng.integers(1, 4)), "today"])
        for label in y
    ]
    return pd.DataFrame({"text": texts}), y


def text(backbone, **options):
    def make():
        small = {"min_frequency": 1, "embedding": 16, **options}
        if backbone == "pretrained":
            small["model"] = tiny_bert()
        return TextEncoder(backbone, **small)

    return make


def make_series(n, rng):
    y = np.arange(n) % 2
    cells = []
    for label in y:
        times = np.arange(rng.integers(10, 30)) + rng.uniform(0, 6)
        wave = np.sin(times * (0.5, 1.5)[label])
        cells.append(
            np.stack([wave, np.cos(times)], axis=1)
            + rng.normal(scale=0.1, size=(len(times), 2))
        )
    return pd.DataFrame({"series": pd.Series(cells, dtype=object)}), y


def make_sounds(n, rng):
    y = np.arange(n) % 2
    cells = []
    for label in y:
        n_samples = rng.integers(1600, 2400)
        hertz = (300, 1200)[label] * rng.uniform(0.9, 1.1)
        wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(n_samples) / 8000)
        cells.append(((wave + rng.normal(scale=0.01, size=n_samples)), 8000))
    return pd.DataFrame({"sound": pd.Series(cells, dtype=object)}), y


class Filterbank(torch.nn.Module):
    """Stands for a pretrained network over samples, (n, time) to (n, 8)."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.nn.Parameter(torch.randn(8, 1, 64, generator=generator) / 8)

    def forward(self, waves):
        maps = torch.nn.functional.conv1d(waves[:, None], self.weight, stride=32)
        return maps.abs().mean(2)


def audio(backbone, **options):
    options = {"rate": 8000, "n_mels": 16, "hidden": 32, **options}
    return lambda: AudioEncoder(backbone, **options)


def make_pictures(n, rng):
    """Dark to the left or to the right."""
    y = np.arange(n) % 2
    ramp = np.linspace(40, 215, 16) + rng.normal(0, 10, (n, 16, 16))
    ramp = np.where(y[:, None, None] == 1, ramp, ramp[:, :, ::-1])
    pixels = np.clip(ramp, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=3)
    return pd.DataFrame({"photo": pd.Series(list(pixels), dtype=object)}), y


def make_pixels(n, rng):
    """Pictures of 4 x 4 pixels, a column each."""
    X, y = make_pictures(n, rng)
    pixels = np.stack([photo[::4, ::4, 0] for photo in X["photo"]]).reshape(n, 16)
    return pd.DataFrame(pixels, columns=[f"p{i}" for i in range(16)]).astype(float), y


def make_clips(n, rng):
    X, y = make_pictures(n, rng)
    clips = [np.stack([photo, photo // 2 + 20]) for photo in X["photo"]]
    return pd.DataFrame({"clip": pd.Series(clips, dtype=object)}), y


def image_network():
    """Something pretrained, as far as an encoder knows."""
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 2, stride=2),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 1),
    )


def pretrained(encoder=ImageEncoder, **options):
    options = {"size": 8, "model": image_network(), "layer_decay": 1.0, **options}
    return lambda: encoder(backbone="pretrained", **options)


def make_rows(n, rng):
    y = np.arange(n) % 2
    X = pd.DataFrame(
        {
            "number": y + rng.normal(scale=0.2, size=n),
            "other": rng.normal(size=n),
            "kind": np.where(y, rng.choice(["a", "b"], n), rng.choice(["c", "d"], n)),
        }
    )
    return X, y


#: Makers of products, 6 each; those of even number are from one country.
TRIPLES = [(f"p{i}", "made by", f"maker {i // 6}") for i in range(48)] + [
    (f"maker {i}", "from", f"country {i % 2}") for i in range(8)
]


def make_nodes(n, rng):
    y = np.arange(n) % 2
    return pd.DataFrame(
        {"id": [f"p{i}" for i in 6 * rng.integers(4, size=n) * 2 + 6 * y]}
    ), y


#: name -> (encoder, cells)
CASES = {
    "tabular-mlp": (lambda: TabularEncoder(hidden=16), make_rows),
    "tabular-resnet": (lambda: TabularEncoder(backbone="resnet"), make_rows),
    "tabular-transformer": (
        lambda: TabularEncoder(backbone="ft_transformer", n_layers=1),
        make_rows,
    ),
    "tabular-members": (lambda: TabularEncoder(n_members=3), make_rows),
    "entity-gat": (lambda: EntityEncoder(TRIPLES, dim=8), make_nodes),
    "entity-rgcn": (lambda: EntityEncoder(TRIPLES, conv="rgcn", dim=8), make_nodes),
    "entity-none": (lambda: EntityEncoder(TRIPLES, conv="none", dim=8), make_nodes),
    "entity-sampled": (
        lambda: EntityEncoder(TRIPLES, max_links=0, n_neighbors=2, dim=8),
        make_nodes,
    ),
    "image-cnn": (lambda: ImageEncoder("cnn", 6), make_pictures),
    "image-cnn-augment": (
        lambda: ImageEncoder("cnn", 6, augment=["shift", "color"]),
        make_pictures,
    ),
    "image-resnet": (lambda: ImageEncoder("resnet", 4, 1), make_pictures),
    "image-vit": (lambda: ImageEncoder("vit", 4, 4), make_pictures),
    "image-pixels": (lambda: ImageEncoder(shape=(4, 4)), make_pixels),
    "image-frozen": (pretrained(), make_pictures),
    "image-frozen-augment": (pretrained(augment="shift"), make_pictures),
    "image-head": (pretrained(tune="head"), make_pictures),
    "image-lora": (pretrained(tune="lora"), make_pictures),
    "image-full": (pretrained(tune="full", pooling="attention"), make_pictures),
    "video-mean": (lambda: VideoEncoder(2, 4), make_clips),
    "video-lstm": (lambda: VideoEncoder(2, 4, temporal="lstm"), make_clips),
    "video-attention": (
        lambda: VideoEncoder(2, 4, temporal="attention"),
        make_clips,
    ),
    "video-frozen": (pretrained(VideoEncoder, frames=2), make_clips),
    "text-bag": (lambda: TextEncoder(min_frequency=1), make_texts),
    "text-cnn": (text("cnn"), make_texts),
    "text-lstm": (text("lstm", pooling="max", wide=False), make_texts),
    "text-gru": (text("gru", tokenizer="bpe", augment="auto"), make_texts),
    "text-transformer": (text("transformer", pooling="mean"), make_texts),
    "text-frozen": (text("pretrained"), make_texts),
    "text-head": (text("pretrained", tune="head"), make_texts),
    "text-lora": (text("pretrained", tune="lora", augment="drop"), make_texts),
    "text-full": (text("pretrained", tune="full"), make_texts),
    "module": (
        lambda: ModuleEncoder(torch.nn.Linear, {"in_features": 16, "out_features": 8}),
        make_pixels,
    ),
    "series-cnn": (lambda: SeriesEncoder(hidden=16, n_layers=2), make_series),
    "series-inception": (
        lambda: SeriesEncoder("inception", hidden=32, n_layers=3),
        make_series,
    ),
    "series-lstm": (
        lambda: SeriesEncoder("lstm", hidden=32, n_layers=1, pooling="attention"),
        make_series,
    ),
    "series-gru": (
        lambda: SeriesEncoder("gru", hidden=16, n_layers=1, missing="mask"),
        make_series,
    ),
    "series-transformer": (
        lambda: SeriesEncoder("transformer", hidden=32, n_layers=2),
        make_series,
    ),
    "audio-cnn": (audio("cnn"), make_sounds),
    "audio-crnn": (audio("crnn", pooling="attention"), make_sounds),
    "audio-frozen": (audio("pretrained", model=Filterbank()), make_sounds),
    "audio-full": (audio("pretrained", model=Filterbank(), tune="full"), make_sounds),
    "declared-table": (
        lambda: DeclaredTableEncoder(
            {"number": (-1, 2), "other": (-3, 0, 3)}, {"kind": list("abcd")}, hidden=8
        ),
        make_rows,
    ),
    "hashed-text": (lambda: HashedTextEncoder(64), make_texts),
    "unit-vector": (lambda: UnitVectorEncoder(hidden=8), make_pixels),
}

each_case = pytest.mark.parametrize("case", CASES)


def make(case, n=24, seed=0):
    make_encoder, make_cells = CASES[case]
    X, y = make_cells(n, np.random.default_rng(seed))
    return make_encoder(), X, y


def with_missing(X, rows):
    X = X.astype(object)
    X.iloc[rows] = None
    return X


def build(encoder, seed=0):
    torch.manual_seed(seed)
    return encoder.build_module(WIDTH).eval()


@torch.no_grad()
def run(module, block):
    output = module(block)
    return output if isinstance(output, Encoded) else Encoded(output)


def rows_of(block, rows):
    return block.take(torch.as_tensor(rows))


@each_case
def test_stores_its_options_only(case):
    encoder, X, y = make(case)
    before = pickle.dumps(encoder.get_params())
    encoder.fit_transform(X, y)
    assert pickle.dumps(encoder.get_params()) == before
    assert not [name for name in vars(clone(encoder)) if name.endswith("_")]


@each_case
def test_vectors_and_tokens(case):
    encoder, X, y = make(case)
    block = encoder.fit_transform(X, y)
    assert len(block) == len(X) and block.present.all()
    vectors, tokens, mask, *_ = run(build(encoder), block)
    assert vectors.shape == (len(X), WIDTH) and torch.isfinite(vectors).all()
    assert vectors.std() > 0
    if tokens is not None:
        assert tokens.shape[0] == len(X) and tokens.shape[2] == WIDTH
        mask = torch.ones(tokens.shape[:2]).bool() if mask is None else mask
        assert mask.shape == tokens.shape[:2] and mask.dtype == torch.bool
        assert torch.isfinite(tokens[mask]).all() and mask.any(dim=1).all()


@each_case
def test_a_row_does_not_depend_on_its_batch(case):
    encoder, X, y = make(case)
    block = encoder.fit_transform(X, y)
    module = build(encoder)
    vectors, tokens, mask, *_ = run(module, block)
    for row in (0, 3, len(X) - 1):
        alone = run(module, rows_of(block, [row]))
        torch.testing.assert_close(alone.vectors[0], vectors[row], atol=1e-4, rtol=1e-4)
        if tokens is not None and mask is not None:
            n = int(mask[row].sum())
            assert int(alone.token_mask.sum()) == n
            torch.testing.assert_close(
                alone.tokens[0, :n], tokens[row, :n], atol=1e-4, rtol=1e-4
            )


@each_case
def test_transform_is_what_fit_transform_gave(case):
    encoder, X, y = make(case)
    block = encoder.fit_transform(X, y)
    again = encoder.transform(X)
    module = build(encoder)
    torch.testing.assert_close(
        run(module, again).vectors, run(module, block).vectors, atol=1e-5, rtol=1e-5
    )
    one = run(module, encoder.transform(X.iloc[[5]])).vectors
    torch.testing.assert_close(
        one[0], run(module, block).vectors[5], atol=1e-4, rtol=1e-4
    )


@each_case
def test_missing_cells(case):
    encoder, X, y = make(case)
    missing = [0, 4, 5]
    block = encoder.fit_transform(with_missing(X, missing), y)
    assert (~block.present).nonzero().squeeze(1).tolist() == missing
    module = build(encoder)
    vectors = run(module, block).vectors
    assert torch.isfinite(vectors).all()
    # The others are as they are without them.
    there = [row for row in range(len(X)) if row not in missing]
    alone = run(module, rows_of(block, there)).vectors
    torch.testing.assert_close(vectors[there], alone, atol=1e-4, rtol=1e-4)
    nothing = encoder.transform(with_missing(X, list(range(len(X)))))
    assert not nothing.present.any()
    assert torch.isfinite(run(module, nothing).vectors).all()


@each_case
def test_unseen_cells(case):
    encoder, X, y = make(case)
    encoder.fit_transform(X, y)
    X_new, _ = CASES[case][1](7, np.random.default_rng(99))
    vectors = run(build(encoder), encoder.transform(X_new)).vectors
    assert vectors.shape == (7, WIDTH) and torch.isfinite(vectors).all()


@each_case
def test_all_cells_alike(case):
    encoder, X, y = make(case)
    X = X.iloc[[0] * 6].reset_index(drop=True)
    block = encoder.fit_transform(X, y[:6])
    vectors = run(build(encoder), block).vectors
    assert torch.isfinite(vectors).all()
    torch.testing.assert_close(vectors, vectors[:1].expand(6, -1), atol=1e-4, rtol=1e-4)


@each_case
def test_save_and_load(case):
    encoder, X, y = make(case)
    block = encoder.fit_transform(X, y)
    module = build(encoder)
    expected = run(module, block).vectors
    again, weights = pickle.loads(pickle.dumps((encoder, module.state_dict())))
    rebuilt = build(again, seed=1)
    rebuilt.load_state_dict(weights)
    torch.testing.assert_close(run(rebuilt, again.transform(X)).vectors, expected)
    copied = copy.deepcopy(module)
    torch.testing.assert_close(run(copied, block).vectors, expected)


@each_case
def test_a_file_holds_it(case, tmp_path):
    encoder, X, y = make(case)
    encoder.fit_transform(X, y)
    module = build(encoder)
    skmm.save((encoder, module), tmp_path / "x.skmm")
    names = skmm.get_untrusted_types(tmp_path / "x.skmm")
    # Networks that are made up here, and nothing else.
    assert all(name.startswith(__name__) for name in names)
    again, loaded = skmm.load(tmp_path / "x.skmm", trusted=names)
    expected = run(module, encoder.transform(X)).vectors
    assert torch.equal(run(loaded, again.transform(X)).vectors, expected)


@each_case
def test_two_fits_are_the_same(case):
    X, y = make(case)[1:]
    vectors = []
    for _ in range(2):
        encoder = CASES[case][0]()
        block = encoder.fit_transform(X, y)
        vectors.append(run(build(encoder), block).vectors)
    torch.testing.assert_close(*vectors, atol=0, rtol=0)


#: Tuned networks of others, which may draw from torch's global generator.
FOREIGN = ["text-head", "text-lora", "text-full", "audio-full"]


@each_case
def test_training_draws_from_the_generator_of_its_fit(case):
    """And knows nothing of the process's default type."""
    encoder, X, y = make(case)
    found = []
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        try:
            encoder_ = clone(encoder)
            block = encoder_.fit_transform(X, y)
            with seeded(0):
                module = encoder_.build_module(WIDTH)
            state = torch.get_rng_state()
            # Those of others run under seeded(...) in a fit.
            with drawing_from(make_generator(0)):
                if case in FOREIGN:
                    with seeded(0):
                        output = module.train()(block)
                else:
                    output = module.train()(block)
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.equal(torch.get_rng_state(), state)
        found.append(output if isinstance(output, Encoded) else Encoded(output))
    assert needs_global_state(module) == (case in FOREIGN)
    for one, other in zip(*found):
        if one is not None:
            assert one.dtype == other.dtype != torch.float64
            assert torch.equal(one, other)


@each_case
def test_bfloat16(case):
    encoder, X, y = make(case)
    block = encoder.fit_transform(X, y)
    module = build(encoder)
    expected = run(module, block).vectors
    with torch.autocast("cpu", torch.bfloat16):
        vectors = run(module, block).vectors.float()
    error = (vectors - expected).norm() / expected.norm()
    assert error < 0.1


_TRANSFORMERS = "transformers asks whether a mask hides anything"
#: Why a step of some waits for the device.
WAITS = {
    "entity-sampled": "how many different nodes are drawn decides the sizes",
    "text-head": _TRANSFORMERS,
    "text-lora": _TRANSFORMERS,
    "text-full": _TRANSFORMERS,
    "audio-full": "networks of others take recordings of one length at once",
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.xfail(reason=WAITS[case]))
        if case in WAITS
        else case
        for case in CASES
    ],
)
def test_a_step_does_not_wait_for_the_device(case):
    """Nor does it make a tensor on the CPU that the device's are then mixed with."""
    encoder, X, y = make(case)
    model = MultimodalClassifier(
        [("cells", encoder, list(X.columns))],
        heads=["fused", "wide"],
        validation=None,
        max_epochs=1,
        batch_size=8,
        mixup="mixup",
        random_state=0,
    )
    assert waits_of_training(model, with_missing(X, [3, 7, 20]), y) == []


@each_case
def test_learns_64_rows_by_heart(case):
    encoder, X, y = make(case, n=64)
    model = MultimodalClassifier(
        [("cells", encoder, list(X.columns))],
        heads=["fused"],
        validation=None,
        max_epochs=15,
        learning_rate=5e-3,
        dropout=0.0,
        batch_size=16,
        random_state=0,
    )
    model.fit(X, y)
    losses = model.history_[:, "train_loss"]
    # A single epoch is noisy: nodes, words and links are hidden at random.
    assert np.mean(losses[-3:]) < 0.5 * losses[0]
    assert model.score(X, y) > 0.9
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X))
    # A row that has nothing gets the prior, and one at a time is as the batch.
    nothing = model.predict_proba(with_missing(X, [0]).iloc[[0]])
    np.testing.assert_allclose(nothing, [[0.5, 0.5]], atol=1e-6)
    np.testing.assert_allclose(
        model.predict_proba(X.iloc[[3]]), model.predict_proba(X)[[3]], atol=1e-4
    )
