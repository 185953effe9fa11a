"""Fusions feature by feature: sum, mean, maximum, product, weighted mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import masked_softmax
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class SumFusion(Fusion):
    r"""Add the vectors of the modalities that are present.

    .. math:: z = \sum_m p_m h_m

    :math:`p_m` is 1 where modality m is present, else 0. :math:`O(M d)`. The fusion has
    no weights, and the order of the modalities does not matter.

    Examples
    --------
    >>> from skmm.fusion import SumFusion
    >>> SumFusion()
    SumFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Sum(spec.width)


class MeanFusion(Fusion):
    r"""Average the vectors of the modalities that are present.

    .. math:: z = \frac{\sum_m p_m h_m}{\sum_m p_m}

    :math:`p_m` is 1 where modality m is present, else 0. :math:`O(M d)`. The fusion has
    no weights, and the order of the modalities does not matter.

    Examples
    --------
    >>> from skmm.fusion import MeanFusion
    >>> MeanFusion()
    MeanFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Mean(spec.width)


class MaxFusion(Fusion):
    r"""Take the largest value of each feature among the modalities present.

    .. math:: z_j = \max_{m : p_m = 1} h_{mj}

    :math:`p_m` is 1 where modality m is present, else 0. :math:`O(M d)`. The fusion has
    no weights, and the order of the modalities does not matter.

    Examples
    --------
    >>> from skmm.fusion import MaxFusion
    >>> MaxFusion()
    MaxFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Max(spec.width)


class ProductFusion(Fusion):
    r"""Multiply the vectors of the modalities that are present.

    .. math:: z = \bigodot_{m : p_m = 1} \mathrm{LN}(h_m)

    Layer normalisation (LN) of each vector comes first, so that a product of many
    vectors neither vanishes nor explodes. An absent modality counts as a factor of 1.
    :math:`O(M d)`; the order of the modalities does not matter.

    Examples
    --------
    >>> from skmm.fusion import ProductFusion
    >>> ProductFusion()
    ProductFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Product(spec.width)


class WeightedFusion(Fusion):
    r"""Average the vectors, with learned weights that are the same in all rows.

    .. math::
        z = \frac{\sum_m p_m w_m h_m}{\sum_m p_m w_m}, \qquad
        w = \operatorname{softmax}(\omega)

    Training starts from equal weights, the plain mean. :math:`O(M d)`.

    Parameters
    ----------
    per_feature : bool, default=False
        If True, each feature of a modality has its own weight. If False, all features
        of a modality share one weight.

    Examples
    --------
    >>> from skmm.fusion import WeightedFusion
    >>> WeightedFusion(per_feature=True)
    WeightedFusion(per_feature=True)
    """

    _parameter_constraints = {"per_feature": ["boolean"]}

    def __init__(self, per_feature: bool = False) -> None:
        self.per_feature = per_feature

    def build_module(self, spec: FusionSpec) -> nn.Module:
        n_weights = spec.width if self.per_feature else 1
        return _Weighted(len(spec.names), spec.width, n_weights)


class _Elementwise(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out_features = width


class _Sum(_Elementwise):
    def forward(self, vectors, present):
        return FusionOutput(vectors.sum(1))


class _Mean(_Elementwise):
    def forward(self, vectors, present):
        count = present.sum(1, keepdim=True).clamp(min=1)
        weights = present.to(vectors.dtype) / count
        return FusionOutput(vectors.sum(1) / count, weights=weights)


class _Max(_Elementwise):
    def forward(self, vectors, present):
        lowest = torch.finfo(vectors.dtype).min
        largest = vectors.masked_fill(~present[..., None], lowest).amax(1)
        return FusionOutput(largest.masked_fill(~present.any(1, keepdim=True), 0))


class _Product(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out_features = width
        self.norm = nn.LayerNorm(width)

    def forward(self, vectors, present):
        factors = torch.where(present[..., None], self.norm(vectors), 1)
        # Not prod(): its gradient divides by what may be 0.
        product = factors[:, 0]
        for factor in factors.unbind(1)[1:]:
            product = product * factor
        return FusionOutput(product)


class _Weighted(nn.Module):
    def __init__(self, n_modalities, width, n_weights):
        super().__init__()
        self.out_features = width
        self.scores = nn.Parameter(torch.zeros(n_weights, n_modalities))

    def forward(self, vectors, present):
        weights = masked_softmax(self.scores[None], present[:, None])
        weights = weights.transpose(1, 2).to(vectors.dtype)  # (n, M, 1 or width)
        return FusionOutput((weights * vectors).sum(1), weights=weights.mean(2))
