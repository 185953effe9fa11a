"""TextEmbedder beside sentence-transformers' own encode and skrub's TextEncoder.

1,000 reviews of women's clothing, their title and their text, and the same weights
(all-MiniLM-L6-v2) for all. Vectors of 384 numbers a column, in turn in one process,
each after a first run on a few texts. "cosine" is of each vector to those of
sentence-transformers in float32: mean, and the least. "score" is the ROC AUC of task B
(Recommended IND) by scaled logistic regression behind, 5-fold. Ratios are medians.
"int8" needs a CPU with VNNI.
"""

import statistics
import time

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm._pretrained.sources import load_sentence_model, packaged_path
from skmm.datasets import fetch_womens_clothing
from skmm.feature_extraction import TextEmbedder

COLUMNS = ["Title", "Review Text"]
N_ROWS = 1000


def text_embedder(seeds):
    """A row of the table each; a seed is a turn on other reviews."""
    names = [*embedders()]
    turns = {name: [] for name in names}
    for seed in seeds:
        X, y = read(seed)
        reference = None
        for name, embed in embedders().items():
            embed(X[:20])  # loads the weights
            start, start_wall = time.process_time(), time.perf_counter()
            vectors = embed(X)
            seconds = time.process_time() - start
            wall = time.perf_counter() - start_wall
            if reference is None:
                reference = vectors
            turn = {"CPU s": seconds, "wall s": wall, "score": score(vectors, y)}
            turns[name].append(turn | cosines(vectors, reference))
            print(name, seed, turns[name][-1], flush=True)
    return [summarise(name, turns[name], turns[names[0]]) for name in names]


def read(seed):
    X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
    X = X[COLUMNS].dropna()
    X = X.sample(N_ROWS, random_state=seed)
    return X, pd.Series(np.asarray(y))[X.index].to_numpy()


def embedders():
    """Names to functions from a frame to an array; the first is the reference."""
    from skrub import TextEncoder

    model = load_sentence_model("minilm", "cpu")
    encoder = make_column_transformer(
        *(
            (TextEncoder(str(packaged_path("minilm")), n_components=None), column)
            for column in COLUMNS
        )
    )
    ours = {
        f"TextEmbedder({precision!r})": TextEmbedder(
            precision=precision, progress=False
        ).fit_transform
        for precision in ("int8", "float32")
    }
    return {
        "sentence-transformers encode": lambda X: np.hstack(
            [model.encode(X[column].tolist()) for column in X]
        ),
        **ours,
        "skrub TextEncoder": lambda X: np.asarray(encoder.fit_transform(X)),
    }


def score(vectors, y):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    return cross_val_score(model, vectors, y, cv=5, scoring="roc_auc").mean()


def cosines(vectors, reference):
    """Of the vectors of each column: mean and least."""
    ours, theirs = (v.reshape(-1, 384) for v in (vectors, reference))
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    values = np.sum(ours * theirs, axis=1) / lengths
    return {"cosine": values.mean(), "least cosine": values.min()}


def summarise(name, turns, reference):
    mean = {key: statistics.mean(turn[key] for turn in turns) for key in turns[0]}
    ratio = {
        key: statistics.median(b[key] / a[key] for a, b in zip(turns, reference))
        for key in ("CPU s", "wall s")
    }
    return {
        "line": "text_embedder",
        "vectorizer": name,
        "metric": "ROC AUC",
        "score": f"{mean['score']:.4f}",
        "cosine": f"{mean['cosine']:.4f} ({mean['least cosine']:.4f})",
        "CPU s": f"{mean['CPU s']:.1f}",
        "rows/s": f"{N_ROWS / mean['CPU s']:.0f}",
        "times faster (CPU, wall)": f"{ratio['CPU s']:.2f}, {ratio['wall s']:.2f}",
    }
