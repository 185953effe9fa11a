"""Alignment that only pulls vectors together."""

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

    The mean is over the pairs of modalities that a row has. Both losses are about 1 for
    unrelated vectors and 0 for equal ones. A vector is divided by its own length, or
    with ``"kl"`` by its own standard deviation :math:`\sigma_h` over the features, so
    shrinking all vectors does not lower the loss. Giving all rows the same direction
    does lower it; only the loss of the target works against that.
    :class:`ContrastiveAlignment` prevents it. :math:`O(M^2 n d)`.

    Parameters
    ----------
    distance : {"cosine", "kl"}, default="cosine"
        Distance between the vectors of a row. "cosine" is 1 minus their cosine
        similarity; "kl" is the symmetric Kullback-Leibler divergence of their softmax
        distributions.

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
