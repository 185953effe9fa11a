"""What MultimodalVectorizer does to columns and their features."""

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator, TransformerMixin

from skmm._data.frames import as_frame
from skmm._data.vectors import is_nested
from skmm.modalities._resolver import choose_reader
from skmm.modalities._vectors import read_vectors


class TableFeatures(TransformerMixin, BaseEstimator):
    """Columns of a table as features: each is read, then skrub's TableVectorizer.

    Parameters
    ----------
    readers : dict of {label: str or Reader} or None, default=None
        What reads a column; one that is not in it is read as what its rows are.
    """

    def __init__(self, readers=None):
        self.readers = readers

    def fit_transform(self, X, y=None):
        from sklearn.preprocessing import OneHotEncoder
        from skrub import TableVectorizer

        self.readers_ = [
            choose_reader(X.iloc[:, i], self.readers).fit(X.iloc[:, i])
            for i in range(X.shape[1])
        ]
        # skrub's own drops one of two categories, and warns that an unknown one is
        # read as the dropped one.
        one_hot = OneHotEncoder(
            handle_unknown="ignore", sparse_output=False, dtype=np.float32
        )
        self.vectorizer_ = TableVectorizer(low_cardinality=one_hot)
        return self.vectorizer_.fit_transform(self._clean(X), y)

    def fit(self, X, y=None):
        self.fit_transform(X, y)
        return self

    def transform(self, X):
        return self.vectorizer_.transform(self._clean(X))

    def get_feature_names_out(self, input_features=None):
        return self.vectorizer_.get_feature_names_out()

    def _clean(self, X):
        import pandas as pd

        columns = [reader.clean(X.iloc[:, i]) for i, reader in enumerate(self.readers_)]
        return pd.concat(columns, axis=1).set_axis(X.columns, axis=1)


class Vectors(TransformerMixin, BaseEstimator):
    """Vectors as they are: float columns, or arrays in the cells of one column."""

    def fit(self, X, y=None):
        self.n_features_ = read_vectors(X).shape[1]
        names = range(self.n_features_) if is_nested(X) else X.columns
        self.names_ = np.array([str(name) for name in names], dtype=object)
        return self

    def transform(self, X):
        return read_vectors(X, self.n_features_)

    def get_feature_names_out(self, input_features=None):
        return self.names_


def take_columns(frame, positions):
    """Take columns, with names that every transformer reads."""
    columns = frame.iloc[:, positions]
    if all(isinstance(label, str) for label in columns.columns):
        return columns
    return columns.set_axis([f"x{i}" for i in positions], axis=1)


def to_array(output, name):
    """Return what a transformer returned as a 2-D float32 array."""
    if scipy.sparse.issparse(output):
        raise ValueError(
            f"The transformer of modality {name!r} gives a sparse matrix, which has no "
            "place beside missing values. Set sparse_output=False, or join the "
            "modalities by a ColumnTransformer."
        )
    if hasattr(output, "to_pandas"):
        output = as_frame(output)
    if hasattr(output, "to_numpy"):
        output = output.to_numpy(np.float32, na_value=np.nan)
    output = np.asarray(output, dtype=np.float32)
    return output.reshape(len(output), -1)
