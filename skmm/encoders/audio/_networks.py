"""Networks over recordings: samples or spectrograms to vectors and tokens."""

import copy
import math

import torch
from torch import nn

from skmm._nn.seeding import Dropout
from skmm._nn.sequence import MaskedBatchNorm, Recurrent
from skmm._pretrained.adapting import adapt
from skmm._pretrained.pooling import pool
from skmm.encoders._deep import EncoderModule
from skmm.encoders._sequence import MAX_TOKENS, SequenceHead
from skmm.encoders.audio._recordings import to_waves


class SpectrogramModule(EncoderModule):
    """Convolutions over spectrograms, and a GRU over time or none.

    Parameters
    ----------
    spectrogram : LogMel
    width : int
    n_columns : int
        Recordings of a row.
    longest : int
        Frames of the longest recording at fit.
    hidden : int
    recurrent : bool
    pooling : str
    dropout : float
    augment : callable or None
        Of spectrograms.
    augment_waves : callable or None
        Of samples.
    """

    chunk_size = 64

    def __init__(
        self,
        spectrogram,
        width,
        *,
        n_columns,
        longest,
        hidden,
        recurrent,
        pooling,
        dropout,
        augment=None,
        augment_waves=None,
    ):
        super().__init__(width, augment)
        self.augment_waves = augment_waves
        self.spectrogram = spectrogram
        channels = [hidden // 4, hidden // 2, hidden, hidden]
        # A GRU reads steps of 64 ms, which convolutions alone need not tell apart.
        time_steps = [2, 2, 1, 1] if recurrent else [2, 2, 2, 1]
        self.blocks, n_in = nn.ModuleList(), n_columns
        for n_out, time_step in zip(channels, time_steps):
            self.blocks.append(_Block(n_in, n_out, time_step))
            n_in = n_out
        n_bands = -(-spectrogram.filters.shape[0] // 2 ** len(channels))
        self.mix = nn.Conv1d(n_in * n_bands, hidden, 1, bias=False)
        self.norm = MaskedBatchNorm(hidden)
        self.recurrent, n_features = None, hidden
        if recurrent:
            self.recurrent = Recurrent("gru", hidden, hidden, 1, dropout)
            n_features = self.recurrent.out_features
        n_steps = math.ceil(longest / math.prod(time_steps))
        step = math.ceil(n_steps / MAX_TOKENS)
        self.head = SequenceHead(n_features, width, pooling, dropout, step)

    def read(self, recordings, lengths):
        waves, mask = to_waves(recordings)
        if self.training and self.augment_waves is not None:
            waves = self.augment_waves(waves, lengths)[0]
        return self.spectrogram(waves) * mask[:, None, None], mask

    def encode(self, x, mask):
        for block in self.blocks:
            x, mask = block(x, mask)
        x = self.norm(self.mix(x.flatten(1, 2)), mask).relu()
        if self.recurrent is not None:
            x = self.recurrent(x, mask)
        return self.head(x, mask)


class _Block(nn.Module):
    """Convolution to half the bands and, perhaps, half the time; normalised."""

    def __init__(self, n_in, n_out, time_step):
        super().__init__()
        self.time_step = time_step
        self.conv = nn.Conv2d(
            n_in, n_out, 3, stride=(2, time_step), padding=1, bias=False
        )
        self.norm = MaskedBatchNorm(n_out)

    def forward(self, x, mask):
        mask = mask[:, :: self.time_step]
        return self.norm(self.conv(x), mask).relu(), mask


class WaveModule(EncoderModule):
    """A pretrained network over samples, tuned.

    Padding would be heard, much of what is pretrained having no mask for it: only
    recordings of one length go through the network together.

    Parameters
    ----------
    network : nn.Module
    dimension : int
        Of its vectors.
    width : int
    pooling : {"mean", "max", "first"}
    dropout : float
    augment : callable or None
        Of samples.
    """

    def __init__(self, network, dimension, width, pooling, dropout, augment=None):
        super().__init__(width, augment)
        self.network = copy.deepcopy(network).float()
        adapt(self.network, "audio", "full")
        self.pooling = pooling
        self.head = vector_head(dimension, width, dropout)

    def read(self, recordings, lengths):
        return to_waves(recordings)[0], lengths

    def encode(self, waves, lengths):
        rows, vectors = [], []
        for length in lengths.unique().tolist():
            alike = (lengths == length).nonzero().squeeze(1)
            output = self.network(waves[alike, 0, :length])
            rows.append(alike)
            vectors.append(pool(output, self.pooling, own_pooling=False))
        order = torch.cat(rows).argsort()
        return self.head(torch.cat(vectors)[order].float())


class VoiceModule(EncoderModule):
    """Resemblyzer's network over parts of recordings, tuned.

    Parameters
    ----------
    network : nn.Module
    dimension : int
    width : int
    dropout : float
    tune : {"head", "full"}
        "head" leaves the LSTM as it is: only the layer behind it learns.
    """

    def __init__(self, network, dimension, width, dropout, tune):
        super().__init__(width)
        self.network = copy.deepcopy(network)
        adapt(self.network, "audio", tune)
        self.head = vector_head(dimension, width, dropout)

    def read(self, partials):
        return partials.values, partials.lengths

    def encode(self, mels, counts):
        with torch.autocast(mels.device.type, enabled=False):
            vectors = self.network(mels)
        rows = torch.arange(len(counts), device=counts.device)
        rows = rows.repeat_interleave(counts, output_size=len(mels))
        sums = vectors.new_zeros(len(counts), vectors.shape[1])
        return self.head(sums.index_add(0, rows, vectors) / counts[:, None])


def vector_head(dimension, width, dropout):
    """Return what brings a pretrained network's vectors to the estimator's width."""
    return nn.Sequential(
        nn.LayerNorm(dimension),
        nn.Linear(dimension, width),
        nn.ReLU(),
        Dropout(dropout),
        nn.Linear(width, width),
    )
