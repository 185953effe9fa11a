"""What is predicted: labels or numbers to tensors, logits to probabilities."""

import copy
import math

import numpy as np
import torch
from scipy.special import expit, log_softmax
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skmm._training.reading import read_labels
from skmm._training.regression_losses import SquaredError, spread


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
    kind : {"binary", "multiclass", "multilabel", "multioutput", "ordinal"}
    n_logits : int
    groups : list of slice, one an output
    """

    is_classification = has_classes = True
    loss = "log_loss"
    n_columns = 1
    #: Of one task; a list of several in :class:`skmm._training.tasks.TaskTargets`.
    tasks = None

    def __init__(self, y, classes=None):
        # Columns of several types: each by itself.
        is_mixed = y.ndim == 2 and y.dtype == object
        for output in map(_of_one_type, y.T) if is_mixed else [y]:
            check_classification_targets(output)
        if y.ndim == 1:
            self.classes = [np.unique(y if classes is None else read_labels(classes))]
            if len(self.classes[0]) < 2:
                raise ValueError(
                    f"y holds one class only ({self.classes[0].tolist()[0]!r} in "
                    f"{len(y)} rows); a classifier needs at least 2 classes. Pass rows "
                    "of another class."
                )
            self.kind = "binary" if len(self.classes[0]) == 2 else "multiclass"
        elif not is_mixed and type_of_target(y) == "multilabel-indicator":
            self.classes = [np.array([0, 1], dtype=y.dtype)] * y.shape[1]
            self.kind = "multilabel"
        else:
            given = [None] * y.shape[1] if classes is None else classes
            self.classes = [
                np.unique(_of_one_type(column) if some is None else read_labels(some))
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
        return self.kind in ("binary", "multilabel", "ordinal")

    @property
    def public_classes(self):
        """What ``classes_`` shows: an array, or a list of arrays for several outputs.

        Multilabel outputs show their positions, as scikit-learn's MLPClassifier does.
        """
        if self.kind == "multilabel":
            return np.arange(len(self.classes))
        return self.classes[0] if self.kind != "multioutput" else self.classes

    def after(self, y):
        """Return the targets of a training that continues: the same classes."""
        return self

    def strata(self, y):
        """Return the classes that a split keeps in training: all of them."""
        return y

    def of_head(self, head):
        """Return what a head learns: this."""
        return self

    def encode(self, y):
        """Give labels as class numbers, int64 or float32 (n_samples, n_outputs)."""
        columns = y.reshape(len(y), -1).T
        codes = np.empty((len(y), len(self.classes)), dtype=np.int64)
        for j, (column, classes) in enumerate(zip(columns, self.classes)):
            codes[:, j] = _places(classes, column)
        return codes.astype(np.float32) if self.is_sigmoid else codes

    def truth(self, y):
        """Give labels as class numbers, int64 (n_samples, n_outputs)."""
        return self.encode(y).astype(np.int64)

    def class_weights(self, y, class_weight):
        """Return each row's weight by its class, (n_samples,).

        Parameters
        ----------
        y : ndarray
            As of ``encode``.
        class_weight : dict, "balanced", None, or list of these, one an output

        Raises
        ------
        ValueError
            For a weight that is negative or not finite, and for names of classes that
            are not there while a class that is there has none.
        """
        weight = np.ones(len(y))
        if class_weight is None:
            return weight
        codes = self.truth(y)
        if isinstance(class_weight, (list, tuple)):
            if len(class_weight) != len(self.classes):
                raise ValueError(
                    f"class_weight is a list of {len(class_weight)}, and y has "
                    f"{len(self.classes)} outputs. Give a dict for each output."
                )
            given = class_weight
        elif isinstance(class_weight, dict) and len(self.classes) > 1:
            raise ValueError(
                f"class_weight is a dict, and y has {len(self.classes)} outputs. Give "
                "a list with a dict for each output."
            )
        else:
            given = [class_weight] * len(self.classes)
        for column, classes, some in zip(codes.T, self.classes, given):
            if isinstance(some, dict):
                weight *= _read_class_weight(some, classes)[column]
            elif some == "balanced":
                counts = np.bincount(column)
                n_classes = np.count_nonzero(counts)
                weight *= (len(column) / (n_classes * np.maximum(counts, 1)))[column]
            elif some is not None:
                raise ValueError(
                    f"class_weight of an output must be a dict, 'balanced' or None; "
                    f"got {some!r}."
                )
        return weight

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
        probabilities = self.probabilities(logits)
        return probabilities if self.kind == "multioutput" else probabilities[0]

    def probabilities(self, logits):
        """Probabilities of each output's classes, (n_samples, n_classes) each."""
        if self.is_sigmoid:
            positive = expit(logits)
            return [np.column_stack([1 - some, some]) for some in positive.T]
        return [np.exp(log_softmax(logits[:, group], axis=1)) for group in self.groups]

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

    Where the loss learns several quantiles, an output is as many columns, one after
    the other, and so has as many logits. Each column is first brought near 1 by a power
    of two, which rounds nothing: centre and scale are those of the target at unit
    scale, whatever its magnitude.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    weight : ndarray of shape (n_samples,)
    criterion : SquaredError, default=None
        The loss, of :mod:`skmm._training.regression_losses`; None is squared error.

    Attributes
    ----------
    centre, scale : ndarray of shape (n_columns * n_outputs,)
        What the loss standardises by.
    n_columns : int
        Of each output.
    """

    is_classification = has_classes = False
    kind = "regression"
    tasks = None

    def __init__(self, y, weight, criterion=None):
        self.criterion = criterion or SquaredError()
        self.is_vector = y.ndim == 1
        self.n_columns = self.criterion.n_columns
        y = self._as_columns(y)
        self.exponent = _exponents(y)
        y = np.ldexp(y, -self.exponent)
        self.centre, scale = self.criterion.standardise(y, weight)
        # A constant target, up to rounding, is predicted by its centre.
        self.is_constant = self._is_centre(spread(y, self.centre, weight))
        self.scale = np.where(self.is_constant, 1.0, scale)
        self.n_logits = y.shape[1]
        self.groups = [slice(j, j + 1) for j in range(self.n_logits)]

    def after(self, y):
        """Return the targets of a training that continues with these numbers.

        What was constant until now may vary from now on.
        """
        with np.errstate(over="ignore"):
            y = np.ldexp(self._as_columns(y), -self.exponent)
        is_same = self._is_centre(np.abs(y - self.centre).max(axis=0))
        later = copy.copy(self)
        later.is_constant = self.is_constant & is_same
        return later

    @property
    def loss(self):
        """Name of the loss."""
        return self.criterion.name

    def _is_centre(self, distance):
        """Tell of which outputs a distance from the centre is due to rounding."""
        return distance <= _ROUNDING * np.abs(self.centre)

    def strata(self, y):
        """Return the targets: a split keeps nothing of numbers."""
        return y

    def of_head(self, head):
        """Return what a head learns: this."""
        return self

    def encode(self, y):
        """Give targets standardised, float32 (n_samples, n_columns * n_outputs)."""
        # Later targets may be of another magnitude: the largest of them stay finite.
        with np.errstate(over="ignore"):
            y = np.ldexp(self._as_columns(y), -self.exponent)
            codes = (y - self.centre) / self.scale
        return np.clip(codes, -_LARGEST, _LARGEST).astype(np.float32)

    def prior(self, codes, weight):
        """The best constant, (n_columns * n_outputs,)."""
        return np.zeros(self.n_logits)

    def row_loss(self, outputs, codes):
        """Mean loss over the outputs, a tensor (n_samples,)."""
        return self.criterion.row_loss(outputs, codes)

    def average_members(self, outputs):
        """Give outputs (n, n_outputs), the mean over the second axis."""
        return outputs.mean(1)

    def predict(self, outputs):
        """Predictions in the target's own unit; the middle one of several quantiles."""
        y = self.predict_columns(outputs)
        y = _middle(y, self.criterion.quantiles) if self.n_columns > 1 else y[..., 0]
        return y[:, 0] if self.is_vector else y

    def predict_columns(self, outputs):
        """All that is learned of each target, in its own unit.

        Quantiles that cross are put in order, by which they come closer to those of
        the population on average [1]_.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_columns * n_outputs)

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs, n_columns)

        References
        ----------
        .. [1] Chernozhukov, Fernández-Val, Galichon: Quantile and Probability Curves
           Without Crossing, Econometrica 78, 2010.
        """
        with np.errstate(over="ignore"):
            outputs = np.where(self.is_constant, 0.0, outputs)
            y = self.criterion.inverse_link(outputs) * self.scale + self.centre
            y = np.ldexp(y, self.exponent)
        largest = np.finfo(np.float64).max
        y = np.clip(y, -largest, largest)
        return np.sort(y.reshape(len(y), -1, self.n_columns), axis=2)

    def bounds(self, outputs, coverage):
        """Return what an interval starts from, and the unit in which it is widened.

        Parameters
        ----------
        outputs : ndarray of shape (n_samples, n_columns * n_outputs)
        coverage : float

        Returns
        -------
        low, high, unit : ndarray of shape (n_samples, n_outputs)

        Raises
        ------
        ValueError
            If the quantiles that were learned do not lie on both sides of the median.
        """
        columns = self.predict_columns(outputs)
        if self.loss != "quantile":
            return (
                columns[..., 0],
                columns[..., 0],
                self.criterion.unit(columns[..., 0]),
            )
        quantiles = np.asarray(self.criterion.quantiles)
        if not quantiles[0] < 0.5 < quantiles[-1]:
            raise ValueError(
                f"quantile={quantiles.tolist()} is on one side of the median, and an "
                "interval needs both. Fit with several, such as quantile=[0.05, 0.5, "
                "0.95], or with another loss."
            )
        low = np.abs(quantiles - (1 - coverage) / 2)
        high = np.abs(quantiles - (1 + coverage) / 2)
        low[quantiles >= 0.5] = high[quantiles <= 0.5] = np.inf
        low, high = columns[..., low.argmin()], columns[..., high.argmin()]
        return low, high, np.ones(low.shape)

    def truth(self, y):
        """Give the targets as they are, float64 (n_samples, n_outputs)."""
        return y.reshape(len(y), -1).astype(np.float64)

    def _as_columns(self, y):
        """Return targets with each output as often as it has columns, checked."""
        y = y.reshape(len(y), -1)
        self.criterion.check(y)
        return np.repeat(y, self.n_columns, axis=1)

    def score(self, y, y_pred, weight):
        """Return the weighted R², the mean of all outputs; None for a single row."""
        if len(y) < 2:
            return None
        return r_squared(y, y_pred, weight)


