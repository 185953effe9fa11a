"""EntityEncoder: which nodes of a graph have a relation, and ratings of MovieLens.

Nodes: the question of ``_extraction_entity.py``, on kinships and umls (nations has 14
nodes): for relations that 20 to 80 % of the nodes have as heads, all triples of the
relation are held out, and the others tell which nodes they were. 5-fold cross-validated
ROC AUC, mean over the first such relations. EntityVectorizer's features are read by
logistic regression. 0.5 is chance.

MovieLens 100k: ratings as numbers from the ids of user and movie, 20 % of the ratings
held out at random. The graph has the genres and the decade of movies, and occupation,
gender, age in decades and the region of the zip code of users.  "table" has the same
facts and the ids as columns of TabularEncoder, and "id" an EntityEncoder without links
but one for each node to its kind. "new movies" holds out movies instead of ratings.

CPU seconds are those of all fits.
"""

import statistics
import time

import numpy as np
import pandas as pd
from _extraction_entity import NODE_FEATURES, read, tell_nodes
from sklearn.metrics import r2_score, root_mean_squared_error
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)

CONVOLUTIONS = {
    "none": {"conv": "none"},
    "none, pretrained": {"conv": "none", "pretrain_epochs": 30},
    "rgcn": {"conv": "rgcn"},
    "gat": {"conv": "gat"},
    "gat, pretrained": {"conv": "gat", "pretrain_epochs": 30},
}
#: Relations of each graph that are asked for, at most.
N_RELATIONS = 4
RATINGS = {
    "table": None,
    "id": {"conv": "none"},
    "none": {"conv": "none"},
    "rgcn": {"conv": "rgcn"},
    "gat": {"conv": "gat"},
}


def entity(seeds, graphs=("kinships", "umls"), encoders=CONVOLUTIONS):
    """EntityEncoder beside EntityVectorizer's features: rows of the table."""
    rows = []
    for graph in graphs:
        triples = pd.DataFrame(read(graph, "train"), columns=["h", "r", "t"])
        triples = triples_of_few_relations(triples)
        for name, options in NODE_FEATURES.items():
            runs = [tell_nodes(triples, options, seed) for seed in seeds]
            runs = [{"scores": {"ROC AUC": r["score"]}, **r} for r in runs]
            rows += make_rows(f"nodes of {graph}", f"EntityVectorizer, {name}", runs)
        for name, options in encoders.items():
            runs = [classify_nodes(triples, options, seed) for seed in seeds]
            rows += make_rows(f"nodes of {graph}", f"EntityEncoder, {name}", runs)
    return rows


def movielens(seeds, *, n_rows=20_000, encoders=RATINGS, new_movies=(False, True)):
    """Ratings with and without facts about users and movies: rows of the table."""
    from skmm.datasets import fetch_movielens_100k

    X, y = fetch_movielens_100k(return_X_y=True)
    X, y = X.reset_index(drop=True), y.to_numpy(float)
    facts = describe(X)
    rows = []
    for new in new_movies:
        line = "movielens, new movies" if new else "movielens"
        for name, options in encoders.items():
            runs = [
                rate(X, y, facts, name, options, seed, n_rows, new) for seed in seeds
            ]
            rows += make_rows(line, name, runs)
    return rows


def make_rows(line, name, runs):
    rows = []
    for metric in runs[0]["scores"]:
        rows.append(
            {
                "line": line,
                "encoder": name,
                "metric": metric,
                "score": f"{statistics.mean(r['scores'][metric] for r in runs):.3f}",
                "seconds": f"{statistics.mean(r['CPU s'] for r in runs):.1f}",
                "parameters": runs[0].get("parameters", ""),
            }
        )
        print(rows[-1], flush=True)
    return rows


# ------------------------------------------------------------------------------- nodes


def triples_of_few_relations(triples):
    """Leave out the relations that could be asked for, all but the first few.

    With twenty fits for each this would take long; they are left out for all lines.
    """
    n_nodes = len(np.unique(triples[["h", "t"]]))
    share = triples.groupby("r")["h"].nunique() / n_nodes
    asked = share.index[share.between(0.2, 0.8)]
    return triples[~triples["r"].isin(asked[N_RELATIONS:])]


