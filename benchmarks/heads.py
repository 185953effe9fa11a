"""Each head alone, their mixtures, and scikit-learn's linear line beside them.

One fit a split; mixtures of fewer heads have weights of their own, fitted on the same
validation rows. Tasks: those of baselines.py with classes, "emoji", and "cards": 12
classes of 4,500 made-up playing cards, with three short texts and a table of names of
many artists, that no default was chosen on. ``task:n`` trains on n rows.

    python benchmarks/heads.py [--tasks cards emoji A:300] [--seeds 0 1]
"""

import argparse
import time
import warnings

import numpy as np
from _common import environment, markdown_table
from _tasks import split
from baselines import _filled, linear
from sklearn.metrics import log_loss

from skmm import MultimodalClassifier
from skmm._training.learner import Learner
from skmm._training.mixture import Mixture
from skmm._training.rows import Rows

MIXTURES = [
    ("fused", "wide"),
    ("fused", "linear"),
    ("linear", "boosting"),
    ("fused", "linear", "boosting"),
    ("fused", "wide", "linear"),
    ("fused", "wide", "linear", "boosting"),
]


def run(task, seed):
    """Give (log-loss, accuracy, ECE, CPU seconds) of each line on one split."""
    (X_train, X_test, y_train, y_test), texts, classes = split(task, seed)
    if not classes:
        raise SystemExit(f"{task}: this script is about classes.")
    found = {}
    filled = [_filled(some, texts) for some in (X_train, X_test)]
    line = linear(filled[0], texts, classes=True)
    start = time.process_time()
    line.fit(filled[0], y_train)
    seconds = time.process_time() - start
    found["scikit-learn's linear line"] = (
        *_scores(y_test, line.predict_proba(filled[1]), line.classes_),
        seconds,
    )
    seen = _Seen()
    start = time.process_time()
    with seen:
        model = MultimodalClassifier(random_state=seed).fit(X_train, y_train)
    seconds = time.process_time() - start
    rows = Rows(model._blocks(X_test))
    logits = {name: h.logits(rows) for name, h in model._learner.heads.items()}
    targets = model._targets
    for names in [(name,) for name in logits] + MIXTURES:
        names = [name for name in names if name in logits]
        valid = {name: seen.logits[name] for name in names}
        mixture = Mixture.of_rows(names, seen.rows, valid, targets)
        proba = targets.predict_proba(mixture({name: logits[name] for name in names}))
        found[" + ".join(names)] = (*_scores(y_test, proba, model.classes_), np.nan)
    proba = model.predict_proba(X_test)
    found["the estimator"] = (*_scores(y_test, proba, model.classes_), seconds)
    return found


class _Seen:
    """Keep what a learner mixes: the logits of the validation rows."""

    def __enter__(self):
        self.mix = mix = Learner._mix

        def keep(learner, logits, rows):
            self.logits, self.rows = dict(logits), rows
            mix(learner, logits, rows)

        Learner._mix = keep

    def __exit__(self, *raised):
        Learner._mix = self.mix


def _scores(y, proba, classes):
    """Give log-loss, accuracy and expected calibration error, in 15 bins."""
    right, sure = classes[proba.argmax(1)] == y, proba.max(1)
    bins = np.minimum((15 * sure).astype(int), 14)
    gaps = np.bincount(bins, right - sure, minlength=15)
    return log_loss(y, proba, labels=classes), right.mean(), np.abs(gaps).sum() / len(y)


def main(tasks, seeds):
    table = []
    for task in tasks:
        splits = [run(task, seed) for seed in seeds]
        for line in splits[0]:
            means = np.mean([one[line] for one in splits], axis=0)
            loss, accuracy, error, seconds = means
            table.append(
                {
                    "task": task,
                    "line": line,
                    "log-loss": f"{loss:.3f}",
                    "accuracy": f"{accuracy:.3f}",
                    "ECE": f"{error:.3f}",
                    "CPU s": "" if np.isnan(seconds) else f"{seconds:.1f}",
                }
            )
            print(table[-1], flush=True)
    print("\n" + environment())
    print(markdown_table(table))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--tasks", nargs="+", default=["cards", "emoji", "A:100", "A:300", "A:1000"]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
    main(arguments.tasks, arguments.seeds)
