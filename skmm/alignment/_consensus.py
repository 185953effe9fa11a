"""Alignment of each modality with a common vector of the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import masked_softmax
from skmm.alignment._base import (
    Alignment,
    AlignmentModule,
    standardise,
    weighted_mean,
    with_partner,
)

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class MaxAlignment(Alignment):
    r"""Pull each modality to the element-wise maximum of the row's modalities.

    .. math::
        L = \operatorname*{mean}_{i, m} \frac{\| h_{im} - t_i \|^2}{d\, \sigma^2},
        \qquad t_i = \max_m h_{im}

    The mean is over the modalities that are present, in rows with at least two.
    :math:`\sigma^2` is the variance of all these vectors about their common mean, and
    gradients flow through it. So only the distance within a row relative to the
    distances between rows counts, and the loss is lowered neither by shrinking all
    vectors nor by sending all rows to one point. (A batch of one row therefore has no
    effect.) Gradients flow through the maximum too: the largest value is pulled down
    while the others are pulled up. Otherwise the vectors would grow without end, since
    noise always raises a maximum. :math:`O(M n d)`.

    Examples
    --------
    >>> from skmm.alignment import MaxAlignment
    >>> MaxAlignment()
    MaxAlignment()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Max()


class WeightedAlignment(Alignment):
    r"""Pull each modality to a weighted mean of the row's modalities.

    .. math::
        L = \operatorname*{mean}_{i, m}
        \sqrt{\frac{\| h_{im} - t_i \|^2}{d\, \sigma^2} + \delta^2} - \delta,
        \qquad
        t_i = \sum_m w_{im} h_{im}, \quad
        w_{im} = \operatorname*{softmax}_{m \text{ present}} \omega_m

    Here :math:`\sigma^2` is that of :class:`MaxAlignment` and :math:`\delta = 0.1`. The
    weights :math:`\omega` are learned from this loss, and gradients flow through the
    mean. The distance is not squared on purpose: a sum of squares is smallest at equal
    weights, whatever the vectors are, so no weights could be learned from it. Without
    the square, the mean becomes a median of the modalities, in which a modality that
    disagrees with the others counts less. (Two modalities always keep equal weights.)
    :math:`O(M n d)`.

    References
    ----------
    Weiszfeld: Sur le point pour lequel la somme des distances de n points donnés est
    minimum, 1937 (the weights of the median).

    Examples
    --------
    >>> from skmm.alignment import WeightedAlignment
    >>> WeightedAlignment()
    WeightedAlignment()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Weighted(len(spec.names))


class _Max(AlignmentModule):
    def loss(self, vectors, present):
        kept = with_partner(present)
        vectors = standardise(vectors, kept)
        lowest = torch.finfo(vectors.dtype).min
        target = vectors.masked_fill(~kept[..., None], lowest).amax(1, keepdim=True)
        # A row without pairs has no maximum: its distance would overflow.
        difference = torch.where(kept[..., None], vectors - target, 0)
        return weighted_mean(difference.square().mean(-1), kept)


class _Weighted(AlignmentModule):
    smoothness = 0.1  # in units of the spread: what is nearer counts as reached

    def __init__(self, n_modalities):
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(n_modalities))

    def loss(self, vectors, present):
        kept = with_partner(present)
        vectors = standardise(vectors, kept)
        weights = masked_softmax(self.scores.to(vectors.dtype).expand_as(kept), kept)
        target = (weights[..., None] * vectors).sum(1, keepdim=True)
        square = (vectors - target).square().mean(-1)
        distance = torch.sqrt(square + self.smoothness**2) - self.smoothness
        return weighted_mean(distance, kept)
