"""A table with a column of each kind, and rows of it as JSON has them."""

import io
import wave

import numpy as np
import pandas as pd
from PIL import Image

N_ROWS = 40


def png(shade=0, size=(12, 10)):
    """Return a small picture."""
    file = io.BytesIO()
    Image.new("RGB", size, (shade, 255 - shade, 7)).save(file, "PNG")
    return file.getvalue()


def wav(pitch=440, seconds=0.2):
    """Return a short sound."""
    file = io.BytesIO()
    times = np.arange(int(8000 * seconds)) / 8000
    samples = (8000 * np.sin(2 * np.pi * pitch * times)).astype("<i2")
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def make_table():
    """Return a frame with a column of each kind, and two classes."""
    rng = np.random.default_rng(0)
    y = np.arange(N_ROWS) % 2
    words = np.array(["good and cheap", "bad and dear"])
    X = pd.DataFrame(
        {
            "price": rng.normal(size=N_ROWS) + y,
            "when": pd.date_range("2024-01-13", periods=N_ROWS).strftime("%Y-%m-%d"),
            "open": [["yes", "no"][i] for i in rng.integers(2, size=N_ROWS)],
            "size": [["S", "M", "L"][i] for i in rng.integers(3, size=N_ROWS)],
            "note": [f"{words[k]} number {i}" for i, k in enumerate(y)],
            "photo": [png(200 * int(k) + i) for i, k in enumerate(y)],
            "sound": [wav(300 + 200 * int(k) + i) for i, k in enumerate(y)],
            "codes": [*rng.normal(size=(N_ROWS, 8))],
            "curve": [rng.normal(size=20) + k for k in y],
            "nothing": [None] * N_ROWS,
        }
    )
    return X, np.array(["no", "yes"], dtype=object)[y]


def make_row(**values):
    """Return a row as JSON has it, with no file in it."""
    row = {
        "price": 0.5,
        "when": "2024-03-05",
        "open": True,
        "size": "M",
        "note": "good and cheap",
        "photo": None,
        "sound": None,
        "codes": [0.5] * 8,
        "curve": [0.0, 1.0, 0.5, 0.25] * 5,
    }
    return row | values
