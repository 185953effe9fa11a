"""Turn columns of recordings into vectors of a pretrained network."""

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

    Each distinct recording is embedded once; recordings with the same content are the
    same, whether they come as a path or as bytes. A missing cell becomes a row of NaN.

    Parameters
    ----------
    model : str, path or torch.nn.Module, default="resemblyzer"
        The pretrained network:

        - "resemblyzer": a network with 256 features that tell voices apart. The package
          of this name carries the weights, so that nothing is downloaded. Its own
          dependencies are not needed: ``pip install --no-deps resemblyzer``;
        - a folder with a model of transformers for sound (wav2vec 2.0, HuBERT, Whisper,
          ...), or the name of one on the hub;
        - a module, which takes samples (n, n_samples) and returns vectors (n, d),
          tokens (n, t, d), or an output of transformers.
    rate : int, default=None
        Sampling rate that a module expects, in samples per second; recordings are
        resampled to it. None takes 16,000. A model with a name has its own rate.
    array_rate : int, default=None
        Sampling rate of cells that are arrays of samples without a rate, in samples per
        second. With None such cells are refused; pairs (samples, rate) are always
        accepted.
    pooling : {"mean", "max", "first"}, default="mean"
        How the network's vectors over time become one vector. "resemblyzer" pools in
        its own way and accepts only the default.
    revision : str, default=None
        Commit, branch or tag of a model on the hub. None takes its default branch.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Number format of the network's computations. "auto" is float32 on every CPU, so
        that the vectors are the same on all of them, and bfloat16 on a GPU that
        supports it.
    device : str, default="auto"
        Torch device of the network, such as "cpu" or "cuda". "auto" takes a GPU if
        there is one. A module on another device is copied, and the original is not
        moved.
    batch_size : int or "auto", default="auto"
        Number of recordings of equal length that go through the network together; for
        "resemblyzer", the number of parts of 1.6 seconds. A batch that does not fit
        into memory is halved.
    n_components : int, default=None
        Number of features to keep for each column. None keeps all of them.
    reduction : {"pca", "truncate"}, default="pca"
        Method of the reduction to `n_components`. "pca" takes principal components of
        the distinct recordings at fit. "truncate" takes the first features, which suits
        networks that were trained for it (Matryoshka representation learning).
    memory : str or path, default=None
        Folder of a cache on disk. With it, no recording is embedded twice, whatever the
        fold, process or session. None keeps no cache.
    memory_limit : int or str, default="4GB"
        Largest size of the cache, in bytes or as a string such as "500MB". Beyond it,
        the vectors that were not used for the longest time are deleted.
    errors : {"raise", "missing"}, default="raise"
        What happens if a recording cannot be read. "raise" raises an error that names
        its column and row. "missing" treats the recording as a missing cell, and gives
        one warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    n_jobs : int, default=None
        Number of processes that read the recordings. None means 1, and -1 one for each
        core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.

    Attributes
    ----------
    n_embedded_ : int
        Number of recordings that went through the network in the last call of `fit` or
        `transform`. Repeated recordings, and those found in `memory`, are not counted.
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
        If a recording cannot be read; the message names its column and row.
    ImportError
        If the library or package that `model` needs is not installed.

    See Also
    --------
    ImageEmbedder : The same for pictures.

    Notes
    -----
    Only recordings of equal length go through a network over samples together, since
    padding would change the results of many networks. "resemblyzer" [1]_ amplifies
    quiet recordings to -30 dBFS, computes the power in 40 mel bands, cuts it into
    overlapping parts of 1.6 seconds, padded with silence, and averages their vectors.
    The package of that name also cuts out silence; this class does not.

    A pickle holds the name of the model and the hash of its weights. The weights are in
    the pickle only if `model` is a module. The cache identifies a module by its class,
    its ``repr`` and its weights.

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

        device = resolve_device(self._device)
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
