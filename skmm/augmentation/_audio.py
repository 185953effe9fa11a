"""Random changes of recordings: of their samples, or of their spectrograms.

Augmentations whose `domain` is "wave" take samples (n, channels, time) and each row's
number of samples (n,). Those whose `domain` is "spectrogram", and a user's functions
without a `domain`, take spectrograms (n, channels, bands, time) and a mask (n, time).
"""

from __future__ import annotations

from numbers import Integral, Real

import torch

from skmm._nn.seeding import rand, randn_like
from skmm._utils.compat import Interval
from skmm.augmentation._base import Augmentation


class SpectrogramMask(Augmentation):
    """Blank out stretches of time and bands of frequency (SpecAugment).

    Parameters
    ----------
    n_times : int, default=2
        Number of stretches of time that are blanked out in each row.
    time : float, default=0.15
        Longest stretch, as a share of the row's duration, from 0 to 1.
    n_bands : int, default=2
        Number of bands of frequency that are blanked out in each row.
    band : float, default=0.15
        Widest band, as a share of all frequency bands, from 0 to 1.

    References
    ----------
    Park et al.: SpecAugment: A Simple Data Augmentation Method for Automatic Speech
    Recognition, Interspeech 2019.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import SpectrogramMask
    >>> sounds, mask = torch.ones(2, 1, 40, 100), torch.ones(2, 100).bool()
    >>> changed, mask = SpectrogramMask()(sounds, mask)
    >>> changed.shape, bool((changed <= sounds).all())
    (torch.Size([2, 1, 40, 100]), True)
    """

    domain = "spectrogram"

    _parameter_constraints = {
        "n_times": [Interval(Integral, 0, None, closed="left")],
        "time": [Interval(Real, 0, 1, closed="both")],
        "n_bands": [Interval(Integral, 0, None, closed="left")],
        "band": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self, n_times: int = 2, time: float = 0.15, n_bands: int = 2, band: float = 0.15
    ) -> None:
        self.n_times = n_times
        self.time = time
        self.n_bands = n_bands
        self.band = band

    def __call__(
        self, spectrograms: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, n_mels, _ = spectrograms.shape
        steps = mask.sum(1)
        hidden = _stretches(steps, mask.shape[1], self.n_times, self.time)
        bands = steps.new_full((n,), n_mels)
        dark = _stretches(bands, n_mels, self.n_bands, self.band)
        hidden = hidden[:, None, None, :] | dark[:, None, :, None]
        return spectrograms.masked_fill(hidden, 0), mask


class WaveNoise(Augmentation):
    """Add white noise, relative to a recording's own loudness.

    Parameters
    ----------
    low, high : float, default=10 and 40
        Smallest and largest signal-to-noise ratio, in decibels. Each row draws its
        own; lower values mean louder noise.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import WaveNoise
    >>> waves, lengths = WaveNoise()(torch.ones(1, 1, 8), torch.tensor([5]))
    >>> waves[0, 0, 5:].tolist()
    [1.0, 1.0, 1.0]
    """

    domain = "wave"

    _parameter_constraints = {
        "low": [Interval(Real, None, None, closed="neither")],
        "high": [Interval(Real, None, None, closed="neither")],
    }

    def __init__(self, low: float = 10, high: float = 40) -> None:
        self.low = low
        self.high = high

    def __call__(
        self, waves: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, n_samples = waves.shape
        drawn = rand(n, 1, 1, device=waves.device)
        decibels = self.low + (self.high - self.low) * drawn
        there = torch.arange(n_samples, device=waves.device) < lengths[:, None]
        there = there[:, None].to(waves.dtype)
        power = (waves.square() * there).mean(1, keepdim=True).sum(2, keepdim=True)
        loudness = (power / lengths.clamp(min=1)[:, None, None]).sqrt()
        noise = randn_like(waves) * there
        return waves + noise * loudness * 10 ** (-decibels / 20), lengths


class WaveGain(Augmentation):
    """Make a recording louder or softer.

    Parameters
    ----------
    decibels : float, default=6
        Largest change of the loudness, up or down, in decibels.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import WaveGain
    >>> waves, _ = WaveGain()(torch.ones(1, 1, 4), torch.tensor([4]))
    >>> bool((waves[..., 0] == waves[..., 3]).all())
    True
    """

    domain = "wave"

    _parameter_constraints = {
        "decibels": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, decibels: float = 6) -> None:
        self.decibels = decibels

    def __call__(
        self, waves: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        drawn = 2 * rand(len(waves), 1, 1, device=waves.device) - 1
        return waves * 10 ** (self.decibels * drawn / 20), lengths


class WaveShift(Augmentation):
    """Shift a recording in time; what is cut off at one end is added at the other.

    Parameters
    ----------
    share : float, default=0.1
        Largest shift, earlier or later, as a share of the recording's length, from 0
        to 1.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import WaveShift
    >>> waves, _ = WaveShift(0.5)(torch.arange(4.0)[None, None], torch.tensor([4]))
    >>> waves.sort().values.tolist()
    [[[0.0, 1.0, 2.0, 3.0]]]
    """

    domain = "wave"

    _parameter_constraints = {"share": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, share: float = 0.1) -> None:
        self.share = share

    def __call__(
        self, waves: torch.Tensor, lengths: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        n, n_channels, n_samples = waves.shape
        drawn = 2 * rand(n, device=waves.device) - 1
        by = (drawn * self.share * lengths).long()
        times = torch.arange(n_samples, device=waves.device)
        lengths_ = lengths[:, None].clamp(min=1)
        shifted = (times + by[:, None]) % lengths_
        places = torch.where(times < lengths_, shifted, times)
        return waves.gather(2, places[:, None].expand(-1, n_channels, -1)), lengths


def _stretches(lengths, longest, number, share):
    """Tell which of `longest` places lie in one of `number` random stretches."""
    n = len(lengths)
    drawn = rand(2, n, number, 1, device=lengths.device)
    sizes = drawn[0] * share * lengths[:, None, None]
    starts = drawn[1] * (lengths[:, None, None] - sizes)
    places = torch.arange(longest, device=lengths.device)
    return ((places >= starts.floor()) & (places < (starts + sizes).floor())).any(1)
