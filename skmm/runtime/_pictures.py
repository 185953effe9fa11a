"""Pictures, read by Pillow as skmm.io reads them."""

import warnings

import numpy as np

from skmm._plain.cells import is_nothing
from skmm.io._defaults import Defaults, reading_with
from skmm.io._source import CellError
from skmm.runtime._encoder import Encoded, Encoder
from skmm.runtime._errors import RowError


class ImageEncoder(Encoder):
    """Pictures as 8-bit pixels of one size."""

    def __init__(self, description):
        super().__init__(description)
        from skmm.io._image import ImageReader

        self.errors = description.text("errors", ("raise", "missing"))
        background = description.plain("background")
        if not isinstance(background, str):
            background = tuple(description.wholes("background"))
        size = tuple(description.wholes("size"))
        self.reader = ImageReader(description.text("mode"), size, background)
        (self.label,) = self.labels

    def encode(self, columns):
        (cells,) = columns
        height, width = self.reader.size
        shape = len(cells), len(self.reader.mode), height, width
        pixels, present = np.zeros(shape, np.uint8), np.zeros(len(cells), bool)
        # Cells come from others: neither paths nor addresses are opened.
        with reading_with(Defaults(content_only=True)):
            for row, cell in enumerate(cells):
                if not _is_nothing(cell):
                    present[row] = self._read(cell, pixels[row], row)
        return EncodedPictures(pixels, present)

    def _read(self, cell, pixels, row):
        """Read a picture to its place; return whether there is one."""
        try:
            pixels[:] = np.moveaxis(self.reader(cell), -1, 0)
        except CellError as error:
            message = f"Column {self.label!r}, row {row}: {error}"
            if self.errors == "raise":
                raise RowError(message) from error
            message += " It is taken for missing."
            warnings.warn(message, UserWarning, stacklevel=5)
            return False
        return True


class EncodedPictures(Encoded):
    """Pixels of pictures, the channels first."""

    def __init__(self, pixels, present):
        self.pixels = pixels
        self.present = present

    def arrays(self):
        return {"pixels": self.pixels}


def _is_nothing(cell):
    """Return True for a cell of files that is missing."""
    if isinstance(cell, (bytes, list, tuple, np.ndarray)):
        return not len(cell)
    return is_nothing(cell)
