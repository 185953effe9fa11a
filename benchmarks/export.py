"""What an exported model costs: parity, size, and one row through onnxruntime.

One row is predicted by each line in turn, again and again in one process: by the
estimator from a frame, by skmm.runtime from a dict, and by the graph alone from arrays
that are made before. Seconds are CPU seconds of one thread, the median and the 99th
percentile over the rows. The difference is the largest one of a probability over
hostile rows: cells that are missing, unknown, huge or strange.

    python benchmarks/export.py [--tasks A adult] [--train N] [--calls 300]
"""

import argparse
import os
import sys
import tempfile

# Before torch and numpy are there: waiting threads would count as CPU time.
os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE")

import pathlib
import time
import warnings

import numpy as np
import onnxruntime
import torch
from _common import environment, markdown_table
from _tasks import load

import skmm
import skmm.runtime
from skmm import MultimodalClassifier
from skmm._export._inputs import graph_inputs

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests" / "helpers"))
from hostile_rows import make_hostile

HEADS = {
    "all heads": "auto",
    "linear + boosting": ["linear", "boosting"],
    "fused + linear": ["fused", "linear"],
    "linear": ["linear"],
}
N_HOSTILE = 1000


def main(tasks, n_train, calls):
    torch.set_num_threads(1)
    table = [row for task in tasks for row in measure(task, n_train, calls)]
    print(environment())
    print(markdown_table(table))


def measure(task, n_train, calls):
    """Fit and export each line on the same rows; time them in turn."""
    X, y, *_ = load(task)
    train = np.random.default_rng(0).permutation(len(X))[:n_train]
    for name, heads in HEADS.items():
        model = MultimodalClassifier(heads=heads, pretrained=False, random_state=0)
        model.fit(X.iloc[train], y[train])
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model"
            start = time.process_time()
            skmm.export(model, path)
            seconds = time.process_time() - start
            graph = path / "model.onnx"
            size, session = graph.stat().st_size / 2**20, make_session(graph)
            loaded = skmm.runtime.load(path)
        yield {
            "task": task,
            "heads": name,
            "difference": f"{difference(model, session, X):.1e}",
            "model.onnx, MB": f"{size:.1f}",
            "export, s": f"{seconds:.1f}",
            **time_rows(model, session, loaded, X, calls),
        }


def make_session(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options)


def difference(model, session, X):
    hostile = make_hostile(X, N_HOSTILE)
    (found,) = session.run(["probabilities"], graph_inputs(model, hostile))
    return np.abs(found - model.predict_proba(hostile)).max()


def time_rows(model, session, loaded, X, calls):
    """Return the median and the 99th percentile of each way, in milliseconds."""
    taken = {"skmm, ms": [], "skmm.runtime, ms": [], "graph, ms": []}
    for i in range(-5, calls):  # the first ones warm up
        frame = X.iloc[[i % len(X)]]
        (row,) = frame.astype(object).where(frame.notna(), None).to_dict("records")
        inputs = graph_inputs(model, frame)
        ways = (
            lambda frame=frame: model.predict_proba(frame),
            lambda row=row: loaded.predict_proba([row]),
            lambda inputs=inputs: session.run(["probabilities"], inputs),
        )
        for seconds, call in zip(taken.values(), ways):
            start = time.process_time()
            call()
            if i >= 0:
                seconds.append(time.process_time() - start)
    return {
        name: " / ".join(f"{1000 * np.quantile(some, q):.2f}" for q in (0.5, 0.99))
        for name, some in taken.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=["A", "adult"])
    parser.add_argument("--train", type=int, default=None)
    parser.add_argument("--calls", type=int, default=300)
    given = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    main(given.tasks, given.train, given.calls)
