"""How the cells of a column look: a few counts, or one small picture."""

from __future__ import annotations

import base64
import importlib.util
import io
import math
from typing import NamedTuple

import numpy as np

from skmm.io._packed import unpack
from skmm.modalities.readers._base import is_numeric, to_floats

#: Rows that are counted, evenly spaced where there are more.
_MAX_ROWS = 10_000
_BINS = 12
#: Pictures that are decoded, of the first columns that have any; what one may weigh,
#: and how large it is shown.
_MAX_PICTURES = 4
#: Rows in which one is sought.
_FIRST = 100
_MAX_BYTES = 2_000_000
_MAX_PIXELS = 2_000_000
_SIDE = 48


class Look(NamedTuple):
    """What a table shows of a column's cells: it holds none of them.

    Attributes
    ----------
    counts : tuple of int
        Of numbers, in bins of one width from the least to the greatest; empty for
        other cells.
    ends : tuple of str
        The least and the greatest.
    picture : str
        A picture's address, ``data:image/png;base64,…``; "" for other cells.
    """

    counts: tuple[int, ...] = ()
    ends: tuple[str, ...] = ()
    picture: str = ""


def look_at(frame, entries):
    """Return the look of each column.

    Parameters
    ----------
    frame : DataFrame
    entries : list of ColumnModality
        What was decided about each of its columns.

    Returns
    -------
    looks : list of Look
    """
    looks, n_pictures = [], 0
    for i, entry in enumerate(entries):
        look, column = Look(), frame.iloc[:, i]
        if entry.kind == "image" and n_pictures < _MAX_PICTURES:
            n_pictures += 1
            look = Look(picture=_picture_of(column))
        elif entry.kind == "tabular" or entry.kind == "vector":
            look = _count(column)
        looks.append(look)
    return looks


def _count(column):
    """Return the histogram of numbers or of dates."""
    step = max(1, -(-len(column) // _MAX_ROWS))
    some = column.iloc[::step]
    kind = getattr(some.dtype, "kind", "O")
    if kind == "M":
        some = some.dropna()
        values = some.to_numpy("datetime64[s]").astype(np.int64)
        if len(values):
            return _bins(values.astype(float), (str(some.min()), str(some.max())))
    elif is_numeric(some):
        values = to_floats(some)
        values = values[np.isfinite(values)]
        if len(values):
            return _bins(values, (f"{values.min():.6g}", f"{values.max():.6g}"))
    return Look()


def _bins(values, ends):
    # Where numbers lie farther apart than float64 reaches, halves do not.
    with np.errstate(over="ignore"):
        spread = values.max() - values.min()
    if not np.isfinite(spread):
        values = values / 4
    if spread == 0:
        return Look((len(values),), ends)
    try:
        counts, _ = np.histogram(values, bins=_BINS)
    except ValueError:  # numbers that differ in their last bits cannot be parted
        return Look((len(values),), ends)
    return Look(tuple(counts.tolist()), ends)


def _picture_of(column):
    """Return the first picture of a column, small; "" for one that takes long to read.

    Files are not opened: a table is looked at before one decides what may be read.
    """
    from skmm.io import CellError, ImageReader

    if importlib.util.find_spec("PIL") is None:
        return ""
    cells = map(unpack, column.iloc[:_FIRST])
    cell = next(filter(_is_in_memory, cells), None)
    if cell is None:
        return ""
    try:
        pixels = ImageReader(max_pixels=_MAX_PIXELS)(cell)
    except CellError:
        return ""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _is_in_memory(cell):
    """Return True for a picture that is here already, and not large."""
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return 0 < memoryview(cell).nbytes <= _MAX_BYTES
    if hasattr(cell, "getbands"):  # of Pillow, whose files are opened but not read
        return cell.size[0] * cell.size[1] <= _MAX_PIXELS
    is_picture = getattr(cell, "ndim", 0) in (2, 3)  # of a tensor `size` is a method
    return is_picture and math.prod(cell.shape) <= 4 * _MAX_PIXELS
