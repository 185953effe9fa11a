"""Trained vectors of nodes: what they tell about links, on PyKEEN's own graphs."""

import importlib.util
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skmm.feature_extraction import EntityVectorizer, _graph_embedding

MODELS = ["transe", "distmult", "complex", "rotate"]
each_model = pytest.mark.parametrize("model", MODELS)
TRIPLES = [("a", "likes", "b"), ("b", "likes", "c"), ("c", "hates", "a")]

if importlib.util.find_spec("pykeen") is None:
    pytest.skip("PyKEEN is not installed", allow_module_level=True)


def read(name, part):
    """Triples that come with PyKEEN, read without its import."""
    (folder,) = importlib.util.find_spec("pykeen").submodule_search_locations
    path = Path(folder) / "datasets" / name / f"{part}.txt"
    if not path.exists():
        pytest.skip(f"PyKEEN comes without {name}")
    return np.loadtxt(path, dtype=str, delimiter="\t", comments=None)


def make(triples, model, **options):
    options = {"n_epochs": 3, "n_components": 8, **options}
    return EntityVectorizer(triples, features=(), embedding=model, **options)


def score_links(model, heads, relations, tails):
    """Score links as the documentation has it, along the last axis."""
    if model == "transe":
        return -np.abs(heads + relations - tails).sum(axis=-1)
    if model == "distmult":
        return (heads * relations * tails).sum(axis=-1)
    real, imaginary = zip(*(np.split(v, 2, -1) for v in (heads, relations, tails)))
    h, r, t = (a + 1j * b for a, b in zip(real, imaginary))
    if model == "complex":
        return (h * r * t.conj()).sum(axis=-1).real
    return -np.linalg.norm(h * r - t, axis=-1)


def mean_reciprocal_rank(vectorizer, model, known, asked, rng=None):
    """Ranks of true tails and heads among nodes that give no other known link.

    With `rng`, of nodes whose vectors are shuffled.
    """
    places = {node: i for i, node in enumerate(vectorizer.nodes_)}
    names = {name: i for i, name in enumerate(vectorizer.relations_)}
    known = {(places[h], names[r], places[t]) for h, r, t in known}
    nodes = vectorizer.node_embeddings_
    if rng is not None:
        nodes = rng.permutation(nodes)
    everyone = np.arange(len(nodes))
    gains = []
    for h, r, t in asked:
        h, r, t = places[h], names[r], places[t]
        relation = vectorizer.relation_embeddings_[r]
        for answer, scores, links in [
            (
                t,
                score_links(model, nodes[h], relation, nodes),
                [(h, r, x) for x in everyone],
            ),
            (
                h,
                score_links(model, nodes, relation, nodes[t]),
                [(x, r, t) for x in everyone],
            ),
        ]:
            others = np.array([link not in known for link in links])
            rivals = scores[others]
            better, equal = rivals > scores[answer], rivals == scores[answer]
            gains.append(1 / (1 + better.sum() + equal.sum() / 2))
    return np.mean(gains)


def links_of(name, model, **options):
    """MRR on the test links of a graph, and by chance."""
    train, asked = read(name, "train"), read(name, "test")
    known = np.vstack([train, read(name, "valid"), asked])
    vectorizer = make(train, model, n_components=32, **options).fit(train[:, [0]])
    graph = (vectorizer, model, known, asked)
    chance = mean_reciprocal_rank(*graph, rng=np.random.default_rng(0))
    return mean_reciprocal_rank(*graph), chance


@each_model
def test_links_of_nations(model):
    reached, chance = links_of("nations", model, n_epochs=15, batch_size=64)
    # With 14 nodes, few answers are left to choose from.
    assert reached > chance + 0.1


@pytest.mark.slow
def test_links_of_kinships():
    reached, chance = links_of("kinships", "complex", n_epochs=15)
    assert chance < 0.1
    assert reached > 0.7


@pytest.mark.slow
def test_links_among_sampled_nodes(monkeypatch):
    """As in large graphs, where not all nodes are candidates."""
    monkeypatch.setattr(_graph_embedding, "MAX_CANDIDATES", 32)
    reached, chance = links_of("umls", "complex", n_epochs=20)
    assert chance < 0.1
    assert reached > 0.7


# ----------------------------------------------------------------------- what comes out


@each_model
def test_names_and_attributes(model):
    vectorizer = make(TRIPLES, model).fit(["a"])
    names = [f"x0__{model}_{i}" for i in range(8)]
    assert vectorizer.get_feature_names_out().tolist() == names
    out = vectorizer.transform(["c", "a", "unknown"])
    np.testing.assert_array_equal(out[:2], vectorizer.node_embeddings_[[2, 0]])
    assert out.dtype == np.float32
    assert np.isfinite(out[:2]).all() and np.isnan(out[2]).all()
    assert vectorizer.nodes_.tolist() == ["a", "b", "c"]
    assert vectorizer.relations_.tolist() == ["hates", "likes"]
    assert vectorizer.relation_embeddings_.shape == (2, 8)


