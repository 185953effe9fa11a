"""Random numbers of a fit, and who needs torch's global generator."""

import multiprocessing
import os
import threading

import pytest
import torch
from torch import nn

from skmm._nn import seeding
from skmm._nn.attention import TransformerLayer
from skmm._nn.freezing import freeze_for_good
from skmm._nn.seeding import (
    Dropout,
    current_generator,
    drawing_from,
    global_state,
    make_generator,
    needs_global_state,
    seeded,
)
from skmm.augmentation import Mixup, RandomFlip, make_augmentation
from skmm.encoders._deep import EncoderModule

CPU, ONES = torch.device("cpu"), torch.ones(64)
DRAWS = {
    "rand": lambda: seeding.rand(3, 2, device=CPU),
    "randn": lambda: seeding.randn(3, 2, device=CPU),
    "rand_like": lambda: seeding.rand_like(ONES),
    "randn_like": lambda: seeding.randn_like(ONES),
    "randint": lambda: seeding.randint(2, 99, (6,), device=CPU),
    "randperm": lambda: seeding.randperm(20, device=CPU),
    "beta": lambda: seeding.beta(0.5, 6, device=CPU),
    "dropout": lambda: seeding.dropout(ONES, 0.5, True),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_draws_repeat_by_the_generator_alone(draw):
    state = torch.get_rng_state()
    with drawing_from(make_generator(0)):
        first, second = draw(), draw()
    with drawing_from(make_generator(0)):
        again = draw()
    assert torch.equal(first, again) and not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    # Without a fit around, it is torch's own generator.
    with seeded(0):
        expected = draw()
    with seeded(0):
        assert torch.equal(draw(), expected)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_draws_do_not_know_the_default_dtype(draw):
    with drawing_from(make_generator(0)):
        expected = draw()
    torch.set_default_dtype(torch.float64)
    try:
        with drawing_from(make_generator(0)):
            found = draw()
    finally:
        torch.set_default_dtype(torch.float32)
    assert found.dtype == expected.dtype != torch.float64


def test_dropout_of_a_rate():
    x = torch.full((20_000,), 3.0, requires_grad=True)
    with drawing_from(make_generator(0)):
        found = Dropout(0.25)(x)
        assert (Dropout(1.0)(x) == 0).all()
    assert sorted(found.unique().tolist()) == [0, 4]
    assert (found == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    torch.testing.assert_close(gradient, found.detach() / 3)


def test_dropout_that_is_off():
    x = torch.rand(50)
    with drawing_from(make_generator(0)):
        assert torch.equal(Dropout(0.5).eval()(x), x)
        assert torch.equal(Dropout(0.0)(x), x)


def test_dropout_without_a_generator_is_the_one_of_torch():
    x = torch.rand(50)
    with seeded(3):
        expected = nn.Dropout(0.5)(x)
    with seeded(3):
        assert torch.equal(Dropout(0.5)(x), expected)


def test_dropout_compiles_without_a_break():
    compiled = torch.compile(Dropout(0.5), backend="eager", fullgraph=True)
    assert sorted(compiled(torch.ones(99)).unique().tolist()) == [0, 2]


def test_generators_nest_and_belong_to_a_thread():
    outer, inner, seen = make_generator(0), make_generator(1), []
    with drawing_from(outer):
        with drawing_from(inner):
            assert current_generator() is inner
        with drawing_from(None):
            assert current_generator() is None
        assert current_generator() is outer
        thread = threading.Thread(target=lambda: seen.append(current_generator()))
        thread.start()
        thread.join()
    assert seen == [None] and current_generator() is None


def test_global_state_goes_on_with_the_generator_and_is_taken_back():
    torch.set_default_dtype(torch.float64)
    try:
        state, generator, found = torch.get_rng_state(), make_generator(0), []
        for _ in range(2):
            with global_state(generator):
                found.append(torch.rand(3))
        with pytest.raises(KeyError), global_state(generator):
            torch.rand(1)
            raise KeyError
        assert torch.get_default_dtype() == torch.float64
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_default_dtype(torch.float32)
    expected = torch.rand(3, generator=make_generator(0))
    assert torch.equal(found[0], expected) and not torch.equal(*found)


def draw_in_child(queue):
    with seeded(0):
        queue.put(torch.rand(2).tolist())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_does_not_wait_for_the_parents_lock():
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    held, done = threading.Event(), threading.Event()

    def hold():
        with global_state(make_generator(1)):
            held.set()
            done.wait(timeout=60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(timeout=60)
    child = context.Process(target=draw_in_child, args=[queue])
    child.start()
    try:
        found = queue.get(timeout=30)
    finally:
        child.kill()
        done.set()
        thread.join()
    assert found == torch.rand(2, generator=make_generator(0)).tolist()


def test_transformer_layer_is_that_of_torch():
    own = TransformerLayer(8, 2, 16, 0.5)
    options = {"activation": "gelu", "batch_first": True, "norm_first": True}
    expected = nn.TransformerEncoderLayer(8, 2, 16, 0.0, **options)
    expected.load_state_dict(own.state_dict())
    x = torch.rand(3, 5, 8)
    padding = torch.arange(5) >= torch.tensor([5, 3, 1])[:, None]
    there = ~padding[..., None]
    # A share too small to hide anything takes the way of training.
    for part in own.modules():
        if isinstance(part, Dropout):
            part.p = 1e-12
    for mask in (None, padding):
        found = own(x, src_key_padding_mask=mask)
        right = expected(x, src_key_padding_mask=mask)
        torch.testing.assert_close(found * there, right * there)
        found = own.eval()(x, src_key_padding_mask=mask)
        torch.testing.assert_close(found * there, right * there)
        own.train()


class Own(nn.Linear):
    """A layer of the user's own."""


class OwnMixup(Mixup):
    """A mixup of the user's own."""


def with_change(name, change):
    module = EncoderModule(4)
    setattr(module, name, change)
    return module


MODULES = {
    "linear": (lambda: nn.Linear(2, 2), False),
    "own dropout": (lambda: nn.Sequential(Dropout(0.5)), False),
    "dropout": (lambda: nn.Sequential(nn.Dropout(0.5)), True),
    "dropout of nothing": (lambda: nn.Dropout(0.0), False),
    "alpha dropout": (lambda: nn.AlphaDropout(0.5), True),
    "rrelu": (lambda: nn.RReLU(), True),
    "lstm": (lambda: nn.LSTM(2, 2, 2), False),
    "lstm with dropout": (lambda: nn.LSTM(2, 2, 2, dropout=0.5), True),
    "attention": (lambda: nn.MultiheadAttention(2, 1), False),
    "attention with dropout": (lambda: nn.MultiheadAttention(2, 1, 0.1), True),
    "transformer": (lambda: nn.TransformerEncoderLayer(2, 1, 2), True),
    "own transformer": (lambda: TransformerLayer(2, 1, 2, 0.1), False),
    "foreign class": (lambda: nn.Sequential(Own(2, 2)), True),
    "frozen": (lambda: nn.Sequential(Own(2, 2)), False),
    "augmented": (
        lambda: with_change("augment", make_augmentation("auto", "image")),
        False,
    ),
    "augmented by a function": (
        lambda: with_change("augment", make_augmentation([RandomFlip(), abs], "image")),
        True,
    ),
    "mixed": (lambda: with_change("mixup", Mixup()), False),
    "mixed by a class": (lambda: with_change("mixup", OwnMixup()), True),
}


@pytest.mark.parametrize("name", MODULES)
def test_needs_global_state(name):
    make, needs = MODULES[name]
    module = make()
    if name == "frozen":
        freeze_for_good(module)
    assert needs_global_state(module) is needs
