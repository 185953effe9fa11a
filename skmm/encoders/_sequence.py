"""Layers over time that do not see the padding behind a row's end.

Features are (n, channels, t) or (n, channels, bands, t), masks (n, t), True where a
row has a step; steps are without gaps from the first on.
"""

import torch
from torch import nn

from skmm._nn.seeding import Dropout
from skmm._nn.sequence import average, spread_mask
from skmm.encoders._base import Encoded

#: Tokens of a row, at most: what attention over them can take.
MAX_TOKENS = 64


class SequenceHead(nn.Module):
    """Features over time to a row's vector and its tokens.

    Parameters
    ----------
    n_features : int
    width : int
    pooling : {"mean_max", "attention"}
    dropout : float
        On what is pooled.
    step : int
        Steps of the features that are averaged to a token.

    References
    ----------
    Lin et al.: A Structured Self-Attentive Sentence Embedding, ICLR 2017 (attention).
    """

    def __init__(self, n_features, width, pooling, dropout, step=1):
        super().__init__()
        self.step = step
        self.score = nn.Linear(n_features, 4) if pooling == "attention" else None
        n_pooled = n_features * (2 if self.score is None else 4)
        self.norm = nn.LayerNorm(n_pooled)
        self.dropout = Dropout(dropout)
        self.vector = nn.Linear(n_pooled, width)
        self.token = nn.Linear(n_features, width)

    def forward(self, features, mask):
        features = features.float()
        vectors = self.vector(self.dropout(self.norm(self._pool(features, mask))))
        tokens, token_mask = average(features, mask, self.step)
        return Encoded(vectors, self.token(tokens.transpose(1, 2)), token_mask)

    def _pool(self, features, mask):
        if self.score is not None:
            scores = self.score(features.transpose(1, 2)).float()
            scores = scores.masked_fill(~mask[..., None], float("-inf"))
            return (features @ scores.softmax(dim=1)).flatten(1)
        keep = spread_mask(mask, features)
        mean = (features * keep).sum(2) / keep.sum(2)
        lowest = torch.finfo(features.dtype).min
        return torch.cat(
            [mean, features.masked_fill(~mask[:, None], lowest).amax(2)], 1
        )
