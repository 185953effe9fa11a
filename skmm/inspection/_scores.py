"""Scores of predictions, on all rows and on bootstrap samples of them."""

import functools

import numpy as np
from sklearn.metrics import check_scoring

from skmm._data.frames import as_frame, take_rows
from skmm.inspection._hiding import view_of


class Scores:
    """Score logits by one metric.

    Of the commonest metrics a function of the rows' weights is made once, which is
    called for each sample; for any other the scorer is asked again.

    Parameters
    ----------
    estimator : BaseMultimodal
    X : table
    y : ndarray
    scoring : str, callable or None
    sample_weight : ndarray of shape (n_rows,) or None
    counts : ndarray of int of shape (n_bootstraps, n_rows)
        How often each row is drawn.
    """

    def __init__(self, estimator, X, y, scoring, sample_weight, counts):
        self.estimator = estimator
        self.scorer = check_scoring(estimator, scoring=scoring)
        self.X = X
        self.y = y
        self.weight = sample_weight
        self.counts = counts
        name = _own_metric(estimator) if scoring is None else scoring
        self.quick = _QUICK.get(name) if isinstance(name, str) else None

    @functools.cached_property
    def frame(self):
        """X, as a frame of which rows can be taken."""
        return as_frame(self.X)

    def __call__(self, logits):
        """Return the score on all rows, then on each bootstrap sample.

        Parameters
        ----------
        logits : ndarray of shape (n_rows, n_logits)

        Returns
        -------
        scores : ndarray of shape (1 + n_bootstraps,)
        """
        view = view_of(self.estimator, self.X, logits)
        scores = [self._score(view, self.X, self.y, self.weight)]
        of_weights = None
        if self.quick is not None and len(self.counts):
            of_weights = self.quick(view, self.X, self.y)
        for counts in self.counts:
            if of_weights is None:
                scores.append(self._of_sample(logits, counts))
            else:
                weight = 1.0 if self.weight is None else self.weight
                scores.append(of_weights(counts * weight))
        return np.array(scores)

    def _score(self, view, X, y, weight):
        options = {} if weight is None else {"sample_weight": weight}
        return float(self.scorer(view, X, y, **options))

    def _of_sample(self, logits, counts):
        rows = np.repeat(np.arange(len(counts)), counts)
        X = take_rows(self.frame, rows)
        weight = None if self.weight is None else self.weight[rows]
        return self._score(
            view_of(self.estimator, X, logits[rows]), X, self.y[rows], weight
        )


def resampled_means(values, counts, weight=None):
    """Return the weighted means of rows' values in bootstrap samples.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_values)
    counts : ndarray of int of shape (n_samples, n_rows)
    weight : ndarray of shape (n_rows,), default=None

    Returns
    -------
    means : ndarray of shape (n_samples, n_values)
    """
    weight = np.ones(len(values)) if weight is None else weight
    columns = np.column_stack([weight[:, None] * values, weight])
    means = np.empty((len(counts), values.shape[1]))
    for i, some in enumerate(counts):  # the counts take a byte, and a float would 8
        sums = some @ columns
        means[i] = sums[:-1] / sums[-1]
    return means


def draw_counts(y, n_bootstraps, rng, is_classification):
    """Draw how often each row is in each bootstrap sample.

    Rows are drawn within their class where each has one, so that no sample lacks a
    class and every score exists.

    Parameters
    ----------
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    n_bootstraps : int
    rng : RandomState
    is_classification : bool

    Returns
    -------
    counts : ndarray of uint8 of shape (n_bootstraps, n_rows)
    """
    strata = [np.arange(len(y))]
    if is_classification and y.ndim == 1:
        _, codes = np.unique(y, return_inverse=True)
        strata = [np.flatnonzero(codes == k) for k in range(codes.max() + 1)]
    counts = np.zeros((n_bootstraps, len(y)), dtype=np.uint8)
    for some in counts:
        for rows in strata:
            drawn = rng.randint(len(rows), size=len(rows))
            some[rows] = np.minimum(np.bincount(drawn, minlength=len(rows)), 255)
    return counts


