"""One modality of all rows, as arrays whose first axis is the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
import torch

from skmm._data.containers import Csr, Ragged
from skmm._data.moving import upload

if TYPE_CHECKING:
    import numpy.typing as npt

    from skmm._utils.typing import Device


class Block:
    """One modality, all rows: what an encoder's ``transform`` returns.

    Nothing of a block changes once it is made; ``take``, ``to`` and ``cast`` return
    others. Its parts are tensors, or containers of rows of varying length.

    Parameters
    ----------
    *parts : ndarray, tensor, scipy sparse matrix, Csr or Ragged
        The first axis of each is the rows. What they mean is between the encoder that
        made the block and the module that it builds. Numbers of an ndarray in float64
        are kept in float32.
    present : ndarray of bool, shape (n_rows,)
        False where the row does not have this modality.
    cost : ndarray of shape (n_rows,), default=None
        Of reading a row, such as its number of tokens. Rows of similar cost are put
        into one batch, so that little is padded.

    Attributes
    ----------
    complete : bool
        Whether all rows are known to have the modality, without asking the device.

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.encoders import Block
    >>> block = Block(np.eye(3, dtype="float32"), present=np.array([True, True, False]))
    >>> len(block), block.nbytes
    (3, 39)
    """

    def __init__(self, *parts: Any, present: Any, cost: Any = None) -> None:
        self.parts = tuple(_as_part(part) for part in parts)
        self.present = _as_writeable(present, torch.bool)
        self.cost = None if cost is None else _as_writeable(cost, torch.float32)
        self._complete = bool(self.present.all())
        self._present_on_cpu = None
        lengths = {len(part) for part in self.parts} | {len(self.present)}
        if len(lengths) != 1:
            raise ValueError(f"The parts of a block differ in rows: {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(self.present)

    def __getitem__(self, i: int) -> Any:
        return self.parts[i]

    @property
    def complete(self) -> bool:
        """True if all rows are known to have the modality."""
        if self._complete is None:
            known = self._present_on_cpu
            self._complete = bool((self.present if known is None else known).all())
        return self._complete

    @property
    def there(self) -> tuple[torch.Tensor, npt.NDArray[np.int64] | None]:
        """The rows that have the modality: both arguments of ``take``.

        Their numbers as a tensor, and as an array of the CPU, or None where that is not
        known without asking the device.
        """
        if self._present_on_cpu is None:
            return self.present.nonzero().squeeze(1), None
        rows = np.flatnonzero(self._present_on_cpu)
        return upload(torch.from_numpy(rows), self.present.device), rows

    def take(
        self, rows: torch.Tensor, on_cpu: npt.NDArray[np.int64] | None = None
    ) -> Block:
        """Return some rows as a block.

        Parameters
        ----------
        rows : tensor of int64, shape (n,)
            Their numbers, in the order that is wanted.
        on_cpu : ndarray of int64, shape (n,), default=None
            The same numbers, of a block on another device than the CPU: with them no
            size has to be asked from there, which would wait for it.

        Returns
        -------
        block : Block
        """
        parts = (
            part.index_select(0, rows)
            if isinstance(part, torch.Tensor)
            else part.take(rows, on_cpu)
            for part in self.parts
        )
        taken = self._like(parts, self.present.index_select(0, rows))
        if self._present_on_cpu is not None and on_cpu is not None:
            taken._present_on_cpu = self._present_on_cpu[on_cpu]
        return taken

    def hide(self, rows: torch.Tensor | None = None) -> Block:
        """Return the block of rows that lack the modality, whatever they have here.

        The data are shared and stay where they are: nothing reads them in such rows.

        Parameters
        ----------
        rows : tensor of bool, shape (n_rows,), default=None
            True where the modality is to be lacking; None stands for all rows.

        Returns
        -------
        block : Block

        Examples
        --------
        >>> import numpy as np
        >>> from skmm.encoders import Block
        >>> Block(np.eye(2), present=[True, True]).hide().present
        tensor([False, False])
        """
        hidden = self.present if rows is None else self.present & rows
        block = self._like(self.parts, self.present & ~hidden)
        block.cost = self.cost
        block._complete = None
        return block

    def with_part(self, i: int, part: torch.Tensor) -> Block:
        """Return the block with another part in the place of one.

        Parameters
        ----------
        i : int
            Which part.
        part : tensor
            With as many rows.

        Returns
        -------
        block : Block
        """
        parts = [part if j == i else old for j, old in enumerate(self.parts)]
        changed = self._like(parts, self.present)
        changed.cost = self.cost
        changed._present_on_cpu = self._present_on_cpu
        return changed

    def to(self, device: Device) -> Block:
        """Return the block on another device.

        Parameters
        ----------
        device : torch.device or str

        Returns
        -------
        block : Block
        """
        parts = (
            upload(part, device) if isinstance(part, torch.Tensor) else part.to(device)
            for part in self.parts
        )
        moved = self._like(parts, upload(self.present, device))
        moved.cost = self.cost
        moved._present_on_cpu = self._present_on_cpu
        if self.present.device.type == "cpu" != moved.present.device.type:
            moved._present_on_cpu = self.present.numpy()
        return moved

    def _like(self, parts, present):
        block = Block.__new__(Block)
        block.parts = tuple(parts)
        block.present = present
        block.cost = None
        block._present_on_cpu = None
        block._complete = self._complete or None  # some rows may all have it
        block._dtype = self.dtype
        return block

    @property
    def dtype(self) -> torch.dtype:
        """The type in which a module is to compute on this block."""
        return getattr(self, "_dtype", torch.float32)

    def cast(self, dtype: torch.dtype) -> Block:
        """Return the block with its dense floating-point parts in another type.

        Parameters
        ----------
        dtype : torch.dtype

        Returns
        -------
        block : Block
        """
        if dtype == self.dtype:
            return self
        parts = (
            part.to(dtype)
            if isinstance(part, torch.Tensor) and part.is_floating_point()
            else part
            for part in self.parts
        )
        cast = self._like(parts, self.present)
        cast._present_on_cpu = self._present_on_cpu
        cast._dtype = dtype
        return cast

    @property
    def nbytes(self) -> int:
        """Bytes held, all parts and the mask."""
        return sum(part.nbytes for part in self.parts) + self.present.nbytes


def _as_part(part):
    if isinstance(part, (Csr, Ragged, torch.Tensor)):
        return part
    if scipy.sparse.issparse(part):
        return Csr.from_scipy(part)
    part = np.asarray(part)
    if part.dtype == np.float64:  # modules learn in float32
        part = part.astype(np.float32)
    return _as_writeable(part)


def _as_writeable(values, dtype=None):
    """Return a tensor of values, copied if they lie in memory that is only read.

    Torch warns of tensors over such memory, which pandas hands out.
    """
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()
    return torch.as_tensor(values, dtype=dtype)
