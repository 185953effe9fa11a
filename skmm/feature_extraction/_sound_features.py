"""What is measured in one recording: timbre, spectrum and rhythm, pooled over time."""

import functools
import warnings
from dataclasses import dataclass

import numpy as np

from skmm._utils.optional import optional_import

#: Frames whose spectra are held at a time: long recordings must not fill the memory.
_BLOCK = 4096
#: Below the loudest by so many decibels, frames are silent.
_RANGE = 80
_LEAST_POWER = 1e-10
#: Lowest edge in hertz, and most octaves, of the bands of spectral contrast.
_CONTRAST_FROM, _CONTRAST_BANDS = 200, 6
#: Frames of a tempogram, in seconds: two beats at 30 a minute.
_TEMPO_WINDOW = 4.0
_TEMPO_RANGE = (30, 300)

_SPECTRAL = ("centroid", "bandwidth", "rolloff", "flatness", "zero_crossings", "rms")
_TEMPO = ("bpm", "strength", "onset_mean", "onset_std", "seconds")


def _delta(values):
    """Mean absolute change from frame to frame."""
    if values.shape[1] == 1:
        return np.zeros(len(values))
    return np.abs(np.diff(values, axis=1)).mean(axis=1)


def _quantile(q):
    return functools.partial(np.quantile, q=q, axis=1)


#: name -> from values of shape (quantities, frames) to (quantities,)
STATISTICS = {
    "mean": functools.partial(np.mean, axis=1),
    "std": functools.partial(np.std, axis=1),
    "min": functools.partial(np.min, axis=1),
    "max": functools.partial(np.max, axis=1),
    "median": functools.partial(np.median, axis=1),
    "q05": _quantile(0.05),
    "q25": _quantile(0.25),
    "q75": _quantile(0.75),
    "q95": _quantile(0.95),
    "delta": _delta,
}
FEATURES = ("mfcc", "mel", "spectral", "tempo")


@dataclass(frozen=True)
class SoundFeatures:
    """From samples to a vector; parameters as in AudioVectorizer."""

    features: tuple
    statistics: tuple
    rate: int
    n_fft: int
    hop_length: int
    n_mels: int
    n_mfcc: int

    def __call__(self, samples):
        """Return the features of samples of shape (n_samples,)."""
        librosa = optional_import("librosa", "audio")
        power, spectral = map(np.hstack, zip(*self._blocks(samples, librosa)))
        mel = librosa.power_to_db(power, amin=_LEAST_POWER, top_db=_RANGE)
        quantities = {
            "mfcc": lambda: librosa.feature.mfcc(S=mel, n_mfcc=self.n_mfcc),
            "mel": lambda: mel,
            "spectral": lambda: spectral,
        }
        parts = [
            self._rhythm(mel, samples, librosa)
            if feature == "tempo"
            else self._pool(quantities[feature]())
            for feature in self.features
        ]
        return np.concatenate(parts, dtype=np.float32)

    def suffixes(self):
        """Return the features' names, without the column's."""
        n_contrasts = contrast_bands(self.rate) + 1
        names = {
            "mfcc": range(self.n_mfcc),
            "mel": range(self.n_mels),
            "spectral": [*_SPECTRAL, *(f"contrast_{i}" for i in range(n_contrasts))],
        }
        suffixes = []
        for feature in self.features:
            if feature == "tempo":
                suffixes += [f"tempo_{name}" for name in _TEMPO]
                continue
            suffixes += [
                f"{feature}_{name}_{statistic}"
                for statistic in self.statistics
                for name in names[feature]
            ]
        return suffixes

    def _pool(self, values):
        values = values.astype(float)
        return np.concatenate([STATISTICS[name](values) for name in self.statistics])

    def _blocks(self, samples, librosa):
        """Yield power in mel bands, and what is read off the spectrum, by frames."""
        # Frames are centred on every hop; silence lies before and behind.
        samples = np.pad(samples, self.n_fft // 2)
        if len(samples) < self.n_fft:
            samples = np.pad(samples, (0, self.n_fft - len(samples)))
        n_frames = 1 + (len(samples) - self.n_fft) // self.hop_length
        filters = mel_filters(self.rate, self.n_fft, self.n_mels)
        for first in range(0, n_frames, _BLOCK):
            last = min(first + _BLOCK, n_frames) - 1
            start, end = first * self.hop_length, last * self.hop_length + self.n_fft
            block = samples[start:end]
            spectrum = librosa.stft(
                block, n_fft=self.n_fft, hop_length=self.hop_length, center=False
            )
            magnitude = np.abs(spectrum)
            spectral = np.empty((0, magnitude.shape[1]), dtype=np.float32)
            if "spectral" in self.features:
                spectral = self._read_spectrum(block, magnitude, librosa.feature)
            yield filters @ magnitude**2, spectral

    def _read_spectrum(self, samples, magnitude, feature):
        options = {"S": magnitude, "sr": self.rate}
        centroid = feature.spectral_centroid(**options)
        frames = {
            "frame_length": self.n_fft,
            "hop_length": self.hop_length,
            "center": False,
        }
        return np.vstack(
            [
                centroid,
                feature.spectral_bandwidth(**options, centroid=centroid),
                feature.spectral_rolloff(**options),
                feature.spectral_flatness(S=magnitude),
                feature.zero_crossing_rate(samples, **frames),
                feature.rms(y=samples, **frames),
                feature.spectral_contrast(**options, n_bands=contrast_bands(self.rate)),
            ]
        )

    def _rhythm(self, mel, samples, librosa):
        """Tempo, how clear it is, how strong onsets are, and how long it all is."""
        timing = {"sr": self.rate, "hop_length": self.hop_length}
        onsets = librosa.onset.onset_strength(S=mel, **timing)
        window = max(round(_TEMPO_WINDOW * self.rate / self.hop_length), 2)
        tempogram = librosa.feature.tempogram(
            onset_envelope=onsets, win_length=window, **timing
        )
        tempogram = tempogram.mean(axis=1, keepdims=True)
        (bpm,) = librosa.feature.tempo(tg=tempogram, **timing)
        tempi = librosa.tempo_frequencies(window, **timing)
        low, high = _TEMPO_RANGE
        strength = tempogram[(low <= tempi) & (tempi <= high)].max(initial=0)
        seconds = len(samples) / self.rate
        return np.array([bpm, strength, onsets.mean(), onsets.std(), seconds])


@functools.lru_cache(maxsize=16)
def mel_filters(rate, n_fft, n_mels):
    """Return the weights (n_mels, n_fft // 2 + 1) of mel bands.

    Raises
    ------
    ValueError
        If a band holds no frequency.
    """
    librosa = optional_import("librosa", "audio")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an error says it below
        filters = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels)
    n_empty = int((filters.max(axis=1) == 0).sum())
    if n_empty:
        raise ValueError(
            f"n_mels={n_mels}: {n_empty} of the bands hold no frequency at "
            f"n_fft={n_fft} and rate={rate}. Lower n_mels or raise n_fft."
        )
    return filters


def contrast_bands(rate):
    """Return the number of octaves of spectral contrast below half the rate."""
    n_bands = int(np.ceil(np.log2(rate / 2 / _CONTRAST_FROM)))
    return min(max(n_bands, 1), _CONTRAST_BANDS)
