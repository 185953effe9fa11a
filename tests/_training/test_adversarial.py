"""Training against changes that are worst for what is predicted."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.perturbation import Perturbation, divergence, norms
from skmm._training.targets import ClassificationTargets
from skmm.augmentation import Adversarial
from skmm.datasets import make_multimodal_classification
from skmm.encoders import ImageEncoder, TabularEncoder, TextEncoder
from skmm.inspection import attack

KINDS = ["fgm", "pgd", "free", "vat", "trades"]
FAST = {"max_epochs": 2, "width": 8, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    X, y = make_multimodal_classification(n_samples=600, random_state=0)
    return X[:400], y[:400], X[400:], y[400:]


@pytest.fixture(scope="module")
def plain(rows):
    return MultimodalClassifier(heads=["fused"], random_state=0).fit(*rows[:2])


def perturb(model, X, y, radii, **options):
    """Return a perturbation, and functions to its loss at any place."""
    fused, module = model._learner.fused, model._learner.module
    blocks = {n: b.cast(module.dtype) for n, b in model._blocks(X).items()}
    codes = torch.from_numpy(model._targets.encode(y))
    perturbation = Perturbation(fused, radii, **options)

    def loss():
        output = perturbation.run(lambda b: module(b, ["fused"])["fused"], blocks)
        return model._targets.row_loss(output.logits, codes).sum()

    return perturbation, loss, blocks


@pytest.mark.parametrize("name", ["tabular", "text"])
def test_it_goes_where_the_loss_grows(plain, rows, name):
    """The gradient is that of finite differences, for numbers and for embeddings."""
    X, y = rows[2][:20], rows[3][:20]
    perturbation, loss, _ = perturb(plain, X, y, {name: 1e-3}, start=0.5)
    loss()
    ((key, start),) = perturbation.deltas.items()
    gradient = torch.autograd.grad(loss(), start)[0]
    step = 1e-2 if name == "text" else 1e-6  # the table of n-grams is in float32
    places = gradient.abs().flatten().argsort(descending=True)[:8]
    for place in places.tolist():
        found = []
        for sign in (1, -1):
            moved = start.detach().clone().double()
            moved.view(-1)[place] += sign * step * float(gradient.abs().mean())
            perturbation.deltas[key] = moved
            with torch.no_grad():
                found.append(float(loss()))
        slope = (found[0] - found[1]) / (2 * step * float(gradient.abs().mean()))
        assert slope == pytest.approx(float(gradient.view(-1)[place]), rel=0.05)
    perturbation.deltas = {key: start}
    before = loss()
    perturbation.climb(before, 0.5)
    assert loss() > before


def test_it_stays_within_the_radius(plain, rows):
    X, y = rows[2].copy(), rows[3]
    X.iloc[:5, 0] = np.nan
    radii = {"tabular": 0.3, "text": 0.2}
    perturbation, loss, blocks = perturb(plain, X, y, radii, start=1.0)
    for _ in range(4):
        perturbation.climb(loss(), 1.0)
    (_, numbers), (_, embedded) = perturbation.deltas.items()
    assert float(numbers.detach().abs().max()) == pytest.approx(0.3)
    changed = perturbation.change(blocks)["tabular"][0].detach()
    np.testing.assert_array_equal(changed.isnan(), blocks["tabular"][0].isnan())
    clean = perturbation._clean["text", 0, 0][2]
    shares = norms(embedded.detach()) / norms(clean)
    assert float(shares.max()) == pytest.approx(0.2, rel=1e-4)


def test_pixels_are_changed_on_the_scale_to_255():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (60, 48))
    X = pd.DataFrame(pixels, columns=[f"p{i}" for i in range(48)])
    y = (pixels[:, 0] > 128).astype(int)
    model = MultimodalClassifier(
        [("image", ImageEncoder("cnn", shape=(4, 4, 3)), list(X))],
        adversarial=Adversarial("pgd", radius={"image": 8.0}),
        **FAST,
    ).fit(X, y)
    perturbation, loss, blocks = perturb(model, X, y, {"image": 8.0})
    for _ in range(3):
        perturbation.climb(loss(), 1.0)
    (delta,) = perturbation.deltas.values()
    assert 7.9 < float(delta.detach().abs().max()) <= 8 + 1e-6
    changed = perturbation.change(blocks)["image"][0].detach()
    assert float(changed.min()) >= 0 and float(changed.max()) <= 255


def test_it_makes_attacks_harder(plain, rows):
    """And rows as they are are predicted about as well."""
    X, y, X_test, y_test = rows
    radius = {"text": 0.4}
    options = {"modalities": ["text"], "radius": radius, "steps": 5, "random_state": 0}
    before = attack(plain, X_test, y_test, **options)
    adversarial = Adversarial("fgm", radius=radius)
    model = clone(plain).set_params(adversarial=adversarial).fit(X, y)
    after = attack(model, X_test, y_test, **options)
    assert after.frame["score"][0] > before.frame["score"][0] + 0.05
    assert after.scores["fused"] > before.scores["fused"] - 0.03


def test_rows_as_they_are_are_learned_and_validated_as_without(rows):
    """What is drawn in a step is drawn again: a weight of 0 changes nothing at all."""
    X, y, X_test, _ = rows
    model = MultimodalClassifier(**FAST, heads=["fused", "wide"], mixup="manifold")
    plain = clone(model).fit(X, y)
    other = clone(model).set_params(adversarial=Adversarial("pgd", weight=0.0))
    other.fit(X, y)
    np.testing.assert_array_equal(
        plain.predict_proba(X_test), other.predict_proba(X_test)
    )
    losses = [e["fused_valid_loss"] for e in plain.history_]
    assert losses == [e["fused_valid_loss"] for e in other.history_]


@pytest.mark.parametrize(
    "kind",
    ["fgm", *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS if k != "fgm")],
)
def test_what_it_goes_together_with(classification, kind, tmp_path):
    X, y = classification
    model = MultimodalClassifier(
        **FAST,
        adversarial=kind,
        mixup="manifold",
        alignment="contrastive",
        modality_dropout=0.2,
        modalities=[
            ("tabular", TabularEncoder(n_members=2, augment="auto"), slice(0, 6)),
            ("text", TextEncoder("cnn", augment="auto"), slice(6, None)),
        ],
    )
    fitted, again = clone(model).fit(X, y), clone(model).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), again.predict_proba(X))
    skmm.save(fitted, tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))


@pytest.mark.parametrize("kind", ["fgm", "free", "trades"])
def test_other_targets_folds_and_batches(classification, regression, kind):
    X, y = regression
    options = {**FAST, "heads": ["fused"], "adversarial": kind}
    model = MultimodalRegressor(**options, loss="quantile", quantile=[0.1, 0.9])
    assert np.isfinite(model.fit(X, y).predict(X)).all()
    X, y = classification
    for more in ({"loss": "ordinal"}, {"validation": 2}):
        model = MultimodalClassifier(**options, **more).fit(X, y)
        assert np.isfinite(model.predict_proba(X)).all()
    model = MultimodalClassifier(**options).partial_fit(X, y).partial_fit(X, y)
    assert len(model.history_) == 2


def test_divergences():
    """Kullback and Leibler's, of one logit as of two."""
    from skmm._training.heads import HeadOutput

    p, q = torch.tensor([[0.3], [-1.0]]), torch.tensor([[1.0], [-1.0]])
    binary = ClassificationTargets(np.array([0, 1]))
    one = divergence(binary, HeadOutput(p), HeadOutput(q))
    several = ClassificationTargets(np.array([0, 1, 2]))
    low = torch.full((2, 1), -50.0)
    p, q = (torch.cat([torch.zeros(2, 1), some, low], dim=1) for some in (p, q))
    torch.testing.assert_close(one, divergence(several, HeadOutput(p), HeadOutput(q)))
    assert one[0] > 0 and one[1] == 0


