"""What each column of a fitted estimator takes from a request."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmm.modalities._kind_of import first_attribute, kind_of
from skmm.modalities._resolver import is_dropped

#: Kinds whose cells are files: only content is taken, never a path.
MEDIA = ("image", "audio", "video")
#: Kinds whose cells are numbers, or lists of them.
_NUMERIC = ("vector", "series")
#: More categories than these are not listed.
_MOST_CATEGORIES = 50


@dataclasses.dataclass(frozen=True, eq=False)
class ServedColumn:
    """One column, as a request has it.

    Attributes
    ----------
    label : hashable
        In the estimator.
    name : str
        In a request.
    kind : str
        A kind of reader ("number", "date", ...), another kind of modality than
        "tabular", "any" for a transformer that is not of skmm, or "unused".
    modality : str or None
    reader : Reader or None
        Of a column of a table.
    length : int or None
        Numbers in each cell that is a vector; None for columns of plain numbers.
    is_nested : bool
        Whether cells are lists of numbers.
    example : object
        A cell of this kind, as JSON has it; None where none is known.
    """

    label: Any
    name: str
    kind: str
    modality: str | None = None
    reader: Any = None
    length: int | None = None
    is_nested: bool = False
    example: Any = None

    @property
    def is_media(self):
        """Whether cells are files."""
        return self.kind in MEDIA

    @property
    def is_required(self):
        """Whether each row has to have it."""
        return self.kind != "unused"

    @property
    def categories(self):
        """The known categories, where they are few, or None."""
        known = getattr(self.reader, "categories_", None)
        if known is None or len(known) > _MOST_CATEGORIES:
            return None
        return [str(one) for one in known]


def find_columns(estimator):
    """Return the columns that a fitted estimator was fitted with.

    Parameters
    ----------
    estimator : estimator or Pipeline
        What predicts.

    Returns
    -------
    columns : list of ServedColumn
        In their order at fit.
    """
    reads = _what_reads(estimator)
    found = {}
    for name, encoder, labels in _modalities(reads):
        labels = labels if isinstance(labels, list) else [labels]
        if encoder is None or is_dropped(encoder):
            continue
        for i, label in enumerate(labels):
            # A column may be of several modalities: files count, then what comes first.
            one = _describe(label, name, encoder, i, len(labels))
            if label not in found or (one.is_media and not found[label].is_media):
                found[label] = one
    return [
        found.get(label, ServedColumn(label, str(label), "unused"))
        for label in _labels(reads)
    ]


def predictor_of(estimator):
    """Return the estimator at the end that predicts; raise if there is none.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    predictor : estimator
        The last step of a pipeline, and what a search has found.
    """
    inner = estimator
    while True:
        if isinstance(inner, Pipeline):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        else:
            return inner


def check_served(estimator):
    """Raise unless an estimator is fitted, and of a sort that can be served.

    Parameters
    ----------
    estimator : object

    Raises
    ------
    TypeError
        If it is not an estimator of skmm, a search, or a pipeline that ends in one.
    NotFittedError
        If it is not fitted.
    """
    from skmm._base import BaseMultimodal

    predictor = predictor_of(estimator)
    if isinstance(predictor, type):
        raise TypeError(
            f"make_app serves a fitted estimator, and got the class "
            f"{predictor.__name__}. Pass an object that fit has returned."
        )
    if hasattr(predictor, "estimator") and hasattr(predictor, "cv"):
        raise NotFittedError(
            f"This {type(predictor).__name__} is not fitted, or was fitted with "
            "refit=False. Call fit with refit=True before it is served."
        )
    if not isinstance(predictor, BaseMultimodal):
        raise TypeError(
            "make_app serves a fitted MultimodalClassifier or MultimodalRegressor, a "
            "search over one, or a Pipeline that ends in one; got "
            f"{type(predictor).__name__}."
        )
    check_is_fitted(predictor)
    if predictor._targets.tasks is not None:
        raise TypeError(
            f"make_app serves one task, and {type(predictor).__name__} predicts "
            f"{predictor._targets.names}. Pass estimator.task(name) of one of them."
        )


def _what_reads(estimator):
    """Return what is handed the request's columns."""
    inner = estimator
    while True:
        if isinstance(inner, Pipeline):
            steps = [s for _, s in inner.steps if s is not None and s != "passthrough"]
            inner = steps[0]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        else:
            return inner


def _modalities(reads):
    """Return (name, what reads it, labels) of each modality."""
    transformers = getattr(reads, "transformers_", None)
    if isinstance(transformers, dict):  # of a MultimodalVectorizer
        return [
            (name, transformers[name], labels) for name, _, labels in reads.modalities_
        ]
    if hasattr(reads, "modalities_"):
        return reads.modalities_
    # A transformer of others: what it does with its columns is its own.
    return [("columns", reads, _labels(reads))]


def _labels(reads):
    labels = getattr(reads, "_labels", None)
    if labels is None:
        labels = getattr(reads, "feature_names_in_", None)
    if labels is None and hasattr(reads, "n_features_in_"):
        labels = np.arange(reads.n_features_in_)
    if labels is None:
        raise ValueError(
            f"{type(reads).__name__}, which reads the columns first, does not know "
            "their names. Serve a pipeline that begins with a MultimodalVectorizer, "
            "or the estimator alone."
        )
    return labels.tolist()


def _describe(label, modality, encoder, i, n_columns):
    """Return what one column of a modality takes."""
    reader, kind = None, kind_of(encoder)
    readers = first_attribute(encoder, "readers_")
    if kind == "tabular" and readers is not None:
        reader = readers[i]
        kind = reader.kind
    elif kind == "tabular":
        kind = "any"
    elif kind == "image" and getattr(encoder, "shape", None) is not None:
        kind = "vector"  # pixels in columns of numbers
    length, is_nested = None, False
    if kind == "vector" and n_columns == 1:
        length = first_attribute(encoder, "n_features_")
        is_nested = length is not None and length > 1
    elif kind == "series":
        is_table = first_attribute(encoder, "is_table_")
        is_table = (
            first_attribute(encoder, "_is_table") if is_table is None else is_table
        )
        is_nested = not is_table
    example = _example_of(kind, reader, length if is_nested else None)
    if kind == "number":
        example = _middle_of(encoder, readers, i)
    return ServedColumn(
        label, str(label), kind, modality, reader, length, is_nested, example
    )


def _example_of(kind, reader, length):
    if kind == "category":
        known = reader.categories_
        return str(known[0]) if 0 < len(known) <= _MOST_CATEGORIES else "a category"
    if kind in _NUMERIC:
        if kind == "vector" and length is not None:
            return [0.0] * length
        return [0.0, 0.5, 1.0] if length is not None or kind == "series" else 0.0
    return {
        "flag": True,
        "date": "2024-05-31",
        "time": "10:15",
        "duration": "1:30:00",
        "text": "Some words",
        "entity": "an id",
    }.get(kind)


def _middle_of(encoder, readers, i):
    """Return the median of a number in the training rows; 0 where it is not kept."""
    centers = getattr(encoder, "center_", None)
    if centers is None:
        return 0.0
    place = sum(r.n_features_ for r in readers[:i] if not r.gives_codes)
    return float(f"{centers[place]:.6g}")
