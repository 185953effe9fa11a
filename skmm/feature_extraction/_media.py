"""What the Vectorizers of pictures, recordings and clips share."""

import numbers
import os
import warnings
from dataclasses import dataclass

import numpy as np

from skmm._data.frames import cell_kind, is_missing
from skmm._utils.compat import StrOptions
from skmm.feature_extraction._base import CellsTransformer
from skmm.feature_extraction._cells import as_one_media_column
from skmm.io import read_cells
from skmm.io._packed import explode


class MediaVectorizer(CellsTransformer):
    """Cells that are opened by a reader and measured at once, none of them kept.

    A subclass gives `_make_reader` and `_make_features`, and says in `_cells` what
    cells may be.
    """

    _one_column = staticmethod(as_one_media_column)
    _explode = staticmethod(explode)
    _cells = "paths, bytes or arrays"
    #: Whether features are of an array or of several: a parameter of `read_cells`.
    _applied = "then"

    _parameter_constraints = {
        "features": [tuple, list],
        "errors": [StrOptions({"raise", "missing"})],
        "root": [str, os.PathLike, None],
        "n_jobs": [numbers.Integral, None],
        "progress": ["boolean", StrOptions({"auto"})],
    }

    def _make_reader(self):
        """Return what opens a cell."""
        raise NotImplementedError

    def _make_features(self):
        """Return what turns an array into a vector, and has ``suffixes()``."""
        raise NotImplementedError

    def _fit_column(self, column, y):
        features = self._make_features()
        vectors = self._measure(column, features)
        fitted = FittedColumn(features, is_empty=bool(np.isnan(vectors).all()))
        if fitted.is_empty:
            self._warn_of_empty(column)
        return fitted, vectors

    def _transform_column(self, fitted, column):
        if fitted.is_empty:
            self._refuse_numbers(column)
            return np.full((len(column), len(fitted.suffixes())), np.nan, np.float32)
        return self._measure(column, fitted.features)

    def _measure(self, column, features):
        """Return the features of each cell, NaN where it is missing."""
        results, _ = self._read(column, **{self._applied: features})
        vectors = np.full((len(column), len(features.suffixes())), np.nan, np.float32)
        for row, result in enumerate(results):
            if result is not None:
                vectors[row] = result
        return vectors

    def _read(self, column, then=None, **options):
        self._refuse_numbers(column)
        return read_cells(
            column,
            self._make_reader(),
            then=then,
            **options,
            errors=self.errors,
            n_jobs=self.n_jobs,
            progress=self.progress,
        )

    def _refuse_numbers(self, column):
        cells = column.to_numpy(dtype=object)[~is_missing(column, empty=True)]
        kinds = {cell_kind(type_) for type_ in set(map(type, cells))}
        if kinds and kinds <= {"number", "boolean"}:
            raise ValueError(
                f"Column {column.name!r} holds numbers, not {self._what}. Give "
                f"{self._cells}, or leave the column out."
            )

    def _warn_of_empty(self, column):
        warnings.warn(
            f"Column {column.name!r} holds no {self._what} in any of {len(column)} "
            "rows, and gives NaN. Leave it out, or fit on rows that have it.",
            UserWarning,
            stacklevel=6,
        )


@dataclass
class FittedColumn:
    """What measures the cells of a column, and whether there were any at fit."""

    features: object
    is_empty: bool

    def suffixes(self):
        """Return the features' names, without the column's."""
        return self.features.suffixes()


def check_names(option, names, known):
    """Refuse names that are unknown, double or none."""
    unknown = [name for name in names if name not in known]
    if unknown or not len(names) or len(set(names)) < len(names):
        what = f"there is no {unknown[0]!r}" if unknown else "name each once"
        raise ValueError(
            f"{option}={names!r}: {what}. Give one or more of "
            f"{', '.join(map(repr, known))}."
        )
