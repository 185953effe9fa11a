"""Perceptrons and linear layers over blocks."""

from torch import nn

from skmm._nn.seeding import Dropout


def mlp(n_in, n_hidden, n_out, *, depth, dropout):
    """Build a perceptron of ``depth`` hidden layers."""
    layers = []
    for _ in range(depth):
        layers += [nn.Linear(n_in, n_hidden), nn.ReLU(), Dropout(dropout)]
        n_in = n_hidden
    return nn.Sequential(*layers, nn.Linear(n_in, n_out))


class WideVector(nn.Module):
    """Linear shortcut over a block's first, dense part."""

    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.linear = nn.Linear(n_features, n_outputs, bias=False)
        nn.init.zeros_(self.linear.weight)

    def forward(self, block):
        return self.linear(block[0])
