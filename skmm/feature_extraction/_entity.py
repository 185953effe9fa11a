"""Turn columns of nodes of a knowledge graph into numbers."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.utils import check_random_state

from skmm._data import graph as _graph
from skmm._data.frames import cell_kind
from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._base import CellsTransformer
from skmm.feature_extraction._cells import as_one_column
from skmm.feature_extraction._graph_embedding import COMPLEX, MODELS, train_embedding

if TYPE_CHECKING:
    from skmm._utils.typing import FloatArray, Names, RandomState, TableLike

FEATURES = ("degree", "pagerank", "landmarks", "relations")


class EntityVectorizer(CellsTransformer):
    """Turn columns of nodes of a knowledge graph into numbers.

    A cell is the id of a node, a string or a number. The features of a node are learned
    from the triples only, never from the rows of X.

    Parameters
    ----------
    triples : array-like or DataFrame (pandas or polars) of shape (n_triples, 3)
        The graph: head, relation and tail of each link. Repeated triples count once.
    features : tuple or list of str, default=("degree", "pagerank", "landmarks", \
"relations")
        Statistics of a node, each as ``log(1 + x)``:

        - "degree": the number of incoming and of outgoing links;
        - "pagerank": PageRank along the links [1]_, 1 on average;
        - "landmarks": personalised PageRank, one feature for each landmark, 1 on
          average. It says how near the landmark is by links in both directions.
          Landmarks are the nodes with the largest PageRank;
        - "relations": for each relation, the number of links from the node (as head)
          and to it (as tail).
    n_landmarks : int, default=8
        Number of landmarks. A graph with fewer nodes has fewer.
    max_relations : int, default=50
        Largest number of relations that "relations" counts. The most frequent ones are
        taken.
    embedding : {"transe", "distmult", "complex", "rotate"} or None, default=None
        Model of PyKEEN that learns a vector for each node, by telling the links of the
        graph from other pairs of nodes: TransE [2]_, DistMult [3]_, ComplEx [4]_ or
        RotatE [5]_. None trains no vectors.
    n_components : int, default=32
        Length of a node's vector. It must be even with "complex" and "rotate": the
        first half holds the real parts of complex numbers, the second half their
        imaginary parts.
    n_epochs : int, default=30
        Number of passes over the triples.
    learning_rate : float, default=0.01
        Learning rate of the Adam optimizer.
    batch_size : int or "auto", default="auto"
        Number of triples in a training step. "auto" chooses from 16 to 512 triples, so
        that an epoch has about 64 steps.
    device : str, default="auto"
        Torch device of the training. "auto" takes a GPU if there is one.
    random_state : int, RandomState instance or None, default=0
        Seed of the training.

    Attributes
    ----------
    nodes_ : ndarray of str of shape (n_nodes,)
        The ids of the graph, sorted.
    relations_ : ndarray of str of shape (n_relations,)
        The relations of the graph, sorted.
    node_embeddings_ : ndarray of shape (n_nodes, n_components)
        The trained vectors of the nodes, in the order of `nodes_`. Only with
        `embedding`.
    relation_embeddings_ : ndarray of shape (n_relations, n_components)
        The trained vectors of the relations, in the order of `relations_`. Only with
        `embedding`.
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    Raises
    ------
    ValueError
        If `triples` is empty, does not have three columns, or has a missing value.
    ImportError
        If `embedding` is given and PyKEEN is not installed.

    See Also
    --------
    TextVectorizer : Columns of text.

    Notes
    -----
    **Ids** are compared as strings, and whole numbers are written without a fraction:
    1, 1.0 and ``"1"`` are the same node, since pandas turns a column of integers with a
    missing value into floats. ``"1.0"`` and ``"01"`` are different nodes.

    **Missing.** An id that is not in the graph is treated as an empty cell: all its
    features are NaN. There is a warning only if `fit` finds no id of a column in the
    graph.

    **Statistics.** The random walk of PageRank continues with probability 0.85 and
    restarts otherwise, or where a node has no outgoing link. It restarts at a random
    node for "pagerank" and at the landmark for "landmarks". Several relations between
    two nodes count as several links.

    **Embeddings** are trained at each `fit`, by cross-entropy against all other nodes
    [6]_, or against 128 random ones in graphs of more than 128 nodes. With the vectors
    h, r and t of head, relation and tail, the score of a link is
    ``-sum(abs(h + r - t))`` ("transe"), ``sum(h * r * t)`` ("distmult"),
    ``sum(h * r * conj(t)).real`` ("complex") or ``-norm(h * r - t)`` ("rotate").

    A pickle holds numpy arrays, and loading it does not need PyKEEN. When PyKEEN is
    imported, it creates a folder for its data, ``~/.data/pykeen``, or one below the
    environment variable ``PYSTOW_HOME``; skmm writes nothing there.

    References
    ----------
    .. [1] Page, Brin, Motwani, Winograd: The PageRank Citation Ranking: Bringing Order
       to the Web, Stanford InfoLab, 1999.
    .. [2] Bordes, Usunier, Garcia-Duran, Weston, Yakhnenko: Translating Embeddings for
       Modeling Multi-relational Data, NeurIPS 2013.
    .. [3] Yang, Yih, He, Gao, Deng: Embedding Entities and Relations for Learning and
       Inference in Knowledge Bases, ICLR 2015.
    .. [4] Trouillon, Welbl, Riedel, Gaussier, Bouchard: Complex Embeddings for Simple
       Link Prediction, ICML 2016.
    .. [5] Sun, Deng, Nie, Tang: RotatE: Knowledge Graph Embedding by Relational
       Rotation in Complex Space, ICLR 2019.
    .. [6] Ruffinelli, Broscheit, Gemulla: You CAN Teach an Old Dog New Tricks! On
       Training Knowledge Graph Embeddings, ICLR 2020.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.feature_extraction import EntityVectorizer
    >>> triples = [
    ...     ("anna", "likes", "ben"),
    ...     ("ben", "likes", "anna"),
    ...     ("carl", "likes", "anna"),
    ...     ("carl", "knows", "dora"),
    ... ]
    >>> X = pd.DataFrame({"who": ["anna", "carl", "someone else"]})
    >>> vectorizer = EntityVectorizer(triples, features=["degree", "relations"])
    >>> vectorizer.set_output(transform="pandas").fit_transform(X).T.round(2)
                                0     1   2
    who__degree_in           1.10  0.00 NaN
    who__degree_out          0.69  1.10 NaN
    who__relation_likes_as_head  0.69  0.69 NaN
    who__relation_likes_as_tail  1.10  0.00 NaN
    who__relation_knows_as_head  0.00  0.69 NaN
    who__relation_knows_as_tail  0.00  0.00 NaN
    >>> vectors = EntityVectorizer(triples, features=(), embedding="rotate").fit(X)
    >>> vectors.transform(["anna", "carl", None]).shape
    (3, 32)
    """

    _what = "ids"

    _parameter_constraints = {
        "triples": "no_validation",
        "features": [tuple, list],
        "n_landmarks": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_relations": [Interval(numbers.Integral, 1, None, closed="left")],
        "embedding": [StrOptions(set(MODELS)), None],
        "n_components": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(numbers.Integral, 1, None, closed="left"),
        ],
        "device": [str],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        triples: TableLike,
        *,
        features: Names = FEATURES,
        n_landmarks: int = 8,
        max_relations: int = 50,
        embedding: Literal["transe", "distmult", "complex", "rotate"] | None = None,
        n_components: int = 32,
        n_epochs: int = 30,
        learning_rate: float = 0.01,
        batch_size: int | Literal["auto"] = "auto",
        device: str = "auto",
        random_state: RandomState = 0,
    ) -> None:
        self.triples = triples
        self.features = features
        self.n_landmarks = n_landmarks
        self.max_relations = max_relations
        self.embedding = embedding
        self.n_components = n_components
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.device = device
        self.random_state = random_state

    @staticmethod
    def _one_column(X):
        import pandas as pd

        # A 1-D array of floats is scikit-learn's to refuse.
        if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "iuUO":
            X = X.tolist()
        if isinstance(X, (list, tuple)) and X and all(map(_is_id_or_missing, X)):
            return pd.DataFrame({0: pd.Series(X, dtype=object)})
        return as_one_column(X)

    def _check_options(self):
        wrong = [name for name in self.features if name not in FEATURES]
        if wrong or len(set(self.features)) < len(self.features):
            raise ValueError(
                f"features={self.features!r}: give each of {', '.join(FEATURES)} at "
                "most once."
            )
        if not self.features and self.embedding is None:
            raise ValueError(
                f"There is nothing to compute: give features, such as {FEATURES!r}, or "
                f"an embedding, one of {', '.join(MODELS)}."
            )
        if self.embedding in COMPLEX and self.n_components % 2:
            raise ValueError(
                f"n_components={self.n_components!r} with embedding="
                f"{self.embedding!r}: give an even number, for real and imaginary "
                "parts."
            )

    def _read_frame(self, X, reset):
        frame = super()._read_frame(X, reset)
        if reset:
            # Once for all columns, and only where X can be read.
            self._nodes = self._describe_nodes()
        return frame

    def _describe_nodes(self):
        graph = _graph.read_graph(self.triples)
        self.nodes_ = np.array(graph.nodes, dtype=object)
        self.relations_ = np.array(graph.relations, dtype=object)
        described = {
            "degree": lambda: _graph.degrees(graph),
            "pagerank": lambda: _graph.pagerank(graph),
            "landmarks": lambda: _graph.landmarks(graph, self.n_landmarks),
            "relations": lambda: _graph.relation_counts(graph, self.max_relations),
        }
        parts = [described[name]() for name in self.features]
        vars(self).pop("relation_embeddings_", None)  # those of an earlier fit
        if self.embedding is not None:
            parts.append(self._embed(graph))
        return NodeTable(graph.nodes, parts)

    def _embed(self, graph):
        vectors, self.relation_embeddings_ = train_embedding(
            graph,
            self.embedding,
            self.n_components,
            n_epochs=self.n_epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            device=self.device,
            seed=check_random_state(self.random_state).randint(2**31 - 1),
        )
        names = [f"{self.embedding}_{i}" for i in range(self.n_components)]
        return names, vectors

    @property
    def node_embeddings_(self) -> FloatArray:
        if not hasattr(self, "relation_embeddings_"):
            raise AttributeError("node_embeddings_ needs fit with an embedding.")
        # Last in the table, which a pickle should not hold twice.
        return self._nodes.features[:-1, -self.relation_embeddings_.shape[1] :]

    def _fit_column(self, column, y):
        features = self._nodes.take(column)
        if np.isnan(features[:, 0]).all():
            warnings.warn(
                f"Column {column.name!r} holds no node of the graph in any of "
                f"{len(column)} rows, and gives NaN. Ids of the graph are such as "
                f"{self.nodes_[0]!r}: choose the column that holds them, or leave it "
                "out.",
                UserWarning,
                stacklevel=6,
            )
        return self._nodes, features

    def _transform_column(self, fitted, column):
        return fitted.take(column)


class NodeTable:
    """The features of all nodes of a graph, one table for all columns."""

    def __init__(self, nodes, parts):
        self.rows = {node: row for row, node in enumerate(nodes)}
        self.names = [name for names, _ in parts for name in names]
        features = np.hstack([matrix for _, matrix in parts], dtype=np.float32)
        # One row more, for what is not in the graph.
        self.features = np.pad(features, [(0, 1), (0, 0)], constant_values=np.nan)

    def suffixes(self):
        return self.names

    def take(self, column):
        keys = _graph.to_keys(column, f"Column {column.name!r}")
        return self.features[[self.rows.get(key, -1) for key in keys]]


def _is_id_or_missing(cell):
    import pandas as pd

    kinds = ("string", "number", "boolean")
    return cell is None or cell is pd.NA or cell_kind(type(cell)) in kinds
