"""
A knowledge graph beside a table
================================

A row names a movie; what is known of the movie stands in a graph of facts. An encoder
that passes messages over the graph brings the facts to the row, also for movies that no
training row has rated.
"""

# %%
# 100,000 ratings of MovieLens, of which some thousands are enough here. A third of the
# movies is kept from training. The table knows the person, and of the movie its id
# alone.

import numpy as np
import pandas as pd

from skmm.datasets import fetch_movielens_100k

ratings = fetch_movielens_100k().frame.sample(12_000, random_state=0)
movies = ratings["movie_id"].unique()
unseen = set(np.random.default_rng(0).choice(movies, len(movies) // 3, replace=False))
is_test = ratings["movie_id"].isin(unseen)
table = ["age", "gender", "occupation"]

# %%
# The facts: each movie's genres and its decade.

facts = ratings.drop_duplicates("movie_id")
decades = facts["release_date"].dt.year // 10 * 10
triples = [
    (movie, "genre", genre)
    for movie, genres in zip(facts["movie_id"], facts["genres"])
    for genre in genres.split(", ")
]
triples += [
    (movie, "decade", f"{decade:.0f}s")
    for movie, decade in zip(facts["movie_id"], decades)
    if pd.notna(decade)
]
triples = pd.DataFrame(triples, columns=["head", "relation", "tail"])
triples.sample(4, random_state=0)

# %%
# The rating from the table, with the movie as one more category, and with the movie as
# a node of the graph:

from skmm import MultimodalRegressor
from skmm.encoders import EntityEncoder

X_train, X_test = ratings[~is_test], ratings[is_test]
graph = EntityEncoder(triples, conv="gat")
scores = {}
for label, modalities in {
    "table": [("table", "tabular", table)],
    "table, movie as category": [("table", "tabular", [*table, "movie_id"])],
    "table, movie as node": [("table", "tabular", table), ("movie", graph, "movie_id")],
}.items():
    model = MultimodalRegressor(modalities, max_epochs=10, random_state=0)
    model.fit(X_train, X_train["rating"])
    scores[label] = model.score(X_test, X_test["rating"])
pd.Series(scores, name="R², unseen movies").round(3)
