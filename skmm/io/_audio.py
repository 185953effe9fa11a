"""Recordings, with soundfile."""

from __future__ import annotations

import contextlib
import dataclasses
import fractions
import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from skmm._utils.optional import optional_import
from skmm.io._arrays import as_array, as_pair, is_tensor
from skmm.io._budget import check_budget
from skmm.io._interrupts import held_signals
from skmm.io._libav import decoded_blocks, open_container, with_codec
from skmm.io._quiet import no_stderr
from skmm.io._source import CellError, about, decoding, is_source, open_source
from skmm.io._truncation import check_complete

if TYPE_CHECKING:
    from skmm._utils.typing import Cell, FloatArray, PathLike

_ACCEPTED = (
    "a path, bytes, or a pair (samples, rate) with samples of shape (samples,) or "
    "(samples, channels)"
)
_BLOCK = 1 << 18
#: Samples by which what is kept grows, at most.
_MAX_GROWTH = 1 << 22
#: Samples a second that `max_seconds` allows for: 2 channels of 192 kHz.
_MAX_RATE = 384_000
_MAX_SECONDS = 3600
_MAX_PEAK = 2
_MP3 = (b"ID3", b"\xff")
#: How the formats start that are left to libsndfile. It knows more, but the rare ones
#: are where its bugs are, and some of them print.
_FOR_SOUNDFILE = (
    *(b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM", b".snd", b"caff"),
    *(b"NIST", *_MP3),
)
#: Containers that say how long they are; of others libav has an estimate.
_WITH_HEADER = ("mov", "matroska")
#: libsndfile's codes for an unrecognised format and an unsupported encoding.
_UNKNOWN_FORMAT = (1, 4)
_MAX_CHANNELS = 256


@dataclasses.dataclass(frozen=True)
class AudioReader:
    """Read a recording as an array of samples from -1 to 1, at one rate.

    Parameters
    ----------
    rate : int, default=16000
        Sampling rate of the result, in samples per second. Recordings are resampled to
        it.
    mono : bool, default=True
        If True, the channels are averaged.
    max_seconds : float, default=3600
        Longest duration of a recording, in seconds. Longer ones are refused before they
        are decoded, and so are recordings whose samples need more than 300 MB, at
        `rate` or as an array. A higher `max_seconds` raises that limit in proportion.
    max_bytes : int, default=2**30
        Largest size of a file, in bytes. Larger files are refused.
    root : str or Path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    allow_urls : bool, default=False
        If True, cells such as "https://…" are fetched. If False, they raise an error.
    array_rate : int, default=None
        Sampling rate of cells that are arrays of samples without a rate, in samples per
        second. With None such cells are refused; pairs (samples, rate) are always
        accepted.

    See Also
    --------
    read_cells : Read a column in parallel, with errors that name the cell.

    Notes
    -----
    The formats are those that libsndfile reads, such as WAV, FLAC, Ogg and MP3. With
    PyAV installed (``pip install "skmm[video]"``), also MP4, WebM and the sound of
    clips are read. Lossy formats and resampling may leave samples outside -1 to 1;
    these are clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.io import AudioReader
    >>> AudioReader(rate=16000)((np.zeros(44100, dtype=np.int16), 44100)).shape
    (16000,)
    """

    rate: int = 16000
    mono: bool = True
    max_seconds: float = _MAX_SECONDS
    max_bytes: int = 2**30
    root: PathLike | None = None
    allow_urls: bool = False
    array_rate: int | None = None

    def __post_init__(self):
        if not self.rate > 0:
            raise ValueError(f"rate must be positive, got {self.rate!r}.")

    def __call__(self, cell: Cell) -> FloatArray:
        """Read one cell.

        Parameters
        ----------
        cell : str, Path, bytes, (samples, rate), ndarray or torch tensor
            Samples are floats from -1 to 1 or integers that fill their dtype, of
            shape (samples,) or (samples, channels); tensors (channels, samples).

        Returns
        -------
        samples : ndarray of float32 of shape (samples,) or (samples, channels)

        Raises
        ------
        CellError
            If it cannot be read, or may not.
        """
        # Values beyond float32 are told, not warned of.
        with (
            held_signals,
            about(cell) as cell,
            np.errstate(over="ignore", invalid="ignore"),
        ):
            return self._read_file(cell) if is_source(cell) else self._read_array(cell)

    def key(self) -> tuple[Any, ...]:
        """Return the options that the result depends on, besides the cell.

        Returns
        -------
        key : tuple
            Name, version, and all options except `root` and the limits.
        """
        return ("AudioReader", 1, self.rate, self.mono, self.array_rate)

    def _read_file(self, cell):
        soundfile = optional_import("soundfile", "audio")
        with open_source(cell, self) as file, decoding("a recording"):
            check_complete(file)
            start = file.read(4)
            file.seek(0)
            if not start.startswith(_FOR_SOUNDFILE):
                return self._read_container(file)
            printing = start.startswith(_MP3)
            try:
                with no_stderr if printing else contextlib.nullcontext():
                    return self._read_sound(soundfile.SoundFile(_CarefulFile(file)))
            except soundfile.LibsndfileError as error:
                if error.code not in _UNKNOWN_FORMAT:
                    raise CellError(
                        f"it cannot be read as a recording: {error.error_string}"
                    ) from error
            file.seek(0)
            return self._read_container(file)

    def _read_sound(self, sound):
        """Read with libsndfile."""
        with sound:
            rate, n_samples = sound.samplerate, sound.frames
            self._check_length(n_samples, rate, sound.channels)
            self._check_memory(n_samples, rate, sound.channels)
            samples = _Samples(rate, self.rate)
            step = self._n_at_once(rate, sound.channels)
            while len(block := sound.read(step, dtype="float32", always_2d=True)):
                samples.add(self._mix(block))
                held_signals.run_noted()
        if 0 < samples.n_read < n_samples:
            raise CellError(
                f"it is cut off: of {n_samples:,} samples it has {samples.n_read:,}."
            )
        return samples.finish()

    def _read_container(self, file):
        """Read with libav what libsndfile does not know, such as MP4."""
        try:
            optional_import("av", "video")
        except ImportError as error:
            raise CellError(
                f"soundfile does not know its format, and {error}"
            ) from error
        with open_container(file, "video") as container:
            if not container.streams.audio:
                raise CellError("it holds no sound.")
            stream = with_codec(container.streams.audio[0])
            rate, n_channels = stream.codec_context.sample_rate, stream.channels
            if container.duration and container.format.name.startswith(_WITH_HEADER):
                n_samples = container.duration * rate // 1_000_000
                self._check_length(n_samples, rate, n_channels)
                self._check_memory(n_samples, rate, n_channels)
            samples = _Samples(rate, self.rate)
            for block in decoded_blocks(container, stream):
                n_samples = samples.n_read + len(block)
                self._check_length(n_samples, rate, n_channels)
                self._check_memory(n_samples, rate, n_channels)
                samples.add(self._mix(block))
        return samples.finish()

    def _read_array(self, cell):
        cell, rate = as_pair(cell) or (cell, self.array_rate)
        samples = as_array(cell)
        if samples is None or samples.ndim not in (1, 2):
            raise CellError(f"this is no recording. Accepted are {_ACCEPTED}.")
        if rate is None:
            raise CellError(
                "an array alone does not say its rate. Give a pair (samples, rate), or "
                "array_rate where all arrays have the same."
            )
        if not 0 < rate < np.inf:
            raise CellError(f"its rate is {rate:g} samples a second, which cannot be.")
        if samples.ndim == 1:
            samples = samples[:, None]
        elif is_tensor(cell):
            samples = samples.T
        if samples.shape[1] > _MAX_CHANNELS:
            raise CellError(
                f"it has {samples.shape[1]:,} channels. Give (samples, channels), in "
                "this order."
            )
        self._check_length(len(samples), rate, samples.shape[1])
        if samples.size == 0:
            raise CellError("it holds no samples.")
        mixed = _Samples(rate, self.rate)
        step = self._n_at_once(rate, samples.shape[1])
        for start in range(0, len(samples), step):
            mixed.add(self._mix(_to_float(samples[start : start + step])))
        return mixed.finish()

    def _check_length(self, n_samples, rate, n_channels):
        seconds = n_samples / rate
        if seconds > self.max_seconds:
            raise CellError(
                f"it lasts {seconds:,.1f} seconds, more than max_seconds="
                f"{self.max_seconds:,}. Raise max_seconds to read it."
            )
        # Silence packs so well that a small file can fill the memory.
        n_kept = n_samples * (1 if self.mono else n_channels)
        if n_kept > self.max_seconds * _MAX_RATE:
            raise CellError(
                f"it has {n_kept:,} samples, more than max_seconds={self.max_seconds:,}"
                f" allows at {_MAX_RATE:,} a second. Raise max_seconds to read it."
            )

    def _check_memory(self, n_samples, rate, n_channels):
        seconds, n_channels = n_samples / rate, 1 if self.mono else n_channels
        # Without soxr all samples are resampled at once, at twice the size.
        n_kept = n_channels * seconds * (self.rate if _soxr() else self.rate + 2 * rate)
        what = f"a recording of {seconds:,.1f} seconds at {self.rate:,} Hz"
        limit = "max_seconds", self.max_seconds, _MAX_SECONDS
        check_budget(4 * n_kept, what, *limit)

    def _n_at_once(self, rate, n_channels):
        """Return how many samples to read, so that a block stays small at any rate."""
        n_samples = _BLOCK * min(1, rate / self.rate) / max(1, n_channels / 2)
        return max(1, int(n_samples))

    def _mix(self, samples):
        return samples.mean(axis=1, dtype=np.float32) if self.mono else samples


class _Samples:
    """Samples at a new rate, that come block by block and are kept once.

    Parameters
    ----------
    rate, new_rate : float
        Samples a second.
    """

    def __init__(self, rate, new_rate):
        self.n_read, self._peak, self._n_kept = 0, 0, 0
        self._rate, self._new_rate = rate, new_rate
        self._kept = self._stream = None
        self._waiting = []  # for those that come after, or for all without soxr
        self._soxr = _soxr()

    def add(self, block):
        """Add samples of shape (n,) or (n, channels)."""
        if block.size == 0:
            return
        # NaN stays NaN.
        self._peak = np.maximum(self._peak, np.maximum(block.max(), -block.min()))
        self.n_read += len(block)
        if self._rate == self._new_rate:
            self._keep(block)
            return
        self._waiting.append(block)
        if self._soxr and len(self._waiting) > 1:
            self._keep(self._resample(self._waiting.pop(0), last=False))

    def finish(self):
        """Return them all, clipped to the range -1 to 1."""
        if self.n_read == 0:
            raise CellError("it holds no samples.")
        # Lossy formats overshoot a little; NaN compares false.
        if not self._peak <= _MAX_PEAK:
            raise CellError(
                f"its samples reach {self._peak:,}, but go from -1 to 1. Scale them, "
                "or give the integers that they were."
            )
        if self._waiting:
            rest = np.concatenate(self._waiting)
            self._waiting.clear()
            resample = self._resample if self._soxr else self._resample_at_once
            self._keep(resample(rest, last=True))
        if self._n_kept == 0:
            raise CellError(f"it is too short for one sample at {self._new_rate:,} Hz.")
        self._kept.resize((self._n_kept, *self._kept.shape[1:]), refcheck=False)
        return self._kept

    def _keep(self, block):
        n_needed = self._n_kept + len(block)
        if self._kept is None:
            self._kept = np.empty(block.shape, dtype=np.float32)
        elif n_needed > len(self._kept):
            n_more = min(len(self._kept) // 2, _MAX_GROWTH)
            shape = max(n_needed, len(self._kept) + n_more), *block.shape[1:]
            self._kept.resize(shape, refcheck=False)
        np.clip(block, -1, 1, out=self._kept[self._n_kept : n_needed])
        self._n_kept = n_needed

    def _resample(self, block, last):
        if self._stream is None:
            if last:
                return self._soxr.resample(block, self._rate, self._new_rate)
            n_channels = 1 if block.ndim == 1 else block.shape[1]
            self._stream = self._soxr.ResampleStream(
                self._rate, self._new_rate, n_channels, dtype="float32"
            )
        return self._stream.resample_chunk(np.ascontiguousarray(block), last=last)

    def _resample_at_once(self, samples, last):
        from scipy.signal import resample_poly

        ratio = fractions.Fraction(self._new_rate / self._rate)
        ratio = ratio.limit_denominator(100_000)
        return resample_poly(samples, ratio.numerator, ratio.denominator, axis=0)


class _CarefulFile:
    """A file in which a seek to nowhere stays where it is.

    What raises within soundfile's callbacks would be printed.
    """

    def __init__(self, file):
        self._file = file
        self.read, self.readinto, self.tell = file.read, file.readinto, file.tell

    def seek(self, offset, whence=0):
        """Go to a position, where there is one."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return self._file.tell()


def _renew_lock():
    """Open the lock of soundfile's that a thread held when the process was forked."""
    soundfile = sys.modules.get("soundfile")
    if hasattr(getattr(soundfile, "SoundFile", None), "_sf_error_lock"):
        soundfile.SoundFile._sf_error_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _to_float(samples):
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype in (np.int8, np.int16, np.int32):
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    raise CellError(
        f"its samples are {samples.dtype}. Give floats from -1 to 1, or uint8, int8, "
        "int16 or int32 that fill their range."
    )


def _soxr():
    """Return the resampler; None where it is not installed."""
    try:
        return importlib.import_module("soxr")
    except ModuleNotFoundError:
        return None
