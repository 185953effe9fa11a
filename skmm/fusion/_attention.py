"""Fusions by attention over the modalities of a row."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import AttentionBlock, masked_softmax
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class AttentionFusion(Fusion):
    r"""Average the vectors, with weights that a learned query gives to each row.

    .. math::
        z = \sum_m a_m h_m, \qquad
        a = \operatorname{softmax}_m (v^\top \tanh(W h_m + b_m))

    An absent modality gets weight 0. :math:`O(M d^2)`.

    References
    ----------
    Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and
    Translate, ICLR 2015 (the additive score).

    Examples
    --------
    >>> from skmm.fusion import AttentionFusion
    >>> AttentionFusion()
    AttentionFusion()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Attention(len(spec.names), spec.width)


class _Attention(nn.Module):
    def __init__(self, n_modalities, width):
        super().__init__()
        self.out_features = width
        self.key = nn.Linear(width, width, bias=False)
        # Which modality a vector is of is not in the vector: the bias says it.
        self.bias = nn.Parameter(torch.zeros(n_modalities, width))
        # From equal weights: a random query drops a modality before it is learned.
        self.query = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.query.weight)

    def forward(self, vectors, present):
        scores = self.query(torch.tanh(self.key(vectors) + self.bias))[..., 0]
        weights = masked_softmax(scores, present)
        return FusionOutput((weights[..., None] * vectors).sum(1), weights=weights)


class AttentionPoolingFusion(Fusion):
    r"""Pool the modalities with learned seed vectors and multi-head attention.

    .. math::
        z = [s_1'; \dots; s_k'], \qquad
        S' = \operatorname{Block}(S, \{h_m + e_m : p_m = 1\})

    Block is multi-head attention, from the k learned seeds S to the vectors of the
    modalities that are present, followed by a perceptron. The learned vectors
    :math:`e_m` tell the modalities apart. :math:`O(k M d + M d^2)`.

    Parameters
    ----------
    n_seeds : int, default=2
        k, the number of learned seeds. The fused vector has ``n_seeds`` times the
        width.
    n_heads : int, default=4
        Number of attention heads. If the width is not a multiple of it, the greatest
        common divisor of both is used.

    References
    ----------
    Lee, Lee, Kim, Kosiorek, Choi, Teh: Set Transformer, ICML 2019 (pooling by
    multi-head attention).

    Examples
    --------
    >>> from skmm.fusion import AttentionPoolingFusion
    >>> AttentionPoolingFusion(n_seeds=4)
    AttentionPoolingFusion(n_seeds=4)
    """

    _parameter_constraints = {
        "n_seeds": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_seeds: int = 2, n_heads: int = 4) -> None:
        self.n_seeds = n_seeds
        self.n_heads = n_heads

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _AttentionPooling(
            len(spec.names), spec.width, self.n_seeds, self.n_heads, spec.dropout
        )


class _AttentionPooling(nn.Module):
    def __init__(self, n_modalities, width, n_seeds, n_heads, dropout):
        super().__init__()
        self.out_features = n_seeds * width
        self.seeds = nn.Parameter(torch.randn(n_seeds, width))
        self.modality = nn.Parameter(torch.randn(n_modalities, width) * 0.02)
        self.block = AttentionBlock(width, n_heads, dropout)

    def forward(self, vectors, present):
        seeds = self.seeds.expand(vectors.shape[0], -1, -1)
        pooled = self.block(seeds, vectors + self.modality, present)
        return FusionOutput(pooled.flatten(1))
