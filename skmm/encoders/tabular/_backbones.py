"""Networks of a table: perceptron, ResNet, FT-Transformer, and members that share."""

import functools
import math

import torch
from torch import nn

from skmm._nn.attention import AttentionBlock
from skmm._nn.seeding import Dropout
from skmm.encoders._base import Encoded

#: name -> hidden layers (or blocks) where `n_layers` is None.
N_LAYERS = {"mlp": 1, "resnet": 2, "ft_transformer": 3}


class MemberLinear(nn.Module):
    """A linear layer of k members: shared weights, scales and biases of their own.

    Parameters
    ----------
    n_in, n_out : int
    n_members : int
    chunks : list of int or None
        Sizes of the inputs' groups, one a column of the table: each member sees a
        group with a random sign, which is what tells the members apart. None for
        layers behind, where all members start alike.
    """

    def __init__(self, n_in, n_out, *, n_members, chunks=None):
        super().__init__()
        shared = nn.Linear(n_in, n_out)
        self.weight = shared.weight
        self.bias = nn.Parameter(shared.bias.detach().repeat(n_members, 1))
        signs = torch.ones(n_members, n_in)
        if chunks is not None:
            drawn = torch.randint(2, (n_members, len(chunks))) * 2.0 - 1
            signs = drawn.repeat_interleave(torch.tensor(chunks), dim=1)
        self.scale_in = nn.Parameter(signs)
        self.scale_out = nn.Parameter(torch.ones(n_members, n_out))

    def forward(self, x):
        """From (n, n_members, n_in) to (n, n_members, n_out)."""
        x = nn.functional.linear(x * self.scale_in, self.weight)
        return x * self.scale_out + self.bias


def make_net(backbone, chunks, hidden, width, *, n_layers, dropout, n_members):
    """Build the network over a table's features.

    Parameters
    ----------
    backbone : {"mlp", "resnet"}
    chunks : list of int
        Features of each column.
    hidden, width : int
    n_layers : int
    dropout : float
    n_members : int
        1 gives vectors (n, width); more give (n, n_members, width), from features
        (n, n_members, n_features).
    """
    first = linear = nn.Linear
    if n_members > 1:
        linear = functools.partial(MemberLinear, n_members=n_members)
        first = functools.partial(linear, chunks=chunks)
    n_features = sum(chunks)
    if backbone == "resnet":
        blocks = [_ResidualBlock(hidden, dropout, linear) for _ in range(n_layers)]
        last = [nn.LayerNorm(hidden), nn.ReLU(), linear(hidden, width)]
        return nn.Sequential(first(n_features, hidden), *blocks, *last)
    layers = [first(n_features, hidden), nn.ReLU(), Dropout(dropout)]
    for _ in range(n_layers - 1):
        layers += [linear(hidden, hidden), nn.ReLU(), Dropout(dropout)]
    return nn.Sequential(*layers, linear(hidden, width))


class _ResidualBlock(nn.Module):
    # The paper has BatchNorm, which a batch of one row has no use for.
    def __init__(self, n_features, dropout, linear):
        super().__init__()
        self.net = nn.Sequential(
            nn.LayerNorm(n_features),
            linear(n_features, 2 * n_features),
            nn.ReLU(),
            Dropout(dropout),
            linear(2 * n_features, n_features),
        )

    def forward(self, x):
        return x + self.net(x)


class FeatureTokenizer(nn.Module):
    """One token for each column: (n, n_columns, size).

    Parameters
    ----------
    n_features : int
        Of a number: its bins, its value, whether it is missing.
    number_columns : list of int
        The column of each number; a date is one column of several numbers, whose
        tokens are added.
    code_columns : list of int
    n_codes : list of int
    size : int
    """

    def __init__(self, n_features, number_columns, code_columns, n_codes, size):
        super().__init__()
        n_columns = 1 + max([*number_columns, *code_columns])
        scale = 1 / math.sqrt(size)
        self.weight = nn.Parameter(
            torch.randn(len(number_columns), n_features, size) * scale
        )
        self.bias = nn.Parameter(torch.randn(n_columns, size) * scale)
        self.tables = nn.ParameterList(torch.randn(n, size) * scale for n in n_codes)
        self.register_buffer(
            "columns", torch.tensor([*number_columns, *code_columns], dtype=torch.long)
        )

    def forward(self, numbers, codes):
        """From features (n, k, n_features) and codes (n, c)."""
        parts = torch.einsum("nkf,kfd->nkd", numbers, self.weight)
        if len(self.tables):
            found = [
                nn.functional.embedding(codes[:, i], table)
                for i, table in enumerate(self.tables)
            ]
            parts = torch.cat([parts, torch.stack(found, 1).to(parts.dtype)], dim=1)
        empty = parts.new_zeros(parts.shape[0], *self.bias.shape)
        return empty.index_add(1, self.columns, parts) + self.bias


class FTTransformer(nn.Module):
    """Attention among a table's columns; the class token gives the vector.

    A missing cell has a token, which is learned as that of any other value: that it
    is missing may be what tells.

    Parameters
    ----------
    tokenizer : FeatureTokenizer
    size, width : int
        Of the tokens inside, and of what is given.
    n_layers : int
    dropout : float
    """

    learning_rate_scale = 1 / 3

    def __init__(self, tokenizer, size, width, *, n_layers, dropout):
        super().__init__()
        self.tokenizer = tokenizer
        self.class_token = nn.Parameter(torch.randn(size) / math.sqrt(size))
        self.blocks = nn.ModuleList(
            AttentionBlock(size, 8, dropout) for _ in range(n_layers)
        )
        self.output = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, width))

    def forward(self, numbers, codes):
        tokens = self.tokenizer(numbers, codes)
        first = self.class_token.to(tokens.dtype).expand(tokens.shape[0], 1, -1)
        tokens = torch.cat([first, tokens], dim=1)
        everywhere = torch.ones(
            tokens.shape[:2], dtype=torch.bool, device=tokens.device
        )
        for block in self.blocks:
            tokens = block(tokens, tokens, everywhere)
        tokens = self.output(tokens)
        return Encoded(tokens[:, 0], tokens[:, 1:])
