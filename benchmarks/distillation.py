"""Does a student that reads text alone learn from a teacher that saw the picture too?

The emoji: the teacher reads pictures (in 8 x 8 cells) and names, the student names
alone. In "same rows" both are fitted on the same four fifths. In "other rows" the
student has `--rows` of them, and the teacher all others: what it says then brings what
it knows of rows that the student never sees.

    python benchmarks/distillation.py [--seeds 0 1 2] [--rows 300]
"""

import argparse

import numpy as np
from _common import environment, markdown_table
from _tasks import split
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier

#: (distillation_weight, temperature)
SETTINGS = [None, (0.5, 1.0), (0.5, 2.0), (0.9, 2.0)]


def scores(model, X, y):
    """Give the accuracy of each head, and of the mixture."""
    learner = model._learner
    found = {
        head: model._view(learner.only(head), known=()).score(X, y)
        for head in learner.heads
    }
    return found | {"mixture": model.score(X, y)}


def run(seed, n_rows, rows):
    (X, X_test, y, y_test), _, _ = split("emoji", seed)
    X_teacher, y_teacher = X, y
    if rows == "other rows":
        X, X_teacher, y, y_teacher = train_test_split(
            X, y, train_size=n_rows, random_state=seed, stratify=y
        )
    pixels = [column for column in X if column.startswith("image__")]
    text = ("text", "text", ["name"])
    teacher = MultimodalClassifier(
        [("image", "vector", pixels), text],
        heads=["fused", "linear"],
        random_state=seed,
    ).fit(X_teacher, y_teacher)
    found = {"teacher": {"mixture": teacher.score(X_test, y_test)}}
    for setting in SETTINGS:
        model = MultimodalClassifier(
            [text], heads=["fused", "wide", "linear"], random_state=seed
        )
        if setting is not None:
            model.set_params(
                teacher=FrozenEstimator(teacher),
                distillation_weight=setting[0],
                temperature=setting[1],
            )
        name = (
            "alone" if setting is None else "weight {}, temperature {}".format(*setting)
        )
        found[name] = scores(model.fit(X, y), X_test, y_test)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=300)
    options = parser.parse_args()
    print(environment(), "\n")
    heads = ["fused", "wide", "linear", "mixture"]
    for rows in ("same rows", "other rows"):
        found = [run(seed, options.rows, rows) for seed in options.seeds]
        table = []
        for name in found[0]:
            cells = {"student": name}
            for head in heads:
                some = [one[name].get(head, np.nan) for one in found]
                cells[head] = "-" if np.isnan(some).any() else f"{np.mean(some):.3f}"
            table.append(cells)
        print(f"{rows}\n")
        print(markdown_table(table), flush=True)


if __name__ == "__main__":
    main()
