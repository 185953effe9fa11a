"""What columns of arrays are: vectors, series, pictures, sounds or videos."""

import numpy as np

from skmm._data.frames import cell_kind
from skmm.modalities._decision import Decision
from skmm.modalities._errors import mixed_types, unreadable


def detect_arrays(series, cells, label):
    """Decide by the shapes of all cells, since one longer cell makes a series."""
    described = [_describe_array(cell) for cell in cells]
    kinds = {kind for kind, _ in described}
    if kinds == {"image"} or kinds == {"audio"} or kinds == {"video"}:
        (kind,) = kinds
        return kind, _REASON_OF_ARRAYS[kind]
    if kinds == {"1-D"}:
        lengths = {shape[0] for _, shape in described}
        if len(lengths) == 1:
            return "vector", f"arrays of {lengths.pop()} numbers each"
        return "series", f"arrays of {min(lengths)} to {max(lengths)} numbers"
    if kinds == {"2-D"}:
        first = {shape[0] for _, shape in described}
        channels = {shape[1] for _, shape in described}
        turned = f"X[{label!r}] = X[{label!r}].map(numpy.transpose)"
        if len(channels) == 1:
            n_steps, n_channels = max(first), channels.pop()
            reason = f"2-D arrays, {n_channels} channels"
            if not _TURNED * n_steps <= n_channels:
                return "series", reason
            return Decision(
                "series",
                reason,
                note="more channels than steps",
                warning=(
                    f"Column {label!r} holds arrays of at most {n_steps} rows and "
                    f"{n_channels} columns, which are read as (time, channels). If the "
                    f"channels come first, turn them: {turned}."
                ),
            )
        if len(first) == 1:
            raise unreadable(
                label,
                f"holds arrays of {first.pop()} rows and {min(channels)} to "
                f"{max(channels)} columns: series that have the channels first",
                f"turn them to (time, channels), {turned}",
            )
        kinds = {f"2-D with {n} channels" for n in channels}
        described = [(f"2-D with {shape[1]} channels", 0) for _, shape in described]
    if len(kinds) > 1:
        per_row = [f"arrays ({kind})" for kind, _ in described]
        raise mixed_types(
            series,
            label,
            per_row,
            "Give the arrays of X[{0!r}] one form: numbers of shape (n,) for a "
            "vector or series, (t, channels) for a series, uint8 of shape (height, "
            "width[, channels]) for an image.",
        )
    (kind,) = kinds
    if kind == "strings":
        remedy = f"join them to one string, X[{label!r}].str.join(' ')"
    else:
        remedy = (
            "pass numbers of shape (n,) as a vector or series, (t, channels) as a "
            "series, uint8 of shape (height, width[, channels]) as an image"
        )
    raise unreadable(label, f"holds arrays ({kind})", remedy)


#: So many times more channels than steps, and they may have been taken for each other.
_TURNED = 4

_REASON_OF_ARRAYS = {
    "image": "images",
    "audio": "pairs of samples and rate",
    "video": "uint8 arrays of frames",
}


def _describe_array(cell):
    """Return what form an array cell has, and its shape."""
    if cell_kind(type(cell)) == "picture":
        return "image", ()
    if isinstance(cell, (list, tuple)):
        if len(cell) == 2 and _is_scalar(cell[1]) and not _is_scalar(cell[0]):
            return "audio", ()
        if all(map(_is_scalar, cell)):  # spares a conversion of each long list
            return "1-D", (len(cell),)
        try:
            cell = np.asarray(cell)
        except ValueError:
            return "rows of unequal lengths", ()
    dtype = str(getattr(cell, "dtype", "")).removeprefix("torch.")
    shape = tuple(getattr(cell, "shape", ()))
    if not shape or dtype == "object":
        cell = np.asarray(cell)
        try:  # None among numbers, or an array of arrays (a matrix from a parquet file)
            cell = np.array(cell.tolist(), dtype=float)
        except (ValueError, TypeError):
            strings = all(isinstance(value, str) for value in cell.ravel())
            return ("strings" if strings else "of objects"), ()
        dtype, shape = str(cell.dtype), cell.shape
    if dtype.startswith(("<U", "str")):
        return "strings", ()
    if dtype == "uint8":
        if len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)):
            return "image", shape
        if len(shape) == 4 and shape[3] in (1, 3, 4):
            return "video", shape
    if len(shape) in (1, 2) and dtype.startswith(
        ("int", "uint", "float", "bfl", "bool")
    ):
        return f"{len(shape)}-D", shape
    return f"{dtype} with {len(shape)} dimensions", ()


def _is_scalar(value):
    return value is None or cell_kind(type(value)) in ("number", "boolean")
