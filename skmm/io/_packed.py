"""Cells in a wrapping: Hugging Face's dicts, and several files in a cell."""

import pathlib
from collections.abc import Mapping

import numpy as np

#: The fields of Hugging Face's Image, Audio and Video, stored and decoded.
_CONTENT = ("bytes", "array", "path")
_FIELDS = {*_CONTENT, "sampling_rate"}


def is_packed(cell):
    """Tell whether a cell is a dict as Hugging Face's datasets have them for media.

    Parameters
    ----------
    cell : object

    Returns
    -------
    packed : bool
        True for dicts of "bytes" and "path", one or both, and of "array" and
        "sampling_rate".
    """
    return (
        isinstance(cell, Mapping)
        and not cell.keys().isdisjoint(_CONTENT)
        and cell.keys() <= _FIELDS
        and ("array" not in cell or "sampling_rate" in cell)
    )


def unpack(cell):
    """Return what a dict of Hugging Face's holds, and any other cell as it is.

    Parameters
    ----------
    cell : object

    Returns
    -------
    cell : object
        The bytes; where there are none, the array with its rate; where there is none,
        the path. None where nothing is there.
    """
    if not is_packed(cell):
        return cell
    if not _is_nothing(cell.get("bytes")):
        return cell["bytes"]
    if not _is_nothing(cell.get("array")):
        samples = np.asarray(cell["array"])
        if samples.dtype == object:  # lists of lists, as Arrow gives a matrix
            samples = np.array([list(row) for row in samples], dtype=float)
        # Hugging Face puts the channels first.
        if samples.ndim == 2 and samples.shape[0] < samples.shape[1]:
            samples = samples.T
        return samples, cell["sampling_rate"]
    path = cell.get("path")
    return None if _is_nothing(path) else path


def views_of(cell):
    """Return the files of a cell that holds several, such as pictures of a product.

    Parameters
    ----------
    cell : object

    Returns
    -------
    views : list or None
        Paths, bytes, PIL images, and arrays of two or three dimensions; those that are
        missing are left out. None for a cell that is no list of these.
    """
    if isinstance(cell, np.ndarray):
        if cell.ndim != 1 or cell.dtype.kind not in "OU":
            return None
        cell = cell.tolist()
    if not isinstance(cell, (list, tuple)):
        return None
    views = []
    for view in cell:
        view = unpack(view)
        if _is_nothing(view):
            continue
        if not _is_view(view):
            return None
        views.append(view)
    return views or None


def explode(column):
    """Return a row for each file of the cells, some of which hold several.

    Parameters
    ----------
    column : Series of shape (n_samples,)

    Returns
    -------
    views : Series of shape (n_views,)
        With the labels of the rows; the column itself where no cell holds several.
    rows : ndarray of int of shape (n_views,), or None
        Positions in the column; None where no cell holds several.
    """
    if column.dtype != object:
        return column, None
    cells, rows, several = [], [], False
    for row, cell in enumerate(column.to_numpy()):
        views = views_of(cell)
        several = several or views is not None
        views = [cell] if views is None else views
        cells += views
        rows += [row] * len(views)
    if not several:
        return column, None
    objects = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):  # one by one: numpy would take arrays apart
        objects[i] = cell
    views = type(column)(objects, index=column.index[rows], name=column.name)
    return views, np.array(rows)


def _is_view(view):
    if isinstance(view, (str, pathlib.PurePath, bytes, bytearray, memoryview)):
        return True
    if isinstance(view, np.ndarray):
        return view.dtype != object and view.ndim in (2, 3)
    return type(view).__module__.partition(".")[0] == "PIL"


def _is_nothing(value):
    if isinstance(value, (float, np.floating)):
        return value != value
    return value is None or (hasattr(value, "__len__") and len(value) == 0)
