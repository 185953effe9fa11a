"""Statistics of the nodes of a graph, beside those of networkx."""

import numpy as np
import pytest

from skmm.feature_extraction import EntityVectorizer

networkx = pytest.importorskip("networkx")

TRIPLES = [
    ("a", "likes", "b"),
    ("b", "likes", "a"),
    ("c", "likes", "a"),
    ("a", "knows", "b"),  # a second link of the same nodes
    ("c", "knows", "c"),  # a link to itself
    ("c", "knows", "d"),  # d leads nowhere
    ("e", "owns", "f"),  # a part of its own
]
NODES = list("abcdef")


def make_graph(triples, both_directions=False):
    graph = networkx.MultiDiGraph()
    for head, relation, tail in triples:
        graph.add_edge(head, tail, key=relation)
        if both_directions:
            graph.add_edge(tail, head, key=relation + " of")
    return graph


def random_triples(n=300, n_nodes=40, seed=0):
    """Some nodes have many links, some have no way out."""
    rng = np.random.default_rng(seed)
    heads = rng.integers(n_nodes, size=n) // 2
    tails = (n_nodes * rng.random(n) ** 2).astype(int)
    relations = np.array(["r", "s", "t"])[rng.integers(3, size=n)]
    return [(f"n{h:02}", r, f"n{t:02}") for h, r, t in zip(heads, relations, tails)]


def describe(triples, nodes, *features, **options):
    """Give the features of nodes by their names."""
    vectorizer = EntityVectorizer(triples, features=features, **options)
    columns = vectorizer.fit_transform(nodes).T
    names = [name.removeprefix("x0__") for name in vectorizer.get_feature_names_out()]
    return dict(zip(names, columns))


both_graphs = pytest.mark.parametrize("triples", [TRIPLES, random_triples()])


@both_graphs
def test_degrees(triples):
    graph = make_graph(triples)
    nodes = sorted(graph)
    ours = describe(triples, nodes, "degree")
    for direction, theirs in [("in", graph.in_degree), ("out", graph.out_degree)]:
        expected = [np.log1p(theirs[node]) for node in nodes]
        np.testing.assert_allclose(ours[f"degree_{direction}"], expected, rtol=1e-6)


@both_graphs
def test_pagerank(triples):
    graph = make_graph(triples)
    nodes = sorted(graph)
    theirs = networkx.pagerank(graph, tol=1e-12, max_iter=1000)
    expected = [np.log1p(len(nodes) * theirs[node]) for node in nodes]
    ours = describe(triples, nodes, "pagerank")["pagerank"]
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


@both_graphs
def test_landmarks(triples):
    graph = make_graph(triples)
    nodes = sorted(graph)
    rank = networkx.pagerank(graph, tol=1e-12, max_iter=1000)
    central = sorted(nodes, key=lambda node: (-round(rank[node], 9), node))[:3]
    ours = describe(triples, nodes, "landmarks", n_landmarks=3)
    assert list(ours) == [f"landmark_{node}" for node in central]
    links = make_graph(triples, both_directions=True)
    for node in central:
        theirs = networkx.pagerank(
            links, personalization={node: 1}, tol=1e-12, max_iter=1000
        )
        expected = [np.log1p(len(nodes) * theirs[other]) for other in nodes]
        np.testing.assert_allclose(
            ours[f"landmark_{node}"], expected, rtol=1e-5, atol=1e-7
        )


def test_landmarks_do_not_reach_other_parts():
    ours = describe(TRIPLES, NODES, "landmarks", n_landmarks=99)
    assert len(ours) == 6
    assert (ours["landmark_a"][4:] == 0).all()
    assert (ours["landmark_f"][:4] == 0).all()
    assert ours["landmark_a"].argmax() == 0


def test_relations():
    ours = describe(TRIPLES, NODES, "relations")
    counts = {name: np.expm1(values).round(4) for name, values in ours.items()}
    assert list(counts) == [
        f"relation_{name}_as_{role}"
        for name in ["knows", "likes", "owns"]  # by frequency, then by name
        for role in ["head", "tail"]
    ]
    assert counts["relation_likes_as_head"].tolist() == [1, 1, 1, 0, 0, 0]
    assert counts["relation_likes_as_tail"].tolist() == [2, 1, 0, 0, 0, 0]
    assert counts["relation_knows_as_head"].tolist() == [1, 0, 2, 0, 0, 0]
    assert counts["relation_knows_as_tail"].tolist() == [0, 1, 1, 1, 0, 0]
    frequent = describe(TRIPLES, NODES, "relations", max_relations=1)
    assert list(frequent) == ["relation_knows_as_head", "relation_knows_as_tail"]


def test_order_and_repetition_of_triples_do_not_matter():
    triples = random_triples()
    order = np.random.default_rng(1).permutation(len(triples))
    others = [triples[i] for i in order] + triples[:20]
    nodes = sorted(make_graph(triples))
    expected = EntityVectorizer(triples).fit(nodes)
    ours = EntityVectorizer(others).fit(nodes)
    np.testing.assert_array_equal(ours.transform(nodes), expected.transform(nodes))
    names = expected.get_feature_names_out().tolist()
    assert ours.get_feature_names_out().tolist() == names
