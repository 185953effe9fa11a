"""Ctrl-C ends the call, and leaves everything as it was."""

import os
import pathlib
import signal
import sys
import threading
import time
import traceback
import warnings

import numpy as np
import pytest
import torch
from joblib import parallel_config
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


# ---------------------------------------------------------- at any moment of a search

#: Interrupts of each search, 102 in all.
REPEATS = {"sequential": 12, "threading": 12, "loky": 10}


def interrupt(call, delay):
    """Call, and send a SIGINT after some seconds; return whether it ended the call.

    False is for a call that was over before, and for an interrupt that Python itself
    lost, in a callback of the garbage collector.
    """
    sent, lost, is_over = [], [], False

    def fire():
        sent.append(True)
        os.kill(os.getpid(), signal.SIGINT)

    send, hook = threading.Timer(delay, fire), sys.unraisablehook
    sys.unraisablehook = lambda error: lost.append(error.exc_type)
    send.start()
    try:
        call()
        is_over = True
        send.cancel()
        send.join()
    except KeyboardInterrupt:
        return not is_over
    except Exception as error:
        # Where joblib is starting a process, its own cleaning up fails.
        places = [f.filename for f in traceback.extract_tb(error.__traceback__)]
        assert isinstance(error.__context__, KeyboardInterrupt)
        assert any("joblib" in place for place in places)
        return True
    finally:
        sys.unraisablehook = hook
    assert not sent or lost == [KeyboardInterrupt]
    return False


def wait_for_fits():
    """Wait until no other thread is within a fit that a call left behind.

    Threads of joblib's that wait for work may stay.
    """
    deadline = time.monotonic() + 60
    while any(map(is_fitting, threading.enumerate())):
        assert time.monotonic() < deadline
        for thread in filter(is_fitting, threading.enumerate()):
            thread.join(0.05)


def is_fitting(thread):
    frame = sys._current_frames().get(thread.ident)
    if thread is threading.current_thread() or frame is None:
        return False
    return any(
        f.f_code.co_filename.startswith(ROOT) for f, _ in traceback.walk_stack(frame)
    )


def check_interrupts_of_a_search(data, what, backend):
    X, y = data
    n_jobs = None if backend == "sequential" else 2
    model = MultimodalClassifier(**FAST).fit(X, y)
    learned, seen = weights(model), dict(vars(model))
    expected = model.predict_proba(X)

    def start():
        if what == "cross_val_score":
            return model, lambda: cross_val_score(model, X, y, cv=2, n_jobs=n_jobs)
        if what == "GridSearchCV":
            grid = {"fusion": ["concat", "late"]}
            search = GridSearchCV(model, grid, cv=2, n_jobs=n_jobs)
        else:
            options = {"cv": 2, "n_jobs": n_jobs, "random_state": 0}
            search = FusionSearchCV(model, fusions=["concat", "late"], **options)
        return search, lambda: search.fit(X, y)

    rng = np.random.default_rng(0)
    with parallel_config(backend=backend):
        begin = time.perf_counter()
        start()[1]()
        duration = time.perf_counter() - begin
        around = surroundings()
        n_ended, waits = 0, []
        for _ in range(5 * REPEATS[backend]):
            search, call = start()
            delay = rng.uniform(0, duration)
            begin = time.perf_counter()
            ended = interrupt(call, delay)
            waits.append(time.perf_counter() - begin - delay)
            found = surroundings()
            if backend == "threading":
                wait_for_fits()
                # Python 3.11's filters are the process's, and scikit-learn sets them in
                # each thread of a search: they change without an interrupt, too.
                warnings.filters[:] = around["filters"]
                found = surroundings()
            assert found == around
            if not ended:
                duration *= 0.9  # the first had to import much
                continue
            n_ended += 1
            if search is not model:
                assert not hasattr(search, "cv_results_")
            # GridSearchCV sets its best estimator before it fits it.
            best = getattr(search, "best_estimator_", None)
            if hasattr(best, "classes_"):
                assert best.predict(X).shape == y.shape
            assert vars(model) == seen
            for name, value in weights(model).items():
                np.testing.assert_array_equal(value, learned[name])
            if n_ended == REPEATS[backend]:
                break
        assert n_ended == REPEATS[backend]
        # What comes after is as good as new.
        _, call = start()
        call()
    again = MultimodalClassifier(**FAST).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), expected)
    print(f"{what}, {backend}: {n_ended} ended, after {max(waits):.2f} s at most")


@pytest.mark.slow  # a hundred searches, and processes that start anew after each
@pytest.mark.parametrize("backend", REPEATS)
@pytest.mark.parametrize("what", ["cross_val_score", "GridSearchCV", "FusionSearchCV"])
def test_interrupts_at_any_moment_of_a_search(data, what, backend):
    check_interrupts_of_a_search(data, what, backend)
