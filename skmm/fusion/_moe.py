"""Fusion by sparsely gated experts."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from skmm._nn.seeding import Dropout, randn_like
from skmm._utils.compat import Interval
from skmm._utils.validation import Names
from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class MoEFusion(Fusion):
    r"""A few experts of many, chosen row by row, read all vectors.

    .. math::
        z = \sum_{i \in \mathrm{top}_k(s)} g_i E_i(x), \qquad
        g = \operatorname{softmax}_{i \in \mathrm{top}_k(s)} s_i, \qquad
        x = [h_1; \dots; h_M; p]

    Experts :math:`E_i` are perceptrons over the joined vectors; the scores are
    :math:`s = W x` (``gate="softmax"``) or minus the distance to a learned centre
    (``gate="laplace"``, of FuseMoE), with learned noise in training. An auxiliary loss,
    ``balance`` times the squared coefficient of variation of the experts' total
    gates, keeps all of them in use. A learned vector stands in for an absent modality,
    and the gate sees which are present. All experts are computed, at these sizes that
    is faster than gathering rows: :math:`O(n_{experts} M d^2)`.

    Parameters
    ----------
    n_experts : int, default=4
    top_k : int, default=2
    gate : {"softmax", "laplace"}, default="softmax"
    balance : float, default=0.01

    References
    ----------
    Shazeer, Mirhoseini, Maziarz, Davis, Le, Hinton, Dean: Outrageously Large Neural
    Networks: The Sparsely-Gated Mixture-of-Experts Layer, ICLR 2017. Han, Nguyen,
    Harris, Ho, Saria: FuseMoE, NeurIPS 2024 (the Laplace gate).

    Examples
    --------
    >>> from skmm.fusion import MoEFusion
    >>> MoEFusion(n_experts=8)
    MoEFusion(n_experts=8)
    """

    _parameter_constraints = {
        "n_experts": [Interval(Integral, 1, None, closed="left")],
        "top_k": [Interval(Integral, 1, None, closed="left")],
        "gate": [Names(["softmax", "laplace"])],
        "balance": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_experts: int = 4,
        top_k: int = 2,
        gate: Literal["softmax", "laplace"] = "softmax",
        balance: float = 0.01,
    ) -> None:
        self.n_experts = n_experts
        self.top_k = top_k
        self.gate = gate
        self.balance = balance

    def _check_combinations(self):
        if self.top_k > self.n_experts:
            raise ValueError(
                f"MoEFusion(top_k={self.top_k}, n_experts={self.n_experts}): top_k "
                "must be from 1 to n_experts."
            )

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _MoE(len(spec.names), spec.width, spec.dropout, self)


class _MoE(nn.Module):
    def __init__(self, n_modalities, width, dropout, options):
        super().__init__()
        self.out_features = width
        self.top_k, self.balance = options.top_k, options.balance
        self.laplace = options.gate == "laplace"
        self.stand_in = StandIn(n_modalities, width)
        n_in = n_modalities * (width + 1)
        self.gate = nn.Linear(n_in, options.n_experts, bias=False)
        self.noise = nn.Linear(n_in, options.n_experts, bias=False)
        nn.init.zeros_(self.noise.weight)
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(n_in, 2 * width),
                nn.ReLU(),
                Dropout(dropout),
                nn.Linear(2 * width, width),
            )
            for _ in range(options.n_experts)
        )

    def forward(self, vectors, present):
        vectors = self.stand_in(vectors, present).flatten(1)
        joined = torch.cat([vectors, present.to(vectors.dtype)], dim=1)
        scores = self._scores(joined)
        if self.training:
            noise = nn.functional.softplus(self.noise(joined))
            scores = scores + randn_like(scores) * noise
        chosen, places = scores.topk(self.top_k, dim=1)
        gates = torch.zeros_like(scores).scatter(1, places, chosen.softmax(1))
        found = torch.stack([expert(joined) for expert in self.experts], dim=1)
        load = gates.float().sum(0)
        loss = self.balance * load.var(correction=0) / (load.mean() ** 2 + 1e-8)
        return FusionOutput((gates[..., None] * found).sum(1), loss=loss)

    def _scores(self, joined):
        if not self.laplace:
            return self.gate(joined)
        apart = joined[:, None] - self.gate.weight
        return -torch.sqrt(apart.square().sum(2) + 1e-8)
