"""Numbers, categories and dates of a table."""

import numpy as np

from skmm._plain.table import scale_numbers, spread_table
from skmm.runtime._encoder import Encoded, Encoder
from skmm.runtime._readers import READERS
from skmm.runtime._sparse import Sparse


class TabularEncoder(Encoder):
    """Numbers, categories and dates."""

    def __init__(self, description):
        super().__init__(description)
        self.readers = [
            READERS[reader.text("kind", READERS)](label, reader)
            for label, reader in zip(
                self.labels, description.each("readers"), strict=True
            )
        ]
        self.center = description.array("center")
        self.scale = description.array("scale")
        self.edges = description.arrays("edges")
        self.moments = description.arrays("moments")
        self.n_codes = [r.n_codes for r in self.readers if r.gives_codes]
        n_numbers = sum(r.n_features for r in self.readers if not r.gives_codes)
        sizes = {len(self.center), len(self.scale), len(self.edges)}
        sizes |= set(map(len, self.moments))
        if sizes != {n_numbers} or len(self.moments) != 2:
            raise ValueError("the numbers of a table are not as many as its columns")

    def encode(self, columns):
        numbers, codes = [np.empty((len(columns[0]), 0))], []
        for reader, cells in zip(self.readers, columns):
            values = reader.read(cells)
            (codes if reader.gives_codes else numbers).append(values)
        numbers = np.concatenate(numbers, axis=1)
        shape = len(numbers), 0
        codes = np.stack(codes, axis=1) if codes else np.empty(shape, np.int64)
        present = (~np.isnan(numbers)).any(axis=1) | (codes > 0).any(axis=1)
        scaled = scale_numbers(numbers, self.center, self.scale).astype(np.float32)
        return EncodedTable(self, scaled, codes, present)


class EncodedTable(Encoded):
    """Numbers in units of their columns' spread, and codes of categories."""

    def __init__(self, encoder, numbers, codes, present):
        self.encoder = encoder
        self.numbers = numbers
        self.codes = codes
        self.present = present

    def arrays(self):
        return {"numbers": self.numbers, "codes": self.codes}

    def linear(self):
        encoder = self.encoder
        values, columns, indptr, n_columns = spread_table(
            self.numbers, encoder.edges, encoder.moments, self.codes, encoder.n_codes
        )
        return Sparse(columns.astype(np.int64), values, np.diff(indptr), int(n_columns))

    def trees(self):
        return np.concatenate([self.numbers, self.codes.astype(np.float32)], axis=1)
