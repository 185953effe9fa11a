"""n_members=: each learns by itself, and they predict by their mean probability."""

import numpy as np
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.heads._fused import fold_members
from skmm._training.targets import ClassificationTargets
from skmm.encoders import TabularEncoder
from skmm.encoders._base import Encoded

NUMBERS = ["num_0", "num_1", "num_2", "num_3", "cat_0", "cat_1"]


def modalities(n_members=3):
    return [
        ("table", TabularEncoder(n_members=n_members), NUMBERS),
        ("text", "text", ["text_0"]),
    ]


def test_the_mean_is_of_probabilities():
    rng = np.random.default_rng(0)
    for n_classes in (2, 4):
        targets = ClassificationTargets(np.arange(12) % n_classes)
        logits = torch.tensor(rng.normal(scale=4, size=(5, 3, targets.n_logits)))
        mean = targets.predict_proba(targets.average_members(logits).numpy())
        each = np.stack([targets.predict_proba(logits[:, k].numpy()) for k in range(3)])
        np.testing.assert_allclose(mean, each.mean(axis=0), atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [{}, {"fusion": "hybrid"}, {"fusion": "transformer"}, {"mixup": "manifold"}],
    ids=str,
)
def test_learns_with_other_modalities(classification, options):
    X, y = classification
    model = MultimodalClassifier(
        modalities(), max_epochs=8, random_state=2, heads=["fused"], **options
    ).fit(X, y)
    assert model.score(X, y) > 0.7
    alone = np.vstack([model.predict_proba(X.iloc[[row]]) for row in range(5)])
    np.testing.assert_allclose(alone, model.predict_proba(X)[:5], atol=1e-6)
    assert model.transform(X).shape == (len(X), model._n_features_out)


def test_members_learn_apart(multiclass):
    X, y = multiclass
    model = MultimodalClassifier(modalities()[:1], max_epochs=5, random_state=0)
    model.fit(X, y)
    fused = model._learner.module.heads["fused"]
    block = model._blocks(X)["table"]
    with torch.no_grad():
        members = fused.encoders[0](block).members
    assert members.shape[1] == 3
    assert (members[:, 0] - members[:, 1]).abs().max() > 0.1


def test_regression(regression):
    X, y = regression
    model = MultimodalRegressor(modalities(), max_epochs=10, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.2


def test_unequal_numbers_of_members():
    with pytest.raises(ValueError, match="the same n_members"):
        fold_members(Encoded(torch.zeros(2, 4), members=torch.zeros(2, 3, 4)), 5)
