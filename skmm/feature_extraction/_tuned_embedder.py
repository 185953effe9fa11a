"""Embedders of text whose network is tuned on the target, out of fold while fitting."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import numbers
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, check_random_state

from skmm._data.frames import is_missing
from skmm._pretrained.sources import load_once
from skmm._pretrained.tuning import (
    Options,
    Texts,
    alignment,
    apply_weights,
    hash_weights,
    tune,
)
from skmm._utils.compat import Interval, StrOptions, fit_context
from skmm._utils.optional import optional_import
from skmm.feature_extraction._embedder import _spread
from skmm.feature_extraction._tuning_target import Target, read_target

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, CellsLike, Transformed

#: Rows, of those that both models learned from, by which a fold's is aligned.
_ROWS_TO_ALIGN = 2000


class Tunable:
    """What ``tune=`` adds to an Embedder of texts: one network for all columns."""

    tune: str | None

    _parameter_constraints: dict[str, Any] = {
        "tune": [StrOptions({"lora", "full"}), None],
        "epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither"), None],
        "lora_rank": [Interval(numbers.Integral, 1, None, closed="left")],
        "target_type": [StrOptions({"auto", "classification", "regression"})],
        "cv": ["cv_object"],
        "random_state": ["random_state"],
    }

    #: What `tune` gave; None while the network is as it was pretrained.
    _weights = None

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: CellsLike, y: ArrayLike | None = None) -> Self:
        """Learn what the features of each column need; with `tune`, tune the network.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of objects, Series or list of str
            The columns of text.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target that the network is tuned on. It is needed only with `tune`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If `tune` is set and `y` is None or cannot be learned.
        """
        if self.tune is None:
            with self._untuned():
                # Of the Embedder that this is mixed into.
                return super().fit(X, y)  # type: ignore[misc]
        self._fit_tuned(X, y, cross_fit=False)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: CellsLike, y: ArrayLike | None = None) -> Transformed:
        """Fit, and return the features of X; with `tune`, out of fold.

        With `tune`, ``fit_transform(X, y)`` differs from ``fit(X, y).transform(X)``:
        the vectors of a row come from a network that was tuned on the other folds, and
        so was not trained on the row's target. The fitted network is the same.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of objects, Series or list of str
            The columns of text.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            The target that the network is tuned on. It is needed only with `tune`.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            float32; NaN in all features of a missing cell.
        """
        if self.tune is None:
            with self._untuned():
                # Of the Embedder that this is mixed into.
                return super().fit_transform(X, y)  # type: ignore[misc]
        return self._fit_tuned(X, y, cross_fit=True)

    @contextlib.contextmanager
    def _untuned(self):
        """Start a fit from the pretrained network; an error leaves a former fit."""
        before = self.__dict__.copy()
        self.__dict__.pop("_weights", None)
        try:
            yield
        except BaseException:
            self.__dict__ = before
            raise

    def _fit_tuned(self, X, y, cross_fit):
        self._check_options()
        with self._untuned():
            frame = self._read_frame(X, reset=True)
            job = self._prepare_tuning(frame, y)
            splits = self._splits(job) if cross_fit else []
            weights = self._tune(job, np.arange(len(frame)))
            self._weights, self._weights_hash = weights, hash_weights(weights)
            self._columns = [
                self._fit_column(frame.iloc[:, i], y)[0] for i in range(frame.shape[1])
            ]
            return self._cross_fit(frame, job, splits) if cross_fit else None

    def _prepare_tuning(self, frame, y):
        if y is None:
            name = type(self).__name__
            raise ValueError(
                f"{name}(tune={self.tune!r}) requires y to be passed, but the target y "
                "is None. Give the target that the network is to be tuned on, or take "
                "tune=None."
            )
        check_consistent_length(frame, y)
        target = read_target(y, self.target_type)
        network = self._load_network()
        library = optional_import("sentence_transformers", "text")
        if not isinstance(network.module, library.SentenceTransformer):
            raise ValueError(
                f"tune={self.tune!r} needs a sentence-transformers model, and this is "
                f"a {type(network.module).__name__}. Take another, or tune=None."
            )
        # First, since it refuses cells that are no text.
        start = self._embed_frame(network, frame)
        cells = np.vectorize(str, otypes=[object])(frame.to_numpy(object))
        columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
        present = np.column_stack([~is_missing(c, empty=True) for c in columns])
        return _Job(
            network=network,
            texts=Texts(np.where(present, cells, ""), present),
            target=target,
            start=start,
            options=Options(
                method=self.tune,
                epochs=self.epochs,
                learning_rate=self.learning_rate,
                rank=self.lora_rank,
                batch_size=16 if self.batch_size == "auto" else self.batch_size,
                max_length=self.max_length,
                precision=network.precision,
                seed=check_random_state(self.random_state).randint(2**31 - 1),
            ),
        )

    def _splits(self, job):
        """Return the folds, each row in one; for an int, of the rows in `job.order`."""
        n_rows = len(job.texts)
        strata = job.target.values
        if self.cv is None or isinstance(self.cv, numbers.Integral):
            order = job.order
            options = {"shuffle": True, "random_state": job.options.seed}
        else:
            order, options = np.arange(n_rows), {}
        if job.target.kind != "classes":
            strata = np.zeros(n_rows)  # numbers and sets of labels have none
        classifier = job.target.kind == "classes"
        cv = check_cv(self.cv, strata, classifier=classifier, **options)
        splits = [
            (order[train], order[test])
            for train, test in cv.split(order, strata[order])
        ]
        held_out = np.sort(np.concatenate([test for _, test in splits]))
        if not np.array_equal(held_out, np.arange(n_rows)):
            raise ValueError(
                f"cv={self.cv!r} must hold out each row exactly once, so that each has "
                "one out-of-fold vector."
            )
        return splits

    def _tune(self, job, rows):
        """Return the weights of a network tuned on some rows, whatever their order."""
        rows = job.order[np.isin(job.order, rows)]
        with self._progress_bar(job.options.epochs * len(rows)) as advance:
            return tune(
                job.network.module,
                job.texts.take(rows),
                job.target.take(rows),
                job.options,
                job.start[rows],
                advance,
            )

    def _cross_fit(self, frame, job, splits):
        """Return for each row the features of a network tuned without it."""
        n_rows, n_columns, dimension = job.start.shape
        vectors = np.empty((n_rows, n_columns, dimension), np.float32)
        known = job.order[:: max(1, n_rows // _ROWS_TO_ALIGN)]
        full = self._embed_frame(self._load_network(), frame.iloc[known])
        for train, test in splits:
            weights = self._tune(job, train)
            fold = dataclasses.replace(
                job.network,
                module=apply_weights(job.network.module, weights),
                revision=None,
            )
            both = np.isin(known, train)
            align = alignment(
                self._embed_frame(fold, frame.iloc[known[both]]), full[both]
            )
            vectors[test] = align(self._embed_frame(fold, frame.iloc[test]))
        return np.hstack(
            [fitted.reduce(vectors[:, i]) for i, fitted in enumerate(self._columns)],
            dtype=np.float32,
        )

    def _embed_frame(self, network, frame):
        """Return vectors of shape (n_rows, n_columns, dimension), NaN where missing."""
        columns = []
        for i in range(frame.shape[1]):
            vectors, places = self._embed_distinct(network, frame.iloc[:, i])
            columns.append(_spread(vectors, places))
        return np.stack(columns, axis=1)

    def _open_cache(self, network):
        # The networks of the folds are gone after fit: nobody would ask for theirs.
        if network.revision is None:
            return contextlib.nullcontext()
        return super()._open_cache(network)

    def _tuned(self, network):
        """Return a network with the weights that `fit` found, if it did."""
        if self._weights is None:
            return network
        revision = f"{network.revision}+{self._weights_hash}"
        module = load_once(
            (revision, str(network.module.device)),
            lambda: apply_weights(network.module, self._weights),
        )
        return dataclasses.replace(network, module=module, revision=revision)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.tune is not None
        return tags


@dataclasses.dataclass(frozen=True)
class _Job:
    """What all networks of one fit have in common."""

    network: object
    texts: Texts
    target: Target
    start: np.ndarray
    options: Options

    @functools.cached_property
    def order(self):
        """The rows sorted by content, so that theirs in X does not matter."""
        values = self.target.values.reshape(len(self.texts), -1)
        keys = [(*cells, *row) for cells, row in zip(self.texts.cells, values.tolist())]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__))
