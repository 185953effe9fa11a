"""Features that were extracted before: a vector of fixed length for each row."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._data.scaling import mean_and_scale
from skmm._nn.perceptron import WideVector, mlp
from skmm._plain.table import standardize
from skmm._utils.compat import Interval
from skmm._utils.validation import check_options
from skmm.encoders._base import Encoder
from skmm.modalities._vectors import read_vectors

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Features


class VectorEncoder(Encoder):
    """Read vectors (embeddings, SVD components, pooled features) and project them.

    A row whose values are all missing does not have the modality. If only some values
    of a row are missing, they are read as the means of their columns.

    Parameters
    ----------
    hidden : int or None, default=None
        Number of units of the hidden layer. None takes the estimator's width.
    dropout : float, default=0.1
        Dropout rate, from 0 to 1. Raise it if the training rows are few.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Mean and standard deviation of each feature over the training rows.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmm.encoders import VectorEncoder
    >>> X = pd.DataFrame(np.eye(3), columns=["v__0", "v__1", "v__2"])
    >>> block = VectorEncoder().fit_transform(X)
    >>> block[0].shape
    torch.Size([3, 3])
    """

    _parameter_constraints = {
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, hidden: int | None = None, dropout: float = 0.1) -> None:
        self.hidden = hidden
        self.dropout = dropout

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        values, present = self._read(X, None)
        seen = values[present]
        if not len(seen):
            raise ValueError(
                f"Columns {list(X.columns)[:5]} hold no vector in any of {len(X)} rows."
            )
        self.n_features_ = values.shape[1]
        self.mean_, self.scale_ = mean_and_scale(seen)
        return self._block(values, present)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(*self._read(X, self.n_features_))

    def _read(self, X, n_features):
        values = read_vectors(X, n_features)
        return values, ~np.isnan(values).all(axis=1)

    def _block(self, values, present):
        # A missing number becomes the mean, which is 0 after standardising.
        scaled = np.nan_to_num(standardize(values, self.mean_, self.scale_), nan=0.0)
        return Block(scaled.astype(np.float32), present=present)

    def build_module(self, width: int) -> nn.Module:
        hidden = self.hidden or width
        return _VectorModule(self.n_features_, hidden, width, self.dropout)

    def linear_features(self, block: Block) -> Features | None:
        # Of length one or so, as a text's n-grams are: one penalty for all modalities
        # would hold a vector of many numbers back far less.
        return block[0].cpu().numpy() / np.sqrt(np.float32(self.n_features_))

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        return WideVector(self.n_features_, n_outputs)


class _VectorModule(nn.Module):
    mixes = ("inputs",)
    attack_space = "numbers"

    def __init__(self, n_features, hidden, width, dropout):
        super().__init__()
        self.net = mlp(n_features, hidden, width, depth=1, dropout=dropout)
        # AdamW moves each weight by as much, and so the sum over many features by more:
        # hundreds of features of hundreds of rows would be learned by heart.
        self.learning_rate_scale = min(1.0, math.sqrt(64 / n_features))

    def forward(self, block, mixing=None):
        values = block[0]
        if mixing is not None:
            mixed, _ = mixing.mix_present(values, block.present)
            values = torch.where(block.present[:, None], mixed, values)
        return self.net(values)
