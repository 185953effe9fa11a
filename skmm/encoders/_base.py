"""The contract of an encoder: columns to a block, a block to vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from skmm._utils.validation import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._data.blocks import Block
    from skmm._utils.typing import Features, Label


class Encoded(NamedTuple):
    """Result of an encoder's module for a batch.

    Attributes
    ----------
    vectors : tensor of shape (n, width)
        One vector for each row.
    tokens : tensor of shape (n, t, width) or None
        Vectors of the tokens of each row, for fusions that use tokens. None if the
        encoder has no tokens.
    token_mask : tensor of bool, shape (n, t), or None
        True where there is a token.
    members : tensor of shape (n, k, width) or None
        Vectors of the members of an ensemble; ``vectors`` is their mean. Each member
        passes through fusion and head on its own and is trained by the loss of the
        target. The prediction is the mean of the members' probabilities.

    Examples
    --------
    >>> import torch
    >>> from skmm.encoders import Encoded
    >>> encoded = Encoded(torch.zeros(8, 64), tokens=torch.zeros(8, 5, 64))
    >>> encoded.token_mask is None
    True
    """

    vectors: torch.Tensor
    tokens: torch.Tensor | None = None
    token_mask: torch.Tensor | None = None
    members: torch.Tensor | None = None


class Comparison(NamedTuple):
    """Comparison of a column's new cells with those that the encoder was fitted on.

    Attributes
    ----------
    column : object
        The column's label.
    outside : float
        Share of the cells with a value that the encoder does not know, or that it
        cannot distinguish from others, from 0 to 1.
    n_cells : int
        Number of cells that are not missing.
    what : str
        Description of these cells for a message: "numbers outside the fitted range".
    spread : float or None
        Spread of the new numbers divided by that of the fitted ones. None if the column
        does not hold numbers of one unit. It is 0.001 where metres became kilometres.
    is_ordered : bool
        If True, a share far below 1 is already worth a warning, as with numbers outside
        a range. If False, there is a warning only if all cells are unknown.

    Examples
    --------
    >>> from skmm.encoders import Comparison
    >>> Comparison("age", outside=0.02, n_cells=500, what="numbers outside the range")
    Comparison(column='age', outside=0.02, n_cells=500, ...)
    """

    column: Label
    outside: float
    n_cells: int
    what: str
    spread: float | None = None
    is_ordered: bool = False


class Encoder(Part):
    """Base of all encoders.

    An encoder is fitted in two steps. ``fit_transform`` learns statistics from the
    training rows (for example a vocabulary or quantiles) and returns a block. Then
    ``build_module`` returns the torch module that reads batches of such blocks and is
    trained end to end. An encoder of your own needs ``fit_transform``, ``transform``
    and ``build_module``.

    Options are checked before any cell is read if the class has scikit-learn's table
    `_parameter_constraints`.

    Attributes
    ----------
    max_batch_size : int or None
        Class attribute, or a property of the fitted encoder: the largest batch that
        ``batch_size="auto"`` takes. None for no limit.
    can_be_private : bool
        Class attribute. True tells that ``fit_transform`` learns nothing from the rows,
        that a row's block does not depend on other rows, and that all learned weights
        of the module lie in ``nn.Linear`` and ``nn.LayerNorm``: the estimator's
        ``privacy=`` takes such encoders only.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmm.encoders import Block, Encoder
    >>> class LengthEncoder(Encoder):
    ...     def fit_transform(self, X, y=None, sample_weight=None):
    ...         return self.transform(X)
    ...
    ...     def transform(self, X):
    ...         cells = X.iloc[:, 0]
    ...         lengths = cells.str.len().fillna(0).to_numpy(np.float32)
    ...         return Block(lengths[:, None], present=np.array(cells.notna()))
    ...
    ...     def build_module(self, width):
    ...         return LengthModule(width)
    >>> class LengthModule(torch.nn.Module):
    ...     def __init__(self, width):
    ...         super().__init__()
    ...         self.layer = torch.nn.Linear(1, width)
    ...
    ...     def forward(self, block):
    ...         return self.layer(block.parts[0].to(self.layer.weight.dtype))
    >>> import pandas as pd
    >>> from skmm import MultimodalClassifier
    >>> X = pd.DataFrame({"word": ["a", "an", "antelope", "elephant"] * 10})
    >>> model = MultimodalClassifier([("word", LengthEncoder(), "word")], max_epochs=2)
    >>> model.fit(X, [0, 0, 1, 1] * 10).predict(X).shape
    (40,)
    """

    max_batch_size: int | None = None
    can_be_private: bool = False

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        """Learn from the training rows and return their block.

        Parameters
        ----------
        X : pandas DataFrame
            The columns of this modality.
        y : ndarray, default=None
            The target, for encoders that use it.
        sample_weight : ndarray of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        block : Block
            The block of these rows.
        """
        raise NotImplementedError(f"{type(self).__name__}.fit_transform")

    def transform(self, X: pd.DataFrame) -> Block:
        """Return the block of other rows.

        Parameters
        ----------
        X : pandas DataFrame
            The columns of `fit_transform`.

        Returns
        -------
        block : Block
            The block of these rows.
        """
        raise NotImplementedError(f"{type(self).__name__}.transform")

    def compare(self, X: pd.DataFrame, block: Block) -> list[Comparison]:
        """Compare new rows with those that the encoder was fitted on.

        The estimators call it when a fit continues on other rows (``partial_fit``,
        ``warm_start``, ``init=``), and warn if cells differ from the fitted ones. In
        predictions, they warn of columns in which no cell is known.

        Parameters
        ----------
        X : pandas DataFrame
            The columns of `fit_transform`.
        block : Block
            Block that ``transform`` returned for these rows.

        Returns
        -------
        comparisons : list of Comparison
            One entry for each column that has cells in these rows. It is empty if the
            encoder cannot compare.
        """
        return []

    def build_module(self, width: int) -> nn.Module:
        """Build the module that turns a batch of a block into :class:`Encoded`.

        The module may also return the vectors alone.

        Parameters
        ----------
        width : int
            Size of the vectors that the module returns.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")

    def linear_features(self, block: Block) -> Features | None:
        """Return a block's rows as features of a linear model, or None.

        Parameters
        ----------
        block : Block

        Returns
        -------
        features : ndarray or csr_matrix of shape (n_rows, n_features), or None
            float32, with rows of length one or about one, since one penalty applies to
            the features of all modalities. Rows without the modality are ignored.
        """
        return None

    def tree_features(self, block: Block) -> tuple[Features, Sequence[int]] | None:
        """Return a block's rows as features of trees, or None.

        Parameters
        ----------
        block : Block

        Returns
        -------
        features : ndarray or csr_matrix of shape (n_rows, n_features)
            A dense array may hold NaN. A sparse matrix is reduced to its main
            directions. Rows without the modality are ignored.
        n_codes : sequence of int of length n_features
            Number of categories in each column of codes, and 0 for a column of numbers.
        """
        features = self.linear_features(block)
        return None if features is None else (features, [0] * features.shape[1])

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        """Build the module of the wide head for this modality, or None.

        It turns a batch of a block into logits of shape (n, n_outputs).

        Parameters
        ----------
        n_outputs : int
            Number of logits.
        """
        return None
