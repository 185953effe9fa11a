"""What the encoders of pictures and of clips share."""

from __future__ import annotations

import os
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._nn.seeding import Dropout
from skmm._utils.compat import Interval, RealNotInt
from skmm._utils.validation import Names, SequenceOf, check_options
from skmm.augmentation import augment_constraints, make_augmentation
from skmm.augmentation._mixup import mix_pictures
from skmm.encoders._base import Encoded, Encoder
from skmm.encoders._deep import EncoderModule
from skmm.encoders.pictures._networks import Pool, count_tokens, make_net
from skmm.encoders.pictures._pixels import (
    channel_statistics,
    read_pixels,
    resolve_limit,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_POOLING = ["auto", "mean", "max", "attention", "first", "flatten"]
#: Pixels of all channels that go through a network at once outside training, and that
#: batch_size="auto" takes in training.
_CHUNK_PIXELS = 128 * 64 * 64


class PicturesEncoder(Encoder):
    """Base of :class:`ImageEncoder` and :class:`VideoEncoder`.

    A subclass gives `_make_reader`, `_cell_shape`, and `_build(network, width)`.
    """

    _what = "pictures"
    _kind = "image"

    # -- options ----------------------------------------------------------------

    _parameter_constraints = {
        "backbone": [Names(["cnn", "resnet", "vit", "pretrained"])],
        "size": [
            Interval(Integral, 1, None, closed="left"),
            SequenceOf(Interval(Integral, 1, None, closed="left"), length=2),
            None,
        ],
        "model": [str, os.PathLike, callable],
        "tune": [Names(["frozen", "head", "lora", "full"])],
        "layer_decay": [Interval(Real, 0, 1, closed="right")],
        "rank": [Interval(Integral, 1, None, closed="left")],
        "augment": augment_constraints("image"),
        "pooling": [Names(_POOLING)],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "memory_limit": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 0, None, closed="left"),
            None,
        ],
        "errors": [Names(["raise", "missing"])],
        "root": [str, os.PathLike, None],
        "n_jobs": [Integral, None],
    }

    def _check_combinations(self):
        if self._is_pretrained and self._n_channels != 3:
            raise ValueError(
                "backbone='pretrained' reads red, green and blue, and channels="
                f"{self._n_channels}. Use channels=3, or another backbone."
            )
        if self._is_pretrained and self.pooling == "flatten":
            raise ValueError(
                "pooling='flatten' is for networks from scratch. With "
                "backbone='pretrained' use 'auto', 'mean', 'max', 'attention' or "
                "'first'."
            )

    @property
    def _is_pretrained(self):
        return self.backbone == "pretrained"

    @property
    def _n_channels(self):
        return 3

    @property
    def _computes_once(self):
        """Whether what the network gives never changes, so that it is a feature."""
        augments = make_augmentation(self.augment, self._kind) is not None
        return self._is_pretrained and self.tune == "frozen" and not augments

    @property
    def _pooling(self):
        if self.pooling != "auto":
            return self.pooling
        return "flatten" if self.backbone in ("cnn", "resnet") else "mean"

    def _size_option(self):
        if isinstance(self.size, Integral):
            return (int(self.size),) * 2
        return tuple(self.size)

    def _load(self):
        from skmm.encoders.pictures._pretrained import load_pretrained

        size = None if self.size is None else self._size_option()
        return load_pretrained(self.model, size)

    def _resolve_size(self):
        if self.size is not None:
            return self._size_option()
        return self._load().size if self._is_pretrained else (64, 64)

    # -- blocks -----------------------------------------------------------------

    def _one_column(self, X):
        if X.shape[1] == 1:
            return X.iloc[:, 0]
        raise ValueError(
            f"{type(self).__name__} reads one column of {self._what} and got "
            f"{X.shape[1]}: {list(X.columns)[:5]}. Give each column a modality of its "
            f"own{self._remedy_for_columns}."
        )

    _remedy_for_columns = ""

    def _read(self, X):
        """Return pixels and which rows have them."""
        column = self._one_column(X)
        return read_pixels(
            column,
            self._make_reader(self.size_),
            self._cell_shape(self.size_),
            resolve_limit(self.memory_limit),
            errors=self.errors,
            n_jobs=self.n_jobs,
        )

    def _check_any(self, X, present):
        if not present.any():
            raise ValueError(
                f"Column {X.columns[0]!r} holds no {self._what} in any of {len(X)} "
                "rows. Leave it out, or fit on rows that have it."
            )

    def _learn_statistics(self, pixels, present):
        if self._is_pretrained:
            network = self._load()
            self.mean_, self.std_ = np.array(network.mean), np.array(network.std)
        else:
            self.mean_, self.std_ = channel_statistics(pixels, present)

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.size_ = self._resolve_size()
        pixels, present = self._read(X)
        self._check_any(X, present)
        self._learn_statistics(pixels, present)
        return Block(pixels, present=present)

    def transform(self, X: pd.DataFrame) -> Block:
        pixels, present = self._read(X)
        return Block(pixels, present=present)

    # -- modules ----------------------------------------------------------------

    def _make_network(self):
        """Return the network of pictures: pixels to (vectors or None, tokens)."""
        if not self._is_pretrained:
            return make_net(self.backbone, self._n_channels, self.size_, self.dropout)
        from skmm.encoders.pictures._pretrained import PretrainedNet

        return PretrainedNet(self._load(), self.tune, self.layer_decay, self.rank)

    def _make_augment(self):
        from skmm.augmentation._image import join_affine

        return join_affine(make_augmentation(self.augment, self._kind))

    @property
    def max_batch_size(self) -> int | None:  # type: ignore[override]  # by its options
        """The most rows that batch_size="auto" is to take."""
        if getattr(self, "size_", None) is None or self._computes_once:
            return 512
        pixels = np.prod(self._cell_shape(self.size_)) / self._n_channels
        return int(np.clip(2 ** np.floor(np.log2(_CHUNK_PIXELS / pixels)), 8, 256))


