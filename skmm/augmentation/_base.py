"""The contract of an augmentation, and chains of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.typing import open_arguments
from skmm._utils.validation import Part

if TYPE_CHECKING:
    import torch


class Augmentation(Part):
    """Base of all augmentations: a random change that keeps what a cell means.

    It is called in training only, on the device, with the tensors of a batch, rows
    first, and gives tensors of the same kinds. Each row draws its own chance;
    ``random_state`` repeats a fit, and so it does where an augmentation of your own
    draws from torch's global generator.
    """

    @open_arguments
    def __call__(
        self, *tensors: torch.Tensor
    ) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Change a batch.

        Parameters
        ----------
        *tensors : tensor
            What they hold is a matter of the modality; see the class.

        Returns
        -------
        tensors : tensor, or tuple of as many tensors
        """
        raise NotImplementedError(f"{type(self).__name__}.__call__")


class Chain:
    """Augmentations one after the other.

    Parameters
    ----------
    steps : list of callable
    """

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, *tensors):
        for step in self.steps:
            changed = step(*tensors)
            tensors = changed if isinstance(changed, tuple) else (changed,)
        return tensors
