"""The one sentence that a fusion report ends in."""

from typing import NamedTuple

import numpy as np

#: The smallest gain that matters, as a share of what the best single modality scores
#: above the prior, where the user names none.
SHARE = 0.05


class Verdict(NamedTuple):
    """An answer ("yes", "no", "unclear") and the sentence that says why."""

    answer: str
    sentence: str


def decide(comparisons, best, scores, prior, *, margin, n_samples, test, alpha):
    """Return the verdict.

    Parameters
    ----------
    comparisons : list of Comparison
        The estimator as it is comes first.
    best : str
        The single modality of the highest mean.
    scores : dict of str to ndarray of shape (n_folds,)
    prior : str or None
        Which of the scores is the prior's.
    margin : float
    n_samples : int
    test : ResampledTest
    alpha : float

    Returns
    -------
    verdict : Verdict
    """
    better = [one for one in comparisons if one.better]
    if better:
        one = better[0]
        if one is not comparisons[0]:
            one = max(better, key=lambda other: other.gain)
        tell = _Numbers(one.low, one.high)
        little = ", but little" if one.high < margin else ""
        less = ""
        if little:
            less = f", less than the {tell.score(margin)} that would matter"
        return Verdict(
            "yes",
            f"Yes{little}: {one.model} gains {tell.gain(one)} over {best} alone "
            f"({tell.score(np.mean(scores[best]))} to "
            f"{tell.score(np.mean(scores[one.model]))}){less}.",
        )
    highest = max(comparisons, key=lambda one: one.gain)
    tell = _Numbers(highest.low, highest.high)
    single = f"{best} alone ({tell.score(np.mean(scores[best]))})"
    found = f"{highest.model} gains {tell.gain(highest)}"
    models = [best, *(one.model for one in comparisons)]
    if prior is not None and not _any_above(scores, models, prior, test, alpha):
        return Verdict(
            "unclear",
            f"Cannot tell with these {n_samples} rows: neither {single} nor a fusion "
            f"is beyond chance above the prior ({tell.score(np.mean(scores[prior]))}).",
        )
    if all(one.high < 0 for one in comparisons):
        return Verdict("no", f"No: {single} is better; {found}.")
    if all(one.high < margin for one in comparisons):
        return Verdict(
            "no",
            f"No: {single} is as good; {found}, and a gain below "
            f"{tell.score(margin)} would not matter.",
        )
    return Verdict(
        "unclear",
        f"Cannot tell with these {n_samples} rows: {found} over {single}; more rows, "
        "or folds that are repeated, would tell more.",
    )


def smallest_that_matters(best, prior):
    """Return a twentieth of the way from the prior to the best single modality."""
    return max(SHARE * float(np.mean(best) - np.mean(prior)), 0.0)


def _any_above(scores, models, prior, test, alpha):
    p_values = [test.p_value(scores[name] - scores[prior]) for name in models]
    return min(p_values) < alpha / len(models)


class _Numbers:
    """Write numbers with as many decimals as an interval's width has to tell."""

    def __init__(self, low, high):
        self.decimals = count_decimals(high - low)

    def score(self, number):
        return f"{number:.{self.decimals}f}"

    def gain(self, one):
        return f"{self.score(one.gain)} [{self.score(one.low)}, {self.score(one.high)}]"


def count_decimals(width):
    """Return how many decimals show two digits of a width: 0 to 4."""
    if not 0 < width < np.inf:
        return 3
    return int(np.clip(1 - np.floor(np.log10(width)), 0, 4))
