"""Estimators with privacy=: what is spent, what is shown, and what is not."""

import pickle
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from opacus.accountants import create_accountant
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from skorch.callbacks import LRScheduler

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.private._refusals import check_private
from skmm.encoders import DeclaredTableEncoder, HashedTextEncoder
from skmm.privacy import PrivacySpec

N = 320
TABLE = DeclaredTableEncoder({"age": (18, 90)}, {"job": ["a", "b"]})
TEXT = HashedTextEncoder(64)
MODALITIES = [("facts", TABLE, ["age", "job"]), ("note", TEXT, "note")]
Spec = partial(PrivacySpec, 8, 1e-3, accountant="rdp")


def make_rows(n=N, seed=0):
    rng = np.random.default_rng(seed)
    age, job = rng.integers(18, 90, n), rng.choice(["a", "b"], n)
    y = np.where(age > 54, "old", "young")
    note = np.where(rng.random(n) < 0.5, y, "who knows")
    X = pd.DataFrame(
        {"age": age.astype(float), "job": job, "note": note.astype(object)}
    )
    X.loc[::9, "age"] = np.nan
    X.loc[::11, "note"] = None
    return X, y


def classifier(spec=None, **options):
    spec = spec or Spec(classes=["old", "young"])
    options = {"max_epochs": 8, "learning_rate": 0.03, "dropout": 0.0} | options
    options = {"random_state": 0, "modalities": MODALITIES} | options
    return MultimodalClassifier(privacy=spec, **options)


def regressor(spec=None, **options):
    spec = spec or Spec(target_range=(18, 90))
    return MultimodalRegressor(MODALITIES, privacy=spec, max_epochs=8, **options)


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(*make_rows())


# ------------------------------------------------------------------- what is spent


def test_it_learns(fitted):
    assert fitted.score(*make_rows(seed=1)) > 0.75
    assert fitted.head_weights_ == {"fused": 1.0}


@pytest.mark.parametrize(
    "accountant", ["rdp", pytest.param("prv", marks=pytest.mark.slow)]
)
def test_epsilon_is_that_of_opacus(accountant):
    """Step by step, by an accountant of its own; and each epoch's."""
    spec = Spec(classes=["old", "young"], accountant=accountant)
    model = classifier(spec, max_epochs=2).fit(*make_rows())
    spent, epochs = model.privacy_, []
    assert spent.n_steps == 2 * 16 and spent.sample_rate == 20 / N
    opacus = create_accountant(accountant)
    for step in range(spent.n_steps):
        opacus.step(
            noise_multiplier=spent.noise_multiplier, sample_rate=spent.sample_rate
        )
        if step % 16 == 15:
            epochs.append(opacus.get_epsilon(spent.delta))
    assert spent.epsilon == pytest.approx(epochs[-1], abs=1e-6)
    found = [epoch["epsilon"] for epoch in model.history_]
    assert found == pytest.approx(epochs, abs=1e-6)
    assert 0.98 * spec.epsilon <= spent.epsilon <= spec.epsilon


def test_no_counts_of_rows_or_classes_are_kept(fitted):
    assert fitted._summary is None and fitted._calibration is None
    card = skmm.model_card(fitted)
    assert "differential privacy: epsilon" in card.sections["Training data"]
    assert "share of the rows" not in str(card)


def test_a_fit_that_ends_early_has_spent_less(fitted):
    with pytest.warns(UserWarning, match="time_limit"):
        model = classifier(time_limit=1e-6).fit(*make_rows())
    assert 0 < model.privacy_.n_steps < fitted.privacy_.n_steps
    assert model.privacy_.epsilon < fitted.privacy_.epsilon
    assert model.privacy_.noise_multiplier == fitted.privacy_.noise_multiplier


# -------------------------------------------------------------------- what is shown


def test_neither_losses_nor_sizes_of_batches(fitted):
    frame = fitted.history_.to_frame()
    assert (
        frame.filter(like="loss").drop(columns="train_loss_best").isna().all(axis=None)
    )
    sizes = {
        b["train_batch_size"] for epoch in fitted.history_ for b in epoch["batches"]
    }
    assert sizes == {20}
    assert fitted.validation_score_ is None
    assert "dur" not in frame  # how long an epoch took tells of its batches


def test_only_a_noise_seed_repeats_the_noise():
    X, y = make_rows()
    options = {"max_epochs": 1}
    free = [classifier(**options).fit(X, y).predict_proba(X) for _ in range(2)]
    assert np.abs(free[0] - free[1]).max() > 1e-6
    spec = Spec(classes=["old", "young"], noise_seed=0)
    models = [classifier(spec, **options).fit(X, y) for _ in range(2)]
    assert np.array_equal(*[model.predict_proba(X) for model in models])
    assert models[0].privacy_.is_repeatable


