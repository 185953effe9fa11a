"""Recordings, with soundfile."""

import contextlib
import dataclasses
import fractions
import importlib
import os
import sys
import threading

import numpy as np

from skmm._utils.optional import optional_import
from skmm.io._arrays import as_array, as_pair, is_tensor
from skmm.io._interrupts import held_signals
from skmm.io._libav import decoded_blocks, open_container, with_codec
from skmm.io._quiet import no_stderr
from skmm.io._source import CellError, about, decoding, is_source, open_source
from skmm.io._truncation import check_complete

_ACCEPTED = (
    "a path, bytes, or a pair (samples, rate) with samples of shape (samples,) or "
    "(samples, channels)"
)
_BLOCK = 1 << 18
#: Samples a second that `max_seconds` allows for: 2 channels of 192 kHz.
_MAX_RATE = 384_000
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
        Samples per second of the result.
    mono : bool, default=True
        Whether to average the channels.
    max_seconds : float, default=3600
        Longer recordings are refused, before they are decoded.
    max_bytes : int, default=2**30
        Files of more bytes are refused.
    root : str or Path, default=None
        Folder that paths are relative to and cannot leave. With None, any path is
        opened as it is.
    allow_urls : bool, default=False
        Whether to fetch cells such as "https://…".
    array_rate : int, default=None
        Samples per second of cells that are bare arrays. With None they are refused,
        because they do not say.

    See Also
    --------
    read_cells : Read a column, in parallel, and say which cells cannot be read.

    Notes
    -----
    Read are the formats that libsndfile reads, such as WAV, FLAC, Ogg and MP3, and with
    PyAV installed (``pip install "skmm[video]"``) also MP4, WebM and the sound of
    clips. Samples beyond -1 to 1, as lossy formats and resampling leave them, are
    clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.io import AudioReader
    >>> AudioReader(rate=16000)((np.zeros(44100, dtype=np.int16), 44100)).shape
    (16000,)
    """

    rate: int = 16000
    mono: bool = True
    max_seconds: float = 3600
    max_bytes: int = 2**30
    root: object = None
    allow_urls: bool = False
    array_rate: int | None = None

    def __post_init__(self):
        if not self.rate > 0:
            raise ValueError(f"rate must be positive, got {self.rate!r}.")

    def __call__(self, cell):
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
            if is_source(cell):
                samples, rate = self._read_file(cell)
            else:
                samples, rate = self._read_array(cell)
            return self._finish(samples, rate)

    def key(self):
        """Give what the result depends on, besides the cell.

        Returns
        -------
        key : tuple
            Name, version, and the options but for root and limits.
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
            blocks = []
            while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                blocks.append(self._mix(block))
                held_signals.run_noted()
        samples = _join(blocks)
        if len(samples) < n_samples:
            raise CellError(
                f"it is cut off: of {n_samples:,} samples it has {len(samples):,}."
            )
        return samples, rate

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
            blocks, n_samples = [], 0
            for block in decoded_blocks(container, stream):
                n_samples += len(block)
                self._check_length(n_samples, rate, n_channels)
                blocks.append(self._mix(block))
        return _join(blocks), rate

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
        return self._mix(_join([_to_float(samples)])), rate

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

    def _mix(self, samples):
        return samples.mean(axis=1, dtype=np.float32) if self.mono else samples

    def _finish(self, samples, rate):
        peak = max(samples.max(), -samples.min())
        # Lossy formats overshoot a little; NaN compares false.
        if not peak <= _MAX_PEAK:
            raise CellError(
                f"its samples reach {peak:,}, but go from -1 to 1. Scale them, or give "
                "the integers that they were."
            )
        if rate != self.rate:
            samples = _resample(samples, rate, self.rate)
        if len(samples) == 0:
            raise CellError(f"it is too short for one sample at {self.rate:,} Hz.")
        return np.clip(samples, -1, 1, dtype=np.float32)


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


def _join(blocks):
    samples = np.concatenate(blocks) if blocks else np.empty(0)
    if samples.size == 0:
        raise CellError("it holds no samples.")
    return samples


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


def _resample(samples, rate, new_rate):
    try:
        soxr = importlib.import_module("soxr")
    except ModuleNotFoundError:
        from scipy.signal import resample_poly

        ratio = fractions.Fraction(new_rate / rate).limit_denominator(100_000)
        return resample_poly(samples, ratio.numerator, ratio.denominator, axis=0)
    return soxr.resample(samples, rate, new_rate)
