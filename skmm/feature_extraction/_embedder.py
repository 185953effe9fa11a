"""Base of the Embedders: each distinct cell goes once through a frozen network."""

from __future__ import annotations

import contextlib
import dataclasses
import numbers
import os
import warnings
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from skmm._data.frames import is_missing
from skmm._utils.compat import Interval, StrOptions
from skmm.feature_extraction._base import CellsTransformer
from skmm.feature_extraction._cache import EmbeddingCache, parse_size
from skmm.io._defaults import get_defaults
from skmm.io._progress import progress_bar


@dataclasses.dataclass
class Network:
    """A loaded network, and all that decides which vector it gives for a cell.

    Parameters
    ----------
    module : object
        What the Embedder's `_embed_cells` calls.
    revision : str
        Tells the weights apart: a commit or a hash.
    settings : str
        Preprocessing and all else that changes the vectors, but for the precision.
    dimension : int or None
        Width of a vector; None where only a cell can tell.
    precision : str or None
        What the network computes in, never "auto"; None where it does as it likes.
    """

    module: object
    revision: str | None
    settings: str
    dimension: int | None
    precision: str | None

    @property
    def identity(self):
        """What the cache tells networks apart by."""
        return f"{self.revision}\n{self.precision}\n{self.settings}"


class Embedder(CellsTransformer):
    """A frozen network over the distinct cells of each column, remembered on disk.

    A subclass gives `_load_network`, `_digests` and `_embed_cells`, and stores the
    parameters of `_parameter_constraints`.
    """

    #: Cells between two writes to the cache: what an interrupted run may lose.
    _chunk_size = 512

    _parameter_constraints: dict[str, Any] = {
        "model": "no_validation",
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "device": [str],
        "batch_size": [
            Interval(numbers.Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "n_components": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "reduction": [StrOptions({"pca", "truncate"})],
        "memory": [str, os.PathLike, None],
        "memory_limit": [str, Interval(numbers.Integral, 1, None, closed="left")],
        "progress": ["boolean", StrOptions({"auto"})],
    }

    @property
    def _device(self):
        """The embedder's own device, or that of the estimator around it."""
        return get_defaults().device if self.device == "auto" else self.device

    def _load_network(self):
        """Return the `Network`; called often, so that loading is shared."""
        raise NotImplementedError

    def _digests(self, column):
        """Return bytes for each cell, the same for those of the same content only.

        None where a cell turns out to be missing.
        """
        raise NotImplementedError

    def _costs(self, column):
        """Return numbers that put cells of similar cost together, or None."""
        return None

    def _measure(self, network):
        """Return the dimension, where the network does not tell it."""
        raise NotImplementedError

    def _embed_cells(self, network, column, advance):
        """Return the vectors of distinct cells.

        Parameters
        ----------
        network : Network
        column : pandas.Series
            With the labels of the rows in X, for errors.
        advance : callable
            Takes the number of cells done, for the progress bar.

        Returns
        -------
        vectors : ndarray of shape (n_cells, network.dimension)
            float32; NaN where a cell turned out to be missing.
        """
        raise NotImplementedError

    @property
    def n_embedded_(self) -> int:
        """Cells that went through the network in the last fit or transform."""
        return self._count.n

    def _read_frame(self, X, reset):
        if reset:
            self._count = _Count()
        self._count.n = 0
        return super()._read_frame(X, reset)

    def _check_options(self):
        parse_size(self.memory_limit)

    def _fit_column(self, column, y):
        network = self._load_network()
        if network.dimension is None:
            network = dataclasses.replace(network, dimension=self._measure(network))
        self.revision_, self.precision_ = network.revision, network.precision
        if is_missing(column, empty=True).all():
            warnings.warn(
                f"Column {column.name!r} holds no {self._what} in any of {len(column)} "
                "rows. Leave it out, or fit on rows that have it.",
                UserWarning,
                stacklevel=5,
            )
        fitted = EmbeddedColumn(network.dimension, self.n_components)
        if self.n_components is None or self.reduction == "truncate":
            return fitted, None
        vectors, places = self._embed_distinct(network, column)
        fitted.fit_pca(vectors)
        return fitted, _spread(fitted.reduce(vectors), places)

    def _transform_column(self, fitted, column):
        network = self._load_network()
        if network.revision != self.revision_:
            raise ValueError(
                f"The model is not the one that {type(self).__name__} was fitted with: "
                f"its weights are {network.revision}, and were {self.revision_}. Fit "
                "again, or put the former weights back."
            )
        if network.dimension is None:
            network = dataclasses.replace(network, dimension=fitted.dimension)
        vectors, places = self._embed_distinct(network, column)
        return _spread(fitted.reduce(vectors), places)

    def _embed_distinct(self, network, column):
        """Return the vectors of the distinct cells, and the place of each row's."""
        places = np.full(len(column), -1)
        present = np.flatnonzero(~is_missing(column, empty=True))
        digests = self._digests(column.iloc[present])
        first = {}  # digest -> row that shows it
        for row, digest in zip(present, digests):
            if digest is not None:
                first.setdefault(digest, row)
        # Sorted by content: nothing below depends on the order of the rows.
        distinct = sorted(first)
        place_of = {digest: place for place, digest in enumerate(distinct)}
        for row, digest in zip(present, digests):
            places[row] = place_of.get(digest, -1)
        cells = column.iloc[[first[digest] for digest in distinct]]
        with self._open_cache(network) as cache:
            return self._remembered(network, cells, distinct, cache), places

    def _open_cache(self, network):
        if self.memory is None:
            return contextlib.nullcontext()
        return EmbeddingCache(self.memory, network.identity, limit=self.memory_limit)

    def _remembered(self, network, cells, digests, cache):
        """Take from the cache what it holds, and embed the others chunk by chunk."""
        vectors = np.full((len(cells), network.dimension), np.nan, np.float32)
        todo = np.arange(len(cells))
        if cache is not None:
            found = cache.get(digests, vectors)
            todo = np.flatnonzero(~found)
        costs = self._costs(cells.iloc[todo])
        if costs is not None:
            todo = todo[np.argsort(costs, kind="stable")[::-1]]
        with self._progress_bar(len(todo)) as advance:
            for start in range(0, len(todo), self._chunk_size):
                rows = todo[start : start + self._chunk_size]
                vectors[rows] = self._embed_cells(network, cells.iloc[rows], advance)
                self._count.n += len(rows)
                if cache is not None:
                    cache.put([digests[row] for row in rows], vectors[rows])
        return vectors

    @contextlib.contextmanager
    def _progress_bar(self, total):
        """Yield a function that moves the bar on; "auto" shows it on slow terminals."""
        if not total:
            yield lambda n: None
            return
        with progress_bar(total, type(self).__name__, self.progress) as bar:
            yield bar.update

    def __sklearn_clone__(self):
        # A model object is not ours to change, and too large to copy for each fold.
        without = type(self).__new__(type(self))
        without.__dict__.update(self.__dict__, model=None)
        cloned = super(Embedder, without).__sklearn_clone__()
        cloned.model = self.model
        return cloned


class EmbeddedColumn:
    """The features of one column: vectors as they are, cut off, or components.

    Parameters
    ----------
    dimension : int
        Width of the vectors.
    n_components : int or None
        Features to keep; None for all.
    """

    def __init__(self, dimension, n_components=None):
        self.dimension = dimension
        self.n_features = min(n_components or dimension, dimension)
        self.mean = self.components = None

    def suffixes(self):
        return range(self.n_features)

    def fit_pca(self, vectors):
        """Learn components from distinct vectors, in an order of their own."""
        vectors = vectors[~np.isnan(vectors).any(axis=1)].astype(np.float64)
        # Features beyond the rank are 0, so that their number is known beforehand;
        # without any vector all are NaN.
        self.components = np.zeros((self.n_features, self.dimension))
        self.mean = np.full(self.dimension, np.nan)
        if len(vectors):
            self.mean = vectors.mean(axis=0)
        rank = min(self.n_features, len(vectors) - 1)
        if rank > 0 and np.ptp(vectors, axis=0).any():
            many = len(vectors) > self.dimension
            pca = PCA(rank, svd_solver="covariance_eigh" if many else "full")
            self.components[:rank] = pca.fit(vectors).components_

    def reduce(self, vectors):
        """Return the features of vectors."""
        if self.components is None:
            return vectors[:, : self.n_features]
        return ((vectors - self.mean) @ self.components.T).astype(np.float32)


class _Count:
    """Changed by `transform`, which must leave the attributes themselves alone."""

    n = 0


def _spread(features, places):
    """Return for each row the features of its cell, NaN where it has none."""
    rows = np.full((len(places), features.shape[1]), np.nan, np.float32)
    rows[places >= 0] = features[places[places >= 0]]
    return rows