def log_loss_of_classes(model, X, y):
    """Return each row's log-loss of each class against all others, negated.

    Parameters
    ----------
    model : fitted classifier
    X : table
    y : ndarray of shape (n_rows,), or (n_rows, n_labels) of 0 and 1

    Returns
    -------
    scores : ndarray of shape (n_rows, n_classes)
    """
    shares = np.asarray(model.predict_proba(X))
    is_one = y if y.ndim == 2 else y[:, None] == model.classes_
    least = np.finfo(shares.dtype).eps
    shares = np.clip(shares, least, 1 - least)
    return np.where(is_one, np.log(shares), np.log1p(-shares))


def name_scoring(estimator, scoring):
    """Return the name of a metric, for people.

    Parameters
    ----------
    estimator : object
        Whose own metric None stands for.
    scoring : str, callable or None
    """
    if isinstance(scoring, str):
        return scoring
    if scoring is None:
        return _own_metric(estimator) or "score"
    return getattr(scoring, "__name__", "score")


def _own_metric(estimator):
    """Return the name of what ``score`` of an estimator is, None if it is not ours."""
    from skmm import MultimodalClassifier, MultimodalRegressor

    known = {
        MultimodalClassifier.score: "accuracy",
        MultimodalRegressor.score: "r2",
    }
    return known.get(getattr(type(estimator), "score", None))


def _mean_of(values):
    """Return the function from weights to the mean of rows' values."""
    return lambda weight: float(np.average(values, weights=weight))


def _accuracy(model, X, y):
    right = (model.predict(X) == y).reshape(len(y), -1).all(axis=1)
    return _mean_of(right.astype(float))


def _log_loss(model, X, y):
    shares, classes = model.predict_proba(X), np.unique(y)
    if y.ndim != 1 or len(classes) != shares.shape[1]:
        return None
    least = np.finfo(shares.dtype).eps
    own = shares[np.arange(len(y)), np.searchsorted(classes, y)]
    return _mean_of(np.log(np.clip(own, least, 1 - least)))


def _roc_auc(model, X, y):
    if y.ndim != 1 or len(np.unique(y)) != 2:
        return None
    score = model.predict_proba(X)[:, 1]
    order = np.argsort(score)
    is_positive = (y == model.classes_[1])[order]
    # Of equal scores each pair counts for a half.
    starts = np.flatnonzero(np.append(True, np.diff(score[order]) > 0))

    def of_weights(weight):
        weight = weight[order]
        positive = np.add.reduceat(weight * is_positive, starts)
        negative = np.add.reduceat(weight * ~is_positive, starts)
        below = negative.cumsum() - negative / 2
        return positive @ below / (positive.sum() * negative.sum())

    return of_weights


def _errors(model, X, y):
    return np.asarray(model.predict(X) - y, dtype=float).reshape(len(y), -1)


def _squared_error(model, X, y):
    return _mean_of(-(_errors(model, X, y) ** 2).mean(axis=1))


def _absolute_error(model, X, y):
    return _mean_of(-np.abs(_errors(model, X, y)).mean(axis=1))


def _root_of_squared_error(model, X, y):
    squared = _errors(model, X, y) ** 2
    return lambda weight: -np.sqrt(np.average(squared, axis=0, weights=weight)).mean()


def _r2(model, X, y):
    from skmm._training.targets import r_squared

    y_pred = model.predict(X)
    return lambda weight: r_squared(y, y_pred, weight)


#: Metrics that are resampled without their scorer: from a model, X and y to a function
#: of the rows' weights, None where the scorer itself is to be asked.
_QUICK = {
    "accuracy": _accuracy,
    "neg_log_loss": _log_loss,
    "roc_auc": _roc_auc,
    "neg_mean_squared_error": _squared_error,
    "neg_mean_absolute_error": _absolute_error,
    "neg_root_mean_squared_error": _root_of_squared_error,
    "r2": _r2,
}
