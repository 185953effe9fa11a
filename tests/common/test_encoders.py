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
from sklearn.base import clone

from skmm import MultimodalClassifier
from skmm.encoders import TextEncoder
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


#: name -> (encoder, cells)
CASES = {
    "text-bag": (lambda: TextEncoder(min_frequency=1), make_texts),
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
    vectors, tokens, mask = run(build(encoder), block)
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
    vectors, tokens, mask = run(module, block)
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
def test_two_fits_are_the_same(case):
    X, y = make(case)[1:]
    vectors = []
    for _ in range(2):
        encoder = CASES[case][0]()
        block = encoder.fit_transform(X, y)
        vectors.append(run(build(encoder), block).vectors)
    torch.testing.assert_close(*vectors, atol=0, rtol=0)


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


@each_case
def test_learns_64_rows_by_heart(case):
    encoder, X, y = make(case, n=64)
    model = MultimodalClassifier(
        [("cells", encoder, list(X.columns))],
        mix=False,
        validation=None,
        max_epochs=40,
        dropout=0.0,
        batch_size=16,
        random_state=0,
    )
    model.fit(X, y)
    losses = model.history_[:, "train_loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert model.score(X, y) > 0.9
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X))
    # A row that has nothing gets the prior, and one at a time is as the batch.
    nothing = model.predict_proba(with_missing(X, [0]).iloc[[0]])
    np.testing.assert_allclose(nothing, [[0.5, 0.5]], atol=1e-6)
    np.testing.assert_allclose(
        model.predict_proba(X.iloc[[3]]), model.predict_proba(X)[[3]], atol=1e-4
    )
