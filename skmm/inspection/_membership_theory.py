"""What differential privacy allows an attacker to guess."""

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom

#: No bound is larger: so far, all guesses of any audit would have to be right.
_LARGEST = 100.0


def p_value(n_canaries, n_guesses, n_correct, epsilon, delta):
    """Return the probability that so many guesses are right, at most.

    If the training is private, the number of right guesses is at most, in
    distribution, that of coins that show heads with probability
    ``1 / (1 + exp(-epsilon))``, but for what delta allows [1]_.

    Parameters
    ----------
    n_canaries : int
        Rows that are in with probability one half, independently.
    n_guesses, n_correct : int
    epsilon, delta : float

    References
    ----------
    .. [1] Steinke, Nasr, Jagielski: Privacy Auditing with One (1) Training Run, NeurIPS
       2023, theorem 5.2.
    """
    coin = binom(n_guesses, 1 / (1 + np.exp(-epsilon)))
    likely = coin.sf(n_correct - 1)
    if delta > 0 and n_correct:
        fewer = np.arange(1, n_correct + 1)
        below = coin.cdf(n_correct - 1) - coin.cdf(n_correct - fewer - 1)
        likely += 2 * n_canaries * delta * (below / fewer).max()
    return float(min(likely, 1.0))


def bound_epsilon(n_canaries, n_guesses, n_correct, delta, confidence):
    """Return the largest epsilon that the guesses rule out; 0 if none.

    Parameters
    ----------
    n_canaries, n_guesses, n_correct : int
    delta : float
    confidence : float
    """

    def excess(epsilon):
        p = p_value(n_canaries, n_guesses, n_correct, epsilon, delta)
        return p - (1 - confidence)

    if excess(0.0) >= 0:
        return 0.0
    if excess(_LARGEST) <= 0:
        return _LARGEST
    return float(brentq(excess, 0.0, _LARGEST, xtol=1e-9))
