"""Fusions over modalities that are missing in some rows, beside imputing the mean.

The emoji (picture, name, numbers), 70/30 stratified splits. Each modality of each row
is missing with the same probability, independently: in all rows ("everywhere"), or in
validation and test rows only ("only later": training rows are whole). The reference
puts the training rows' mean in the place of a missing modality's features and
concatenates; encoders, head and training are the same. 15 % of the training rows stop
the training, for all alike.

At a rate of 0.5 everywhere the fusion is also chosen, of those in the table, with and
without modality dropout: by the mean log-loss of the fused head on 5 folds of the
training rows.

    python benchmarks/missing.py [--rates 0 0.1 0.3 0.5 0.7 0.9] [--seeds 0 1 2 3 4]
"""

import argparse
import itertools

import numpy as np
import scipy.sparse
from _common import environment, markdown_table
from _emoji import NUMBERS, load_emoji
from sklearn.model_selection import StratifiedKFold, train_test_split

from skmm import MultimodalClassifier
from skmm._data.blocks import Block
from skmm._data.containers import Csr
from skmm.encoders import Encoder, TabularEncoder, TextEncoder, VectorEncoder

FUSIONS = ["concat", "gated", "late", "product_of_experts", "hybrid"]
CANDIDATES = list(itertools.product(FUSIONS, [0.0, 0.3]))
REFERENCE = ("impute + concat", 0.0)


class MeanImputed(Encoder):
    """An encoder whose missing rows get the mean of the others; nobody is told.

    Parameters
    ----------
    encoder : Encoder
    """

    def __init__(self, encoder):
        self.encoder = encoder

    def fit_transform(self, X, y=None, sample_weight=None):
        block = self.encoder.fit_transform(X, y, sample_weight)
        there = block.present.numpy()
        self.means_ = [_mean(_array(part)[there]) for part in block.parts]
        return self._fill(block)

    def transform(self, X):
        return self._fill(self.encoder.transform(X))

    def _fill(self, block):
        there = block.present.numpy()
        parts = [
            _replace(_array(part), mean, ~there)
            for part, mean in zip(block.parts, self.means_)
        ]
        return Block(*parts, present=np.ones(len(there), dtype=bool))

    def build_module(self, width):
        return self.encoder.build_module(width)

    def build_wide(self, n_outputs):
        return self.encoder.build_wide(n_outputs)


def _array(part):
    if not isinstance(part, Csr):
        return part.numpy()
    stored = (part.values.numpy(), part.indices.numpy(), part.indptr.numpy())
    return scipy.sparse.csr_matrix(stored, shape=(len(part), part.n_columns))


def _mean(rows):
    if scipy.sparse.issparse(rows):
        return scipy.sparse.csr_matrix(rows.mean(axis=0))
    if rows.dtype.kind == "f":
        return np.nanmean(rows, axis=0)
    return np.array([np.bincount(codes).argmax() for codes in rows.T])


def _replace(rows, mean, missing):
    if not scipy.sparse.issparse(rows):
        return np.where(missing[:, None], mean, rows).astype(rows.dtype)
    kept = scipy.sparse.diags_array((~missing).astype(np.float32)) @ rows
    filled = scipy.sparse.csr_matrix(missing[:, None].astype(np.float32)) @ mean
    return scipy.sparse.csr_matrix(kept + filled, dtype=np.float32)


def modalities(X, wrap):
    pixels = [column for column in X if column.startswith("image__")]
    return [
        ("image", wrap(VectorEncoder()), pixels),
        ("text", wrap(TextEncoder()), ["name"]),
        ("tabular", wrap(TabularEncoder()), NUMBERS),
    ]


def remove(X, rate, seed):
    """Give X with each modality of each row missing with a probability."""
    rng = np.random.default_rng(seed)
    X = X.astype({"has_skin_variations": object})
    for _, _, columns in modalities(X, wrap=lambda encoder: encoder):
        missing = rng.random(len(X)) < rate
        X.loc[missing, columns] = None if columns == ["name"] else np.nan
    return X


