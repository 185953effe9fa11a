"""Pixels of all rows, read once: in memory or in a mapped file; their statistics."""

import math
import os
import pathlib
import shutil
import tempfile

import numpy as np

from skmm._data.frames import show_label
from skmm._data.vectors import is_nested, stack_cells
from skmm.io import read_cells

#: Rows that are looked at together, so that no second copy of all is made.
_CHUNK = 256


def resolve_limit(memory_limit):
    """Return the bytes that a block may take before it goes to a file.

    Parameters
    ----------
    memory_limit : float, int or None
        A share of this machine's memory, or bytes; None is no limit.
    """
    if memory_limit is None:
        return math.inf
    if isinstance(memory_limit, float):
        return memory_limit * _memory()
    return memory_limit


def _memory():
    """Return this machine's bytes of memory, or those that its container may have."""
    if not hasattr(os, "sysconf"):  # Windows
        return 8 * 2**30
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = pathlib.Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return memory
    return memory if limit == "max" else min(memory, int(limit))


def allocate(shape, limit):
    """Return zeros of uint8, in memory or, where they are more bytes, in a mapped file.

    The file has no name that would have to be deleted: it goes with the array, also
    where the process is killed. Rows that nobody writes take neither memory nor disk.

    Parameters
    ----------
    shape : tuple of int
    limit : float
        Bytes.
    """
    n_bytes = math.prod(shape)
    if n_bytes <= limit:
        return np.zeros(shape, np.uint8)
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise OSError(
            f"The pixels of {shape[0]:,} rows take {n_bytes:,} bytes, more than "
            f"memory_limit, and {folder!r} has {free:,} left. Let the environment "
            "variable TMPDIR name a folder with more, lower size, or raise "
            "memory_limit."
        )
    with tempfile.TemporaryFile(prefix="skmm-") as file:
        file.truncate(n_bytes)
        return np.memmap(file, np.uint8, "r+", shape=shape)


def read_pixels(column, reader, shape, limit, **options):
    """Read a column of pictures or clips, each straight to its place.

    Parameters
    ----------
    column : Series
    reader : ImageReader or VideoReader
        Gives arrays with the channels last.
    shape : tuple of int
        Of a cell, channels before height and width.
    limit : float
        Bytes in memory.
    **options
        Of `read_cells`.

    Returns
    -------
    pixels : ndarray of uint8 of shape (n, *shape)
    present : ndarray of bool of shape (n,)
    """
    pixels = allocate((len(column), *shape), limit)

    def collect(row, cell):
        pixels[row] = np.moveaxis(cell, -1, -3)

    _, missing = read_cells(column, reader, collect=collect, **options)
    return pixels, ~missing


def channel_statistics(pixels, present):
    """Return mean and standard deviation of each channel, for pixels from 0 to 1.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (n, ..., c, h, w)
    present : ndarray of bool of shape (n,)
    """
    rows = np.flatnonzero(present)
    n_channels = pixels.shape[-3]
    counts = np.zeros((n_channels, 256))
    for start in range(0, len(rows), _CHUNK):
        chunk = pixels[rows[start : start + _CHUNK]]
        for channel in range(n_channels):
            values = chunk[..., channel, :, :].ravel()
            counts[channel] += np.bincount(values, minlength=256)
    counts /= counts.sum(axis=1, keepdims=True)
    levels = np.arange(256) / 255
    mean = counts @ levels
    std = np.sqrt(np.maximum(counts @ levels**2 - mean**2, 0))
    # A channel that does not vary stays as it is.
    return mean, np.where(std > 1e-3, std, 1.0)


class FlatPixels:
    """Pictures whose pixels are columns of numbers.

    Parameters
    ----------
    shape : tuple of int
        Height, width, and channels if there are several, as the columns follow.

    Attributes
    ----------
    low, high : float
        Of the training rows: what becomes 0 and 255.
    """

    def __init__(self, shape):
        self.shape = (*shape, 1)[:3]

    def fit(self, X):
        """Learn the range of the values; zero belongs to it."""
        lows, highs = [0.0], []
        for _, values in self._chunks(X):
            seen = values[~np.isnan(values)]
            if len(seen):
                lows.append(seen.min())
                highs.append(seen.max())
        self.low, self.high = min(lows), max(highs, default=1.0)
        if self.high <= self.low:
            self.high = self.low + 1.0
        return self

    def read(self, X, limit):
        """Return pixels (n, c, h, w) and which rows have them.

        A missing value among others is 0, or what the lowest one is.
        """
        height, width, n_channels = self.shape
        pixels = allocate((len(X), n_channels, height, width), limit)
        present = np.zeros(len(X), bool)
        for rows, values in self._chunks(X):
            present[rows] = ~np.isnan(values).all(axis=1)
            values = (values - self.low) * (255 / (self.high - self.low))
            values = np.rint(np.clip(np.nan_to_num(values), 0, 255)).astype(np.uint8)
            pixels[rows] = np.moveaxis(values.reshape(-1, *self.shape), -1, 1)
        return pixels, present

    def _chunks(self, X):
        wanted = math.prod(self.shape)
        nested = is_nested(X) and wanted > 1
        if not nested and X.shape[1] != wanted:
            raise ValueError(
                f"shape={self.shape} wants {wanted} columns of pixels, and there are "
                f"{X.shape[1]}, {X.columns[0]!r} the first. Correct shape, or leave "
                "it out to read a column of pictures."
            )
        for start in range(0, len(X), 4 * _CHUNK):
            rows = slice(start, start + 4 * _CHUNK)
            values = self._values(X.iloc[rows], nested)
            if nested and values.shape[1] not in (0, wanted):
                raise ValueError(
                    f"Column {X.columns[0]!r} holds {values.shape[1]} numbers a row; "
                    f"shape={self.shape} wants {wanted}. Correct shape."
                )
            if not values.shape[1]:  # a column of nothing
                values = np.full((len(values), wanted), np.nan)
            infinite = np.argwhere(np.isinf(values))
            if len(infinite):
                row, i = infinite[0]
                raise ValueError(
                    f"Column {X.columns[0 if nested else i]!r}, row "
                    f"{show_label(X.index, start + row)}: a pixel is infinite. "
                    "Correct it, or make it missing."
                )
            yield rows, values

    def _values(self, X, nested):
        try:
            if nested:
                return stack_cells(X)
            return X.to_numpy(np.float64, na_value=np.nan)
        except (TypeError, ValueError):
            _refuse_strings(X)
            raise


def _refuse_strings(X):
    """Name the first cell that is no number."""
    import pandas as pd

    for name in X:
        cells = X[name]
        wrong = pd.to_numeric(cells, errors="coerce").isna() & ~cells.isna()
        if wrong.any():
            row = int(np.argmax(wrong.to_numpy()))
            raise ValueError(
                f"Column {name!r}, row {show_label(X.index, row)}: {cells.iloc[row]!r} "
                "is no pixel. With shape= all columns of the modality are pixels, "
                "numbers; leave others to a modality of their own."
            )
