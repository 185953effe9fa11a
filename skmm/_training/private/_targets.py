"""Targets of which all is declared, and nothing learned from rows."""

import numpy as np

from skmm._training.regression_losses import make_loss
from skmm._training.targets import ClassificationTargets, RegressionTargets

#: Losses of numbers whose scale may be any.
LOSSES = ("squared_error", "absolute_error", "huber")


class DeclaredClasses(ClassificationTargets):
    """Classes of one output, as they are declared.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    classes : sequence
    """

    def __init__(self, y, classes):
        _check_single(y)
        try:
            super().__init__(y, classes)
            self.encode(y)
        except ValueError as error:
            raise ValueError(
                f"PrivacySpec(classes={list(classes)}) does not fit the target: {error}"
            ) from error

    def prior(self, codes, weight):
        """Return logits that prefer no class: shares are not declared."""
        return np.zeros(self.n_logits)


class DeclaredRange(RegressionTargets):
    """Numbers of one output, scaled by their declared range.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    limits : (float, float)
        Numbers outside are read as these.
    loss : str
    """

    def __init__(self, y, limits, loss):
        _check_single(y)
        self.criterion = make_loss(loss)
        self.is_vector = True
        self.n_columns = self.n_logits = 1
        low, high = map(float, limits)
        self.limits = low, high
        self.exponent = np.zeros(1, dtype=int)
        self.centre = np.array([low / 2 + high / 2])
        self.scale = np.array([high / 2 - low / 2])
        self.is_constant = np.zeros(1, dtype=bool)
        self.groups = [slice(0, 1)]

    def encode(self, y):
        """Give targets between -1 and 1, float32 (n_samples, 1)."""
        return super().encode(np.clip(y, *self.limits))


def _check_single(y):
    if y.ndim != 1:
        raise ValueError(
            f"y has {y.shape[1]} outputs, and a private training has one. Fit an "
            "estimator for each; their budgets add up."
        )
