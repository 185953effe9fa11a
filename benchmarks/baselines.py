"""The defaults beside what people use now: score and CPU seconds of a fit.

Women's clothing reviews, 80/20 stratified splits with seeds 0, 1, 2:

- A: Rating in 5 classes from all columns but Recommended IND,
- B: Recommended IND from all columns but Rating,
- C: Rating as a number from all columns but Recommended IND;

the emoji; and data that no default was chosen on but as docs/benchmarks.md says: spam
mail (text only), adult and california (tables only), MovieLens 100k (ratings as
numbers), voice prompts (sound), films (drama or not), icons, made-up cards.

    python benchmarks/baselines.py [--tasks A B C spam adult movielens] [--seeds 0 1 2]
        [--lines linear boosting skrub catboost net skmm folds]

``--tasks A:300`` trains on 300 rows.
"""

import argparse
import functools
import statistics
import time
import warnings

import numpy as np
from _common import environment, markdown_table
from _lines import boosting, catboost, filled, linear, skrub
from _tasks import split
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score

from skmm import MultimodalClassifier, MultimodalRegressor

#: What the means on the reviews must reach: (metric, figure, whether at most).
PROMISED = {
    "A": [("log-loss", 0.785, True), ("accuracy", 0.672, False)],
    "B": [("ROC AUC", 0.948, False), ("accuracy", 0.908, False)],
    "C": [("R2", 0.615, False)],
}


def skmm(X, texts, classes, seed):
    """The defaults of this package."""
    model = MultimodalClassifier if classes else MultimodalRegressor
    return model(random_state=seed)


def net(X, texts, classes, seed):
    """The heads that are trained by steps, without those that are solved."""
    return skmm(X, texts, classes, seed).set_params(heads=["fused", "wide"])


def folds(X, texts, classes, seed):
    """Five models, each of which leaves a fold out."""
    return skmm(X, texts, classes, seed).set_params(validation=5)


OURS = ("net", "skmm", "folds")
LINES = {
    "linear": linear,
    "boosting": boosting,
    "skrub": skrub,
    "catboost": catboost,
    "net": net,
    "skmm": skmm,
    "folds": folds,
}


def main(tasks, seeds, lines):
    table = []
    for task in tasks:
        results = {line: [] for line in lines}
        for seed in seeds:
            some, texts, classes = split(task, seed)
            for line in lines:
                make = LINES[line]
                if line in OURS:
                    make = functools.partial(make, seed=seed)
                results[line].append(run(line, make, some, texts, classes))
                print(task, seed, line, results[line][-1], flush=True)
        table += summarise(task, results)
    print("\n" + environment())
    print(markdown_table(table))


def run(line, make, parts, texts, classes):
    """Fit on one split; give the scores and the CPU seconds of the fit."""
    X_train, X_test, y_train, y_test = parts
    if line in ("linear", "boosting", "catboost"):  # they take no missing text
        X_train, X_test = (filled(X, texts) for X in (X_train, X_test))
    model = make(X_train, texts, classes)
    start = time.process_time()
    model.fit(X_train, y_train)
    seconds = time.process_time() - start
    if not classes:
        return {"R2": r2_score(y_test, model.predict(X_test)), "CPU s": seconds}
    proba = model.predict_proba(X_test)
    scores = {
        "log-loss": log_loss(y_test, proba, labels=model.classes_),
        "accuracy": accuracy_score(y_test, model.classes_[proba.argmax(1)]),
    }
    if proba.shape[1] == 2:
        scores["ROC AUC"] = roc_auc_score(y_test == model.classes_[1], proba[:, 1])
    return {**scores, "CPU s": seconds}


def summarise(task, results):
    """Means over the splits, and how we stand beside the linear line."""
    rows = []
    if "skmm" in results and len(results) > 1:
        _tell_distance(task, results)
    for line, splits in results.items():
        mean = {key: statistics.mean(s[key] for s in splits) for key in splits[0]}
        shown = {
            key: f"{mean[key]:.3f}" if key in mean else ""
            for key in ("log-loss", "accuracy", "ROC AUC", "R2")
        }
        row = {"task": task, "line": line, **shown, "CPU s": f"{mean['CPU s']:.1f}"}
        row["CPU / linear"] = row["wins over linear"] = ""
        if "linear" in results:
            base = results["linear"]
            ratios = [s["CPU s"] / b["CPU s"] for s, b in zip(splits, base)]
            row["CPU / linear"] = f"{statistics.median(ratios):.1f}"
        if line == "skmm" and "linear" in results:
            better = [
                (s[key] < b[key]) if key == "log-loss" else (s[key] > b[key])
                for s, b in zip(splits, base)
                for key in s
                if key != "CPU s"
            ]
            row["wins over linear"] = f"{sum(better)} of {len(better)}"
            for metric, figure, at_most in PROMISED.get(task, ()):
                good = mean[metric] <= figure if at_most else mean[metric] >= figure
                word = "met" if good else "MISSED"
                print(f"{task} {metric} {mean[metric]:.4f}, asked {figure}: {word}")
        rows.append(row)
    return rows


def _tell_distance(task, results):
    """Print how far we are ahead of the best other line, with its standard error."""
    for metric, sign in (("log-loss", -1), ("accuracy", 1), ("ROC AUC", 1), ("R2", 1)):
        if metric not in results["skmm"][0]:
            continue
        others = {
            line: [sign * one[metric] for one in splits]
            for line, splits in results.items()
            if line not in OURS
        }
        best = max(others, key=lambda line: np.mean(others[line]))
        ahead = np.array([sign * one[metric] for one in results["skmm"]])
        ahead -= others[best]
        error = ahead.std(ddof=1) / np.sqrt(len(ahead)) if len(ahead) > 1 else np.nan
        word = "behind" if ahead.mean() < -max(0.001, np.nan_to_num(error)) else "held"
        print(
            f"{task} {metric}: {ahead.mean():+.4f} (s.e. {error:.4f}) "
            f"beside {best}: {word}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tasks", nargs="+", default=["A", "B", "C", "spam", "adult", "movielens"]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--lines", nargs="+", default=list(LINES)[:-1])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn|skrub")
    main(arguments.tasks, arguments.seeds, arguments.lines)
