"""What Shapley values of modalities cost, and whether they name what is known.

The first table has the seconds of ``modality_importance`` on 10,000 rows beyond those
that reading and transforming the rows takes once, with the default 200 bootstrap
samples. The second has generated data of which is known where the class is. It says how
often, of the seeds, the largest Shapley value is that of the modality that alone tells
the class, modalities that add up are both named (both intervals are above 0), and
modalities that tell only together have a positive interaction; and how far values are
from the truth: the modality that alone tells the class has all that the model gains,
and modalities that add up, or tell only together, have a half each.

    OMP_NUM_THREADS=1 python benchmarks/importance.py [--seeds 50] [--rows 10000]
        [--heads linear boosting]
"""

import argparse
import time

import numpy as np
from _common import environment, markdown_table

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.inspection import modality_importance

N_TRAIN, N_TEST = 800, 4000


def fit(X, y, heads, **options):
    return MultimodalClassifier(heads=heads, random_state=0, **options).fit(X, y)


def three_modalities(X):
    words = [c for c in X if c.startswith("text")]
    rest = [c for c in X if c not in words]
    return [("table", "tabular", rest), *((c, "text", [c]) for c in words)]


def measure_seconds(n_rows, heads):
    """Return the rows of the first table."""
    X, y = make_multimodal_classification(
        n_samples=N_TRAIN + n_rows, n_text=2, random_state=0
    )
    model = fit(X[:N_TRAIN], y[:N_TRAIN], heads, modalities=three_modalities(X))
    X, y = X[N_TRAIN:], y[N_TRAIN:]
    lines = []
    for options in (
        {},
        {"scoring": "neg_log_loss"},
        {"scoring": "neg_log_loss", "per_class": True},
        {"scoring": "roc_auc"},
        {"method": "ablation"},
        {"method": "permutation"},
        {"n_jobs": 2},
    ):
        start = time.perf_counter()
        model._blocks(X)
        reading = time.perf_counter() - start
        start = time.perf_counter()
        modality_importance(model, X, y, random_state=0, **options)
        seconds = time.perf_counter() - start
        told = ", ".join(f"{key}={value!r}" for key, value in options.items())
        lines.append(
            {
                "options": told or "defaults",
                "reading, s": f"{reading:.2f}",
                "beyond, s": f"{seconds - reading:.2f}",
            }
        )
    return lines


def measure_truth(n_seeds, heads):
    """Return the rows of the second table."""
    lines = []
    for signal in ("tabular", "text", "sum", "interaction"):
        right, away = 0, []
        for seed in range(n_seeds):
            X, y = make_multimodal_classification(
                n_samples=N_TRAIN + N_TEST, signal=signal, random_state=seed
            )
            model = fit(X[:N_TRAIN], y[:N_TRAIN], heads)
            found = modality_importance(model, X[N_TRAIN:], y[N_TRAIN:], random_state=0)
            truth = true_values(signal, found)
            away.append(np.abs(found.importances_mean - truth).max())
            right += int(is_right(signal, found))
        lines.append(
            {
                "signal": signal,
                "named right": f"{right} of {n_seeds}",
                "away, mean": f"{np.mean(away):.3f}",
                "away, largest": f"{np.max(away):.3f}",
            }
        )
    return lines


def true_values(signal, found):
    """Return how a model's gain divides among the modalities."""
    gain = found.score - found.baseline_score
    if signal in ("sum", "interaction"):
        return np.full(2, gain / 2)
    return np.where(np.array(found.names) == signal, gain, 0.0)


def is_right(signal, found):
    if signal == "interaction":
        return found.interactions[0, 1] > 0
    if signal == "sum":
        return bool((found.importances_interval[:, 0] > 0).all())
    return found.names[found.importances_mean.argmax()] == signal


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10_000, help="0: no first table")
    parser.add_argument("--heads", nargs="+", default="auto")
    options = parser.parse_args()
    print(environment(), "\n")
    if options.rows:
        table = measure_seconds(options.rows, options.heads)
        print(markdown_table(table), flush=True)
    print(markdown_table(measure_truth(options.seeds, options.heads)))


if __name__ == "__main__":
    main()
