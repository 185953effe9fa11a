"""The mixture of heads: non-negative weights and a temperature, or least squares."""

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.metrics import log_loss

from skmm._data.blocks import Block
from skmm._training.mixture import Mixture
from skmm._training.rows import Rows
from skmm._training.targets import ClassificationTargets, RegressionTargets


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_worthless_head_gets_little_weight(rng):
    y = rng.integers(0, 3, 2000)
    good = np.eye(3)[y] * 2 + rng.normal(size=(2000, 3))
    logits = {"good": good, "noise": rng.normal(size=(2000, 3))}
    targets = ClassificationTargets(y)
    mixture = Mixture.fit(logits, targets.encode(y), np.ones(2000), targets)
    assert mixture.shares["good"] > 0.95
    assert sum(mixture.shares.values()) == pytest.approx(1)
    assert (mixture.weights >= 0).all()


def test_temperature_calibrates_an_overconfident_head(rng):
    score = rng.normal(size=5000)
    y = (rng.random(5000) < expit(score)).astype(int)
    targets = ClassificationTargets(y)
    logits = {"over": 10 * score[:, None]}
    mixture = Mixture.fit(logits, targets.encode(y), np.ones(5000), targets)
    assert mixture.weights[0, 0] == pytest.approx(0.1, rel=0.1)
    before = log_loss(y, targets.predict_proba(logits["over"]))
    after = log_loss(y, targets.predict_proba(mixture(logits)))
    assert after < before / 2


def test_what_is_known_of_more_rows_is_weighed_by_all_of_them(rng):
    y = rng.integers(0, 3, 500)
    good = np.eye(3)[y] * 2 + rng.normal(size=(500, 3))
    targets = ClassificationTargets(y)
    codes, weight = targets.encode(y), np.ones(500)
    rows = Rows({"x": Block(np.zeros((500, 1)), present=np.ones(500, bool))})
    rows.codes, rows.weight = torch.from_numpy(codes), torch.ones(500)
    rows.y = y
    few = rows.select(np.arange(30))
    crossed = {"good": good, "noise": rng.normal(size=(500, 3))}
    logits = {
        "lucky": np.eye(3)[y[:30]] * 5,  # chosen by these very rows
        **{head: some[:30] for head, some in crossed.items()},
    }
    mixture = Mixture.of_crossed(crossed, (codes, weight), logits, few, targets)
    assert mixture.heads == list(logits)
    assert mixture.shares["lucky"] < 0.5
    assert mixture.shares["good"] > 10 * mixture.shares["noise"]
    # Without others it is the mixture of all rows.
    alone = {head: logits[head] for head in crossed}
    mixture = Mixture.of_crossed(crossed, (codes, weight), alone, few, targets)
    expected = Mixture.fit(crossed, codes, weight, targets)
    np.testing.assert_array_equal(mixture.weights, expected.weights)


def test_each_output_has_weights_of_its_own(rng):
    y = rng.integers(0, 2, (3000, 2))
    clean, noise = 4.0 * y - 2 + rng.normal(size=y.shape), rng.normal(size=y.shape)
    targets = ClassificationTargets(y)
    logits = {
        "first": np.column_stack([clean[:, 0], noise[:, 1]]),
        "second": np.column_stack([noise[:, 0], clean[:, 1]]),
    }
    shares = Mixture.fit(logits, targets.encode(y), np.ones(3000), targets).shares
    assert shares["first"][0] > 0.9
    assert shares["second"][1] > 0.9


def test_regression_is_non_negative_least_squares(rng):
    y = rng.normal(size=4000)
    targets = RegressionTargets(y, np.ones(4000))
    codes = targets.encode(y)
    heads = {
        "half": codes / 2,
        "opposite": -codes + rng.normal(size=codes.shape),
    }
    mixture = Mixture.fit(heads, codes, np.ones(4000), targets)
    np.testing.assert_allclose(mixture.weights, [[2, 0]], atol=0.03)


def test_few_rows_pull_towards_equal_weights(rng):
    y = np.array([0, 1, 0, 1])
    targets = ClassificationTargets(y)
    codes = targets.encode(y)
    logits = {"a": 4.0 * codes - 2, "b": rng.normal(size=(4, 1))}
    few = Mixture.fit(logits, codes, np.ones(4), targets)
    many = Mixture.fit(
        {head: np.tile(part, (500, 1)) for head, part in logits.items()},
        np.tile(codes, (500, 1)),
        np.ones(2000),
        targets,
    )
    # Perfectly separated rows ask for infinite weights; the pull keeps them finite.
    assert few.weights.max() < 3
    assert many.weights.max() > few.weights.max()
    # Nor do they say how sure one may be.
    assert few.weights.sum() < 1.3 < many.weights.sum()


def test_weight_counts_as_repetition(rng):
    y = rng.integers(0, 2, 60)
    targets = ClassificationTargets(y)
    codes = targets.encode(y)
    logits = {"a": rng.normal(size=(60, 1)) + codes, "b": rng.normal(size=(60, 1))}
    weight = np.where(np.arange(60) < 30, 2.0, 1.0)
    weighted = Mixture.fit(logits, codes, weight, targets)
    order = np.r_[np.arange(60), np.arange(30)]
    repeated = Mixture.fit(
        {head: part[order] for head, part in logits.items()},
        codes[order],
        np.ones(90),
        targets,
    )
    # Equal but for the pull, which counts rows.
    np.testing.assert_allclose(weighted.weights, repeated.weights, rtol=0.05)


def test_of_a_target_without_noise_sixty_rows_tell_the_better_head(rng):
    codes = rng.normal(size=(60, 1)).astype(np.float32)
    targets = RegressionTargets(codes[:, 0].astype(float), np.ones(60))
    errors = rng.normal(size=(4, 60, 1)) * np.array([0.1, 0.3, 0.3, 0.3])[:, None, None]
    heads = {f"head {i}": codes + error for i, error in enumerate(errors)}
    mixture = Mixture.fit(heads, codes, np.ones(60), targets)
    found = ((mixture(heads) - codes) ** 2).mean()
    assert mixture.shares["head 0"] > 0.6
    assert found < 1.1 * ((heads["head 0"] - codes) ** 2).mean()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_few_rows_that_are_all_right_do_not_make_the_mixture_sure(n_classes):
    y = np.arange(30) % n_classes
    targets = ClassificationTargets(y)
    codes = targets.encode(y)
    right = 20.0 * codes - 10 if n_classes == 2 else 20.0 * np.eye(n_classes)[y]
    logits = {"sure": right, "too": right}
    mixture = Mixture.fit(logits, codes, np.ones(30), targets)
    sure, mixed = (
        targets.predict_proba(some).max(axis=1).min()
        for some in (right, mixture(logits))
    )
    # One row in thirty-one may be another class.
    assert mixed > 0.9
    assert 1 - mixed > 1.5 * (1 - sure)
