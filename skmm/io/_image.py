"""Pictures, with Pillow."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._utils.optional import optional_import
from skmm.io._arrays import (
    as_array,
    channels_last,
    is_tensor,
    scale_16_bits,
    to_uint8,
)
from skmm.io._budget import (
    bytes_beside,
    bytes_per_pixel,
    check_budget,
    icons_of,
)
from skmm.io._interrupts import held_signals
from skmm.io._quiet import no_stderr
from skmm.io._source import CellError, about, decoding, is_source, open_source

if TYPE_CHECKING:
    import numpy.typing as npt

    from skmm._utils.typing import Cell, PathLike

_ACCEPTED = (
    "a path, bytes, a PIL image, an array of shape (height, width) or (height, width, "
    "1, 3 or 4), or a tensor of shape (1, 3 or 4, height, width)"
)
#: What cameras, scanners and the web make. Pillow knows more: rare ones, some of which
#: take any amount of memory (FITS) or are handed to other programs (EPS).
FORMATS = (
    *("PNG", "JPEG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000", "PPM", "TGA"),
    "ICO",
)
_MAX_PIXELS = 100_000_000
#: Pixels above which a picture is converted in bands of rows or columns, and those of a
#: band.
_LARGE, _BAND = 1 << 22, 1 << 18
#: Bytes that Pillow takes for each pixel of a side to weigh the pixels: four doubles.
_PER_SIDE = 32
ORIENTATION = 0x0112
# Pillow logs what it finds in broken TIFFs. Where nobody has set logging up, that
# would go to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@dataclasses.dataclass(frozen=True)
class ImageReader:
    """Read a picture as an array of 8-bit pixels.

    Parameters
    ----------
    mode : {"RGB", "RGBA", "L"}, default="RGB"
        Channels of the result: "RGB" is colour, "RGBA" colour and opacity, "L" grey.
    size : int or (int, int), default=None
        Height and width in pixels that pictures are resized to; an int stands for both.
        None keeps their size.
    background : str or tuple of int, default="white"
        Colour behind the transparent parts of a picture: a name that Pillow knows, or
        red, green and blue from 0 to 255. It has no effect if `mode` is "RGBA".
    max_pixels : int, default=100_000_000
        Largest number of pixels of a picture. Larger ones are refused before they are
        decoded, and so are pictures that need more than 300 MB to decode. A higher
        `max_pixels` raises that limit in proportion.
    max_bytes : int, default=2**30
        Largest size of a file, in bytes. Larger files are refused.
    root : str or Path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    allow_urls : bool, default=False
        If True, cells such as "https://…" are fetched. If False, they raise an error.

    See Also
    --------
    read_cells : Read a column in parallel, with errors that name the cell.

    Notes
    -----
    The formats are PNG, JPEG, GIF, WebP, AVIF, TIFF, BMP, JPEG 2000, PPM, TGA and ICO.
    The orientation in EXIF is applied. Of an animation, the first frame is read. 16-bit
    grey is scaled to 8 bits. Pictures are resized with an antialiasing bicubic filter.

    How much memory decoding needs depends on the format. With `size`, the default
    limits allow about 75 million pixels of a PNG in colour, 50 million of a progressive
    JPEG, and 17 million of a WebP.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.io import ImageReader
    >>> ImageReader(size=(2, 3))(np.zeros((20, 30))).shape
    (2, 3, 3)
    """

    mode: Literal["RGB", "RGBA", "L"] = "RGB"
    size: int | tuple[int, int] | None = None
    background: str | tuple[int, ...] = "white"
    max_pixels: int = _MAX_PIXELS
    max_bytes: int = 2**30
    root: PathLike | None = None
    allow_urls: bool = False

    def __post_init__(self):
        if self.mode not in ("RGB", "RGBA", "L"):
            raise ValueError(f"mode must be 'RGB', 'RGBA' or 'L', got {self.mode!r}.")
        check_size_option(self.size)

    def __call__(self, cell: Cell) -> npt.NDArray[np.uint8]:
        """Read one cell.

        Parameters
        ----------
        cell : str, Path, bytes, PIL image, ndarray or torch tensor
            Arrays of shape (height, width) or (height, width, 1, 3 or 4), tensors
            with the channels first; uint8, uint16, or floats from 0 to 1.

        Returns
        -------
        pixels : ndarray of uint8 of shape (height, width, channels)

        Raises
        ------
        CellError
            If it cannot be read, or may not.
        """
        Image = optional_import("PIL.Image", "image")
        if isinstance(self.background, str):  # a name that is none is no fault of cells
            optional_import("PIL.ImageColor", "image").getrgb(self.background)
        with held_signals, about(cell) as cell:
            if is_source(cell):
                with open_source(cell, self) as file, self._decoding(Image):
                    return self._finish(self._open(file, Image), Image)
            if isinstance(cell, Image.Image):
                check_size(cell.size, self.max_pixels)
                with self._decoding(Image):
                    return self._finish(cell, Image)
            image = _from_array(cell, Image)
            with self._decoding(Image):
                return self._finish(image, Image)

    def key(self) -> tuple[Any, ...]:
        """Return the options that the result depends on, besides the cell.

        Returns
        -------
        key : tuple
            Name, version, and all options except `root` and the limits.
        """
        return ("ImageReader", 1, self.mode, self.size, self.background)

    def _open(self, file, Image):
        image = Image.open(file, formats=FORMATS)
        check_size(image.size, self.max_pixels)
        if image.format == "ICO":
            for size in icons_of(file):
                check_size(size, self.max_pixels)
                n_beside = bytes_beside(image) * math.prod(size)
                self._check_memory(image, size, n_beside, size)
        stored, n_beside = image.size, bytes_beside(image) * math.prod(image.size)
        if self.size is not None:
            # JPEG can be decoded at a fraction of its size. Twice the target leaves
            # the filter something to work on; EXIF may yet turn the sides round.
            side = 2 * max(_height_width(self.size))
            image.draft(None, (side, side))
        self._check_memory(image, image.size, n_beside, stored)
        return image

    def _check_memory(self, image, size, n_beside, stored):
        """Refuse what takes too much, while it is decoded or while it is converted."""
        n_pixels, remedy = math.prod(size), ""
        if self.size is None:
            n_later = len(self.mode) * n_pixels
            remedy = "Give size to read it smaller. "
        else:
            height, width = _height_width(self.size)
            _, n_middle = _first_direction(size, (width, height))
            n_later = 4 * (n_middle + width * height) + _PER_SIDE * max(size)
        n_bytes = bytes_per_pixel(image) * n_pixels + max(n_beside, n_later)
        what = f"a {image.format} of {stored[0]:,} x {stored[1]:,} pixels"
        check_budget(n_bytes, what, "max_pixels", self.max_pixels, _MAX_PIXELS, remedy)

    @contextlib.contextmanager
    def _decoding(self, Image):
        with decoding("a picture"), _pillows_limit.at_least(self.max_pixels, Image):
            try:
                yield
            except Image.DecompressionBombError as error:
                n_pixels = int(re.search(r"\d+", str(error))[0])
                raise too_large(f"{n_pixels:,}", self.max_pixels) from error
            except Image.UnidentifiedImageError as error:
                raise CellError(
                    "it is no picture, or not in one of the formats that are read: "
                    f"{', '.join(FORMATS)}."
                ) from error

    def _finish(self, image, Image):
        with no_stderr if image.format == "TIFF" else contextlib.nullcontext():
            image.load()
        check_size(image.size, self.max_pixels)  # of what containers (ICO) really held
        step, (width, height) = _orientation(image), image.size
        n_middle = 0 if self.size is None else _height_width(self.size)[1] * height
        if max(width * height, n_middle) <= _LARGE:
            image = image if step is None else image.transpose(step)
            image = self._convert(image, Image)
            if self.size is not None:
                image = resize(image, self.size, Image)
            pixels = np.array(image)
            return pixels[:, :, None] if pixels.ndim == 2 else pixels
        return self._finish_in_bands(image, step, Image)

    def _convert(self, image, Image):
        image = _to_8_bits(image, Image)
        return _to_mode(image, self.mode, self.background, Image)

    def _finish_in_bands(self, image, step, Image):
        """Convert and resize a large picture without a second one of its size."""

        def band_of(box):
            return self._convert(image.crop(box), Image)

        is_turned = step in _turns(Image)
        if self.size is None:
            height, width = image.size if is_turned else image.size[::-1]
        else:
            height, width = _height_width(self.size)
        pixels = np.empty((height, width, len(self.mode)), dtype=np.uint8)
        stored = _as_stored(pixels, step, Image)
        if self.size is None:
            width, height = image.size
            for start, stop in _steps(height, width):
                band = np.asarray(band_of((0, start, width, stop)))
                stored[start:stop] = band.reshape(stored[start:stop].shape)
        else:
            size = stored.shape[1], stored.shape[0]
            small = resize_in_bands(band_of, image.size, size, Image)
            stored[:] = np.asarray(small).reshape(stored.shape)
        return pixels


def check_size(size, max_pixels):
    """Raise CellError if a picture of (width, height) has too many pixels."""
    width, height = size
    if width * height > max_pixels:
        raise too_large(f"{width * height:,} ({width:,} x {height:,})", max_pixels)


def too_large(n_pixels, max_pixels):
    """Make the error for a picture of so many pixels."""
    return CellError(
        f"it has {n_pixels} pixels, more than max_pixels={max_pixels:,}. Raise "
        "max_pixels to read it."
    )


def check_size_option(size):
    """Raise ValueError unless `size` is None, a side or (height, width)."""
    sides = () if size is None else _height_width(size)
    if size is not None and (len(sides) != 2 or min(sides) < 1):
        raise ValueError(
            f"size must be None, a number of pixels or (height, width), got {size!r}."
        )


def resize(image, size, Image):
    """Return a PIL image of (height, width), or a square."""
    height, width = _height_width(size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def resize_pixels(pixels, size, Image):
    """Resize an array (height, width, 3) to (height, width), or a square.

    It may be a view of anything: no copy of a large one is made.
    """
    height, width = pixels.shape[:2]
    new_height, new_width = _height_width(size)
    if max(width, new_width) * height <= _LARGE:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(resize(image, size, Image))

    def band_of(box):
        left, upper, right, lower = box
        return Image.fromarray(np.ascontiguousarray(pixels[upper:lower, left:right]))

    new_size = new_width, new_height
    return np.asarray(resize_in_bands(band_of, (width, height), new_size, Image))


def resize_in_bands(band_of, size, new_size, Image):
    """Resize a picture of which never more than a band is there.

    One direction comes after the other, so that each band is shrunk in the one, and
    what they make together in the other. Pillow does the same, to the bit, with rows
    first.

    Parameters
    ----------
    band_of : callable
        Returns a PIL image for a box (left, upper, right, lower).
    size, new_size : (int, int)
        Width and height.
    Image : module

    Returns
    -------
    image : PIL.Image.Image
    """
    (width, height), (new_width, new_height) = size, new_size
    filter, middle = Image.Resampling.BICUBIC, None
    by_rows, _ = _first_direction(size, new_size)
    for start, stop in _steps(height, width) if by_rows else _steps(width, height):
        box = (0, start, width, stop) if by_rows else (start, 0, stop, height)
        small = (new_width, stop - start) if by_rows else (stop - start, new_height)
        band = band_of(box)
        alpha = band.mode == "RGBA"
        # As Pillow does: transparent pixels have a colour that must not shine through.
        band = (band.convert("RGBa") if alpha else band).resize(small, filter)
        if middle is None:
            whole = (new_width, height) if by_rows else (width, new_height)
            middle = Image.new(band.mode, whole)
        middle.paste(band, (0, start) if by_rows else (start, 0))
    image = middle.resize((new_width, new_height), filter)
    return image.convert("RGBA") if alpha else image


def _first_direction(size, new_size):
    """Tell if rows are resized first, and how many pixels that leaves in between."""
    (width, height), (new_width, new_height) = size, new_size
    by_rows, by_columns = new_width * height, new_height * width
    # As Pillow does, unless that makes a tall picture larger.
    return by_rows <= max(by_columns, _LARGE), min(by_rows, max(by_columns, _LARGE))


def _steps(length, width):
    """Yield start and stop of bands of about as many pixels each."""
    step = max(1, _BAND // width)
    for start in range(0, length, step):
        yield start, min(start + step, length)


def _height_width(size):
    return (size, size) if isinstance(size, (int, np.integer)) else size


def _from_array(cell, Image):
    pixels = as_array(cell)
    if pixels is None:
        raise CellError(f"this is no picture. Accepted are {_ACCEPTED}.")
    if is_tensor(cell):
        pixels = channels_last(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise CellError(f"this is no picture. Accepted are {_ACCEPTED}.")
    if pixels.size == 0:
        raise CellError("it has no pixels.")
    return Image.fromarray(np.ascontiguousarray(to_uint8(pixels)))


def _orientation(image):
    """Return how EXIF says that a picture is to be turned or mirrored; None for not."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # of broken EXIF data; the picture itself is read
        return None
    Transpose = sys.modules["PIL.Image"].Transpose
    steps = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return steps.get(orientation)


