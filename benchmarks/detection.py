"""Time of detecting what a million rows of fifty columns are.

The reference is pandas' count of the distinct values of each column, in turn with the
detection in one process: CPU seconds of each, and their ratio.

    python benchmarks/detection.py [--rows 1000000] [--repeats 3]
"""

import argparse
import statistics
import time
import warnings

import numpy as np
import pandas as pd
from _common import environment, markdown_table

from skmm import detect_modalities


def make_table(n_rows, seed=0):
    """Make 35 columns of numbers, 12 of strings, dates, a category and flags."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "green", "blue", "amber"])
    vocabulary = np.array([f"word{i}" for i in range(5000)])
    times = pd.date_range("2000", periods=n_rows, freq="min")
    columns = {f"float_{i}": rng.normal(size=n_rows) for i in range(25)}
    columns |= {f"int_{i}": rng.integers(0, 1000, n_rows) for i in range(10)}
    columns |= {f"word_{i}": words[rng.integers(0, 4, n_rows)] for i in range(6)}
    columns["category"] = pd.Categorical(words[rng.integers(0, 4, n_rows)])
    columns["price"] = [f"${price:,.2f}" for price in rng.lognormal(5, 2, n_rows)]
    columns["time"] = times
    columns["written_time"] = times.strftime("%Y-%m-%d %H:%M")
    columns["id"] = [f"user{i}" for i in range(n_rows)]
    for i in range(3):
        chosen = vocabulary[rng.integers(0, 5000, (n_rows, 8))]
        columns[f"text_{i}"] = [" ".join(row) for row in chosen]
    columns["flag"] = rng.integers(0, 2, n_rows).astype(bool)
    return pd.DataFrame(columns)


def seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    frame = make_table(options.rows)
    detect_modalities(frame[:100])  # imports
    detected, counted = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the column of ids
        for _ in range(options.repeats):
            detected.append(seconds(lambda: detect_modalities(frame)))
            counted.append(seconds(frame.nunique))
    print(environment())
    row = {
        "rows": f"{options.rows:,}",
        "columns": frame.shape[1],
        "detection, CPU s": f"{statistics.median(detected):.2f}",
        "nunique, CPU s": f"{statistics.median(counted):.2f}",
        "ratio": f"{statistics.median(np.divide(detected, counted)):.2f}",
    }
    print(markdown_table([row]))


if __name__ == "__main__":
    main()
