"""Clips, learned end to end: a network of pictures over frames, then over time."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._nn.attention import TransformerLayer
from skmm._nn.seeding import Dropout
from skmm._utils.compat import Interval
from skmm._utils.validation import Names
from skmm.encoders._base import Encoded
from skmm.encoders._deep import EncoderModule
from skmm.encoders.pictures._module import Head, PicturesEncoder, PixelsModule

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Augment, PathLike

#: Frames that go through a frozen network between two looks at the pixels.
_FRAMES = 256


class VideoEncoder(PicturesEncoder):
    """Read clips with a network of pictures over some frames, and one over time.

    Frames are decoded once, to 8-bit pixels. If these take more than `memory_limit`,
    they are kept in a temporary file, which is mapped to memory and deleted when it is
    no longer needed. Tokens, for fusions that use them, are the frames.

    Parameters
    ----------
    frames : int, default=8
        Number of frames that are read of each clip. The clip is divided into as many
        equal parts, and the frame in the middle of each part is taken. If a clip has
        fewer frames, some are repeated.
    size : int or (int, int), default=None
        Height and width in pixels that frames are resized to. None takes 64, or the
        pretrained model's own size.
    backbone : {"cnn", "resnet", "vit", "pretrained"}, default="cnn"
        The network of pictures, as in :class:`ImageEncoder`. All frames go through the
        same one.
    temporal : {"mean", "lstm", "attention"}, default="mean"
        How the vectors of the frames become one vector: "mean" takes their mean, which
        ignores their order; "lstm" is a bidirectional LSTM; "attention" is a
        transformer layer with learned positions.
    model : str, path or torch.nn.Module, default="efficientnet-lite0"
        The pretrained network, as in :class:`~skmm.feature_extraction.VideoEmbedder`.
        Only with ``backbone="pretrained"``.
    tune : {"frozen", "head", "lora", "full"}, default="frozen"
        Which weights of a pretrained network are trained, as in :class:`ImageEncoder`.
        With "frozen" and without `augment`, each frame's vector is computed once
        instead of in each epoch.
    layer_decay : float, default=0.8
        Factor of the learning rate from each layer of the pretrained network to the
        layer before it, with ``tune="full"``. Values below 1 change the first layers
        less.
    rank : int, default=8
        Rank of the additional matrices, with ``tune="lora"``.
    augment : str, callable, or list of these, default=None
        Random changes during training, as in :class:`ImageEncoder`; all frames of a
        clip are changed alike. A function takes pixels (n, frames, 3, height, width)
        from 0 to 1. None makes no changes.
    pooling : {"auto", "mean", "max", "attention", "first", "flatten"}, default="auto"
        How the positions of a frame become one vector, as in :class:`ImageEncoder`.
    dropout : float, default=0.1
        Dropout rate of a frame's vector and of transformer layers, from 0 to 1.
    memory_limit : float, int or None, default=0.25
        Largest amount of memory for the pixels: a share of the machine's memory (float)
        or a number of bytes (int). Above it, the pixels are kept in a file in the
        folder for temporary files, which the environment variable TMPDIR sets. None
        sets no limit.
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

    Attributes
    ----------
    size_ : (int, int)
        Height and width of the frames.
    mean_, std_ : ndarray of shape (3,)
        Statistics that pixels, from 0 to 1, are standardised with: those of the
        training rows, or those of the pretrained network.

    See Also
    --------
    ImageEncoder : The same networks over pictures.
    skmm.feature_extraction.VideoVectorizer : Features without a network.

    References
    ----------
    Donahue et al.: Long-term Recurrent Convolutional Networks for Visual Recognition
    and Description, CVPR 2015.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmm.encoders import VideoEncoder
    >>> clips = pd.DataFrame({"clip": [np.zeros((9, 20, 30, 3), np.uint8), None]})
    >>> block = VideoEncoder(frames=4, size=16).fit_transform(clips)
    >>> block[0].shape, block.present.tolist()
    (torch.Size([2, 4, 3, 16, 16]), [True, False])
    """

    _what = "clips"

    _parameter_constraints = {
        **PicturesEncoder._parameter_constraints,
        "frames": [Interval(Integral, 1, None, closed="left")],
        "temporal": [Names(["mean", "lstm", "attention"])],
    }

    def __init__(
        self,
        frames: int = 8,
        size: int | tuple[int, int] | None = None,
        backbone: Literal["cnn", "resnet", "vit", "pretrained"] = "cnn",
        temporal: Literal["mean", "lstm", "attention"] = "mean",
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
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.frames = frames
        self.size = size
        self.backbone = backbone
        self.temporal = temporal
        self.model = model
        self.tune = tune
        self.layer_decay = layer_decay
        self.rank = rank
        self.augment = augment
        self.pooling = pooling
        self.dropout = dropout
        self.memory_limit = memory_limit
        self.errors = errors
        self.root = root
        self.n_jobs = n_jobs

    def _make_reader(self, size):
        from skmm.io import VideoReader

        return VideoReader(n_frames=int(self.frames), size=size, root=self.root)

    def _cell_shape(self, size):
        return (self.frames, 3, *size)

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        block = super().fit_transform(X, y, sample_weight)
        if not self._computes_once:
            return block
        vectors = self._embed(block)
        seen = vectors[block.present].flatten(0, 1)
        self.center_, self.scale_ = seen.mean(0), seen.std(0, correction=0)
        self.scale_[self.scale_ < 1e-6] = 1.0
        return self._standardise(vectors, block)

    def transform(self, X: pd.DataFrame) -> Block:
        block = super().transform(X)
        if not self._computes_once:
            return block
        return self._standardise(self._embed(block), block)

    @torch.no_grad()
    def _embed(self, block):
        """Return the vectors of all frames, (n, frames, d)."""
        from skmm._nn.device import resolve_device

        device = resolve_device("auto")
        network = _Frames(self).to(device).eval()
        rows = block.present.nonzero().squeeze(1)
        shape = len(block), self.frames, network.dimension
        vectors = torch.zeros(shape, dtype=torch.float32)
        for some in rows.split(max(1, _FRAMES // self.frames)):
            pixels = network.read(block[0].index_select(0, some).to(device))[0]
            vectors[some] = network.pooled(pixels).cpu()
        return vectors

    def _standardise(self, vectors, block):
        present = block.present
        vectors[present] = (vectors[present] - self.center_) / self.scale_
        return Block(vectors, present=present)

    def build_module(self, width: int) -> nn.Module:
        if self._computes_once:
            return _VectorsModule(self, width)
        return _VideoModule(self, width)


class _Frames(PixelsModule):
    """Pixels of clips to one vector of each frame."""

    def __init__(self, encoder, width=1):
        height, side = encoder.size_
        pixels = height * side * encoder.frames
        augment = encoder._make_augment()
        super().__init__(width, encoder.mean_, encoder.std_, augment, pixels)
        self.network = encoder._make_network()
        self.dimension = self.network.dimension
        # Where nothing learns nothing can be weighed.
        once = encoder._computes_once and encoder._pooling == "attention"
        pooling = "mean" if once else encoder._pooling
        self.head = Head(encoder, self.network, width, pooling)

    def pooled(self, pixels):
        """Return what the network says of each frame, (n, frames, d)."""
        vectors, tokens = self.network(self.standardise(pixels.flatten(0, 1)))
        if vectors is None:
            vectors = self.head.pool(tokens)
        return vectors.unflatten(0, pixels.shape[:2])


class _VideoModule(_Frames):
    def __init__(self, encoder, width):
        super().__init__(encoder, width)
        self.over_time = _OverTime(encoder, width)

    def encode(self, pixels):
        return self.over_time(self.head.project(self.pooled(pixels)))


class _VectorsModule(EncoderModule):
    """Vectors of frames that were computed before."""

    mixes = ("inputs",)

    def __init__(self, encoder, width):
        super().__init__(width)
        self.project = nn.Sequential(
            Dropout(encoder.dropout), nn.Linear(len(encoder.center_), width)
        )
        self.over_time = _OverTime(encoder, width)

    def read(self, vectors):
        return (vectors.float(),)

    def mix_inputs(self, inputs, mixing):
        return (mixing.mix(inputs[0]),)

    def encode(self, vectors):
        return self.over_time(self.project(vectors))


class _OverTime(nn.Module):
    """Vectors of frames (n, t, width) to vectors and tokens."""

    def __init__(self, encoder, width):
        super().__init__()
        self.layer = None
        if encoder.temporal != "mean":
            self.norm = nn.LayerNorm(width)
        if encoder.temporal == "lstm":
            half = -(-width // 2)
            self.layer = nn.LSTM(width, half, batch_first=True, bidirectional=True)
            self.project = nn.Linear(2 * half, width)
        elif encoder.temporal == "attention":
            n_heads = next(n for n in (4, 2, 1) if width % n == 0)
            self.positions = nn.Parameter(torch.empty(1, encoder.frames, width))
            nn.init.trunc_normal_(self.positions, std=0.2)
            self.layer = TransformerLayer(width, n_heads, 2 * width, encoder.dropout)

    def forward(self, frames):
        if isinstance(self.layer, nn.LSTM):
            frames = self.norm(frames)
            # What a frame is, and what came before and comes after it.
            frames = frames + self.project(self.layer(frames)[0])
        elif self.layer is not None:
            frames = self.norm(self.layer(frames + self.positions))
        return Encoded(frames.mean(dim=1), frames)
