"""Fusion by element-wise mean."""

import torch
from torch import nn

from skmm.fusion._base import Fusion, FusionOutput


class MeanFusion(Fusion):
    r"""Average the vectors of the modalities that are present.

    .. math:: z = \frac{\sum_m p_m h_m}{\sum_m p_m}

    with :math:`p_m` 1 where modality m is present. :math:`O(M d)`, no parameters, and
    no change with the order of the modalities.

    Examples
    --------
    >>> from skmm.fusion import MeanFusion
    >>> MeanFusion()
    MeanFusion()
    """

    def build_module(self, spec):
        return _Mean(spec.width)


class _Mean(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out_features = width

    def forward(self, vectors, present, tokens=None, token_mask=None):
        kept = torch.where(present[..., None], vectors, 0)
        count = present.sum(1, keepdim=True).clamp(min=1)
        weights = present / count
        return FusionOutput(kept.sum(1) / count, weights=weights)
