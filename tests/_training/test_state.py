"""What continues, what is read anew, and what stays as it was."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.encoders import TabularEncoder
from skmm.fusion import LowRankFusion

FAST = {"max_epochs": 2, "width": 8, "random_state": 0}


def table():
    numbers = ["num_0", "num_1"]
    return [("tabular", TabularEncoder(), numbers), ("text", "text", "text_0")]


class Count(Callback):
    def __init__(self):
        self.epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs += 1


class Break(Callback):
    """Raise in one of the hooks, the second time."""

    def __init__(self, hook, error=RuntimeError):
        self.hook = hook
        self.error = error
        self.calls = 0

    def _call(self, hook):
        if hook == self.hook:
            self.calls += 1
            if self.calls == (2 if "epoch" in hook or "batch" in hook else 1):
                raise self.error("broken")

    def on_train_begin(self, net, **kwargs):
        self._call("on_train_begin")

    def on_epoch_begin(self, net, **kwargs):
        self._call("on_epoch_begin")

    def on_batch_end(self, net, **kwargs):
        self._call("on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._call("on_epoch_end")

    def on_train_end(self, net, **kwargs):
        self._call("on_train_end")


def probabilities(model, data):
    return model.predict_proba(data[0])


# ---------------------------------------------------------------- read anew at each fit


def fit_twice(data, **params):
    model = MultimodalClassifier(warm_start=True, **FAST).fit(*data)
    return probabilities(model.set_params(**params).fit(*data), data)


@pytest.fixture(scope="module")
def of_two_fits():
    data = make_multimodal_classification(n_samples=200, missing=0.1, random_state=0)
    expected = fit_twice(data)
    np.testing.assert_array_equal(fit_twice(data), expected)
    return expected


@pytest.mark.parametrize(
    "changed",
    [
        {"alignment": "contrastive"},
        {"alignment": ["contrastive", "cca"], "alignment_weight": 3.0},
        {"modality_dropout": 0.5},
        {"mixup": "manifold"},
        {"learning_rate": 1e-9},
        {"learning_rate_schedule": "linear"},
        {"encoder_learning_rate": 1e-9},
        {"freeze": "encoders"},
        {"weight_decay": 50.0},
        {"batch_size": 7},
        {"validation": 0.4},
        {"precision": "bfloat16"},
        {"random_state": 1},
        {"class_weight": {0: 1.0, 1: 9.0}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_parameters_of_the_training_count_in_the_next_fit(
    classification, of_two_fits, changed
):
    found = fit_twice(classification, **changed)
    assert np.abs(of_two_fits - found).max() > 1e-6


def test_numbers_of_epochs_callbacks_and_verbosity_count_in_the_next_fit(
    classification, capsys
):
    model = MultimodalClassifier(warm_start=True, **FAST).fit(*classification)
    count = Count()
    model.set_params(max_epochs=5, callbacks=[count], verbose=1).fit(*classification)
    assert count.epochs == 5 and model.n_iter_ == 7
    assert "valid_loss" in capsys.readouterr().out
    model.set_params(callbacks=None, verbose=0, max_epochs=40, n_iter_no_change=1)
    model.set_params(batch_size=2).fit(*classification)
    assert count.epochs == 5
    stopped = model.n_iter_
    assert stopped < 47
    model.set_params(early_stopping=False, max_epochs=3, batch_size="auto")
    assert model.fit(*classification).n_iter_ == stopped + 3
    assert capsys.readouterr().out == ""


def test_number_of_processes_counts_in_the_next_fit(classification):
    model = MultimodalClassifier(warm_start=True, **FAST).fit(*classification)
    one = probabilities(model.fit(*classification), classification)
    twin = MultimodalClassifier(warm_start=True, **FAST).fit(*classification)
    twin.set_params(n_jobs=2).fit(*classification)
    assert twin._preparation.n_jobs == 2
    np.testing.assert_array_equal(probabilities(twin, classification), one)


def test_device_that_is_not_there_is_refused_in_the_next_fit(classification):
    model = MultimodalClassifier(warm_start=True, **FAST).fit(*classification)
    before = probabilities(model, classification)
    with pytest.raises(ValueError, match="device='mps' is not available"):
        model.set_params(device="mps").fit(*classification)
    np.testing.assert_array_equal(probabilities(model, classification), before)


def test_a_rate_of_next_to_nothing_moves_nothing(classification):
    model = MultimodalClassifier(**FAST).fit(*classification)
    before = model.transform(classification[0])
    model.set_params(learning_rate=1e-12).partial_fit(*classification)
    np.testing.assert_allclose(model.transform(classification[0]), before, atol=1e-6)


def test_alignment_keeps_what_it_learned_until_it_is_another(classification):
    model = MultimodalClassifier(alignment="adversarial", warm_start=True, **FAST)
    first = model.fit(*classification)._learner.fused.alignments[0]
    second = model.fit(*classification)._learner.fused.alignments[0]
    third = model.set_params(alignment=["adversarial", "cca"]).fit(*classification)
    weights = [next(one.parameters()) for one in (first, second)]
    assert not np.array_equal(*(w.detach() for w in weights))
    assert len(third._learner.fused.alignments) == 2


# ------------------------------------------------------------------------- structure


@pytest.mark.parametrize(
    "changed, named",
    [
        ({"modalities": table()[:1]}, "modalities"),
        ({"fusion": "gated"}, "fusion"),
        ({"fusion__rank": 3}, "fusion__rank"),
        ({"tabular__backbone": "resnet"}, "tabular__backbone"),
        ({"heads": ["fused"]}, "heads"),
        ({"width": 4}, "width"),
        ({"depth": 2}, "depth"),
        ({"dropout": 0.4}, "dropout"),
        ({"init": "model.joblib"}, "init"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_of_the_structure_cannot_change(
    classification, changed, named, method
):
    model = MultimodalClassifier(
        table(), fusion=LowRankFusion(rank=2), warm_start=True, **FAST
    ).fit(*classification)
    before = probabilities(model, classification)
    with pytest.raises(ValueError, match=f"^{named}: not as in the fit"):
        getattr(model.set_params(**changed), method)(*classification)
    np.testing.assert_array_equal(probabilities(model, classification), before)


def test_equal_parameters_are_the_same_structure(classification):
    model = MultimodalClassifier(table(), fusion=LowRankFusion(rank=2), **FAST)
    model.partial_fit(*classification)
    model.set_params(fusion=LowRankFusion(rank=2), modalities=table())
    assert model.partial_fit(*classification).n_iter_ == 2


def test_a_fit_anew_takes_another_structure(classification):
    model = MultimodalClassifier(warm_start=True, **FAST).fit(*classification)
    model.set_params(warm_start=False, fusion="gated", width=4).fit(*classification)
    assert model.transform(classification[0]).shape[1] == 4


# ------------------------------------------------------------------ as before the call


HOOKS = [
    "on_train_begin",
    "on_epoch_begin",
    "on_batch_end",
    "on_epoch_end",
    "on_train_end",
]


@pytest.mark.parametrize(
    "error, hook",
    [
        *((RuntimeError, hook) for hook in HOOKS),
        # In the loop it would ask for the training's end.
        (KeyboardInterrupt, "on_train_begin"),
        (KeyboardInterrupt, "on_train_end"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "warm", "partial_fit"])
def test_an_error_leaves_everything_as_it_was(classification, hook, method, error):
    X, y = classification
    model = MultimodalClassifier(warm_start=method == "warm", **FAST).fit(X, y)
    twin = MultimodalClassifier(**FAST).fit(X, y)
    seen = dict(vars(model))
    model.set_params(callbacks=[Break(hook, error)], max_epochs=3)
    call = model.partial_fit if method == "partial_fit" else model.fit
    if method == "partial_fit" and hook in ("on_epoch_begin", "on_epoch_end"):
        call(X, y)  # one epoch: the hook is called once, and has not raised yet
        twin.partial_fit(X, y)
        seen = dict(vars(model))
    with pytest.raises(error, match="broken"):
        call(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))
    np.testing.assert_array_equal(model.transform(X), twin.transform(X))
    assert {k: v for k, v in vars(model).items() if v is not seen.get(k)}.keys() <= {
        "callbacks",
        "max_epochs",
    }
    # And it goes on as if nothing had been.
    for one in (model, twin):
        one.set_params(callbacks=None).partial_fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))


def test_history_as_a_table(classification):
    X, y = classification
    model = MultimodalClassifier(**FAST | {"max_epochs": 3}).fit(X, y)
    table = model.history_.to_frame()
    assert list(table.index) == [1, 2, 3]
    assert {"train_loss", "valid_loss", "fused_valid_loss", "dur"} <= set(table)
    assert list(model.best_epoch_) == ["fused", "wide"]
    assert all(0.5 <= epoch <= 3 for epoch in model.best_epoch_.values())


def test_validation_score(classification, regression):
    (X, y), (X_number, number) = classification, regression
    model = MultimodalClassifier(validation=(X[150:], y[150:]), **FAST)
    assert model.fit(X[:150], y[:150]).validation_score_ == pytest.approx(
        model.score(X[150:], y[150:])
    )
    model = MultimodalRegressor(validation=(X_number[150:], number[150:]), **FAST)
    assert model.fit(X_number[:150], number[:150]).validation_score_ == pytest.approx(
        model.score(X_number[150:], number[150:]), rel=1e-4
    )
    assert (
        model.set_params(validation=None).fit(X_number, number).validation_score_
        is None
    )


def test_validation_score_is_of_no_use_after_partial_fit(classification):
    model = MultimodalClassifier(**FAST).fit(*classification)
    assert model.validation_score_ is not None
    assert model.partial_fit(*classification).validation_score_ is None


def test_epochs_that_are_over_are_not_copied(classification):
    """Else each of many calls of partial_fit would take longer than the one before."""
    model = MultimodalClassifier(**FAST).fit(*classification)
    earlier = list(model.history_)
    n_earlier = len(model.partial_fit(*classification).history_) - 1
    assert n_earlier == len(earlier)
    assert all(a is b for a, b in zip(earlier, model.history_))


@pytest.mark.parametrize("estimator", [MultimodalClassifier, MultimodalRegressor])
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("learning_rate", [1e4, 1e20])
def test_divergence_warns_once_and_leaves_a_model(
    classification, regression, estimator, early_stopping, learning_rate
):
    X, y = classification if estimator is MultimodalClassifier else regression
    model = estimator(
        **FAST | {"max_epochs": 4, "early_stopping": early_stopping},
        learning_rate=learning_rate,
    )
    # Any further warning is an error.
    with pytest.warns(ConvergenceWarning, match="no longer a number") as warned:
        model.fit(X, y)
    assert len(warned) == 1
    predicted = getattr(model, "predict_proba", model.predict)(X)
    assert np.isfinite(predicted).all()
    assert np.isfinite(model.validation_score_)


def test_valid_loss_is_the_loss_of_what_is_predicted(classification):
    from sklearn.metrics import log_loss

    X, y = classification
    model = MultimodalClassifier(
        validation=(X[150:], y[150:]), early_stopping=False, **FAST
    ).fit(X[:150], y[:150])
    expected = log_loss(y[150:], model.predict_proba(X[150:]))
    assert model.history_[-1, "valid_loss"] == pytest.approx(expected, rel=1e-5)
