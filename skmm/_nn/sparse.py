"""What encoders with sparse features share: an embedding bag, a linear shortcut."""

import torch
from torch import nn

from skmm._nn.seeding import Dropout


class BagTable(nn.Module):
    """Weighted sum of the table rows that a :class:`~skmm._data.containers.Csr` names.

    The table stays float32 when the rest of the module computes in float64: it is
    the big part, and its sums run over a row's own entries in their own order, so
    that they do not depend on the batch.

    Parameters
    ----------
    n_rows, n_features : int
    scale : float
        Standard deviation of the first, random values.
    frequency : array-like of shape (n_rows,), default=None
        In how many training rows each feature is. A table row counts for
        f / (f + 20) of its feature's value: the optimizer moves every table row that
        is met as far as any other, so that features of a few rows, which tell each of
        these rows apart, would be learned by heart. A ridge penalty holds them back
        by the same factor. None stands for no difference.
    """

    keep_float32 = True
    attack_space = "embeddings"

    def __init__(self, n_rows, n_features, *, scale, frequency=None):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_rows, n_features) * scale)
        trust = None
        if frequency is not None:
            frequency = torch.as_tensor(frequency, dtype=torch.float32)
            trust = frequency / (frequency + 20)
        self.register_buffer("trust", trust)

    def forward(self, csr, dtype):
        values = csr.values
        if self.trust is not None:
            trust = self.trust[csr.indices]
            values = trust if values is None else values * trust
        # Autocast would cast the whole table in each step.
        with torch.autocast(self.weight.device.type, enabled=False):
            bag = nn.functional.embedding_bag(
                csr.indices,
                self.weight,
                csr.indptr,
                mode="sum",
                per_sample_weights=values,
                include_last_offset=True,
            )
        return bag.to(dtype)


class SparseModule(nn.Module):
    """Vectors from a sparse part: embedding bag, layer norm, dropout.

    Parameters
    ----------
    n_features, width : int
    dropout : float
        On the bag: few of thousands of features decide, and those are memorised
        unless half of the bag is hidden.
    frequency : array-like of shape (n_features,)
        See :class:`BagTable`.
    part : int, default=0
        Which part of the block it reads.
    """

    def __init__(self, n_features, width, dropout, frequency, part=0):
        super().__init__()
        # Small, so that what is rare and hardly learned does not make noise.
        self.table = BagTable(n_features, width, scale=0.02, frequency=frequency)
        self.net = nn.Sequential(nn.LayerNorm(width), Dropout(dropout))
        self.part = part

    def forward(self, block):
        return self.net(self.table(block[self.part], block.dtype))


class SparseWide(nn.Module):
    """Linear shortcut over a sparse part.

    Parameters
    ----------
    n_features, n_outputs : int
    part : int, default=0
        Which part of the block it reads.
    """

    learning_rate_scale = 3.0

    def __init__(self, n_features, n_outputs, part=0):
        super().__init__()
        self.table = BagTable(n_features, n_outputs, scale=0.0)
        self.part = part

    def forward(self, block):
        return self.table(block[self.part], block.dtype)
