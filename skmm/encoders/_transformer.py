"""A scikit-learn transformer in an encoder's place."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from skmm._data.blocks import Block
from skmm._data.frames import is_missing
from skmm._nn.sparse import SparseModule, SparseWide
from skmm._utils.compat import HasMethods, Interval
from skmm._utils.validation import check_options
from skmm.encoders._base import Encoder
from skmm.encoders._vector import VectorEncoder

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._utils.typing import Features, SupportsTransform


class TransformerEncoder(Encoder):
    """Wrap any scikit-learn transformer; its output is a vector for each row.

    Sparse output (TF-IDF, one-hot) stays sparse: an embedding bag reads it, and so do
    the heads "linear" and "wide". Dense output goes through a :class:`VectorEncoder`.

    Parameters
    ----------
    transformer : estimator with ``fit`` or ``fit_transform``, and ``transform``
        The transformer, for example a ``TfidfVectorizer``. It is cloned before it is
        fitted.
    series : bool, default=False
        If True, the only column is passed as a 1-D Series, which scikit-learn's text
        vectorizers need. If False, the columns are passed as a DataFrame.
    dropout : float or None, default=None
        Dropout rate of the features, from 0 to 1. None takes 0.5 for sparse output and
        0.1 for dense output.

    Attributes
    ----------
    transformer_ : estimator
        The fitted clone.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from skmm.encoders import TransformerEncoder
    >>> X = pd.DataFrame({"review": ["good and cheap", "bad", None]})
    >>> block = TransformerEncoder(TfidfVectorizer(), series=True).fit_transform(X)
    >>> block.present.tolist()
    [True, True, False]
    """

    _parameter_constraints = {
        "transformer": [
            HasMethods(["fit", "transform"]),
            HasMethods(["fit_transform", "transform"]),
        ],
        "series": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left"), None],
    }

    def __init__(
        self,
        transformer: SupportsTransform,
        series: bool = False,
        dropout: float | None = None,
    ) -> None:
        self.transformer = transformer
        self.series = series
        self.dropout = dropout

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.transformer_ = clone(self.transformer)
        fit_params = {}
        if sample_weight is not None and has_fit_parameter(
            self.transformer_, "sample_weight"
        ):
            fit_params["sample_weight"] = sample_weight
        columns = self._columns(X)
        if hasattr(self.transformer_, "fit_transform"):
            # Not fit().transform(): cross-fitting transformers keep their promise.
            output = self.transformer_.fit_transform(columns, y, **fit_params)
        else:
            output = self.transformer_.fit(columns, y, **fit_params).transform(columns)
        self.is_sparse_ = scipy.sparse.issparse(output)
        present = self._present(X)
        if not self.is_sparse_:
            self.vector_ = VectorEncoder(
                dropout=0.1 if self.dropout is None else self.dropout
            )
            return self._dense(output, present, self.vector_.fit_transform)
        self.n_features_ = output.shape[1]
        indices = output.tocsr().indices
        self.frequency_ = np.bincount(indices, minlength=self.n_features_)
        return Block(output, present=present)

    def transform(self, X: pd.DataFrame) -> Block:
        output = self.transformer_.transform(self._columns(X))
        present = self._present(X)
        if not self.is_sparse_:
            return self._dense(output, present, self.vector_.transform)
        return Block(output, present=present)

    def _columns(self, X):
        if not self.series:
            return X
        column = X.iloc[:, 0]
        missing = is_missing(column)
        # Text vectorizers fail on missing cells; the row is marked as absent instead.
        return column.astype(object).where(~missing, "") if missing.any() else column

    def _present(self, X):
        return ~np.column_stack([is_missing(X[c], empty=True) for c in X]).all(axis=1)

    def _dense(self, output, present, encode):
        import pandas as pd

        output = (
            output.to_numpy() if hasattr(output, "to_numpy") else np.asarray(output)
        )
        block = encode(pd.DataFrame(output.reshape(len(output), -1)))
        block.present &= torch.from_numpy(present)
        return block

    def build_module(self, width: int) -> nn.Module:
        if not self.is_sparse_:
            return self.vector_.build_module(width)
        dropout = 0.5 if self.dropout is None else self.dropout
        return SparseModule(self.n_features_, width, dropout, self.frequency_)

    def linear_features(self, block: Block) -> Features | None:
        if self.is_sparse_:
            return block[0].to_scipy()
        return self.vector_.linear_features(block)

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        if not self.is_sparse_:
            return self.vector_.build_wide(n_outputs)
        return SparseWide(self.n_features_, n_outputs)
