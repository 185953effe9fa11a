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
        A string stands for a length that each call has its own of; "n" is the number
        of rows.
    most : int or None
        Bound of the length that is neither of rows nor fixed.
    """

    name: str
    dtype: str
    shape: tuple
    most: int | None = None


class Dense(NamedTuple):
    """A tensor whose first axis is the rows: `numbers`, `codes`, `vector`, `pixels`.

    Whole numbers are int64, except pixels, which stay uint8; others are float32, NaN
    where missing.
    """

    name: str
    place: int
    dtype: str
    shape: tuple

    def leaves(self):
        return [Leaf(self.name, self.dtype, ("n", *map(int, self.shape)))]

    def arrays(self, block):
        return [block[self.place].cpu().numpy().astype(self.dtype, copy=False)]

    def read(self, inputs):
        return inputs[self.name]


class Bag(NamedTuple):
    """Sparse features in rows: `name.indices`, `name.values`, `name.offsets`.

    The layout is that of a CSR matrix, each row's indices in ascending order: row i has
    the entries from ``offsets[i]`` to ``offsets[i + 1]``.
    """

    name: str
    place: int

    def leaves(self):
        return bag_leaves(self.name)

    def arrays(self, block):
        return bag_arrays(block[self.place].to_scipy())

    def read(self, inputs):
        return tuple(inputs[leaf.name] for leaf in self.leaves())


class Tokens(NamedTuple):
    """Token ids (n, t), 0 behind the end of a row's tokens; t is that of the longest.

    A row has at least one token.
    """

    name: str
    place: int
    longest: int

    def leaves(self):
        shape = "n", f"{self.name}.length"
        return [Leaf(self.name, "int64", shape, int(self.longest))]

    def read(self, inputs):
        return inputs[self.name]

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
    n_channels: int

    def leaves(self):
        shape = "n", f"{self.name}.length", int(self.n_channels)
        return [
            Leaf(self.name, "float32", shape),
            Leaf(f"{self.name}.lengths", "int64", ("n",)),
        ]

    def read(self, inputs):
        return tuple(inputs[leaf.name] for leaf in self.leaves())

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


def parts_of(name, encoder, heads):
    """Return what some heads read of the blocks of an encoder.

    Parameters
    ----------
    name : str
        The modality's.
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
    if kind in _OF_FUSED and "fused" not in heads:
        return []
    parts = _PARTS[kind](encoder, heads)
    return [part._replace(name=f"{name}.{part.name}") for part in parts]


def _of_table(encoder, heads):
    return [
        Dense("numbers", 0, "float32", (len(encoder.edges_),)),
        Dense("codes", 1, "int64", (len(encoder.n_codes_),)),
    ]


def _of_text(encoder, heads):
    parts = []
    if encoder.backbone != "bag" and "fused" in heads:
        parts.append(Tokens("tokens", 0, encoder.reader_.tokens_.longest_))
    is_read = encoder.backbone == "bag" and "fused" in heads
    if is_read or (encoder.wide and "wide" in heads):
        parts.append(Bag("ngrams", -1))
    return parts


def _of_vector(encoder, heads):
    return [Dense("vector", 0, "float32", (encoder.n_features_,))]


def _of_transformer(encoder, heads):
    if encoder.is_sparse_:
        return [Bag("features", 0)]
    return _of_vector(encoder.vector_, heads)


def _of_image(encoder, heads):
    return [Dense("pixels", 0, "uint8", (encoder._n_channels, *encoder.size_))]


def _of_series(encoder, heads):
    n_channels = len(encoder.mean_) * (2 if encoder.missing == "mask" else 1)
    return [Steps("steps", 0, n_channels)]


def _of_module(encoder, heads):
    return [Dense("values", 0, "float32", encoder.shape_)]


#: By the encoder's class.
_PARTS = {
    "TabularEncoder": _of_table,
    "TextEncoder": _of_text,
    "VectorEncoder": _of_vector,
    "TransformerEncoder": _of_transformer,
    "ImageEncoder": _of_image,
    "SeriesEncoder": _of_series,
    "ModuleEncoder": _of_module,
}
#: Those of which the wide head reads nothing.
_OF_FUSED = {"ImageEncoder", "SeriesEncoder", "ModuleEncoder"}
