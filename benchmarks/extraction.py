"""Vectorizers beside what people use now: score, CPU seconds and rows a second.

Text: women's clothing reviews, task B (Recommended IND from Title and Review Text
alone), 80/20 stratified splits, 30 components a column, and the logistic regression of
scikit-learn behind them. Seconds are those of `fit_transform` on the training rows and
`transform` on the test rows; rows a second are those of both.

Other lines: the modules `_extraction_*.py` tell what they compare.

    python benchmarks/extraction.py [--lines text image ...] [--seeds 0 1 2]
"""

import argparse
import importlib
import statistics
import time

import numpy as np
from _common import environment, markdown_table
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from skmm.datasets import fetch_womens_clothing
from skmm.feature_extraction import TextVectorizer

COLUMNS = ["Title", "Review Text"]


def text_vectorizer():
    # Zeros, as skrub has them: logistic regression takes no NaN.
    return TextVectorizer(n_components=30, missing="zero")


def string_encoder():
    from skrub import StringEncoder

    return make_column_transformer(
        *((StringEncoder(30, random_state=0), column) for column in COLUMNS)
    )


TEXT = {"TextVectorizer": text_vectorizer, "skrub StringEncoder": string_encoder}


def text(seeds):
    """TextVectorizer and skrub's StringEncoder: a row of the table each."""
    X, y = fetch_womens_clothing(target="recommended", return_X_y=True)
    X, y = X[COLUMNS], np.asarray(y)
    results = {name: [] for name in TEXT}
    for seed in seeds:
        split = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=y)
        for name, make in TEXT.items():
            make().fit(X[:100])  # imports
            results[name].append(run(make(), *split))
            print(name, seed, results[name][-1], flush=True)
    return summarise("text", "ROC AUC", results, len(X))


def run(vectorizer, X_train, X_test, y_train, y_test):
    """Give the score and the CPU seconds of the features."""
    start = time.process_time()
    features = vectorizer.fit_transform(X_train)
    features_test = vectorizer.transform(X_test)
    seconds = time.process_time() - start
    model = LogisticRegression(max_iter=1000).fit(features, y_train)
    score = roc_auc_score(y_test, model.predict_proba(features_test)[:, 1])
    return {"score": score, "CPU s": seconds}


def summarise(line, metric, results, n_rows):
    """Means over the splits; the first vectorizer is ours, the second the peer."""
    means = {
        name: {key: statistics.mean(s[key] for s in splits) for key in splits[0]}
        for name, splits in results.items()
    }
    ours, peer = means.values()
    for what, met in [
        (f"{metric} at least the peer's", ours["score"] >= peer["score"]),
        ("faster", ours["CPU s"] < peer["CPU s"]),
    ]:
        print(f"{line}, {what}: {'met' if met else 'MISSED'}")
    return [
        {
            "line": line,
            "vectorizer": name,
            "metric": metric,
            "score": f"{mean['score']:.4f}",
            "CPU s": f"{mean['CPU s']:.1f}",
            "rows/s": f"{n_rows / mean['CPU s']:.0f}",
        }
        for name, mean in means.items()
    ]


#: line -> module that has a function of that name, which gives rows of the table.
LINES = {
    "text": "extraction",
    "image": "_extraction_media",
    "audio": "_extraction_media",
    "video": "_extraction_media",
    "series": "_extraction_series",
    "entity": "_extraction_entity",
    "text_embedder": "_extraction_embedders",
    "image_embedder": "_extraction_pretrained",
    "audio_embedder": "_extraction_pretrained",
    "tuning": "_extraction_tuning",
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", nargs="+", default=list(LINES), choices=list(LINES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    tables = []
    for line in arguments.lines:
        rows = getattr(importlib.import_module(LINES[line]), line)(arguments.seeds)
        tables.append(markdown_table(rows))
    print("\n" + environment())
    print("\n".join(tables))