def classify_nodes(triples, options, seed):
    from skmm import MultimodalClassifier
    from skmm.encoders import EntityEncoder

    everyone = np.unique(triples[["h", "t"]])
    scores, seconds = [], 0
    for relation, of_relation in triples.groupby("r"):
        others = triples[triples["r"] != relation]
        nodes = everyone[np.isin(everyone, others[["h", "t"]])]
        y = np.isin(nodes, of_relation["h"]).astype(int)
        if not 0.2 <= y.mean() <= 0.8:
            continue
        # With a hundred nodes none are left for validation.
        model = MultimodalClassifier(
            [("node", EntityEncoder(others, **options), ["node"])],
            validation=None,
            max_epochs=20,
            random_state=seed,
        )
        start = time.process_time()
        folds = StratifiedKFold(shuffle=True, random_state=seed)
        X = pd.DataFrame({"node": nodes})
        auc = cross_val_score(model, X, y, cv=folds, scoring="roc_auc")
        seconds += time.process_time() - start
        scores.append(auc.mean())
    score = statistics.mean(scores)
    return {"scores": {"ROC AUC": score}, "CPU s": seconds}


# --------------------------------------------------------------------------- movielens


def describe(X):
    """Give the facts about users and movies as triples."""
    users = X.drop_duplicates("user_id")
    movies = X.drop_duplicates("movie_id")
    columns = [
        (users["user_id"], "has occupation", users["occupation"].astype(str)),
        (users["user_id"], "is", "gender " + users["gender"].astype(str)),
        (users["user_id"], "is in age", (users["age"] // 10 * 10).astype(str)),
        (users["user_id"], "lives in", "zip " + users["zip_code"].astype(str).str[0]),
        (
            movies["movie_id"],
            "is from",
            "decade "
            + (movies["release_date"].dt.year // 10 * 10).astype("Int64").astype(str),
        ),
    ]
    frames = [
        pd.DataFrame({"h": head.astype(str), "r": relation, "t": tail})
        for head, relation, tail in columns
    ]
    genres = movies["genres"].str.split(", ").explode()
    frames.append(
        pd.DataFrame(
            {
                "h": movies["movie_id"].astype(str).loc[genres.index],
                "r": "has genre",
                "t": "genre " + genres,
            }
        )
    )
    triples = pd.concat(frames, ignore_index=True)
    return triples[~triples["t"].str.contains("NA", regex=False)].dropna()


def rate(X, y, triples, name, options, seed, n_rows, new_movies):
    from skmm import MultimodalRegressor
    from skmm.encoders import EntityEncoder, TabularEncoder

    rows = np.random.default_rng(seed).permutation(len(X))[:n_rows]
    X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    if new_movies:
        splitter = GroupShuffleSplit(1, test_size=0.2, random_state=seed)
        train, test = next(splitter.split(X, y, X["movie_id"]))
    else:
        train, test = train_test_split(
            np.arange(len(X)), test_size=0.2, random_state=seed
        )
    ids = ["user_id", "movie_id"]
    if name == "table":
        X = with_facts(X, ids)
        modalities = [("table", TabularEncoder(), list(X))]
    else:
        if name == "id":
            nodes = np.unique(np.concatenate([X[c].astype(str) for c in ids]))
            kinds = [node.split("_")[0] for node in nodes]
            triples = pd.DataFrame({"h": nodes, "r": "is", "t": kinds})
        X = X[ids].astype(str)
        modalities = [("ids", EntityEncoder(triples, **options), ids)]
    model = MultimodalRegressor(modalities, random_state=seed)
    start = time.process_time()
    model.fit(X.iloc[train], y[train])
    seconds = time.process_time() - start
    predicted = model.predict(X.iloc[test])
    scores = {
        "R2": r2_score(y[test], predicted),
        "RMSE": root_mean_squared_error(y[test], predicted),
    }
    n = model.n_parameters_
    return {"scores": scores, "CPU s": seconds, "parameters": n}


def with_facts(X, ids):
    facts = X[[*ids, "occupation", "gender", "age"]].copy()
    facts["zip"] = X["zip_code"].astype(str).str[0]
    facts["decade"] = X["release_date"].dt.year // 10 * 10
    genres = X["genres"].str.get_dummies(", ")
    return facts.join(genres.astype(float).add_prefix("genre "))