def _turns(Image):
    Transpose = Image.Transpose
    return (
        *(Transpose.TRANSPOSE, Transpose.TRANSVERSE),
        *(Transpose.ROTATE_90, Transpose.ROTATE_270),
    )


def _as_stored(pixels, step, Image):
    """Return a view of upright pixels in which they lie as the file stores them."""
    Transpose = Image.Transpose
    views = {
        None: lambda p: p,
        Transpose.FLIP_LEFT_RIGHT: lambda p: p[:, ::-1],
        Transpose.ROTATE_180: lambda p: p[::-1, ::-1],
        Transpose.FLIP_TOP_BOTTOM: lambda p: p[::-1],
        Transpose.TRANSPOSE: lambda p: p.swapaxes(0, 1),
        Transpose.ROTATE_270: lambda p: np.rot90(p),
        Transpose.TRANSVERSE: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        Transpose.ROTATE_90: lambda p: np.rot90(p, -1),
    }
    return views[step](pixels)


def _to_8_bits(image, Image):
    """Return grey of 16 bits, 32 bits or floats as 8 bits."""
    if image.mode == "F":
        return Image.fromarray(to_uint8(np.asarray(image)))
    if not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise CellError(
            f"it has 32-bit pixels from {pixels.min()} to {pixels.max()}. Give 8 or "
            "16 bits, or an array."
        )
    return Image.fromarray(scale_16_bits(pixels))