def test_beside_statistics():
    vectorizer = EntityVectorizer(
        TRIPLES, features=["degree"], embedding="transe", n_components=2, n_epochs=1
    )
    out = vectorizer.fit_transform(["b"])
    names = ["degree_in", "degree_out", "transe_0", "transe_1"]
    assert vectorizer.get_feature_names_out(["n"]).tolist() == [
        f"n__{n}" for n in names
    ]
    np.testing.assert_array_equal(out[0, 2:], vectorizer.node_embeddings_[1])


def test_embedding_is_gone_when_fitted_without():
    vectorizer = make(TRIPLES, "transe").fit(["a"])
    vectorizer.set_params(embedding=None, features=["degree"]).fit(["a"])
    assert not hasattr(vectorizer, "node_embeddings_")
    assert not hasattr(vectorizer, "relation_embeddings_")


def test_trained_once_for_all_columns(monkeypatch):
    trained = []
    train = _graph_embedding.train_embedding

    def counting(*arguments, **options):
        trained.append(arguments)
        return train(*arguments, **options)

    monkeypatch.setattr("skmm.feature_extraction._entity.train_embedding", counting)
    out = make(TRIPLES, "transe").fit_transform([["a", "a"], ["b", "c"]])
    assert len(trained) == 1
    np.testing.assert_array_equal(out[0, :8], out[0, 8:])


# --------------------------------------------------------------------- the same vectors


@each_model
def test_seed(model):
    first = make(TRIPLES, model).fit_transform(["a"])
    np.testing.assert_array_equal(make(TRIPLES, model).fit_transform(["a"]), first)
    other = make(TRIPLES, model, random_state=1).fit_transform(["a"])
    assert not np.allclose(other, first)


def test_order_of_triples_does_not_matter():
    first = make(TRIPLES, "distmult").fit_transform(["a"])
    ours = make(TRIPLES[::-1] + TRIPLES, "distmult").fit_transform(["a"])
    np.testing.assert_array_equal(ours, first)


def test_global_seeds_stay():
    import random

    import torch

    def states():
        legacy = np.random.get_state()  # noqa: NPY002
        return random.getstate(), legacy[1].tolist(), torch.get_rng_state().tolist()

    before = states()
    make(TRIPLES, "transe").fit(["a"])
    assert states() == before


def test_pickle_needs_no_pykeen():
    vectorizer = make(TRIPLES, "rotate").fit(["a"])
    pickled = pickle.dumps(vectorizer)
    assert b"pykeen" not in pickled and b"torch" not in pickled
    np.testing.assert_array_equal(
        pickle.loads(pickled).transform(["b"]), vectorizer.transform(["b"])
    )


def test_quiet(capfd, caplog):
    with caplog.at_level(logging.INFO):
        make(TRIPLES, "transe").fit(["a"])
    assert not caplog.records
    out = capfd.readouterr()
    assert not out.out and not out.err


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("model", ["complex", "rotate"])
def test_odd_number_of_components(model):
    with pytest.raises(ValueError, match="n_components=3 .* give an even number"):
        make(TRIPLES, model, n_components=3).fit(["a"])


def test_device_that_is_not_here():
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="device='cuda' is not available"):
        make(TRIPLES, "transe", device="cuda").fit(["a"])


def test_without_pykeen(monkeypatch):
    monkeypatch.setitem(sys.modules, "pykeen", None)
    monkeypatch.setitem(sys.modules, "pykeen.models", None)
    with pytest.raises(ImportError, match=r'pip install "skmm\[graph\]"'):
        make(TRIPLES, "transe").fit(["a"])
    assert EntityVectorizer(TRIPLES).fit_transform(["a"]).any()


@pytest.mark.slow
def test_home_that_cannot_be_written(tmp_path):
    home = tmp_path / "file"
    home.touch()
    code = (
        "from skmm.feature_extraction import EntityVectorizer\n"
        "EntityVectorizer([('a', 'r', 'b')], embedding='transe').fit(['a'])"
    )
    environment = {**os.environ, "HOME": str(home)}
    environment.pop("PYSTOW_HOME", None)
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert run.returncode
    assert "in the environment variable PYSTOW_HOME" in run.stderr


@each_model
def test_vectors_do_not_know_what_is_around_the_fit(model):
    import torch

    def fit():
        vectorizer = make(TRIPLES, model, random_state=0).fit([["a"]])
        return vectorizer.node_embeddings_

    expected = fit()
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            np.testing.assert_array_equal(fit(), expected)
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(fit(), expected)
    finally:
        torch.set_default_dtype(torch.float32)
