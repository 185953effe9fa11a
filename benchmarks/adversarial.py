"""Does adversarial= make attacks harder, and what does it cost on rows as they are?

The emoji (a convolutional network over 8 x 8 pixels, the name, numbers) and reviews
(recommended or not, from texts and a table). One modality at a time is attacked by
projected gradient descent against the fused head: pixels by at most `--pixels` of 255,
n-grams' vectors by at most `--texts` of their norm, and trained against within the same
radius. The mixture of the heads "fused" and "linear" is scored on the same changes,
which were not made for it, and which the linear head does not see. Last, for
comparison, models that do not read the attacked modality at all.

    python benchmarks/adversarial.py [--tasks B:3000 emoji] [--seeds 0 1]
        [--pixels 32] [--texts 0.3] [--kinds fgm pgd trades vat free]
"""

import argparse
import time

import numpy as np
from _common import environment, markdown_table
from _tasks import split

from skmm import MultimodalClassifier, detect_modalities
from skmm.augmentation import Adversarial
from skmm.encoders import ImageEncoder
from skmm.inspection import attack

KINDS = ["fgm", "pgd", "trades", "vat", "free"]
#: Rows that are attacked, and steps.
N_ROWS, N_STEPS = 400, 10


def read(task, seed):
    """Give a split, the modalities, and those that are attacked."""
    (X, X_test, y, y_test), _, _ = split(task, seed)
    X, X_test = X.copy(), X_test.iloc[:N_ROWS].copy()
    rows = X, y, X_test, y_test[:N_ROWS]
    if task.partition(":")[0] != "emoji":
        return rows, "auto", ["text"]
    pixels = [column for column in X if column.startswith("image__")]
    for one in (X, X_test):
        one[pixels] = (255 * one[pixels]).round()
    numbers = [column for column in X if column not in [*pixels, "name"]]
    modalities = [
        ("image", ImageEncoder("cnn", shape=(8, 8, 3)), pixels),
        ("text", "text", ["name"]),
        ("tabular", "tabular", numbers),
    ]
    return rows, modalities, ["image", "text"]


def run(task, seed, kinds, radii, weight):
    """Give {kind: (clean, {modality: attacked}, ... of both heads, seconds)}."""
    (X, y, X_test, y_test), modalities, attacked = read(task, seed)
    radius = {name: radii[name] for name in attacked}
    found = {}
    for kind in [None, *kinds]:
        adversarial = None
        if kind is not None:
            adversarial = Adversarial(kind, radius=radius, weight=weight)
        start = time.process_time()
        model = MultimodalClassifier(
            modalities,
            heads=["fused", "linear"],
            adversarial=adversarial,
            random_state=seed,
        ).fit(X, y)
        seconds = time.process_time() - start
        result = attack(
            model,
            X_test,
            y_test,
            modalities=attacked,
            radius=radius,
            steps=N_STEPS,
            random_state=seed,
        )
        scores = dict(result.scores)
        for row in result.frame.itertuples():
            scores[f"{row.head}, {row.modality} attacked"] = row.score
        found[kind] = scores | {"seconds": seconds}
        print(task, seed, kind, scores, flush=True)
    if not isinstance(modalities, list):
        modalities = detect_modalities(X).to_list()
    for name in attacked:
        others = [one for one in modalities if one[0] != name]
        model = MultimodalClassifier(
            others, heads=["fused", "linear"], random_state=seed
        ).fit(X, y)
        fused = model._fused_only().score(X_test, y_test)
        mixture = model.score(X_test, y_test)
        print(f"{task} {seed} without {name}: {fused:.3f}, {mixture:.3f}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tasks", nargs="+", default=["B:3000", "emoji"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--pixels", type=float, default=32.0)
    parser.add_argument("--texts", type=float, default=0.3)
    parser.add_argument("--weight", type=float, default=1.0)
    options = parser.parse_args()
    radii = {"image": options.pixels, "text": options.texts}
    print(environment(), "\n")
    for task in options.tasks:
        found = [
            run(task, seed, options.kinds, radii, options.weight)
            for seed in options.seeds
        ]
        rows = []
        base = np.mean([one[None]["seconds"] for one in found])
        for kind in found[0]:
            mean = {
                name: np.mean([one[kind][name] for one in found])
                for name in found[0][kind]
            }
            seconds = mean.pop("seconds")
            cells = {name: f"{score:.3f}" for name, score in mean.items()}
            rows.append(
                {"adversarial": kind} | cells | {"time": f"{seconds / base:.1f}"}
            )
        print(f"\n{task}, radii {radii}\n")
        print(markdown_table(rows), flush=True)


if __name__ == "__main__":
    main()
