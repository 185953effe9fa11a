"""That every alignment is its formula, and brings about what its name says."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from skmm.alignment import (
    AdversarialAlignment,
    CCAAlignment,
    ContrastiveAlignment,
    CoralAlignment,
    MMDAlignment,
    OptimalTransportAlignment,
    PositiveAlignment,
    WeightedAlignment,
    make_alignment,
)
from skmm.fusion import FusionSpec

WIDTH = 4


def build(alignment, n_modalities, width=WIDTH):
    torch.manual_seed(0)
    names = [f"m{i}" for i in range(n_modalities)]
    return make_alignment(alignment).build_module(FusionSpec(names, width, 2))


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# What each says that it is


def test_contrastive_is_cross_entropy():
    vectors, labels = normal(10, 2, WIDTH), torch.arange(10)
    a, b = normalize(vectors, dim=-1).unbind(1)
    scores = a @ b.T / 0.2
    plain = (cross_entropy(scores, labels) + cross_entropy(scores.T, labels)) / 2
    loss = build(ContrastiveAlignment(temperature=0.2), 2)(
        vectors, torch.ones(10, 2).bool()
    )
    torch.testing.assert_close(loss, plain / np.log(10), rtol=1e-5, atol=1e-5)


def test_cca_is_the_root_of_the_eigenvalues():
    """The textbook's canonical correlations, of the rows that have both."""
    vectors, present = normal(50, 2, WIDTH).double(), torch.ones(50, 2).bool()
    vectors[:, 1] += vectors[:, 0]
    present[40:45, 0] = present[45:, 1] = False
    loss = build(CCAAlignment(regularization=1e-5), 2)(vectors, present)
    a, b = vectors[:40].unbind(1)
    s = np.cov(a.T.numpy(), b.T.numpy())
    s = s.reshape(2, WIDTH, 2, WIDTH).swapaxes(1, 2)
    first, second = (np.linalg.solve(s[i, i], s[i, 1 - i]) for i in (0, 1))
    correlations = np.sqrt(np.linalg.eigvals(first @ second).real)
    assert float(loss) == pytest.approx(1 - correlations.mean(), abs=1e-4)


def samples_of_two_sizes():
    """Vectors, who has them, and both samples divided by their common spread."""
    vectors, present = normal(14, 2, WIDTH).double(), torch.ones(14, 2).bool()
    vectors[:, 1] = 1.5 * vectors[:, 1] + 0.5
    present[10:, 0] = present[:3, 1] = False
    spread = vectors[present].var(0, correction=0).mean().sqrt()
    a, b = (vectors[present[:, m], m].numpy() / float(spread) for m in (0, 1))
    return vectors, present, a, b


def test_mmd_and_coral_are_their_formulas():
    vectors, present, a, b = samples_of_two_sizes()

    def kernel(x, y):
        square = cdist(x, y, "sqeuclidean") / (2 * WIDTH)
        return np.mean([np.exp(-square / c).mean() for c in (0.25, 0.5, 1, 2, 4)])

    mmd = kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)
    loss = build(MMDAlignment(), 2)(vectors, present)
    assert float(loss) == pytest.approx(mmd, abs=1e-5)

    s, t = np.cov(a.T), np.cov(b.T)
    coral = np.sum((s - t) ** 2) / (np.sum(s**2) + np.sum(t**2))
    coral += np.mean((a.mean(0) - b.mean(0)) ** 2)
    loss = build(CoralAlignment(), 2)(vectors, present)
    assert float(loss) == pytest.approx(coral, abs=1e-5)


def test_optimal_transport_is_the_best_matching():
    vectors, present = normal(12, 2, WIDTH), torch.ones(12, 2).bool()
    vectors[:, 1] += 0.5
    a, b = (
        vectors.double() / vectors.flatten(0, 1).var(0, correction=0).mean().sqrt()
    ).unbind(1)
    cost = cdist(a, b, "sqeuclidean") / (2 * WIDTH)
    rows, columns = linear_sum_assignment(cost)
    loss = build(OptimalTransportAlignment(epsilon=0.002, n_iter=1000), 2)(
        vectors, present
    )
    assert float(loss) == pytest.approx(cost[rows, columns].mean(), rel=0.01)


# What each brings about


def train(module, encode, parameters, steps=80, lr=0.1, own_lr=0.1):
    """Let the encoders, and the alignment's own parameters, lower the loss."""
    groups = [{"params": parameters, "lr": lr}]
    groups.append({"params": module.parameters(), "lr": own_lr})
    optimizer = torch.optim.Adam(groups)
    losses = []
    for _ in range(steps):
        vectors = encode()
        loss = module(vectors, torch.ones(vectors.shape[:2], dtype=torch.bool))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        return encode(), losses


