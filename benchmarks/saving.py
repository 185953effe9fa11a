"""Files of models: size, and what saving and loading take, beside a pickle.

The same fitted model is written and read in turn, again and again in one process. The
last column is the time to load beyond 2.5 times the time to read the same bytes.
Milliseconds are CPU time of one thread, medians.

    python benchmarks/saving.py [--tasks A emoji] [--train N] [--repeats 15]
"""

import argparse
import os

# Before torch and numpy are there: waiting threads would count as CPU time.
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")

import pathlib
import pickle
import statistics
import tempfile
import time

import numpy as np
import torch
from _common import environment, markdown_table
from _tasks import load

import skmm
from skmm import MultimodalClassifier


def main(tasks, n_train, repeats):
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        table = [
            measure(task, n_train, repeats, pathlib.Path(folder)) for task in tasks
        ]
    print(environment())
    print(markdown_table(table))


def measure(task, n_train, repeats, folder):
    """Fit a model with its defaults; return what its file takes."""
    X, y, _, _ = load(task)
    train = np.random.default_rng(0).permutation(len(X))[:n_train]
    model = MultimodalClassifier(random_state=0).fit(X.iloc[train], y[train])
    ours, theirs = folder / "model.skmm", folder / "model.pkl"
    ways = {
        "save": lambda: skmm.save(model, ours),
        "pickle": lambda: theirs.write_bytes(pickle.dumps(model)),
        "read": ours.read_bytes,
        "load": lambda: skmm.load(ours),
        "unpickle": lambda: pickle.loads(theirs.read_bytes()),
        "map": lambda: skmm.load(ours, mmap=True),
    }
    seconds = {name: [] for name in ways}
    for i in range(-2, repeats):  # the first ones warm up
        for name, way in ways.items():
            start = time.process_time()
            way()
            if i >= 0:
                seconds[name].append(time.process_time() - start)
    ms = {name: 1000 * statistics.median(some) for name, some in seconds.items()}
    size, of_pickle = ours.stat().st_size, theirs.stat().st_size
    return {
        "task": task,
        "rows": len(train),
        "MB": f"{size / 1e6:.2f}",
        "of the pickle's": f"{size / of_pickle:.2f}",
        **{f"{name} ms": f"{value:.1f}" for name, value in ms.items()},
        "beyond 2.5 reads, ms": f"{ms['load'] - 2.5 * ms['read']:.1f}",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=["A", "adult", "emoji", "voice"])
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    main(args.tasks, args.train, args.repeats)
