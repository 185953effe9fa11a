"""skorch's own callbacks, each of them."""

import pickle
import sys
import types

import numpy as np
import pytest
import skorch.callbacks
import torch
from sklearn.metrics import accuracy_score, log_loss, make_scorer, roc_auc_score
from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
    WarmRestartLR,
)
from skorch.utils import noop

from skmm import MultimodalClassifier, MultimodalRegressor

FAST = {"max_epochs": 3, "width": 8, "random_state": 0, "early_stopping": False}


@pytest.fixture
def data(classification):
    """Training rows, and validation rows of their own."""
    X, y = classification
    labels = np.array(["no", "yes"])[y]
    return X[:150], labels[:150], X[150:], labels[150:]


def fit(data, *callbacks, **options):
    X, y, X_valid, y_valid = data
    model = MultimodalClassifier(
        validation=(X_valid, y_valid),
        callbacks=list(callbacks),
        **FAST | options,
    )
    return model.fit(X, y)


def test_every_class_is_tried():
    """All are imported above, and lint refuses an import that nothing uses."""
    assert set(skorch.callbacks.__all__) - {"Callback"} <= set(globals())


# ----------------------------------------------------------------------------- scoring


def best_class_share(net, X, y):
    """A scorer of one's own."""
    return float(net.predict_proba(X).max(axis=1).mean())


def type_and_name(value):
    """An id that is the same in each process: without an address."""
    return value if isinstance(value, str) else type(value).__name__


SCORERS = {
    "accuracy": lambda m, X, y: accuracy_score(y, m.predict(X)),
    "roc_auc": lambda m, X, y: roc_auc_score(y, m.predict_proba(X)[:, 1]),
    "neg_log_loss": lambda m, X, y: -log_loss(y, m.predict_proba(X)),
    best_class_share: best_class_share,
    None: lambda m, X, y: m.score(X, y),
    make_scorer(accuracy_score): lambda m, X, y: accuracy_score(y, m.predict(X)),
}


@pytest.mark.parametrize("scoring", SCORERS, ids=type_and_name)
@pytest.mark.parametrize("use_caching", [True, False])
def test_epoch_scoring_scores_what_the_estimator_predicts(data, scoring, use_caching):
    X, y, X_valid, y_valid = data
    options = {"lower_is_better": False, "use_caching": use_caching}
    on_train = EpochScoring(scoring, name="train", on_train=True, **options)
    on_valid = EpochScoring(scoring, name="valid", **options)
    model = fit(data, ("train", on_train), ("valid", on_valid))
    score = SCORERS[scoring]
    assert model.history_[-1, "valid"] == pytest.approx(score(model, X_valid, y_valid))
    assert model.history_[-1, "train"] == pytest.approx(score(model, X, y), rel=1e-5)
    assert len(model.history_[:, "valid"]) == 3
    assert {type(best) for best in model.history_[:, "valid_best"]} == {bool}


def test_scoring_changes_nothing(data):
    X = data[0]
    plain = fit(data)
    scored = fit(
        data,
        EpochScoring("roc_auc", on_train=True, name="t"),
        BatchScoring("accuracy", name="b", on_train=True),
    )
    np.testing.assert_array_equal(plain.predict_proba(X), scored.predict_proba(X))


def test_epoch_scoring_without_validation_rows(data):
    model = fit(data, EpochScoring("accuracy", name="acc"))
    assert "acc" in model.history_[-1]
    model.set_params(validation=None).fit(*data[:2])
    assert "acc" not in model.history_[-1]


def test_epoch_scoring_of_numbers_and_labels(regression, classification):
    X, y = regression
    scoring = EpochScoring("r2", lower_is_better=False)
    model = MultimodalRegressor(
        validation=(X[150:], y[150:]), callbacks=[scoring], **FAST
    ).fit(X[:150], y[:150])
    expected = model.score(X[150:], y[150:])
    assert model.history_[-1, "r2"] == pytest.approx(expected, rel=1e-4)
    X, y = classification
    both = np.column_stack([y, 1 - y])
    scoring = EpochScoring("f1_macro", lower_is_better=False)
    model = MultimodalClassifier(callbacks=[scoring], **FAST).fit(X, both)
    assert 0 <= model.history_[-1, "f1_macro"] <= 1


