"""Write the splits that every peer reads: Parquet files, one folder a split.

    python benchmarks/peers/prepare.py FOLDER [--tasks A B ...] [--seeds 0 1 2]

A folder ``task-seed`` has train.parquet, test.parquet (target in the column
``__target__``, classes numbered) and task.json. Pictures and sounds are there twice: as
bytes of a file in one column, for whoever reads them, and as columns of numbers
(colours of 8 x 8 cells, what librosa measures), for whoever does not.
"""

import argparse
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

BENCHMARKS = Path(__file__).resolve().parents[1]
sys.path.append(os.fspath(BENCHMARKS))  # the tasks lie there

# Only now, from the folder that was just named.
from _emoji import PATH as EMOJI  # noqa: E402
from _tasks import TASKS, VOICE, draw_icons, split  # noqa: E402

TARGET = "__target__"


def read_media(task):
    """Return pictures or sounds of a task as bytes, by row, or None."""
    if task == "emoji":
        return pd.read_parquet(EMOJI)["image"]
    if task == "voice":
        return pd.read_parquet(VOICE)["audio"]
    if task == "icons":
        return draw_icons(64)["image"].map(_png)
    return None


def _png(pixels):
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def write(task, seed, folder):
    """Write one split."""
    (X_train, X_test, y_train, y_test), texts, classes = split(task, seed)
    told = {"task": task, "seed": seed, "texts": texts, "classes": classes}
    if classes:
        names = np.unique(np.r_[y_train, y_test])
        y_train, y_test = (np.searchsorted(names, y) for y in (y_train, y_test))
        told["n_classes"] = len(names)
    media = read_media(task)
    if media is not None:
        told["medium"] = media.name
        told["measures"] = [c for c in X_train if c.startswith(f"{media.name}__")]
    folder.mkdir(parents=True, exist_ok=True)
    for name, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        X = X.copy()
        if media is not None:
            X[media.name] = media.loc[X.index]
        X[TARGET] = y
        X.reset_index(drop=True).to_parquet(folder / f"{name}.parquet")
    # Last, so that a folder that has it is whole.
    (folder / "task.json").write_text(json.dumps(told, indent=1))


def main(folder, tasks, seeds):
    for task in tasks:
        for seed in seeds:
            split_folder = Path(folder, f"{task}-{seed}")
            if not (split_folder / "task.json").exists():
                write(task, seed, split_folder)
                print(split_folder, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    main(**vars(parser.parse_args()))
