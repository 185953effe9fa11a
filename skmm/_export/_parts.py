"""Which parts of a block enter the graph, and as which arrays."""

from typing import NamedTuple

import numpy as np

from skmm.augmentation._text import PADDING


class Leaf(NamedTuple):
    """One input of the graph.

    Attributes
    ----------
    name : str
    dtype : str
        As of numpy.
    shape : tuple of int or str
        A string stands for a length that each call has its own of; the first one of
        rows is "n".
    """

    name: str
    dtype: str
    shape: tuple


class Dense(NamedTuple):
    """A tensor whose first axis is the rows: `numbers`, `codes`, `vector`, `pixels`.

    Whole numbers are int64, except pixels, which stay uint8; others are float32, NaN
    where missing.
    """

    name: str
    place: int

    def leaves(self, block):
        part = block[self.place]
        dtype = str(part.dtype).removeprefix("torch.")
        dtype = dtype if dtype in ("float32", "uint8") else "int64"
        return [Leaf(self.name, dtype, ("n", *part.shape[1:]))]

    def arrays(self, block):
        (leaf,) = self.leaves(block)
        return [block[self.place].cpu().numpy().astype(leaf.dtype, copy=False)]


class Bag(NamedTuple):
    """Sparse features in rows: `name.indices`, `name.values`, `name.offsets`.

    The layout is that of a CSR matrix, each row's indices in ascending order: row i has
    the entries from ``offsets[i]`` to ``offsets[i + 1]``.
    """

    name: str
    place: int

    def leaves(self, block):
        return bag_leaves(self.name)

    def arrays(self, block):
        return bag_arrays(block[self.place].to_scipy())


class Tokens(NamedTuple):
    """Token ids (n, t), 0 behind the end of a row's tokens; t is that of the longest.

    A row has at least one token.
    """

    name: str
    place: int

    def leaves(self, block):
        return [Leaf(self.name, "int64", ("n", f"{self.name}.length"))]

    def arrays(self, block):
        tokens = block[self.place]
        lengths = np.diff(tokens.indptr.cpu().numpy())
        ids = np.full((len(lengths), lengths.max(initial=1)), PADDING, np.int64)
        ids[np.arange(ids.shape[1]) < lengths[:, None]] = tokens.indices.cpu().numpy()
        return [ids]


class Steps(NamedTuple):
    """A series' steps (n, t, channels), zeros behind its end, and `name.lengths` (n,).

    t is the length of the longest one, and at least 1.
    """

    name: str
    place: int

    def leaves(self, block):
        n_channels = block[self.place].values.shape[1]
        return [
            Leaf(self.name, "float32", ("n", f"{self.name}.length", n_channels)),
            Leaf(f"{self.name}.lengths", "int64", ("n",)),
        ]

    def arrays(self, block):
        ragged = block[self.place]
        lengths = ragged.lengths.cpu().numpy().astype(np.int64)
        values = ragged.values.cpu().numpy()
        shape = len(lengths), max(lengths.max(initial=1), 1), values.shape[1]
        steps = np.zeros(shape, np.float32)
        steps[np.arange(shape[1]) < lengths[:, None]] = values
        return [steps, lengths]


def bag_leaves(name):
    """Return the three inputs that sparse features are.

    Parameters
    ----------
    name : str
    """
    stored = (f"{name}.stored",)
    return [
        Leaf(f"{name}.indices", "int64", stored),
        Leaf(f"{name}.values", "float32", stored),
        Leaf(f"{name}.offsets", "int64", ("n + 1",)),
    ]


def bag_arrays(matrix):
    """Return indices, values and offsets of a sparse matrix.

    Parameters
    ----------
    matrix : csr_matrix of shape (n_rows, n_features)
    """
    matrix = matrix.copy()
    matrix.sort_indices()
    return [
        matrix.indices.astype(np.int64),
        matrix.data.astype(np.float32),
        matrix.indptr.astype(np.int64),
    ]


def parts_of(encoder, heads):
    """Return what some heads read of the blocks of an encoder.

    Parameters
    ----------
    encoder : Encoder
        Fitted, one that can be exported.
    heads : set of str
        Of "fused" and "wide".

    Returns
    -------
    parts : list of Dense, Bag, Tokens or Steps
    """
    if not heads & {"fused", "wide"}:
        return []
    kind = type(encoder).__name__
    if kind == "TextEncoder":
        parts = []
        if encoder.backbone != "bag" and "fused" in heads:
            parts.append(Tokens("tokens", 0))
        if (encoder.backbone == "bag" and "fused" in heads) or (
            encoder.wide and "wide" in heads
        ):
            parts.append(Bag("ngrams", -1))
        return parts
    if kind == "TransformerEncoder":
        return [Bag("features", 0) if encoder.is_sparse_ else Dense("vector", 0)]
    if kind in _OF_FUSED and "fused" not in heads:
        return []
    return _PARTS[kind]


#: By the encoder's class.
_PARTS = {
    "TabularEncoder": [Dense("numbers", 0), Dense("codes", 1)],
    "VectorEncoder": [Dense("vector", 0)],
    "ImageEncoder": [Dense("pixels", 0)],
    "SeriesEncoder": [Steps("steps", 0)],
    "ModuleEncoder": [Dense("values", 0)],
}
#: Those of which the wide head reads nothing.
_OF_FUSED = {"ImageEncoder", "SeriesEncoder", "ModuleEncoder"}
