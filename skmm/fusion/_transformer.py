"""Fusion by self-attention over the modalities."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import AttentionBlock, masked_mean
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class TransformerFusion(Fusion):
    r"""Self-attention over a [CLS] token and one token for each modality.

    .. math::
        z = \operatorname{mean}_m \mathrm{LN}(t^{(L)}_m), \qquad
        t^{(0)} = [c; h_1 + e_1; \dots; h_M + e_M], \qquad
        t^{(l+1)} = \operatorname{Block}(t^{(l)}, t^{(l)})

    Block is multi-head attention and a perceptron, each after layer normalisation. No
    token attends to an absent modality. The fused vector is the mean of all tokens that
    are present, [CLS] included; the paper takes [CLS] alone, which learns interactions
    less reliably. :math:`O(L (M^2 d + M d^2))`.

    Parameters
    ----------
    n_layers : int, default=2
        L, the number of layers.
    n_heads : int, default=4
        Number of attention heads. If the width is not a multiple of it, the greatest
        common divisor of both is used.

    References
    ----------
    Gorishniy, Rubachev, Khrulkov, Babenko: Revisiting Deep Learning Models for Tabular
    Data, NeurIPS 2021 (FT-Transformer).

    Examples
    --------
    >>> from skmm.fusion import TransformerFusion
    >>> TransformerFusion(n_layers=1)
    TransformerFusion(n_layers=1)
    """

    _parameter_constraints = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_layers: int = 2, n_heads: int = 4) -> None:
        self.n_layers = n_layers
        self.n_heads = n_heads

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Transformer(
            len(spec.names), spec.width, self.n_layers, self.n_heads, spec.dropout
        )


class _Transformer(nn.Module):
    def __init__(self, n_modalities, width, n_layers, n_heads, dropout):
        super().__init__()
        self.out_features = width
        self.cls = nn.Parameter(torch.randn(1, width) * 0.02)
        self.modality = nn.Parameter(torch.randn(n_modalities, width) * 0.02)
        self.blocks = nn.ModuleList(
            AttentionBlock(width, n_heads, dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, vectors, present):
        n_rows = vectors.shape[0]
        cls = self.cls.expand(n_rows, -1, -1)
        tokens = torch.cat([cls, vectors + self.modality], dim=1)
        mask = torch.cat([present.new_ones(n_rows, 1), present], dim=1)
        for block in self.blocks:
            tokens = block(tokens, tokens, mask)
        return FusionOutput(masked_mean(self.norm(tokens), mask))
