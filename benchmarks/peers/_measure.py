"""Fit and predict on one split, in the environment of a peer; print one JSON line.

Each script beside this one has a table ``LINES`` of functions ``fit(X, y, task)`` that
return a function ``predict(X)``, which returns probabilities of shape (n_rows,
n_classes) or, of a number, values of shape (n_rows,). ``measure(LINES)`` does the rest.
"""

import argparse
import dataclasses
import json
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score

TARGET = "__target__"


@dataclasses.dataclass
class Task:
    """What a line is told about the split.

    Attributes
    ----------
    task, seed : str, int
    texts : list of str
        The columns that are texts.
    classes : bool
        Whether the target is a class.
    n_classes : int or None
    medium : str or None
        The column of pictures or sounds, bytes.
    measures : list of str
        The columns of numbers that stand for it where it is not read.
    """

    task: str
    seed: int
    texts: list
    classes: bool
    n_classes: int | None = None
    medium: str | None = None
    measures: list = dataclasses.field(default_factory=list)

    def without_medium(self, X):
        """Return X without pictures and sounds, but with what is measured of them."""
        return X if self.medium is None else X.drop(columns=self.medium)

    def without_measures(self, X):
        """Return X with pictures and sounds, without what is measured of them."""
        return X.drop(columns=self.measures)


def measure(lines):
    """Run the line that the command names on the split that it names.

    Parameters
    ----------
    lines : dict of str to callable
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("line", choices=lines)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    task = Task(**json.loads((arguments.folder / "task.json").read_text()))
    (X_train, y_train), (X_test, y_test) = (
        read(arguments.folder / f"{name}.parquet") for name in ("train", "test")
    )
    fit = lines[arguments.line]
    predict, fit_seconds = timed(lambda: fit(X_train, y_train, task))
    found, predict_seconds = timed(lambda: predict(X_test))
    result = {
        **score(y_test, np.asarray(found, dtype=float), task),
        **{f"fit_{kind}": value for kind, value in fit_seconds.items()},
        **{f"predict_{kind}": value for kind, value in predict_seconds.items()},
        "peak_mib": peak_memory(),
    }
    print("RESULT " + json.dumps(result))


def read(path):
    """Return the columns and the target of one part of a split."""
    X = pd.read_parquet(path)
    y = X.pop(TARGET)
    return X, y.to_numpy()


def timed(do):
    """Return what a function returns, and CPU and wall seconds of it."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    found = do()
    return found, {"wall": time.perf_counter() - wall, "cpu": cpu_seconds() - cpu}


def cpu_seconds():
    """Return the CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in WHO]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_memory():
    """Return the most memory that this process, or one of its children, has had."""
    return max(resource.getrusage(who).ru_maxrss for who in WHO) / 1024


WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def score(y, found, task):
    """Return the scores of a split by name."""
    if not task.classes:
        return {"r2": r2_score(y, found)}
    labels = np.arange(task.n_classes)
    # Single precision sums to one but nearly.
    found = found / found.sum(axis=1, keepdims=True)
    scores = {
        "log_loss": log_loss(y, found, labels=labels),
        "accuracy": accuracy_score(y, found.argmax(axis=1)),
    }
    if task.n_classes == 2:
        scores["auc"] = roc_auc_score(y, found[:, 1])
    return scores
