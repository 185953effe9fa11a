"""An environment without torch: its size, and one row from JSON to a prediction.

A fresh environment gets numpy, onnxruntime and skmm alone (skmm without its
dependencies). There skmm.runtime predicts rows, each from its JSON, in one thread; the
estimator predicts the same rows here, from frames of one row. Milliseconds are of wall
time, the median and the 99th percentile. Sizes are of the files of the packages: in the
fresh environment all that is installed there, here skmm and what it needs.

    python benchmarks/runtime.py [--tasks A adult] [--train N] [--calls 500]
"""

import argparse
import os
import sys

# Before torch and numpy are there.
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")

import importlib.metadata
import json
import pathlib
import re
import subprocess
import tempfile
import time
import venv
import warnings

import numpy as np
import torch
from _common import environment, markdown_table
from _tasks import load

import skmm
from skmm import MultimodalClassifier

ROOT = pathlib.Path(__file__).parents[1]
HEADS = {"linear + boosting": ["linear", "boosting"], "all heads": "auto"}
#: What runs in the fresh environment.
PREDICT = """
import json, sys, time
start = time.perf_counter()
import skmm.runtime
model = skmm.runtime.load(sys.argv[1])
loaded = time.perf_counter() - start
probabilities, seconds = [], []
for line in open(sys.argv[2]):
    start = time.perf_counter()
    found = model.predict_proba([json.loads(line)])
    seconds.append(time.perf_counter() - start)
    probabilities.append(found[0].tolist())
modules = {"torch", "sklearn", "pandas", "scipy"} & sys.modules.keys()
json.dump([loaded, seconds, probabilities, sorted(modules)], sys.stdout)
"""


def main(tasks, n_train, calls):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        python = make_environment(folder / "environment")
        table = [row for task in tasks for row in measure(task, n_train, calls, python)]
        sizes = [
            {"environment": "numpy, onnxruntime, skmm", "MB": size_of_folder(python)},
            {"environment": "skmm and what it needs", "MB": size_of_package("skmm")},
        ]
    print(environment())
    print(markdown_table(sizes))
    print(markdown_table(table))


def make_environment(path):
    """Make an environment; return its Python."""
    venv.create(path, with_pip=True)
    python = path / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "numpy", "onnxruntime"], check=True)
    subprocess.run([*install, "--no-deps", ROOT], check=True)
    # Not what serves; nor is it in an image.
    uninstall = [python, "-m", "pip", "uninstall", "--quiet", "--yes"]
    subprocess.run([*uninstall, "setuptools", "pip"], check=True)
    return python


def size_of_folder(python):
    files = (python.parents[1]).rglob("*")
    return f"{sum(f.stat().st_size for f in files if f.is_file()) / 2**20:.0f}"


def size_of_package(name):
    """Return the megabytes of a package and all that it needs, as installed here."""
    seen, left, size = set(), [name], 0
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another platform
        for file in package.files or ():
            path = pathlib.Path(package.locate_file(file))
            size += path.stat().st_size if path.is_file() else 0
        for needed in package.requires or ():
            if "extra ==" not in needed:
                left.append(re.match(r"[\w.-]+", needed)[0].lower().replace("_", "-"))
    return f"{size / 2**20:.0f}"


def measure(task, n_train, calls, python):
    X, y, *_ = load(task)
    train = np.random.default_rng(0).permutation(len(X))[:n_train]
    for name, heads in HEADS.items():
        model = MultimodalClassifier(heads=heads, pretrained=False, random_state=0)
        model.fit(X.iloc[train], y[train])
        rows = X.iloc[np.arange(calls) % len(X)]
        with tempfile.TemporaryDirectory() as folder:
            path, lines = pathlib.Path(folder) / "model", pathlib.Path(folder) / "rows"
            skmm.export(model, path)
            size = sum(file.stat().st_size for file in path.iterdir()) / 2**20
            rows.to_json(lines, orient="records", lines=True)
            done = subprocess.run(
                [python, "-c", PREDICT, path, lines], capture_output=True, check=True
            )
        loaded, seconds, found, modules = json.loads(done.stdout)
        difference = np.abs(np.array(found) - model.predict_proba(rows)).max()
        yield {
            "task": task,
            "heads": name,
            "skmm.runtime, ms": quantiles(seconds),
            "skmm, ms": quantiles(time_estimator(model, rows)),
            "difference": f"{difference:.1e}",
            "import and load, s": f"{loaded:.2f}",
            "folder, MB": f"{size:.1f}",
            "torch and others": ", ".join(modules) or "not there",
        }


def time_estimator(model, rows):
    for i in range(len(rows)):
        frame = rows.iloc[[i]]
        start = time.perf_counter()
        model.predict_proba(frame)
        yield time.perf_counter() - start


def quantiles(seconds):
    found = np.quantile(list(seconds), [0.5, 0.99])
    return " / ".join(f"{1000 * one:.2f}" for one in found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=["A", "adult"])
    parser.add_argument("--train", type=int, default=None)
    parser.add_argument("--calls", type=int, default=500)
    given = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    sys.exit(main(given.tasks, given.train, given.calls))
