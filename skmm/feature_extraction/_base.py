"""Base classes of Vectorizers and Embedders: reading columns, naming features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from skmm._data.frames import as_frame, is_named_table
from skmm._utils.compat import check_feature_names_in, check_n_features, fit_context
from skmm._utils.documentation import DocumentationLinkMixin
from skmm.feature_extraction._cells import as_one_column

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, CellsLike, StringArray, Transformed


class ColumnsTransformer(DocumentationLinkMixin, TransformerMixin, BaseEstimator):
    """Reads columns with scikit-learn's checks, and names features after them.

    A subclass sets `_columns` at fit: for each column an object whose ``suffixes()``
    distinguish its features. `_one_column` says which 1-D containers are a column.
    """

    #: What the cells are called where X can hold none.
    _what = "cells"

    @staticmethod
    def _one_column(X):
        return as_one_column(X)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> StringArray:
        """Return the names of the features: the column, ``__``, and the measurement.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, if they had no names at fit.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return np.array(
            [
                f"{name}__{suffix}"
                for name, column in zip(names, self._columns)
                for suffix in column.suffixes()
            ],
            dtype=object,
        )

    def _read_frame(self, X, reset):
        """Read X as a pandas frame, with scikit-learn's checks of names and width."""
        frame = self._one_column(X)
        if frame is not None and reset:
            validate_data(self, frame, skip_check_array=True)
        elif frame is not None:
            # Any list of new cells will do, whatever the column was called.
            check_n_features(self, frame, reset=False)
        else:
            if scipy.sparse.issparse(X):
                raise TypeError(f"X is a sparse matrix, which holds no {self._what}.")
            names = None if reset else getattr(self, "feature_names_in_", None)
            frame = as_frame(X, columns=names)
            # A list of rows has neither names nor a width that scikit-learn can read.
            if is_named_table(X):
                named = frame
            else:
                named = X if hasattr(X, "shape") else frame.to_numpy(object)
            validate_data(self, named, reset=reset, skip_check_array=True)
        # For scikit-learn's words where there are no rows or columns.
        check_array(np.empty(frame.shape, bool), dtype=None, estimator=self)
        return frame

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # float32 whatever comes in
        return tags


class CellsTransformer(ColumnsTransformer):
    """Turns each column into a dense matrix, with NaN in the rows of missing cells.

    A subclass defines `_fit_column` and `_transform_column`. The first value that
    `_fit_column` returns has ``suffixes()``, and is all that is kept of the column.
    """

    def _fit_column(self, column, y):
        """Learn one column.

        Parameters
        ----------
        column : pandas.Series
        y : array-like of shape (n_samples,) or None

        Returns
        -------
        fitted : object with ``suffixes()``
        features : ndarray of shape (n_samples, n_features) or None
            None where they are what `_transform_column` gives.
        """
        raise NotImplementedError

    def _fit_transform_column(self, column, y):
        """Learn one column and give its features, as `_fit_column` returns both."""
        fitted, features = self._fit_column(column, y)
        if features is None:
            features = self._transform_column(fitted, column)
        return fitted, features

    def _transform_column(self, fitted, column):
        """Return one column's features, ndarray of shape (n_samples, n_features)."""
        raise NotImplementedError

    def _check_options(self):
        """Refuse options that do not go together, before anything is read."""

    @staticmethod
    def _explode(column):
        """Return the content of all cells and its rows; None if each cell holds one."""
        return column, None

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: CellsLike, y: ArrayLike | None = None) -> Self:
        """Learn what the features of each column need.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of objects, Series or list of cells
            The columns.
        y : array-like of shape (n_samples,), default=None
            Used only where the class says so.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a cell cannot be read; the message names its column and row.
        """
        self._fit_frame(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: CellsLike, y: ArrayLike | None = None) -> Transformed:
        """Learn what the features of each column need; return the features of X.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of objects, Series or list of cells
            The columns.
        y : array-like of shape (n_samples,), default=None
            Used only where the class says so.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            float32; NaN in all features of a missing cell.
        """
        return _join(self._fit_frame(X, y, transform=True))

    def transform(self, X: CellsLike) -> Transformed:
        """Return the features of other rows.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of objects, Series or list of cells
            The same columns as at fit.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            float32; NaN in all features of a missing cell.
        """
        check_is_fitted(self)
        frame = self._read_frame(X, reset=False)
        parts = []
        for i, fitted in enumerate(self._columns):
            cells, rows = self._explode(frame.iloc[:, i])
            part = self._transform_column(fitted, cells)
            parts.append(_average(part, rows, len(frame)))
        return _join(parts)

    def _fit_frame(self, X, y, transform=False):
        """Learn all columns; give the features of each if asked to."""
        self._check_options()
        before = self.__dict__.copy()
        try:
            frame = self._read_frame(X, reset=True)
            exploded = [self._explode(frame.iloc[:, i]) for i in range(frame.shape[1])]
            fit = self._fit_transform_column if transform else self._fit_column
            pairs = [fit(cells, y) for cells, _ in exploded]
            parts = [
                _average(part, rows, len(frame))
                for (_, part), (_, rows) in zip(pairs, exploded)
            ]
        except BaseException:
            # A column that cannot be read leaves an earlier fit as it was.
            self.__dict__ = before
            raise
        self._columns = [fitted for fitted, _ in pairs]
        return parts

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_columns")


def _average(part, rows, n_rows):
    """Return the mean features of what each row's cell holds; what is missing aside."""
    if rows is None or part is None:
        return part
    there = ~np.isnan(part)
    sums = np.zeros((n_rows, part.shape[1]))
    counts = np.zeros((n_rows, part.shape[1]), np.int32)
    np.add.at(sums, rows, np.where(there, part, 0))
    np.add.at(counts, rows, there)
    with np.errstate(invalid="ignore"):
        return (sums / counts).astype(np.float32)


def _join(parts):
    if len(parts) == 1:  # spares a copy of what may be large
        return parts[0].astype(np.float32, copy=False)
    return np.hstack(parts, dtype=np.float32)
