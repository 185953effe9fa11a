"""Fusion by concatenation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class ConcatFusion(Fusion):
    r"""Join the vectors end to end.

    .. math:: z = [h_1; \dots; h_M]

    An absent modality is replaced by a learned vector of its own. The head after it
    is a perceptron, so that any interaction can be learned; cost is linear in the
    number of modalities M and the width d: :math:`O(M d)` before the head.

    Examples
    --------
    >>> from skmm.fusion import ConcatFusion
    >>> ConcatFusion()
    ConcatFusion()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Concat(len(spec.names), spec.width)


class _Concat(nn.Module):
    def __init__(self, n_modalities, width):
        super().__init__()
        self.out_features = n_modalities * width
        self.stand_in = StandIn(n_modalities, width)

    def forward(self, vectors, present):
        return FusionOutput(self.stand_in(vectors, present).flatten(1))
