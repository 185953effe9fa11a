"""Base of the readers of table columns."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from skmm._data.frames import is_missing, show_label
from skmm._plain.cells import is_nothing

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


class Reader(BaseEstimator):
    """Base of the readers of a table's column, which know what its cells mean.

    A subclass stores its options and learns what else it needs in `fit`. `clean`
    returns the cells in one form, and `read` returns what an encoder takes.

    Attributes
    ----------
    kind : str
        Name of the reader in ``modalities=`` and ``kinds=``.
    gives_codes : bool
        True if `read` returns codes of categories, False if it returns numbers.
    n_features_ : int
        Number of numbers that `read` returns for each cell.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import NumberReader, Reader
    >>> reader = NumberReader().fit(pd.Series(["3 kg", "5 kg"], name="weight"))
    >>> isinstance(reader, Reader)
    True
    >>> reader.clean(pd.Series(["4 kg", None], name="weight")).tolist()
    [4.0, nan]
    """

    kind: str = ""
    gives_codes: bool = False
    n_features_: int = 1

    def fit(self, column: pd.Series, min_frequency: int = 1) -> Self:
        """Learn from the training rows.

        Parameters
        ----------
        column : Series of shape (n_samples,)
        min_frequency : int, default=1
            Smallest number of rows of a category. Rarer categories are read as unknown.

        Returns
        -------
        self : Reader
        """
        self.name_ = column.name
        return self

    def clean(self, column: pd.Series) -> pd.Series:
        """Return the cells in one form, whatever their container and spelling.

        Parameters
        ----------
        column : Series of shape (n_samples,)

        Returns
        -------
        cells : Series of shape (n_samples,)
            float64, datetime64 or category; missing cells are missing.

        Raises
        ------
        ValueError
            If a cell cannot be read.
        """
        raise NotImplementedError

    def read(self, column: pd.Series) -> npt.NDArray[Any]:
        """Return what an encoder takes.

        Parameters
        ----------
        column : Series of shape (n_samples,)

        Returns
        -------
        values : ndarray of shape (n_samples, `n_features_`) or (n_samples,)
            float64 with NaN where missing; or int32 codes of categories.

        Raises
        ------
        ValueError
            If a cell cannot be read.
        """
        return self.clean(column).to_numpy(np.float64)[:, None]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self.get_params() == other.get_params()

    __hash__ = None  # type: ignore[assignment]  # makes it unhashable

    def _refuse(self, column, lost, what=None, remedy=None):
        """Raise if there are cells that hold something and could not be read."""
        bad = np.flatnonzero(lost)
        if not len(bad):
            return
        what = what or f"was fitted as a {self.kind}"
        remedy = remedy or "Correct these cells, make them missing, or fit again."
        raise ValueError(
            f"Column {column.name!r} {what}; {len(bad)} of {len(column)} rows cannot "
            f"be read as one, the first at row {show_label(column.index, bad[0])}: "
            f"{_show(column.iloc[bad[0]])}. {remedy}"
        )

    def _lose(self, column, lost):
        """Warn of cells that are taken for missing, since so many could be read."""
        bad = np.flatnonzero(lost)
        if len(bad):
            warn(
                f"Column {column.name!r} is read as a {self.kind}; {len(bad)} of "
                f"{len(column)} rows cannot be read as one and are taken for missing, "
                f"the first at row {show_label(column.index, bad[0])}: "
                f"{_show(column.iloc[bad[0]])}. Correct them, or make them missing."
            )


def warn(message):
    """Warn the user, whose own line nobody here knows."""
    warnings.warn(message, UserWarning, stacklevel=3)


def _show(cell):
    text = repr(cell.item() if isinstance(cell, np.generic) else cell)
    return text if len(text) <= 80 else text[:79] + "…"


def distinct_cells(column):
    """Take the distinct cells of a column.

    Returns
    -------
    codes : ndarray of int of shape (n_samples,)
        The place of each cell in `cells`, -1 where it is missing.
    cells : list
    """
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype) or dtype.type is str:
        # Their own way, without the detour by objects.
        codes, values = column.array.factorize()
        cells = values.astype(object).tolist()
    else:
        plain = column
        if dtype.kind == "O" or not isinstance(dtype, np.dtype):
            plain = column.to_numpy(dtype=object)
        try:
            codes, values = pd.factorize(plain, use_na_sentinel=True)
            cells = list(values)
        except TypeError:  # lists and arrays have no hash
            missing = is_missing(column)
            codes = np.where(missing, -1, np.arange(len(column)))
            cells = list(plain)
    empty = [i for i, cell in enumerate(cells) if is_nothing(cell)]
    if empty:
        codes = np.where(np.isin(codes, empty), -1, codes)
    return codes, cells


def spread(codes, values, nothing):
    """Return for all rows the values of their distinct cells."""
    return np.append(values, np.asarray([nothing], dtype=values.dtype))[codes]


def is_numeric(column):
    """Return True if a column's dtype holds real numbers or booleans."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return False
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    return getattr(dtype, "kind", "O") in "iufb"


def to_floats(column):
    """Return a column of a numeric dtype as float64, NaN where missing."""
    import pandas as pd

    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    return column.to_numpy(np.float64, na_value=np.nan)
