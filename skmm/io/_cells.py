"""Reading a column of pictures, recordings or clips cell by cell."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import warnings
from typing import TYPE_CHECKING, Any, Literal

import joblib
import numpy as np

from skmm._data.frames import is_missing, show_label
from skmm._utils.compat import Parallel, delayed
from skmm.io._defaults import get_defaults, reading_with
from skmm.io._interrupts import held_signals
from skmm.io._progress import progress_bar
from skmm.io._quiet import no_warnings
from skmm.io._source import CellError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from skmm._utils.typing import BoolArray

#: Cells that are read before `together` is applied to them.
_TOGETHER = 16


def read_cells(
    column: pd.Series,
    reader: Callable[[Any], Any],
    then: Callable[[Any], Any] | None = None,
    errors: Literal["raise", "missing"] = "raise",
    n_jobs: int | None = None,
    progress: bool | Literal["auto"] = "auto",
    collect: Callable[[int, Any], object] | None = None,
    together: Callable[[list[Any]], Iterable[Any]] | None = None,
) -> tuple[list[Any], BoolArray]:
    """Read the cells of a column.

    Parameters
    ----------
    column : pandas.Series
        The cells: paths, bytes, arrays, or whatever `reader` accepts. Cells that are
        None, NaN, empty or blank are missing.
    reader : callable
        Function that takes a cell and returns an array, or raises `CellError`: an
        `ImageReader`, `AudioReader` or `VideoReader`.
    then : callable, default=None
        Function that is applied to each array as soon as it is read, so that the array
        need not be kept.
    errors : {"raise", "missing"}, default="raise"
        What happens if a cell cannot be read. "raise" raises an error that names its
        row. "missing" treats it as a missing cell, and gives one warning for all of
        them.
    n_jobs : int, default=None
        Number of processes that read the cells. None means 1, and -1 one for each core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.
    collect : callable, default=None
        Function that is called with each row's number and the result for its cell, in
        this process and in the order of the rows. The results are then not kept, so
        that it can write them to their final place.

    together : callable, default=None
        Function that is applied, instead of `then`, to a list of arrays that were read
        one after the other. It returns one result for each of them.

    Returns
    -------
    results : list
        The result of `reader`, or of `then` or `together`, for each cell. It is None
        for missing cells, and for all cells if `collect` is given.
    missing : ndarray of bool of shape (n_samples,)
        True for missing cells.

    Raises
    ------
    CellError
        If a cell cannot be read and `errors` is "raise".

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmm.io import ImageReader, read_cells
    >>> photos = pd.Series([np.zeros((5, 4)), None], name="photo")
    >>> results, missing = read_cells(photos, ImageReader(), then=np.shape)
    >>> results, missing.tolist()
    ([(5, 4, 3), None], [False, True])
    """
    if errors not in ("raise", "missing"):
        raise ValueError(f"errors must be 'raise' or 'missing', got {errors!r}.")
    with held_signals:  # numpy loses an interrupt in a comparison of dtypes
        missing = is_missing(column, empty=True)
    rows = np.flatnonzero(~missing)
    results = [None] * len(column)
    failed = {}
    step = _Step(reader, then, together, errors)
    reading = _read(column.to_numpy(dtype=object)[rows], step, n_jobs)
    with (
        contextlib.closing(reading),
        progress_bar(len(rows), f"reading {column.name!r}", progress) as bar,
    ):
        for row, (result, reason) in zip(rows, reading):
            bar.update()
            if reason is None and collect is not None:
                collect(int(row), result)
            elif reason is None:
                results[row] = result
            elif errors == "raise":
                raise CellError(
                    f"Column {column.name!r}, row {show_label(column.index, row)}: "
                    f"{reason} Remedy: correct the cell, or errors='missing' to treat "
                    "such cells as missing."
                )
            else:
                failed[row] = reason
    if failed:
        missing[list(failed)] = True
        row, reason = next(iter(failed.items()))
        warnings.warn(
            f"Column {column.name!r}: {len(failed):,} of {len(column):,} rows cannot "
            "be read and are treated as missing, the first at row "
            f"{show_label(column.index, row)}: {reason}",
            UserWarning,
            stacklevel=2,
        )
    return results, missing


def _read(cells, step, n_jobs):
    """Yield (result, None) or (None, reason) for each cell."""
    n_workers = joblib.effective_n_jobs(n_jobs)
    # Small enough for the bar to move, large enough not to be all overhead.
    if n_workers == 1:
        size = 1 if step.together is None else _TOGETHER
    else:
        size = min(64, math.ceil(len(cells) / (8 * n_workers)))
    chunks = (cells[i : i + size] for i in range(0, len(cells), size or 1))
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    defaults = get_defaults()
    done = parallel(delayed(step)(chunk, defaults) for chunk in chunks)
    try:
        for chunk in done:
            yield from chunk
    finally:
        with no_warnings:  # of what was read for nothing after an error
            done.close()


@dataclasses.dataclass(frozen=True)
class _Step:
    """What is done to a few cells, in whichever process."""

    reader: object
    then: object
    together: object
    errors: str

    def __call__(self, cells, defaults):
        with reading_with(defaults):
            results = self._read(cells)
        if self.together is None:
            return results
        there = [i for i, (_, reason) in enumerate(results) if reason is None]
        if there:
            done = self.together([results[i][0] for i in there])
            for i, result in zip(there, done, strict=True):
                results[i] = result, None
        return results

    def _read(self, cells):
        results = []
        for cell in cells:
            try:
                result = self.reader(cell)
                if self.then is not None:
                    result = self.then(result)
                results.append((result, None))
            except CellError as error:
                results.append((None, str(error)))
                if self.errors == "raise":
                    break
        return results
