"""Digests of cells' content, for caches."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from skmm.io._arrays import as_array, as_pair, is_tensor
from skmm.io._image import ORIENTATION, ImageReader, check_size, is_picture
from skmm.io._source import CellError, about, decoding, is_source, open_source

if TYPE_CHECKING:
    from skmm._utils.typing import Cell
    from skmm.io._audio import AudioReader
    from skmm.io._video import VideoReader


def cell_digest(cell: Cell, reader: ImageReader | AudioReader | VideoReader) -> bytes:
    """Return a digest of a cell's content, which does not depend on its file name.

    Parameters
    ----------
    cell : str, Path, bytes, ndarray, PIL image, (samples, rate) or torch tensor
        The cell. A path is opened with the same checks as by the reader, and its digest
        is that of the bytes in the file.
    reader : ImageReader, AudioReader or VideoReader
        The reader of the cell. Together with ``reader.key()``, the digest identifies
        the reader's result for the cell.

    Returns
    -------
    digest : bytes of length 32

    Raises
    ------
    CellError
        If the cell cannot be opened, or must not be.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.io import ImageReader, cell_digest
    >>> picture = np.zeros((5, 4))
    >>> same = cell_digest(picture.copy(), ImageReader())
    >>> cell_digest(picture, ImageReader()) == same
    True
    """
    digest = hashlib.blake2b(digest_size=32)
    with about(cell) as cell:
        if is_source(cell):
            digest.update(b"file")
            with open_source(cell, reader) as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        elif is_picture(cell):
            if isinstance(reader, ImageReader):
                check_size(cell.size, reader.max_pixels)
            with decoding("a picture"):
                _add_picture(digest, cell)
        else:
            samples, rate = as_pair(cell) or (cell, None)
            digest.update(f"array at {rate}".encode())
            _add_array(digest, samples)
    return digest.digest()


def _add_array(digest, cell):
    array = as_array(cell)
    if array is None or array.dtype.hasobject:
        raise CellError("this is neither a path nor bytes nor an array of numbers.")
    # A tensor's axes mean something else.
    header = (is_tensor(cell), array.dtype.str, array.shape)
    digest.update(repr(header).encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def _add_picture(digest, image):
    image.load()
    orientation = image.getexif().get(ORIENTATION)
    palette = image.getpalette("RGBA") if image.palette else None
    transparency = image.info.get("transparency")
    header = (image.mode, image.size, orientation, palette, transparency)
    digest.update(f"picture {header!r}".encode())
    digest.update(image.tobytes())
