"""Turn columns of pictures into vectors of a pretrained network."""

from __future__ import annotations

import dataclasses
import functools
import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._pretrained.hashes import hash_callable
from skmm._pretrained.inference import resolve_precision
from skmm._pretrained.pictures import load_image_network
from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._embedder import Network
from skmm.feature_extraction._media_embedder import MediaEmbedder
from skmm.io import ImageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from skmm._utils.typing import PathLike


class PicturesEmbedder(MediaEmbedder):
    """Base of the Embedders with a network for pictures: of pictures and of frames.

    A subclass defines `_make_reader(size)`.
    """

    #: Pixels of so many cells are held at a time.
    _chunk_size = 128

    _parameter_constraints = {
        **MediaEmbedder._parameter_constraints,
        "preprocessing": [callable, None],
        "size": [Interval(numbers.Integral, 1, None, closed="left"), tuple, None],
        "mean": [tuple, list, None],
        "std": [tuple, list, None],
    }

    def _check_options(self):
        super()._check_options()
        for name in ("mean", "std"):
            value = getattr(self, name)
            if value is None:
                continue
            if self.preprocessing is not None:
                raise ValueError(
                    f"{name} is without effect where preprocessing is given. Leave "
                    "it out, and scale the pixels in preprocessing."
                )
            if len(value) != 3:
                raise ValueError(
                    f"{name}={value!r}: give a number for each of red, green and "
                    "blue, for pixels from 0 to 1."
                )
        if isinstance(self.size, tuple) and len(self.size) != 2:
            raise ValueError(f"size={self.size!r}: give an int or (height, width).")

    def _load_network(self):
        from skmm._nn.device import resolve_device

        device = resolve_device(self._device)
        precision = resolve_precision(self.precision, device)
        size = self.size
        if isinstance(size, numbers.Integral):
            size = (int(size), int(size))
        network = load_image_network(self.model, device, self.revision, size)
        chosen = {"size": size, "mean": self.mean, "std": self.std}
        chosen = {name: tuple(value) for name, value in chosen.items() if value}
        network = dataclasses.replace(network, **chosen)
        if network.dimension is None:
            picture = np.zeros((*network.size, 3), np.uint8)
            if self.preprocessing is not None:
                picture = preprocess(picture, self.preprocessing)
            network.dimension = network.measure(picture)
        settings = (
            self._make_reader(self._reading_size(network)).key(),
            network.mean,
            network.std,
            *self._settings(),
        )
        if self.preprocessing is not None and self.memory is not None:
            settings += (hash_callable(self.preprocessing),)
        dimension = network.dimension * self._vectors_per_cell()
        return Network(network, network.revision, repr(settings), dimension, precision)

    def _settings(self):
        """Return what else decides on the vectors, for the cache."""
        raise NotImplementedError

    def _vectors_per_cell(self):
        return 1

    def _reading_size(self, network):
        # A user's own preprocessing gets the pictures as they are, unless asked.
        return self.size if self.preprocessing is not None else network.size


