"""What a network is tuned on: classes, sets of labels, or numbers."""

import dataclasses

import numpy as np
import scipy.sparse
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target


@dataclasses.dataclass(frozen=True)
class Target:
    """What the head is to say of each row.

    Parameters
    ----------
    kind : {"classes", "labels", "numbers"}
    values : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Indices of classes, 0 or 1 for each label, or numbers.
    n_outputs : int
    """

    kind: str
    values: np.ndarray
    n_outputs: int

    def take(self, rows):
        return dataclasses.replace(self, values=self.values[rows])

    def standardised(self):
        """Return numbers of mean 0 and deviation 1; others as they are."""
        if self.kind != "numbers":
            return self
        deviation = self.values.std(axis=0)
        deviation[deviation == 0] = 1
        values = (self.values - self.values.mean(axis=0)) / deviation
        return dataclasses.replace(self, values=values.astype(np.float32))

    def loss(self, logits, values):
        from torch.nn import functional

        losses = {
            "classes": functional.cross_entropy,
            "labels": functional.binary_cross_entropy_with_logits,
            "numbers": functional.mse_loss,
        }
        return losses[self.kind](logits.float(), values)


def read_target(y, target_type):
    """Read what is to be learned: classes, sets of labels, or numbers.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
    target_type : {"auto", "classification", "regression"}

    Returns
    -------
    target : Target

    Raises
    ------
    ValueError
        If `y` is of another kind, or is missing in a row.
    """
    y = check_array(y, ensure_2d=False, dtype=None, accept_sparse="csr", input_name="y")
    y = y.toarray() if scipy.sparse.issparse(y) else y
    y = y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if target_type == "regression" or (
        target_type == "auto" and kind.startswith("continuous")
    ):
        values = y.astype(np.float32)
        return Target("numbers", values.reshape(len(y), -1), values[:1].size)
    if kind in ("binary", "multiclass"):
        classes, values = np.unique(y, return_inverse=True)
        return Target("classes", values.astype(np.int64), len(classes))
    if kind == "multilabel-indicator":
        return Target("labels", y.astype(np.float32), y.shape[1])
    raise ValueError(
        f"y is of type {kind!r}, which target_type={target_type!r} cannot learn. Give "
        "classes, a matrix of 0 and 1, or numbers with target_type='regression'."
    )