def r_squared(y, y_pred, sample_weight=None):
    """Return R², the mean of all outputs, for targets of any magnitude.

    Squares of numbers beyond 1e154 are infinite, and those below 1e-162 are 0.

    Parameters
    ----------
    y, y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), default=None
    """
    y, y_pred = (some.reshape(len(some), -1) for some in (y, y_pred))
    exponent = _exponents(y)
    with np.errstate(over="ignore"):
        y, y_pred = (np.ldexp(some, -exponent) for some in (y, y_pred))
    y_pred = np.clip(y_pred, -_LARGEST, _LARGEST)
    return float(r2_score(y, y_pred, sample_weight=sample_weight))


def _middle(y, quantiles):
    """Return the quantile nearest the median; the mean of two that are as near.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs, n_quantiles)
    quantiles : sequence of float
    """
    distance = np.abs(np.asarray(quantiles) - 0.5)
    nearest = np.flatnonzero(distance <= distance.min() + 1e-9)
    # Not the mean of both at once, which may be beyond the largest number.
    return (y[..., nearest] / len(nearest)).sum(axis=2)


#: Relative distance from the mean that rounding alone may make.
_ROUNDING = 10 * np.finfo(np.float64).eps

#: Of a standardised target: its square is a number in float32.
_LARGEST = 1e18


