"""Whether one model scores higher than others on the same folds."""

from typing import NamedTuple

import numpy as np
from scipy import stats


class Comparison(NamedTuple):
    """How a model that joins modalities compares with the best single one.

    ``gain`` is over the single modality of the highest mean. ``low`` and ``high`` bound
    the gain over the one that is truly best, whichever that is, and so does
    ``p_value``; ``p_holm`` is corrected for the number of comparisons.
    """

    model: str
    gain: float
    low: float
    high: float
    p_value: float
    p_holm: float
    better: bool


class ResampledTest:
    """The corrected resampled t-test of Nadeau and Bengio, on the scores of folds.

    Folds share most of their training rows, so that their scores vary less than those
    of fresh samples would: the variance is enlarged by the ratio of test to training
    rows.

    Parameters
    ----------
    n_folds : int
    ratio : float
        Rows that are tested, divided by rows that are trained on.

    References
    ----------
    Nadeau, Bengio: Inference for the Generalization Error, Machine Learning 52, 2003.
    """

    def __init__(self, n_folds, ratio):
        self.factor = 1 / n_folds + ratio
        self.freedom = n_folds - 1

    def error(self, values):
        """Return the standard error of the mean of values, one a fold."""
        # Differences that are equal but for rounding have no variance.
        spread = np.ptp(values)
        if spread <= 1e-12 * np.abs(values).max(initial=1e-300):
            return 0.0
        return float(np.sqrt(self.factor * np.var(values, ddof=1)))

    def interval(self, values, level):
        """Return the two-sided interval of a mean; ``level`` is what lies outside."""
        half = self.quantile(level) * self.error(values)
        return np.mean(values) - half, np.mean(values) + half

    def quantile(self, level):
        """Return the quantile of t of which half the level lies beyond."""
        return stats.t.ppf(1 - level / 2, self.freedom)

    def p_value(self, values):
        """Return the two-sided p-value of a mean above zero; 1 for one below."""
        mean, error = np.mean(values), self.error(values)
        if mean <= 0:
            return 1.0
        if error == 0:
            return 0.0
        return float(min(1.0, 2 * stats.t.sf(mean / error, self.freedom)))


def compare(scores, singles, family, test, alpha):
    """Compare each model of a family with the best single modality.

    Which single modality is best is not known, and the one of the highest mean on the
    same folds is flattered by its choice. Therefore a model is better only if it is
    better than each of them (an intersection-union test, which needs no correction
    [1]_), and the upper bound of its gain is the least over all of them, each at a
    level divided by their number. Over the family the level is Holm's [2]_: a model
    that is better has the interval of its step, all others that of the first step, so
    that an interval lies above zero exactly where a model is better.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_folds,)
    singles, family : list of str
    test : ResampledTest
    alpha : float

    Returns
    -------
    comparisons : list of Comparison
        In the order of the family.

    References
    ----------
    .. [1] Berger: Multiparameter Hypothesis Testing and Acceptance Sampling,
       Technometrics 24, 1982.
    .. [2] Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian
       Journal of Statistics 6, 1979.
    """
    gains = {name: [scores[name] - scores[one] for one in singles] for name in family}
    p_values = [max(map(test.p_value, gains[name])) for name in family]
    corrected = holm(p_values)
    # How many hypotheses are left when Holm's procedure comes to each.
    left = len(family) - np.argsort(np.argsort(p_values, kind="stable"))
    compared = []
    for i, name in enumerate(family):
        better = bool(corrected[i] < alpha)
        level = alpha / (left[i] if better else len(family))
        lows = [test.interval(some, level)[0] for some in gains[name]]
        highs = [test.interval(some, level / len(singles))[1] for some in gains[name]]
        compared.append(
            Comparison(
                name,
                gain=float(min(map(np.mean, gains[name]))),
                low=float(min(lows)),
                high=float(min(highs)),
                p_value=p_values[i],
                p_holm=float(corrected[i]),
                better=better,
            )
        )
    return compared


def holm(p_values):
    """Return p-values corrected for their number by Holm's procedure."""
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(steps)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
