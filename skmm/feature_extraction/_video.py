"""Turn columns of clips into numbers, without pretrained weights."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from skmm._utils.compat import Interval
from skmm.feature_extraction._media import MediaVectorizer, check_names
from skmm.feature_extraction._picture_features import (
    MEASURES,
    PictureFeatures,
    Pictures,
    grid_means,
)
from skmm.io import VideoReader

if TYPE_CHECKING:
    from skmm._utils.typing import Names, PathLike

FEATURES = (*MEASURES, "motion")

#: Parts on each side of a frame that motion is measured in.
_GRID = 4
_POOLED = ("mean", "std", "change")


@dataclass(frozen=True)
class ClipFeatures:
    """From frames to a vector.

    Parameters
    ----------
    features : tuple of {"color", "edges", "hog", "texture", "pixels", "motion"}
    """

    features: tuple

    def __call__(self, frames):
        """Return the features of frames of shape (n_frames, size, size, 3)."""
        pictures = Pictures(frames)
        parts = [
            measure_motion(pictures.lightness)
            if feature == "motion"
            else _pool(MEASURES[feature][0](pictures))
            for feature in self.features
        ]
        return np.concatenate(parts, dtype=np.float32)

    def suffixes(self):
        """Return the features' names, without the column's."""
        suffixes = []
        for feature in self.features:
            if feature == "motion":
                suffixes += name_motion()
                continue
            of_frame = PictureFeatures((feature,)).suffixes()
            suffixes += [f"{name}_{pooled}" for pooled in _POOLED for name in of_frame]
        return suffixes


def _pool(values):
    """Mean and deviation over time, and what has changed at the end."""
    changes = values[-1] - values[0]
    return np.concatenate([values.mean(axis=0), values.std(axis=0), changes])


def measure_motion(lightness):
    """How lightness changes from frame to frame: on a grid, and over time."""
    # A single frame does not move.
    steps = np.abs(np.diff(lightness, axis=0)) if len(lightness) > 1 else 0 * lightness
    parts = grid_means(steps, _GRID).reshape(len(steps), -1)
    energy = steps.mean(axis=(1, 2))
    return np.concatenate(
        [
            parts.mean(axis=0),
            parts.std(axis=0),
            [energy.mean(), energy.std(), energy.max()],
        ]
    )


def name_motion():
    places = [f"{i}_{j}" for i in range(_GRID) for j in range(_GRID)]
    of_parts = [f"motion_{p}_{pooled}" for pooled in ("mean", "std") for p in places]
    return [*of_parts, "motion_mean", "motion_std", "motion_max"]


class VideoVectorizer(MediaVectorizer):
    """Turn columns of clips into numbers.

    Some evenly spaced frames of each clip are measured as pictures, and their features
    are pooled over time. Motion is measured as well: where and how much the picture
    changes. Each column is treated separately. Nothing is learned from other rows.

    Parameters
    ----------
    features : tuple of str, default=("color", "edges", "hog", "texture", "pixels", \
"motion")
        Groups of measurements to take:

        - "color", "edges", "hog", "texture" and "pixels": the features of
          `ImageVectorizer` in every frame. Each gives three features: its mean and its
          standard deviation over the frames, and its change from the first frame to the
          last;
        - "motion": the mean absolute change of lightness from frame to frame, on a 4 x
          4 grid and in the whole frame, with its standard deviation over time and its
          maximum.
    n_frames : int, default=8
        Number of frames that are read of each clip. The clip is divided into as many
        equal parts, and the frame in the middle of each part is taken. Raise it for
        long clips in which much happens.
    size : int, default=64
        Height and width in pixels that frames are resized to, whatever their
        proportions; at least 16.
    errors : {"raise", "missing"}, default="raise"
        What happens if a clip cannot be read. "raise" raises an error that names its
        column and row. "missing" treats the clip as a missing cell, and gives one
        warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    max_seconds : float, default=3600
        Longest duration of a clip, in seconds. Longer ones are refused before they are
        decoded.
    n_jobs : int, default=None
        Number of processes that read and measure the clips. None means 1, and -1 one
        for each core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    Raises
    ------
    CellError
        If a clip cannot be read; the message names its column and row.

    See Also
    --------
    ImageVectorizer : Columns of pictures.
    AudioVectorizer : Columns of recordings, and the sound of clips.

    Notes
    -----
    Features are called ``column__hog_12_mean``, ``column__color_std_L_change``,
    ``column__motion_0_3_std``. A missing cell becomes a row of NaN, and so does every
    cell of a column without any clip at fit. The time between two frames depends on the
    clip's length, so motion is measured per 1 / `n_frames` of a clip, not per second.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmm.feature_extraction import VideoVectorizer
    >>> still = np.zeros((8, 32, 32, 3), dtype=np.uint8)
    >>> moving = still.copy()
    >>> for i in range(8):
    ...     moving[i, 8:16, 3 * i : 3 * i + 8] = 255  # a square that goes to the right
    >>> X = pd.DataFrame({"clip": [still, moving, None]})
    >>> vectorizer = VideoVectorizer(("motion",)).set_output(transform="pandas")
    >>> vectorizer.fit_transform(X)[["clip__motion_mean", "clip__motion_3_0_mean"]] > 0
       clip__motion_mean  clip__motion_3_0_mean
    0              False                  False
    1               True                  False
    2              False                  False
    """

    _what = "clips"

    _parameter_constraints = {
        **MediaVectorizer._parameter_constraints,
        "n_frames": [Interval(numbers.Integral, 1, None, closed="left")],
        "size": [Interval(numbers.Integral, 16, None, closed="left")],
        "max_seconds": [Interval(numbers.Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        features: Names = FEATURES,
        *,
        n_frames: int = 8,
        size: int = 64,
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        max_seconds: float = 3600,
        n_jobs: int | None = None,
        progress: bool | Literal["auto"] = "auto",
    ) -> None:
        self.features = features
        self.n_frames = n_frames
        self.size = size
        self.errors = errors
        self.root = root
        self.max_seconds = max_seconds
        self.n_jobs = n_jobs
        self.progress = progress

    def _check_options(self):
        check_names("features", self.features, FEATURES)

    def _make_reader(self):
        return VideoReader(
            n_frames=self.n_frames,
            size=self.size,
            max_seconds=self.max_seconds,
            root=self.root,
        )

    def _make_features(self):
        return ClipFeatures(tuple(self.features))
