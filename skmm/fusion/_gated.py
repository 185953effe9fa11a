"""Gated multimodal unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import masked_softmax
from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class GatedFusion(Fusion):
    r"""Weight each feature by gates that depend on all modalities (GMU).

    .. math::
        z = \sum_m g_m \odot \tanh(W_m h_m), \qquad
        g = \operatorname{softmax}_m (V_m [h_1; \dots; h_M])

    With two modalities, the softmax equals the gates :math:`s` and :math:`1 - s` of the
    paper. The gate of an absent modality is exactly 0; in the input of the gates, a
    learned vector replaces that of the absent modality. :math:`O(M^2 d^2)`.

    References
    ----------
    Arevalo, Solorio, Montes-y-Gómez, González: Gated Multimodal Units for Information
    Fusion, ICLR workshop 2017.

    Examples
    --------
    >>> from skmm.fusion import GatedFusion
    >>> GatedFusion()
    GatedFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Gated(len(spec.names), spec.width)


class _Gated(nn.Module):
    def __init__(self, n_modalities, width):
        super().__init__()
        self.out_features = width
        self.stand_in = StandIn(n_modalities, width)
        self.values = nn.ModuleList(
            nn.Linear(width, width) for _ in range(n_modalities)
        )
        self.gates = nn.Linear(n_modalities * width, n_modalities * width)

    def forward(self, vectors, present):
        vectors = self.stand_in(vectors, present)
        values = torch.stack(
            [torch.tanh(f(v)) for f, v in zip(self.values, vectors.unbind(1))], dim=1
        )
        scores = self.gates(vectors.flatten(1)).view_as(values)
        # The softmax runs over modalities: bring them to the last axis.
        gates = masked_softmax(scores.transpose(1, 2), present[:, None, :])
        embedding = (gates.transpose(1, 2) * values).sum(1)
        return FusionOutput(embedding, weights=gates.mean(1))
