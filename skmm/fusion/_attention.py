"""Fusion by per-row attention over modalities."""

import torch
from torch import nn

from skmm.fusion._base import Fusion, FusionOutput, masked_softmax


class AttentionFusion(Fusion):
    r"""Weigh whole vectors by a learned query, row by row.

    .. math::
        z = \sum_m a_m h_m, \qquad
        a = \operatorname{softmax}_m (v^\top \tanh(W h_m + b_m))

    An absent modality gets weight 0. :math:`O(M d^2)`.

    References
    ----------
    Bahdanau, Cho, Bengio: Neural Machine Translation by Jointly Learning to Align and
    Translate, ICLR 2015 (the additive score).

    Examples
    --------
    >>> from skmm.fusion import AttentionFusion
    >>> AttentionFusion()
    AttentionFusion()
    """

    def build_module(self, spec):
        return _Attention(len(spec.names), spec.width)


class _Attention(nn.Module):
    def __init__(self, n_modalities, width):
        super().__init__()
        self.out_features = width
        self.key = nn.Linear(width, width, bias=False)
        # Which modality a vector is of is not in the vector: the bias says it.
        self.bias = nn.Parameter(torch.zeros(n_modalities, width))
        # From equal weights: a random query drops a modality before it is learned.
        self.query = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.query.weight)

    def forward(self, vectors, present, tokens=None, token_mask=None):
        vectors = torch.where(present[..., None], vectors, 0)
        scores = self.query(torch.tanh(self.key(vectors) + self.bias))[..., 0]
        weights = masked_softmax(scores, present)
        return FusionOutput((weights[..., None] * vectors).sum(1), weights=weights)
