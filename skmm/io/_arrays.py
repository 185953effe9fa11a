"""Cells that are arrays already."""

import numbers
import sys

import numpy as np

from skmm.io._source import CellError

_CHANNELS = (1, 3, 4)


def is_tensor(cell):
    """Tell whether a cell is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(cell, torch.Tensor)


def as_array(cell):
    """Return a numpy array or torch tensor as a numpy array; None for others."""
    if isinstance(cell, np.ndarray):
        return cell
    if not is_tensor(cell):
        return None
    cell = cell.detach().cpu()
    # numpy has no bfloat16.
    return (cell.float() if "bfloat16" in str(cell.dtype) else cell).numpy()


def as_pair(cell):
    """Return a cell that is (samples, rate); None for others."""
    if not isinstance(cell, (tuple, list)) or len(cell) != 2:
        return None
    samples, rate = cell
    return (samples, float(rate)) if isinstance(rate, numbers.Real) else None


def channels_last(pixels):
    """Move the third-last axis of a tensor's pixels to the end, torch's way round.

    They stay as they are where only the last axis can be the channels.
    """
    if pixels.ndim < 3 or pixels.shape[-3] not in _CHANNELS:
        return pixels
    return np.moveaxis(pixels, -3, -1)


def to_uint8(pixels):
    """Return pixels of any usual dtype as 0 to 255."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.uint16:
        return scale_16_bits(pixels)
    low, high = (pixels.min(), pixels.max()) if pixels.dtype.kind in "iuf" else (0, 0)
    if pixels.dtype.kind in "iu" and low >= 0 and high <= 255:
        return pixels.astype(np.uint8)
    # A little beyond is rounding, as resizing leaves it; NaN compares false.
    if pixels.dtype.kind == "f" and low >= -1e-3 and high <= 1 + 1e-3:
        return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    raise CellError(
        f"its pixels are {pixels.dtype} from {low} to {high}. Give uint8 (0 to 255), "
        "uint16 (0 to 65535) or floats from 0 to 1."
    )


def scale_16_bits(pixels):
    """Return 0 to 65535 as 0 to 255."""
    return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
