"""Alignment by pulling only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from skmm._utils.validation import Names
from skmm.alignment._base import (
    EPS,
    Alignment,
    AlignmentModule,
    pairs,
    unit,
    weighted_mean,
)

if TYPE_CHECKING:
    from torch import nn

    from skmm.fusion._base import FusionSpec


class PositiveAlignment(Alignment):
    r"""Pull a row's modalities to each other, and push nothing apart.

    .. math::
        L_\text{cosine} = \operatorname*{mean}_{i,\, a < b} 1 - \cos(h_{ia}, h_{ib}),
        \qquad
        L_\text{kl} = \operatorname*{mean}_{i,\, a < b} \frac{1}{2}
        \left( KL(p_{ia} \| p_{ib}) + KL(p_{ib} \| p_{ia}) \right), \quad
        p = \operatorname{softmax} \frac{h - \bar h}{\sigma_h}

    over the pairs of modalities that the row has. Both are about 1 for unrelated
    vectors and 0 for equal ones. A vector is divided by its own length, in ``kl`` by
    its own standard deviation :math:`\sigma_h` over the features: shrinking all
    vectors gains nothing. Sending all rows to one direction does; what holds against
    that is the task's loss, or take :class:`ContrastiveAlignment`.
    :math:`O(M^2 n d)`.

    Parameters
    ----------
    distance : {"cosine", "kl"}, default="cosine"
        ``"kl"`` reads a vector as a distribution over its features.

    References
    ----------
    Chen, He: Exploring Simple Siamese Representation Learning, CVPR 2021 (the cosine
    without negatives, and its collapse).

    Examples
    --------
    >>> from skmm.alignment import PositiveAlignment
    >>> PositiveAlignment(distance="kl")
    PositiveAlignment(distance='kl')
    """

    _parameter_constraints = {"distance": [Names(["cosine", "kl"])]}

    def __init__(self, distance: Literal["cosine", "kl"] = "cosine") -> None:
        self.distance = distance

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Positive(cosine_distance if self.distance == "cosine" else kl_distance)


class _Positive(AlignmentModule):
    def __init__(self, distance):
        super().__init__()
        self.distance = distance

    def loss(self, vectors, present):
        left, right, both = pairs(vectors, present)
        return weighted_mean(self.distance(left, right), both)


def cosine_distance(left, right):
    """1 - cosine, along the last axis."""
    # Half the square of the units' difference: exact, and never negative, near 0.
    return (unit(left) - unit(right)).square().sum(-1) / 2


def kl_distance(left, right):
    """Symmetric Kullback-Leibler divergence of the softmaxes, along the last axis."""
    p, q = (torch.log_softmax(_standard(v), dim=-1) for v in (left, right))
    return ((p.exp() - q.exp()) * (p - q)).sum(-1) / 2


def _standard(vectors):
    centred = vectors - vectors.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + EPS)
