"""One fit of several tasks against a fit of each, on the clothing reviews.

Rating as classes, whether the article is recommended, and the reviewer's age as a
number, from the text and the article. Splits of 80/20. Prints one table, a line for
each way:

- separate: a MultimodalClassifier or MultimodalRegressor for each task;
- one for each task_weighting of MultimodalMultitask;
- missing: half of the cells of Y hidden at random from training, of the first of
  these, and of the separate fits.

Scores are accuracy and R²; under them the mean log-loss and mean squared error, in
units of the variance. "net" is the CPU time of training the net, the heads "fused" and
"wide", "fit" of everything; the first of the heads alone is measured by --heads fused.

Usage: python benchmarks/multitask.py [--rows 6000] [--splits 3] [--missing 0.5]
    [--weightings uncertainty equal gradnorm pareto] [--heads auto]
"""

import argparse
import time
import warnings

import numpy as np
from _common import environment, markdown_table
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier, MultimodalMultitask, MultimodalRegressor
from skmm._training.learner import Learner
from skmm.datasets import fetch_womens_clothing

TASKS = {
    "Rating": "classification",
    "Recommended IND": "classification",
    "Age": "regression",
}


class NetClock:
    """Sum the CPU time of training nets."""

    seconds = 0.0

    def __enter__(self):
        self.seconds, train = 0.0, Learner._train

        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return train(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - start

        self.train, Learner._train = train, timed
        return self

    def __exit__(self, *_):
        Learner._train = self.train


def read(n_rows):
    """Return X and Y."""
    frame = fetch_womens_clothing(target="rating").frame.copy()
    frame["Recommended IND"] = fetch_womens_clothing(target="recommended").target
    if n_rows:
        frame = frame.sample(n_rows, random_state=0)
    return frame.drop(columns=list(TASKS)), frame[list(TASKS)]


def hide(Y, share, seed):
    """Return Y with a share of its cells missing, drawn at random."""
    hidden = np.random.default_rng(seed).random(Y.shape) < share
    return Y.astype(float).mask(hidden)


class Separate:
    """An estimator for each task, as one."""

    def __init__(self, seed, heads):
        self.seed = seed
        self.heads = heads

    def fit(self, X, Y):
        """Fit each on the rows that have its task."""
        self.models = {}
        for name, kind in TASKS.items():
            is_class = kind == "classification"
            cls = MultimodalClassifier if is_class else MultimodalRegressor
            known = Y[name].notna()
            model = cls(heads=self.heads, random_state=self.seed)
            self.models[name] = model.fit(X[known], Y.loc[known, name])
        return self

    def task(self, name):
        """Return the estimator of a task."""
        return self.models[name]


def evaluate(model, X, Y):
    """Return the scores and the losses of each task."""
    found = {}
    for name, kind in TASKS.items():
        one, y = model.task(name), Y[name]
        if kind == "classification":
            loss = log_loss(y, one.predict_proba(X), labels=one.classes_)
            found[name] = accuracy_score(y, one.predict(X)), loss
        else:
            score = r2_score(y, one.predict(X))
            found[name] = score, 1 - score
    return found


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--missing", type=float, default=0.5)
    parser.add_argument(
        "--weightings",
        nargs="+",
        default=["uncertainty", "equal", "gradnorm", "pareto"],
    )
    parser.add_argument("--heads", nargs="+", default="auto")
    args = parser.parse_args()
    heads = "auto" if args.heads in ("auto", ["auto"]) else args.heads
    warnings.simplefilter("ignore")
    X, Y = read(args.rows)
    lines = {}
    for seed in range(args.splits):
        X_train, X_test, Y_train, Y_test = train_test_split(
            X, Y, test_size=0.2, random_state=seed, stratify=Y["Rating"]
        )
        gappy = hide(Y_train, args.missing, seed)

        def together(weighting, seed=seed):
            return MultimodalMultitask(
                tasks=TASKS,
                task_weighting=weighting,
                heads=heads,
                random_state=seed,
            )

        first = args.weightings[0]
        ways = {
            "separate": (Separate(seed, heads), Y_train),
            **{w: (together(w), Y_train) for w in args.weightings},
            f"{first}, missing": (together(first), gappy),
            "separate, missing": (Separate(seed, heads), gappy),
        }
        for way, (model, given) in ways.items():
            start = time.process_time()
            with NetClock() as net:
                model.fit(X_train, given)
            seconds = time.process_time() - start
            scores = evaluate(model, X_test, Y_test)
            lines.setdefault(way, []).append((scores, net.seconds, seconds))
            print(seed, way, scores, round(net.seconds, 1), round(seconds, 1))
    rows = []
    for way, found in lines.items():
        row = {"": way}
        for name in TASKS:
            score, loss = np.mean([scores[name] for scores, _, _ in found], axis=0)
            row[name] = f"{score:.4f} ({loss:.4f})"
        row["net, s"] = f"{np.mean([net for _, net, _ in found]):.1f}"
        row["fit, s"] = f"{np.mean([fit for _, _, fit in found]):.1f}"
        rows.append(row)
    print(environment())
    print(markdown_table(rows))


if __name__ == "__main__":
    main()