def _exponents(y):
    """Return the power of two of each column's largest number, int32 (n_outputs,)."""
    return np.frexp(np.abs(y).max(axis=0))[1]


def _of_one_type(column):
    """Return a column of an object array with the type that its labels have."""
    is_text = column.dtype != object or isinstance(column[0], str)
    return column if is_text else np.array(column.tolist())


def _places(classes, column):
    """Return each label's place among the sorted classes."""
    place = _find(classes, column)
    if (place < 0).any():
        bad = list(dict.fromkeys(column[place < 0].tolist()))
        raise ValueError(
            f"y holds labels that no row of the first fit had: {bad[:5]} in "
            f"{int((place < 0).sum())} rows. Pass all labels as classes= to the first "
            "partial_fit; rows that validate have labels of rows that train."
        )
    return place


def _find(classes, column):
    """Return each label's place among the sorted classes, -1 where it is not there."""
    import pandas as pd

    kinds = {classes.dtype.kind, column.dtype.kind}
    if kinds <= set("biuf") or kinds == {"M"} or kinds == {"m"}:
        place = np.minimum(np.searchsorted(classes, column), len(classes) - 1)
        return np.where(classes[place] == column, place, -1)
    # Labels of another type than the classes cannot be compared, but looked up.
    return pd.Index(classes.astype(object), dtype=object).get_indexer(
        pd.Index(column.astype(object), dtype=object)
    )


def _read_class_weight(class_weight, classes):
    """Return the weight of each class, 1 where none is given."""
    weights = np.ones(len(classes))
    unknown, named = [], set()
    for label, weight in class_weight.items():
        try:
            value = float(weight)
        except (TypeError, ValueError):
            value = np.nan
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(
                f"class_weight of class {label!r} is {weight!r}: weights are finite "
                "numbers, and not negative. To leave a class out, leave out its rows."
            )
        place = _find(classes, np.array([label], dtype=object))[0]
        if place < 0:
            unknown.append(label)
        else:
            named.add(place)
            weights[place] = value
    # A fold that lacks a rare class is no reason to stop, a misspelled name is.
    if unknown and len(named) < len(classes):
        raise ValueError(
            f"class_weight names {unknown[:5]}, and the classes of y are "
            f"{classes[:20].tolist()}. Name these, or leave names out for a weight of "
            "1."
        )
    return weights