def test_what_rows_hold_does_not_change_the_model_that_is_trained():
    """Nothing that is built depends on cells: neither sizes, nor which columns."""
    X, y = make_rows()
    other = X.assign(age=np.nan, job=None, note="same")
    spec = Spec(classes=["old", "young", "unborn"])
    models = [classifier(spec, max_epochs=1).fit(some, y) for some in (X, other)]
    shapes = [
        [tuple(p.shape) for p in model._learner.module.parameters()] for model in models
    ]
    assert shapes[0] == shapes[1]
    names = [[(name, columns) for name, _, columns in m.modalities_] for m in models]
    assert names[0] == names[1] and len(models[0].classes_) == 3
    # A row of which nothing is known: no class is preferred, whatever their shares.
    nothing = X.iloc[:1].assign(age=np.nan, job=None, note=None)
    assert models[0].predict_proba(nothing)[0].tolist() == pytest.approx([1 / 3] * 3)


def test_numbers_are_read_within_their_declared_range():
    X, _ = make_rows()
    y = np.clip(X["age"].fillna(54).to_numpy(), 18, 90)
    y[0] = 1e9  # read as 90
    spec = Spec(target_range=(18, 90))
    options = {"learning_rate": 0.1, "width": 4, "depth": 0, "random_state": 0}
    model = regressor(spec, **options).fit(X, y)
    y[0] = 90
    assert model.score(X, y) > 0.2
    nothing = X.iloc[:1].assign(age=np.nan, job=None, note=None)
    assert model.predict(nothing)[0] == 54


def test_secure_mode():
    spec = Spec(classes=["old", "young"], secure_mode=True)
    model = classifier(spec).fit(*make_rows())
    assert model.score(*make_rows()) > 0.75


def test_copies_files_and_fits_after(fitted, tmp_path):
    X, y = make_rows()
    fitted.save(tmp_path / "model.skmm")
    for again in (
        skmm.load(tmp_path / "model.skmm"),
        pickle.loads(pickle.dumps(fitted)),
    ):
        assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
        assert again.privacy_ == fitted.privacy_
    model = clone(fitted).set_params(privacy__epsilon=3.0)
    assert fitted.privacy.epsilon == 8.0 and model.privacy.epsilon == 3.0
    assert not hasattr(fitted.set_params(privacy=None).fit(X, y), "privacy_")


def test_callbacks_that_are_allowed(capsys):
    callbacks = [("rate", LRScheduler("StepLR", step_size=1, step_every="batch"))]
    model = classifier(callbacks=callbacks, max_epochs=1, verbose=1)
    model.set_callbacks(ProgressBar()).fit(*make_rows())
    assert "epsilon" in capsys.readouterr().out


def test_what_is_frozen_gets_no_noise():
    model = classifier(freeze=["facts"], max_epochs=1).fit(*make_rows())
    start = classifier(max_epochs=1, learning_rate=1e-30).fit(*make_rows())
    weights = [
        [p.detach() for p in one._learner.fused.encoders[place].parameters()]
        for place in (0, 1)
        for one in (model, start)
    ]
    assert all(map(torch.equal, weights[0], weights[1]))
    assert not all(map(torch.equal, weights[2], weights[3]))


# ------------------------------------------------------------------ what is refused


class ReadError(Exception):
    pass


class Cell:
    """Nobody may look at it."""

    def _explode(self, *args):
        raise ReadError

    __len__ = __iter__ = __str__ = __repr__ = __array__ = __float__ = _explode
    __eq__ = __hash__ = __bool__ = _explode


@pytest.fixture(scope="module")
def unreadable():
    cells = np.empty(30, dtype=object)
    for i in range(30):
        cells[i] = Cell()
    return pd.DataFrame(dict.fromkeys(["age", "job", "note"], cells)), [0, 1] * 15


def no_classes():
    return PrivacySpec(1, 1e-3)


def encoder(name):
    return {"modalities": [("part", name, "note")]}


class Watch(LRScheduler):
    pass


