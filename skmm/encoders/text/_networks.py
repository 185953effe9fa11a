"""Networks over token ids: (n, t) and a mask to vectors and tokens."""

import torch
import torch.nn.functional as F
from torch import nn

from skmm._nn.seeding import Dropout, dropout, rand
from skmm._nn.sequence import Recurrent
from skmm.augmentation._text import SEPARATOR
from skmm.encoders._base import Encoded
from skmm.encoders._deep import EncoderModule
from skmm.encoders.text._tokens import pad

#: Words before and behind that a filter sees, as in Kim's TextCNN, and pairs.
_KERNELS = (2, 3, 5)
_N_HEADS = 4
#: Of the first vectors: small, so that what is rare and hardly learned makes no noise.
_SCALE = 0.1
#: Within a backbone less is dropped than on its way in and out.
MAX_DROPOUT = 0.3


class TextModule(EncoderModule):
    """Token ids of a batch, padded to its longest row, to vectors and tokens.

    Parameters
    ----------
    embedding : WordEmbedding
    backbone : nn.Module
        From vectors (n, t, d) and the mask to features (n, t, out_features).
    readout : Readout
    augment : callable or None
    """

    def __init__(self, embedding, backbone, readout, augment=None):
        super().__init__(readout.width, augment)
        self.embedding = embedding
        self.backbone = backbone
        self.readout = readout

    def read(self, tokens, *_):
        return pad(tokens)

    def encode(self, ids, mask):
        return self.readout(self.backbone(self.embedding(ids, mask), mask), mask)


class WordEmbedding(nn.Module):
    """Ids to vectors, with what a column adds to those of its words.

    Parameters
    ----------
    n_ids, size : int
    n_columns : int
    dropout : float
        Of each number.
    word_dropout : float
        Of whole words.
    vectors : ndarray of shape (n_ids, size) or None
        Where to start from, NaN for words that start at random.
    """

    attack_space = "embeddings"

    def __init__(self, n_ids, size, *, n_columns, dropout, word_dropout, vectors=None):
        super().__init__()
        self.words = nn.Parameter(torch.randn(n_ids, size) * _SCALE)
        self.columns = None
        if n_columns > 1:
            self.columns = nn.Parameter(torch.randn(n_columns, size) * _SCALE)
        self.dropout = Dropout(dropout)
        self.word_dropout = word_dropout
        if vectors is not None:
            self._start_from(torch.from_numpy(vectors))

    @torch.no_grad()
    def _start_from(self, vectors):
        known = ~vectors.isnan().any(dim=1)
        power = vectors[known].square().mean().sqrt().clamp(min=1e-12)
        self.words[known] = vectors[known] * (_SCALE / power)

    def forward(self, ids, mask):
        vectors = F.embedding(ids, self.words)
        if self.training and self.word_dropout:
            keep = rand(*ids.shape, 1, device=ids.device) >= self.word_dropout
            vectors = vectors * keep / (1 - self.word_dropout)
        if self.columns is not None:
            column = (ids == SEPARATOR).cumsum(1).clamp(max=len(self.columns) - 1)
            vectors = vectors + F.embedding(column, self.columns)
        return self.dropout(vectors) * mask[..., None]


class ConvolutionBackbone(nn.Module):
    """Filters over two, three and five words, side by side.

    Parameters
    ----------
    n_in, n_hidden : int
        Filters of each size.
    n_layers : int
    dropout : float
        Between layers.
    """

    def __init__(self, n_in, n_hidden, n_layers, dropout):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(n_layers):
            convs = [nn.Conv1d(n_in, n_hidden, kernel) for kernel in _KERNELS]
            self.layers.append(nn.ModuleList(convs))
            n_in = n_hidden * len(_KERNELS)
        self.dropout = Dropout(dropout)
        self.out_features = n_in

    def forward(self, x, mask):
        x = x.transpose(1, 2)
        for i, convs in enumerate(self.layers):
            x = self.dropout(x) if i else x
            found = []
            for conv in convs:
                behind = conv.kernel_size[0] // 2
                before = conv.kernel_size[0] - 1 - behind
                found.append(conv(F.pad(x, (before, behind))))
            x = F.relu(torch.cat(found, dim=1)) * mask[:, None]
        return x.transpose(1, 2)


