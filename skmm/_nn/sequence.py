"""Layers over time that do not see the padding behind a row's end.

Features are (n, channels, t) or (n, channels, bands, t), masks (n, t), True where a
row has a step; steps are without gaps from the first on.
"""

import torch
from torch import nn

from skmm._nn.seeding import Dropout


def spread_mask(mask, like):
    """Return the mask as numbers that multiply features: (n, 1, [1,] t)."""
    return mask.reshape(mask.shape[0], *[1] * (like.ndim - 2), -1).to(like.dtype)


class MaskedBatchNorm(nn.Module):
    """Batch normalisation over the steps that are there, in training.

    A batch of a single step, which has no spread, is normalised by what was seen
    before.

    Parameters
    ----------
    n_channels : int
    momentum : float, default=0.1

    References
    ----------
    Ioffe, Szegedy: Batch Normalization, ICML 2015.
    """

    eps = 1e-5

    def __init__(self, n_channels, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(n_channels))
        self.bias = nn.Parameter(torch.zeros(n_channels))
        self.register_buffer("mean", torch.zeros(n_channels))
        self.register_buffer("variance", torch.ones(n_channels))

    def forward(self, x, mask):
        x = x.float()
        keep = spread_mask(mask, x)
        mean, variance = self.mean, self.variance
        if self.training:
            x = x * keep
            mean, variance = self._measure(x, keep)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shape = (1, -1, *[1] * (x.ndim - 2))
        shift = (self.bias - mean * scale).reshape(shape)
        return torch.addcmul(shift, x, scale.reshape(shape)) * keep

    def _measure(self, x, keep):
        # In one pass over all, with the padding's zeros, which are then taken out.
        axes = [axis for axis in range(x.ndim) if axis != 1]
        variance, mean = torch.var_mean(x, axes, correction=0)
        share = keep.mean()  # of what is there
        enough = share * (x.numel() / x.shape[1]) > 1.5
        squares = (variance + mean**2) / share
        mean = mean / share
        variance = (squares - mean**2).clamp(min=0)
        mean = torch.where(enough, mean, self.mean)
        variance = torch.where(enough, variance, self.variance)
        with torch.no_grad():
            self.mean.lerp_(mean.detach(), self.momentum)
            self.variance.lerp_(variance.detach(), self.momentum)
        return mean, variance


class ConvNorm(nn.Module):
    """Convolution over time, normalised; zeros behind a row's end.

    Parameters
    ----------
    n_in, n_out : int
    kernel : int
        Odd.
    dilation : int, default=1
    """

    def __init__(self, n_in, n_out, kernel, dilation=1):
        super().__init__()
        self.conv = nn.Conv1d(
            n_in,
            n_out,
            kernel,
            padding=kernel // 2 * dilation,
            dilation=dilation,
            bias=False,
        )
        self.norm = MaskedBatchNorm(n_out)

    def forward(self, x, mask):
        return self.norm(self.conv(x), mask)


class Recurrent(nn.Module):
    """LSTM or GRU in both directions, without a look at the padding.

    The second direction reads each row turned around within its own length, which
    needs neither packing nor lengths on the CPU.

    Parameters
    ----------
    cell : {"lstm", "gru"}
    n_in : int
    n_hidden : int
        Of both directions together.
    n_layers : int
    dropout : float
        Between layers.
    """

    def __init__(self, cell, n_in, n_hidden, n_layers, dropout):
        super().__init__()
        make = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.layers = nn.ModuleList()
        for _ in range(n_layers):
            pair = [make(n_in, n_hidden // 2, batch_first=True) for _ in range(2)]
            self.layers.append(nn.ModuleList(pair))
            n_in = n_hidden // 2 * 2
        self.dropout = Dropout(dropout)
        self.out_features = n_in

    def forward(self, x, mask):
        """Take and give features (n, channels, t)."""
        # Autocast has no bfloat16 kernels of these on every device.
        with torch.autocast(x.device.type, enabled=False):
            return self.run(x, mask)

    def run(self, x, mask):
        """Do what ``forward`` does, whatever autocast is set to."""
        times = torch.arange(mask.shape[1], device=mask.device)
        turned = mask.sum(1, keepdim=True) - 1 - times
        turned = torch.where(mask, turned, times)[..., None]
        x = x.transpose(1, 2).float()
        for i, (forward, backward) in enumerate(self.layers):
            x = self.dropout(x) if i else x
            there = forward(x)[0]
            back = _turn(backward(_turn(x, turned))[0], turned)
            x = torch.cat([there, back], dim=2)
        return x.transpose(1, 2) * mask[:, None]


def _turn(x, places):
    """Return steps (n, t, d) in the order of places (n, t, 1)."""
    return x.gather(1, places.expand(-1, -1, x.shape[2]))


def average(features, mask, step):
    """Average each `step` steps of a row: features (n, c, t / step) and their mask."""
    if step == 1:
        return features, mask
    features, mask = fill_up(features, mask, step)
    keep = spread_mask(mask, features)
    sums = (features * keep).unflatten(2, (-1, step)).sum(-1)
    counts = mask.unflatten(1, (-1, step)).sum(-1)
    return sums / counts.clamp(min=1)[:, None], counts > 0


def fill_up(features, mask, step):
    """Pad time to a multiple of `step`."""
    missing = -features.shape[-1] % step
    if not missing:
        return features, mask
    return nn.functional.pad(features, (0, missing)), nn.functional.pad(
        mask, (0, missing)
    )