class ImageEmbedder(PicturesEmbedder):
    """Turn columns of pictures into vectors of a pretrained network.

    Each distinct picture is embedded once; pictures with the same content are the same,
    whether they come as a path or as bytes. A missing cell becomes a row of NaN.

    Parameters
    ----------
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        The pretrained network:

        - "efficientnet-lite0": a network with 1,280 features, trained on ImageNet. A
          package carries its weights, so that nothing is downloaded;
        - a folder with a model of transformers, or the name ``"organisation/name"`` of
          one on the hub. Of a model for pictures and texts, the part for pictures is
          taken;
        - any other name: a model of timm, such as "resnet50";
        - a module, which takes pixels (n, 3, height, width) and returns vectors (n, d),
          tokens (n, t, d), maps (n, c, height, width), or an output of transformers.
    preprocessing : callable, default=None
        Function that takes the pixels of a picture, uint8 of shape (height, width, 3),
        and returns floats of shape (channels, height, width), as an array or tensor.
        With None, pictures are resized to `size` and standardised with `mean` and
        `std`.
    size : int or (int, int), default=None
        Height and width in pixels that pictures are resized to. Nothing is cut off, and
        proportions may change. None takes the model's own size, and 224 for a module.
        With `preprocessing`, None passes pictures on in their own size.
    mean, std : tuple of 3 floats, default=None
        Numbers for red, green and blue: each pixel value, from 0 to 1, is standardised
        by subtracting `mean` and dividing by `std`. None takes the model's own, and
        those of ImageNet for a module.
    pooling : {"mean", "max", "first"}, default="mean"
        How tokens or maps become one vector, if the model does not pool them itself.
        "first" takes the first token, the class token of many transformers.
    background : str or tuple of int, default="white"
        Colour behind the transparent parts of a picture: a name that Pillow knows, or
        red, green and blue from 0 to 255.
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
        Number of pictures that go through the network together. A batch that does not
        fit into memory is halved.
    n_components : int, default=None
        Number of features to keep for each column. None keeps all of them.
    reduction : {"pca", "truncate"}, default="pca"
        Method of the reduction to `n_components`. "pca" takes principal components of
        the distinct pictures at fit. "truncate" takes the first features, which suits
        networks that were trained for it (Matryoshka representation learning).
    memory : str or path, default=None
        Folder of a cache on disk. With it, no picture is embedded twice, whatever the
        fold, process or session. None keeps no cache.
    memory_limit : int or str, default="4GB"
        Largest size of the cache, in bytes or as a string such as "500MB". Beyond it,
        the vectors that were not used for the longest time are deleted.
    errors : {"raise", "missing"}, default="raise"
        What happens if a picture cannot be read. "raise" raises an error that names its
        column and row. "missing" treats the picture as a missing cell, and gives one
        warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    n_jobs : int, default=None
        Number of processes that read the pictures. None means 1, and -1 one for each
        core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.

    Attributes
    ----------
    n_embedded_ : int
        Number of pictures that went through the network in the last call of `fit` or
        `transform`. Repeated pictures, and those found in `memory`, are not counted.
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
        If a picture cannot be read; the message names its column and row.
    ImportError
        If the library or package that `model` needs is not installed.

    See Also
    --------
    VideoEmbedder : The same networks over the frames of clips.

    Notes
    -----
    A pickle holds the name of the model and the hash of its weights. The weights are in
    the pickle only if `model` is a module. The cache identifies a module by its class,
    its ``repr`` and its weights, and `preprocessing` by its code and closure, or by the
    attributes of an object.

    The weights of EfficientNet-lite0 [1]_ are those of TensorFlow. Its batch
    normalisations are merged into the convolutions before them, which changes the
    vectors by rounding only.

    References
    ----------
    .. [1] M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for
       Convolutional Neural Networks", ICML 2019, https://arxiv.org/abs/1905.11946

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmm.feature_extraction import ImageEmbedder
    >>> network = torch.nn.Conv2d(3, 5, kernel_size=3)  # or "efficientnet-lite0"
    >>> photos = [np.zeros((40, 60, 3), np.uint8), None, np.ones((20, 20))]
    >>> embedder = ImageEmbedder(network, size=16)
    >>> embedder.fit_transform(photos).shape
    (3, 5)
    >>> embedder.n_embedded_
    2
    """

    _what = "pictures"

    _parameter_constraints = {
        **PicturesEmbedder._parameter_constraints,
        "pooling": [StrOptions({"mean", "max", "first"})],
        "background": [str, tuple],
    }

    def __init__(
        self,
        model: PathLike | nn.Module = "efficientnet-lite0",
        *,
        preprocessing: Callable[[Any], torch.Tensor] | None = None,
        size: int | tuple[int, int] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pooling: Literal["mean", "max", "first"] = "mean",
        background: str | tuple[int, ...] = "white",
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
        self.preprocessing = preprocessing
        self.size = size
        self.mean = mean
        self.std = std
        self.pooling = pooling
        self.background = background
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
        return ImageReader(size=size, background=self.background, root=self.root)

    def _settings(self):
        return (self.pooling,)

    def _embed_cells(self, network, column, advance):
        reader = self._make_reader(self._reading_size(network.module))
        then = None
        if self.preprocessing is not None:
            # Not a method, which would carry the network to the processes that read.
            then = functools.partial(preprocess, function=self.preprocessing)
        pictures = self._read(column, reader, then)
        return self._embed_present(network, pictures, self.pooling, advance)


def preprocess(pixels, function):
    """Return what a user's function makes of a picture, as an array of floats."""
    return np.asarray(function(pixels), dtype=np.float32)
