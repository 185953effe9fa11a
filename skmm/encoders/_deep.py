"""What encoders with a network of their own share: rows that are there, chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from skmm._utils.typing import open_arguments
from skmm.encoders._base import Encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from skmm._data.blocks import Block
    from skmm.augmentation._mixup import Mixing


class EncoderModule(nn.Module):
    """Base of an encoder's module: it runs only on rows that have the modality.

    A subclass defines ``read``, which turns the tensors of a block into the inputs of
    the network, and ``encode``, which turns these into :class:`Encoded` or vectors.
    Rows without the modality get zeros. The network always computes in float32 (or
    under autocast), even if other parts compute in float64, since it does most of the
    work. ``skmm._nn.declarations.Declarations`` lists what it may declare besides, such
    as learning rates and weight decay.

    Parameters
    ----------
    width : int
    augment : callable or None
        Function that changes the result of ``read`` at random, during training only.

    Examples
    --------
    >>> import torch
    >>> from skmm.encoders import EncoderModule
    >>> class VectorModule(EncoderModule):
    ...     def __init__(self, n_features, width):
    ...         super().__init__(width)
    ...         self.layer = torch.nn.Linear(n_features, width)
    ...
    ...     def read(self, vectors):
    ...         return (vectors.float(),)
    ...
    ...     def encode(self, vectors):
    ...         return self.layer(vectors)
    >>> VectorModule(n_features=10, width=64).width
    64
    """

    keep_float32: bool = True

    #: Of "inputs" and "boxes": how rows can be mixed before the network, by
    #: ``mix_inputs``; otherwise their vectors are.
    mixes: tuple[str, ...] = ()

    #: Rows that go through the network at once outside training, where batches are
    #: larger: activations of a deep network are what fills the memory.
    chunk_size: int = 256

    def __init__(self, width: int, augment: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.width = width
        self.augment = augment

    @open_arguments
    def read(self, *parts: Any) -> tuple[torch.Tensor, ...]:
        """Return the tensors that ``encode`` takes.

        Parameters
        ----------
        *parts : tensor, Csr or Ragged
            Tensors of the block, for the rows that have the modality.

        Returns
        -------
        inputs : tuple of tensor
            Tensors with the rows along their first axis.
        """
        raise NotImplementedError(f"{type(self).__name__}.read")

    @open_arguments
    def encode(self, *inputs: torch.Tensor) -> Encoded | torch.Tensor:
        """Run the network.

        Parameters
        ----------
        *inputs : tensor
            The result of ``read``; during training it is augmented and mixed.

        Returns
        -------
        encoded : Encoded, or tensor of shape (n, width)
        """
        raise NotImplementedError(f"{type(self).__name__}.encode")

    def mix_inputs(
        self, inputs: tuple[torch.Tensor, ...], mixing: Mixing
    ) -> tuple[torch.Tensor, ...]:
        """Return the inputs of mixed rows.

        Parameters
        ----------
        inputs : tuple of tensor
            The result of ``read``.
        mixing : Mixing
        """
        raise NotImplementedError(f"{type(self).__name__}.mix_inputs")

    def forward(self, block: Block, mixing: Mixing | None = None) -> Encoded:
        """Encode a batch.

        Parameters
        ----------
        block : Block
        mixing : Mixing, default=None

        Returns
        -------
        encoded : Encoded
        """
        n, rows = len(block), None
        if not block.complete:
            rows, on_cpu = block.there
            if not len(rows):
                device = block.present.device
                return Encoded(
                    torch.zeros(n, self.width, device=device, dtype=block.dtype)
                )
            if len(rows) < n:
                block = block.take(rows, on_cpu)
                mixing = None if mixing is None else mixing.among(rows)
            else:
                rows = None
        encoded = self._run(block, mixing)
        if rows is not None:
            encoded = Encoded._make(
                None if part is None else _spread(part, rows, n) for part in encoded
            )
        return _as_type(encoded, block.dtype)

    def _run(self, block, mixing):
        if self.training or len(block) <= self.chunk_size:
            return self._run_chunk(block, mixing)
        n, size = len(block), self.chunk_size
        rows, on_cpu = torch.arange(n, device=block.present.device), np.arange(n)
        chunks = (slice(start, start + size) for start in range(0, n, size))
        return concatenate(
            [self._run_chunk(block.take(rows[some], on_cpu[some])) for some in chunks]
        )

    def _run_chunk(self, block, mixing=None):
        inputs = self.read(*block.parts)
        if self.training and self.augment is not None:
            inputs = self.augment(*inputs)
            if isinstance(inputs, torch.Tensor):
                inputs = (inputs,)
        if mixing is not None:
            inputs = self.mix_inputs(inputs, mixing)
        encoded = self.encode(*inputs)
        return encoded if isinstance(encoded, Encoded) else Encoded(encoded)


def concatenate(encoded):
    """Join what was encoded of several chunks of rows."""
    vectors = torch.cat([some.vectors for some in encoded])
    if encoded[0].tokens is None:
        return Encoded(vectors)
    tokens = [some.tokens for some in encoded]
    masks = [some.token_mask for some in encoded]
    if masks[0] is None:
        return Encoded(vectors, torch.cat(tokens))
    longest = max(some.shape[1] for some in tokens)
    return Encoded(
        vectors,
        torch.cat([_lengthen(some, longest) for some in tokens]),
        torch.cat([_lengthen(some, longest) for some in masks]),
    )


def _lengthen(tokens, length):
    """Pad the second axis with zeros (False)."""
    if tokens.shape[1] == length:
        return tokens
    missing = tokens.new_zeros(len(tokens), length - tokens.shape[1], *tokens.shape[2:])
    return torch.cat([tokens, missing], dim=1)


def _spread(part, rows, n):
    """Return the values of each of n rows, zeros where it is not among `rows`."""
    return part.new_zeros(n, *part.shape[1:]).index_copy(0, rows, part)


def _as_type(encoded, dtype):
    """Leave what autocast made as it is; float64 where the others compute in it."""
    if dtype == torch.float32:
        return encoded
    tokens = None if encoded.tokens is None else encoded.tokens.to(dtype)
    return Encoded(encoded.vectors.to(dtype), tokens, encoded.token_mask)
