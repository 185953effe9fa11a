"""A network tuned on the target beside the same one frozen; for ``extraction.py``."""

import statistics
import time

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

from skmm.datasets import fetch_womens_clothing
from skmm.feature_extraction import TextEmbedder

COLUMNS = ["Title", "Review Text"]
N_TRAIN, N_TEST = 3000, 2000
#: Half of the reviews are longer than 74 tokens; training on all of them takes double.
OPTIONS = {"max_length": 64, "progress": False}
TUNED = {"epochs": 1, "cv": 2}


def embedders():
    return {
        "frozen": TextEmbedder("minilm", **OPTIONS),
        "lora": TextEmbedder("minilm", tune="lora", **TUNED, **OPTIONS),
        "full": TextEmbedder("minilm", tune="full", **TUNED, **OPTIONS),
    }


def tuning(seeds):
    """Task A (Rating in 5 classes) from the texts: a row of the table each."""
    X, y = fetch_womens_clothing(target="rating", return_X_y=True)
    X, y = X[COLUMNS], np.asarray(y)
    results = {name: [] for name in embedders()}
    for seed in seeds:
        split = train_test_split(
            X, y, train_size=N_TRAIN, test_size=N_TEST, random_state=seed, stratify=y
        )
        for name, embedder in embedders().items():
            results[name].append(run(embedder, *split))
            print(name, seed, results[name][-1], flush=True)
    means = {
        name: {key: statistics.mean(s[key] for s in splits) for key in splits[0]}
        for name, splits in results.items()
    }
    gain = max(means[name]["accuracy"] for name in ("lora", "full"))
    gain -= means["frozen"]["accuracy"]
    met = "met" if gain >= 0.02 else "MISSED"
    print(f"tuning, accuracy {gain:+.4f} over frozen, at least 0.02: {met}")
    return [
        {
            "line": "tuning",
            "vectorizer": f"TextEmbedder, {name}",
            "metric": "accuracy",
            "score": f"{mean['accuracy']:.4f}",
            "CPU s": f"{mean['CPU s']:.1f}",
            "rows/s": f"{(N_TRAIN + N_TEST) / mean['CPU s']:.0f}",
        }
        for name, mean in means.items()
    ]


def run(embedder, X_train, X_test, y_train, y_test):
    """Give the accuracy of a logistic regression behind, and the CPU seconds."""
    start = time.process_time()
    features = embedder.fit_transform(X_train, y_train)
    features_test = embedder.transform(X_test)
    seconds = time.process_time() - start
    model = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0),
        LogisticRegression(max_iter=1000),
    ).fit(features, y_train)
    return {"accuracy": model.score(features_test, y_test), "CPU s": seconds}


def leak(n_rows=1000, seed=0):
    """Print what shuffled classes score behind out-of-fold and full vectors.

    The former are to be at chance, 0.5.
    """
    X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
    X, _, y, _ = train_test_split(
        X[COLUMNS], np.asarray(y), train_size=n_rows, random_state=seed
    )
    y = np.random.RandomState(seed).permutation(y)
    embedder = embedders()["full"].set_params(epochs=4)
    model = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0),
        LogisticRegression(max_iter=1000),
    )
    for name, features in {
        "out of fold": embedder.fit_transform(X, y),
        "full model": embedder.transform(X),
    }.items():
        scores = cross_val_score(model, features, y, cv=5, scoring="roc_auc")
        print(f"shuffled classes, {name}: ROC AUC {scores.mean():.3f}")
