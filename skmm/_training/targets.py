"""What is predicted: labels or numbers to tensors, logits to probabilities."""

import math

import numpy as np
import torch
from scipy.special import expit, log_softmax
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_array, column_or_1d


class ClassificationTargets:
    """Classes of one or several outputs.

    One binary output and multilabel outputs have a logit each (sigmoid); any other
    output has one logit a class (softmax). ``groups`` says which logits belong
    together.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    classes : array or list of arrays, default=None
        All classes, where ``y`` may not have them all.

    Attributes
    ----------
    classes : list of ndarray, one an output
    kind : {"binary", "multiclass", "multilabel", "multioutput"}
    n_logits : int
    groups : list of slice, one an output
    """

    is_classification = True
    loss = "log_loss"

    def __init__(self, y, classes=None):
        check_classification_targets(y)
        if y.ndim == 1:
            self.classes = [np.unique(y) if classes is None else np.unique(classes)]
            if len(self.classes[0]) < 2:
                raise ValueError(
                    f"y holds one class only ({self.classes[0].tolist()[0]!r} in "
                    f"{len(y)} rows); a classifier needs at least 2 classes. Pass rows "
                    "of another class."
                )
            self.kind = "binary" if len(self.classes[0]) == 2 else "multiclass"
        elif type_of_target(y) == "multilabel-indicator":
            self.classes = [np.array([0, 1], dtype=y.dtype)] * y.shape[1]
            self.kind = "multilabel"
        else:
            given = [None] * y.shape[1] if classes is None else classes
            self.classes = [
                np.unique(column if some is None else some)
                for column, some in zip(y.T, given)
            ]
            self.kind = "multioutput"
        if self.is_sigmoid:
            sizes = [1] * len(self.classes)
        else:
            sizes = [len(some) for some in self.classes]
        ends = np.cumsum(sizes)
        self.groups = [slice(end - size, end) for size, end in zip(sizes, ends)]
        self.n_logits = int(ends[-1])

    @property
    def is_sigmoid(self):
        return self.kind in ("binary", "multilabel")

    @property
    def public_classes(self):
        """What ``classes_`` shows: an array, or a list of arrays for several outputs.

        Multilabel outputs show their positions, as scikit-learn's MLPClassifier does.
        """
        if self.kind == "multilabel":
            return np.arange(len(self.classes))
        return self.classes[0] if self.kind != "multioutput" else self.classes

    def encode(self, y):
        """Give labels as class numbers, int64 or float32 (n_samples, n_outputs)."""
        columns = y.reshape(len(y), -1).T
        codes = np.empty((len(y), len(self.classes)), dtype=np.int64)
        for j, (column, classes) in enumerate(zip(columns, self.classes)):
            place = np.searchsorted(classes, column)
            known = classes[np.minimum(place, len(classes) - 1)] == column
            if not np.all(known):
                bad = np.unique(column[~known])
                raise ValueError(
                    f"y holds labels that were not there at the first fit: "
                    f"{bad[:5].tolist()} in {int((~known).sum())} rows. Pass all "
                    "labels as classes= to the first partial_fit."
                )
            codes[:, j] = place
        return codes.astype(np.float32) if self.is_sigmoid else codes

    def prior(self, codes, weight):
        """Logits of the classes' shares in the training rows, (n_logits,)."""
        weight = weight / weight.mean()
        logits = np.empty(self.n_logits)
        for j, group in enumerate(self.groups):
            n_classes = 2 if self.is_sigmoid else group.stop - group.start
            counts = np.bincount(
                codes[:, j].astype(np.int64), weights=weight, minlength=n_classes
            )
            shares = np.log((counts + 0.5) / (counts.sum() + 0.5 * n_classes))
            logits[group] = shares[1] - shares[0] if self.is_sigmoid else shares
        return logits

    def row_loss(self, logits, codes):
        """Mean log-loss over the outputs, a tensor (n_samples,)."""
        if self.is_sigmoid:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, codes.to(logits.dtype), reduction="none"
            )
            return loss.mean(1)
        losses = [
            torch.nn.functional.cross_entropy(
                logits[:, group], codes[:, j], reduction="none"
            )
            for j, group in enumerate(self.groups)
        ]
        return losses[0] if len(losses) == 1 else torch.stack(losses).mean(0)

    def average_members(self, logits):
        """Give logits (n, n_logits) of the mean probability over the second axis."""
        if self.is_sigmoid:
            log_p = torch.nn.functional.logsigmoid(logits).logsumexp(1)
            return log_p - torch.nn.functional.logsigmoid(-logits).logsumexp(1)
        log_p = [logits[..., group].log_softmax(-1) for group in self.groups]
        return torch.cat(log_p, dim=-1).logsumexp(1) - math.log(logits.shape[1])

    def predict_proba(self, logits):
        """Probabilities from logits (n_samples, n_logits), in scikit-learn's layout."""
        if self.kind == "multilabel":
            return expit(logits)
        if self.kind == "binary":
            positive = expit(logits[:, 0])
            return np.column_stack([1 - positive, positive])
        probabilities = [
            np.exp(log_softmax(logits[:, group], axis=1)) for group in self.groups
        ]
        return probabilities[0] if self.kind == "multiclass" else probabilities

    def predict(self, logits):
        """Labels of the largest logits, in scikit-learn's layout."""
        columns = []
        for group, classes in zip(self.groups, self.classes):
            some = logits[:, group]
            place = (some[:, 0] > 0).astype(int) if self.is_sigmoid else some.argmax(1)
            columns.append(classes[place])
        if self.kind in ("binary", "multiclass"):
            return columns[0]
        return np.column_stack(columns)

    def score(self, y, y_pred, weight):
        """Return the weighted share of right labels, of all outputs."""
        right = (y.reshape(len(y), -1) == y_pred.reshape(len(y), -1)).mean(axis=1)
        return float(np.average(right, weights=weight))


