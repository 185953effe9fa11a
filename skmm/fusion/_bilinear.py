"""Fusions by products of pairs: full outer product, factorised pooling."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.seeding import Dropout
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput, StandIn, pairs, with_one

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class BilinearFusion(Fusion):
    r"""Full outer product of each pair of modalities, followed by a linear layer.

    .. math::
        z = [z_{ab}]_{a < b}, \qquad
        z_{ab} = W_{ab} \operatorname{vec}([h_a; 1] [h_b; 1]^\top)

    Thanks to the appended 1, the product also contains the features of each modality
    alone. An absent modality is represented by the 1 alone. :math:`O(M^2 d^2 k)` in
    time and parameters.

    Parameters
    ----------
    size : int or None, default=None
        k, the size of each pair's vector. None takes the estimator's width. Lower it to
        save time and parameters.

    References
    ----------
    Zadeh, Chen, Poria, Cambria, Morency: Tensor Fusion Network for Multimodal
    Sentiment Analysis, EMNLP 2017 (its outer product, here for pairs).

    Examples
    --------
    >>> from skmm.fusion import BilinearFusion
    >>> BilinearFusion(size=16)
    BilinearFusion(size=16)
    """

    _parameter_constraints = {
        "size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, size: int | None = None) -> None:
        self.size = size

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Bilinear(len(spec.names), spec.width, self.size or spec.width)


class _Bilinear(nn.Module):
    def __init__(self, n_modalities, width, size):
        super().__init__()
        self.pairs = pairs(n_modalities)
        # A lone modality has no pair: it is read alone.
        self.out_features = max(len(self.pairs), 1) * size
        n_in = (width + 1) ** 2 if self.pairs else width + 1
        self.readers = nn.ModuleList(
            nn.Linear(n_in, size) for _ in self.pairs or [None]
        )

    def forward(self, vectors, present):
        vectors = with_one(vectors)
        if not self.pairs:
            return FusionOutput(self.readers[0](vectors[:, 0]))
        parts = [
            reader((vectors[:, a, :, None] * vectors[:, b, None, :]).flatten(1))
            for (a, b), reader in zip(self.pairs, self.readers)
        ]
        return FusionOutput(torch.cat(parts, dim=1))


class MFBFusion(Fusion):
    r"""Multi-modal factorised bilinear pooling of each pair of modalities.

    .. math::
        z = [z_{ab}]_{a < b}, \qquad
        z_{ab} = \operatorname{norm}_2\Bigl(\operatorname{sgn}(s)
        \sqrt{|s|}\Bigr), \qquad
        s_j = \sum_{i=1}^{k} (U_{ab} h_a \odot V_{ab} h_b)_{jk + i}

    Each feature is a bilinear map of rank k, with dropout on the products. A learned
    vector replaces that of an absent modality. :math:`O(M^2 d^2 k)`.

    Parameters
    ----------
    rank : int, default=5
        k, the number of products that are added up for each feature. More products can
        express more interactions, and cost more time.

    References
    ----------
    Yu, Yu, Fan, Tao: Multi-modal Factorized Bilinear Pooling with Co-Attention Learning
    for Visual Question Answering, ICCV 2017.

    Examples
    --------
    >>> from skmm.fusion import MFBFusion
    >>> MFBFusion(rank=3)
    MFBFusion(rank=3)
    """

    _parameter_constraints = {
        "rank": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, rank: int = 5) -> None:
        self.rank = rank

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _MFB(len(spec.names), spec.width, self.rank, spec.dropout)


class _MFB(nn.Module):
    def __init__(self, n_modalities, width, rank, dropout):
        super().__init__()
        self.pairs = pairs(n_modalities) or [(0, 0)]
        self.out_features = len(self.pairs) * width
        self.width = width
        self.stand_in = StandIn(n_modalities, width)
        self.left, self.right = (
            nn.ModuleList(nn.Linear(width, width * rank) for _ in self.pairs)
            for _ in range(2)
        )
        self.dropout = Dropout(dropout)

    def forward(self, vectors, present):
        vectors = self.stand_in(vectors, present)
        parts = []
        for (a, b), left, right in zip(self.pairs, self.left, self.right):
            products = self.dropout(left(vectors[:, a]) * right(vectors[:, b]))
            pooled = products.unflatten(1, (self.width, -1)).sum(2)
            # The signed square root, whose slope is bounded at 0.
            rooted = pooled / torch.sqrt(pooled.abs() + 1e-4)
            parts.append(nn.functional.normalize(rooted, dim=1))
        # Of length sqrt(width), that the next layer has inputs of about unit size.
        return FusionOutput(torch.cat(parts, dim=1) * self.width**0.5)