@pytest.mark.parametrize("on_train", [True, False])
def test_batch_scoring(data, on_train):
    scoring = BatchScoring(
        "accuracy", name="acc", on_train=on_train, lower_is_better=False
    )
    model = fit(data, scoring)
    prefix = "train" if on_train else "valid"
    batches = model.history_[-1, "batches", :, ["acc", f"{prefix}_batch_size"]]
    scores, sizes = np.transpose(batches)
    assert sizes.sum() == (150 if on_train else 50)
    found = model.history_[-1, "acc"]
    assert found == pytest.approx(np.average(scores, weights=sizes))
    if not on_train:
        # Of one batch, under the mixture of the epoch before.
        assert abs(found - model.score(*data[2:])) < 0.2


def test_passthrough_scoring(data):
    scoring = PassthroughScoring(name="train_loss", on_train=True)
    model = fit(data, scoring, skorch.callbacks.ProgressBar())
    batches = model.history_[-1, "batches", :, ["train_loss", "train_batch_size"]]
    losses, sizes = np.transpose(batches)
    assert model.history_[-1, "train_loss"] == pytest.approx(
        np.average(losses, weights=sizes), rel=1e-4
    )


# -------------------------------------------------------------------------- checkpoints


@pytest.mark.parametrize(
    "monitor",
    [
        "valid_loss_best",
        "train_loss_best",
        "acc_best",
        None,
        lambda net: len(net.history) == 2,
    ],
    ids=type_and_name,
)
def test_checkpoint(data, tmp_path, monitor):
    scoring = EpochScoring("accuracy", name="acc", lower_is_better=False)
    checkpoint = Checkpoint(
        monitor, dirname=str(tmp_path), f_params="{last_epoch[epoch]}.pt"
    )
    model = fit(data, scoring, checkpoint, learning_rate=0.02, max_epochs=6)
    saved = model.history_[:, "event_cp"]
    files = {path.name for path in tmp_path.glob("*.pt")} - {"optimizer.pt"}
    files -= {"criterion.pt"}
    assert files == {f"{i + 1}.pt" for i, was in enumerate(saved) if was}
    if isinstance(monitor, str):
        assert saved == model.history_[:, monitor]
        assert saved[0]


def test_checkpoint_loads_the_best_and_the_mixture_fits_it(data, tmp_path):
    X, y, X_valid, y_valid = data
    checkpoint = Checkpoint(
        lambda net: len(net.history) == 2,
        dirname=str(tmp_path),
        load_best=True,
        f_history=None,
    )
    model = fit(data, checkpoint, learning_rate=0.05)
    two = fit(data, learning_rate=0.05, max_epochs=2)
    last = fit(data, learning_rate=0.05)
    found = log_loss(y_valid, model.predict_proba(X_valid))
    expected = log_loss(y_valid, two.predict_proba(X_valid))
    assert found == pytest.approx(expected, rel=1e-4)
    assert np.abs(model.predict_proba(X) - last.predict_proba(X)).max() > 1e-3


def test_checkpoint_of_the_whole_net_by_pickle(data, tmp_path):
    checkpoint = Checkpoint(None, dirname=str(tmp_path), f_pickle="net.pkl")
    model = fit(data, checkpoint)
    net = pickle.loads((tmp_path / "net.pkl").read_bytes())
    ours = model._learner.module.state_dict()
    for name, weight in net.module_.state_dict().items():
        np.testing.assert_allclose(weight, ours[name], atol=1e-6)


