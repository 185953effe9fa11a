"""Rows of varying length in flat tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import scipy.sparse
import torch

from skmm._data.moving import upload

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from skmm._utils.typing import Device


class _LongAndShort:
    """Base of the containers: how long the rows are, without asking the device.

    On another device than the CPU each size that the CPU needs would be a wait for all
    that is computed there. Hence the lengths stay on the CPU, too.
    """

    indptr: torch.Tensor

    #: Of rows on another device, where they are known: ndarray of shape (n_rows,).
    _on_cpu = None

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def longest(self) -> int:
        """Length of the longest row; 0 without rows."""
        if not len(self):
            return 0
        lengths = self.indptr.diff() if self._on_cpu is None else self._on_cpu
        return int(lengths.max())

    def _cut(self, rows, on_cpu):
        """Return the row pointers of some rows, where they are stored, the lengths."""
        if self._on_cpu is None or on_cpu is None:
            return *cut(self.indptr, rows), None
        lengths = self._on_cpu[on_cpu]
        return *cut(self.indptr, rows, int(lengths.sum())), lengths

    def _measured(self, moved):
        """Let what was moved know the lengths; return it."""
        moved._on_cpu = self._on_cpu
        if self.indptr.device.type == "cpu" != moved.indptr.device.type:
            moved._on_cpu = self.indptr.diff().numpy()
        return moved


class Csr(_LongAndShort):
    """Rows of varying length: sparse features, or bags of token ids.

    The layout is that of :class:`scipy.sparse.csr_array`, held in tensors so that a
    batch is cut out on the device. A taken ``Csr`` is what
    :func:`torch.nn.functional.embedding_bag` reads with ``include_last_offset=True``.

    Parameters
    ----------
    indptr : tensor of shape (n_rows + 1,)
    indices : tensor of shape (n_stored,)
    values : tensor of shape (n_stored,) or None
        None stands for ones.
    n_columns : int

    Examples
    --------
    >>> import scipy.sparse, torch
    >>> from skmm.encoders import Csr
    >>> rows = Csr.from_scipy(scipy.sparse.eye_array(3))
    >>> rows.take(torch.tensor([2, 0])).indices.tolist()
    [2, 0]
    """

    def __init__(
        self,
        indptr: torch.Tensor,
        indices: torch.Tensor,
        values: torch.Tensor | None,
        n_columns: int,
    ) -> None:
        self.indptr = indptr
        self.indices = indices
        self.values = values
        self.n_columns = n_columns

    @classmethod
    def from_scipy(cls, matrix: Any) -> Self:
        """Read a scipy sparse matrix; its values are kept in float32.

        Parameters
        ----------
        matrix : scipy sparse matrix or array of shape (n_rows, n_columns)

        Returns
        -------
        rows : Csr
        """
        matrix = matrix.tocsr()
        values = np.ascontiguousarray(matrix.data, dtype=np.float32)
        return cls(
            # 32 bits halve the memory; embedding_bag wants both in one type.
            torch.from_numpy(_index_array(matrix.indptr, matrix.nnz)),
            torch.from_numpy(_index_array(matrix.indices, matrix.nnz)),
            torch.from_numpy(values),
            matrix.shape[1],
        )

    def to_scipy(self) -> scipy.sparse.csr_matrix:
        """Return the rows as a scipy sparse matrix.

        Returns
        -------
        matrix : csr_matrix of shape (n_rows, n_columns)
        """
        indptr, indices = self.indptr.cpu().numpy(), self.indices.cpu().numpy()
        if self.values is None:
            values = np.ones(len(indices), np.float32)
        else:
            values = self.values.cpu().numpy()
        return scipy.sparse.csr_matrix(
            (values, indices, indptr), shape=(len(self), self.n_columns)
        )

    def take(
        self, rows: torch.Tensor, on_cpu: npt.NDArray[np.int64] | None = None
    ) -> Csr:
        """Return some rows.

        Parameters
        ----------
        rows : tensor of int64, shape (n,)
            Their numbers, in the order that is wanted.
        on_cpu : ndarray of int64, shape (n,), default=None
            The same numbers, where they are known without asking the device.

        Returns
        -------
        rows : Csr
        """
        indptr, where, lengths = self._cut(rows, on_cpu)
        values = None if self.values is None else self.values.index_select(0, where)
        indices = self.indices.index_select(0, where)
        taken = Csr(indptr, indices, values, self.n_columns)
        taken._on_cpu = lengths
        return taken

    def to(self, device: Device) -> Csr:
        """Return the rows on another device.

        Parameters
        ----------
        device : torch.device or str

        Returns
        -------
        rows : Csr
        """
        values = None if self.values is None else upload(self.values, device)
        indptr, indices = (upload(part, device) for part in (self.indptr, self.indices))
        return self._measured(Csr(indptr, indices, values, self.n_columns))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        stored = (self.indptr, self.indices, self.values)
        return sum(part.nbytes for part in stored if part is not None)


class Ragged(_LongAndShort):
    """Rows of varying length of dense steps: series, recordings.

    All steps lie one after the other in one tensor, so that a batch is cut out on the
    device and padded to its own longest row.

    Parameters
    ----------
    indptr : tensor of int64, shape (n_rows + 1,)
        Where each row starts, and the last ends.
    values : tensor of shape (n_steps, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from skmm.encoders import Ragged
    >>> rows = Ragged.from_arrays([np.ones((2, 3)), None, np.ones((5, 3))], step=(3,))
    >>> rows.lengths.tolist()
    [2, 0, 5]
    >>> padded, mask = rows.padded()
    >>> padded.shape, mask.sum().item()
    (torch.Size([3, 5, 3]), 7)
    """

    def __init__(self, indptr: torch.Tensor, values: torch.Tensor) -> None:
        self.indptr = indptr
        self.values = values

    @classmethod
    def from_arrays(
        cls,
        arrays: Sequence[npt.NDArray[Any] | None],
        step: tuple[int, ...] = (),
        dtype: npt.DTypeLike = np.float32,
    ) -> Self:
        """Read a list of arrays of shape (steps, ...), None where a row has none.

        Parameters
        ----------
        arrays : list of ndarray or None
        step : tuple of int, default=()
            Shape of a step, which no array tells where all are None.
        dtype : dtype, default=float32

        Returns
        -------
        rows : Ragged
        """
        lengths = [0 if array is None else len(array) for array in arrays]
        indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        values = np.empty((indptr[-1], *step), dtype)
        for start, array in zip(indptr, arrays):
            if array is not None:
                values[start : start + len(array)] = array
        return cls(torch.from_numpy(indptr), torch.from_numpy(values))

    @property
    def lengths(self) -> torch.Tensor:
        """Steps of each row."""
        return self.indptr.diff()

    def take(
        self, rows: torch.Tensor, on_cpu: npt.NDArray[np.int64] | None = None
    ) -> Ragged:
        """Return some rows.

        Parameters
        ----------
        rows : tensor of int64, shape (n,)
            Their numbers, in the order that is wanted.
        on_cpu : ndarray of int64, shape (n,), default=None
            The same numbers, where they are known without asking the device.

        Returns
        -------
        rows : Ragged
        """
        indptr, where, lengths = self._cut(rows, on_cpu)
        taken = Ragged(indptr, self.values.index_select(0, where))
        taken._on_cpu = lengths
        return taken

    def to(self, device: Device) -> Ragged:
        """Return the rows on another device.

        Parameters
        ----------
        device : torch.device or str

        Returns
        -------
        rows : Ragged
        """
        moved = Ragged(upload(self.indptr, device), upload(self.values, device))
        return self._measured(moved)

    def padded(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the steps in one tensor, with zeros behind each row's end.

        Returns
        -------
        steps : tensor of shape (n_rows, longest, ...)
        mask : tensor of bool, shape (n_rows, longest)
            True where a row has a step.
        """
        n, total, device = len(self), len(self.values), self.indptr.device
        longest, lengths = self.longest, self.lengths
        mask = torch.arange(longest, device=device) < lengths[:, None]
        # Assigning by the mask would wait for a GPU to count its places.
        shift = torch.arange(n, device=device) * longest - self.indptr[:-1]
        shift = torch.repeat_interleave(shift, lengths, output_size=total)
        places = torch.arange(total, device=device) + shift
        padded = self.values.new_zeros(n * longest, *self.values.shape[1:])
        padded.index_copy_(0, places, self.values)
        return padded.reshape(n, longest, *self.values.shape[1:]), mask

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.indptr.nbytes + self.values.nbytes


def cut(indptr, rows, total=None):
    """Return the row pointers of some rows, and where their entries are stored.

    Parameters
    ----------
    indptr : tensor of shape (n_rows + 1,)
    rows : tensor of int64, shape (n,)
    total : int, default=None
        How many entries they have, where that is known.
    """
    start = indptr.index_select(0, rows)
    length = indptr.index_select(0, rows + 1) - start
    cut = torch.zeros(len(rows) + 1, dtype=start.dtype, device=start.device)
    torch.cumsum(length, 0, out=cut[1:])
    total = int(cut[-1]) if total is None else total
    shift = torch.repeat_interleave(start - cut[:-1], length, output_size=total)
    where = shift + torch.arange(total, dtype=shift.dtype, device=shift.device)
    return cut, where


def _index_array(array, n_stored):
    dtype = np.int32 if n_stored < 2**31 else np.int64
    return np.ascontiguousarray(array, dtype=dtype)