def _to_mode(image, mode, background, Image):
    if not image.has_transparency_data:
        return image.convert(mode)
    image = image.convert("RGBA")
    if mode == "RGBA":
        return image
    behind = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(behind, image).convert(mode)


class _PillowsLimit:
    """Pillow's own limit, raised where the reader's is higher: it was asked for."""

    def __init__(self):
        self._lock, self._theirs = threading.Lock(), None

    @contextlib.contextmanager
    def at_least(self, max_pixels, Image):
        """Let Pillow read so many pixels, one thread after the other."""
        theirs = self._theirs or Image.MAX_IMAGE_PIXELS
        if theirs is None or max_pixels <= 2 * theirs:
            yield
            return
        with self._lock:
            self._theirs = Image.MAX_IMAGE_PIXELS
            Image.MAX_IMAGE_PIXELS = max_pixels
            try:
                yield
            finally:
                Image.MAX_IMAGE_PIXELS, self._theirs = self._theirs, None

    def after_fork(self):
        """Undo what another thread did, which the child has not."""
        if self._theirs is not None:
            sys.modules["PIL.Image"].MAX_IMAGE_PIXELS = self._theirs
        self._lock, self._theirs = threading.Lock(), None


_pillows_limit = _PillowsLimit()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pillows_limit.after_fork)


def is_picture(cell):
    """Tell whether a cell is a PIL image, without importing Pillow."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(cell, module.Image)
