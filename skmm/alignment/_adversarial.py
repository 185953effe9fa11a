"""Alignment against a discriminator."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.compat import Interval
from skmm.alignment._base import Alignment, AlignmentModule, standardise, weighted_mean

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class AdversarialAlignment(Alignment):
    r"""Make the modalities' vectors so alike that a discriminator confuses them.

    .. math::
        L = \frac{1}{\log M} \operatorname*{mean}_m \operatorname*{mean}_{i}
        -\log D_m(R(\tilde h_{im})), \qquad R(h) = h, \quad
        \frac{\partial R}{\partial h} = -\lambda I

    The discriminator D, a perceptron with one hidden layer, learns to tell which
    modality a vector comes from. Through the gradient reversal R, the encoders learn to
    make that impossible. Every modality has the same weight, however often it is
    present, and rows with a single modality count as well. The vectors
    :math:`\tilde h` are centred and divided by the batch's spread, so that an encoder
    cannot succeed by making its vectors small. Unlike the other losses, this one is not
    a distance: 0 means that the discriminator is always right, 1 that it can only
    guess, and then the modalities are aligned. :math:`O(M n (d + M) h)` with h hidden
    units.

    Training may oscillate if the discriminator does not learn faster than the encoders.
    Lower ``strength`` then, or the learning rate of the encoders.

    Parameters
    ----------
    hidden : int, default=None
        Number of hidden units of the discriminator. None takes the width of the
        modalities' vectors.
    strength : float, default=1.0
        :math:`\lambda`, the factor of the gradient that reaches the encoders. Lower it
        if training oscillates.

    References
    ----------
    Ganin et al.: Domain-Adversarial Training of Neural Networks, JMLR 2016.

    Examples
    --------
    >>> from skmm.alignment import AdversarialAlignment
    >>> AdversarialAlignment(strength=0.3)
    AdversarialAlignment(strength=0.3)
    """

    _parameter_constraints = {
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
        "strength": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, hidden: int | None = None, strength: float = 1.0) -> None:
        self.hidden = hidden
        self.strength = strength

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Adversarial(
            len(spec.names), spec.width, self.hidden or spec.width, self.strength
        )


class _Adversarial(AlignmentModule):
    def __init__(self, n_modalities, width, hidden, strength):
        super().__init__()
        self.strength = strength
        self.discriminator = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, n_modalities)
        )

    def loss(self, vectors, present):
        vectors = reverse_gradient(standardise(vectors, present), self.strength)
        weight = self.discriminator[0].weight
        logits = self.discriminator(vectors.to(weight.dtype)).to(vectors.dtype)
        own = torch.log_softmax(logits, dim=-1).diagonal(dim1=-2, dim2=-1)
        count = present.sum(0)
        by_modality = -(own * present).sum(0) / count.clamp(min=1)
        seen = count > 0
        # Of one modality alone there is nothing to tell.
        seen = seen & (seen.sum() >= 2)
        return weighted_mean(by_modality, seen) / math.log(present.shape[1])


def reverse_gradient(vectors, strength):
    """Return the same values, and reverse the gradient.

    A difference that is 0 does it, since :class:`torch.autograd.Function` warns under
    ``torch.compile``.
    """
    fixed = vectors.detach()
    return fixed - strength * (vectors - fixed)