def fit(method, X, y, valid, seed):
    fusion, modality_dropout = method
    imputes = method == REFERENCE
    return MultimodalClassifier(
        modalities(X, MeanImputed if imputes else lambda encoder: encoder),
        fusion="concat" if imputes else fusion,
        modality_dropout=modality_dropout,
        validation=valid,
        random_state=seed,
    ).fit(X, y)


def choose(X_train, X_gaps, y, seed):
    """Give the candidate of the least log-loss on folds of the training rows."""
    losses = dict.fromkeys(CANDIDATES, 0.0)
    for train, valid in StratifiedKFold(5, shuffle=True, random_state=seed).split(
        X_train, y
    ):
        for method in CANDIDATES:
            rows = (X_gaps.iloc[valid], y[valid])
            model = fit(method, X_train.iloc[train], y[train], rows, seed)
            losses[method] += min(
                epoch["fused_valid_loss"]
                for epoch in model.history_
                if "fused_valid_loss" in epoch
            )
    return min(losses, key=losses.get)


def run(X, y, where, rate, seed, choosing):
    """Give {method: (bare accuracy, mixed accuracy)} and the chosen method."""
    gaps = remove(X, rate, seed)
    whole = X.astype({"has_skin_variations": object})
    known = gaps if where == "everywhere" else whole
    rows, test = train_test_split(
        np.arange(len(X)), test_size=0.3, stratify=y, random_state=seed
    )
    train, valid = train_test_split(
        rows, test_size=0.15, stratify=y[rows], random_state=seed
    )
    scores = {}
    for method in [REFERENCE, *CANDIDATES]:
        model = fit(
            method,
            known.iloc[train],
            y[train],
            (gaps.iloc[valid], y[valid]),
            seed,
        )
        scores[method] = tuple(
            some.score(gaps.iloc[test], y[test])
            for some in (model._fused_only(), model)
        )
    chosen = None
    if choosing:
        chosen = choose(known.iloc[rows], gaps.iloc[rows], y[rows], seed)
    return scores, chosen


def report(X, y, where, rates, seeds):
    """Print a table for one way of missing; at a rate of 0.5 the choice, too."""
    table, choices = {}, []
    for rate in rates:
        for seed in seeds:
            choosing = rate == 0.5 and where == "everywhere"
            scores, chosen = run(X, y, where, rate, seed, choosing)
            for method, pair in scores.items():
                table.setdefault(method, {}).setdefault(rate, []).append(pair)
            if chosen is not None:
                choices.append((chosen, scores[chosen], scores[REFERENCE]))
    print(f"Missing {where}: accuracy of the fused head alone, and of the mixture\n")
    print(
        markdown_table(
            [
                {"fusion": fusion, "modality dropout": dropout or "-"}
                | {
                    f"{rate:g}": " / ".join(f"{v:.3f}" for v in np.mean(pairs, axis=0))
                    for rate, pairs in by_rate.items()
                }
                for (fusion, dropout), by_rate in table.items()
            ]
        )
    )
    if not choices:
        return
    print("Chosen at 0.5:", ", ".join(f"{f} {d:g}" for (f, d), _, _ in choices))
    ours, imputed = (np.array(part) for part in list(zip(*choices))[1:])
    for i, kind in enumerate(["fused head alone", "mixture"]):
        gain = ours[:, i] - imputed[:, i]
        print(
            f"{kind}: {ours[:, i].mean():.3f} against {imputed[:, i].mean():.3f}, "
            f"gains {', '.join(f'{g:+.3f}' for g in gain)}, mean {gain.mean():+.3f}"
        )
    print(flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--rates", nargs="+", type=float, default=[0, 0.1, 0.3, 0.5, 0.7, 0.9]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument(
        "--where",
        nargs="+",
        choices=["everywhere", "only later"],
        default=["everywhere", "only later"],
    )
    options = parser.parse_args()
    print(environment(), "\n")
    X, y = load_emoji()
    for where in options.where:
        report(X, y, where, options.rates, options.seeds)


if __name__ == "__main__":
    main()
