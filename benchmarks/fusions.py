"""Every fusion: the bare fused head, and its mixture with the wide head.

One fit gives both, since the fused head does not depend on what stands beside it. Four
tasks, with the defaults but for what is said:

- interaction: generated table and text, the class is their exclusive or; 3,000 rows to
  train on, 1,000 to test. ``n_iter_no_change=8``: an exclusive or is a plateau that a
  net has to leave before any loss falls.
- additive: the same, the class is in the sum of what table and text say.
- emoji: the category (of nine) of an emoji by its picture of 8 x 8 pixels, its name and
  four numbers; 70 / 30 stratified.
- reviews: Rating in 5 classes, the columns of task A of ``baselines.py``; 8,000 rows to
  train on, 4,000 to test.

``tensor`` refuses three modalities of width 64; on the emoji it is
``TensorFusion(size=24)``.

    python benchmarks/fusions.py [--tasks interaction additive emoji reviews]
                                 [--seeds 0 1 2] [--fusions concat ...]
                                 [--test-rows 1000]

The first two seeds are for the interaction, the first one for the reviews.
"""

import argparse
import statistics
import time

import numpy as np
from _common import environment, markdown_table
from _emoji import load_emoji
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_womens_clothing, make_multimodal_classification
from skmm.fusion import FUSIONS, TensorFusion

TASKS = ("interaction", "additive", "emoji", "reviews")
#: An exclusive or is learned or not; 4,000 rows of the reviews are tested at once.
MOST_SEEDS = {"interaction": 2, "reviews": 1}
#: What the issue of the fusions asks of the bare heads.
PRODUCTS = ("bilinear", "tensor", "low_rank", "mfb", "cross_attention", "transformer")
REACHED = 0.95
LATE_WITHIN = 0.01


def load(task, seed, test_rows=1000):
    """Give X_train, X_test, y_train, y_test; ``test_rows`` is for generated tasks."""
    if task in ("interaction", "additive"):
        signal = "sum" if task == "additive" else task
        n_samples = 3000 + test_rows
        X, y = make_multimodal_classification(
            n_samples, signal=signal, random_state=seed
        )
        return train_test_split(X, y, test_size=test_rows, random_state=seed)
    if task == "emoji":
        X, y = load_emoji()
        sizes = {"test_size": 0.3}
    else:
        X, y = fetch_womens_clothing(target="rating", return_X_y=True)
        y = np.asarray(y)
        sizes = {"train_size": 8000, "test_size": 4000}
    return train_test_split(X, y, random_state=seed, stratify=y, **sizes)


def make_model(task, fusion, seed):
    """Give the estimator, not fitted."""
    if task == "emoji" and fusion == "tensor":
        fusion = TensorFusion(size=24)
    options = {"n_iter_no_change": 8} if task == "interaction" else {}
    return MultimodalClassifier(fusion=fusion, random_state=seed, **options)


def run(task, fusion, seed, split):
    """Fit once; give the scores of both, CPU seconds and parameters."""
    X_train, X_test, y_train, y_test = split
    model = make_model(task, fusion, seed)
    start = time.process_time()
    model.fit(X_train, y_train)
    result = {"CPU s": time.process_time() - start, "epochs": model.n_iter_}
    for name, view in (("bare", model._fused_only()), ("mixed", model)):
        proba = view.predict_proba(X_test)
        predicted = model.classes_[proba.argmax(1)]
        result[f"{name} accuracy"] = accuracy_score(y_test, predicted)
        result[f"{name} log-loss"] = log_loss(y_test, proba, labels=model.classes_)
    # Those of the encoders are the same for all fusions.
    head = model._learner.module.heads["fused"]
    result["parameters"] = sum(p.numel() for p in head.parameters()) - sum(
        p.numel() for p in head.encoders.parameters()
    )
    return result


def main(tasks, seeds, fusions, test_rows):
    print(environment(), flush=True)
    results = {}
    for task in tasks:
        for seed in seeds[: MOST_SEEDS.get(task)]:
            split = load(task, seed, test_rows)
            if not results:  # imports and first calls are not what is measured
                make_model(task, "mean", 0).set_params(max_epochs=1).fit(*split[::2])
            for fusion in fusions:
                result = run(task, fusion, seed, split)
                results.setdefault((task, fusion), []).append(result)
                shown = {key: round(value, 4) for key, value in result.items()}
                print(task, seed, fusion, shown, flush=True)
    print("\n" + environment())
    print(markdown_table([summarise(tasks, fusion, results) for fusion in fusions]))
    check(tasks, fusions, results)


def summarise(tasks, fusion, results):
    """Give one line of the table: means over the seeds, "bare / mixed"."""

    def both(task, score):
        return " / ".join(
            f"{mean(results[task, fusion], f'{name} {score}'):.3f}"
            for name in ("bare", "mixed")
        )

    row = {"fusion": fusion}
    for task in tasks:
        if task == "reviews":
            row["reviews log-loss"] = both(task, "log-loss")
        row[task] = both(task, "accuracy")
        row[f"{task} CPU s"] = f"{mean(results[task, fusion], 'CPU s'):.1f}"
    for task, n_modalities in (("interaction", 2), ("additive", 2), ("emoji", 3)):
        if task in tasks:
            n_parameters = results[task, fusion][0]["parameters"] / 1000
            row[f"parameters of {n_modalities}, k"] = f"{n_parameters:.0f}"
    return row


def check(tasks, fusions, results):
    """Print whether the generated tasks show what the papers say."""

    def scores(task, fusion):
        return [result["bare accuracy"] for result in results[task, fusion]]

    if "interaction" in tasks:
        for fusion in fusions:
            got = scores("interaction", fusion)
            least, average = min(got), statistics.mean(got)
            if fusion in PRODUCTS:
                word = "met" if least >= REACHED else "MISSED"
                print(f"interaction {fusion} {least:.4f} at least: {word}")
            if fusion == "late":
                print(f"interaction late {average:.4f}, chance is 0.5")
    if "additive" in tasks and "late" in fusions:
        best = max(fusions, key=lambda f: statistics.mean(scores("additive", f)))
        behind = np.subtract(scores("additive", best), scores("additive", "late"))
        error = behind.std(ddof=1) / len(behind) ** 0.5 if len(behind) > 1 else np.nan
        word = "met" if behind.mean() <= LATE_WITHIN else "MISSED"
        print(
            f"additive late is {behind.mean():.4f} behind {best}, the best "
            f"(standard error {error:.4f}, {len(behind)} seeds): {word}"
        )


def mean(results, key):
    return statistics.mean(result[key] for result in results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--fusions", nargs="+", default=list(FUSIONS))
    parser.add_argument("--test-rows", type=int, default=1000)
    arguments = parser.parse_args()
    main(arguments.tasks, arguments.seeds, arguments.fusions, arguments.test_rows)
