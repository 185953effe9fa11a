"""Nodes of a knowledge graph: what neighbours tell, and what is not in the graph."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._data.graph import read_graph
from skmm.encoders import EntityEncoder
from skmm.encoders._base import Encoded
from skmm.encoders.entity._layers import (
    GraphAttention,
    RelationalConvolution,
    sample_links,
)
from skmm.encoders.entity._tables import LinkTable, predict_links

CONVOLUTIONS = ["gat", "rgcn"]
SMALL = [
    ("anna", "likes", "ben"),
    ("carl", "likes", "ben"),
    ("carl", "knows", "dora"),
    ("dora", "likes", "anna"),
]


def make_movies(n_persons=40, n_countries=4, n_each=5):
    """Movies whose class is where their maker is from, two links away."""
    rng = np.random.default_rng(0)
    maker = np.repeat(np.arange(n_persons), n_each)
    country = np.arange(n_persons) % n_countries
    movies = [f"movie {i}" for i in range(len(maker))]
    triples = [(m, "made by", f"person {p}") for m, p in zip(movies, maker)]
    triples += [(f"person {p}", "from", f"country {c}") for p, c in enumerate(country)]
    fans = rng.integers(n_persons, size=len(movies))
    triples += [(m, "liked by", f"person {p}") for m, p in zip(movies, fans)]
    new = maker >= 0.7 * n_persons
    return triples, pd.DataFrame({"movie": movies}), country[maker] % 2, new


def make_random_graph(n_nodes=30, n_links=200, n_relations=3, seed=0):
    rng = np.random.default_rng(seed)
    links = rng.integers([n_nodes, n_relations, n_nodes], size=(n_links, 3))
    return [(f"n{h:02}", f"r{r}", f"n{t:02}") for h, r, t in links]


def module_of(encoder, X, width=8):
    block = encoder.fit_transform(X)
    torch.manual_seed(0)
    return encoder.build_module(width).eval(), block


def vectors_of(module, block):
    with torch.no_grad():
        given = module(block)
    return given.vectors if isinstance(given, Encoded) else given


@pytest.fixture(scope="module")
def scores():
    triples, X, y, new = make_movies()
    scores = {}
    for conv in ("none", *CONVOLUTIONS):
        encoder = EntityEncoder(triples, conv=conv, dim=16, wide=False)
        model = MultimodalClassifier(
            [("movie", encoder, ["movie"])],
            heads=["fused"],
            validation=None,
            max_epochs=12,
            random_state=0,
        )
        scores[conv] = model.fit(X[~new], y[~new]).score(X[new], y[new])
    return scores


@pytest.mark.parametrize("conv", CONVOLUTIONS)
def test_messages_tell_of_nodes_without_a_label(scores, conv):
    assert scores[conv] > 0.75
    assert scores[conv] > scores["none"] + 0.15


def test_the_wide_head_sees_neighbours():
    triples, X, y, _ = make_movies()
    country = [(m, "shot in", f"country {c}") for m, c in zip(X["movie"], y)]
    train = np.arange(len(X)) % 2 == 0
    encoder = EntityEncoder(triples + country, conv="none", dim=4)
    model = MultimodalClassifier([("movie", encoder, ["movie"])], random_state=0)
    model.fit(X[train], y[train])
    assert model.score(X[~train], y[~train]) > 0.95
    assert EntityEncoder(SMALL, wide=False).build_wide(1) is None


def test_facts_are_the_node_and_what_several_nodes_share():
    table = LinkTable(read_graph(SMALL))  # anna, ben, carl, dora; knows, likes
    facts = table.facts().toarray()
    np.testing.assert_allclose(facts[:, :4], np.eye(4))
    # Only "likes ben" is true of two nodes.
    np.testing.assert_allclose(facts[:, 4:], [[1], [0], [1], [0]])


def test_unknown_and_missing_ids():
    X = pd.DataFrame({"who": ["anna", "nobody", None, "", "ben"]})
    encoder = EntityEncoder(SMALL, dim=4)
    module, block = module_of(encoder, X)
    assert block.present.tolist() == [True, False, False, False, True]
    assert block[0].flatten().tolist() == [0, -1, -1, -1, 1]
    vectors = vectors_of(module, block)
    assert (vectors[1:4] == 0).all() and vectors[0].std() > 0


def test_ids_are_compared_as_strings():
    triples = pd.DataFrame({"h": [1, 2], "r": ["to", "to"], "t": [2, 3]})
    encoder = EntityEncoder(triples, dim=4)
    encoder.fit_transform(pd.DataFrame({"id": [1, 2]}))
    X = pd.DataFrame({"id": [1.0, np.nan, 3.0]})
    assert encoder.transform(X)[0].flatten().tolist() == [0, -1, 2]


def test_several_columns_of_one_graph():
    X = pd.DataFrame({"a": ["anna", "ben", None], "b": ["ben", "nobody", None]})
    module, block = module_of(EntityEncoder(SMALL, dim=4), X)
    assert block.present.tolist() == [True, True, False]
    vectors, tokens, mask, _ = module(block)
    assert tokens.shape == (3, 2, 8)
    assert mask.tolist() == [[True, True], [True, False], [False, False]]
    swapped = X.rename(columns={"a": "b", "b": "a"})[["a", "b"]]
    other = vectors_of(module, EntityEncoder(SMALL, dim=4).fit_transform(swapped))
    assert not torch.allclose(vectors[0], other[0])


def test_two_nodes_meet():
    rng = np.random.default_rng(0)
    taste = {f"{kind}{i}": i % 2 for kind in "um" for i in range(20)}
    triples = [(node, "is", f"kind {value}") for node, value in taste.items()]
    X = pd.DataFrame(
        {"user": rng.integers(20, size=600), "movie": rng.integers(20, size=600)}
    )
    X = "u" + X[["user"]].astype(str).join("m" + X[["movie"]].astype(str))
    X["movie"] = X["movie"].str[1:]
    y = X["user"].map(taste) == X["movie"].map(taste)
    model = MultimodalRegressor(
        [("rating", EntityEncoder(triples, dim=16), ["user", "movie"])], random_state=0
    )
    model.fit(X[:450], y[:450].astype(float))
    assert model.score(X[450:], y[450:].astype(float)) > 0.8


@pytest.mark.parametrize("conv", CONVOLUTIONS)
def test_a_sample_of_all_neighbours_is_the_whole_graph(conv):
    triples = make_random_graph()
    X = pd.DataFrame({"id": ["n03", "n11", "n03", None]})
    options = dict(
        conv=conv, dim=8, dropout=0.0, link_dropout=0.0, node_dropout=0.0, n_layers=2
    )
    whole, block = module_of(EntityEncoder(triples, **options), X)
    sampled, _ = module_of(
        EntityEncoder(triples, max_links=0, n_neighbors=200, **options), X
    )
    assert whole.n_neighbors is None and sampled.n_neighbors == [200, 200]
    sampled.train()
    torch.testing.assert_close(vectors_of(sampled, block), vectors_of(whole, block))
    few, _ = module_of(EntityEncoder(triples, max_links=0, n_neighbors=2, **options), X)
    torch.testing.assert_close(vectors_of(few, block), vectors_of(whole, block))
    few.train()
    drawn = vectors_of(few, block)
    assert not torch.allclose(drawn, vectors_of(few, block), atol=1e-3)


def test_a_sample_gives_the_whole_graph_in_expectation():
    torch.manual_seed(0)
    table = LinkTable(read_graph(make_random_graph()))
    encoder = EntityEncoder(make_random_graph(), conv="rgcn", dim=4)
    module, _ = module_of(encoder, pd.DataFrame({"id": ["n01"]}))
    layer = RelationalConvolution(4, table.n_relations, 2)
    nodes, h = torch.arange(5), torch.randn(30, 4)
    whole = layer(h, h[:5], module._links(*sample_links(module.indptr, nodes, None)))
    draws = [
        layer(h, h[:5], module._links(*sample_links(module.indptr, nodes, 3)))
        for _ in range(2000)
    ]
    error = (torch.stack(draws).mean(0) - whole).norm() / whole.norm()
    assert error < 0.05


@pytest.mark.parametrize("kind", [RelationalConvolution, GraphAttention])
def test_a_link_that_stands_for_none_is_not_there(kind):
    torch.manual_seed(0)
    module, _ = module_of(
        EntityEncoder(make_random_graph(), dim=4), pd.DataFrame({"id": ["n01"]})
    )
    layer = kind(4, LinkTable(read_graph(make_random_graph())).n_relations, 2)
    nodes, h = torch.arange(5), torch.randn(30, 4)
    links = module._links(*sample_links(module.indptr, nodes, None))
    kept = torch.rand(len(links.source)) < 0.5
    kept[links.target == 3] = False
    hidden = layer(h, h[:5], links._replace(stands_for=links.stands_for * kept))
    cut = layer(h, h[:5], type(links)(*(part[kept] for part in links)))
    torch.testing.assert_close(hidden, cut)


def test_links_are_drawn_once_each_where_all_fit():
    indptr = torch.tensor([0, 3, 3, 10])
    links, target, stands_for = sample_links(indptr, torch.tensor([2, 1, 0]), 5)
    assert target.tolist() == [0] * 5 + [2] * 3
    assert links[5:].tolist() == [0, 1, 2] and stands_for[5:].tolist() == [1] * 3
    assert (links[:5] >= 3).all() and (links[:5] < 10).all()
    torch.testing.assert_close(stands_for[:5], torch.full((5,), 7 / 5))


@pytest.mark.parametrize("conv", CONVOLUTIONS)
def test_nodes_in_chunks_are_as_all_at_once(conv, monkeypatch):
    triples = make_random_graph()
    X = pd.DataFrame({"id": [f"n{i:02}" for i in range(10)]})
    module, block = module_of(EntityEncoder(triples, conv=conv, dim=8), X)
    expected = vectors_of(module, block)
    monkeypatch.setattr("skmm.encoders.entity._module._LINKS_AT_ONCE", 50)
    module.eval().train(False)
    torch.testing.assert_close(vectors_of(module, block), expected)


def test_weights_that_change_are_seen():
    X = pd.DataFrame({"id": ["anna", "ben"]})
    module, block = module_of(EntityEncoder(SMALL, dim=4), X)
    before = vectors_of(module, block)
    with torch.no_grad():
        module.nodes.add_(1.0)
    assert not torch.allclose(vectors_of(module, block), before)
    again = pickle.loads(pickle.dumps(module))
    assert again._kept is None
    torch.testing.assert_close(vectors_of(again, block), vectors_of(module, block))


def test_a_larger_graph_is_sampled_in_a_fit():
    triples, X, y, new = make_movies()
    encoder = EntityEncoder(triples, dim=16, max_links=100, n_neighbors=(3, 2))
    model = MultimodalClassifier(
        [("movie", encoder, ["movie"])], max_epochs=4, random_state=0
    )
    model.fit(X[~new], y[~new])
    all_rows = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X[7:8]), all_rows[7:8], atol=1e-5)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_allclose(again.predict_proba(X), all_rows, atol=1e-6)


def test_features_of_nodes():
    nodes = [f"n{i:02}" for i in range(60)]
    triples = [(node, "to", "hub") for node in nodes]
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"x": rng.normal(size=60), "z": 1.0}, index=nodes)
    y = (features["x"].to_numpy() > 0).astype(int)
    X = pd.DataFrame({"id": nodes})
    encoder = EntityEncoder(triples, conv="none", features=features, dim=8, wide=False)
    model = MultimodalClassifier(
        [("id", encoder, ["id"])], validation=None, max_epochs=40, random_state=0
    )
    model.fit(X[:40], y[:40])
    assert model.score(X[40:], y[40:]) > 0.8
    with pytest.raises(ValueError, match="column 'name' holds"):
        EntityEncoder(triples, features=features.assign(name="x")).fit_transform(X)
    with pytest.raises(ValueError, match="none of the graph's nodes"):
        EntityEncoder(triples, features=features.reset_index(drop=True)).fit_transform(
            X
        )
    with pytest.raises(ValueError, match="more than once"):
        EntityEncoder(triples, features=features.iloc[[0, 0]]).fit_transform(X)


def test_vectors_that_were_trained_on_links():
    triples, X, y, _ = make_movies(20, 2, 3)
    encoder = EntityEncoder(triples, conv="none", dim=16, pretrain_epochs=20)
    encoder.fit_transform(X)
    vectors = encoder.node_vectors_
    assert vectors.shape == (len(encoder.nodes_), 16)
    torch.testing.assert_close(
        encoder.build_module(8).nodes.detach(), torch.as_tensor(vectors)
    )
    again = EntityEncoder(triples, conv="none", dim=16, pretrain_epochs=20)
    again.fit_transform(X)
    np.testing.assert_array_equal(again.node_vectors_, vectors)
    # Movies of one maker are near one another.
    places = pd.Index(encoder.nodes_).get_indexer(X["movie"])
    unit = vectors[places] / np.linalg.norm(vectors[places], axis=1, keepdims=True)
    near = unit @ unit.T
    maker = np.repeat(np.arange(20), 3)
    same = (maker[:, None] == maker) & ~np.eye(60, dtype=bool)
    assert near[same].mean() > near[maker[:, None] != maker].mean() + 0.2


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.tsv"])
def test_triples_from_a_file(tmp_path, name):
    frame = pd.DataFrame(SMALL, columns=["head", "relation", "tail"])
    path = tmp_path / name
    if name == "t.parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(path)
    elif name == "t.csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_csv(path, index=False, header=False, sep="\t")
    encoder = EntityEncoder(str(path))
    encoder.fit_transform(pd.DataFrame({"who": ["anna"]}))
    assert encoder.nodes_.tolist() == ["anna", "ben", "carl", "dora"]
    with pytest.raises(ValueError, match="is not a file"):
        EntityEncoder(str(tmp_path / "none.csv")).fit_transform(
            pd.DataFrame({"who": ["anna"]})
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conv": "gcn"}, "'gat', 'rgcn', 'none'.*Got 'gcn'"),
        ({"n_neighbors": (5, 0)}, "'n_neighbors' parameter"),
        ({"n_neighbors": ()}, "'n_neighbors' parameter.*at least 1 items"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        EntityEncoder(SMALL, **options).fit_transform(pd.DataFrame({"who": ["anna"]}))


def test_wrong_data():
    X = pd.DataFrame({"who": ["anna", ["ben"]]}, index=["r1", "r2"])
    with pytest.raises(ValueError, match=r"Column 'who' holds ids.*row r2|'r2'"):
        EntityEncoder(SMALL).fit_transform(X)
    with pytest.raises(ValueError, match="triples is empty"):
        EntityEncoder([]).fit_transform(X[:1])
    with pytest.warns(UserWarning, match="'who' holds no node of the graph"):
        EntityEncoder(SMALL).fit_transform(pd.DataFrame({"who": ["x", "y"]}))


def test_first_vectors_do_not_know_what_is_around_the_fit():
    table = LinkTable(read_graph(make_random_graph()))

    def learn():
        return predict_links(table, 4, n_epochs=2, seed=0)

    expected, state = learn(), torch.get_rng_state()
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            np.testing.assert_array_equal(learn(), expected)
    torch.set_default_dtype(torch.float64)
    try:
        found = learn()
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    assert torch.equal(torch.get_rng_state(), state)
