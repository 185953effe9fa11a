"""Alignment by telling a row's own modalities from those of other rows."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.compat import Interval
from skmm.alignment._base import Alignment, AlignmentModule, pairs, unit, weighted_mean

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class ContrastiveAlignment(Alignment):
    r"""Make a row's modalities find each other among the rows of the batch (InfoNCE).

    .. math::
        L = -\frac{1}{2 \log n} \operatorname*{mean}_{a < b,\, i} \left(
        \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}} +
        \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}} \right), \qquad
        s_{ij} = \frac{\cos(h_{ia}, h_{jb})}{T}

    For each pair of modalities a, b only the n rows that have both take part: vectors
    of the same row are positives, vectors of different rows negatives. A pair of
    modalities with fewer than two such rows is left out. The papers do not divide by
    :math:`\log n`; it is done here so that 1 means chance, whatever the size of the
    batch, and 0 means perfect. :math:`O(M^2 n^2 d)`.

    Parameters
    ----------
    temperature : float, default=0.1
        T, the temperature of the softmax. With small values, mainly the most similar
        wrong rows count.
    learn_temperature : bool, default=False
        If True, T is trained as well. It starts at ``temperature`` and does not fall
        below 0.01.

    References
    ----------
    van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive
    Coding, 2018. Radford et al.: Learning Transferable Visual Models From Natural
    Language Supervision, ICML 2021.

    Examples
    --------
    >>> from skmm.alignment import ContrastiveAlignment
    >>> ContrastiveAlignment(temperature=0.05)
    ContrastiveAlignment(temperature=0.05)
    """

    _parameter_constraints = {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "learn_temperature": ["boolean"],
    }

    def __init__(
        self, temperature: float = 0.1, learn_temperature: bool = False
    ) -> None:
        self.temperature = temperature
        self.learn_temperature = learn_temperature

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Contrastive(self.temperature, self.learn_temperature)


class _Contrastive(AlignmentModule):
    def __init__(self, temperature, learned):
        super().__init__()
        self.scale = 1 / temperature
        # Relative to the start: weight decay pulls there, not to a temperature of 1.
        self.log_factor = nn.Parameter(torch.zeros(())) if learned else None

    def loss(self, vectors, present):
        left, right, both = pairs(unit(vectors), present)
        scores = (left @ right.mT) * self.scale
        if self.log_factor is not None:
            # 100 is CLIP's own bound of the scale.
            most = math.log(max(100 / self.scale, 1))
            scores = scores * self.log_factor.clamp(max=most).exp()
        absent = torch.finfo(scores.dtype).min
        found = _log_softmax_of_own(scores.masked_fill(~both[:, None, :], absent))
        found = found + _log_softmax_of_own(
            scores.mT.masked_fill(~both[:, None, :], absent)
        )
        count = both.sum(1, keepdim=True)
        chance = torch.log(count.clamp(min=2).to(scores.dtype))
        taking_part = both & (count >= 2)
        losses = torch.where(taking_part, found / (-2 * chance), 0)
        return weighted_mean(losses, taking_part)


def _log_softmax_of_own(scores):
    return torch.log_softmax(scores, dim=-1).diagonal(dim1=-2, dim2=-1)
