"""What a training step costs beside the bare module, for each kind of cell.

The bare module is trained by a loop without anything else on batches that lie in memory
already, cut and padded as the net's are; both take turns in one process, with one
thread. The cells are made up: what is in them does not matter for the time.

The ratio is the median over the turns, of CPU seconds. "image, mapped" reads its pixels
from a file.
"""

import copy
import statistics
import time

import numpy as np
import pandas as pd
import torch
from overhead import capture_training

from skmm import MultimodalClassifier
from skmm._training.batches import Batches
from skmm.encoders import (
    AudioEncoder,
    EntityEncoder,
    ImageEncoder,
    SeriesEncoder,
    TabularEncoder,
    TextEncoder,
    VectorEncoder,
    VideoEncoder,
)

TURNS = 7
TARGET = 1.15


def loading(seeds):
    """Step times over the bare module's: a row for each kind of cell."""
    rng = np.random.default_rng(seeds[0])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rows = []
    try:
        for name, encoder, n_rows, batch_size, make in cases():
            X = as_frame([make(rng) for _ in range(n_rows)])
            ratios, seconds, n_steps = compare_steps(encoder, X, batch_size)
            ratio = statistics.median(ratios)
            rows.append(
                {
                    "line": "loading",
                    "encoder": name,
                    "batch size": batch_size,
                    "bare ms a step": f"{1000 * seconds / n_steps:.1f}",
                    "ratio, median": f"{ratio:.3f}",
                    "min": f"{min(ratios):.3f}",
                    "max": f"{max(ratios):.3f}",
                }
            )
            met = "met" if ratio <= TARGET else "MISSED"
            print(rows[-1], f"at most {TARGET}: {met}", flush=True)
    finally:
        torch.set_num_threads(threads)
    return rows


def cases():
    """Give name, encoder, rows, batch size, and what makes a row's cell or cells."""
    words = np.array([f"w{i}" for i in range(3000)])
    triples = pd.DataFrame(
        {
            "h": [f"n{i}" for i in range(2000)],
            "r": "in",
            "t": [f"g{i % 50}" for i in range(2000)],
        }
    )

    def text(rng):
        return " ".join(rng.choice(words, rng.integers(5, 60)))

    def pixels(*shape):
        return lambda rng: rng.integers(0, 256, shape, dtype=np.uint8)

    def series(rng):
        return rng.normal(size=(rng.integers(20, 200), 3))

    def sound(rng):
        return rng.uniform(-1, 1, rng.integers(4000, 8000)), 8000

    def numbers(rng):
        cells = {f"x{i}": value for i, value in enumerate(rng.normal(size=20))}
        return cells | {f"c{i}": rng.choice(list("abcde")) for i in range(5)}

    def vector(rng):
        return {f"v{i}": value for i, value in enumerate(rng.normal(size=384))}

    def node(rng):
        return f"n{rng.integers(2000)}"

    mapped = ImageEncoder(size=64, memory_limit=1000)
    return [
        ("TabularEncoder", TabularEncoder(), 4096, 256, numbers),
        ("TabularEncoder, ft", TabularEncoder("ft_transformer"), 1024, 128, numbers),
        ("VectorEncoder", VectorEncoder(), 8192, 256, vector),
        ("TextEncoder", TextEncoder(), 4096, 256, text),
        ("TextEncoder, cnn", TextEncoder("cnn"), 1024, 128, text),
        ("TextEncoder, gru", TextEncoder("gru"), 1024, 128, text),
        ("ImageEncoder", ImageEncoder(size=64), 512, 64, pixels(64, 64, 3)),
        ("ImageEncoder, mapped", mapped, 512, 64, pixels(64, 64, 3)),
        ("VideoEncoder", VideoEncoder(8, 32), 256, 32, pixels(8, 32, 32, 3)),
        ("AudioEncoder", AudioEncoder(rate=8000), 256, 32, sound),
        ("SeriesEncoder", SeriesEncoder(), 512, 64, series),
        ("SeriesEncoder, gru", SeriesEncoder("gru"), 512, 64, series),
        ("EntityEncoder", EntityEncoder(triples, conv="gat"), 2048, 256, node),
    ]


def as_frame(rows):
    if isinstance(rows[0], dict):
        return pd.DataFrame(rows)
    cells = np.empty(len(rows), dtype=object)
    for i, cell in enumerate(rows):
        cells[i] = cell
    return pd.DataFrame({"cell": cells})


def compare_steps(encoder, X, batch_size):
    """Give the ratios of an epoch's CPU seconds, the bare ones, and the steps."""
    model = MultimodalClassifier(
        [("cells", encoder, list(X.columns))],
        max_epochs=1,
        validation=None,
        heads=["fused"],
        batch_size=batch_size,
        random_state=0,
    )
    learner, rows, _ = capture_training(model, X, np.arange(len(X)) % 2)
    module = copy.deepcopy(learner.module)
    module.wake()
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3, fused=True)
    order = torch.Generator().manual_seed(0)
    batches = list(Batches(rows, batch_size, torch.device("cpu"), order))
    ratios, bare = [], []
    for turn in range(TURNS + 1):
        start = time.process_time()
        for blocks, (codes, _), _ in batches:
            optimizer.zero_grad()
            logits = module(blocks)["fused"].logits
            learner.targets.row_loss(logits, codes).mean().backward()
            optimizer.step()
        middle = time.process_time()
        learner.train(model.get_params(deep=False), rows, epochs=1)
        end = time.process_time()
        if turn:  # the first one warms up
            bare.append(middle - start)
            ratios.append((end - middle) / (middle - start))
    return ratios, statistics.median(bare), len(batches)