class Head(nn.Module):
    """What a network gives of a picture to a vector and tokens of the width.

    Parameters
    ----------
    encoder : PicturesEncoder
        Fitted.
    network : nn.Module
    width : int
    pooling : str
    """

    def __init__(self, encoder, network, width, pooling):
        super().__init__()
        n_tokens = 0
        if pooling == "flatten":
            n_tokens = count_tokens(network, encoder._n_channels, encoder.size_)
        self.pool = Pool(pooling, network.dimension, n_tokens)
        self.project = _make_projection(self.pool.dimension, width, encoder.dropout)
        # One for both, where both are of one width: fewer to learn.
        self.project_tokens = None
        if self.pool.dimension != network.dimension:
            self.project_tokens = _make_projection(
                network.dimension, width, encoder.dropout
            )

    def forward(self, vectors, tokens):
        if vectors is None:
            vectors = self.pool(tokens)
        if tokens is not None:
            tokens = (self.project_tokens or self.project)(tokens)
        return Encoded(self.project(vectors), tokens)


def _make_projection(n_in, n_out, dropout):
    return nn.Sequential(nn.LayerNorm(n_in), Dropout(dropout), nn.Linear(n_in, n_out))


class PixelsModule(EncoderModule):
    """A network over 8-bit pixels, which are standardised on the device.

    Parameters
    ----------
    width : int
    mean, std : array of shape (n_channels,)
        For pixels from 0 to 1.
    augment : callable or None
        Changes pixels from 0 to 1.
    pixels_per_row : int
    """

    def __init__(self, width, mean, std, augment, pixels_per_row):
        super().__init__(width, augment)
        self.chunk_size = max(8, _CHUNK_PIXELS // pixels_per_row)
        for name, value in (("mean", mean), ("std", std)):
            value = torch.as_tensor(value, dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, value)

    mixes = ("inputs", "boxes")
    attack_space = "pixels"

    def read(self, pixels):
        return (pixels.float() / 255,)

    def mix_inputs(self, inputs, mixing):
        return (mix_pictures(inputs[0], mixing),)

    def standardise(self, pixels):
        """Return pictures (n, c, h, w) as the network wants them."""
        pixels = (pixels - self.mean) / self.std
        return pixels.contiguous(memory_format=torch.channels_last)
