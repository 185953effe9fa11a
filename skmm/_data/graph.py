"""A knowledge graph: its triples, and what they tell about each node."""

import math
import numbers
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from skmm._data.frames import as_frame, cell_kind, is_missing, show_label

#: Probability that a walk goes on: Brin and Page 1998.
DAMPING = 0.85


@dataclass(frozen=True)
class Graph:
    """Distinct triples, as places in sorted ids: no order of rows is left."""

    nodes: list
    relations: list
    heads: np.ndarray
    links: np.ndarray
    tails: np.ndarray


def read_graph(triples):
    """Read (head, relation, tail) rows of any table as a Graph."""
    import pandas as pd

    frame = _read_triples(triples)
    columns = []
    for i, name in enumerate(["head", "relation", "tail"]):
        keys = to_keys(frame.iloc[:, i], f"The {name} of triples")
        missing = [row for row, key in enumerate(keys) if key is None]
        if missing:
            raise ValueError(
                f"The {name} is missing in {len(missing)} of {len(frame)} triples, the "
                f"first at row {show_label(frame.index, missing[0])}. Drop such rows, "
                "for example with triples.dropna()."
            )
        columns.append(keys)
    heads, links, tails = columns
    ends, nodes = pd.factorize(np.concatenate([heads, tails]), sort=True)
    links, relations = pd.factorize(links, sort=True)
    rows = np.column_stack([ends[: len(frame)], links, ends[len(frame) :]])
    heads, links, tails = np.unique(rows, axis=0).T
    return Graph(nodes.tolist(), relations.tolist(), heads, links, tails)


def _read_triples(triples):
    wanted = "Give a row of head, relation and tail for each"
    if hasattr(triples, "__len__") and len(triples) == 0:
        raise ValueError(f"triples is empty. {wanted} link of the graph.")
    try:
        frame = as_frame(triples)
    except (TypeError, ValueError) as error:
        raise type(error)(f"triples is no table. {wanted} link. {error}") from error
    if frame.shape[1] != 3:
        raise ValueError(
            f"triples has {frame.shape[1]} columns. {wanted} link, for example as "
            'triples[["head", "relation", "tail"]].'
        )
    return frame


def to_keys(column, what):
    """Return ids as strings, None where missing: 1, 1.0 and "1" are the same id."""
    import pandas as pd

    if column.dtype == object:  # which may hold lists, or True beside 1
        places, cells = np.arange(len(column)), column.to_numpy()
    else:
        places, cells = pd.factorize(column)
    keys = [_to_key(cell) for cell in cells]
    keys = np.array([*keys, None], dtype=object)[places]
    missing = is_missing(column, empty=True)
    keys[missing] = None
    wrong = [i for i, key in enumerate(keys) if key is None and not missing[i]]
    if wrong:
        raise ValueError(
            f"{what} holds ids, but {len(wrong)} of {len(keys)} rows hold neither a "
            "string nor a number, the first at row "
            f"{show_label(column.index, wrong[0])}: a "
            f"{type(column.iloc[wrong[0]]).__name__}. Turn them into strings, or make "
            "them missing."
        )
    return keys


def _to_key(cell):
    if isinstance(cell, str):
        return cell
    kind = cell_kind(type(cell))
    if kind not in ("number", "boolean"):
        return None
    if kind == "boolean":
        return str(cell)
    # Integers become floats where pandas has a missing one beside them.
    whole = isinstance(cell, numbers.Integral) or (
        math.isfinite(cell) and cell == int(cell)
    )
    return str(int(cell) if whole else cell)


# ------------------------------------------------------------ statistics of the nodes


def degrees(graph):
    """Return the logarithm of one plus the links that come in, and that go out."""
    counts = [np.bincount(end, minlength=len(graph.nodes)) for end in _ends(graph)]
    return ["degree_in", "degree_out"], np.log1p(np.column_stack(counts))


def pagerank(graph):
    """Return where a walk along the links is, restarting anywhere; 1 on average."""
    restart = np.full((len(graph.nodes), 1), 1 / len(graph.nodes))
    return ["pagerank"], _log_share(_walk(_links(graph), restart))


def landmarks(graph, n_landmarks):
    """Return where walks along links in both directions are, one for each landmark.

    Landmarks are the nodes of the largest PageRank, where the walk restarts.
    """
    _, rank = pagerank(graph)
    # Equal up to rounding is equal: then by id.
    places = np.argsort(-rank[:, 0].round(9), kind="stable")[:n_landmarks]
    restart = np.zeros((len(graph.nodes), len(places)))
    restart[places, np.arange(len(places))] = 1
    links = _links(graph)
    names = [f"landmark_{graph.nodes[place]}" for place in places]
    return names, _log_share(_walk(links + links.T, restart))


def relation_counts(graph, max_relations):
    """Return log(1 + links) of each relation, from and to a node."""
    n_nodes, n_relations = len(graph.nodes), len(graph.relations)
    frequency = np.bincount(graph.links, minlength=n_relations)
    kept = np.argsort(-frequency, kind="stable")[:max_relations]
    names, parts = [], []
    for end, role in [(graph.heads, "head"), (graph.tails, "tail")]:
        places = (end, graph.links)
        counts = scipy.sparse.coo_array(
            (np.ones(len(end), np.float32), places), shape=(n_nodes, n_relations)
        )
        parts.append(counts.tocsc()[:, kept].toarray())
        names.append([f"relation_{graph.relations[i]}_as_{role}" for i in kept])
    # Both roles of a relation side by side.
    names = [name for pair in zip(*names) for name in pair]
    return names, np.log1p(np.stack(parts, axis=2).reshape(n_nodes, -1))


def _ends(graph):
    return graph.tails, graph.heads


def _links(graph):
    """Return the links from column to row: several relations are several links."""
    n_nodes = len(graph.nodes)
    ones = np.ones(len(graph.links))
    return scipy.sparse.coo_array((ones, _ends(graph)), (n_nodes, n_nodes)).tocsr()


def _walk(links, restart):
    """Return the share of time that a random walk spends at each node.

    Each column of `restart` is a walk. A node without a way out restarts it.
    """
    out = np.asarray(links.sum(axis=0)).ravel()
    steps = links.multiply(1 / np.maximum(out, 1)).tocsr()
    dead = out == 0
    share = restart
    # The error shrinks by DAMPING a step: to 1e-10, whatever the graph.
    for _ in range(int(np.ceil(np.log(1e-10) / np.log(DAMPING)))):
        moved = steps @ share + restart * share[dead].sum(axis=0)
        share = DAMPING * moved + (1 - DAMPING) * restart
    return share


def _log_share(share):
    """Bring shares, which are tiny in a large graph, to the scale of counts."""
    return np.log1p(share * len(share))
