"""One step of a private training, against a loop over single rows."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier
from skmm._training.private import _step
from skmm.encoders import DeclaredTableEncoder, HashedTextEncoder
from skmm.privacy import PrivacySpec


def make_rows(n=60):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=n), "text": ["good one", "bad two"] * (n // 2)}
    )
    X.loc[::5, "x"] = np.nan
    X.loc[::7, "text"] = None
    return X, np.arange(n) % 2


def make_model(**options):
    modalities = [
        ("table", DeclaredTableEncoder({"x": (-2, 2)}), ["x"]),
        ("text", HashedTextEncoder(16), "text"),
    ]
    spec = PrivacySpec(1, 1e-3, 0.3, classes=[0, 1], accountant="rdp", noise_seed=0)
    options = {"max_epochs": 1, "dropout": 0.0, "random_state": 0, **options}
    return MultimodalClassifier(modalities, privacy=spec, **options)


@pytest.fixture
def steps(monkeypatch):
    """What the steps of a fit without noise left: (net, batch, gradients, weights)."""
    seen = []
    plain = _step.PrivateStep.__call__

    def call(self, net, batch):
        step = plain(self, net, batch)
        parameters = list(net.module_.parameters())
        weights = [parameter.detach().clone() for parameter in parameters]
        grads = [parameter.grad.clone() for parameter in parameters]
        seen.append((net, batch, grads, weights))
        return step

    monkeypatch.setattr(_step, "find_noise_multiplier", lambda *args: 0.0)
    monkeypatch.setattr(_step, "spent_epsilon", lambda *args: 0.0)
    monkeypatch.setattr(_step.PrivateStep, "__call__", call)
    return seen


def clipped_sum(net, batch, bound):
    """Clip the gradient of each row by itself, and add them up."""
    parameters = list(net.module_.parameters())
    total, n_clipped = [torch.zeros_like(p) for p in parameters], 0
    for i in range(len(batch.rows)):
        row = torch.tensor([i])
        blocks = {name: block.take(row) for name, block in batch.blocks.items()}
        codes, weight = (part[row] for part in batch.y)
        logits = net.infer(blocks)["fused"].logits
        loss = (net.targets.row_loss(logits, codes) * weight).sum()
        grads = torch.autograd.grad(loss, parameters, allow_unused=True)
        grads = [
            torch.zeros_like(p) if g is None else g for p, g in zip(parameters, grads)
        ]
        norm = torch.sqrt(sum(g.square().sum() for g in grads))
        share = min(1.0, bound / (norm + 1e-6))
        n_clipped += share < 1
        for place, grad in zip(total, grads):
            place += share * grad
    return total, n_clipped


def test_rows_are_clipped_one_by_one(steps):
    make_model(batch_size=20, learning_rate=0.1).fit(*make_rows())
    clipped = 0
    for net, batch, grads, weights in steps:
        net.module_.wake()
        for parameter, known in zip(net.module_.parameters(), weights):
            parameter.data = known
        expected, n_clipped = clipped_sum(net, batch, 0.3)
        clipped += n_clipped
        for found, one in zip(grads, expected):
            # By the mean size of a batch, whatever its own is.
            torch.testing.assert_close(found, one / 20, rtol=1e-3, atol=1e-6)
    assert clipped > 0


def test_batches_of_one_row_and_of_none(steps):
    X, y = make_rows()
    make_model(batch_size=1).fit(X, y)
    sizes = [len(batch.rows) for _, batch, _, _ in steps]
    assert len(sizes) == len(X) and 0 in sizes and max(sizes) > 1
    empty = sizes.index(0)
    assert all(not grad.any() for grad in steps[empty][2])


def test_a_row_that_is_no_number_is_clipped_to_nothing(steps, monkeypatch):
    plain = _step.RowNorms.of

    def spoiled(self, losses):
        norms = plain(self, losses)
        return torch.where(norms == norms.max(), torch.nan, norms)

    with monkeypatch.context() as patch:
        calls = []

        def of(self, losses):
            calls.append(len(losses))
            return spoiled(self, losses) if len(calls) == 1 else plain(self, losses)

        patch.setattr(_step.RowNorms, "of", of)
        make_model(batch_size=60).fit(*make_rows())
    assert calls[1] == calls[0] - 1  # the batch once more, without the row
    assert all(torch.isfinite(grad).all() for grad in steps[0][2])
