"""Rows of all modalities, with their targets."""

import skorch.dataset
import torch


class Rows(skorch.dataset.Dataset):
    """Blocks, targets and weights of a set of rows.

    skorch's callbacks take it for a dataset of theirs, which has ``X`` and ``y``.

    Parameters
    ----------
    blocks : dict of str to Block
    codes : tensor of shape (n, n_outputs) or None
        The targets, encoded.
    weight : tensor of shape (n,) or None
    X : DataFrame, default=None
        What the blocks were made of.
    y : ndarray, default=None
        The targets as the user gave them.
    """

    def __init__(self, blocks, codes=None, weight=None, X=None, y=None):
        self.blocks = blocks
        self.codes = codes
        self.weight = weight
        self.X = X
        self.y = y

    def __len__(self):
        return len(next(iter(self.blocks.values())))

    def take(self, rows, on_cpu=None):
        """Cut out a batch: ``(blocks, (codes, weight))``, as skorch has it.

        Parameters
        ----------
        rows : tensor of int64, shape (n,)
        on_cpu : ndarray of int64, shape (n,), default=None
            See :meth:`Block.take`.
        """
        blocks = {name: b.take(rows, on_cpu) for name, b in self.blocks.items()}
        if self.codes is None:
            return blocks, None
        y = self.codes.index_select(0, rows), self.weight.index_select(0, rows)
        return blocks, y

    def select(self, numbers):
        """Return some rows, with their targets and weights alone.

        Parameters
        ----------
        numbers : ndarray of int64, shape (n,)

        Returns
        -------
        rows : Rows
        """
        places = torch.from_numpy(numbers)
        blocks, (codes, weight) = self.take(places)
        return Rows(blocks, codes, weight)

    def to(self, device):
        """Return the rows with blocks, codes and weights on another device."""
        blocks = {name: block.to(device) for name, block in self.blocks.items()}
        if self.codes is None:
            return Rows(blocks, X=self.X, y=self.y)
        codes, weight = self.codes.to(device), self.weight.to(device)
        return Rows(blocks, codes, weight, self.X, self.y)

    @property
    def device(self):
        return next(iter(self.blocks.values())).present.device

    @property
    def cost(self):
        """Of reading each row, a tensor (n,), or None where all cost the same."""
        costs = [b.cost for b in self.blocks.values() if b.cost is not None]
        return sum(costs[1:], costs[0]) if costs else None

    @property
    def nbytes(self):
        return sum(block.nbytes for block in self.blocks.values())
