"""Pictures, learned end to end."""

from __future__ import annotations

import os
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from skmm._utils.compat import Interval, Options
from skmm._utils.validation import SequenceOf, check_options
from skmm.encoders.pictures._module import Head, PicturesEncoder, PixelsModule
from skmm.encoders.pictures._pixels import FlatPixels, resolve_limit

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._data.blocks import Block
    from skmm._utils.typing import Augment, Features, PathLike


class ImageEncoder(PicturesEncoder):
    """Read pictures with a convolutional network or a vision transformer.

    Pictures are decoded once, to 8-bit pixels; what is larger than `memory_limit` lies
    in a temporary file that is mapped to memory, and goes with the data. They are
    standardised on the device, by each channel's statistics over the training rows.
    The tokens are the positions of the last maps, or the patches.

    Parameters
    ----------
    backbone : {"cnn", "resnet", "vit", "pretrained"}, default="cnn"
        The network. Small ones that learn from scratch from thousands of pictures:

        - "cnn": five convolutions, quick on a CPU;
        - "resnet": six residual blocks, some five times the work of "cnn";
        - "vit": a transformer over patches, which wants more pictures than the others.

        And "pretrained": the one that `model` names.
    size : int or (int, int), default=None
        Height and width in pixels that pictures are resized to. None is 64, with
        "pretrained" the model's own; with `shape`, pictures are as they are.
    channels : {3, 1, 4}, default=3
        Colour, grey, or colour and opacity. With `shape`, its third number counts.
    shape : tuple of int, default=None
        (height, width) or (height, width, channels) of pictures whose pixels are
        columns of numbers, as in scikit-learn's digits: the largest value of the
        training rows becomes white. None reads a column of pictures.
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        With "pretrained": the network, as in
        :class:`~skmm.feature_extraction.ImageEmbedder`.
    tune : {"frozen", "head", "lora", "full"}, default="frozen"
        What of a pretrained network learns:

        - "frozen": nothing. Without `augment` its vectors are computed once for each
          row and distinct picture, and not in each epoch;
        - "head": the last layers, a fifth of the parameters at least;
        - "lora": small matrices beside its linear layers and convolutions;
        - "full": all.

        Batch norms keep their statistics.
    layer_decay : float, default=0.8
        With "full": factor of the learning rate from a layer to the one before.
    rank : int, default=8
        With "lora": of the matrices.
    augment : str, callable, or list of these, default=None
        Random changes in training: "auto", or any of "flip", "shift", "crop",
        "rotate", "color" and "erase"; see :mod:`skmm.augmentation`. A function takes
        pixels (n, channels, height, width) from 0 to 1.
    pooling : {"auto", "mean", "max", "attention", "first", "flatten"}, default="auto"
        How positions become one vector, where a pretrained network does not pool
        them itself. "attention" learns to weigh them. "flatten", for networks from
        scratch, keeps where each is, and learns faster; where things are anywhere in
        the pictures, "mean" needs fewer of them. "auto" is "flatten" for "cnn" and
        "resnet", and else "mean".
    dropout : float, default=0.1
        Before the vector is given, and in the layers of "vit".
    memory_limit : float, int or None, default=0.25
        What pixels may take of the memory, as a share (a float) or in bytes; more goes
        to a file in the folder for temporary files (the environment variable TMPDIR).
    background : str or tuple of int, default="white"
        What shows through where a picture is transparent, unless `channels` is 4.
    errors : {"raise", "missing"}, default="raise"
        What becomes of a picture that cannot be read: an error that names its row, or
        a missing cell, with one warning for all of a column.
    root : str or path, default=None
        Folder that paths are relative to and cannot leave. With None, any path is
        opened as it is.
    memory : str or path, default=None
        Folder of a cache of the vectors of a frozen network; see `ImageEmbedder`.
    n_jobs : int, default=None
        Processes to read pictures with.

    Attributes
    ----------
    size_ : (int, int)
        Height and width of the pictures.
    mean_, std_ : ndarray of shape (channels,)
        Of the training rows, or of what the pretrained network learned from, for
        pixels from 0 to 1. Not there where vectors are computed once.

    See Also
    --------
    VideoEncoder : The same networks over the frames of clips.
    skmm.feature_extraction.ImageEmbedder : Pretrained networks as a transformer.
    skmm.feature_extraction.ImageVectorizer : Features that no network learned.

    References
    ----------
    He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016.
    Dosovitskiy et al.: An Image is Worth 16x16 Words, ICLR 2021. Hu et al.: LoRA:
    Low-Rank Adaptation of Large Language Models, ICLR 2022.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmm.encoders import ImageEncoder
    >>> photos = [np.zeros((20, 30, 3), np.uint8), None, np.ones((9, 9))]
    >>> block = ImageEncoder(size=16).fit_transform(pd.DataFrame({"photo": photos}))
    >>> block[0].shape, block.present.tolist()
    (torch.Size([3, 3, 16, 16]), [True, False, True])

    Pixels in columns:

    >>> X = pd.DataFrame(np.eye(4))
    >>> ImageEncoder(shape=(2, 2)).fit_transform(X)[0].shape
    torch.Size([4, 1, 2, 2])
    """

    _remedy_for_columns = "; where they are pixels, say their shape=(height, width)"

    _parameter_constraints = {
        **PicturesEncoder._parameter_constraints,
        "channels": [Options(Integral, {1, 3, 4})],
        "shape": [
            SequenceOf(Interval(Integral, 1, None, closed="left"), length=(2, 3)),
            None,
        ],
        "background": [str, tuple],
        "memory": [str, os.PathLike, None],
    }

    def __init__(
        self,
        backbone: Literal["cnn", "resnet", "vit", "pretrained"] = "cnn",
        size: int | tuple[int, int] | None = None,
        channels: Literal[1, 3, 4] = 3,
        shape: tuple[int, ...] | None = None,
        *,
        model: PathLike | nn.Module = "efficientnet-lite0",
        tune: Literal["frozen", "head", "lora", "full"] = "frozen",
        layer_decay: float = 0.8,
        rank: int = 8,
        augment: Augment[
            Literal["auto", "flip", "shift", "crop", "rotate", "color", "erase"]
        ] = None,
        pooling: Literal[
            "auto", "mean", "max", "attention", "first", "flatten"
        ] = "auto",
        dropout: float = 0.1,
        memory_limit: float | None = 0.25,
        background: str | tuple[int, ...] = "white",
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        memory: PathLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.backbone = backbone
        self.size = size
        self.channels = channels
        self.shape = shape
        self.model = model
        self.tune = tune
        self.layer_decay = layer_decay
        self.rank = rank
        self.augment = augment
        self.pooling = pooling
        self.dropout = dropout
        self.memory_limit = memory_limit
        self.background = background
        self.errors = errors
        self.root = root
        self.memory = memory
        self.n_jobs = n_jobs

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        if self._computes_once:
            return self._fit_vectors(self._one_column(X).to_frame())
        if self.shape is not None:
            self.flat_ = FlatPixels(self.shape).fit(X)
        return super().fit_transform(X, y, sample_weight)

    def transform(self, X: pd.DataFrame) -> Block:
        if self._computes_once:
            column = self._one_column(X).to_frame()
            return self.vector_.transform(_as_frame(self.embedder_.transform(column)))
        return super().transform(X)

    def _check_combinations(self):
        super()._check_combinations()
        if self.shape is not None and (self._is_pretrained or self.size is not None):
            raise ValueError(
                "shape= is for pixels in columns, which are read as they are, by a "
                "network from scratch. Leave out size, and take another backbone than "
                "'pretrained'."
            )

    @property
    def _n_channels(self):
        return self.channels if self.shape is None else (*self.shape, 1)[2]

    def _resolve_size(self):
        return super()._resolve_size() if self.shape is None else tuple(self.shape[:2])

    def _make_reader(self, size):
        from skmm.io import ImageReader

        mode = {1: "L", 3: "RGB", 4: "RGBA"}[self.channels]
        return ImageReader(mode, size, background=self.background, root=self.root)

    def _cell_shape(self, size):
        return (self._n_channels, *size)

    def _read(self, X):
        if self.shape is None:
            return super()._read(X)
        return self.flat_.read(X, resolve_limit(self.memory_limit))

    def _fit_vectors(self, X):
        """Return the vectors of a network that does not learn: features like others."""
        from skmm.encoders._vector import VectorEncoder
        from skmm.feature_extraction import ImageEmbedder

        self.embedder_ = ImageEmbedder(
            self.model,
            size=None if self.size is None else self._size_option(),
            pooling="mean" if self._pooling == "attention" else self._pooling,
            background=self.background,
            memory=self.memory,
            errors=self.errors,
            root=self.root,
            n_jobs=self.n_jobs,
        )
        self.vector_ = VectorEncoder(dropout=self.dropout)
        vectors = self.embedder_.fit_transform(X)
        self._check_any(X, ~_is_nothing(vectors))
        return self.vector_.fit_transform(_as_frame(vectors))

    def build_module(self, width: int) -> nn.Module:
        if self._computes_once:
            return self.vector_.build_module(width)
        return _ImageModule(self, width)

    def linear_features(self, block: Block) -> Features | None:
        return self.vector_.linear_features(block) if self._computes_once else None

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        return self.vector_.build_wide(n_outputs) if self._computes_once else None


class _ImageModule(PixelsModule):
    def __init__(self, encoder, width):
        height, side = encoder.size_
        augment = encoder._make_augment()
        super().__init__(width, encoder.mean_, encoder.std_, augment, height * side)
        self.network = encoder._make_network()
        self.head = Head(encoder, self.network, width, encoder._pooling)

    def encode(self, pixels):
        return self.head(*self.network(self.standardise(pixels)))


def _as_frame(vectors):
    import pandas as pd

    return pd.DataFrame(vectors)


def _is_nothing(vectors):
    import numpy as np

    return np.isnan(np.asarray(vectors)).all(axis=1)
