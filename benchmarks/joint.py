"""Two data sets of one kind, learned alone, jointly, and as if all were known.

The clothing reviews in two disjoint halves. The left half has the title, the text and
the age, and its target is the rating; the right half has the text, the article's
categories and the votes, and its target is whether the article is recommended. Test
rows are those of each half's own split, with that half's columns.

- alone: a MultimodalClassifier for each half, on its rows;
- joint: one MultimodalMultitask on skmm.datasets.join of both;
- all: a MultimodalClassifier for each target on the rows of both halves, with that
  half's columns: what could be known if all targets were.

Prints one table: accuracy, and the mean log-loss in brackets. "small" has only so many
rows of the left half (--small) beside all of the right.

Usage: python benchmarks/joint.py [--rows 6000] [--splits 3] [--small 200]
"""

import argparse
import warnings

import numpy as np
from _common import environment, markdown_table
from multitask import read
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier, MultimodalMultitask
from skmm.datasets import join

HALVES = {
    "left": ("Rating", ["Title", "Review Text", "Age"]),
    "right": (
        "Recommended IND",
        [
            "Review Text",
            "Division Name",
            "Department Name",
            "Class Name",
            "Positive Feedback Count",
        ],
    ),
}
TASKS = {target: "classification" for target, _ in HALVES.values()}


def evaluate(model, X, y):
    """Return accuracy and log-loss."""
    proba = model.predict_proba(X)
    labels = np.asarray(model.classes_).astype(int)
    predicted = labels[proba.argmax(axis=1)]
    return accuracy_score(y, predicted), log_loss(y, proba, labels=labels)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--small", type=int, default=200)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    X, Y = read(args.rows)
    X = X.assign(Age=Y["Age"])
    found = {}
    for seed in range(args.splits):
        train, test = train_test_split(
            np.arange(len(X)), test_size=0.2, random_state=seed, stratify=Y["Rating"]
        )
        halves = dict(zip(HALVES, np.array_split(train, 2)))
        few = {**halves, "left": halves["left"][: args.small]}
        for size, rows in ("all rows", halves), ("small", few):
            sets = {
                name: (X[columns].iloc[rows[name]], Y[target].iloc[rows[name]])
                for name, (target, columns) in HALVES.items()
            }
            joined, targets, _ = join(sets)
            joint = MultimodalMultitask(tasks=TASKS, random_state=seed)
            joint.fit(joined, targets)
            every = np.concatenate(list(rows.values()))
            for name, (target, columns) in HALVES.items():
                X_test, y_test = X[columns].iloc[test], Y[target].iloc[test]
                X_wide = X_test.reindex(columns=joined.columns)
                alone = MultimodalClassifier(random_state=seed).fit(*sets[name])
                everything = MultimodalClassifier(random_state=seed).fit(
                    X[columns].iloc[every], Y[target].iloc[every]
                )
                ways = {
                    "alone": (alone, X_test),
                    "joint": (joint.task(target), X_wide),
                    "all": (everything, X_test),
                }
                for way, (model, rows_test) in ways.items():
                    result = evaluate(model, rows_test, y_test)
                    found.setdefault((size, way), {}).setdefault(target, []).append(
                        result
                    )
    lines = []
    for (size, way), results in found.items():
        line = {"rows": size, "": way}
        for target, some in results.items():
            score, loss = np.mean(some, axis=0)
            line[target] = f"{score:.4f} ({loss:.4f})"
        lines.append(line)
    print(environment())
    print(markdown_table(lines))


if __name__ == "__main__":
    main()
