"""Backbones of TextEncoder on the clothing reviews; for ``encoders.py``.

The texts alone, 80/20 stratified splits as in ``baselines.py``: A is Rating in 5
classes, B is Recommended IND. Each backbone has the wide head beside it, as the bag
has.
"""

import functools
import statistics
import time

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import fetch_womens_clothing
from skmm.encoders import TextEncoder

COLUMNS = ["Title", "Review Text"]
FROM_SCRATCH = ["bag", "cnn", "lstm", "gru", "transformer"]
#: metric -> (task, whether less is better).
METRICS = {
    "A log-loss": ("rating", True),
    "A accuracy": ("rating", False),
    "B ROC AUC": ("recommended", False),
}

#: Of the pretrained networks: what two cores without bfloat16 do in 20 minutes.
N_TRAIN, N_TEST = 3000, 2000
MAX_LENGTH = 48
TUNING = {"max_epochs": 2, "learning_rate_schedule": "linear"}
TUNE = ["frozen", "head", "lora", "full"]


@functools.cache
def load(target):
    X, y = fetch_womens_clothing(target=target, return_X_y=True)
    return X[COLUMNS], np.asarray(y)


def text(seeds, backbones=FROM_SCRATCH):
    """Backbones from scratch beside the bag, tasks A and B: rows of the table."""
    results = {name: [] for name in backbones}
    for seed in seeds:
        for name in backbones:
            found = {}
            for target in ("rating", "recommended"):
                X, y = load(target)
                split = train_test_split(
                    X, y, test_size=0.2, random_state=seed, stratify=y
                )
                found |= run(TextEncoder(name), seed, split)
            results[name].append(found)
            print(name, seed, found, flush=True)
    means = _means(results)
    others = [name for name in means if name != "bag"]
    for metric, (_, less) in METRICS.items() if "bag" in means and others else ():
        best = (min if less else max)(means[name][metric] for name in others)
        bag = means["bag"][metric]
        met = "met" if (best <= bag if less else best >= bag) else "MISSED"
        print(f"text, {metric} from scratch {best:.4f}, bag {bag:.4f}: {met}")
    return [
        {
            "line": "text",
            "encoder": f"TextEncoder({name!r})",
            "metric": metric,
            "score": f"{mean[metric]:.4f}",
            "CPU s": f"{mean[f'{target} CPU s']:.0f}",
            "parameters": f"{mean[f'{target} parameters']:.0f}",
        }
        for name, mean in means.items()
        for metric, (target, _) in METRICS.items()
    ]


def pretrained(seeds, tunes=TUNE):
    """MiniLM frozen and tuned on task A: rows of the table."""
    X, y = load("rating")
    results = {tune: [] for tune in tunes}
    for seed in seeds:
        split = train_test_split(
            X, y, train_size=N_TRAIN, test_size=N_TEST, random_state=seed, stratify=y
        )
        for tune in tunes:
            encoder = TextEncoder("pretrained", tune=tune, max_length=MAX_LENGTH)
            options = {} if tune == "frozen" else TUNING
            results[tune].append(run(encoder, seed, split, **options))
            print(tune, seed, results[tune][-1], flush=True)
    means = _means(results)
    for tune in means:
        if tune in ("lora", "full") and "frozen" in means:
            gain = means[tune]["A accuracy"] - means["frozen"]["A accuracy"]
            met = "met" if gain >= 0.02 else "MISSED"
            print(f"{tune}, accuracy {gain:+.4f} over frozen, at least 0.02: {met}")
    return [
        {
            "line": "pretrained",
            "encoder": f"TextEncoder('pretrained', tune={tune!r})",
            "metric": "A accuracy",
            "score": f"{mean['A accuracy']:.4f}",
            "CPU s": f"{mean['rating CPU s']:.0f}",
            "parameters": f"{mean['rating parameters']:.0f}",
        }
        for tune, mean in means.items()
    ]


def run(encoder, seed, split, **options):
    """Fit on one split; give the scores, the CPU seconds and what learned."""
    X_train, X_test, y_train, y_test = split
    model = MultimodalClassifier(
        [("text", encoder, COLUMNS)], random_state=seed, **options
    )
    start = time.process_time()
    model.fit(X_train, y_train)
    seconds = time.process_time() - start
    proba = model.predict_proba(X_test)
    target = "recommended" if proba.shape[1] == 2 else "rating"
    scores = {
        f"{target} CPU s": seconds,
        f"{target} parameters": model.n_parameters_,
        f"{target} epochs": model.n_iter_,
    }
    if target == "recommended":
        return scores | {"B ROC AUC": roc_auc_score(y_test, proba[:, 1])}
    return scores | {
        "A log-loss": log_loss(y_test, proba, labels=model.classes_),
        "A accuracy": accuracy_score(y_test, model.classes_[proba.argmax(1)]),
    }


def _means(results):
    return {
        name: {key: statistics.mean(s[key] for s in splits) for key in splits[0]}
        for name, splits in results.items()
    }
