"""Vectors, of which features have been extracted before."""

import numpy as np

from skmm._plain.cells import is_nothing
from skmm._plain.table import standardize
from skmm.runtime._encoder import Encoded, Encoder
from skmm.runtime._errors import RowError, refuse
from skmm.runtime._sparse import from_dense


class VectorEncoder(Encoder):
    """Vectors, in columns of numbers or as lists in one column."""

    def __init__(self, description):
        super().__init__(description)
        self.mean, self.scale = description.array("mean"), description.array("scale")
        if len(self.mean) != len(self.scale):
            raise ValueError("the numbers of a vector have not as many scales")

    def encode(self, columns):
        if len(columns) == 1 and len(self.mean) > 1:
            vectors = [self._vector(c, row) for row, c in enumerate(columns[0])]
            values = np.array(vectors, np.float64).reshape(-1, len(self.mean))
        else:
            values = np.array(
                [
                    [self._number(cell, label, row) for row, cell in enumerate(cells)]
                    for label, cells in zip(self.labels, columns)
                ]
            ).T
        present = ~np.isnan(values).all(axis=1)
        scaled = np.nan_to_num(standardize(values, self.mean, self.scale), nan=0.0)
        return EncodedVector(scaled.astype(np.float32), present)

    def _vector(self, cell, row):
        if not hasattr(cell, "__len__") and is_nothing(cell):
            return np.full(len(self.mean), np.nan)
        if isinstance(cell, (str, bytes, dict)) or not hasattr(cell, "__len__"):
            raise refuse(
                self.labels[0], row, cell, "is not a list of numbers", "Pass one."
            )
        if not len(cell):
            return np.full(len(self.mean), np.nan)
        if len(cell) != len(self.mean):
            raise RowError(
                f"Column {self.labels[0]!r}, row {row}: a list of {len(cell)} numbers; "
                f"the vectors at fit had {len(self.mean)}."
            )
        return [self._number(number, self.labels[0], row) for number in cell]

    def _number(self, cell, label, row):
        if cell is None:
            return np.nan
        try:
            number = np.nan if isinstance(cell, (str, bytes)) else float(cell)
        except (TypeError, ValueError, OverflowError):
            number = np.inf
        if isinstance(cell, (str, bytes)) or np.isinf(number):
            raise refuse(label, row, cell, "is not a finite number", "Pass one.")
        return number


class EncodedVector(Encoded):
    """Standardised vectors."""

    def __init__(self, vector, present):
        self.vector = vector
        self.present = present

    def arrays(self):
        return {"vector": self.vector}

    def trees(self):
        return self.vector / np.sqrt(np.float32(self.vector.shape[1]))

    def linear(self):
        return from_dense(self.trees())
