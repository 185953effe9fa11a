"""Fusions by the product of all modalities: full tensor, low-rank factors."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput, with_one

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class TensorFusion(Fusion):
    r"""The full outer product of all modalities.

    .. math:: z = \operatorname{vec}\bigotimes_m [h_m; 1]

    Thanks to the appended 1, it contains the products of every subset of the
    modalities. An absent modality is represented by the 1 alone. The product has
    :math:`O(d^M)` features, and so many inputs has the layer that follows, so it suits
    two or three modalities. For more, make the vectors smaller with ``size``, or take
    :class:`LowRankFusion`.

    Parameters
    ----------
    size : int or None, default=None
        Size to which each vector is projected before the product. None keeps the
        width. Set it where the product would be too large.
    max_features : int, default=131072
        Largest number of features that the product may have.

    Raises
    ------
    ValueError
        Raised by ``fit``, before memory is allocated, if the product would have more
        than ``max_features`` features.

    References
    ----------
    Zadeh, Chen, Poria, Cambria, Morency: Tensor Fusion Network for Multimodal
    Sentiment Analysis, EMNLP 2017.

    Examples
    --------
    >>> from skmm.fusion import TensorFusion
    >>> TensorFusion(size=16)
    TensorFusion(size=16)
    """

    _parameter_constraints = {
        "size": [Interval(Integral, 1, None, closed="left"), None],
        "max_features": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, size: int | None = None, max_features: int = 2**17) -> None:
        self.size = size
        self.max_features = max_features

    def build_module(self, spec: FusionSpec) -> nn.Module:
        n_modalities, size = len(spec.names), self.size or spec.width
        n_features = (size + 1) ** n_modalities
        if n_features > self.max_features:
            fits = int((self.max_features + 0.5) ** (1 / n_modalities)) - 1
            smaller = f"fusion=TensorFusion(size={fits}), or " if fits >= 1 else ""
            raise ValueError(
                f"fusion='tensor' over {n_modalities} modalities of size {size} would "
                f"have {size + 1}^{n_modalities} = {n_features} features; at most "
                f"max_features={self.max_features} are built. Use {smaller}"
                "fusion='low_rank', which factorises the same product."
            )
        return _Tensor(n_modalities, spec.width, self.size)


class _Tensor(nn.Module):
    def __init__(self, n_modalities, width, size):
        super().__init__()
        self.out_features = ((size or width) + 1) ** n_modalities
        self.projections = nn.ModuleList(
            nn.Linear(width, size) if size else nn.Identity()
            for _ in range(n_modalities)
        )

    def forward(self, vectors, present):
        product = None
        for m, projection in enumerate(self.projections):
            factor = with_one(projection(vectors[:, m]) * present[:, m, None])
            if product is None:
                product = factor
            else:
                product = (product[:, :, None] * factor[:, None, :]).flatten(1)
        return FusionOutput(product)


class LowRankFusion(Fusion):
    r"""The outer product of all modalities, factorised.

    .. math::
        z = b + \sum_{r=1}^{R} \bigodot_m W_m^{(r)} [h_m; 1]

    This is a linear map of the product of :class:`TensorFusion`, with weights of rank
    R; the product itself is never computed. An absent modality is represented by the
    learned weights of the 1. :math:`O(R M d^2)`.

    Parameters
    ----------
    rank : int, default=4
        R, the rank of the weights. A higher rank can express more interactions, and
        costs more time.

    References
    ----------
    Liu, Shen, Lakshminarasimhan, Liang, Zadeh, Morency: Efficient Low-rank Multimodal
    Fusion with Modality-Specific Factors, ACL 2018.

    Examples
    --------
    >>> from skmm.fusion import LowRankFusion
    >>> LowRankFusion(rank=8)
    LowRankFusion(rank=8)
    """

    _parameter_constraints = {
        "rank": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, rank: int = 4) -> None:
        self.rank = rank

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _LowRank(len(spec.names), spec.width, self.rank)


class _LowRank(nn.Module):
    def __init__(self, n_modalities, width, rank):
        super().__init__()
        self.out_features = width
        factors = torch.randn(n_modalities, width + 1, rank * width) / width**0.5
        # The constants start at 1: a factor that is not yet learned changes nothing.
        factors[:, -1] = 1
        self.factors = nn.Parameter(factors)
        self.scale = nn.Parameter(torch.full((rank, 1), rank**-0.5))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, vectors, present):
        factors = torch.einsum("nmd,mdk->nmk", with_one(vectors), self.factors)
        product = factors[:, 0]
        for factor in factors.unbind(1)[1:]:
            product = product * factor
        product = product.unflatten(1, (len(self.scale), -1))
        return FusionOutput((product * self.scale).sum(1) + self.bias)
