"""Fusion at the feature level and the decision level at once."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import masked_softmax
from skmm._nn.perceptron import ShortcutMLP
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class HybridFusion(Fusion):
    r"""Mix a joint head and one head for each modality, each with its own loss.

    .. math::
        \text{logits} = \sum_{m=0}^{M} w_m u_m, \qquad
        w = \operatorname{softmax}_{m : p_m = 1} \omega, \qquad
        u_0 = U_0([h_1; \dots; h_M]), \quad u_m = U_m(h_m)

    The joint head :math:`U_0` sees all modalities (a learned vector replaces that of an
    absent one), and the head :math:`U_m` sees modality m. Each head learns by its own
    loss of the target, and the encoders learn from all of them, so that a strong
    modality does not keep a weak one from learning. The weights w learn from the
    outputs of the heads; no gradient passes from them into the heads, since one loss
    on the sum of the heads gives worse ones. :math:`O(M d^2)`.

    Parameters
    ----------
    auxiliary_weight : float, default=1.0
        Total weight of the losses of the modalities' heads, relative to the loss of the
        joint head.

    Examples
    --------
    >>> from skmm.fusion import HybridFusion
    >>> HybridFusion(auxiliary_weight=0.3)
    HybridFusion(auxiliary_weight=0.3)
    """

    _parameter_constraints = {
        "auxiliary_weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, auxiliary_weight: float = 1.0) -> None:
        self.auxiliary_weight = auxiliary_weight

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Hybrid(len(spec.names), spec, self.auxiliary_weight)


class _Hybrid(nn.Module):
    def __init__(self, n_modalities, spec, auxiliary_weight):
        super().__init__()
        width, n_outputs = spec.width, spec.n_outputs
        self.out_features = (n_modalities + 1) * n_outputs
        self.stand_in = StandIn(n_modalities, width)
        sizes = [n_modalities * width] + [width] * n_modalities
        self.heads = nn.ModuleList(
            ShortcutMLP(size, 2 * width, n_outputs, depth=1, dropout=spec.dropout)
            for size in sizes
        )
        self.scores = nn.Parameter(torch.zeros(n_modalities + 1))
        losses = torch.full((n_modalities + 1,), auxiliary_weight / n_modalities)
        losses[0] = 1
        self.register_buffer("losses", losses, persistent=False)

    @torch.no_grad()
    def set_bias(self, prior):
        """Set the bias of all heads to the prior."""
        for head in self.heads:
            head.linear.bias.copy_(prior)

    def forward(self, vectors, present):
        joined = self.stand_in(vectors, present).flatten(1)
        read = [joined, *vectors.unbind(1)]
        logits = torch.stack([f(v) for f, v in zip(self.heads, read)], dim=1)
        # The joint head decides on whatever is there.
        there = torch.cat([torch.ones_like(present[:, :1]), present], dim=1)
        weights = masked_softmax(self.scores, there).to(logits.dtype)
        mixed = (weights[..., None] * logits.detach()).sum(1)
        return FusionOutput(
            (weights[..., None] * logits).flatten(1),
            logits=mixed,
            weights=weights[:, 1:],
            auxiliary=logits,
            auxiliary_weights=self.losses * there,
        )
