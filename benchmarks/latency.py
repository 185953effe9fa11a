"""What a prediction costs: one row from a frame, and rows a second of many.

One row is predicted by each line in turn, again and again in one process, beside
scikit-learn's line (TF-IDF, one-hot, scaled numbers, logistic regression). Seconds are
CPU seconds of one thread; the ratios are medians over the turns.

    python benchmarks/latency.py [--tasks A adult] [--train N] [--calls 300]
"""

import argparse
import os

# Before torch and numpy are there: waiting threads would count as CPU time.
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")

import statistics
import time

import numpy as np
import torch
from _common import environment, markdown_table
from _tasks import load
from baselines import _filled, linear

from skmm import MultimodalClassifier

HEADS = {
    "all heads": "auto",
    "fused + linear": ["fused", "linear"],
    "linear": ["linear"],
    "fused": ["fused"],
}
N_ROWS, REPEATS = 10_000, 5


def main(tasks, n_train, calls):
    torch.set_num_threads(1)
    table = []
    for task in tasks:
        table += measure(task, n_train, calls)
    print(environment())
    print(markdown_table(table))


def measure(task, n_train, calls):
    """Fit each line on the same rows; time them in turn on frames of one row."""
    X, y, texts, classes = load(task)
    filled = _filled(X, texts)  # scikit-learn's line takes no missing text
    train = np.random.default_rng(0).permutation(len(X))[:n_train]
    lines = {"scikit-learn": (linear(filled, texts, classes), filled)}
    for name, heads in HEADS.items():
        lines[name] = MultimodalClassifier(heads=heads, random_state=0), X
    for model, frame in lines.values():
        model.fit(frame.iloc[train], y[train])
    one = {name: [] for name in lines}
    for i in range(-5, calls):  # the first ones warm up
        for name, (model, frame) in lines.items():
            seconds = cpu_seconds(model, frame.iloc[[i % len(frame)]])
            if i >= 0:
                one[name].append(seconds)
    many = {name: [] for name in lines}
    for _ in range(REPEATS):
        for name, (model, frame) in lines.items():
            many[name].append(cpu_seconds(model, frame.iloc[:N_ROWS]))
    return [
        {
            "task": task,
            "line": name,
            "one row, CPU ms": f"{1e3 * statistics.median(one[name]):.2f}",
            "by scikit-learn's": f"{_ratio(one, name):.2f}",
            f"rows/s of {N_ROWS}": f"{N_ROWS / statistics.median(many[name]):.0f}",
            "CPU by scikit-learn's": f"{_ratio(many, name):.2f}",
        }
        for name in lines
    ]


def cpu_seconds(model, frame):
    start = time.process_time()
    model.predict_proba(frame)
    return time.process_time() - start


def _ratio(seconds, name):
    pairs = zip(seconds[name], seconds["scikit-learn"])
    return statistics.median(own / theirs for own, theirs in pairs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=["A", "adult"])
    parser.add_argument("--train", type=int, default=None)
    parser.add_argument("--calls", type=int, default=300)
    arguments = parser.parse_args()
    main(arguments.tasks, arguments.train, arguments.calls)
