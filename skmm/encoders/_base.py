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
    """What an encoder's module gives for a batch.

    Attributes
    ----------
    vectors : tensor of shape (n, width)
    tokens : tensor of shape (n, t, width) or None
    token_mask : tensor of bool, shape (n, t), or None
        True where there is a token.
    members : tensor of shape (n, k, width) or None
        Vectors of an ensemble's members, of which ``vectors`` is the mean. Each goes
        through fusion and head by itself and has the target's loss; what is averaged
        are their probabilities.
    """

    vectors: torch.Tensor
    tokens: torch.Tensor | None = None
    token_mask: torch.Tensor | None = None
    members: torch.Tensor | None = None


class Comparison(NamedTuple):
    """How the new cells of a column lie to those that an encoder was fitted on.

    Attributes
    ----------
    column : object
        The column's label.
    outside : float
        Share of the cells, those that are missing left out, that the encoder cannot
        tell from one another or does not know.
    n_cells : int
        Cells that are not missing.
    what : str
        What these cells are, for a message: "numbers outside the fitted range".
    spread : float or None
        Spread of the numbers by that of the fitted ones, if they are numbers of one
        unit: a thousandth where metres became kilometres.
    is_ordered : bool
        If True, a share far below 1 is of note, as of numbers outside of a range; else
        only if all cells are unknown.
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
    training rows (a vocabulary, quantiles) and gives a block; ``build_module`` then
    gives the torch module that reads batches of such blocks and is trained end to
    end. An encoder of your own needs ``fit_transform``, ``transform`` and
    ``build_module``.

    Options are checked before anything is read, if the class has scikit-learn's table
    `_parameter_constraints` of what each may be.

    Attributes
    ----------
    max_batch_size : int or None
        Class attribute, or a property once it is fitted: the largest batch that
        ``batch_size="auto"`` takes; None for no limit.
    """

    max_batch_size: int | None = None

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        """Learn from the training rows and give their block.

        Parameters
        ----------
        X : pandas DataFrame
            The columns of this modality.
        y : ndarray, default=None
            The target, for encoders that use it.
        sample_weight : ndarray of shape (n_samples,), default=None

        Returns
        -------
        block : Block
        """
        raise NotImplementedError(f"{type(self).__name__}.fit_transform")

    def transform(self, X: pd.DataFrame) -> Block:
        """Return the block of other rows.

        Parameters
        ----------
        X : pandas DataFrame
            The same columns.

        Returns
        -------
        block : Block
        """
        raise NotImplementedError(f"{type(self).__name__}.transform")

    def compare(self, X: pd.DataFrame, block: Block) -> list[Comparison]:
        """Compare new rows with those that the encoder was fitted on.

        The estimators ask where a fit continues on other rows (``partial_fit``,
        ``warm_start``, ``init=``), and warn where cells are not like the fitted ones.
        In predictions they warn of columns all of whose cells are unknown.

        Parameters
        ----------
        X : pandas DataFrame
            The same columns.
        block : Block
            What ``transform`` made of them.

        Returns
        -------
        comparisons : list of Comparison
            Of columns that have cells here; an encoder that cannot tell has none.
        """
        return []

    def build_module(self, width: int) -> nn.Module:
        """Build the module: a taken block to :class:`Encoded`, or to vectors alone.

        Parameters
        ----------
        width : int
            Size of the vectors.
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
            In float32, a row of length one or so: one penalty holds back the features
            of all modalities. Of rows that lack the modality nothing is read.
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
            A dense one may hold NaN. Of a sparse one the main directions are read. Of
            rows that lack the modality nothing is read.
        n_codes : sequence of int of length n_features
            How many categories a column's codes tell apart, 0 where it holds numbers.
        """
        features = self.linear_features(block)
        return None if features is None else (features, [0] * features.shape[1])

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        """Build the linear shortcut, a taken block to (n, n_outputs), or None.

        Parameters
        ----------
        n_outputs : int
        """
        return None
