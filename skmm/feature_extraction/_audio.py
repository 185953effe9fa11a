"""Turn columns of recordings into numbers, without pretrained weights."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Literal

from skmm._utils.compat import Interval
from skmm.feature_extraction._media import MediaVectorizer, check_names
from skmm.feature_extraction._sound_features import (
    FEATURES,
    STATISTICS,
    SoundFeatures,
    mel_filters,
)
from skmm.io import AudioReader

if TYPE_CHECKING:
    from skmm._utils.typing import Names, PathLike


class AudioVectorizer(MediaVectorizer):
    """Turn columns of recordings into numbers.

    A recording is cut into short frames that overlap. Each frame is measured, and the
    measurements are pooled over time by statistics, so that the number of features does
    not depend on a recording's length. Each column is treated separately. Nothing is
    learned from other rows.

    Parameters
    ----------
    features : tuple of str, default=("mfcc", "mel", "spectral", "tempo")
        Groups of measurements to take:

        - "mfcc": `n_mfcc` cepstral coefficients, which describe the shape of the
          spectrum (timbre);
        - "mel": the power in `n_mels` bands of frequency, in decibels;
        - "spectral": centroid, bandwidth and roll-off of the spectrum (all in hertz),
          its flatness and contrast, the rate of zero crossings, and the loudness (RMS);
        - "tempo": beats per minute and how clear they are, the strength of onsets, and
          the duration in seconds. `statistics` does not apply to these.
    statistics : tuple of str, default=("mean", "std", "min", "max", "delta")
        How the values of the frames are pooled: any of "mean", "std", "min", "max",
        "median", the quantiles "q05", "q25", "q75" and "q95", and "delta", the mean
        absolute change from frame to frame.
    rate : int, default=16000
        Sampling rate to which all recordings are resampled, in samples per second; at
        least 2000. Raise it where high frequencies matter, as in music.
    n_fft : int, default=512
        Length of a frame, in samples at `rate`.
    hop_length : int, default=256
        Distance from the start of one frame to the start of the next, in samples at
        `rate`.
    n_mels : int, default=40
        Number of bands of the mel scale. "mfcc", "mel" and "tempo" use them.
    n_mfcc : int, default=20
        Number of cepstral coefficients, at most `n_mels`.
    array_rate : int, default=None
        Sampling rate of cells that are arrays of samples without a rate, in samples per
        second. With None such cells are refused; pairs (samples, rate) are always
        accepted.
    errors : {"raise", "missing"}, default="raise"
        What happens if a recording cannot be read. "raise" raises an error that names
        its column and row. "missing" treats the recording as a missing cell, and gives
        one warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    max_seconds : float, default=3600
        Longest duration of a recording, in seconds. Longer ones are refused before they
        are decoded.
    n_jobs : int, default=None
        Number of processes that read and measure the recordings. None means 1, and -1
        one for each core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    Raises
    ------
    CellError
        If a recording cannot be read; the message names its column and row.

    See Also
    --------
    ImageVectorizer : Columns of pictures.
    VideoVectorizer : Columns of clips.

    Notes
    -----
    Features are called ``column__mfcc_3_mean``, ``column__spectral_centroid_std``,
    ``column__tempo_bpm``. A missing cell becomes a row of NaN, and so does every cell
    of a column without any recording at fit. All other cells have finite values, even
    if the recording is very short or silent: it is padded with silence. Decibels are
    limited to 80 below the loudest frame. Several channels are averaged.

    Wider frames suit music: ``n_fft=2048, hop_length=512``.

    References
    ----------
    .. [1] Davis, Mermelstein: Comparison of Parametric Representations for Monosyllabic
       Word Recognition in Continuously Spoken Sentences, IEEE Transactions on
       Acoustics, Speech, and Signal Processing, 1980.
    .. [2] Grosche, Müller, Kurth: Cyclic Tempogram, a Mid-Level Tempo Representation
       for Music Signals, ICASSP 2010.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmm.feature_extraction import AudioVectorizer
    >>> def make_tone(hertz):
    ...     return np.sin(2 * np.pi * hertz * np.arange(8000) / 8000), 8000
    >>> X = pd.DataFrame({"call": [make_tone(440), make_tone(1500), None]})
    >>> vectorizer = AudioVectorizer(("spectral", "tempo"), statistics=("median",))
    >>> features = vectorizer.set_output(transform="pandas").fit_transform(X)
    >>> features[["call__spectral_centroid_median", "call__tempo_seconds"]].round(-1)
       call__spectral_centroid_median  call__tempo_seconds
    0                           440.0                  0.0
    1                          1500.0                  0.0
    2                             NaN                  NaN
    """

    _what = "recordings"
    _cells = "paths, bytes or pairs (samples, rate)"

    _parameter_constraints = {
        **MediaVectorizer._parameter_constraints,
        "statistics": [tuple, list],
        "rate": [Interval(numbers.Integral, 2000, None, closed="left")],
        "n_fft": [Interval(numbers.Integral, 64, None, closed="left")],
        "hop_length": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_mels": [Interval(numbers.Integral, 2, None, closed="left")],
        "n_mfcc": [Interval(numbers.Integral, 1, None, closed="left")],
        "array_rate": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "max_seconds": [Interval(numbers.Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        features: Names = FEATURES,
        *,
        statistics: Names = ("mean", "std", "min", "max", "delta"),
        rate: int = 16_000,
        n_fft: int = 512,
        hop_length: int = 256,
        n_mels: int = 40,
        n_mfcc: int = 20,
        array_rate: int | None = None,
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        max_seconds: float = 3600,
        n_jobs: int | None = None,
        progress: bool | Literal["auto"] = "auto",
    ) -> None:
        self.features = features
        self.statistics = statistics
        self.rate = rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.n_mfcc = n_mfcc
        self.array_rate = array_rate
        self.errors = errors
        self.root = root
        self.max_seconds = max_seconds
        self.n_jobs = n_jobs
        self.progress = progress

    def _check_options(self):
        check_names("features", self.features, FEATURES)
        check_names("statistics", self.statistics, tuple(STATISTICS))
        if self.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc={self.n_mfcc}: there are no more coefficients than "
                f"n_mels={self.n_mels}. Lower n_mfcc or raise n_mels."
            )
        mel_filters(self.rate, self.n_fft, self.n_mels)

    def _make_reader(self):
        return AudioReader(
            rate=self.rate,
            max_seconds=self.max_seconds,
            root=self.root,
            array_rate=self.array_rate,
        )

    def _make_features(self):
        return SoundFeatures(
            tuple(self.features),
            tuple(self.statistics),
            self.rate,
            self.n_fft,
            self.hop_length,
            self.n_mels,
            self.n_mfcc,
        )
