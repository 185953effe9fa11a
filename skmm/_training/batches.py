"""Batches of rows."""

import functools
from typing import NamedTuple

import numpy as np
import torch

from skmm._data.moving import upload
from skmm._utils.compat import safe_indexing


class Batch(NamedTuple):
    """Some rows, cut out.

    Attributes
    ----------
    blocks : dict of str to Block
    y : (codes, weight), a tuple of tensors, or None
    rows : tensor of int64
        Which rows they are.
    """

    blocks: dict
    y: tuple | None
    rows: torch.Tensor


class ShownBatch:
    """What a callback gets for a batch: a pair of a frame and targets, made on demand.

    Parameters
    ----------
    rows : Rows
        All of them.
    batch : Batch
    """

    def __init__(self, rows, batch):
        self.rows = rows
        self.batch = batch

    @functools.cached_property
    def pair(self):
        """The rows as the user gave them: (frame, targets)."""
        places = self.batch.rows.cpu().numpy()
        return self.rows.X.iloc[places], safe_indexing(self.rows.y, places)

    @property
    def known(self):
        """The frame and its blocks, in a list; empty while nobody asked for it."""
        return [(self.pair[0], self.batch.blocks)] if "pair" in vars(self) else []

    def __iter__(self):
        return iter(self.pair)

    def __getitem__(self, i):
        return self.pair[i]

    def __len__(self):
        return 2


class Batches:
    """Iterate over rows, a whole batch cut out at once, reshuffled each epoch.

    Rows of similar cost share a batch. In training they are sorted among some
    batches' worth of random rows only, so that batches differ from epoch to epoch.

    Parameters
    ----------
    rows : Rows
    batch_size : int
    device : torch.device
        Where the batches go; the rows may lie elsewhere when they do not fit there.
    generator : torch.Generator or None
        None does not shuffle.
    draw : callable, default=None
        From the generator to the numbers of an epoch's rows; None takes each once.
    """

    #: Batches among whose rows those of similar cost are looked for.
    _pool = 32

    def __init__(self, rows, batch_size, device, generator=None, draw=None):
        self.rows = rows
        self.batch_size = batch_size
        self.device = device
        self.generator = generator
        self.draw = draw
        self.cost = rows.cost

    def __len__(self):
        return -(-len(self.rows) // self.batch_size)

    def in_order(self, results):
        """Put what was given for the rows, batch by batch, in the rows' own order.

        Parameters
        ----------
        results : ndarray of shape (n_rows, ...)
            Of a pass without shuffling.
        """
        if self.cost is None:
            return results
        ordered = np.empty_like(results)
        ordered[self._by_cost().numpy()] = results
        return ordered

    def _by_cost(self):
        return torch.argsort(self.cost, descending=True, stable=True)

    def _batches(self):
        """Return the row numbers of each batch."""
        if self.generator is None:
            order = torch.arange(len(self.rows))
            return (order if self.cost is None else self._by_cost()).split(
                self.batch_size
            )
        if self.draw is None:
            order = torch.randperm(len(self.rows), generator=self.generator)
        else:
            order = self.draw(self.generator)
        if self.cost is None:
            return order.split(self.batch_size)
        pools = order.split(self._pool * self.batch_size)
        order = torch.cat([pool[self.cost[pool].argsort()] for pool in pools])
        batches = order.split(self.batch_size)
        shuffled = torch.randperm(len(batches), generator=self.generator)
        return [batches[i] for i in shuffled.tolist()]

    def __iter__(self):
        return self._cut(self._batches())

    def _cut(self, batches):
        """Yield the batches of these row numbers."""
        for rows, (numbers, on_cpu) in zip(batches, self._numbers(batches)):
            blocks, y = self.rows.take(numbers, on_cpu)
            if self.rows.device != self.device:
                blocks = {name: block.to(self.device) for name, block in blocks.items()}
                y = None if y is None else tuple(upload(p, self.device) for p in y)
            yield Batch(blocks, y, rows)

    def _numbers(self, batches):
        """Return what ``take`` takes for each batch."""
        device = self.rows.device
        if device.type == "cpu":
            return [(rows, None) for rows in batches]
        # Copied all at once: no step waits for its own.
        numbers = upload(torch.cat(list(batches)), device).split(
            [len(rows) for rows in batches]
        )
        return [(n, rows.numpy()) for n, rows in zip(numbers, batches)]
