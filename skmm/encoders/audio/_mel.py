"""Spectrograms on the mel scale, made in torch on the device."""

import math

import torch
from torch import nn

#: Added to the power, so that silence has a logarithm: 16 bits do not go lower.
_FLOOR = 1e-5
#: Slaney's mel: linear up to 1000 Hz, three mel each 200 Hz, and logarithmic above.
_PER_HERTZ, _PER_OCTAVE = 3 / 200, 27 / math.log(6.4)
_BREAK_HERTZ, _BREAK_MEL = 1000.0, 15.0


class LogMel(nn.Module):
    """Samples to the logarithm of the power in mel bands, standardised.

    A frame lies around each `hop_length`-th sample; what is beyond a recording's ends
    is silence.

    Parameters
    ----------
    rate : int
    n_fft, hop_length : int
    n_mels : int
    """

    def __init__(self, rate, n_fft, hop_length, n_mels):
        super().__init__()
        self.n_fft = n_fft
        self.hop_length = hop_length
        window = torch.hann_window(n_fft, dtype=torch.float32)
        self.register_buffer("window", window, persistent=False)
        filters = mel_filters(rate, n_fft, n_mels)
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("mean", torch.zeros(1, n_mels, dtype=torch.float32))
        self.register_buffer("scale", torch.ones(1, n_mels, dtype=torch.float32))

    def set_statistics(self, mean, scale):
        """Standardise by these, of shape (channels, n_mels)."""
        self.mean = torch.as_tensor(mean, dtype=torch.float32)
        self.scale = torch.as_tensor(scale, dtype=torch.float32)
        return self

    def forward(self, waves):
        """Samples (n, channels, time) to levels (n, channels, n_mels, frames)."""
        n, n_channels, n_samples = waves.shape
        # Half of bfloat16's digits would be lost in the power of a frame.
        with torch.autocast(waves.device.type, enabled=False):
            spectrum = torch.stft(
                waves.float().flatten(0, 1),
                self.n_fft,
                self.hop_length,
                window=self.window,
                pad_mode="constant",
                return_complex=True,
            )[..., : n_samples // self.hop_length]
            power = spectrum.real.square() + spectrum.imag.square()
            levels = torch.log(self.filters @ power + _FLOOR)
            levels = levels.unflatten(0, (n, n_channels))
            return (levels - self.mean[..., None]) / self.scale[..., None]


def mel_filters(rate, n_fft, n_mels):
    """Return triangles of height one, evenly spaced in mel: (n_mels, n_fft // 2 + 1).

    Raises
    ------
    ValueError
        If a band holds no frequency.
    """
    highest = _to_mel(rate / 2)
    edges = [_to_hertz(highest * i / (n_mels + 1)) for i in range(n_mels + 2)]
    edges = torch.tensor(edges, dtype=torch.float64)[:, None]
    frequencies = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * rate / n_fft
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    filters = torch.minimum(rising, falling).clamp(min=0)
    n_empty = int((filters.amax(1) == 0).sum())
    if n_empty:
        raise ValueError(
            f"n_mels={n_mels}: {n_empty} of the bands hold no frequency at "
            f"n_fft={n_fft} and rate={rate}. Lower n_mels or raise n_fft."
        )
    return filters.float()


def _to_mel(hertz):
    if hertz < _BREAK_HERTZ:
        return _PER_HERTZ * hertz
    return _BREAK_MEL + _PER_OCTAVE * math.log(hertz / _BREAK_HERTZ)


def _to_hertz(mel):
    if mel < _BREAK_MEL:
        return mel / _PER_HERTZ
    return _BREAK_HERTZ * math.exp((mel - _BREAK_MEL) / _PER_OCTAVE)
