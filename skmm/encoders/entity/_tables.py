"""What a network needs of a knowledge graph: links by node, facts, first vectors."""

import numpy as np
import scipy.sparse
import torch

from skmm._nn.device import learning
from skmm._nn.seeding import drawing_from, make_generator, randint, randn, randperm

#: Standard deviation of nodes' first vectors: larger ones drown what messages bring,
#: smaller ones hardly meet in products.
SCALE = 0.4

#: In graphs of more nodes, the true end of a link is told from so many random ones.
_MAX_CANDIDATES = 512


class LinkTable:
    """Links of a graph in both directions, sorted by the node that they go to.

    Parameters
    ----------
    graph : Graph
        As :func:`skmm._data.graph.read_graph` gives it.

    Attributes
    ----------
    n_nodes, n_relations : int
        Inverse relations included.
    arrays : dict of str to ndarray
        See :class:`~skmm.encoders.entity._layers.Links`; and ``indptr``, where the
        links to a node begin.
    """

    def __init__(self, graph):
        self.n_nodes, n_relations = len(graph.nodes), len(graph.relations)
        self.n_relations = 2 * n_relations
        # A head hears of its tail, and a tail, by the inverse relation, of its head.
        target = np.concatenate([graph.heads, graph.tails])
        source = np.concatenate([graph.tails, graph.heads])
        relation = np.concatenate([graph.links, graph.links + n_relations])
        order = np.lexsort([source, relation, target])
        target, source, relation = target[order], source[order], relation[order]
        of_relation = target.astype(np.int64) * self.n_relations + relation
        _, place, count = np.unique(
            of_relation, return_inverse=True, return_counts=True
        )
        degree = np.bincount(target, minlength=self.n_nodes)
        # 32 bits: the arrays are copied with the weights of the best epoch.
        self.arrays = {
            "indptr": np.concatenate([[0], np.cumsum(degree)]),
            "source": source.astype(np.int32),
            "relation": relation.astype(np.int32),
            "share": (1 / count[place]).astype(np.float32),
        }

    def facts(self):
        """Return what is named of each node, a sparse matrix (n_nodes, n_facts).

        First the node itself; then "this relation, that neighbour", where at least
        two nodes have it: one of a single node says no more than its name. Neighbours
        of one relation have the length 1 together.
        """
        arrays = self.arrays
        source = arrays["source"].astype(np.int64)
        named = source * self.n_relations + arrays["relation"]
        _, fact, count = np.unique(named, return_inverse=True, return_counts=True)
        shared = count >= 2
        place = np.cumsum(shared) - 1
        kept = shared[fact]
        target = np.repeat(np.arange(self.n_nodes), np.diff(arrays["indptr"]))
        others = scipy.sparse.coo_array(
            (np.sqrt(arrays["share"][kept]), (target[kept], place[fact[kept]])),
            shape=(self.n_nodes, int(shared.sum())),
        )
        itself = scipy.sparse.eye_array(self.n_nodes, dtype=np.float32)
        return scipy.sparse.hstack([itself, others], format="csr", dtype=np.float32)


@learning()
def predict_links(table, size, *, n_epochs, seed):
    """Learn vectors of the nodes that tell the links of the graph: DistMult.

    Parameters
    ----------
    table : LinkTable
    size : int
    n_epochs : int
        Passes over the links.
    seed : int

    Returns
    -------
    vectors : ndarray of shape (n_nodes, size), float32
        Each number has the standard deviation `SCALE`.
    """
    arrays = {name: torch.as_tensor(array) for name, array in table.arrays.items()}
    degree = arrays["indptr"].diff()
    target = torch.repeat_interleave(degree)
    source, relation = arrays["source"].long(), arrays["relation"].long()
    batch_size = int(2 ** np.clip(np.round(np.log2(len(target) / 64)), 4, 10))
    cpu = torch.device("cpu")
    with drawing_from(make_generator(seed)):
        nodes = randn(table.n_nodes, size, device=cpu).mul_(size**-0.5)
        relations = randn(table.n_relations, size, device=cpu)
        learned = [nodes.requires_grad_(), relations.requires_grad_()]
        optimizer = torch.optim.Adam(learned, lr=0.01)
        for _ in range(n_epochs):
            for some in randperm(len(target), device=cpu).split(batch_size):
                optimizer.zero_grad()
                asked = nodes[target[some]] * relations[relation[some]]
                _loss(asked, nodes, source[some]).backward()
                optimizer.step()
        vectors = nodes.detach()
        return (vectors * (SCALE / vectors.std().clamp(min=1e-6))).numpy()


def _loss(asked, nodes, answers):
    if len(nodes) <= _MAX_CANDIDATES:
        return torch.nn.functional.cross_entropy(asked @ nodes.T, answers)
    others = nodes[randint(0, len(nodes), (_MAX_CANDIDATES,), device=nodes.device)]
    right = (asked * nodes[answers]).sum(1, keepdim=True)
    scores = torch.cat([right, asked @ others.T], dim=1)
    first = torch.zeros(len(scores), dtype=torch.long)
    return torch.nn.functional.cross_entropy(scores, first)
