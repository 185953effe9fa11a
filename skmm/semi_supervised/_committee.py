"""What several classifiers say together, each weighed by rows that it has not seen."""

import numpy as np
from scipy.special import expit, log_softmax

from skmm._training.mixture import Mixture
from skmm._training.targets import ClassificationTargets

#: Least probability: a class that a member never saw is not impossible.
_LEAST = 1e-4


class Committee:
    """Weights of members, by which the logarithms of their probabilities are added.

    A member that has nothing to go by in a row abstains, and the others count more.

    Parameters
    ----------
    names : list of str
    classes : ndarray of shape (n_classes,)
    weights : ndarray of shape (n_members,), default=None
        None stands for equal ones of the sum 1.

    Notes
    -----
    Members are handed over as ``shares``, a dict of their probabilities
    (n_samples, n_classes), and ``present``, a dict of masks (n_samples,) of those that
    may abstain.
    """

    def __init__(self, names, classes, weights=None):
        self.names = list(names)
        self.classes = classes
        if weights is None:
            weights = np.full(len(self.names), 1 / len(self.names))
        self.weights = weights

    def weighed(self, shares, present, codes, weight):
        """Return a committee with weights fitted on rows that no member has seen.

        Parameters
        ----------
        shares, present : dict of str to ndarray
        codes : ndarray of int of shape (n_samples,)
            The classes of these rows.
        weight : ndarray of shape (n_samples,)
        """
        targets = ClassificationTargets(self.classes)
        logits = {
            name: np.where(
                present.get(name, np.True_).reshape(-1, 1),
                self._logits(shares[name]),
                0.0,
            )
            for name in self.names
        }
        mixture = Mixture.of_codes(self.names, logits, codes[:, None], weight, targets)
        return Committee(self.names, self.classes, mixture.weights[0])

    def __call__(self, shares, present, without=None):
        """Return the probabilities of all together, (n_samples, n_classes).

        Parameters
        ----------
        shares, present : dict of str to ndarray
        without : str, default=None
            A member that is not asked, unless it is the only one of any weight.
        """
        weights = dict(zip(self.names, self.weights))
        if without is not None and sum(weights.values()) > weights[without]:
            weights[without] = 0.0
        n_rows = len(next(iter(shares.values())))
        total, mixed = np.zeros((n_rows, 1)), 0.0
        for name, weight in weights.items():
            mask = np.broadcast_to(present.get(name, True), n_rows)[:, None]
            own = weight * mask
            total = total + own
            mixed = mixed + own * self._logits(shares[name])
        scale = sum(weights.values()) / np.where(total > 0, total, 1.0)
        return self._shares(mixed * scale)

    def agreement(self, shares, present, codes):
        """Return the share of the weights that give rows these classes, (n_samples,).

        Parameters
        ----------
        shares, present : dict of str to ndarray
        codes : ndarray of int of shape (n_samples,)
        """
        agree, total = np.zeros(len(codes)), np.zeros(len(codes))
        for name, weight in zip(self.names, self.weights):
            own = weight * np.broadcast_to(present.get(name, True), len(codes))
            total += own
            agree += own * (shares[name].argmax(axis=1) == codes)
        return agree / np.where(total > 0, total, 1.0)

    def _logits(self, shares):
        logs = np.log(np.maximum(shares, _LEAST))
        return logs[:, 1:] - logs[:, :1] if shares.shape[1] == 2 else logs

    def _shares(self, logits):
        if logits.shape[1] == 1:
            positive = expit(logits[:, 0])
            return np.column_stack([1 - positive, positive])
        return np.exp(log_softmax(logits, axis=1))
