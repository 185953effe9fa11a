"""Vectors of a public network, brought to length one without a look at others."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import columns_of
from skmm._utils.compat import HasMethods, Interval
from skmm._utils.validation import check_options
from skmm.encoders._base import Encoder

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import Features


class UnitVectorEncoder(Encoder):
    """Read vectors of a public network; each is divided by its own length.

    Nothing is learned from the rows before the training: :class:`VectorEncoder` takes
    means and deviations from them, which a private training cannot. The network is one
    that was trained on other, public data, and stays as it is.

    Parameters
    ----------
    embedder : Embedder, default=None
        What makes the vectors: :class:`~skmm.feature_extraction.TextEmbedder` or
        :class:`~skmm.feature_extraction.ImageEmbedder`, for example, without options
        that learn from the rows (`tune`, and `n_components` with
        ``reduction="pca"``). None reads columns of numbers, a vector in each row.
    hidden : int or None, default=None
        Number of units of a hidden layer. None takes a linear layer alone.

    Attributes
    ----------
    n_features_ : int
        Length of the vectors.
    embedder_ : Embedder or None

    See Also
    --------
    VectorEncoder : Standardises vectors by the rows.
    skmm.privacy.PrivacySpec : Differential privacy, which this encoder is for.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import UnitVectorEncoder
    >>> X = pd.DataFrame({"v0": [3.0, 0.0, None], "v1": [4.0, 2.0, None]})
    >>> block = UnitVectorEncoder().fit_transform(X)
    >>> block[0].tolist()
    [[0.6..., 0.8...], [0.0, 1.0], [0.0, 0.0]]
    >>> block.present.tolist()
    [True, True, False]
    """

    can_be_private = True

    _parameter_constraints = {
        "embedder": [HasMethods(["fit", "transform"]), None],
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self, embedder: BaseEstimator | None = None, *, hidden: int | None = None
    ) -> None:
        self.embedder = embedder
        self.hidden = hidden

    def _check_combinations(self):
        from skmm.feature_extraction._embedder import Embedder

        if self.embedder is None:
            return
        name = type(self.embedder).__name__
        if not isinstance(self.embedder, Embedder):
            raise ValueError(
                f"UnitVectorEncoder(embedder={name}(...)): only an Embedder of "
                "skmm.feature_extraction is known to learn nothing from the rows."
            )
        params = self.embedder.get_params(deep=False)
        if params.get("tune") is not None:
            raise ValueError(
                f"UnitVectorEncoder(embedder={name}(tune={params['tune']!r})) learns "
                "from the rows. Leave out tune."
            )
        if params["n_components"] is not None and params["reduction"] == "pca":
            raise ValueError(
                f"UnitVectorEncoder(embedder={name}(n_components="
                f"{params['n_components']})) learns principal components from the "
                "rows. Leave out n_components, or take reduction='truncate'."
            )

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        from sklearn.base import clone

        check_options(self)
        self.embedder_ = None
        if self.embedder is not None:
            self.embedder_ = clone(self.embedder).fit(X)
        values = self._read(X)
        self.n_features_ = values.shape[1]
        return self._block(values)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(self._read(X))

    def _read(self, X):
        import pandas as pd

        if self.embedder_ is not None:
            return np.asarray(self.embedder_.transform(X), dtype=np.float64)
        columns = [
            pd.to_numeric(column, errors="coerce").to_numpy(
                dtype=np.float64, na_value=np.nan
            )
            for column in columns_of(X)
        ]
        return np.stack(columns, axis=1)

    def _block(self, values):
        values = np.where(np.isfinite(values), values, np.nan)
        present = ~np.isnan(values).all(axis=1)
        values = np.nan_to_num(values, nan=0.0)
        # By the largest number first: squares of large ones are not finite.
        values = _divide(values, np.abs(values).max(axis=1, initial=0))
        values = _divide(values, np.sqrt((values**2).sum(axis=1)))
        return Block(values.astype(np.float32), present=present)

    def build_module(self, width: int) -> nn.Module:
        return _UnitModule(self.n_features_, width, self.hidden)

    def linear_features(self, block: Block) -> Features | None:
        return block[0].cpu().numpy()


class _UnitModule(nn.Module):
    def __init__(self, n_features, width, hidden):
        super().__init__()
        layers: list[nn.Module] = [nn.Linear(n_features, width)]
        if hidden is not None:
            layers = [nn.Linear(n_features, hidden), nn.ReLU()]
            layers.append(nn.Linear(hidden, width))
        self.net = nn.Sequential(*layers)

    def forward(self, block):
        return self.net(block[0])


def _divide(values, lengths):
    return values / np.where(lengths > 0, lengths, 1)[:, None]
