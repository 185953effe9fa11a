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

    Some frames of each clip, evenly spaced, go through the network, and their vectors
    are pooled over time. Each column is embedded for itself, and each distinct clip
    once. A missing cell is a row of NaN.

    Parameters
    ----------
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        The network of pictures, as in `ImageEmbedder`.
    n_frames : int, default=8
        Frames of each clip: those in the middle of as many equal parts.
    preprocessing : callable, default=None
        Takes the pixels of a frame, uint8 of shape (height, width, 3), and gives
        floats of shape (channels, height, width), as an array or tensor. None resizes
        to `size` and standardises with `mean` and `std`.
    size : int or (int, int), default=None
        Height and width in pixels that frames are resized to, without regard to their
        proportions, so that nothing is cut off. None takes the model's own; 224 for a
        module; with `preprocessing`, frames as they are.
    mean, std : tuple of 3 floats, default=None
        Of red, green and blue, for pixels from 0 to 1: what is subtracted, and then
        divided by. None takes the model's own; those of ImageNet for a module.
    pooling : {"mean", "max", "mean_std"}, default="mean"
        How the frames' vectors become one. "mean_std" gives the mean of each feature
        over the frames, and then the standard deviation of each: twice as many.
    revision : str, default=None
        Commit, branch or tag of a model of transformers on the hub.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        What the network computes in. "auto" is float32 on every CPU, so that vectors
        are the same on all of them, and bfloat16 on a GPU that has it.
    device : str, default="auto"
        Such as "cpu" or "cuda". "auto" takes a GPU where there is one. A module that
        is elsewhere is copied, and itself stays where it is.
    batch_size : int or "auto", default="auto"
        Frames at a time. What does not fit into memory is halved.
    n_components : int, default=None
        Features to keep of each column; None keeps all.
    reduction : {"pca", "truncate"}, default="pca"
        How to come to `n_components`: principal components of the distinct clips at
        fit, or the first features, for networks trained for that (Matryoshka).
    memory : str or path, default=None
        Folder of a cache on disk, in which no clip is embedded twice, whatever the
        fold, process or session.
    memory_limit : int or str, default="4GB"
        Size that the cache may have; what was not used for longest is dropped.
    errors : {"raise", "missing"}, default="raise"
        What becomes of a clip that cannot be read: an error that names its row, or a
        missing cell, with one warning for all of a column.
    root : str or path, default=None
        Folder that paths are relative to and cannot leave. With None, any path is
        opened as it is.
    n_jobs : int, default=None
        Processes to read clips with.
    progress : bool or "auto", default="auto"
        Whether to show a progress bar. "auto": on a terminal, when it takes longer
        than five seconds.

    Attributes
    ----------
    n_embedded_ : int
        Clips that went through the network in the last fit or transform: distinct
        ones, without those that `memory` held.
    precision_ : str
        What the network computed in at fit.
    revision_ : str
        Tells the weights apart: a commit of the hub, or a hash.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns, where all are strings.

    Raises
    ------
    CellError
        If a clip cannot be read; the message names its column and row.
    ImportError
        If the library or package that `model` needs is not there.

    See Also
    --------
    ImageEmbedder : The same networks over pictures.

    Notes
    -----
    What `ImageEmbedder` says of pickles and of the cache holds here too.

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
