"""A fitted estimator as a server asks it: frames in, plain Python values out."""

from __future__ import annotations

import logging
import math
from typing import NamedTuple

import numpy as np

from skmm.inspection import explain_row
from skmm.io._defaults import Defaults, reading_with
from skmm.io._quiet import no_warnings
from skmm.serving._columns import check_served, find_columns, predictor_of
from skmm.serving._rows import settle

#: Variants that are read of each modality of an explained row. More take seconds, in
#: which nobody else is served.
_EVALUATIONS = 64

logger = logging.getLogger("skmm.serving")


class Asked(NamedTuple):
    """What is asked of rows besides their predictions.

    Attributes
    ----------
    interval : float or None
        Coverage of the intervals that are asked for.
    explain : bool
    """

    interval: float | None = None
    explain: bool = False


class ServedModel:
    """A fitted estimator, for one thread at a time.

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
        # Of several outputs one is explained at a time, which a request cannot choose.
        self.has_explanations = self.kind in ("binary", "multiclass") or getattr(
            targets, "is_vector", False
        )

    def predict(self, frames, asked):
        """Predict the rows of several requests.

        All are predicted at once; where that fails, each by itself.

        Parameters
        ----------
        frames : list of DataFrame
            The rows of each request.
        asked : Asked
            What is asked of all of them.

        Returns
        -------
        results : list of (list of dict, or Exception)
            For each frame a dict for each row, or what was raised.
        """
        import pandas as pd

        # Warnings are meant for whoever sent the rows, whom a log does not reach.
        with reading_with(Defaults(content_only=True)), no_warnings:
            if len(frames) > 1:
                try:
                    settled = [settle(frame, self.columns) for frame in frames]
                    rows = self._predict(pd.concat(settled, ignore_index=True), asked)
                except Exception:
                    # The fault is of one request, most likely: the others are served.
                    logger.debug("A batch failed; one by one now.", exc_info=True)
                else:
                    ends = np.cumsum([0, *map(len, frames)]).tolist()
                    return [rows[a:b] for a, b in zip(ends, ends[1:])]
            results = []
            for frame in frames:
                try:
                    rows = self._predict(settle(frame, self.columns), asked)
                except Exception as error:
                    rows = error
                results.append(rows)
            return results

    def _predict(self, frame, asked):
        rows = self._predict_rows(frame)
        if asked.interval is not None:
            intervals = self.estimator.predict_interval(frame, asked.interval)
            rows = [row | {"interval": i} for row, i in zip(rows, plain(intervals))]
        if asked.explain:
            explained = plain(_explain_rows(self.estimator, frame))
            rows = [row | {"explanation": e} for row, e in zip(rows, explained)]
        return rows

    def _predict_rows(self, frame):
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


def _explain_rows(estimator, frame):
    """Return of each row what its parts bring to the prediction, as a dict."""
    explained = []
    for row in range(len(frame)):
        explanation = explain_row(
            estimator, frame, row=row, max_evaluations=_EVALUATIONS
        )
        parts = explanation.to_frame().astype(object)
        explained.append(
            {
                "target": explanation.target,
                "scale": explanation.scale,
                "prediction": explanation.prediction,
                "baseline": explanation.baseline,
                "parts": parts.where(parts.notna(), None).to_dict("records"),
            }
        )
    return explained
