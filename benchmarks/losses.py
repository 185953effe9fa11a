"""Is a loss that fits the target better than the plain one?

Splits of 80/20, each model fitted on the same rows, the mean over the splits. Prints
one table, a line for each question and loss:

- rating: the reviews' rating, 1 to 5, as ordered classes: log-loss, mean absolute error
  of the prediction and its quadratically weighted kappa;
- feedback: how many found a review helpful, a count: Poisson deviance (of predictions
  of at least .01), mean absolute error, R²;
- houses: the prices of california_housing, 5 % of the training rows' multiplied or
  divided by 100: mean absolute error and R² on clean test rows.

Usage: python benchmarks/losses.py [--questions rating feedback houses] [--splits 3]
    [--rows 0]
"""

import argparse
import time
import warnings

import numpy as np
from _common import environment, markdown_table
from _tasks import load
from sklearn.metrics import (
    cohen_kappa_score,
    log_loss,
    mean_absolute_error,
    mean_poisson_deviance,
    r2_score,
)
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier, MultimodalRegressor

LOSSES = {
    "rating": ["log_loss", "ordinal"],
    "feedback": ["squared_error", "poisson"],
    "houses": ["squared_error", "huber", "absolute_error"],
}
SMALLEST = 0.01  # a count below it has an unbounded deviance


def read(question):
    """Return X, y, and whether y is a class."""
    X, y, *_ = load({"rating": "A", "feedback": "C", "houses": "california"}[question])
    if question == "feedback":
        X = X.copy()
        y = X.pop("Positive Feedback Count").to_numpy(dtype=float)
    return X, np.asarray(y), question == "rating"


def spoil(y, seed):
    """Return targets of which one in twenty is a hundred times too large or small."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(y), len(y) // 20, replace=False)
    y = np.array(y, dtype=float)
    y[wrong] *= rng.choice([0.01, 100.0], len(wrong))
    return y


def scores(question, model, X, y):
    """Return the scores of a question, a dict."""
    found = model.predict(X)
    if question == "rating":
        return {
            "log-loss": log_loss(y, model.predict_proba(X), labels=model.classes_),
            "MAE": mean_absolute_error(y, found),
            "kappa": cohen_kappa_score(y, found, weights="quadratic"),
        }
    shared = {"MAE": mean_absolute_error(y, found), "R2": r2_score(y, found)}
    if question == "houses":
        return shared
    deviance = mean_poisson_deviance(y, np.clip(found, SMALLEST, None))
    return {"deviance": deviance, **shared}


def measure(question, loss, seed, n_rows):
    """Return the scores and CPU seconds of one split, a dict."""
    X, y, classes = read(question)
    stratify = y if classes else None
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=seed, stratify=stratify
    )
    if n_rows:
        X_train, y_train = X_train[:n_rows], y_train[:n_rows]
    if question == "houses":
        y_train = spoil(y_train, seed)
    estimator = MultimodalClassifier if classes else MultimodalRegressor
    start = time.process_time()
    model = estimator(loss=loss, random_state=seed).fit(X_train, y_train)
    seconds = time.process_time() - start
    return {**scores(question, model, X_test, y_test), "CPU s": seconds}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", nargs="+", default=[*LOSSES])
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, default=0, help="training rows; 0: all")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    rows = []
    for question in given.questions:
        for loss in LOSSES[question]:
            found = [
                measure(question, loss, seed, given.rows)
                for seed in range(given.splits)
            ]
            row = {"target": question, "loss": loss}
            for name in ("log-loss", "deviance", "MAE", "kappa", "R2", "CPU s"):
                some = [one[name] for one in found if name in one]
                row[name] = f"{np.mean(some):.3f}" if some else ""
            rows.append(row)
            print(row, flush=True)
    print(environment())
    print(markdown_table(rows))


if __name__ == "__main__":
    main()
