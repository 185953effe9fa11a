"""Columns of recordings to the vectors of a pretrained network."""

from __future__ import annotations

import dataclasses
import numbers
import os
from typing import TYPE_CHECKING, Literal

from skmm._pretrained.inference import resolve_precision
from skmm._pretrained.speech import load_speech_network
from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._embedder import Network
from skmm.feature_extraction._media_embedder import MediaEmbedder
from skmm.io import AudioReader

if TYPE_CHECKING:
    from torch import nn

    from skmm._utils.typing import PathLike


class AudioEmbedder(MediaEmbedder):
    """Turn columns of recordings into vectors of a pretrained network.

    Each column is embedded for itself, and each distinct recording once: whether it
    came as a path or as bytes, what is the same content is the same recording. A
    missing cell is a row of NaN.

    Parameters
    ----------
    model : str, path or torch.nn.Module, default="resemblyzer"
        The network:

        - "resemblyzer": 256 features that tell voices apart; the package of this name
          carries the weights, so that it needs no network connection (its own
          dependencies are not needed: ``pip install --no-deps resemblyzer``);
        - a folder with a model of transformers over sound (wav2vec 2.0, HuBERT,
          Whisper, ...), or the name of one on the hub;
        - a module, which takes samples (n, n_samples) and gives vectors (n, d), or
          tokens (n, t, d), or an output of transformers.
    rate : int, default=None
        Samples per second of what a module hears; recordings are resampled to it.
        None is 16,000. A model with a name has its own.
    array_rate : int, default=None
        Samples per second of cells that are bare arrays, which do not say.
    pooling : {"mean", "max", "first"}, default="mean"
        How vectors over time become one; "resemblyzer" has a way of its own.
    revision : str, default=None
        Commit, branch or tag of a model on the hub.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        What the network computes in. "auto" is float32 on every CPU, so that vectors
        are the same on all of them, and bfloat16 on a GPU that has it.
    device : str, default="auto"
        Such as "cpu" or "cuda". "auto" takes a GPU where there is one. A module that
        is elsewhere is copied, and itself stays where it is.
    batch_size : int or "auto", default="auto"
        Recordings of one length, or parts of 1.6 seconds for "resemblyzer", at a
        time. What does not fit into memory is halved.
    n_components : int, default=None
        Features to keep of each column; None keeps all.
    reduction : {"pca", "truncate"}, default="pca"
        How to come to `n_components`: principal components of the distinct recordings
        at fit, or the first features, for networks trained for that (Matryoshka).
    memory : str or path, default=None
        Folder of a cache on disk, in which no recording is embedded twice, whatever
        the fold, process or session.
    memory_limit : int or str, default="4GB"
        Size that the cache may have; what was not used for longest is dropped.
    errors : {"raise", "missing"}, default="raise"
        What becomes of a recording that cannot be read: an error that names its row,
        or a missing cell, with one warning for all of a column.
    root : str or path, default=None
        Folder that paths are relative to and cannot leave. With None, any path is
        opened as it is.
    n_jobs : int, default=None
        Processes to read recordings with.
    progress : bool or "auto", default="auto"
        Whether to show a progress bar. "auto": on a terminal, when it takes longer
        than five seconds.

    Attributes
    ----------
    n_embedded_ : int
        Recordings that went through the network in the last fit or transform: distinct
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
        If a recording cannot be read; the message names its column and row.
    ImportError
        If the library or package that `model` needs is not there.

    See Also
    --------
    ImageEmbedder : The same for pictures.

    Notes
    -----
    Only recordings of one length go through a network over samples together: padding
    would change what many of them give. "resemblyzer" [1]_ raises quiet recordings to
    -30 dBFS, cuts the power of 40 mel bands into overlapping parts of 1.6 seconds,
    filled up with silence, and averages their vectors; unlike the package it does not
    cut silence out.

    A pickle holds a model's name and the hash of its weights; the weights themselves
    are in it where `model` is a module. The cache knows a module by its class, its
    ``repr`` and its weights.

    References
    ----------
    .. [1] L. Wan, Q. Wang, A. Papir and I. Lopez Moreno, "Generalized End-to-End Loss
       for Speaker Verification", ICASSP 2018, https://arxiv.org/abs/1710.10467

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmm.feature_extraction import AudioEmbedder
    >>> spectrum = torch.nn.Sequential(  # or "resemblyzer"
    ...     torch.nn.Unflatten(1, (1, -1)), torch.nn.AdaptiveMaxPool1d(4),
    ...     torch.nn.Flatten(),
    ... )
    >>> calls = [(np.sin(np.arange(9000)), 8000), None, (np.zeros(500), 8000)]
    >>> embedder = AudioEmbedder(spectrum, rate=8000)
    >>> embedder.fit_transform(calls).shape
    (3, 4)
    """

    _what = "recordings"
    #: Samples, or spectrograms, of so many cells are held at a time.
    _chunk_size = 64

    _parameter_constraints = {
        **MediaEmbedder._parameter_constraints,
        "rate": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "array_rate": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "pooling": [StrOptions({"mean", "max", "first"})],
    }

    def __init__(
        self,
        model: PathLike | nn.Module = "resemblyzer",
        *,
        rate: int | None = None,
        array_rate: int | None = None,
        pooling: Literal["mean", "max", "first"] = "mean",
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
        self.rate = rate
        self.array_rate = array_rate
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

    def _check_options(self):
        super()._check_options()
        if self.rate is not None and isinstance(self.model, (str, os.PathLike)):
            raise ValueError(
                f"rate={self.rate} is for a module; model={str(self.model)!r} has a "
                "rate of its own. Leave rate out."
            )
        if self.model == "resemblyzer" and self.pooling != "mean":
            raise ValueError(
                f"pooling={self.pooling!r} is without effect on 'resemblyzer', which "
                "has its own. Leave pooling out."
            )

    def _load_network(self):
        from skmm._nn.device import resolve_device

        device = resolve_device(self.device)
        precision = resolve_precision(self.precision, device)
        network = load_speech_network(self.model, device, self.revision)
        if self.rate is not None:
            network = dataclasses.replace(network, rate=self.rate)
        if network.dimension is None:
            network.dimension = network.measure()
        # The version of what the network is given, should that ever change.
        settings = (1, self._make_reader(network.rate).key(), self.pooling)
        return Network(
            network, network.revision, repr(settings), network.dimension, precision
        )

    def _make_reader(self, rate=16000):
        return AudioReader(rate=rate, array_rate=self.array_rate, root=self.root)

    def _embed_cells(self, network, column, advance):
        reader = self._make_reader(network.module.rate)
        recordings = self._read(column, reader, network.module.prepare())
        return self._embed_present(network, recordings, self.pooling, advance)
