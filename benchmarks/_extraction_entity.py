"""EntityVectorizer on the graphs that come with PyKEEN: nations, kinships and umls.

Links: vectors are trained on the train triples; the filtered mean reciprocal rank (MRR)
is that of the true tails and heads of the test triples, equally good nodes counting
half. PyKEEN's pipeline has the same model, dimension, epochs and learning rate (more
than its 0.001, which is too little for so few epochs), but its own losses, negatives
and batches; its vectors are evaluated by the same function. CPU seconds
are those of the training; rows a second are triples of all epochs.

Nodes: a question made from the graph itself, which no one has asked of it. For each
relation that 20 to 80 % of the nodes have as heads, all its triples are held out, and
logistic regression tells from the others' features which nodes they were: ROC AUC,
5-fold cross-validation, mean over such relations. 0.5 is chance.
"""

import importlib.util
import logging
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GRAPHS = ("nations", "kinships", "umls")
MODELS = {
    "transe": "TransE",
    "distmult": "DistMult",
    "complex": "ComplEx",
    "rotate": "RotatE",
}
N_COMPONENTS = 32
N_EPOCHS = 30
LEARNING_RATE = 0.01
NODE_FEATURES = {
    "degrees": {"features": ["degree"]},
    "statistics": {},
    "complex": {"features": (), "embedding": "complex", "n_epochs": N_EPOCHS},
}


def entity(seeds):
    """EntityVectorizer and PyKEEN's pipeline, then features of nodes: rows."""
    return [*links(seeds), *nodes(seeds)]


def links(seeds):
    rows = []
    for graph in GRAPHS:
        triples = {part: read(graph, part) for part in ("train", "valid", "test")}
        for model in MODELS:
            scores = {}
            for name, train in [
                (f'EntityVectorizer("{model}")', train_ours),
                (f"PyKEEN pipeline, {MODELS[model]}", train_pipeline),
            ]:
                runs = [measure(train, model, triples, seed) for seed in seeds]
                rate = N_EPOCHS * len(triples["train"])
                rows.append(make_row(f"links of {graph}", name, "MRR", runs, rate))
                scores[name] = float(rows[-1]["score"])
            ours, theirs = scores.values()
            met = "met" if ours >= theirs else "MISSED"
            print(f"links of {graph}, {model}: MRR at least PyKEEN's: {met}")
    return rows


def nodes(seeds):
    rows = []
    for graph in GRAPHS[1:]:  # nations has 14 nodes
        triples = pd.DataFrame(read(graph, "train"), columns=["h", "r", "t"])
        for name, options in NODE_FEATURES.items():
            runs = [tell_nodes(triples, options, seed) for seed in seeds]
            name = f"EntityVectorizer, {name}"
            rate = runs[0].pop("rows")
            rows.append(make_row(f"nodes of {graph}", name, "ROC AUC", runs, rate))
    return rows


def make_row(line, name, metric, runs, n_rows):
    seconds = statistics.mean(run["CPU s"] for run in runs)
    row = {
        "line": line,
        "vectorizer": name,
        "metric": metric,
        "score": f"{statistics.mean(run['score'] for run in runs):.3f}",
        "CPU s": f"{seconds:.2f}",
        "rows/s": f"{n_rows / seconds:.0f}",
    }
    print(row, flush=True)
    return row


def read(graph, part):
    (folder,) = importlib.util.find_spec("pykeen").submodule_search_locations
    path = Path(folder) / "datasets" / graph / f"{part}.txt"
    return np.loadtxt(path, dtype=str, delimiter="\t", comments=None)


# ------------------------------------------------------------------------------- links


def measure(train, model, triples, seed):
    """Train vectors of nodes and relations, in the order of their sorted names."""
    train(model, {part: some[:100] for part, some in triples.items()}, seed, 1)
    start = time.process_time()
    vectors = train(model, triples, seed, N_EPOCHS)
    seconds = time.process_time() - start
    return {"score": mean_reciprocal_rank(model, *vectors, triples), "CPU s": seconds}


def train_ours(model, triples, seed, n_epochs):
    from skmm.feature_extraction import EntityVectorizer

    vectorizer = EntityVectorizer(
        triples["train"],
        features=(),
        embedding=model,
        n_components=N_COMPONENTS,
        n_epochs=n_epochs,
        learning_rate=LEARNING_RATE,
        random_state=seed,
    ).fit(triples["train"][:, [0]])
    return vectorizer.node_embeddings_, vectorizer.relation_embeddings_


