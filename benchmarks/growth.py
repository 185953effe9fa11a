"""How the time and the memory of a fit grow with the rows.

Women's clothing reviews, resampled with replacement to 10, 40 and 160 thousand rows;
epochs are fixed, so that each row is read equally often. Each size is a process of its
own, with one thread. The exponent is the slope of log seconds by log rows; peak growth
is what the fit adds to the memory that the process held before. (Resampled texts have
no new words: real ones have more as the rows grow.)

    python benchmarks/growth.py [--rows 10000 40000 160000] [--heads fused auto]
"""

import argparse
import os
import resource
import subprocess
import sys
import time

import numpy as np
from _common import environment, markdown_table

HEADS = {"fused": ["fused"], "auto": "auto"}
EPOCHS = 3


def main(sizes, heads):
    table = []
    for name in heads:
        found = [run(name, n_rows) for n_rows in sizes]
        seconds = [one["seconds"] for one in found]
        slopes = np.diff(np.log(seconds)) / np.diff(np.log(sizes))
        for n_rows, one, slope in zip(sizes, found, ["", *slopes]):
            blocks = one["blocks"]
            table.append(
                {
                    "heads": name,
                    "rows": n_rows,
                    "fit, CPU s": f"{one['seconds']:.1f}",
                    "µs a row": f"{1e6 * one['seconds'] / n_rows:.0f}",
                    "exponent": slope if slope == "" else f"{slope:.2f}",
                    "blocks MiB": f"{blocks:.0f}",
                    "peak growth MiB": f"{one['peak']:.0f}",
                    "peak / blocks": f"{one['peak'] / blocks:.1f}",
                }
            )
        if len(sizes) > 1:
            whole = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
            print(f"heads={name}: exponent over all sizes {whole:.3f}", flush=True)
    print("\n" + environment())
    print(markdown_table(table))


def run(heads, n_rows):
    """Measure one size in a process of its own."""
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    out = subprocess.run(
        [sys.executable, __file__, "--one", heads, str(n_rows)],
        capture_output=True,
        text=True,
        check=True,
        env=environ,
    ).stdout
    return dict(zip(("seconds", "blocks", "peak"), map(float, out.split())))


def print_one(heads, n_rows):
    """Fit once small, to have everything imported, then measure."""
    from skmm import MultimodalClassifier
    from skmm.datasets import fetch_womens_clothing

    X, y = fetch_womens_clothing(target="rating", return_X_y=True)
    model = MultimodalClassifier(
        heads=HEADS[heads], max_epochs=EPOCHS, early_stopping=False, random_state=0
    ).fit(X.iloc[:200], y.iloc[:200])
    rows = np.random.default_rng(0).integers(len(X), size=n_rows)
    X, y = X.iloc[rows].reset_index(drop=True), y.iloc[rows].to_numpy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    model.fit(X, y)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    blocks = sum(b.nbytes for b in model._preparation.transform(X).values())
    print(seconds, blocks / 2**20, peak / 2**10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", nargs="+", type=int, default=[10**4, 4 * 10**4, 16 * 10**4]
    )
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=list(HEADS))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print_one(arguments.one[0], int(arguments.one[1]))
    else:
        main(sorted(arguments.rows), arguments.heads)
