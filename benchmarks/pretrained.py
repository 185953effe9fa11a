"""What pretrained networks bring: ``pretrained=`` on pictures, sounds and short texts.

70/30 splits: the emoji (picture, name, numbers; nine groups), icons (drawing of 64 x 64
pixels, name; which of twenty tags), voice prompts (sound, duration; which of five
languages; the same prompt is never in both parts). "alone" leaves the picture or sound
by itself. Vectors of networks are cached, so that CPU seconds of a fit are without
them; what a cell costs is told below the table.

    python benchmarks/pretrained.py [--tasks emoji icons voice] [--seeds 0 1 2]
"""

import argparse
import tempfile
import time

import numpy as np
import pandas as pd
from _common import environment, markdown_table
from _tasks import VOICE, draw_icons
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from skmm import MultimodalClassifier
from skmm.datasets import fetch_emoji


def load_emoji_pictures():
    X, y = fetch_emoji(return_X_y=True)
    return X, y, None, "image"


def load_icons():
    frame = draw_icons(64)
    return frame[["image", "name"]], frame["tag"], None, "image"


def load_voice():
    frame = pd.read_parquet(VOICE)
    return frame[["audio", "duration"]], frame["language"], frame["prompt"], "audio"


TASKS = {"emoji": load_emoji_pictures, "icons": load_icons, "voice": load_voice}


def main(tasks, seeds):
    rows, costs = [], []
    with tempfile.TemporaryDirectory() as memory:
        for task in tasks:
            X, y, groups, medium = TASKS[task]()
            costs.append(cost_of(task, X[[medium]], memory))
            for columns in ([medium], list(X)):
                texts = "name" in columns
                for pretrained in [False, "auto", *([True] if texts else [])]:
                    some = [
                        score(X[columns], np.asarray(y), groups, pretrained, memory, s)
                        for s in seeds
                    ]
                    loss, accuracy, seconds = np.mean(some, axis=0)
                    rows.append(
                        {
                            "task": task if len(columns) > 1 else f"{task}, alone",
                            "pretrained": str(pretrained),
                            "log-loss": f"{loss:.3f}",
                            "accuracy": f"{accuracy:.3f}",
                            "CPU s": f"{seconds:.1f}",
                        }
                    )
                    print(rows[-1], flush=True)
    print("\n" + environment())
    print(markdown_table(rows))
    print("\n".join(costs))


def score(X, y, groups, pretrained, memory, seed):
    """Return log-loss and accuracy of one split, and the CPU seconds of the fit."""
    kind = StratifiedShuffleSplit if groups is None else GroupShuffleSplit
    splitter = kind(1, test_size=0.3, random_state=seed)
    train, test = next(splitter.split(X, y, groups))
    model = MultimodalClassifier(
        pretrained=pretrained, memory=memory, random_state=seed
    )
    start = time.process_time()
    model.fit(X.iloc[train], y[train])
    seconds = time.process_time() - start
    p = model.predict_proba(X.iloc[test])
    found = model.classes_[p.argmax(axis=1)]
    return (
        log_loss(y[test], p, labels=model.classes_),
        accuracy_score(y[test], found),
        seconds,
    )


def cost_of(task, X, memory):
    """Tell CPU milliseconds of a cell without and with the network; fill the cache."""
    from skmm.encoders import make_encoder

    told = []
    for pretrained in (False, "auto"):
        encoder = make_encoder(X.columns[0], pretrained=pretrained, memory=memory)
        start = time.process_time()
        encoder.fit_transform(X)
        told.append((time.process_time() - start) / len(X) * 1e3)
    return f"{task}: {told[0]:.1f} ms a cell without, {told[1]:.1f} with the network"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    main(**vars(parser.parse_args()))
