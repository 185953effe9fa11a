"""Ctrl-C ends the call, and leaves everything as it was."""

import os
import pathlib
import signal
import sys
import threading
import traceback
import warnings

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback

import skmm
from skmm import MultimodalClassifier
from skmm._nn.seeding import current_generator
from skmm.model_selection import FusionSearchCV

ROOT = str(pathlib.Path(skmm.__file__).parent)
FAST = {"max_epochs": 2, "width": 4, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    from skmm.datasets import make_multimodal_classification

    return make_multimodal_classification(n_samples=30, random_state=0)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Python's own handler: a job in a shell's background is deaf to the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# ---------------------------------------------------------------- at every line of code


class Lines:
    """Count lines of skmm as they are executed; interrupt one of them.

    Parameters
    ----------
    at : int, default=None
        Number of the line, as they are executed; None interrupts none.
    """

    def __init__(self, at=None):
        self.at = at
        self.count = 0
        self.first = {}

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.enter_function)
        return self

    def __exit__(self, *error):
        sys.settrace(self.before)

    def enter_function(self, frame, event, arg):
        return self.trace if frame.f_code.co_filename.startswith(ROOT) else None

    def trace(self, frame, event, arg):
        if event == "line":
            self.count += 1
            place = frame.f_code.co_filename, frame.f_lineno
            self.first.setdefault(place, self.count)
            if self.count == self.at:
                raise KeyboardInterrupt
        return self.trace


def surroundings():
    """What belongs to the process, and to this thread."""
    get_state = np.random.get_state
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(get_state(legacy=False)),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "filters": list(warnings.filters),
        "generator": current_generator(),
    }


def weights(model):
    module = model._learner.module
    return {name: value.numpy().copy() for name, value in module.state_dict().items()}


CALLS = {
    "fit": (lambda: MultimodalClassifier(**FAST), "fit"),
    "refit": (lambda: MultimodalClassifier(**FAST), "fit"),
    "warm start": (lambda: MultimodalClassifier(warm_start=True, **FAST), "fit"),
    "partial_fit": (lambda: MultimodalClassifier(**FAST), "partial_fit"),
}


def check_interrupts(data, how, select):
    X, y = data
    make, method = CALLS[how]

    def prepare():
        model = make()
        return model if how == "fit" else model.fit(X, y)

    # What is imported and remembered at a first call is not executed again.
    getattr(prepare(), method)(X, y)
    model = prepare()
    with Lines() as lines:
        getattr(model, method)(X, y)
    assert len(lines.first) > 300
    model, around = prepare(), surroundings()
    seen = dict(vars(model))
    learned = weights(model) if how != "fit" else {}
    for at in select(sorted(lines.first.values())):
        with pytest.raises(KeyboardInterrupt) as error, Lines(at):
            getattr(model, method)(X, y)
        place = traceback.extract_tb(error.value.__traceback__)
        at_line = [f"{f.filename}:{f.lineno}" for f in place if ROOT in f.filename][-1]
        assert surroundings() == around, at_line
        now = vars(model)
        if now.keys() != seen.keys() or any(now[key] is not seen[key] for key in seen):
            # The model was complete, and only its return was cut off.
            assert model._learner is not seen.get("_learner"), at_line
            assert model.predict(X).shape == y.shape, at_line
            assert "_base.py" in at_line or "_classifier.py" in at_line, at_line
            model = prepare()
            seen = dict(vars(model))
            learned = weights(model) if how != "fit" else {}
            continue
        for name, value in (weights(model) if how != "fit" else {}).items():
            assert np.array_equal(value, learned[name]), at_line
    # The last of many interrupted ones is as good as new.
    fresh = prepare()
    for one in (model, fresh):
        getattr(one, method)(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), fresh.predict_proba(X))


@pytest.mark.parametrize("how", CALLS)
def test_interrupts_at_some_lines(data, how):
    rng = np.random.default_rng(sorted(CALLS).index(how))
    check_interrupts(data, how, lambda places: rng.choice(places, 25, replace=False))


@pytest.mark.slow  # some thousand fits
@pytest.mark.parametrize("how", CALLS)
def test_interrupts_at_every_line(data, how):
    check_interrupts(data, how, lambda places: places)


# ----------------------------------------------------------------- as a user sends them


class SendSignal(Callback):
    """Send this process a SIGINT at a batch of some fit."""

    countdown = 0

    def on_batch_end(self, net, training, **kwargs):
        SendSignal.countdown -= 1
        if SendSignal.countdown == 0:
            os.kill(os.getpid(), signal.SIGINT)


def searches(X, y):
    model = MultimodalClassifier(callbacks=[SendSignal()], **FAST)
    fusions = {"fusion": ["concat", "late"]}
    return {
        "fit": lambda: model.fit(X, y),
        "partial_fit": lambda: model.partial_fit(X, y),
        "cross_val_score": lambda: cross_val_score(model, X, y, cv=2),
        "GridSearchCV": lambda: GridSearchCV(model, fusions, cv=2).fit(X, y),
        "FusionSearchCV": lambda: FusionSearchCV(model, cv=2).fit(X, y),
    }


@pytest.mark.parametrize(
    "what", ["fit", "partial_fit", "cross_val_score", "GridSearchCV", "FusionSearchCV"]
)
@pytest.mark.parametrize("batch", [1, 3])
def test_a_signal_ends_the_call(data, what, batch):
    assert threading.current_thread() is threading.main_thread()
    SendSignal.countdown = batch if what != "partial_fit" else 1
    with pytest.raises(KeyboardInterrupt):
        searches(*data)[what]()
        pytest.fail(f"{what} went on")
    assert SendSignal.countdown == 0  # and no fit came after


def test_an_earlier_model_stays(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    SendSignal.countdown = 2
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[SendSignal()]).fit(X, 1 - y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_callbacks_end_before_the_call_does(data):
    class End(Callback):
        ended = 0

        def on_train_end(self, net, **kwargs):
            End.ended += 1

    SendSignal.countdown = 2
    with pytest.raises(KeyboardInterrupt):
        MultimodalClassifier(callbacks=[SendSignal(), End()], **FAST).fit(*data)
    assert End.ended == 1


def test_a_handler_of_ones_own_is_no_request_of_a_callback(data):
    def handler(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handler)
    try:
        SendSignal.countdown = 2
        with pytest.raises(KeyboardInterrupt):
            MultimodalClassifier(callbacks=[SendSignal()], **FAST).fit(*data)
    finally:
        signal.signal(signal.SIGINT, before)
