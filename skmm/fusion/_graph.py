"""Fusion by graph attention."""

from __future__ import annotations

import math
from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import masked_mean, masked_softmax
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class GraphFusion(Fusion):
    r"""Graph attention, with the modalities as nodes that are all linked.

    .. math::
        h_i' = h_i + \operatorname{ELU}\Bigl(\sum_j \alpha_{ij} W x_j\Bigr), \qquad
        \alpha_{ij} = \operatorname{softmax}_{j : p_j = 1}
        \operatorname{LeakyReLU}(a^\top [W x_i; W x_j]), \qquad
        x = \mathrm{LN}(h + e)

    There are several attention heads, and the learned vectors :math:`e_m` tell the
    nodes apart. The fused vector z is the mean of the nodes that are present, after L
    layers. :math:`O(L (M d^2 + M^2 d))`.

    Parameters
    ----------
    n_layers : int, default=2
        L, the number of layers.
    n_heads : int, default=4
        Number of attention heads. If the width is not a multiple of it, the greatest
        common divisor of both is used.

    References
    ----------
    Veličković, Cucurull, Casanova, Romero, Liò, Bengio: Graph Attention Networks, ICLR
    2018.

    Examples
    --------
    >>> from skmm.fusion import GraphFusion
    >>> GraphFusion(n_layers=1)
    GraphFusion(n_layers=1)
    """

    _parameter_constraints = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_layers: int = 2, n_heads: int = 4) -> None:
        self.n_layers = n_layers
        self.n_heads = n_heads

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Graph(len(spec.names), spec.width, self.n_layers, self.n_heads)


class _Graph(nn.Module):
    def __init__(self, n_modalities, width, n_layers, n_heads):
        super().__init__()
        self.out_features = width
        self.modality = nn.Parameter(torch.randn(n_modalities, width) * 0.02)
        self.layers = nn.ModuleList(
            _GraphAttention(width, math.gcd(width, n_heads)) for _ in range(n_layers)
        )

    def forward(self, vectors, present):
        nodes = vectors + self.modality
        for layer in self.layers:
            nodes = nodes + layer(nodes, present)
        return FusionOutput(masked_mean(nodes, present))


class _GraphAttention(nn.Module):
    learning_rate_scale = 1 / 3  # as of an AttentionBlock, for the same reason

    def __init__(self, width, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width, bias=False)
        # a' [W x_i; W x_j] is the sum of one number a node as asker, one as asked.
        self.scores = nn.Parameter(torch.empty(2, n_heads, width // n_heads))
        nn.init.xavier_uniform_(self.scores)

    def forward(self, nodes, present):
        values = self.linear(self.norm(nodes)).unflatten(2, (self.n_heads, -1))
        asks, asked = torch.einsum("nmhd,khd->knhm", values, self.scores)
        scores = nn.functional.leaky_relu(asks[..., None] + asked[:, :, None], 0.2)
        weights = masked_softmax(scores, present[:, None, None])  # (n, h, M, M)
        found = torch.einsum("nhij,njhd->nihd", weights.to(values.dtype), values)
        return nn.functional.elu(found.flatten(2))
