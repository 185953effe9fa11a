"""Which rows an epoch of the net has."""

import numpy as np
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.sampling import CurriculumSampler

FAST = {"max_epochs": 3, "width": 8, "random_state": 0, "heads": ["fused", "wide"]}


class Seen:
    """A sampler that notes what it was asked, and takes each row once."""

    def __init__(self):
        self.epochs = []

    def __call__(self, y, epoch, rng):
        self.epochs.append((epoch, len(y)))
        return rng.permutation(len(y))


def test_rare_classes_are_learned_as_often(classification):
    X, y = classification
    rng = np.random.default_rng(0)
    kept = (y == 0) | (rng.random(len(y)) < 0.2)
    # Validation rows, which stop and mix, have the classes as they are.
    options = {**FAST, "max_epochs": 10, "validation": None}
    model = MultimodalClassifier(**options)
    plain = clone(model).fit(X[kept], y[kept])
    model = model.set_params(sampler="balanced").fit(X[kept], y[kept])
    share = model.predict_proba(X)[:, 1].mean()
    assert share > plain.predict_proba(X)[:, 1].mean() + 0.1


def test_a_function_of_ones_own(classification):
    X, y = classification
    seen = Seen()
    model = MultimodalClassifier(**FAST, sampler=seen, early_stopping=False).fit(X, y)
    epochs, sizes = zip(*seen.epochs)
    assert epochs == (1, 2, 3) and set(sizes) == {len(y) - 40}
    assert len(model.partial_fit(X, y).history_) == 4 and seen.epochs[-1] == (4, 200)
    for wrong in (lambda y, epoch, rng: [0], lambda y, epoch, rng: 0.5 * y):
        with pytest.raises(ValueError, match="is to return the numbers of 160 rows"):
            clone(model).set_params(sampler=wrong).fit(X, y)


def test_a_curriculum_begins_with_what_is_easy(monkeypatch, classification):
    """A growing share of the rows, those of the least loss; in the end all."""
    X, y = classification
    seen = []
    draw, losses = CurriculumSampler.draw, CurriculumSampler._losses

    def note_losses(self, net, rows):
        found = losses(self, net, rows)
        seen.append([found.numpy()])
        return found

    def note_rows(self, net, rows, generator):
        n = len(seen)
        found = draw(self, net, rows, generator)
        if len(seen) == n:
            seen.append([None])
        seen[-1].append(np.unique(found.numpy()))
        return found

    monkeypatch.setattr(CurriculumSampler, "_losses", note_losses)
    monkeypatch.setattr(CurriculumSampler, "draw", note_rows)
    options = {**FAST, "max_epochs": 7, "early_stopping": False}
    MultimodalClassifier(**options, sampler="curriculum").fit(X, y)
    sizes = [len(rows) for _, rows in seen]
    assert sizes == [160, 64, 88, 112, 136, 160, 160]
    known, rows = seen[1]
    assert known[rows].max() <= np.delete(known, rows).min()


@pytest.mark.parametrize("options", [{"validation": 2}, {"balance": "pareto"}], ids=str)
def test_what_it_goes_together_with(regression, options):
    X, y = regression
    model = MultimodalRegressor(
        **FAST, sampler="curriculum", mixup="manifold", **options
    )
    fitted, again = clone(model).fit(X, y), clone(model).fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), again.predict(X))


def test_numbers_and_several_targets_have_no_classes_to_balance(regression):
    X, y = regression
    with pytest.raises(ValueError, match="this target is regression"):
        MultimodalRegressor(**FAST, sampler="balanced").fit(X, y)
    several = np.column_stack([y > 0, y > 1]).astype(int)
    with pytest.raises(ValueError, match="this target is multilabel"):
        MultimodalClassifier(**FAST, sampler="balanced").fit(X, several)
