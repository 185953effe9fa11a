"""Intervals and sets that hold the target as often as is asked: conformal prediction.

References
----------
.. [1] Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, Springer 2005.
.. [2] Romano, Patterson, Candès: Conformalized Quantile Regression, NeurIPS 2019.
.. [3] Sadinle, Lei, Wasserman: Least Ambiguous Set-Valued Classifiers with Bounded
   Error Levels, Journal of the American Statistical Association 114, 2019.
.. [4] Romano, Sesia, Candès: Classification with Valid and Adaptive Coverage, NeurIPS
   2020.
"""

import numbers

import numpy as np

from skmm._training.mixture import Mixture

#: Parts of the validation rows, each of which is mixed by what the others say.
_N_FOLDS = 5


def mix_apart(heads, logits, codes, weight, targets):
    """Return what is predicted for validation rows, each mixed by other rows.

    The mixture is fitted on these rows, so that its own predictions of them are a
    little too good to tell how far off those of new rows will be.

    Parameters
    ----------
    heads : list of str
    logits : dict of str to ndarray of shape (n_samples, n_logits)
    codes : ndarray of shape (n_samples, n_columns)
    weight : ndarray of shape (n_samples,)
    targets : ClassificationTargets or RegressionTargets

    Returns
    -------
    mixed : ndarray of shape (n_samples, n_logits)
    """
    # Rows may come in an order of their own; the same rows are always parted alike.
    folds = np.random.default_rng(0).permutation(len(codes)) % _N_FOLDS
    mixed = np.empty((len(codes), targets.n_logits))
    for fold in range(_N_FOLDS):
        own, rest = folds == fold, folds != fold
        others = {head: some[rest] for head, some in logits.items()}
        mixture = Mixture.of_codes(heads, others, codes[rest], weight[rest], targets)
        mixed[own] = mixture({head: some[own] for head, some in logits.items()})
    return mixed


def predict_interval(targets, outputs, known, coverage):
    """Return intervals of numbers.

    Parameters
    ----------
    targets : RegressionTargets
    outputs : ndarray of shape (n_samples, n_logits)
        Of the rows to predict.
    known : tuple of (outputs, truth, weight)
        Of the rows that calibrate: what is predicted for them, what is true, and how
        much each counts.
    coverage : float

    Returns
    -------
    interval : ndarray of shape (n_samples, n_outputs, 2)
    """
    _check_coverage(coverage)
    outputs_known, truth, weight = known
    low, high, unit = targets.bounds(outputs_known, coverage)
    with np.errstate(over="ignore"):
        beyond = np.maximum(low - truth, truth - high) / unit
    margin = np.array([_least_that_holds(some, weight, coverage) for some in beyond.T])
    low, high, unit = targets.bounds(outputs, coverage)
    middle = low / 2 + high / 2
    # Where quantiles lie too far apart the margin is negative.
    low = np.minimum(low - margin * unit, middle)
    high = np.maximum(high + margin * unit, middle)
    return np.stack([np.maximum(low, targets.criterion.least), high], axis=-1)


def predict_set(targets, outputs, known, coverage, method="threshold"):
    """Return the classes that are likely enough, and the likeliest in any case.

    Parameters
    ----------
    targets : ClassificationTargets
    outputs : ndarray of shape (n_samples, n_logits)
    known : tuple of (outputs, truth, weight)
    coverage : float
    method : {"threshold", "adaptive"}, default="threshold"

    Returns
    -------
    sets : list of ndarray of bool of shape (n_samples, n_classes), one an output
    """
    _check_coverage(coverage)
    if method not in _SCORES:
        raise ValueError(f"method={method!r} is neither 'threshold' nor 'adaptive'.")
    score = _SCORES[method]
    outputs_known, truth, weight = known
    sets = []
    found = targets.probabilities(outputs), targets.probabilities(outputs_known)
    for j, (shares, shares_known) in enumerate(zip(*found)):
        own = score(shares_known)[np.arange(len(truth)), truth[:, j]]
        some = score(shares) <= _least_that_holds(own, weight, coverage)
        some[np.arange(len(some)), shares.argmax(axis=1)] = True
        sets.append(some)
    return sets


def _unlikely(shares):
    """Return by how much each class is less than certain [3]_."""
    return 1 - shares


def _more_likely(shares):
    """Return the probability of all classes that are as likely as each, or more [4]_.

    The paper draws whether the last class of a set belongs to it, for sets that are as
    small as can be. Here the same row has the same set whenever it is asked for.
    """
    order = np.argsort(-shares, axis=1, kind="stable")
    ordered = np.take_along_axis(shares, order, axis=1)
    total = ordered.cumsum(axis=1)
    for j in range(shares.shape[1] - 2, -1, -1):
        # Of classes that are equally likely none comes first.
        is_equal = ordered[:, j] == ordered[:, j + 1]
        total[is_equal, j] = total[is_equal, j + 1]
    found = np.empty_like(total)
    np.put_along_axis(found, order, total, axis=1)
    return found


#: What a class has less of, the sooner it is in a set.
_SCORES = {"threshold": _unlikely, "adaptive": _more_likely}


def _check_coverage(coverage):
    is_number = isinstance(coverage, numbers.Real) and not isinstance(coverage, bool)
    if not is_number or not 0 < coverage < 1:
        raise ValueError(
            f"coverage={coverage!r}: give the share of targets that is to be covered, "
            "a number between 0 and 1 such as 0.9."
        )


def _least_that_holds(scores, weight, coverage):
    """Return the least score that holds a new row with the probability of `coverage`.

    The new row counts as one more, of average weight, that lies beyond all others.
    """
    scores, weight = scores[weight > 0], weight[weight > 0]
    order = np.argsort(scores)
    total = weight.sum() + weight.mean() if len(weight) else 1.0
    holds = np.cumsum(weight[order]) / total >= coverage - 1e-9
    if not holds.any():
        least = int(np.ceil(coverage / (1 - coverage) - 1e-9))
        raise ValueError(
            f"coverage={coverage:g} needs at least {least} rows that calibrate, and "
            f"there are {len(scores)}. Ask for less, fit with validation=5, which "
            "calibrates on all rows, or pass more as calibration=(X, y)."
        )
    return scores[order][holds.argmax()]
