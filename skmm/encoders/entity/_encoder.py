"""Nodes of a knowledge graph, learned end to end with their neighbours."""

from __future__ import annotations

import os
import pathlib
import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse

from skmm._data.blocks import Block
from skmm._data.containers import Csr
from skmm._data.frames import as_frame, show_label
from skmm._data.graph import read_graph, to_keys
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, SequenceOf, check_options
from skmm.encoders._base import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._utils.typing import Features, PathLike, TableLike


class EntityEncoder(Encoder):
    """Read columns of nodes of a knowledge graph, and use what the graph says of them.

    A cell is the id of a node, a string or a number. Each node has a learned vector and
    gets messages from its neighbours, which got messages from theirs, and so on. For
    example, facts about a movie's director help to predict every row with that movie,
    even if no training row has it. All columns must belong to the same graph. If a row
    has two nodes, the product of their vectors is used as well.

    An id that is not in the graph counts as missing. A row whose ids are all missing
    does not have the modality.

    Parameters
    ----------
    triples : DataFrame (pandas or polars), array-like or path
        The graph: head, relation and tail of each link. A path is that of a parquet
        file or of a text file: a .csv file has commas and a first line with names, any
        other file has tabs and no names. Repeated triples count once. Messages are
        passed in both directions.
    conv : {"gat", "rgcn", "none"}, default="gat"
        How messages are combined: "gat" by attention among the neighbours of each
        relation [1]_, "rgcn" by their mean for each relation, with weights of the
        relation [2]_. "none" passes no messages.
    dim : int, default=64
        Size of a node's vector.
    n_layers : int, default=2
        Number of layers, which is the number of links that a message travels.
    n_bases : int, default=4
        Number of weight matrices that the relations mix, with ``conv="rgcn"``.
    features : DataFrame or None, default=None
        Further facts about nodes: columns of numbers, with the ids in the index. They
        are standardised and added to the vectors by a linear layer. Missing numbers
        become the mean.
    pretrain_epochs : int, default=0
        Number of passes over the triples before the training, in which the vectors of
        the nodes learn to tell the links of the graph (DistMult [3]_). Raise it if many
        nodes occur in few training rows.
    wide : bool, default=True
        If True, the heads "linear" and "wide" of the estimator read the nodes and, by
        relation, their neighbours.
    max_links : int, default=2_000
        Number of triples above which a training step uses a sample of neighbours
        instead of the whole graph [4]_, which saves time. Predictions always use the
        whole graph.
    n_neighbors : int or tuple of int, default=(15, 10)
        Number of neighbours in a sample: of the rows' nodes, of their neighbours, and
        so on. The last number applies to all further layers.
    dropout : float, default=0.1
        Dropout rate of the output of each layer, from 0 to 1.
    link_dropout : float, default=0.1
        Probability that a link is left out in a training step.
    node_dropout : float, default=0.2
        Probability that a node's own vector is left out in a training step, so that
        only its neighbours describe it. It has no effect with ``conv="none"``.
    random_state : int, default=0
        Seed of the random numbers of `pretrain_epochs`.

    Attributes
    ----------
    nodes_ : ndarray of str of shape (n_nodes,)
        The ids of the graph, sorted.
    relations_ : ndarray of str of shape (n_relations,)
        The relations of the graph, sorted.
    node_vectors_ : ndarray of shape (n_nodes, dim) or None
        Vectors of the nodes after `pretrain_epochs`; None without it.

    Raises
    ------
    ValueError
        If `triples` is empty, does not have three columns, or has a missing value.

    See Also
    --------
    skmm.feature_extraction.EntityVectorizer : Statistics of nodes, and vectors that are
        trained on the graph only.

    References
    ----------
    .. [1] Velickovic, Cucurull, Casanova, Romero, Lio, Bengio: Graph Attention
       Networks, ICLR 2018. Brody, Alon, Yahav: How Attentive are Graph Attention
       Networks?, ICLR 2022. Busbridge, Sherburn, Cavallo, Hammerla: Relational Graph
       Attention Networks, 2019 (within relations).
    .. [2] Schlichtkrull, Kipf, Bloem, van den Berg, Titov, Welling: Modeling Relational
       Data with Graph Convolutional Networks, ESWC 2018.
    .. [3] Yang, Yih, He, Gao, Deng: Embedding Entities and Relations for Learning and
       Inference in Knowledge Bases, ICLR 2015.
    .. [4] Hamilton, Ying, Leskovec: Inductive Representation Learning on Large Graphs,
       NeurIPS 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import EntityEncoder
    >>> triples = [("anna", "likes", "ben"), ("carl", "likes", "anna")]
    >>> X = pd.DataFrame({"who": ["anna", "carl", "someone else"]})
    >>> block = EntityEncoder(triples).fit_transform(X)
    >>> block.present.tolist()
    [True, True, False]
    """

    _parameter_constraints = {
        "triples": ["array-like", str, os.PathLike],
        "conv": [Names(["gat", "rgcn", "none"])],
        "dim": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_bases": [Interval(Integral, 1, None, closed="left")],
        "features": ["array-like", None],
        "pretrain_epochs": [Interval(Integral, 0, None, closed="left")],
        "wide": ["boolean"],
        "max_links": [Interval(Integral, 0, None, closed="left")],
        "n_neighbors": [
            Interval(Integral, 1, None, closed="left"),
            SequenceOf(Interval(Integral, 1, None, closed="left"), length=(1, None)),
        ],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "link_dropout": [Interval(Real, 0, 1, closed="left")],
        "node_dropout": [Interval(Real, 0, 1, closed="left")],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
    }

    def __init__(
        self,
        triples: TableLike | PathLike,
        *,
        conv: Literal["gat", "rgcn", "none"] = "gat",
        dim: int = 64,
        n_layers: int = 2,
        n_bases: int = 4,
        features: pd.DataFrame | None = None,
        pretrain_epochs: int = 0,
        wide: bool = True,
        max_links: int = 2_000,
        n_neighbors: int | Sequence[int] = (15, 10),
        dropout: float = 0.1,
        link_dropout: float = 0.1,
        node_dropout: float = 0.2,
        random_state: int = 0,
    ) -> None:
        self.triples = triples
        self.conv = conv
        self.dim = dim
        self.n_layers = n_layers
        self.n_bases = n_bases
        self.features = features
        self.pretrain_epochs = pretrain_epochs
        self.wide = wide
        self.max_links = max_links
        self.n_neighbors = n_neighbors
        self.dropout = dropout
        self.link_dropout = link_dropout
        self.node_dropout = node_dropout
        self.random_state = random_state

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        from skmm.encoders.entity._tables import LinkTable, predict_links

        check_options(self)
        graph = read_graph(_read_file(self.triples))
        self.nodes_ = np.array(graph.nodes, dtype=object)
        self.relations_ = np.array(graph.relations, dtype=object)
        self.n_columns_ = X.shape[1]
        self._links = LinkTable(graph)
        self._n_triples = len(graph.links)
        if self.wide:
            # What is known of each node, and nothing of one that is missing.
            facts = scipy.sparse.csr_matrix(self._links.facts(), dtype=np.float32)
            nothing = scipy.sparse.csr_matrix((1, facts.shape[1]), dtype=np.float32)
            self._facts = scipy.sparse.vstack([facts, nothing], format="csr")
        self._features = self._read_features()
        self.node_vectors_ = None
        if self.pretrain_epochs:
            self.node_vectors_ = predict_links(
                self._links,
                self.dim,
                n_epochs=self.pretrain_epochs,
                seed=self.random_state,
            )
        codes = self._codes(X)
        for name, column in zip(X.columns, codes.T):
            if not (column >= 0).any():
                warnings.warn(
                    f"Column {name!r} holds no node of the graph in any of "
                    f"{len(column)} rows. Ids of the graph are such as "
                    f"{self.nodes_[0]!r}: choose the column that holds them, or leave "
                    "it out.",
                    UserWarning,
                    stacklevel=2,
                )
        return self._block(codes)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(self._codes(X))

    def _block(self, codes):
        return Block(codes, present=(codes >= 0).any(axis=1))

    def _codes(self, X):
        """Return the place of each cell's node, -1 where there is none."""
        import pandas as pd

        nodes = pd.Index(self.nodes_)
        columns = []
        for i in range(X.shape[1]):
            column = X.iloc[:, i]
            keys = to_keys(column, f"Column {column.name!r}")
            columns.append(nodes.get_indexer(pd.Index(keys, dtype=object)))
        return np.stack(columns, axis=1).astype(np.int32)

    def _each_layer(self):
        """Return the number of neighbours of each layer; the last is repeated."""
        given = self.n_neighbors
        given = [given] if isinstance(given, Integral) else list(given)
        return (given + given[-1:] * self.n_layers)[: self.n_layers]

    def _read_features(self):
        """Return standardised features of each node, or None."""
        if self.features is None:
            return None
        import pandas as pd

        given = as_frame(self.features)
        wrong = [name for name in given if given[name].dtype.kind not in "iufb"]
        if wrong:
            raise ValueError(
                f"features= takes numbers; column {wrong[0]!r} holds "
                f"{given[wrong[0]].dtype}. Turn it into numbers, for example with "
                "pandas.get_dummies, or into triples."
            )
        keys = to_keys(given.index.to_series(), "The index of features")
        twice = pd.Index(keys, dtype=object).duplicated()
        if twice.any():
            first = show_label(given.index, np.flatnonzero(twice)[0])
            raise ValueError(f"features= has the node {first} more than once.")
        values = given.to_numpy(np.float64, na_value=np.nan)
        values = pd.DataFrame(values, index=keys).reindex(self.nodes_).to_numpy()
        if np.isinf(values).any():
            raise ValueError("features= holds infinity (inf): make it missing.")
        known = ~np.isnan(values)
        if not known.any():
            raise ValueError(
                "features= has none of the graph's nodes in its index, which are such "
                f"as {self.nodes_[0]!r}."
            )
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0).sum(axis=0) / count
        centered = np.where(known, values - mean, 0)
        scale = np.sqrt((centered**2).sum(axis=0) / count)
        return (centered / np.where(scale > 0, scale, 1)).astype(np.float32)

    def build_module(self, width: int) -> nn.Module:
        from skmm.encoders.entity._module import NodeModule

        sampled = self._n_triples > self.max_links
        return NodeModule(
            self._links,
            self.n_columns_,
            width,
            conv=self.conv,
            size=self.dim,
            n_layers=self.n_layers,
            n_bases=self.n_bases,
            n_neighbors=self._each_layer() if sampled else None,
            dropout=self.dropout,
            link_dropout=self.link_dropout,
            node_dropout=self.node_dropout if self.conv != "none" else 0.0,
            vectors=self.node_vectors_,
            features=self._features,
        )

    def linear_features(self, block: Block) -> Features | None:
        if not self.wide:
            return None
        # The last row is that of a missing node.
        return scipy.sparse.hstack(
            [self._facts[column] for column in block[0].cpu().numpy().T], format="csr"
        )

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        from skmm.encoders.entity._module import NodeWide

        if not self.wide:
            return None
        facts = Csr.from_scipy(self._facts[:-1])
        return NodeWide(facts, self.n_columns_, n_outputs)


def _read_file(triples):
    """Read a path as a table; anything else is given as it is."""
    if not isinstance(triples, (str, os.PathLike)):
        return triples
    import pandas as pd

    path = pathlib.Path(triples)
    if not path.is_file():
        raise ValueError(f"triples={str(triples)!r} is not a file.")
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    return pd.read_csv(
        path, sep="\t", header=None, dtype=str, quoting=3, keep_default_na=False
    )
