"""One temperature for probabilities, fitted on rows that the model has not seen."""

import numpy as np
from scipy.optimize import minimize_scalar

#: Rows that a pull of the temperature's logarithm towards 0 stands for.
_PRIOR_ROWS = 5.0
#: Least probability: a class that a model never saw is not impossible.
_LEAST = 1e-6


def cool(shares, temperature):
    """Return probabilities whose logarithms are divided by a temperature.

    Parameters
    ----------
    shares : ndarray of shape (n_samples, n_classes)
    temperature : float
    """
    if temperature == 1:
        return shares
    logits = np.log(np.maximum(shares, np.finfo(np.float64).tiny)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def find_temperature(shares, codes, weight):
    """Return the temperature of the least log-loss, and that loss.

    Parameters
    ----------
    shares : ndarray of shape (n_samples, n_classes)
    codes : ndarray of int of shape (n_samples,)
    weight : ndarray of shape (n_samples,)

    Returns
    -------
    temperature, loss : float
    """
    total = weight.sum()
    if not total > 0:
        return 1.0, np.inf
    shares = np.maximum(shares, _LEAST)
    rows = np.arange(len(codes))

    def loss(log_temperature):
        found = cool(shares, np.exp(log_temperature))[rows, codes]
        return -(weight @ np.log(np.maximum(found, _LEAST))) / total

    def pulled(log_temperature):
        return loss(log_temperature) + _PRIOR_ROWS / len(codes) * log_temperature**2

    best = minimize_scalar(pulled, bounds=(-2.0, 3.0), method="bounded").x
    return float(np.exp(best)), float(loss(best))
