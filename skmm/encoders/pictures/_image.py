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

    Pictures are decoded once, to 8-bit pixels. If these take more than `memory_limit`,
    they are kept in a temporary file, which is mapped to memory and deleted when it is
    no longer needed. Pixels are standardised by each channel's statistics over the
    training rows. Tokens, for fusions that use them, are the positions of the last
    feature maps, or the patches of "vit".

    Parameters
    ----------
    backbone : {"cnn", "resnet", "vit", "pretrained"}, default="cnn"
        The network. The first three are small, and learn from scratch from thousands of
        pictures:

        - "cnn": five convolutions, fast on a CPU;
        - "resnet": six residual blocks, about five times the work of "cnn";
        - "vit": a transformer over patches, which needs more pictures than the others;
        - "pretrained": the pretrained network that `model` names.
    size : int or (int, int), default=None
        Height and width in pixels that pictures are resized to. None takes 64, or the
        pretrained model's own size. With `shape`, pictures keep their size.
    channels : {3, 1, 4}, default=3
        3 for colour, 1 for grey, 4 for colour and opacity. It is ignored if `shape` is
        given, whose third number then counts.
    shape : tuple of int, default=None
        Shape (height, width) or (height, width, channels) of pictures whose pixels are
        columns of numbers, as in scikit-learn's digits. The largest value of the
        training rows becomes white. None reads a column of pictures.
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        The pretrained network, as in :class:`~skmm.feature_extraction.ImageEmbedder`.
        Only with ``backbone="pretrained"``.
    tune : {"frozen", "head", "lora", "full"}, default="frozen"
        Which weights of a pretrained network are trained:

        - "frozen": none. Without `augment`, the vector of each distinct picture is
          computed once instead of in each epoch;
        - "head": the last layers, with at least a fifth of the parameters;
        - "lora": small matrices added to its linear layers and convolutions;
        - "full": all weights.

        Batch normalisations always keep their statistics.
    layer_decay : float, default=0.8
        Factor of the learning rate from each layer of the pretrained network to the
        layer before it, with ``tune="full"``. Values below 1 change the first layers
        less.
    rank : int, default=8
        Rank of the additional matrices, with ``tune="lora"``.
    augment : str, callable, or list of these, default=None
        Random changes during training: "auto" for the ones that suit most pictures, or
        any of "flip", "shift", "crop", "rotate", "color" and "erase"; see
        :mod:`skmm.augmentation`. A function takes pixels (n, channels, height, width)
        from 0 to 1. None makes no changes.
    pooling : {"auto", "mean", "max", "attention", "first", "flatten"}, default="auto"
        How the positions of a picture become one vector; for a pretrained network, only
        if it does not pool them itself. "attention" takes a mean with learned weights.
        "flatten", only for networks from scratch, keeps the position of each feature
        and learns faster; "mean" needs fewer pictures if objects may be anywhere in
        them. "auto" is "flatten" for "cnn" and "resnet", and "mean" otherwise.
    dropout : float, default=0.1
        Dropout rate of the picture's vector and of the layers of "vit", from 0 to 1.
    memory_limit : float, int or None, default=0.25
        Largest amount of memory for the pixels: a share of the machine's memory (float)
        or a number of bytes (int). Above it, the pixels are kept in a file in the
        folder for temporary files, which the environment variable TMPDIR sets. None
        sets no limit.
    background : str or tuple of int, default="white"
        Colour behind the transparent parts of a picture, unless `channels` is 4: a name
        that Pillow knows, or red, green and blue from 0 to 255.
    errors : {"raise", "missing"}, default="raise"
        What happens if a picture cannot be read. "raise" raises an error that names its
        column and row. "missing" treats the picture as a missing cell, and gives one
        warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    memory : str or path, default=None
        Folder of a cache of the vectors of a frozen network; see
        :class:`~skmm.feature_extraction.ImageEmbedder`. None keeps no cache.
    n_jobs : int, default=None
        Number of processes that read the pictures. None means 1, and -1 one for each
        core.

    Attributes
    ----------
    size_ : (int, int)
        Height and width of the pictures.
    mean_, std_ : ndarray of shape (channels,)
        Statistics that pixels, from 0 to 1, are standardised with: those of the
        training rows, or those of the pretrained network. Not defined if vectors are
        computed once.

    See Also
    --------
    VideoEncoder : The same networks over the frames of clips.
    skmm.feature_extraction.ImageEmbedder : Pretrained networks as a transformer.
    skmm.feature_extraction.ImageVectorizer : Features without a network.

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