def test_load_init_state_continues(data, tmp_path):
    end = TrainEndCheckpoint(dirname=str(tmp_path))
    first = fit(data, end, LoadInitState(end))
    assert (tmp_path / "train_end_params.pt").exists()
    second = fit(data, end, LoadInitState(end))
    assert [len(m.history_) for m in (first, second)] == [3, 6]
    assert second.history_[-1, "train_loss"] < first.history_[-1, "train_loss"]
    assert second.history_.to_frame().index[-1] == 6


# ---------------------------------------------------------------------- when it is over


def test_early_stopping(data):
    stop = EarlyStopping(patience=1, threshold=10, threshold_mode="abs", sink=None)
    assert fit(data, stop).n_iter_ == 2  # nothing is better by 10


def test_early_stopping_by_a_score_and_back_to_the_best(data):
    X, _, X_valid, y_valid = data
    scoring = EpochScoring(
        lambda net, X, y: {1: 0.1, 2: 0.9}.get(len(net.history), 0.5),
        name="mine",
        lower_is_better=False,
    )
    stop = EarlyStopping(
        "mine", patience=2, lower_is_better=False, load_best=True, sink=noop
    )
    model = fit(data, scoring, stop, max_epochs=20, learning_rate=0.05)
    assert model.n_iter_ == 4
    two = fit(data, max_epochs=2, learning_rate=0.05)
    found, expected = (
        log_loss(y_valid, m.predict_proba(X_valid)) for m in (model, two)
    )
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_batch_end", "on_epoch_end"])
def test_a_callback_of_ones_own_asks_for_the_end(data, hook):
    class Stop(skorch.callbacks.Callback):
        pass

    def stop(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt

    setattr(Stop, hook, stop)
    model = fit(data, Stop())
    assert model.n_iter_ == 2
    assert np.isfinite(model.predict_proba(data[0])).all()


# ----------------------------------------------------------------------- learning rates


@pytest.mark.parametrize(
    "scheduler",
    [
        LRScheduler("StepLR", step_size=1, gamma=0.1),
        LRScheduler(
            "ReduceLROnPlateau", patience=0, threshold=10, threshold_mode="abs"
        ),
        LRScheduler("CosineAnnealingLR", T_max=3),
        LRScheduler(
            "CyclicLR",
            base_lr=1e-4,
            max_lr=0.1,
            step_every="batch",
            cycle_momentum=False,
        ),
        LRScheduler(WarmRestartLR, base_period=2),
    ],
    ids=lambda one: str(one.policy),
)
def test_schedulers(data, scheduler):
    model = fit(data, scheduler, warm_start=True)
    X = data[0]
    first = model.predict_proba(X)
    assert np.abs(first - fit(data).predict_proba(X)).max() > 1e-6
    model.fit(*data[:2])
    assert model.n_iter_ == 6


def test_gradient_norm_clipping(data):
    model = fit(data, GradientNormClipping(1e-3))
    assert np.abs(model.predict_proba(data[0]) - fit(data).predict_proba(data[0])).max()


# --------------------------------------------------------------------------- parameters


def fused(model):
    return dict(model._learner.fused.named_parameters())


def test_freezer_and_unfreezer(data):
    first = fit(data, max_epochs=1)
    frozen = fit(data, Freezer("heads.fused.output*", at=2))
    opened = fit(
        data,
        Freezer("heads.fused.output*", at=2),
        Unfreezer("heads.fused.output*", at=3),
    )
    for name, weight in fused(frozen).items():
        same = torch.equal(weight, fused(first)[name])
        assert same == name.startswith("output"), name
        assert torch.equal(fused(opened)[name], fused(first)[name]) is False


def test_freezing_beside_early_stopping_keeps_each_weight_its_own(data):
    plain = fit(data, early_stopping=True, max_epochs=8)
    frozen = fit(data, Freezer("heads.wide*", at=3), early_stopping=True, max_epochs=8)
    shapes = [{k: v.shape for k, v in fused(m).items()} for m in (plain, frozen)]
    assert shapes[0] == shapes[1]
    assert frozen.score(*data[2:]) > 0.5


def test_param_mapper_and_initializer(data):
    def zero(parameter):
        torch.nn.init.zeros_(parameter)

    name = "heads.wide.bias"
    model = fit(data, ParamMapper(name, zero, at=3), Initializer(name, fn=zero))
    plain = fit(data)
    wide = [m._learner.module.heads["wide"].bias.abs().max() for m in (model, plain)]
    assert wide[0] < wide[1]


def test_input_shape_setter_is_refused_by_name(data):
    with pytest.raises(ValueError, match="module__input_dim.*InputShapeSetter"):
        fit(data, InputShapeSetter())


# ------------------------------------------------------------------------------ loggers


def test_print_log_keeps_to_its_columns_when_a_head_stops(data, capsys):
    model = fit(
        data,
        early_stopping=True,
        n_iter_no_change=1,
        max_epochs=40,
        verbose=1,
        batch_size=4,
    )
    rows = capsys.readouterr().out.strip().splitlines()
    epochs = [row.split() for row in rows[2:-1]]
    assert {len(row) for row in epochs} == {len(rows[0].split())}
    one, other = model.best_epoch_.values()
    assert one != other  # one head stopped before the other
    assert fit(data, PrintLog(sink=lambda text: None)).n_iter_ == 3
    capsys.readouterr()


def test_progress_bar(data, capsys):
    fit(data, ProgressBar(detect_notebook=False))
    assert "/11 " in capsys.readouterr().err  # 10 batches to learn from, 1 to validate
    fit(data, ProgressBar(detect_notebook=False, batches_per_epoch=11))


def test_epoch_timer(data):
    model = fit(data, ("second_timer", EpochTimer()))
    assert min(model.history_[:, "dur"]) > 0


class Writer:
    """What a tracker's client looks like from skorch's side."""

    def __init__(self):
        self.calls = []
        self.metric = self.run_id = self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))

    def __getitem__(self, key):
        return self

    def __setitem__(self, key, value):
        self.calls.append((key, value))


