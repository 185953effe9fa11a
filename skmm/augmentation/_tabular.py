"""Random changes of a table's cells."""

from __future__ import annotations

from numbers import Real

import torch

from skmm._nn.seeding import rand, randint
from skmm._utils.compat import Interval
from skmm.augmentation._base import Augmentation


class CellSwap(Augmentation):
    """Replace some cells by a value of the same column from another row of the batch.

    Each column keeps its distribution, missing values included. As the cells of a row
    no longer belong together with certainty, the model learns not to rely on a single
    cell.

    Parameters
    ----------
    p : float, default=0.1
        Probability that a cell is replaced, from 0 to 1.

    Notes
    -----
    It is called with the numbers (n, k) and the codes of the categories (n, c). Each
    cell draws the other row by itself. A batch of one row is not changed.

    References
    ----------
    Bahri, Jiang, Tay, Metzler: SCARF: Self-Supervised Contrastive Learning using
    Random Feature Corruption, ICLR 2022.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import CellSwap
    >>> numbers = torch.tensor([[1.0, 10.0], [2.0, 20.0]])
    >>> CellSwap(p=1.0)(numbers)
    tensor([[ 2., 20.],
            [ 1., 10.]])
    """

    _parameter_constraints = {"p": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, p: float = 0.1) -> None:
        self.p = p

    def __call__(
        self, *tensors: torch.Tensor
    ) -> torch.Tensor | tuple[torch.Tensor, ...]:
        swapped = tuple(self._swap(part) for part in tensors)
        return swapped[0] if len(swapped) == 1 else swapped

    def _swap(self, part):
        n = len(part)
        if n < 2:
            return part
        device = part.device
        further = randint(1, n, part.shape, device=device)
        other = (torch.arange(n, device=device)[:, None] + further) % n
        changes = rand(*part.shape, device=device) < self.p
        return torch.where(changes, part.gather(0, other), part)
