"""Perceptrons and linear layers over blocks."""

import torch
from torch import nn

from skmm._nn.seeding import Dropout


def mlp(n_in, n_hidden, n_out, *, depth, dropout):
    """Build a perceptron of ``depth`` hidden layers."""
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(n_in, n_hidden), nn.ReLU(), Dropout(dropout)]
        n_in = n_hidden
    return nn.Sequential(*layers, nn.Linear(n_in, n_out))


class ShortcutMLP(nn.Module):
    """A perceptron, and a linear layer beside it: their sum.

    Hidden layers alone learn a few thousand rows by heart before they have learned
    what is linear in them. The linear layer learns at half their rate: as fast as
    they, it would leave them too little of what is not. At first both give zeros.

    Parameters
    ----------
    n_in, n_hidden, n_out : int
    depth : int
        Hidden layers; with 0 there is the linear layer alone.
    dropout : float
    """

    def __init__(self, n_in, n_hidden, n_out, *, depth, dropout):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.linear.learning_rate_scale = 0.5 if depth else 1.0
        last = [self.linear]
        self.hidden = None
        if depth:
            self.hidden = mlp(n_in, n_hidden, n_out, depth=depth, dropout=dropout)
            last.append(self.hidden[-1])
        for layer in last:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        linear = self.linear(x)
        return linear if self.hidden is None else linear + self.hidden(x)

    @torch.no_grad()
    def set_bias(self, prior):
        """Start from a prior of the linear layer's shape; another is left alone."""
        if self.linear.bias.shape == prior.shape:
            self.linear.bias.copy_(prior)


class WideVector(nn.Module):
    """Linear shortcut over a block's first, dense part."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.linear = nn.Linear(n_features, n_outputs, bias=False)
        nn.init.zeros_(self.linear.weight)

    def forward(self, block):
        return self.linear(block[0])
