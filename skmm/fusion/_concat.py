"""Fusion by concatenation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class ConcatFusion(Fusion):
    r"""Concatenate the modalities' vectors.

    .. math:: z = [h_1; \dots; h_M]

    The vector of an absent modality is replaced by a learned one. The head that follows
    is a perceptron, so that any interaction can be learned. The cost is linear in the
    number of modalities M and the width d: :math:`O(M d)` before the head.

    Examples
    --------
    >>> from skmm.fusion import ConcatFusion
    >>> ConcatFusion()
    ConcatFusion()
    """

    can_be_private = True

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Concat(len(spec.names), spec.width)


class _Concat(nn.Module):
    def __init__(self, n_modalities, width):
        super().__init__()
        self.out_features = n_modalities * width
        self.stand_in = StandIn(n_modalities, width)

    def forward(self, vectors, present):
        return FusionOutput(self.stand_in(vectors, present).flatten(1))