def test_tensorboard(data):
    writer = Writer()
    fit(data, TensorBoard(writer))
    names = {
        call[1][0] if call[1] else call[2].get("tag")
        for call in writer.calls
        if call[0] == "add_scalar"
    }
    assert {"Loss/train_loss", "Loss/valid_loss"} <= names


def test_wandb(data):
    run = Writer()
    run.dir = None
    fit(data, WandbLogger(run, save_model=False))
    logged = [call[1][0] for call in run.calls if call[0] == "log"]
    assert len(logged) == 3 and {"train_loss", "valid_loss"} <= set(logged[0])


def test_sacred(data):
    run = Writer()
    fit(data, SacredLogger(run))
    assert sum(call[1][0] == "valid_loss" for call in run.calls) == 3


def test_mlflow(data, tmp_path):
    client, run = Writer(), types.SimpleNamespace(info=types.SimpleNamespace(run_id=1))
    logger = MlflowLogger(run, client, create_artifact=False)
    fit(data, logger)
    assert any("valid_loss" in str(call) for call in client.calls)


def test_neptune(data, monkeypatch):
    module = types.ModuleType("neptune")
    module.__version__ = "1"
    module.Run = Writer
    handler = types.ModuleType("neptune.handler")
    handler.Handler = Writer
    for name, one in {"neptune": module, "neptune.handler": handler}.items():
        monkeypatch.setitem(sys.modules, name, one)
    run = Writer()
    run.get_root_object = lambda: run
    logger = NeptuneLogger(run, log_on_batch_end=True)
    monkeypatch.setattr(NeptuneLogger, "_log_integration_version", lambda self: None)
    monkeypatch.setattr(NeptuneLogger, "_model_summary_file", lambda *args: None)
    fit(data, logger)
    assert run.calls
