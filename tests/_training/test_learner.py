"""Learning and its pickle: precision, compile, device, the optimizer's memory."""

import pickle

import numpy as np
import pytest
import skorch
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._nn.batch_size import auto_batch_size
from skmm.datasets import make_multimodal_classification, make_multimodal_regression

FAST = {"max_epochs": 3, "width": 16, "random_state": 0}


@pytest.fixture
def data():
    return make_multimodal_classification(n_samples=150, missing=0.2, random_state=0)


def test_pickle_goes_on_where_partial_fit_was(data):
    """The optimizer's moments and the batches' order are in the pickle."""
    X, y = data
    model = MultimodalClassifier(**FAST)
    for _ in range(2):
        model.partial_fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    one, two = (m.partial_fit(X, y).predict_proba(X) for m in (model, loaded))
    assert np.array_equal(one, two)
    assert loaded.n_iter_ == model.n_iter_ == 3


def test_pickle_of_a_fit_holds_no_optimizer(data):
    X, y = data
    fitted = MultimodalClassifier(**FAST).fit(X, y)
    went_on = pickle.loads(pickle.dumps(fitted)).partial_fit(X, y)
    # AdamW's two moments are twice the parameters.
    parameters = 4 * fitted.n_parameters_
    assert len(pickle.dumps(went_on)) - len(pickle.dumps(fitted)) > 1.8 * parameters


def test_model_fitted_on_a_device_that_is_not_here_loads_on_the_cpu(data):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU: the fallback cannot be shown")
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    expected = model.predict_proba(X)
    model._learner.device = "cuda"  # as a pickle from elsewhere has it
    with pytest.warns(UserWarning, match="device='cuda', which is not here"):
        loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict_proba(X), expected)


def test_bfloat16(data):
    X, y = data
    options = {"random_state": 0, "max_epochs": 15}
    half = MultimodalClassifier(precision="bfloat16", **options).fit(X, y)
    full = MultimodalClassifier(**options).fit(X, y)
    assert half.score(X, y) > full.score(X, y) - 0.1
    assert np.isfinite(half.transform(X)).all()


def test_head_of_weight_zero_is_not_needed_to_predict(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    model._learner.mixture.weights = np.array([[0.0, 1.0]])
    assert model.predict_proba(X).shape == (150, 2)
    X, y = make_multimodal_regression(n_samples=60, random_state=0)
    model = MultimodalRegressor(**FAST).fit(X, y)
    model._learner.mixture.weights = np.zeros((1, 2))
    np.testing.assert_allclose(model.predict(X), y.mean())


def test_a_row_does_not_depend_on_its_batch(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    together = model.predict_proba(X)
    alone = np.vstack([model.predict_proba(X.iloc[[i]]) for i in range(10)])
    np.testing.assert_allclose(alone, together[:10], rtol=1e-9)


def test_a_skorch_callback_may_record_in_each_batch(data):
    class Record(skorch.callbacks.Callback):
        def on_batch_end(self, net, batch, training, **kwargs):
            X, y = batch
            assert len(X) == len(y)
            net.history.record_batch("rows", len(y))

    X, y = data
    model = MultimodalClassifier(validation=None, callbacks=[Record()], **FAST)
    history = model.fit(X, y).history_
    assert [sum(rows) for rows in history[:, "batches", :, "rows"]] == [150] * 3


class Rates(skorch.callbacks.Callback):
    """What each step learns at, group by group."""

    def on_train_begin(self, net, **kwargs):
        self.seen = []

    def on_batch_end(self, net, batch, training, **kwargs):
        if training:
            self.seen.append([g["lr"] for g in net.optimizer_.param_groups])


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_learning_rate_schedule(data, schedule):
    rates = Rates()
    options = FAST | {"max_epochs": 40, "batch_size": 75, "validation": None}
    model = MultimodalClassifier(
        learning_rate_schedule=schedule, callbacks=[rates], **options
    )
    model.fit(*data)
    seen = np.array(rates.seen)
    full = seen[4]  # the end of the warm-up: 4 of 80 steps
    assert {0.003, 0.009} <= set(full.round(9))  # the wide head at three times as much
    assert (np.diff(seen[:5], axis=0) > 0).all()
    assert (np.diff(seen[4:], axis=0) < 0).all()
    np.testing.assert_allclose(seen[42], 0.5 * full)
    assert (seen[-1] < 0.05 * full).all()

    # Where the end is not known, the rate stays; and so it does without a schedule.
    model.set_params(learning_rate_schedule="constant").fit(*data)
    assert len(np.unique(rates.seen, axis=0)) == 1
    model.set_params(learning_rate_schedule=schedule)
    model.partial_fit(*data)
    model.partial_fit(*data)
    assert len(np.unique(rates.seen, axis=0)) == 1


def test_batch_size_follows_the_rows():
    assert [auto_batch_size(n) for n in (1, 150, 17_000, 10**7)] == [16, 16, 256, 512]


@pytest.mark.slow  # the compiler alone takes half a minute
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_compile(data):
    X, y = data
    # Compiled dropout draws other numbers: equal weights cannot be asked for.
    compiled = MultimodalClassifier(compile=True, random_state=0).fit(X, y)
    assert compiled.score(X, y) > 0.9
    loaded = pickle.loads(pickle.dumps(compiled))
    assert np.array_equal(loaded.predict_proba(X), compiled.predict_proba(X))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_fit_pickles_on_the_cpu(data):
    X, y = data
    model = MultimodalClassifier(precision="float32", **FAST).fit(X, y)
    assert model._learner.module.device.type == "cuda"
    pickled = model._learner.__getstate__()["module"]
    assert {p.device.type for p in pickled.parameters()} == {"cpu"}
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(
        loaded.predict_proba(X), model.predict_proba(X), atol=1e-5
    )
