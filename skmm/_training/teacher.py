"""What a fitted estimator says of rows, for another one to learn."""

import numpy as np
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

#: What probabilities are at least: a teacher may be sure.
_LEAST = 1e-6


def check_teacher(teacher, targets):
    """Raise an error for what cannot teach these targets.

    Parameters
    ----------
    teacher : estimator
    targets : ClassificationTargets or RegressionTargets

    Raises
    ------
    TypeError
        If it does not predict what is needed.
    ValueError
        If it is not fitted, and for losses that cannot be taught.
    """
    method = "predict_proba" if targets.is_classification else "predict"
    name = type(getattr(teacher, "estimator", teacher)).__name__
    try:
        check_is_fitted(teacher)
    except NotFittedError:
        raise ValueError(
            f"teacher={name} is not fitted. Fit it, and pass "
            "teacher=FrozenEstimator(model) of sklearn.frozen, which clone keeps "
            "fitted."
        ) from None
    if not hasattr(teacher, method):
        raise TypeError(
            f"teacher={name} has no {method}, which is what the other estimator "
            "learns from. Take one that has."
        )
    if targets.loss == "quantile":
        raise ValueError(
            "A teacher says one number for each row, and loss='quantile' learns "
            "others. Take another loss, or teacher=None."
        )


def ask_teacher(teacher, X, targets, temperature=1.0):
    """Return what a teacher says of rows.

    Parameters
    ----------
    teacher : estimator
        Fitted.
    X : DataFrame
    targets : ClassificationTargets or RegressionTargets
    temperature : float, default=1.0

    Returns
    -------
    said : ndarray of shape (n_rows, n_logits)
        Probabilities at the temperature, of each sigmoid's 1 or of each class; for
        numbers, predictions as the targets encode them.
    """
    check_teacher(teacher, targets)
    if not targets.is_classification:
        return targets.encode(np.asarray(teacher.predict(X), dtype=np.float64))
    found = _probabilities(teacher, X, targets)
    if targets.kind == "ordinal":
        said = 1 - np.cumsum(found[0], axis=1)[:, :-1]
    elif targets.is_sigmoid:
        said = np.column_stack([some[:, 1] for some in found])
    else:
        said = np.empty((len(X), targets.n_logits))
        for group, some in zip(targets.groups, found):
            log_p = log_softmax(np.log(np.maximum(some, _LEAST)), axis=1)
            said[:, group] = softmax(log_p / temperature, axis=1)
        return said
    return expit(logit(np.clip(said, _LEAST, 1 - _LEAST)) / temperature)


def _probabilities(teacher, X, targets):
    """Return the probabilities of each output's classes, in the order of targets."""
    found = teacher.predict_proba(X)
    if targets.kind == "multilabel" and not isinstance(found, list):
        found = [np.column_stack([1 - some, some]) for some in np.asarray(found).T]
        known = [np.array([0, 1])] * len(found)
    elif isinstance(found, list):
        known = list(teacher.classes_)
    else:
        found, known = [found], [teacher.classes_]
    if len(found) != len(targets.classes):
        raise ValueError(
            f"The teacher predicts {len(found)} outputs, and y has "
            f"{len(targets.classes)}."
        )
    return [
        _in_order(some, list(classes), list(wanted))
        for some, classes, wanted in zip(found, known, targets.classes)
    ]


def _in_order(found, classes, wanted):
    if set(classes) != set(wanted):
        raise ValueError(
            f"The teacher knows the classes {classes[:10]}, and y has {wanted[:10]}. "
            "Fit it on the same classes."
        )
    return np.asarray(found)[:, [classes.index(one) for one in wanted]]