def test_nested_parameters():
    model = MultimodalClassifier(adversarial="pgd").set_params(adversarial__steps=7)
    assert clone(model).get_params()["adversarial__steps"] == 7


def test_what_is_refused(classification):
    X, y = classification

    def fit(**options):
        return MultimodalClassifier(**FAST, **options).fit(X, y)

    with pytest.raises(ValueError, match="radius names 'picture', which is not a mod"):
        fit(adversarial=Adversarial(radius={"picture": 8}))
    with pytest.raises(ValueError, match="radius= of modality 'text' is -1"):
        fit(adversarial=Adversarial(radius={"text": -1}))
    with pytest.raises(ValueError, match="heads= leaves that out"):
        fit(adversarial="fgm", heads=["wide"])
    words = [c for c in X if c.startswith("cat")]
    with pytest.raises(ValueError, match=r"nothing can be changed of \['words'\]"):
        fit(adversarial="fgm", modalities=[("words", "tabular", words)])
    with pytest.raises(ValueError, match="do not go together"):
        fit(adversarial="fgm", balance="pareto")
    with pytest.raises(ValueError, match="Set compile=False"):
        fit(adversarial="fgm", compile=True)
    with pytest.raises(ValueError, match="'adversarial' parameter"):
        fit(adversarial="fgsm")