def train_free_vectors(alignment, n_modalities=3):
    free = normal(32, n_modalities, 8).requires_grad_()
    return train(build(alignment, n_modalities, 8), lambda: free * 1, [free])


@pytest.mark.parametrize("learned", [False, True])
def test_contrastive_finds_the_partner(learned):
    alignment = ContrastiveAlignment(learn_temperature=learned)
    vectors, losses = train_free_vectors(alignment, 2)
    assert losses[0] > 1 and losses[-1] < 0.1
    a, b = normalize(vectors, dim=-1).unbind(1)
    assert torch.equal((a @ b.T).argmax(1), torch.arange(32))


@pytest.mark.parametrize("distance", ["cosine", "kl"])
def test_positive_pulls(distance):
    vectors, losses = train_free_vectors(PositiveAlignment(distance))
    assert losses[-1] < 0.05 * losses[0]
    assert cosine_similarity(vectors[:, 0], vectors[:, 1], dim=-1).mean() > 0.9


@pytest.mark.parametrize("name", ["max", "weighted"])
def test_consensus_is_reached_without_collapse(name):
    vectors, losses = train_free_vectors(name)
    assert losses[-1] < 0.1 * losses[0]
    assert vectors.std(1).mean() < 0.2 * vectors.mean(1).std(0).mean()
    assert 0.5 < vectors.norm(dim=-1).mean() / normal(32, 3, 8).norm(dim=-1).mean() < 2


def test_weighted_learns_who_disagrees():
    shared, noise = normal(64, 1, 8), normal(64, 3, 8, seed=1)
    vectors = shared + noise * torch.tensor([0.3, 0.3, 3])[:, None]
    module = build(WeightedAlignment(), 3, 8)
    train(module, lambda: vectors, [])
    weights = torch.softmax(module.scores, 0)
    assert weights[2] < 0.15 and (weights[:2] > 0.3).all()


def test_cca_finds_what_two_views_share():
    shared = normal(400, 2)
    views = [
        torch.cat(
            [shared + 0.3 * normal(400, 2, seed=i), normal(400, 8, seed=9 + i)], 1
        )
        @ normal(10, 10, seed=20 + i)
        for i in (1, 2)
    ]
    torch.manual_seed(0)
    encoders = nn.ModuleList(nn.Linear(10, 2) for _ in views)

    def encode(rows=slice(300)):
        return torch.stack([f(x[rows]) for f, x in zip(encoders, views)], 1)

    def held_out():
        with torch.no_grad():
            return 1 - build(CCAAlignment(1e-5), 2, 2)(encode(slice(300, None)), ALL)

    assert (before := held_out()) < 0.6
    train(
        build(CCAAlignment(), 2, 2), encode, encoders.parameters(), lr=0.03, steps=100
    )
    assert held_out() > 0.85 > before


ALL = torch.ones(100, 2, dtype=torch.bool)


@pytest.mark.parametrize("name", ["adversarial", "mmd", "coral", "optimal_transport"])
def test_shifted_clouds_come_together(name):
    """The second modality's encoder can stretch and shift; rows are unrelated."""
    first, second = normal(100, 2, 8).unbind(1)
    stretch = torch.full((8,), 2.0, requires_grad=True)
    shift = torch.full((8,), 1.0, requires_grad=True)

    def encode():
        return torch.stack([first, second * stretch + shift], 1)

    def separable(vectors):
        X = np.concatenate([v.numpy() for v in vectors.detach().unbind(1)])
        y = np.repeat([0, 1], 100)
        return LogisticRegression().fit(X, y).score(X, y)

    assert separable(encode()) > 0.8
    options = {"lr": 0.05, "steps": 60}
    if name == "adversarial":  # a discriminator as slow as the encoders runs in circles
        options = {"lr": 0.01, "own_lr": 0.03, "steps": 200}
    vectors, _ = train(build(name, 2, 8), encode, [stretch, shift], **options)
    assert separable(vectors) < 0.65
    assert shift.abs().mean() < 0.3 and (stretch - 1).abs().mean() < 0.3


def with_gradients(module, vectors, present):
    vectors = vectors.clone().requires_grad_()
    module(vectors, present).backward()
    return [vectors.grad, *(p.grad for p in module.parameters())]


def test_adversarial_strength():
    """Only what reaches the encoders is reversed and scaled."""
    vectors, present = normal(12, 2, WIDTH), torch.ones(12, 2).bool()
    one, two = (
        with_gradients(build(AdversarialAlignment(strength=s), 2), vectors, present)
        for s in (1.0, 0.5)
    )
    torch.testing.assert_close(one[0], 2 * two[0])
    assert all(torch.equal(a, b) for a, b in zip(one[1:], two[1:]))
