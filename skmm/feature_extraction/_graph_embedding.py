"""Vectors of a knowledge graph's nodes and relations, trained with PyKEEN's models."""

import contextlib
import logging

import numpy as np

from skmm._utils.optional import optional_import

#: In graphs of more nodes, a batch is told from so many random ones instead.
MAX_CANDIDATES = 128

#: PyKEEN's name of a model, and what is not left at its default: without limits on
#: the norm DistMult predicts more links of nations and umls; ComplEx begins small.
MODELS = {
    "transe": ("TransE", {}),
    "distmult": ("DistMult", {"entity_constrainer": None, "regularizer": None}),
    "complex": (
        "ComplEx",
        {
            "entity_initializer": "xavier_uniform",
            "relation_initializer": "xavier_uniform",
            "regularizer": None,
        },
    ),
    "rotate": ("RotatE", {}),
}
#: Models of complex numbers, which give real and imaginary parts.
COMPLEX = {"complex", "rotate"}


def train_embedding(
    graph, model, n_components, *, n_epochs, learning_rate, batch_size, device, seed
):
    """Learn to tell the true tail and head of each triple from other nodes.

    Cross-entropy over all nodes, the "1vsAll" of Ruffinelli, Broscheit, Gemulla: You
    CAN Teach an Old Dog New Tricks!, ICLR 2020.

    Returns
    -------
    nodes : ndarray of shape (n_nodes, n_components)
    relations : ndarray of shape (n_relations, n_components)
    """
    import torch

    from skmm._nn.batch_size import auto_batch_size
    from skmm._nn.device import learning, resolve_device
    from skmm._nn.seeding import drawing_from, make_generator, randperm, seeded

    models = _import_models()
    device = resolve_device(device)
    generator = make_generator(seed, device)
    with learning(), drawing_from(generator), _quiet():
        triples = torch.as_tensor(
            np.column_stack([graph.heads, graph.links, graph.tails]), device=device
        )
        if batch_size == "auto":
            batch_size = auto_batch_size(len(triples))
        # PyKEEN draws the first vectors from torch's global generator, which other
        # threads wait for meanwhile; its steps draw nothing.
        with seeded(seed):
            net = _make_net(models, model, graph, n_components, triples).to(device)
        optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)
        net.train()
        for _ in range(n_epochs):
            for rows in randperm(len(triples), device=device).split(batch_size):
                optimizer.zero_grad()
                _loss(net, triples[rows]).backward()
                optimizer.step()
                net.post_parameter_update()  # TransE keeps nodes at length one
    (nodes,), (relations,) = net.entity_representations, net.relation_representations
    return _to_numpy(nodes), _to_numpy(relations)


def _make_net(models, model, graph, n_components, triples):
    from pykeen.triples import CoreTriplesFactory
    from pykeen.utils import NoRandomSeedNecessary

    name, options = MODELS[model]
    return getattr(models, name)(
        triples_factory=CoreTriplesFactory(
            mapped_triples=triples.cpu(),
            num_entities=len(graph.nodes),
            num_relations=len(graph.relations),
        ),
        embedding_dim=n_components // 2 if model in COMPLEX else n_components,
        # Its own way of seeding would change the seeds of all libraries.
        random_seed=NoRandomSeedNecessary,
        **options,
    )


def _import_models():
    try:
        return optional_import("pykeen.models", "graph")
    except OSError as error:
        raise OSError(
            "PyKEEN makes a folder when it is imported, ~/.data/pykeen, and cannot. "
            "Name a folder that can be written in the environment variable "
            "PYSTOW_HOME."
        ) from error


@contextlib.contextmanager
def _quiet():
    """Keep PyKEEN's notes out of the log, which it sets to INFO when imported."""
    logger = logging.getLogger("pykeen")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _loss(net, batch):
    import torch
    from torch.nn.functional import cross_entropy

    from skmm._nn.seeding import randint

    heads_relations, relations_tails = batch[:, :2], batch[:, 1:]
    if net.num_entities <= MAX_CANDIDATES:
        tails = cross_entropy(net.score_t(heads_relations), batch[:, 2])
        return tails + cross_entropy(net.score_h(relations_tails), batch[:, 0])
    drawn = randint(0, net.num_entities, (MAX_CANDIDATES,), device=batch.device)
    true = net.score_hrt(batch)
    first = torch.zeros(len(batch), dtype=torch.long, device=batch.device)
    tails = torch.hstack([true, net.score_t(heads_relations, tails=drawn)])
    heads = torch.hstack([true, net.score_h(relations_tails, heads=drawn)])
    return cross_entropy(tails, first) + cross_entropy(heads, first)


def _to_numpy(representation):
    vectors = representation(indices=None).detach().cpu().numpy()
    if np.iscomplexobj(vectors):
        vectors = np.hstack([vectors.real, vectors.imag])
    return vectors
