"""Balance of modalities: encoders learn beside a modality that learns faster."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.blending import blend
from skmm._training.pareto import _combine
from skmm.encoders import VectorEncoder

BALANCES = ["pareto", "detached", "blending"]
FAST = {"max_epochs": 2, "width": 8, "random_state": 0}


def make_unequal(n_samples, seed):
    """One modality tells most rows by a line; the other more, by products of signs."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n_samples)
    known = np.where(rng.random(n_samples) < 0.9, y, rng.integers(0, 4, n_samples))
    quick = 2.0 * np.eye(4)[known] + 0.3 * rng.normal(size=(n_samples, 4))
    bits = 2 * np.stack([y % 2, y // 2], axis=1) - 1
    signs = rng.choice([-1, 1], size=(n_samples, 2))
    slow = rng.normal(size=(n_samples, 64))
    slow[:, :4] = np.hstack([signs, signs * bits]) + 0.3 * slow[:, :4]
    names = [f"quick__{i}" for i in range(4)] + [f"slow__{i}" for i in range(64)]
    return pd.DataFrame(np.hstack([quick, slow]), columns=names), y


@pytest.fixture(scope="module")
def probes():
    """Accuracy of a line over the slow encoder's vectors, by what balance= is."""
    (X, y), (X_test, y_test) = make_unequal(3000, 0), make_unequal(1000, 1)
    modalities = [
        (name, VectorEncoder(), [one for one in X if one.startswith(name)])
        for name in ("quick", "slow")
    ]
    found = {}
    for balance in (None, *BALANCES):
        model = MultimodalClassifier(
            modalities, heads=["fused"], balance=balance, random_state=0
        ).fit(X, y)
        encoder = model._learner.fused.encoders[1]

        def vectors(X, model=model, encoder=encoder):
            with torch.no_grad():
                return encoder(model._blocks(X)["slow"].cast(torch.float64)).numpy()

        line = LogisticRegression(max_iter=1000).fit(vectors(X), y)
        found[balance] = line.score(vectors(X_test), y_test)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("balance", ["pareto", "detached"])
def test_the_slower_modality_goes_on_learning(probes, balance):
    assert probes[balance] > probes[None] + 0.05


@pytest.mark.parametrize("balance", BALANCES)
def test_what_it_goes_together_with(classification, balance, tmp_path):
    """Members, mixup, alignment, hidden modalities, weights, clone, files."""
    X, y = classification
    model = MultimodalClassifier(
        **FAST,
        balance=balance,
        mixup="manifold",
        alignment="contrastive",
        modality_dropout=0.2,
        modalities=[
            ("tabular", skmm.encoders.TabularEncoder(n_members=2), slice(0, 6)),
            ("text", "text", slice(6, None)),
        ],
    )
    fitted = clone(model).fit(X, y, sample_weight=np.linspace(0.5, 2, len(y)))
    again = clone(model).fit(X, y, sample_weight=np.linspace(0.5, 2, len(y)))
    np.testing.assert_array_equal(fitted.predict_proba(X), again.predict_proba(X))
    skmm.save(fitted, tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("balance", BALANCES)
def test_folds_and_other_losses(regression, classification, balance):
    X, y = regression
    for options in ({"loss": "quantile", "quantile": [0.1, 0.9]}, {"validation": 2}):
        model = MultimodalRegressor(**FAST, heads=["fused"], balance=balance, **options)
        assert np.isfinite(model.fit(X, y).predict(X)).all()
    X, y = classification
    model = MultimodalClassifier(**FAST, loss="ordinal", balance=balance)
    assert set(model.fit(X, y).predict(X)) <= {0, 1}


def test_it_can_be_changed_when_a_fit_continues(classification):
    X, y = classification
    model = MultimodalClassifier(**FAST, warm_start=True).fit(X, y)
    for balance in ("pareto", "detached", None):
        model.set_params(balance=balance).fit(X, y)
    assert model._learner.fused.own_heads is None
    model = MultimodalClassifier(**FAST, balance="pareto").partial_fit(X, y)
    assert len(model.partial_fit(X, y).history_) == 2


def test_what_it_cannot_go_together_with(classification):
    X, y = classification

    def fit(**options):
        return MultimodalClassifier(**FAST, **options).fit(X, y)

    with pytest.raises(ValueError, match="heads= leaves that out"):
        fit(balance="pareto", heads=["wide"])
    with pytest.raises(ValueError, match="this fusion reads tokens"):
        fit(balance="detached", fusion="cross_attention")
    with pytest.raises(ValueError, match="there are none. Set validation="):
        fit(balance="blending", validation=None)
    with pytest.raises(ValueError, match="Set compile=False"):
        fit(balance="pareto", compile=True)
    with pytest.raises(ValueError, match="'balance' parameter"):
        fit(balance="even")


def test_conflicting_gradients_give_way():
    """Along the new gradient neither loss rises; it is 1.5 times as long as the sum."""
    fused, own = torch.tensor([3.0, 0.0]), torch.tensor([-1.0, 1.0])
    parameter = torch.nn.Parameter(torch.zeros(2))
    _combine([(parameter, fused, own)])
    assert parameter.grad @ fused >= 0 and parameter.grad @ own >= 0
    length = 1.5 * (fused + own).norm()
    torch.testing.assert_close(parameter.grad.norm(), length)
    _combine([(parameter, fused, torch.tensor([1.0, 1.0]))])
    torch.testing.assert_close(parameter.grad, torch.tensor([4.0, 1.0]))


def test_blending_prefers_what_generalises():
    before = np.array([1.0, 1.0, 1.0])
    weights = blend(before, before, np.array([0.5, 0.2, 1.0]), np.array([0.6, 0.9, 1]))
    assert weights[0] > weights[1] > 0 and weights[0] > weights[2]
    assert weights.mean() == pytest.approx(1)
