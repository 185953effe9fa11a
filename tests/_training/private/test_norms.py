"""Norms of the gradients of single rows, against a loop over these rows."""

import pytest
import scipy.sparse
import torch
from opacus import GradSampleModule
from torch import nn

from skmm._data.containers import Csr
from skmm._nn.sparse import BagTable
from skmm._training.private._norms import RowNorms
from skmm.fusion import FUSIONS, FusionSpec, make_fusion
from skmm.fusion._base import StandIn

N = 7


class Everything(nn.Module):
    """A layer of each kind that is known, over rows and over their tokens."""

    def __init__(self):
        super().__init__()
        self.table = BagTable(11, 4, scale=1.0)
        self.tokens = nn.Linear(3, 4)
        self.norm = nn.LayerNorm(4)
        self.stand_in = StandIn(2, 4)
        self.last = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 1))

    def forward(self, csr, tokens, present):
        bag = self.table(csr, torch.float32)
        pooled = torch.relu(self.norm(self.tokens(tokens))).sum(1)
        vectors = self.stand_in(torch.stack([bag, pooled], dim=1), present)
        return self.last(vectors.flatten(1))[:, 0]


def take(batch, rows):
    csr, *others = batch
    return csr.take(rows), *(part[rows] for part in others)


@pytest.fixture
def case():
    torch.manual_seed(0)
    matrix = scipy.sparse.random_array((N, 11), density=0.4, rng=0, dtype="float32")
    csr = Csr.from_scipy(matrix.tocsr())
    # Some places twice in a row, as hashes may have it.
    csr = Csr(csr.indptr, csr.indices // 2, csr.values, 11)
    present = torch.rand(N, 2) < 0.6
    return Everything(), (csr, torch.randn(N, 5, 3), present), torch.randn(N)


def norms_of(module, batch, y):
    norms = RowNorms(module)
    with norms.watching():
        losses = (module(*batch) - y).square()
    return norms.of(losses), losses


def norms_by_loop(module, batch, y):
    found = []
    for i in range(len(y)):
        module.zero_grad()
        row = torch.tensor([i])
        (module(*take(batch, row)) - y[i]).square().sum().backward()
        grads = [p.grad for p in module.parameters() if p.grad is not None]
        found.append(torch.cat([g.flatten() for g in grads]).norm())
    return torch.stack(found)


def test_they_are_those_of_single_rows(case):
    module, batch, y = case
    norms, losses = norms_of(module, batch, y)
    torch.testing.assert_close(norms, norms_by_loop(*case), rtol=1e-4, atol=1e-5)
    losses.sum().backward()  # the graph is still there
    assert all(p.grad is not None for p in module.parameters())


def test_what_is_frozen_does_not_count(case):
    module, batch, y = case
    for frozen in (module.table, module.tokens, module.norm, module.stand_in):
        frozen.requires_grad_(False)
    module.last[0].bias.requires_grad_(False)
    norms, _ = norms_of(module, batch, y)
    torch.testing.assert_close(norms, norms_by_loop(*case), rtol=1e-4, atol=1e-5)


def test_they_are_those_of_opacus():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 1))
    x, y = torch.randn(N, 3, requires_grad=True), torch.randn(N)
    norms = RowNorms(module)
    with norms.watching():
        losses = (module(x)[:, 0] - y).square()
    found = norms.of(losses)
    wrapped = GradSampleModule(module, loss_reduction="sum")
    (wrapped(x)[:, 0] - y).square().sum().backward()
    squares = [p.grad_sample.flatten(1).square().sum(1) for p in module.parameters()]
    torch.testing.assert_close(found, sum(squares).sqrt(), rtol=1e-4, atol=1e-5)


PRIVATE_FUSIONS = [name for name in FUSIONS if make_fusion(name).can_be_private]


class Fused(nn.Module):
    """A fusion of two modalities, and a layer over what it gives."""

    def __init__(self, name):
        super().__init__()
        spec = FusionSpec(["a", "b"], width=4, n_outputs=1)
        self.fusion = make_fusion(name).build_module(spec)
        self.last = nn.Linear(self.fusion.out_features, 1)

    def forward(self, csr, vectors, present):
        vectors = torch.where(present[..., None], vectors, 0)
        return self.last(self.fusion(vectors, present).embedding)[:, 0]


@pytest.mark.parametrize("name", PRIVATE_FUSIONS)
def test_fusions_that_say_they_can_be_private(name, case):
    _, (csr, _, present), y = case
    module = Fused(name)
    if hasattr(module.fusion, "stand_in"):
        nn.init.normal_(module.fusion.stand_in.vectors)
    batch = csr, torch.randn(N, 2, 4), present
    norms, losses = norms_of(module, batch, y)
    expected = norms_by_loop(module, batch, y)
    torch.testing.assert_close(norms, expected, rtol=1e-4, atol=1e-5)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
        self.b.weight = self.a.weight


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Tanh(), nn.BatchNorm1d(2)),
            "1: BatchNorm1d.*LayerN",
        ),
        (nn.BatchNorm1d(2, affine=False), "BatchNorm1d"),
        (nn.Sequential(nn.Conv1d(1, 1, 1)), "not known for Conv1d.*Known are: Linear"),
        (Tied(), "b and a share weights"),
    ],
)
def test_modules_that_cannot_be_private(module, message):
    with pytest.raises(ValueError, match=message):
        RowNorms(module)


def test_a_layer_that_is_called_twice():
    layer = nn.Linear(2, 2)
    norms = RowNorms(layer)
    with norms.watching(), pytest.raises(ValueError, match="more than once"):
        layer(layer(torch.ones(3, 2)))


def test_weights_that_are_used_without_a_call():
    module = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 1)])
    norms = RowNorms(module)
    with norms.watching():
        hidden = nn.functional.linear(torch.ones(3, 2), module[0].weight)
        losses = module[1](hidden)[:, 0]
    norms.of(losses)
    losses.sum().backward()
    with pytest.raises(ValueError, match="^0.weight is used without a call"):
        norms.check_gradients()


def test_rows_that_are_not_the_first_axis():
    layer = nn.Linear(2, 1)
    norms = RowNorms(layer)
    with norms.watching():
        losses = layer(torch.ones(6, 2)).reshape(3, 2).sum(1)
    with pytest.raises(ValueError, match="gave 6 rows for a batch of 3"):
        norms.of(losses)
