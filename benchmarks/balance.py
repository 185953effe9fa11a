"""Does balance= keep the slower modality learning, and what does it cost elsewhere?

First made-up data: two modalities of vectors tell four classes. "quick" tells nine
tenths of the rows by a linear function; "slow" tells more, by products of signs among
noise. Alone, "slow" takes more than ten times as many steps until half of what it will
ever gain in training loss is gained: that is printed first.
The probe is a logistic regression over the vectors of one encoder: how much the
encoder has learned, whatever the fused head makes of it.

Then real data: the emoji (picture in 8 x 8 cells, name, numbers) and reviews (rating
as classes, from texts and a table), where nothing is known to be out of balance.
Accuracy of the fused head alone, and of the mixture of all heads.

    python benchmarks/balance.py [--seeds 0 1 2] [--rows 4000]
"""

import argparse
import time

import numpy as np
import pandas as pd
import torch
from _common import environment, markdown_table
from _tasks import split
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

from skmm import MultimodalClassifier
from skmm.encoders import VectorEncoder

BALANCES = [None, "pareto", "detached", "blending"]
N_QUICK, N_SLOW = 16, 64


def make_unequal(n_samples, seed):
    """Give X and y of four classes: one modality is learned far faster.

    Parameters
    ----------
    n_samples, seed : int
    """
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n_samples)
    known = np.where(rng.random(n_samples) < 0.9, y, rng.integers(0, 4, n_samples))
    directions = np.random.default_rng(0).normal(size=(4, N_QUICK))
    quick = directions[known] + 0.5 * rng.normal(size=(n_samples, N_QUICK))
    known = np.where(rng.random(n_samples) < 0.95, y, rng.integers(0, 4, n_samples))
    bits = 2 * np.stack([known % 2, known // 2], axis=1) - 1
    signs = rng.choice([-1, 1], size=(n_samples, 2))
    slow = rng.normal(size=(n_samples, N_SLOW))
    slow[:, :4] = np.hstack([signs, signs * bits]) + 0.35 * slow[:, :4]
    names = [f"quick__{i}" for i in range(N_QUICK)]
    names += [f"slow__{i}" for i in range(N_SLOW)]
    return pd.DataFrame(np.hstack([quick, slow]), columns=names), y


def modalities(X, names=("quick", "slow")):
    return [
        (name, VectorEncoder(), [one for one in X if one.startswith(name)])
        for name in names
    ]


class Losses(Callback):
    """The training loss of each step."""

    def on_train_begin(self, net, **kwargs):
        self.losses_ = []

    def on_batch_end(self, net, loss=None, training=False, **kwargs):
        if training:
            self.losses_.append(float(loss))

    def half_way(self):
        """Return the first step around which half of the final fall is reached."""
        smooth = np.convolve(self.losses_, np.ones(5) / 5, mode="valid")
        half = (self.losses_[0] + smooth[-20:].mean()) / 2
        return int(np.argmax(smooth < half)) + 3


def vectors(model, name, X):
    """Give what the encoder of a modality makes of rows, (n_rows, width)."""
    fused = model._learner.fused
    encoder = fused.encoders[fused.names.index(name)]
    with torch.no_grad():
        return encoder(model._blocks(X)[name].cast(torch.float64)).numpy()


def probe(model, name, train, test):
    line = LogisticRegression(max_iter=2000).fit(
        vectors(model, name, train[0]), train[1]
    )
    return line.score(vectors(model, name, test[0]), test[1])


def report_made_up(seeds):
    rows, alone = {}, {}
    for seed in seeds:
        X, y = make_unequal(6000, seed)
        train, test = (X[:3000], y[:3000]), (X[3000:], y[3000:])
        for name in ("quick", "slow"):
            losses = Losses()
            model = MultimodalClassifier(
                modalities(X, [name]),
                heads=["fused"],
                n_iter_no_change=5,
                callbacks=[losses],
                random_state=seed,
            ).fit(*train)
            found = (losses.half_way(), model.score(*test))
            alone.setdefault(name, []).append(found)
        for balance in BALANCES:
            start = time.process_time()
            model = MultimodalClassifier(
                modalities(X), heads=["fused"], balance=balance, random_state=seed
            ).fit(*train)
            seconds = time.process_time() - start
            probes = [probe(model, name, train, test) for name in ("quick", "slow")]
            found = (model.score(*test), *probes, seconds)
            rows.setdefault(balance, []).append(found)
    for name, found in alone.items():
        steps, score = np.mean(found, axis=0)
        print(f"{name} alone: accuracy {score:.3f}, half way after {steps:.0f} steps")
    print()
    print_table(rows, ["fused head", "probe of quick", "probe of slow"])


def report(task, seeds):
    rows = {}
    for seed in seeds:
        (X, X_test, y, y_test), _, _ = split(task, seed)
        for balance in BALANCES:
            start = time.process_time()
            model = MultimodalClassifier(balance=balance, random_state=seed).fit(X, y)
            seconds = time.process_time() - start
            alone = model._fused_only().score(X_test, y_test)
            found = (alone, model.score(X_test, y_test), seconds)
            rows.setdefault(balance, []).append(found)
    print(f"{task}\n")
    print_table(rows, ["fused head", "mixture"])


def print_table(rows, columns):
    base = np.mean(rows[None], axis=0)[-1]
    print(
        markdown_table(
            [
                {"balance": balance}
                | {
                    name: f"{score:.3f}"
                    for name, score in zip(columns, np.mean(found, axis=0))
                }
                | {"time": f"{np.mean(found, axis=0)[-1] / base:.1f}"}
                for balance, found in rows.items()
            ]
        ),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=4000, help="of the reviews")
    options = parser.parse_args()
    print(environment(), "\n")
    report_made_up(options.seeds)
    report("emoji", options.seeds)
    report(f"A:{options.rows}", options.seeds)


if __name__ == "__main__":
    main()
