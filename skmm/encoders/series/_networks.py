"""Networks over series: (n, channels, t) and a mask to features over time."""

import math

import torch
from torch import nn

from skmm._nn.attention import TransformerLayer
from skmm._nn.sequence import ConvNorm, MaskedBatchNorm, Recurrent, fill_up, spread_mask
from skmm.encoders._deep import EncoderModule
from skmm.encoders._sequence import MAX_TOKENS, SequenceHead

#: Kernels of an inception block of long series, the longest first [InceptionTime].
_INCEPTION_KERNELS = (39, 19, 9)


class SeriesModule(EncoderModule):
    """Series of a batch, padded to its longest, to vectors and tokens.

    Parameters
    ----------
    backbone : nn.Module
        From values (n, channels, t) and mask (n, t) to features and their mask; tells
        `out_features` and `step`, the time steps of a feature.
    width : int
    longest : int
        Steps of the longest series at fit.
    pooling : str
    dropout : float
    augment : callable or None
    """

    def __init__(self, backbone, width, *, longest, pooling, dropout, augment=None):
        super().__init__(width, augment)
        self.backbone = backbone
        step = math.ceil(math.ceil(longest / backbone.step) / MAX_TOKENS)
        self.head = SequenceHead(backbone.out_features, width, pooling, dropout, step)

    def read(self, series):
        values, mask = series.padded()
        return values.transpose(1, 2), mask

    def encode(self, values, mask):
        return self.head(*self.backbone(values, mask))


def make_backbone(name, n_channels, longest, *, hidden, n_layers, dropout):
    """Build a backbone; None stands for its own default.

    Parameters
    ----------
    name : {"cnn", "inception", "lstm", "gru", "transformer"}
    n_channels : int
    longest : int
        Steps of the longest series at fit.
    hidden, n_layers : int or None
    dropout : float
    """
    if name == "cnn":
        return ConvBackbone(n_channels, hidden or 64, n_layers or 4)
    if name == "inception":
        return InceptionBackbone(n_channels, hidden or 128, n_layers or 6, longest)
    if name == "transformer":
        return PatchBackbone(n_channels, hidden or 64, n_layers or 3, dropout, longest)
    return RecurrentBackbone(name, n_channels, hidden or 128, n_layers or 2, dropout)


class ConvBackbone(nn.Module):
    """Residual blocks of dilated convolutions."""

    step = 1

    def __init__(self, n_channels, hidden, n_layers):
        super().__init__()
        self.stem = ConvNorm(n_channels, hidden, 7)
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                [
                    ConvNorm(hidden, hidden, 5, dilation=2**i),
                    ConvNorm(hidden, hidden, 3),
                ]
            )
            for i in range(n_layers)
        )
        self.out_features = hidden

    def forward(self, x, mask):
        x = self.stem(x, mask).relu()
        for first, second in self.blocks:
            x = (x + second(first(x, mask).relu(), mask)).relu()
        return x, mask


class InceptionBackbone(nn.Module):
    """InceptionTime's blocks, a shortcut over each three."""

    step = 1

    def __init__(self, n_channels, hidden, n_layers, longest):
        super().__init__()
        # Kernels much longer than the series are weights that see padding alone.
        longest = max(longest, 5)
        kernels = [
            min(k, (longest // d) | 1) for k, d in zip(_INCEPTION_KERNELS, (1, 2, 4))
        ]
        self.blocks, self.shortcuts = nn.ModuleList(), nn.ModuleDict()
        n_in = n_before = n_channels
        for i in range(n_layers):
            self.blocks.append(_InceptionBlock(n_in, hidden // 4, kernels))
            n_in = hidden // 4 * 4
            if i % 3 == 2:
                self.shortcuts[str(i)] = ConvNorm(n_before, n_in, 1)
                n_before = n_in
        self.out_features = n_in

    def forward(self, x, mask):
        before = x
        for i, block in enumerate(self.blocks):
            x = block(x, mask)
            if i % 3 == 2:
                x = before = (x + self.shortcuts[str(i)](before, mask)).relu()
        return x, mask


class _InceptionBlock(nn.Module):
    def __init__(self, n_in, n_filters, kernels):
        super().__init__()
        self.bottleneck = None
        n_narrow = n_in
        if n_in > n_filters:
            self.bottleneck = nn.Conv1d(n_in, n_filters, 1, bias=False)
            n_narrow = n_filters
        self.convs = nn.ModuleList(
            nn.Conv1d(n_narrow, n_filters, k, padding=k // 2, bias=False)
            for k in kernels
        )
        self.pooled = nn.Conv1d(n_in, n_filters, 1, bias=False)
        self.norm = MaskedBatchNorm(n_filters * 4)

    def forward(self, x, mask):
        narrow = x if self.bottleneck is None else self.bottleneck(x)
        lowest = torch.finfo(x.dtype).min
        highest = nn.functional.max_pool1d(
            x.masked_fill(~mask[:, None], lowest), 3, stride=1, padding=1
        )
        highest = highest.masked_fill(~mask[:, None], 0)
        parts = [*(conv(narrow) for conv in self.convs), self.pooled(highest)]
        return self.norm(torch.cat(parts, dim=1), mask).relu()


class RecurrentBackbone(nn.Module):
    """LSTM or GRU in both directions."""

    step = 1

    def __init__(self, cell, n_channels, hidden, n_layers, dropout):
        super().__init__()
        self.recurrent = Recurrent(cell, n_channels, hidden, n_layers, dropout)
        self.out_features = self.recurrent.out_features

    def forward(self, x, mask):
        return self.recurrent(x, mask), mask


class PatchBackbone(nn.Module):
    """Transformer over patches of successive steps."""

    learning_rate_scale = 0.3

    def __init__(self, n_channels, hidden, n_layers, dropout, longest):
        super().__init__()
        self.step = math.ceil(longest / MAX_TOKENS)
        self.patch = nn.Conv1d(n_channels, hidden, self.step, stride=self.step)
        n_heads = next(n for n in (4, 2, 1) if hidden % n == 0)
        layer = TransformerLayer(hidden, n_heads, 4 * hidden, dropout)
        self.layers = nn.TransformerEncoder(
            layer, n_layers, nn.LayerNorm(hidden), enable_nested_tensor=False
        )
        self.out_features = hidden

    def forward(self, x, mask):
        x, mask = fill_up(x, mask, self.step)
        mask = mask.unflatten(1, (-1, self.step)).any(-1)
        x = self.patch(x).transpose(1, 2)
        x = self.layers(x + positions(x), src_key_padding_mask=~mask).transpose(1, 2)
        return x * spread_mask(mask, x), mask


def positions(x):
    """Return sines and cosines of the time, for x of shape (n, t, channels)."""
    _, n_times, n_channels = x.shape
    half = (n_channels + 1) // 2
    places = torch.arange(half, device=x.device, dtype=torch.float32)
    speeds = torch.exp(-math.log(1e4) * places / half)
    angles = torch.arange(n_times, device=x.device)[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :n_channels].to(x.dtype)
