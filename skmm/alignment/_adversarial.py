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
    r"""Make the modalities' vectors alike, so that a discriminator cannot tell them.

    .. math::
        L = \frac{1}{\log M} \operatorname*{mean}_m \operatorname*{mean}_{i}
        -\log D_m(R(\tilde h_{im})), \qquad R(h) = h, \quad
        \frac{\partial R}{\partial h} = -\lambda I

    The discriminator D, a perceptron with one hidden layer, learns which modality a
    vector is of; through the gradient reversal R the encoders learn the opposite.
    Every modality counts alike, however often it is present, and rows need no
    partner. The vectors :math:`\tilde h` are centred and divided by the batch's
    spread, as no encoder shall win by shrinking. Unlike the other losses this one is
    not to be read as a distance: 0 is a discriminator that is always right, 1 one
    that knows nothing, which is aligned. :math:`O(M n (d + M) h)` with h hidden units.

    As in every such game the two may run in circles where the discriminator learns no
    faster than the encoders: then lower ``strength``, or the encoders' learning rate.

    Parameters
    ----------
    hidden : int, default=None
        Hidden units of the discriminator; as many as the width if None.
    strength : float, default=1.0
        :math:`\lambda`, what the encoders weigh their part against the
        discriminator's.

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
    """Return the same values; turn the gradient round.

    By a difference that is 0: :class:`torch.autograd.Function` warns under
    ``torch.compile``.
    """
    fixed = vectors.detach()
    return fixed - strength * (vectors - fixed)