def train_pipeline(model, triples, seed, n_epochs):
    from pykeen.pipeline import pipeline
    from pykeen.triples import TriplesFactory

    for name in ("pykeen", "torch_max_mem"):
        logging.getLogger(name).setLevel(logging.ERROR)
    train = TriplesFactory.from_labeled_triples(triples["train"])
    # It evaluates at the end, here on one triple: that is no part of the training.
    one = TriplesFactory.from_labeled_triples(
        triples["train"][:1],
        entity_to_id=train.entity_to_id,
        relation_to_id=train.relation_to_id,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = pipeline(
            training=train,
            testing=one,
            model=MODELS[model],
            model_kwargs={"embedding_dim": real_dimension(model)},
            optimizer_kwargs={"lr": LEARNING_RATE},
            training_kwargs={"num_epochs": n_epochs, "use_tqdm": False},
            evaluation_kwargs={"use_tqdm": False},
            random_seed=seed,
            device="cpu",
        )
    trained = result.model
    (nodes,) = trained.entity_representations
    (relations,) = trained.relation_representations
    # As EntityVectorizer has them: nodes by their sorted names, real parts first.
    return to_real(nodes, train.entity_to_id), to_real(relations, train.relation_to_id)


def real_dimension(model):
    return N_COMPONENTS // 2 if model in ("complex", "rotate") else N_COMPONENTS


def to_real(representation, places):
    vectors = representation(indices=None).detach().numpy()
    vectors = vectors[[places[name] for name in sorted(places)]]
    if np.iscomplexobj(vectors):
        vectors = np.hstack([vectors.real, vectors.imag])
    return vectors


def mean_reciprocal_rank(model, nodes, relations, triples):
    places = as_places(triples)
    known = np.zeros((len(nodes), len(relations), len(nodes)), bool)
    for part in places.values():
        known[tuple(part.T)] = True
    heads, links, tails = places["test"].T
    gains = []
    for h, r, t in zip(heads, links, tails):
        for scores, others, answer in [
            (score(model, nodes[h], relations[r], nodes), known[h, r], t),
            (score(model, nodes, relations[r], nodes[t]), known[:, r, t], h),
        ]:
            rivals = scores[~others]
            better = (rivals > scores[answer]).sum()
            equal = (rivals == scores[answer]).sum()
            gains.append(1 / (1 + better + equal / 2))
    return float(np.mean(gains))


def as_places(triples):
    """Number nodes and relations as sorted; leave out what is not trained."""
    train = triples["train"]
    nodes, relations = np.unique(train[:, [0, 2]]), np.unique(train[:, 1])
    places = {}
    for part, rows in triples.items():
        seen = np.isin(rows[:, [0, 2]], nodes).all(axis=1)
        rows = rows[seen & np.isin(rows[:, 1], relations)]
        heads, tails = (np.searchsorted(nodes, rows[:, i]) for i in (0, 2))
        links = np.searchsorted(relations, rows[:, 1])
        places[part] = np.column_stack([heads, links, tails])
    return places


def score(model, heads, relation, tails):
    """Score links by the formula of each model's paper."""
    if model == "transe":
        return -np.abs(heads + relation - tails).sum(axis=-1)
    if model == "distmult":
        return (heads * relation * tails).sum(axis=-1)
    half = N_COMPONENTS // 2
    h, r, t = (v[..., :half] + 1j * v[..., half:] for v in (heads, relation, tails))
    if model == "complex":
        return (h * r * t.conj()).sum(axis=-1).real
    return -np.linalg.norm(h * r - t, axis=-1)


# ------------------------------------------------------------------------------- nodes


def tell_nodes(triples, options, seed):
    """Tell the heads of each held-out relation from the other relations."""
    from skmm.feature_extraction import EntityVectorizer

    everyone = np.unique(triples[["h", "t"]])
    scores, n_rows, seconds = [], 0, 0
    for relation, of_relation in triples.groupby("r"):
        others = triples[triples["r"] != relation]
        X = everyone[np.isin(everyone, others[["h", "t"]])]
        y = np.isin(X, of_relation["h"])
        if not 0.2 <= y.mean() <= 0.8:
            continue
        start = time.process_time()
        vectorizer = EntityVectorizer(others, random_state=seed, **options)
        features = vectorizer.fit_transform(X)
        seconds += time.process_time() - start
        n_rows += len(X)
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        folds = StratifiedKFold(shuffle=True, random_state=seed)
        auc = cross_val_score(model, features, y, cv=folds, scoring="roc_auc")
        scores.append(auc.mean())
    return {"score": statistics.mean(scores), "CPU s": seconds, "rows": n_rows}
