"""Clips, with PyAV."""

from __future__ import annotations

import dataclasses
import fractions
from typing import TYPE_CHECKING, Any

import numpy as np

from skmm._utils.optional import optional_import
from skmm.io._arrays import as_array, channels_last, is_tensor, to_uint8
from skmm.io._budget import check_budget
from skmm.io._image import check_size_option, resize_pixels
from skmm.io._interrupts import held_signals
from skmm.io._libav import open_container
from skmm.io._player import (
    Player,
    header_span,
    on_white,
    scanned_span,
    to_pixels,
    video_stream,
)
from skmm.io._source import CellError, about, decoding, is_source, open_source
from skmm.io._truncation import check_complete

if TYPE_CHECKING:
    import numpy.typing as npt

    from skmm._utils.typing import Cell, PathLike

_MAX_PIXELS = 100_000_000
_ACCEPTED = (
    "a path, bytes, an array of shape (frames, height, width, 1, 3 or 4), or a tensor "
    "of shape (frames, 1, 3 or 4, height, width)"
)


@dataclasses.dataclass(frozen=True)
class VideoReader:
    """Read some frames of a clip, evenly spaced, as an array of 8-bit pixels.

    Parameters
    ----------
    n_frames : int, default=8
        Number of frames that are read of each clip. The clip is divided into as many
        equal parts, and the frame in the middle of each part is taken. If a clip has
        fewer frames, some are repeated.
    size : int or (int, int), default=None
        Height and width in pixels that frames are resized to; an int stands for both.
        None keeps their size.
    max_seconds : float, default=3600
        Longest duration of a clip, in seconds. Longer ones are refused before they are
        decoded.
    max_bytes : int, default=2**30
        Largest size of a file, in bytes. Larger files are refused.
    root : str or Path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    allow_urls : bool, default=False
        If True, cells such as "https://…" are fetched. If False, they raise an error.
    max_pixels : int, default=100_000_000
        Largest number of pixels of a frame. Clips with larger frames are refused before
        they are decoded, and so are clips that need more than 300 MB to decode. A
        higher `max_pixels` raises that limit in proportion.

    See Also
    --------
    read_cells : Read a column in parallel, with errors that name the cell.

    Notes
    -----
    The formats are containers that hold their own content, such as MP4, WebM, AVI and
    animated GIF. Playlists are refused, since they would open other files. Transparent
    pixels are drawn on white, and a rotation in the file's metadata, as telephones
    write it, is applied. Of a long clip, only the part between the last keyframe and
    the wanted frame is decoded.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.io import VideoReader
    >>> clip = np.zeros((30, 40, 60, 3), dtype=np.uint8)
    >>> VideoReader(n_frames=4, size=(20, 30))(clip).shape
    (4, 20, 30, 3)
    """

    n_frames: int = 8
    size: int | tuple[int, int] | None = None
    max_seconds: float = 3600
    max_bytes: int = 2**30
    root: PathLike | None = None
    allow_urls: bool = False
    max_pixels: int = _MAX_PIXELS

    def __post_init__(self):
        if self.n_frames < 1:
            raise ValueError(f"n_frames must be at least 1, got {self.n_frames!r}.")
        check_size_option(self.size)

    def __call__(self, cell: Cell) -> npt.NDArray[np.uint8]:
        """Read one cell.

        Parameters
        ----------
        cell : str, Path, bytes, ndarray or torch tensor
            Arrays of shape (frames, height, width, 1, 3 or 4), tensors with the
            channels after the frames; uint8, uint16, or floats from 0 to 1.

        Returns
        -------
        frames : ndarray of uint8 of shape (n_frames, height, width, 3)

        Raises
        ------
        CellError
            If it cannot be read, or may not.
        """
        with held_signals, about(cell) as cell:
            return self._read_file(cell) if is_source(cell) else self._read_array(cell)

    def key(self) -> tuple[Any, ...]:
        """Return the options that the result depends on, besides the cell.

        Returns
        -------
        key : tuple
            Name, version, and all options except `root` and the limits.
        """
        return ("VideoReader", 1, self.n_frames, self.size)

    def _read_file(self, cell):
        optional_import("av", "video")
        with open_source(cell, self) as file, decoding("a clip"):
            check_complete(file)
            with open_container(file, "video") as container:
                stream = video_stream(container)
                self._check_size(stream.codec_context)
                span = header_span(container, stream)
                if span is not None:
                    return self._sample(container, stream, span)
                span = scanned_span(container, stream, self._check_duration)
            file.seek(0)
            with open_container(file, "video") as container:
                return self._sample(container, video_stream(container), span)

    def _sample(self, container, stream, span):
        start, end = span
        self._check_duration((end - start) * stream.time_base)
        player = Player(container, stream, span, self._check_memory)
        frames, last = None, None
        for i in range(self.n_frames):
            middle = fractions.Fraction((2 * i + 1) * (end - start), 2 * self.n_frames)
            frame = player.at(start + middle)
            if frame is last:
                frames[i] = frames[i - 1]
                continue
            self._check_size(frame)
            self._check_memory(player.n_bytes, frame)
            pixels, last = self._resize(to_pixels(frame)), frame
            if frames is None:
                frames = np.empty((self.n_frames, *pixels.shape), dtype=np.uint8)
            if pixels.shape != frames.shape[1:]:
                raise CellError("its frames change their size. Give size to read it.")
            frames[i] = pixels
            del pixels  # before the next one is made
        return frames

    def _check_memory(self, n_bytes, picture):
        """Refuse what takes too much: frames of the decoder, one in RGB, the result."""
        n_pixels, remedy = picture.width * picture.height, ""
        n_bytes += 3 * n_pixels
        if self.size is None:
            n_bytes += 3 * n_pixels * self.n_frames
            remedy = "Give size to read it smaller. "
        what = f"a clip of {picture.width:,} x {picture.height:,} pixels"
        check_budget(n_bytes, what, "max_pixels", self.max_pixels, _MAX_PIXELS, remedy)

    def _check_size(self, picture):
        n_pixels = picture.width * picture.height
        if n_pixels > self.max_pixels:
            raise CellError(
                f"its frames have {n_pixels:,} pixels ({picture.width:,} x "
                f"{picture.height:,}), more than max_pixels={self.max_pixels:,}. Raise "
                "max_pixels to read it."
            )

    def _check_duration(self, seconds):
        if seconds > self.max_seconds:
            raise CellError(
                f"it lasts {float(seconds):,.1f} seconds, more than max_seconds="
                f"{self.max_seconds:,}. Raise max_seconds to read it."
            )

    def _read_array(self, cell):
        frames = as_array(cell)
        if frames is None:
            raise CellError(f"this is no clip. Accepted are {_ACCEPTED}.")
        if is_tensor(cell):
            frames = channels_last(frames)
        if frames.ndim != 4 or frames.shape[3] not in (1, 3, 4):
            raise CellError(f"this is no clip. Accepted are {_ACCEPTED}.")
        if frames.size == 0:
            raise CellError("it holds no frames.")
        middles = (2 * np.arange(self.n_frames) + 1) * len(frames)
        frames = to_uint8(frames[middles // (2 * self.n_frames)])
        if frames.shape[3] == 4:
            frames = on_white(frames)
        frames = np.broadcast_to(frames, (*frames.shape[:3], 3))
        return np.stack([self._resize(frame) for frame in frames])

    def _resize(self, pixels):
        if self.size is None:
            return pixels
        return resize_pixels(pixels, self.size, optional_import("PIL.Image", "video"))
