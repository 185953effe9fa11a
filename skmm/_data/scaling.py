"""Standardised numbers of any finite magnitude."""

import numpy as np


def mean_and_scale(values, axis=0):
    """Return mean and standard deviation of what is not NaN.

    Numbers are first brought near 1 by a power of two, which rounds nothing, so that
    squares neither overflow nor vanish.

    Parameters
    ----------
    values : ndarray
    axis : int or None, default=0
        None takes all numbers together.

    Returns
    -------
    mean : ndarray or float
    scale : ndarray or float
        Of what is constant up to rounding, its own magnitude.
    """
    counts = np.maximum((~np.isnan(values)).sum(axis), 1)
    exponent = np.frexp(np.nan_to_num(np.abs(values)).max(axis))[1]
    values = np.ldexp(values, -exponent)
    mean = np.nansum(values, axis) / counts
    variance = np.nansum((values - mean) ** 2, axis) / counts
    scale = np.where(variance > 1e-24, np.sqrt(variance), 1.0)
    return np.ldexp(mean, exponent), np.ldexp(scale, np.minimum(exponent, 1023))