class RecurrentBackbone(nn.Module):
    """LSTM or GRU in both directions.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    n_in, n_hidden, n_layers : int
    dropout : float
    """

    def __init__(self, cell, n_in, n_hidden, n_layers, dropout):
        super().__init__()
        self.net = Recurrent(cell, n_in, n_hidden, n_layers, dropout)
        self.out_features = self.net.out_features

    def forward(self, x, mask):
        return self.net(x.transpose(1, 2), mask).transpose(1, 2)


class TransformerBackbone(nn.Module):
    """Layers of attention, each normalised before.

    Parameters
    ----------
    n_in, n_hidden, n_layers : int
    longest : int
        Tokens of a row, at most.
    dropout : float
    """

    learning_rate_scale = 0.3

    def __init__(self, n_in, n_hidden, n_layers, longest, dropout):
        super().__init__()
        self.start = nn.Linear(n_in, n_hidden)
        self.places = nn.Parameter(torch.randn(longest, n_hidden) * _SCALE)
        self.layers = nn.ModuleList(
            _AttentionLayer(n_hidden, dropout) for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(n_hidden)
        self.out_features = n_hidden

    def forward(self, x, mask):
        x = self.start(x) + self.places[: x.shape[1]]
        for layer in self.layers:
            x = layer(x, mask[:, None, None])
        return self.norm(x)


class _AttentionLayer(nn.Module):
    """Attention, then a perceptron, each added to what was there."""

    def __init__(self, n_hidden, dropout):
        super().__init__()
        self.n_heads = _N_HEADS if n_hidden % _N_HEADS == 0 else 1
        self.dropout = dropout
        self.norm = nn.LayerNorm(n_hidden)
        self.inputs = nn.Linear(n_hidden, 3 * n_hidden)
        self.outputs = nn.Linear(n_hidden, n_hidden)
        self.net = nn.Sequential(
            nn.LayerNorm(n_hidden),
            nn.Linear(n_hidden, 2 * n_hidden),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(2 * n_hidden, n_hidden),
        )

    def forward(self, x, mask):
        inputs = self.inputs(self.norm(x)).unflatten(2, (3, self.n_heads, -1))
        query, key, value = inputs.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self.outputs(mixed.transpose(1, 2).flatten(2))
        x = x + dropout(mixed, self.dropout, self.training)
        return x + dropout(self.net(x), self.dropout, self.training)


class Readout(nn.Module):
    """Features of tokens to a row's vector, and to vectors of tokens.

    Parameters
    ----------
    n_features, width : int
    pooling : {"attention", "mean", "max"}
        "attention" starts as the mean.
    dropout : float
        On what is pooled.

    References
    ----------
    Lin et al.: A Structured Self-Attentive Sentence Embedding, ICLR 2017 (attention).
    """

    def __init__(self, n_features, width, pooling, dropout):
        super().__init__()
        self.width = width
        self.pooling = pooling
        if pooling == "attention":
            n_heads = _N_HEADS if n_features % _N_HEADS == 0 else 1
            self.score = nn.Linear(n_features, n_heads)
            nn.init.zeros_(self.score.weight)
            nn.init.zeros_(self.score.bias)
        self.norm = nn.LayerNorm(n_features)
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(n_features, width)

    def forward(self, features, mask):
        features = features.float()
        vectors = self.linear(self.dropout(self.norm(self._pool(features, mask))))
        return Encoded(vectors, self.linear(self.norm(features)), mask)

    def _pool(self, features, mask):
        if self.pooling == "max":
            lowest = torch.finfo(features.dtype).min
            return features.masked_fill(~mask[..., None], lowest).amax(dim=1)
        if self.pooling == "mean":
            keep = mask[..., None].to(features.dtype)
            return (features * keep).sum(1) / keep.sum(1)
        scores = self.score(features).float().masked_fill(~mask[..., None], -torch.inf)
        parts = features.unflatten(2, (scores.shape[2], -1))
        return (scores.softmax(dim=1)[..., None] * parts).sum(1).flatten(1)


def make_backbone(name, n_in, n_hidden, n_layers, longest, dropout):
    """Build a backbone by its name; None stands for its own default.

    Parameters
    ----------
    name : {"cnn", "lstm", "gru", "transformer"}
    n_in, n_hidden : int
    n_layers : int or None
    longest : int
        Tokens of a row, at most.
    dropout : float
    """
    if name == "cnn":
        return ConvolutionBackbone(n_in, n_hidden, n_layers or 1, dropout)
    if name == "transformer":
        return TransformerBackbone(n_in, n_hidden, n_layers or 2, longest, dropout)
    return RecurrentBackbone(name, n_in, n_hidden, n_layers or 1, dropout)
