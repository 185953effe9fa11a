"""Fusion by exchange of channels."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class ChannelExchangeFusion(Fusion):
    r"""Replace channels that a modality does not use by those of the others.

    .. math::
        x_{mc} = \gamma_{mc} \hat h_{mc} + \beta_{mc}, \qquad
        x'_{mc} = \begin{cases}
        x_{mc} & |\gamma_{mc}| > \theta \\
        \operatorname{mean}_{k \ne m, p_k = 1} x_{kc} & \text{else}
        \end{cases}, \qquad
        z = [x'^{(L)}_1; \dots; x'^{(L)}_M]

    Each of L layers has four steps: a linear map, with weights that all modalities
    share; batch normalisation, with statistics and scales of each modality; the
    exchange; and a ReLU. The auxiliary loss is ``sparsity`` times the sum of
    :math:`|\gamma|`, which each modality pays for a different part of the channels. It
    drives unneeded scales to 0, so that these channels can be exchanged. The modalities
    meet in every layer, and gradients flow through what was exchanged. An absent
    modality contributes nothing, and its own channels are 0. :math:`O(L M d^2)`.

    Parameters
    ----------
    n_layers : int, default=2
        L, the number of layers.
    threshold : float, default=0.02
        :math:`\theta`, the scale at or below which a channel is exchanged. Raise it to
        exchange more channels.
    sparsity : float, default=0.001
        Weight of the auxiliary loss. A larger value drives more scales to 0.

    References
    ----------
    Wang, Huang, Sun, Xu, Rong, Huang: Deep Multimodal Fusion by Channel Exchanging,
    NeurIPS 2020.

    Examples
    --------
    >>> from skmm.fusion import ChannelExchangeFusion
    >>> ChannelExchangeFusion(n_layers=3)
    ChannelExchangeFusion(n_layers=3)
    """

    _parameter_constraints = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "threshold": [Interval(Real, 0, None, closed="left")],
        "sparsity": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self, n_layers: int = 2, threshold: float = 0.02, sparsity: float = 0.001
    ) -> None:
        self.n_layers = n_layers
        self.threshold = threshold
        self.sparsity = sparsity

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _ChannelExchange(len(spec.names), spec.width, self)


class _ChannelExchange(nn.Module):
    def __init__(self, n_modalities, width, options):
        super().__init__()
        self.out_features = n_modalities * width
        self.threshold, self.sparsity = options.threshold, options.sparsity
        self.linears = nn.ModuleList(
            nn.Linear(width, width, bias=False) for _ in range(options.n_layers)
        )
        self.norms = nn.ModuleList(
            _ModalityNorm(n_modalities, width) for _ in range(options.n_layers)
        )
        # A channel is under the penalty for one modality, in turns.
        turns = (
            torch.arange(width) % n_modalities == torch.arange(n_modalities)[:, None]
        )
        self.register_buffer("penalised", turns, persistent=False)

    def forward(self, vectors, present):
        there = present[..., None]
        loss = 0
        for linear, norm in zip(self.linears, self.norms):
            vectors = norm(linear(vectors), there)
            dead = norm.scale.abs() <= self.threshold
            count = there.sum(1, keepdim=True) - there.long()
            others = vectors.sum(1, keepdim=True) - vectors
            vectors = torch.where(dead, others / count.clamp(min=1), vectors)
            vectors = torch.relu(vectors) * there
            loss = loss + (norm.scale.abs() * self.penalised).sum()
        return FusionOutput(vectors.flatten(1), loss=self.sparsity * loss)


class _ModalityNorm(nn.Module):
    """Batch normalisation of each modality over the rows that have it."""

    momentum = 0.1

    def __init__(self, n_modalities, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_modalities, width))
        self.shift = nn.Parameter(torch.zeros(n_modalities, width))
        self.register_buffer("mean", torch.zeros(n_modalities, width))
        self.register_buffer("variance", torch.ones(n_modalities, width))

    def forward(self, vectors, there):
        mean, variance = self.mean, self.variance
        if self.training:
            mean, variance = self._batch_statistics(vectors.float(), there)
        normed = (vectors - mean) * torch.rsqrt(variance + 1e-5)
        normed = (normed * self.scale + self.shift) * there
        return normed.to(vectors.dtype)

    def _batch_statistics(self, vectors, there):
        count = there.sum(0)
        enough = count >= 2  # of one row there is no variance: go by the running one
        mean = (vectors * there).sum(0) / count.clamp(min=1)
        apart = (vectors - mean) * there
        variance = apart.square().sum(0) / count.clamp(min=1)
        mean = torch.where(enough, mean, self.mean)
        variance = torch.where(enough, variance, self.variance)
        with torch.no_grad():
            self.mean.lerp_(mean.to(self.mean.dtype), self.momentum)
            self.variance.lerp_(variance.to(self.variance.dtype), self.momentum)
        return mean, variance
