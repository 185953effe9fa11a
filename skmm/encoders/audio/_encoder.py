"""Recordings, learned end to end or through a pretrained network."""

from __future__ import annotations

import dataclasses
import numbers
import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._data.blocks import Block
from skmm._data.containers import Ragged
from skmm._data.frames import is_missing
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, check_options
from skmm.augmentation import augment_constraints, make_augmentation
from skmm.augmentation._base import Chain
from skmm.encoders._base import Encoder
from skmm.encoders.audio import _recordings as recordings
from skmm.io import AudioReader

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._utils.typing import Augment, Features, PathLike

_PRETRAINED = "pretrained"
_POOLING, _POOLING_OF_TOKENS = ("mean_max", "attention"), ("mean", "max", "first")
#: Seconds of a spectrogram's frame; the next one begins half as much later.
_FRAME = 0.032
#: Seconds to whose multiples recordings are filled up before a network over samples:
#: recordings of one length go through it together.
_WAVE_STEP = 0.1
#: Samples a second, frames and bands of a part that Resemblyzer's network hears.
_VOICE_RATE, _PARTIAL = 16_000, (160, 40)


class AudioEncoder(Encoder):
    """Read recordings of any length.

    A small network, trained from scratch, reads the logarithm of the power in mel
    bands, each standardised by the training rows. Recordings are decoded once and kept
    as 16-bit samples; spectrograms are computed from them on the device, batch by
    batch. If the modality has several columns, they are the channels of one
    spectrogram, and a missing cell is silence if another column of its row has a
    recording. The channels of one recording are averaged.

    The padding of a batch has no effect: a row's vector does not depend on the other
    rows of its batch.

    Parameters
    ----------
    backbone : {"cnn", "crnn", "pretrained"}, default="cnn"
        The network:

        - "cnn": convolutions over time and frequency, pooled over time;
        - "crnn": the same convolutions followed by a GRU over time, for order over
          longer spans;
        - "pretrained": the pretrained network that `model` names.
    model : str, path or torch.nn.Module, default="resemblyzer"
        The pretrained network: "resemblyzer", a folder or name of a model of
        transformers, or a module that takes samples (n, n_samples), as in
        :class:`~skmm.feature_extraction.AudioEmbedder`. Only with
        ``backbone="pretrained"``.
    tune : {"frozen", "head", "full"}, default="frozen"
        Which weights of a pretrained network are trained. With "frozen" none are:
        vectors are computed once for each distinct recording, and a perceptron learns
        from them. "full" trains all weights of "resemblyzer" or of a module; "head"
        trains the last layer of "resemblyzer".
    rate : int, default=16000
        Sampling rate to which recordings are resampled, in samples per second; at least
        2000. A pretrained model with a name has its own rate.
    n_fft, hop_length : int, default=None
        Length of a frame, and distance from one frame to the next, in samples. None
        takes 32 milliseconds, and half a frame.
    n_mels : int, default=64
        Number of bands of the mel scale; at least 16.
    hidden : int, default=128
        Number of channels of the last layers of "cnn" and "crnn".
    pooling : str, default=None
        How features over time become one vector. "cnn" and "crnn" accept "mean_max",
        which None stands for, and "attention". A pretrained network with tokens accepts
        "mean", which None stands for, "max" and "first".
    augment : None, "auto", str, callable or list, default=None
        Random changes during training: "shift", "gain" and "noise" of the samples,
        "mask" of the spectrogram (SpecAugment), "auto" for the ones that suit most
        recordings, or functions; see :mod:`skmm.augmentation`. None makes no changes.
    max_seconds : float, default=30
        Duration, in seconds, that is read of each recording, from its beginning. It
        does not apply to "frozen", which reads whole recordings.
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
    memory : str or path, default=None
        Folder of a cache on disk, with ``tune="frozen"``. With it, no recording is
        embedded twice. None keeps no cache.
    n_jobs : int, default=None
        Number of processes that read the recordings. None means 1, and -1 one for each
        core.
    dropout : float, default=0.1
        Dropout rate, from 0 to 1.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_columns, n_mels)
        Mean and standard deviation of each band of the training rows' spectrograms.
    longest_ : int
        Number of frames of the longest recording at fit.
    embedder_ : AudioEmbedder
        The fitted Embedder; only with ``tune="frozen"``.

    Raises
    ------
    CellError
        If a recording cannot be read; the message names its column and row.

    See Also
    --------
    skmm.feature_extraction.AudioVectorizer : Features without training.

    References
    ----------
    Hershey et al.: CNN Architectures for Large-Scale Audio Classification, ICASSP
    2017. Choi, Fazekas, Sandler, Cho: Convolutional Recurrent Neural Networks for Music
    Classification, ICASSP 2017.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmm.encoders import AudioEncoder
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> X = pd.DataFrame({"call": [(tone, 8000), None, (tone[:100], 8000)]})
    >>> block = AudioEncoder(rate=8000).fit_transform(X)
    >>> block.present.tolist(), block[1].tolist()
    ([True, False, True], [8000, 0, 100])
    """

    _parameter_constraints = {
        "backbone": [Names(["cnn", "crnn", _PRETRAINED])],
        "model": [str, os.PathLike, callable],
        "tune": [Names(["frozen", "head", "full"])],
        "rate": [Interval(numbers.Integral, 2000, None, closed="left")],
        "n_fft": [Interval(numbers.Integral, 16, None, closed="left"), None],
        "hop_length": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "n_mels": [Interval(numbers.Integral, 16, None, closed="left")],
        "hidden": [Interval(numbers.Integral, 8, None, closed="left")],
        "pooling": [Names([*_POOLING, *_POOLING_OF_TOKENS]), None],
        "augment": augment_constraints("audio"),
        "max_seconds": [Interval(numbers.Real, 0, None, closed="neither")],
        "array_rate": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "errors": [Names(["raise", "missing"])],
        "root": [str, os.PathLike, None],
        "memory": [str, os.PathLike, None],
        "n_jobs": [numbers.Integral, None],
        "dropout": [Interval(numbers.Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        backbone: Literal["cnn", "crnn", "pretrained"] = "cnn",
        model: PathLike | nn.Module = "resemblyzer",
        tune: Literal["frozen", "head", "full"] = "frozen",
        rate: int = 16_000,
        n_fft: int | None = None,
        hop_length: int | None = None,
        n_mels: int = 64,
        hidden: int = 128,
        pooling: Literal["mean_max", "attention", "mean", "max", "first"] | None = None,
        augment: Augment[Literal["auto", "shift", "gain", "noise", "mask"]] = None,
        max_seconds: float = 30,
        array_rate: int | None = None,
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        memory: PathLike | None = None,
        n_jobs: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        self.backbone = backbone
        self.model = model
        self.tune = tune
        self.rate = rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.hidden = hidden
        self.pooling = pooling
        self.augment = augment
        self.max_seconds = max_seconds
        self.array_rate = array_rate
        self.errors = errors
        self.root = root
        self.memory = memory
        self.n_jobs = n_jobs
        self.dropout = dropout

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self._check_columns(X)
        if all(is_missing(X.iloc[:, i], empty=True).all() for i in range(X.shape[1])):
            raise ValueError(
                f"Columns {list(X.columns)[:5]} hold no recording in any of {len(X)} "
                "rows."
            )
        if self._is_frozen:
            return self._fit_vectors(X, y)
        if self.backbone == _PRETRAINED:
            return self._fit_tuned(X)
        block = _check_any(self._read_frames(X, self._hop_length))
        spectrogram = self._make_spectrogram()
        self.mean_, self.scale_ = recordings.measure_bands(block, spectrogram)
        self.longest_ = int(block[0].lengths.max())
        return block

    def transform(self, X: pd.DataFrame) -> Block:
        if self._is_frozen:
            return self.vector_.transform(self._embed(X))
        if self.backbone != _PRETRAINED:
            return self._read_frames(X, self._hop_length)
        return self._read_tuned(X)

    @property
    def max_batch_size(self) -> int | None:  # type: ignore[override]  # by its options
        """Largest batch; activations over time and frequency take much memory."""
        return None if self._is_frozen else 32

    @property
    def _is_frozen(self):
        return self.backbone == _PRETRAINED and self.tune == "frozen"

    # -------------------------------------------------------------------- options

    @property
    def _n_fft(self):
        return self.n_fft or 2 * round(self.rate * _FRAME / 2)

    @property
    def _hop_length(self):
        return self.hop_length or self._n_fft // 2

    def _augmentations(self):
        """Return what changes samples and what changes spectrograms, each or None."""
        chain = make_augmentation(self.augment, "audio")
        steps = [] if chain is None else chain.steps
        on_waves = [s for s in steps if getattr(s, "domain", None) == "wave"]
        others = [s for s in steps if s not in on_waves]
        return [Chain(some) if some else None for some in (on_waves, others)]

    def _check_combinations(self):
        from skmm.encoders.audio._mel import mel_filters

        known = _POOLING_OF_TOKENS if self.backbone == _PRETRAINED else _POOLING
        if self.pooling not in (None, *known):
            raise ValueError(
                f"pooling={self.pooling!r}: with backbone={self.backbone!r} there are "
                f"{', '.join(map(repr, known))}."
            )
        on_waves, on_spectrograms = self._augmentations()
        if self.backbone != _PRETRAINED:
            mel_filters(self.rate, self._n_fft, self.n_mels)
            return
        if on_spectrograms or (on_waves and (self._is_frozen or self._has_name)):
            raise ValueError(
                f"augment={self.augment!r} is without effect on this network: a "
                "pretrained one can hear changed samples only where it is a module "
                "and tune='full'. Leave augment out, or take backbone='cnn'."
            )
        if self._is_frozen:
            return
        possible = self._what_can_be_tuned()
        if self.tune not in possible:
            raise ValueError(
                f"tune={self.tune!r} is not possible with model={self.model!r}: there "
                f"are {', '.join(map(repr, possible))}. All weights of a model of "
                "transformers learn with tune='full' where it is given as a module, "
                "AutoModel.from_pretrained(...)."
            )

    def _check_columns(self, X):
        tuned = self.backbone == _PRETRAINED and not self._is_frozen
        if tuned and X.shape[1] > 1:
            raise ValueError(
                f"tune={self.tune!r} takes one column of recordings, got "
                f"{list(X.columns)}. Make each a modality of its own."
            )

    @property
    def _has_name(self):
        return isinstance(self.model, (str, os.PathLike))

    def _what_can_be_tuned(self):
        if not self._has_name:
            return ("frozen", "full")
        every = ("frozen", "head", "full")
        return every if self.model == "resemblyzer" else every[:1]

    # --------------------------------------------------------------------- reading

    def _read(self, X, then, rate):
        reader = AudioReader(
            rate=rate,
            # Longer ones are cut, unless decoding them would take all memory.
            max_seconds=max(3600, self.max_seconds),
            root=self.root,
            array_rate=self.array_rate,
        )
        return recordings.read_recordings(X, reader, then, self.errors, self.n_jobs)

    def _read_frames(self, X, hop_length):
        then = recordings.Sixteen(self._n_samples(self.rate))
        return recordings.to_block(*self._read(X, then, self.rate), hop_length)

    def _n_samples(self, rate):
        return max(1, round(self.max_seconds * rate))

    def _make_spectrogram(self):
        from skmm.encoders.audio._mel import LogMel

        return LogMel(self.rate, self._n_fft, self._hop_length, self.n_mels)

    # ------------------------------------------------------------------ pretrained

    def _fit_vectors(self, X, y):
        from skmm.encoders._vector import VectorEncoder
        from skmm.feature_extraction import AudioEmbedder

        self.embedder_ = AudioEmbedder(
            self.model,
            rate=None if self._has_name else self.rate,
            array_rate=self.array_rate,
            pooling=self.pooling or "mean",
            memory=self.memory,
            errors=self.errors,
            root=self.root,
            n_jobs=self.n_jobs,
        ).fit(X)
        self.vector_ = VectorEncoder(dropout=self.dropout)
        return self.vector_.fit_transform(self._embed(X))

    def _embed(self, X):
        import pandas as pd

        return pd.DataFrame(np.asarray(self.embedder_.transform(X)))

    def _load_network(self):
        import torch

        from skmm._pretrained.speech import load_speech_network

        network = load_speech_network(self.model, torch.device("cpu"))
        if not self._has_name:
            network = dataclasses.replace(network, rate=self.rate)
            network.dimension = network.measure()
        return network

    def _fit_tuned(self, X):
        self.dimension_ = self._load_network().dimension
        return _check_any(self._read_tuned(X))

    def _read_tuned(self, X):
        if not self._has_name:
            hop_length = max(1, round(_WAVE_STEP * self.rate))
            block = self._read_frames(X, hop_length)
            lengths = block[0].lengths * hop_length
            return Block(
                block[0], lengths, present=block.present, cost=block[0].lengths
            )
        from skmm._pretrained.speech import partial_utterances

        then = recordings.Beginning(partial_utterances, self._n_samples(_VOICE_RATE))
        (partials,), present = self._read(X, then, _VOICE_RATE)
        ragged = Ragged.from_arrays(partials, _PARTIAL)
        return Block(ragged, present=present, cost=ragged.lengths)

    # ---------------------------------------------------------------------- module

    def build_module(self, width: int) -> nn.Module:
        from skmm.encoders.audio import _networks as networks

        if self._is_frozen:
            return self.vector_.build_module(width)
        on_waves, on_spectrograms = self._augmentations()
        if self.backbone == _PRETRAINED:
            network = self._load_network().module
            if self._has_name:
                return networks.VoiceModule(
                    network, self.dimension_, width, self.dropout, self.tune
                )
            return networks.WaveModule(
                network,
                self.dimension_,
                width,
                self.pooling or "mean",
                self.dropout,
                on_waves,
            )
        spectrogram = self._make_spectrogram()
        return networks.SpectrogramModule(
            spectrogram.set_statistics(self.mean_, self.scale_),
            width,
            n_columns=len(self.mean_),
            longest=self.longest_,
            hidden=self.hidden,
            recurrent=self.backbone == "crnn",
            pooling=self.pooling or "mean_max",
            dropout=self.dropout,
            augment=on_spectrograms,
            augment_waves=on_waves,
        )

    def linear_features(self, block: Block) -> Features | None:
        return self.vector_.linear_features(block) if self._is_frozen else None

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        return self.vector_.build_wide(n_outputs) if self._is_frozen else None


def _check_any(block):
    if not block.present.any():
        raise ValueError(f"None of {len(block)} rows has a recording that can be read.")
    return block