class RegressionTargets:
    """Numbers of one or several outputs, standardised for the net.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    weight : ndarray of shape (n_samples,)
    """

    is_classification = False
    kind = "regression"
    loss = "squared_error"

    def __init__(self, y, weight):
        self.is_vector = y.ndim == 1
        y = y.reshape(len(y), -1)
        self.mean = np.average(y, axis=0, weights=weight)
        scale = np.sqrt(np.average((y - self.mean) ** 2, axis=0, weights=weight))
        # A constant target, up to rounding, is predicted by its mean.
        tiny = 10 * np.finfo(np.float64).eps * np.maximum(1, np.abs(self.mean))
        self.scale = np.where(scale > tiny, scale, 1.0)
        self.n_logits = y.shape[1]
        self.groups = [slice(j, j + 1) for j in range(self.n_logits)]

    def encode(self, y):
        """Give targets standardised, float32 (n_samples, n_outputs)."""
        return ((y.reshape(len(y), -1) - self.mean) / self.scale).astype(np.float32)

    def prior(self, codes, weight):
        """The training mean in standard units, (n_outputs,)."""
        return np.zeros(self.n_logits)

    def row_loss(self, outputs, codes):
        """Mean squared error over the outputs, a tensor (n_samples,)."""
        return (outputs - codes).square().mean(1)

    def average_members(self, outputs):
        """Give outputs (n, n_outputs), the mean over the second axis."""
        return outputs.mean(1)

    def predict(self, outputs):
        """Predictions in the target's own unit."""
        y = outputs * self.scale + self.mean
        return y[:, 0] if self.is_vector else y

    def score(self, y, y_pred, weight):
        """Return the weighted R², the mean of all outputs; None for a single row."""
        if len(y) < 2:
            return None
        return float(r2_score(y, y_pred, sample_weight=weight))


def check_labels(y):
    """Validate labels: 1-D, or 2-D for several outputs; no missing values."""
    _check_given(y)
    _check_no_missing(y)
    y = check_array(
        y, ensure_2d=False, dtype=None, ensure_all_finite=True, input_name="y"
    )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y


def check_numbers(y):
    """Validate numeric targets: 1-D or 2-D, finite float64."""
    _check_given(y)
    _check_no_missing(y)
    y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y.astype(np.float64)


def _check_given(y):
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None."
        )


def _check_no_missing(y):
    import pandas as pd

    missing = np.asarray(pd.isna(y if hasattr(y, "isna") else np.asarray(y)))
    if missing.ndim > 1:
        missing = missing.any(axis=1)
    if missing.ndim == 1 and missing.any():
        rows = np.flatnonzero(missing)
        raise ValueError(
            f"Input y contains NaN: {len(rows)} of {len(missing)} rows have no "
            f"target, the first at position {rows[0]}. Leave these rows out: "
            "X[~y.isna()], y.dropna()."
        )
