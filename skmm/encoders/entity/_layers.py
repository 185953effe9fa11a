"""Layers that pass messages over a knowledge graph, and its links.

Plain torch: a message is an ``index_select`` of the nodes at the tails of links, and an
``index_add`` at their heads. torch-geometric has the same layers, but skorch imports it
wherever it is installed, at seconds of each start, and warns.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from skmm._nn.seeding import rand


class Links(NamedTuple):
    """Links along which messages go.

    Attributes
    ----------
    source, target : tensor of int, shape (n_links,)
        Places of the nodes from which and to which.
    relation : tensor of int, shape (n_links,)
        Relations and, after them, their inverses.
    share : tensor of float, shape (n_links,)
        One over the target's links of this relation: messages are averaged.
    stands_for : tensor of float, shape (n_links,)
        Links of the target for each one that is here; 1 where all are, and 0 for one
        that is left out.
    """

    source: torch.Tensor
    target: torch.Tensor
    relation: torch.Tensor
    share: torch.Tensor
    stands_for: torch.Tensor


class RelationalConvolution(nn.Module):
    """R-GCN: each relation's mean of neighbours, through weights of its own.

    A relation's weights are a mixture of a few bases.

    Parameters
    ----------
    size : int
    n_relations : int
        Inverses included.
    n_bases : int
    """

    def __init__(self, size, n_relations, n_bases):
        super().__init__()
        n_bases = min(n_bases, n_relations)
        self.own = nn.Linear(size, size)
        self.bases = nn.Parameter(torch.randn(n_bases, size, size) / math.sqrt(size))
        mixture = torch.randn(n_relations, n_bases) / math.sqrt(n_bases)
        self.mixture = nn.Parameter(mixture)

    def forward(self, sources, targets, links):
        given = self.own(targets)
        weights = (
            self.mixture[links.relation] * (links.share * links.stands_for)[:, None]
        )
        values = sources.index_select(0, links.source)
        for i, basis in enumerate(self.bases):
            # Summed first, multiplied then: there are fewer nodes than links.
            summed = values.new_zeros(len(targets), values.shape[1])
            messages = values * weights[:, i, None].to(values.dtype)
            given = given + summed.index_add(0, links.target, messages) @ basis
        return given


class GraphAttention(nn.Module):
    """Attention among the neighbours of each relation, summed over the relations.

    Scores are those of GATv2 with the relation as a third term; a relation also scales
    what a neighbour says. Attention across relations would share one total among them:
    where many neighbours say nothing of use, little is left for the one that does.

    Parameters
    ----------
    size : int
    n_relations : int
        Inverses included.
    n_heads : int
        As many of them as divide the size.
    """

    def __init__(self, size, n_relations, n_heads=4):
        super().__init__()
        self.n_heads = math.gcd(size, n_heads)
        self.own = nn.Linear(size, size)
        self.key, self.query = nn.Linear(size, size), nn.Linear(size, size)
        self.value = nn.Linear(size, size)
        self.relation_key = nn.Parameter(torch.randn(n_relations, size))
        self.relation_scale = nn.Parameter(torch.randn(n_relations, size))
        score = torch.randn(self.n_heads, size // self.n_heads)
        self.score = nn.Parameter(score / math.sqrt(size // self.n_heads))

    def forward(self, sources, targets, links):
        asked = self.query(targets).index_select(0, links.target)
        asked = asked + self.key(sources).index_select(0, links.source)
        weights = self._attend(asked + self.relation_key[links.relation], links)
        values = self.value(sources).index_select(0, links.source)
        values = values * self.relation_scale[links.relation]
        values = weights[..., None] * values.unflatten(1, (self.n_heads, -1))
        own = self.own(targets)
        return own.index_add(0, links.target, values.flatten(1).to(own.dtype))

    def _attend(self, asked, links):
        """Return weights (n_links, n_heads); those of a target and relation sum to 1.

        Links are sorted by target and relation. What a drawn one stands for is the same
        for all of a target, and cancels.
        """
        asked = nn.functional.leaky_relu(asked, 0.2).unflatten(1, (self.n_heads, -1))
        scores = (asked * self.score).sum(-1).float()
        begins = links.target.diff(prepend=links.target.new_full((1,), -1)) != 0
        begins |= links.relation.diff(prepend=links.relation.new_full((1,), -1)) != 0
        group = begins.cumsum(0) - 1
        into = group[:, None].expand_as(scores)
        empty = torch.zeros_like(scores)  # as many groups as links, at most
        highest = empty.scatter_reduce(
            0, into, scores.detach(), "amax", include_self=False
        )
        weights = (scores - highest.index_select(0, group)).exp()
        weights = torch.where((links.stands_for > 0)[:, None], weights, 0)
        total = empty.index_add(0, group, weights)
        # Of a group all of whose links are left out, 0.
        return weights / total.index_select(0, group).clamp(min=1e-30)


def sample_links(indptr, nodes, n_neighbors, n_links=None):
    """Choose links into some nodes, evenly along each node's links.

    Parameters
    ----------
    indptr : tensor of shape (n_nodes + 1,)
        Where a node's links begin; they are sorted by relation, so that each relation
        gets its share.
    nodes : tensor of shape (n,)
    n_neighbors : int or None
        At most so many of a node: one that has more has one drawn from each of
        `n_neighbors` equal stretches. None takes all.
    n_links : int, default=None
        How many links there will be, where that is known.

    Returns
    -------
    links : tensor of int
        Places among all links.
    target : tensor of int
        Place in `nodes` of the node that the link goes to.
    stands_for : tensor of float
    """
    start = indptr[nodes]
    degree = indptr[nodes + 1] - start
    taken = degree if n_neighbors is None else degree.clamp(max=n_neighbors)
    target = torch.repeat_interleave(taken, output_size=n_links)
    begin = torch.cumsum(taken, 0) - taken
    place = torch.arange(len(target), device=nodes.device) - begin[target]
    stands_for = degree[target].float() / taken[target]
    if n_neighbors is not None:
        within = rand(len(target), dtype=torch.float64, device=nodes.device)
        drawn = ((place + within) * stands_for.double()).long()
        drawn = torch.minimum(drawn, degree[target] - 1)  # up to rounding
        place = torch.where(stands_for == 1, place, drawn)
    return start[target] + place, target, stands_for
