"""The network of a knowledge graph's nodes."""

import sys

import torch
from torch import nn

from skmm._nn.seeding import Dropout, rand
from skmm._nn.sparse import BagTable
from skmm.encoders._base import Encoded
from skmm.encoders._deep import EncoderModule
from skmm.encoders.entity._layers import (
    GraphAttention,
    Links,
    RelationalConvolution,
    sample_links,
)
from skmm.encoders.entity._tables import SCALE

#: Links whose messages are held at once where the graph is not sampled and nothing is
#: learned: 64 numbers each are 128 MB.
_LINKS_AT_ONCE = 500_000

#: Facts of a graph up to which a GPU reads all of them in each step, whichever nodes
#: are named.
_FACTS_AT_ONCE = 1_000_000


class NodeModule(EncoderModule):
    """Vectors of rows of nodes: their own, and what the graph tells about them.

    Parameters
    ----------
    graph : LinkTable
    n_columns : int
        Nodes of a row.
    width : int
    conv : {"gat", "rgcn", "none"}
    size : int
        Of a node's vector.
    n_neighbors : list of int or None
        To sample by in training, from the layer next to the output; None takes all.
    vectors : ndarray of shape (n_nodes, size) or None
        To begin with.
    features : ndarray of shape (n_nodes, n_features) or None
    """

    # The graph is passed over once for all rows; what follows is small.
    chunk_size = sys.maxsize

    def __init__(
        self,
        graph,
        n_columns,
        width,
        *,
        conv,
        size,
        n_layers,
        n_bases,
        n_neighbors,
        dropout,
        link_dropout,
        node_dropout,
        vectors=None,
        features=None,
    ):
        super().__init__(width)
        self.n_neighbors = n_neighbors
        self.node_dropout, self.link_dropout = node_dropout, link_dropout
        self.nodes = nn.Parameter(torch.randn(graph.n_nodes, size) * SCALE)
        if vectors is not None:
            self.nodes.data = torch.as_tensor(vectors)
        self.hidden_node = nn.Parameter(torch.zeros(size))
        self.features = None
        if features is not None:
            self.register_buffer("known_features", torch.as_tensor(features))
            self.features = nn.Linear(features.shape[1], size)
        n_layers = 0 if conv == "none" else n_layers
        self.layers = nn.ModuleList(
            RelationalConvolution(size, graph.n_relations, n_bases)
            if conv == "rgcn"
            else GraphAttention(size, graph.n_relations)
            for _ in range(n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(n_layers))
        if n_layers:
            for name, array in graph.arrays.items():
                self.register_buffer(name, torch.as_tensor(array))
        self.dropout = Dropout(dropout)
        self.missing = nn.Parameter(torch.zeros(n_columns, size))
        n_pairs = n_columns * (n_columns - 1) // 2
        self.pairs = [(a, b) for b in range(n_columns) for a in range(b)]
        self.output = nn.Linear((n_columns + n_pairs) * size, width)
        self.norm = nn.LayerNorm(width)
        self.token = nn.Linear(size, width) if n_columns > 1 else None
        self._kept = None

    # -- rows -------------------------------------------------------------------

    def read(self, codes):
        return (codes.long(),)

    def encode(self, codes):
        known = codes >= 0
        found = self._find(codes, known)
        found = torch.where(known[..., None], found, self.missing.to(found.dtype))
        found = self.dropout(found)
        # Two nodes of a row meet in a product, as in the factorisation of a matrix.
        parts = [found[:, a] * found[:, b] for a, b in self.pairs]
        vectors = self.norm(self.output(torch.cat([found.flatten(1), *parts], dim=1)))
        if self.token is None:
            return vectors
        return Encoded(vectors, self.token(found), known)

    def _find(self, codes, known):
        """Return the vectors of the nodes in each row, anything where unknown."""
        if not len(self.layers):
            places = codes.clamp(min=0)
            return (
                self._start(None)
                .index_select(0, places.flatten())
                .unflatten(0, codes.shape)
            )
        if self.training and self.n_neighbors is not None:
            nodes, places = torch.unique(codes.clamp(min=0), return_inverse=True)
            vectors = self._propagate_sample(nodes)
        else:
            places, vectors = codes.clamp(min=0), self._propagate_all()
        return vectors.index_select(0, places.flatten()).unflatten(0, codes.shape)

    # -- the graph --------------------------------------------------------------

    def _start(self, nodes):
        """Return the vectors of some nodes, None for all, before any message."""
        vectors = self.nodes if nodes is None else self.nodes.index_select(0, nodes)
        if self.training and self.node_dropout > 0:
            # A node that is not itself is told from its neighbours alone, as one
            # that no training row has.
            hidden = rand(len(vectors), 1, device=vectors.device)
            hidden = hidden < self.node_dropout
            vectors = torch.where(hidden, self.hidden_node, vectors)
        if self.features is not None:
            known = self.known_features
            known = known if nodes is None else known.index_select(0, nodes)
            vectors = vectors + self.features(known)
        return vectors

    def _layer(self, i, sources, targets, links):
        if self.training and self.link_dropout > 0:
            drawn = rand(len(links.source), device=links.source.device)
            # By zeros: how many are cut out would have to be asked from the device.
            kept = links.stands_for * (drawn >= self.link_dropout)
            links = links._replace(stands_for=kept / (1 - self.link_dropout))
        given = self.layers[i](sources, targets, links)
        given = self.dropout(nn.functional.relu(self.norms[i](given)))
        return targets + given

    def _links(self, places, target, stands_for):
        return Links(
            self.source.index_select(0, places).long(),
            target,
            self.relation.index_select(0, places).long(),
            self.share.index_select(0, places),
            stands_for,
        )

    def _propagate_sample(self, nodes):
        """Return the vectors of sorted nodes, each layer from sampled neighbours."""
        levels = []
        for n_neighbors in self.n_neighbors:
            links = self._links(*sample_links(self.indptr, nodes, n_neighbors))
            sources, where = torch.unique(
                torch.cat([nodes, links.source]), return_inverse=True
            )
            own, source = where[: len(nodes)], where[len(nodes) :]
            levels.append((own, links._replace(source=source)))
            nodes = sources
        vectors = self._start(nodes)
        for i, (own, links) in enumerate(reversed(levels)):
            vectors = self._layer(i, vectors, vectors.index_select(0, own), links)
        return vectors

    def _propagate_all(self):
        """Return the vectors of all nodes; once for all batches of a prediction."""
        if torch.is_grad_enabled() or self.training:
            return self._propagate()
        state = self._state()
        if self._kept is None or self._kept[0] != state:
            self._kept = state, self._propagate()
        return self._kept[1]

    def _propagate(self):
        vectors = self._start(None)
        n_nodes, device = len(vectors), vectors.device
        chunks = [torch.arange(n_nodes, device=device)]
        if not self.training and len(self.source) > _LINKS_AT_ONCE:
            size = max(1, n_nodes * _LINKS_AT_ONCE // len(self.source))
            chunks = chunks[0].split(size)
        for i in range(len(self.layers)):
            parts = []
            for nodes in chunks:
                n_links = len(self.source) if len(chunks) == 1 else None
                links = sample_links(self.indptr, nodes, None, n_links)
                links = self._links(*links)
                parts.append(self._layer(i, vectors, vectors[nodes], links))
            vectors = torch.cat(parts)
        return vectors

    def _state(self):
        """What the vectors of all nodes depend on."""
        weights = [
            (tensor.data_ptr(), tensor._version)
            for tensor in (*self.parameters(), *self.buffers())
        ]
        kind = self.nodes.device.type
        modes = torch.is_inference_mode_enabled(), torch.is_autocast_enabled(kind)
        return weights, modes

    def train(self, mode=True):
        self._kept = None
        return super().train(mode)

    def __getstate__(self):
        return {**self.__dict__, "_kept": None}


class NodeWide(nn.Module):
    """Linear shortcut over nodes and, by relation, their neighbours.

    What is named is a matter of the node, not of the row: a batch looks each of its
    nodes up once.

    Parameters
    ----------
    facts : Csr
        Of each node.
    n_columns, n_outputs : int
    """

    learning_rate_scale = 3.0

    def __init__(self, facts, n_columns, n_outputs):
        super().__init__()
        self.facts = facts
        self.tables = nn.ModuleList(
            BagTable(facts.n_columns, n_outputs, scale=0.0) for _ in range(n_columns)
        )

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self.facts = self.facts.to(self.tables[0].weight.device)
        return self

    def forward(self, block):
        codes = block[0].long()
        logits = 0
        for column, table in zip(codes.T, self.tables):
            facts, places = self._of_named(column.clamp(min=0))
            found = table(facts, block.dtype).index_select(0, places)
            logits = logits + torch.where((column >= 0)[:, None], found, 0)
        return logits

    def _of_named(self, column):
        """Return the facts of nodes, and which of these each row names."""
        few = len(self.facts.indices) <= _FACTS_AT_ONCE
        if few and column.device.type != "cpu":
            # All of them: a GPU is waited for where it is asked which are named.
            return self.facts, column
        nodes, places = torch.unique(column, return_inverse=True)
        return self.facts.take(nodes), places
