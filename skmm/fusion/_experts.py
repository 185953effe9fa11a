"""Fusion by a product of Gaussian experts."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.seeding import randn_like
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class ProductOfExpertsFusion(Fusion):
    r"""Multiply the Gaussian distributions that the modalities predict.

    .. math::
        q(z) \propto \mathcal{N}(0, 1) \prod_{m : p_m = 1}
        \mathcal{N}(\mu_m, \sigma_m^2), \qquad
        \mu = \frac{\sum_m p_m \mu_m / \sigma_m^2}{1 + \sum_m p_m / \sigma_m^2}

    An absent modality has no factor in the product, and nothing replaces it. During
    training z is sampled; at ``predict`` it is the mean. The auxiliary loss is
    ``kl_weight`` times the Kullback-Leibler divergence from the standard normal
    distribution, averaged over features. :math:`O(M d^2)`.

    Parameters
    ----------
    kl_weight : float, default=1e-3
        Weight of the auxiliary loss. Raise it for stronger regularization.

    References
    ----------
    Wu, Goodman: Multimodal Generative Models for Scalable Weakly-Supervised Learning,
    NeurIPS 2018.

    Examples
    --------
    >>> from skmm.fusion import ProductOfExpertsFusion
    >>> ProductOfExpertsFusion()
    ProductOfExpertsFusion()
    """

    _parameter_constraints = {
        "kl_weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, kl_weight: float = 1e-3) -> None:
        self.kl_weight = kl_weight

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _ProductOfExperts(len(spec.names), spec.width, self.kl_weight)


class _ProductOfExperts(nn.Module):
    def __init__(self, n_modalities, width, kl_weight):
        super().__init__()
        self.out_features = width
        self.kl_weight = kl_weight
        self.experts = nn.ModuleList(
            nn.Linear(width, 2 * width) for _ in range(n_modalities)
        )

    def forward(self, vectors, present):
        given = torch.stack(
            [expert(v) for expert, v in zip(self.experts, vectors.unbind(1))], dim=1
        )
        means, log_precisions = given.chunk(2, dim=2)
        # Within e^-6 and e^6: a precision must not end the learning of the others.
        precisions = torch.exp(6 * torch.tanh(log_precisions / 6)) * present[..., None]
        total = 1 + precisions.sum(1)
        mean = (precisions * means).sum(1) / total
        kl = (mean.square() + 1 / total + torch.log(total) - 1) / 2
        embedding = mean
        if self.training:
            embedding = mean + randn_like(mean) / total.sqrt()
        weights = precisions.mean(2)
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1e-12)
        return FusionOutput(
            embedding, loss=self.kl_weight * kl.float().mean(), weights=weights
        )
