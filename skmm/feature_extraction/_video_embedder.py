"""Columns of clips to the vectors of a pretrained network over their frames."""

from __future__ import annotations

import dataclasses
import functools
import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._image_embedder import PicturesEmbedder, preprocess
from skmm.io import VideoReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from skmm._utils.typing import PathLike


class VideoEmbedder(PicturesEmbedder):
    """Turn columns of clips into vectors of a pretrained network of pictures.

    Some evenly spaced frames of each clip go through the network, and their vectors are
    pooled over time. Each distinct clip is embedded once. A missing cell becomes a row
    of NaN.

    Parameters
    ----------
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        The pretrained network of pictures, as in `ImageEmbedder`.
    n_frames : int, default=8
        Number of frames that are read of each clip. The clip is divided into as many
        equal parts, and the frame in the middle of each part is taken. Raise it for
        long clips in which much happens.
    preprocessing : callable, default=None
        Function that takes the pixels of a frame, uint8 of shape (height, width, 3),
        and returns floats of shape (channels, height, width), as an array or tensor.
        With None, frames are resized to `size` and standardised with `mean` and `std`.
    size : int or (int, int), default=None
        Height and width in pixels that frames are resized to. Nothing is cut off, and
        proportions may change. None takes the model's own size, and 224 for a module.
        With `preprocessing`, None passes frames on in their own size.
    mean, std : tuple of 3 floats, default=None
        Numbers for red, green and blue: each pixel value, from 0 to 1, is standardised
        by subtracting `mean` and dividing by `std`. None takes the model's own, and
        those of ImageNet for a module.
    pooling : {"mean", "max", "mean_std"}, default="mean"
        How the vectors of the frames become one vector. "mean_std" takes the mean of
        each feature over the frames, followed by the standard deviation of each: twice
        as many features.
    revision : str, default=None
        Commit, branch or tag of a model of transformers on the hub. None takes its
        default branch.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the network's computations. "auto" is float32 on every CPU, so
        that the vectors are the same on all of them, and bfloat16 on a GPU that
        supports it.
    device : str, default="auto"
        Torch device of the network, such as "cpu" or "cuda". "auto" takes a GPU if
        there is one. A module on another device is copied, and the original is not
        moved.
    batch_size : int or "auto", default="auto"
        Number of frames that go through the network together. A batch that does not fit
        into memory is halved.
    n_components : int, default=None
        Number of features to keep for each column. None keeps all of them.
    reduction : {"pca", "truncate"}, default="pca"
        Method of the reduction to `n_components`. "pca" takes principal components of
        the distinct clips at fit. "truncate" takes the first features, which suits
        networks that were trained for it (Matryoshka representation learning).
    memory : str or path, default=None
        Folder of a cache on disk. With it, no clip is embedded twice, whatever the
        fold, process or session. None keeps no cache.
    memory_limit : int or str, default="4GB"
        Largest size of the cache, in bytes or as a string such as "500MB". Beyond it,
        the vectors that were not used for the longest time are deleted.
    errors : {"raise", "missing"}, default="raise"
        What happens if a clip cannot be read. "raise" raises an error that names its
        column and row. "missing" treats the clip as a missing cell, and gives one
        warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    n_jobs : int, default=None
        Number of processes that read the clips. None means 1, and -1 one for each core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.

    Attributes
    ----------
    n_embedded_ : int
        Number of clips that went through the network in the last call of `fit` or
        `transform`. Repeated clips, and those found in `memory`, are not counted.
    precision_ : str
        Number format of the network's computations at fit.
    revision_ : str
        Identifier of the weights: a commit of the hub, or a hash.
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    Raises
    ------
    CellError
        If a clip cannot be read; the message names its column and row.
    ImportError
        If the library or package that `model` needs is not installed.

    See Also
    --------
    ImageEmbedder : The same networks over pictures.

    Notes
    -----
    The notes of `ImageEmbedder` on pickles and on the cache apply here as well.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmm.feature_extraction import VideoEmbedder
    >>> network = torch.nn.Conv2d(3, 5, kernel_size=3)  # or "efficientnet-lite0"
    >>> clips = [np.zeros((20, 40, 60, 3), np.uint8), None]
    >>> embedder = VideoEmbedder(network, n_frames=4, size=16, pooling="mean_std")
    >>> embedder.fit_transform(clips).shape
    (2, 10)
    """

    _what = "clips"
    #: Pixels of the frames of so many clips are held at a time.
    _chunk_size = 32

    _parameter_constraints = {
        **PicturesEmbedder._parameter_constraints,
        "n_frames": [Interval(numbers.Integral, 1, None, closed="left")],
        "pooling": [StrOptions({"mean", "max", "mean_std"})],
    }

    def __init__(
        self,
        model: PathLike | nn.Module = "efficientnet-lite0",
        *,
        n_frames: int = 8,
        preprocessing: Callable[[Any], torch.Tensor] | None = None,
        size: int | tuple[int, int] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pooling: Literal["mean", "max", "mean_std"] = "mean",
        revision: str | None = None,
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        device: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
        n_components: int | None = None,
        reduction: Literal["pca", "truncate"] = "pca",
        memory: PathLike | None = None,
        memory_limit: str | int = "4GB",
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        n_jobs: int | None = None,
        progress: bool | Literal["auto"] = "auto",
    ) -> None:
        self.model = model
        self.n_frames = n_frames
        self.preprocessing = preprocessing
        self.size = size
        self.mean = mean
        self.std = std
        self.pooling = pooling
        self.revision = revision
        self.precision = precision
        self.device = device
        self.batch_size = batch_size
        self.n_components = n_components
        self.reduction = reduction
        self.memory = memory
        self.memory_limit = memory_limit
        self.errors = errors
        self.root = root
        self.n_jobs = n_jobs
        self.progress = progress

    def _make_reader(self, size=None):
        return VideoReader(n_frames=self.n_frames, size=size, root=self.root)

    def _settings(self):
        return (self.pooling,)

    def _vectors_per_cell(self):
        return 2 if self.pooling == "mean_std" else 1

    def _embed_cells(self, network, column, advance):
        reader = self._make_reader(self._reading_size(network.module))
        then = None
        if self.preprocessing is not None:
            then = functools.partial(_preprocess_frames, function=self.preprocessing)
        clips = self._read(column, reader, then)
        absent = [None] * self.n_frames
        frames = [f for clip in clips for f in (absent if clip is None else clip)]
        of_frames = dataclasses.replace(network, dimension=network.module.dimension)
        vectors = self._embed_present(
            of_frames, frames, "mean", lambda n: advance(n / self.n_frames)
        )
        return self._pool(vectors.reshape(len(clips), self.n_frames, -1))

    def _pool(self, vectors):
        if self.pooling == "max":
            return vectors.max(axis=1)
        mean = vectors.mean(axis=1)
        if self.pooling == "mean":
            return mean
        return np.hstack([mean, vectors.std(axis=1)])


def _preprocess_frames(frames, function):
    return [preprocess(frame, function) for frame in frames]
