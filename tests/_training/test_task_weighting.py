"""How the losses of several tasks are weighed."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize

from skmm._training.tasks import TaskTargets, find_tasks
from skmm._training.tasks._weighting import GradNormStep, shortest_mean


@pytest.mark.parametrize("n", [2, 3, 5])
def test_pareto_finds_the_shortest_mean(n):
    vectors = np.random.default_rng(n).normal(size=(n, 8)) + 0.3
    products = vectors @ vectors.T
    weights = shortest_mean(products)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    least = minimize(
        lambda w: w @ products @ w,
        np.full(n, 1 / n),
        bounds=[(0, 1)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
    ).fun
    assert weights @ products @ weights == pytest.approx(least, rel=0.02)


def test_pareto_of_opposed_gradients_takes_neither_side():
    np.testing.assert_allclose(
        shortest_mean(np.array([[1, -2], [-2, 4.0]])), [2 / 3, 1 / 3]
    )


def test_gradnorm_prefers_the_task_that_learns_slowly():
    step = GradNormStep()
    step.factors = torch.ones(2)
    gradients = torch.ones(2, 4, dtype=torch.float64)
    factors = step._weigh(torch.tensor([1.0, 0.2], dtype=torch.float64), gradients)
    assert factors[0] > 1 > factors[1]
    assert factors.sum() == pytest.approx(2)


def test_each_task_counts_in_units_of_its_constant_over_the_rows_that_have_it():
    rng = np.random.default_rng(0)
    Y = pd.DataFrame(
        {"label": rng.integers(0, 4, 400).astype(float), "size": 1e6 * rng.random(400)}
    )
    Y.loc[:299, "size"] = None
    tasks = find_tasks({"label": "classification", "size": "regression"}, Y)
    weight = np.ones(400)
    targets = TaskTargets(tasks, Y, weight)
    codes = torch.from_numpy(targets.encode(Y))
    prior = targets.prior(codes.numpy(), weight)
    logits = torch.from_numpy(prior).expand(400, -1)
    losses = targets.task_losses(logits, codes)
    np.testing.assert_allclose(losses.mean(0), [1, 1], rtol=1e-5)
    assert (losses[:300, 1] == 0).all()
    factors = torch.tensor([2.0, 0.5])
    weighted = targets.weighted(factors).row_loss(logits, codes)
    np.testing.assert_allclose(weighted, losses @ factors.double())
