"""Fusion at the decision level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.perceptron import ShortcutMLP
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class LateFusion(Fusion):
    r"""Let each modality decide alone, and add the logits with learned weights.

    .. math::
        \text{logits} = b + M \frac{\sum_m p_m w_m U_m(h_m)}{\sum_m p_m w_m}, \qquad
        w = \operatorname{softmax}(\omega)

    The logits are added; probabilities are not averaged, which works worse where one
    modality is better than the other. The model is additive over the modalities, so it
    cannot learn their interactions. :math:`O(M d^2)`.

    Examples
    --------
    >>> from skmm.fusion import LateFusion
    >>> LateFusion()
    LateFusion()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Late(len(spec.names), spec.width, spec.n_outputs, spec.dropout)


class _Late(nn.Module):
    def __init__(self, n_modalities, width, n_outputs, dropout):
        super().__init__()
        self.out_features = n_modalities * n_outputs
        self.heads = nn.ModuleList(
            ShortcutMLP(width, width, n_outputs, depth=1, dropout=dropout)
            for _ in range(n_modalities)
        )
        self.scores = nn.Parameter(torch.zeros(n_modalities))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    @torch.no_grad()
    def set_bias(self, prior):
        """Set the bias to the prior."""
        self.bias.copy_(prior)

    def forward(self, vectors, present):
        logits = torch.stack(
            [f(v) for f, v in zip(self.heads, vectors.unbind(1))], dim=1
        )
        weights = torch.softmax(self.scores, 0) * present
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1e-12)
        logits = logits * (weights * len(self.heads))[..., None]
        return FusionOutput(
            logits.flatten(1), logits=logits.sum(1) + self.bias, weights=weights
        )
