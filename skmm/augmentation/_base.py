"""The contract of an augmentation, and chains of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.typing import open_arguments
from skmm._utils.validation import Part

if TYPE_CHECKING:
    import torch


class Augmentation(Part):
    """Base of all augmentations: a random change that keeps what a cell means.

    An augmentation is called during training only. It takes the tensors of a batch,
    on the device of the training, with the rows along the first axis, and returns
    tensors of the same shapes and types. Each row is changed by random numbers of its
    own. Draw them from torch's global generator: then a fit with the same
    ``random_state`` gives the same result.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import Augmentation
    >>> class Darken(Augmentation):
    ...     def __call__(self, pixels):
    ...         return pixels * torch.rand(len(pixels), 1, 1, 1)
    >>> Darken()(torch.ones(2, 3, 8, 8)).shape
    torch.Size([2, 3, 8, 8])
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
