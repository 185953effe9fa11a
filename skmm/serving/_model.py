"""A fitted estimator as a server asks it: frames in, plain Python values out."""

from __future__ import annotations

import contextlib
import logging
import math
import warnings

import numpy as np

from skmm.io._defaults import Defaults, reading_with
from skmm.serving._columns import check_served, find_columns, predictor_of
from skmm.serving._extras import explain_rows, has_explanations, predict_intervals
from skmm.serving._rows import settle

logger = logging.getLogger("skmm.serving")


class ServedModel:
    """A fitted estimator, for one thread at a time.

    Each method takes a list of frames, predicts them at once, and returns a list of
    results, or of exceptions, one for each frame.

    Parameters
    ----------
    estimator : estimator or Pipeline

    Attributes
    ----------
    columns : list of ServedColumn
    is_classifier : bool
    kind : str
        "binary", "multiclass", "multilabel", "multioutput" or "regression".
    classes : list of list, or None
        Of each output.
    has_intervals, has_explanations : bool
    """

    def __init__(self, estimator):
        check_served(estimator)
        self.estimator = estimator
        self.columns = find_columns(estimator)
        targets = predictor_of(estimator)._targets
        self.is_classifier = targets.is_classification
        self.kind = targets.kind
        self.classes = None
        if self.is_classifier:
            self.classes = [
                [_plain(one) for one in classes] for classes in targets.classes
            ]
        self.has_intervals = hasattr(estimator, "predict_interval")
        self.has_explanations = has_explanations()

    def predict(self, frames):
        """Predict rows: a list of dicts for each frame."""
        return self._each(self._predict, frames)

    def predict_with_intervals(self, frames):
        """Predict rows with an interval each."""
        return self._each(self._predict_with_intervals, frames)

    def explain(self, frames):
        """Predict rows with what speaks for each prediction."""
        return self._each(self._explain, frames)

    def _each(self, work, frames):
        """Work on all frames at once; where that fails, on each by itself."""
        import pandas as pd

        with _guarded():
            if len(frames) > 1:
                try:
                    settled = [settle(frame, self.columns) for frame in frames]
                    rows = work(pd.concat(settled, ignore_index=True))
                except Exception:
                    # The fault is of one request, most likely: the others are served.
                    logger.debug("A batch failed; one by one now.", exc_info=True)
                else:
                    ends = np.cumsum([0, *map(len, frames)]).tolist()
                    return [rows[a:b] for a, b in zip(ends, ends[1:])]
            results = []
            for frame in frames:
                try:
                    results.append(work(settle(frame, self.columns)))
                except Exception as error:
                    results.append(error)
            return results

    def _predict(self, frame):
        if not self.is_classifier:
            return [{"prediction": y} for y in plain(self.estimator.predict(frame))]
        return self._as_classes(self.estimator.predict_proba(frame))

    def _as_classes(self, probabilities):
        """Return label and probabilities of each row."""
        if self.kind == "multilabel":
            labels = np.array(self.classes)[
                np.arange(len(self.classes)), (probabilities > 0.5).astype(int)
            ]
            pairs = zip(plain(labels), plain(probabilities))
            return [{"prediction": y, "probabilities": p} for y, p in pairs]
        if self.kind != "multioutput":
            return _of_output(self.classes[0], probabilities)
        outputs = [_of_output(*one) for one in zip(self.classes, probabilities)]
        return [
            {key: [output[key] for output in row] for key in row[0]}
            for row in zip(*outputs)
        ]

    def _predict_with_intervals(self, frame):
        rows = self._predict(frame)
        intervals = predict_intervals(self.estimator, frame)
        return [row | {"interval": i} for row, i in zip(rows, plain(intervals))]

    def _explain(self, frame):
        rows = self._predict(frame)
        explained = explain_rows(self.estimator, frame)
        return [row | {"explanation": e} for row, e in zip(rows, plain(explained))]


@contextlib.contextmanager
def _guarded():
    """While a model predicts, open no path, and send warnings to the log."""
    with (
        reading_with(Defaults(content_only=True)),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        yield
    for one in caught:
        logger.info("%s", one.message)


def _of_output(classes, probabilities):
    names = [str(one) for one in classes]
    best = probabilities.argmax(axis=1).tolist()
    return [
        {"prediction": classes[place], "probabilities": dict(zip(names, row))}
        for place, row in zip(best, plain(probabilities))
    ]


def plain(values):
    """Return values as JSON has them; numbers that are not finite are None.

    Parameters
    ----------
    values : object
        Arrays, scalars of numpy, and dicts, lists and tuples of these.
    """
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "f" and np.isfinite(values).all():
            return values.tolist()
        return plain(values.tolist())
    if isinstance(values, dict):
        return {str(key): plain(value) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain(value) for value in values]
    return _plain(values)


def _plain(value):
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
