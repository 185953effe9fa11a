"""Every alignment beside none, on the emoji: all training rows, and a fifth of them.

The category (of nine) by picture, name and numbers; 70/30 stratified splits; fusion
"concat", alignment_weight 0.1, all else by default.

    python benchmarks/alignments.py [--seeds 0 1 2 3] [--alignments none cca ...]
"""

import argparse
import time

import numpy as np
from _common import environment, markdown_table
from _emoji import load_emoji
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.alignment import ALIGNMENTS


def run(name, X, y, train, test, seed):
    """Give bare accuracy, mixed accuracy and CPU seconds of a fit."""
    alignment = None if name == "none" else name
    model = MultimodalClassifier(alignment=alignment, random_state=seed)
    start = time.process_time()
    model.fit(X.iloc[train], y[train])
    seconds = time.process_time() - start
    scores = [
        view.score(X.iloc[test], y[test]) for view in (model._fused_only(), model)
    ]
    return [*scores, seconds]


def main(names, seeds):
    X, y = load_emoji()
    results = {}
    for seed in seeds:
        train, test = train_test_split(
            np.arange(len(X)), test_size=0.3, stratify=y, random_state=seed
        )
        few, _ = train_test_split(
            train, train_size=0.2, stratify=y[train], random_state=seed
        )
        for name in names:
            for rows in (train, few):
                result = run(name, X, y, rows, test, seed)
                results.setdefault((name, len(rows)), []).append(result)
    sizes = sorted({size for _, size in results}, reverse=True)
    table = []
    for name in names:
        row = {"alignment": name}
        for size in sizes:
            bare, mixed, seconds = np.mean(results[name, size], axis=0)
            gain = np.subtract(results[name, size], results[names[0], size])[:, 1]
            error = gain.std(ddof=1) / len(gain) ** 0.5 if len(gain) > 1 else np.nan
            row[f"{size} rows"] = f"{bare:.3f} / {mixed:.3f}"
            row[f"{size}: gain, mixed"] = f"{gain.mean():+.3f} ± {error:.3f}"
            row[f"{size}: CPU s"] = f"{seconds:.1f}"
        table.append(row)
    print(environment())
    print(f"Accuracy, fused head alone / mixture; means of {len(seeds)} splits\n")
    print(markdown_table(table))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3])
    parser.add_argument("--alignments", nargs="+", default=["none", *ALIGNMENTS])
    arguments = parser.parse_args()
    main(arguments.alignments, arguments.seeds)