CASES = {
    "auto": ({"modalities": "auto"}, "modalities='auto'.*decided by the cells"),
    "vocabulary": (encoder("text"), "modality 'part', Text.*IDF.*HashedTextEncoder"),
    "quantiles": (encoder("tabular"), "TabularEncoder.*quantiles.*DeclaredTable"),
    "means": (encoder("vector"), "VectorEncoder.*means.*UnitVectorEncoder"),
    "transformer": (encoder("image"), "TransformerEncoder.*what its transformer"),
    "own encoder": (encoder("image_encoder"), "not known to learn nothing.*can_be_pri"),
    "columns": (
        {"modalities": [("part", TEXT, lambda X: X.columns)]},
        "columns.*Name the columns",
    ),
    "readers": ({"modalities": [("part", TABLE, {"age": None})]}, "Name the columns"),
    "heads": ({"heads": ["fused", "linear"]}, "heads=.*'linear'.*heads=.'fused'"),
    "boosting": ({"heads": ["boosting"]}, "'boosting'.*without noise"),
    "fusion": ({"fusion": "moe"}, "fusion='moe'.*'concat'.*'gated'"),
    "alignment": ({"alignment": "contrastive"}, "alignment=.*rows of a batch"),
    "mixup": ({"mixup": "mixup"}, "mixup=.*one row of two"),
    "fraction": ({"validation": 0.1}, "validation=0.1.*all rows train"),
    "folds": ({"validation": 5}, "validation=5"),
    "rows": ({"validation": ([[0]], [0])}, r"validation=\(.*budget"),
    "scoring": ({"scoring": "accuracy"}, "scoring='accuracy'"),
    "init": ({"init": "model.skmm"}, "init='model.skmm'.*not accounted"),
    "warm start": ({"warm_start": True}, "warm_start=True.*not accounted"),
    "compile": ({"compile": True}, "compile=True"),
    "bfloat16": ({"precision": "bfloat16"}, "precision='bfloat16'"),
    "balanced": ({"class_weight": "balanced"}, "class_weight='balanced'.*frequencies"),
    "weight 0": ({"class_weight": {0: 0}}, "class_weight=.*above 0"),
    "ordinal": ({"loss": "ordinal"}, "loss='ordinal'.*shares"),
    "classes": ({"spec": no_classes()}, r"classes found in y.*PrivacySpec\(..., cl"),
    "callback": ({"callbacks": [Watch()]}, "callbacks=.*Watch.*may keep or publish"),
    "plateau": (
        {"callbacks": [LRScheduler("ReduceLROnPlateau")]},
        "callbacks=.*not with ReduceLROnPlateau",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_by_name_before_a_cell_is_read(case, unreadable):
    options, message = CASES[case]
    spec = options.get("spec") or Spec(classes=[0, 1])
    options = {name: value for name, value in options.items() if name != "spec"}
    with pytest.raises(ValueError, match=message):
        classifier(spec, **options).fit(*unreadable)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spec": no_classes()}, "target scaling.*target_range"),
        ({"loss": "poisson"}, "loss='poisson'.*'huber'"),
        ({"loss": "quantile", "quantile": 0.9}, "loss='quantile'"),
    ],
)
def test_refused_of_regressors(options, message, unreadable):
    with pytest.raises(ValueError, match=message):
        regressor(**options).fit(*unreadable)


def test_refused_in_calls(unreadable):
    X, y = unreadable
    spec = Spec(classes=[0, 1])
    with pytest.raises(ValueError, match="sample_weight=.*count for several"):
        classifier(spec).fit(X, y, sample_weight=np.ones(30))
    with pytest.raises(ValueError, match="partial_fit.*how many steps"):
        classifier(spec).partial_fit(X, y)
    watched = classifier(spec).set_callbacks(ScoringMonitor(scoring="accuracy"))
    with pytest.raises(ValueError, match="set_callbacks:.*ScoringMonitor"):
        watched.fit(X, y)


def test_parameters_that_nobody_has_thought_of_are_refused():
    options = classifier().get_params(deep=False)
    check_private(options)
    check_private({**options, "later": None})
    with pytest.raises(ValueError, match="later='much'.*not known.*later=None"):
        check_private({**options, "later": "much"})


def test_cells_are_read_where_nothing_is_refused(unreadable):
    with pytest.raises(ReadError):
        classifier(Spec(classes=[0, 1])).fit(*unreadable)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delta": 1 / 320}, r"delta must be below 1 / 320 = 0.0031"),
        ({"classes": ["old", "new"]}, r"classes=\['old', 'new'\].*'young'"),
        ({"epsilon": 1e-5, "delta": 1e-9}, "no noise keeps.*accountant"),
    ],
)
def test_refused_by_the_rows(options, message):
    spec = Spec(classes=["old", "young"]).set_params(**options)
    with pytest.raises(ValueError, match=message):
        classifier(spec).fit(*make_rows())


def test_several_outputs():
    X, y = make_rows()
    with pytest.raises(ValueError, match="y has 2 outputs.*for each"):
        classifier().fit(X, np.stack([y, y], axis=1))


def test_without_opacus(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(ImportError, match=r'pip install "skmm\[privacy\]"'):
        classifier().fit(*make_rows())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0}, "'epsilon' parameter of PrivacySpec"),
        ({"delta": 1.5}, "'delta' parameter of PrivacySpec"),
        ({"accountant": "gdp"}, "'accountant' parameter of PrivacySpec"),
        ({"classes": ["one"]}, "fewer than two"),
        ({"target_range": (5, 2)}, r"target_range=\(5, 2\)"),
        ({"secure_mode": True, "noise_seed": 0}, "have no seed"),
    ],
)
def test_specs_that_cannot_be(options, message, unreadable):
    spec = Spec(classes=[0, 1]).set_params(**options)
    with pytest.raises(ValueError, match=message):
        classifier(spec).fit(*unreadable)
