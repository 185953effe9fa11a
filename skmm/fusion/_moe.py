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
    r"""Mixture of experts: for each row, a gate chooses a few of many perceptrons.

    .. math::
        z = \sum_{i \in \mathrm{top}_k(s)} g_i E_i(x), \qquad
        g = \operatorname{softmax}_{i \in \mathrm{top}_k(s)} s_i, \qquad
        x = [h_1; \dots; h_M; p]

    The experts :math:`E_i` are perceptrons over the concatenated vectors. During
    training, learned noise is added to the scores :math:`s_i`. The auxiliary loss is
    ``balance`` times the squared coefficient of variation of the experts' total gates;
    it keeps all experts in use. A learned vector replaces that of an absent modality,
    and the gate sees which modalities are present. All experts are computed for all
    rows, since that is faster at these sizes than gathering rows:
    :math:`O(n_{experts} M d^2)`.

    Parameters
    ----------
    n_experts : int, default=4
        Number of experts.
    top_k : int, default=2
        k, the number of experts that are used for a row; at most ``n_experts``.
    gate : {"softmax", "laplace"}, default="softmax"
        Form of the scores. "softmax" takes the linear scores :math:`s = W x`; "laplace"
        takes minus the distance of x to a learned centre of each expert, as FuseMoE.
    balance : float, default=0.01
        Weight of the auxiliary loss. Raise it if rows use only a few of the experts.

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
