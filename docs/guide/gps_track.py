"""A modality of one's own: tracks of positions, such as a GPS logger writes."""

import numpy as np
import pandas as pd
from torch import nn

from skmm.encoders import Block, Encoder, EncoderModule, Ragged


class TrackEncoder(Encoder):
    """Read a column of tracks, arrays of shape (n_points, 2): latitude, longitude.

    Parameters
    ----------
    n_hidden : int, default=32
        Units of the network.
    """

    def __init__(self, n_hidden=32):
        self.n_hidden = n_hidden

    def fit_transform(self, X, y=None, sample_weight=None):
        steps = [step for step in map(to_steps, X.iloc[:, 0]) if step is not None]
        self.scale_ = np.std(np.concatenate(steps), axis=0) + 1e-9 if steps else 1.0
        return self.transform(X)

    def transform(self, X):
        steps = list(map(to_steps, X.iloc[:, 0]))
        scaled = [None if step is None else step / self.scale_ for step in steps]
        present = np.array([step is not None for step in steps])
        rows = Ragged.from_arrays(scaled, step=(2,))
        # Tracks of similar length share a batch, so that little is padded.
        return Block(rows, present=present, cost=rows.lengths)

    def build_module(self, width):
        return TrackModule(width, self.n_hidden)


class TrackModule(EncoderModule):
    """A perceptron on each step of a track, and the mean of what it gives."""

    def __init__(self, width, n_hidden):
        super().__init__(width)
        self.step = nn.Sequential(nn.Linear(2, n_hidden), nn.ReLU())
        self.output = nn.Linear(n_hidden, width)

    def read(self, rows):
        return rows.padded()

    def encode(self, steps, mask):
        found = self.step(steps) * mask[..., None]
        return self.output(found.sum(1) / mask.sum(1, keepdim=True).clamp(min=1))


def to_steps(cell):
    """Return the differences between a track's points; None for a missing track."""
    if cell is None or np.ndim(cell) != 2 or len(cell) < 2:
        return None
    return np.diff(np.asarray(cell, dtype=float), axis=0)


def make_tracks(n_rows=200, seed=0):
    """Make walks and rides: a table with a missing track here and there, and labels."""
    rng = np.random.default_rng(seed)
    rides = rng.integers(0, 2, n_rows)
    tracks = [
        np.cumsum(
            rng.normal(scale=3.0 if ride else 1.0, size=(rng.integers(5, 30), 2)), 0
        )
        for ride in rides
    ]
    tracks = [None if rng.random() < 0.1 else track for track in tracks]
    X = pd.DataFrame({"track": pd.Series(tracks, dtype=object)})
    X["age"] = rng.integers(18, 80, n_rows)
    return X, np.array(["walk", "ride"])[rides]
