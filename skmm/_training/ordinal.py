"""Classes with an order."""

import numpy as np
from scipy.special import expit

from skmm._training.targets import ClassificationTargets


class OrdinalTargets(ClassificationTargets):
    """Classes with an order, such as ratings: a logit for each threshold between them.

    Each head learns for every class but the last how likely a row lies above it [1]_;
    what is predicted is the median class.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Numbers: their order is that of the classes.
    classes : array, default=None
        All classes, where ``y`` may not have them all.

    Raises
    ------
    ValueError
        For several outputs, and for classes that are not numbers.

    References
    ----------
    .. [1] Frank, Hall: A Simple Approach to Ordinal Classification, ECML 2001.
    """

    loss = "ordinal"

    def __init__(self, y, classes=None):
        if y.ndim != 1:
            raise ValueError(
                f"loss='ordinal' takes one target; y has the shape {y.shape}. Fit a "
                "classifier for each output."
            )
        super().__init__(y, classes)
        (known,) = self.classes
        if known.dtype.kind not in "biuf":
            raise ValueError(
                "loss='ordinal' takes classes that are numbers, whose order is known; "
                f"y has {known[:5].tolist()}. Give each class its number, for example "
                "by y.map({'low': 0, 'high': 1})."
            )
        self.kind = "ordinal"
        self.n_logits = len(known) - 1
        self.groups = [slice(j, j + 1) for j in range(self.n_logits)]

    def encode(self, y):
        """Tell which thresholds labels are above, float32 (n_samples, n_logits)."""
        return (self.truth(y) > np.arange(self.n_logits)).astype(np.float32)

    def truth(self, y):
        """Give labels as class numbers, int64 (n_samples, 1)."""
        return super().encode(y).astype(np.int64)

    def probabilities(self, logits):
        """Probabilities of the classes, a list of one array (n_samples, n_classes)."""
        # Above a higher threshold less can lie.
        above = -np.sort(-expit(logits), axis=1)
        ends = np.ones((len(logits), 1))
        return [-np.diff(np.hstack([ends, above, 0 * ends]), axis=1)]

    def predict(self, logits):
        """Labels of the median classes, (n_samples,)."""
        return self.classes[0][(logits > 0).sum(axis=1)]
