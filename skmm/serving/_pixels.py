"""How many pixels a file says to have, before anything of it is decoded."""

import io

from skmm._utils.optional import optional_import
from skmm.io._image import FORMATS
from skmm.io._quiet import no_warnings


def count_pixels(cells):
    """Return the pixels of all pictures of a column.

    Parameters
    ----------
    cells : list of (bytes, list of bytes, or None)

    Returns
    -------
    n_pixels : int
        Without files that are not pictures, which are refused where they are read.
    """
    views = [
        view
        for cell in cells
        if cell is not None
        for view in (cell if isinstance(cell, list) else [cell])
    ]
    return sum(map(_count, views))


def _count(content):
    Image = optional_import("PIL.Image", "image")
    try:
        with no_warnings, Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # whatever a broken header makes Pillow raise
        return 0
