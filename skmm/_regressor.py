"""The regressor."""

import numpy as np
from sklearn.base import RegressorMixin

from skmm._base import BaseMultimodal
from skmm._compat import fit_context


class MultimodalRegressor(RegressorMixin, BaseMultimodal):
    """PLACEHOLDER."""

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch on these rows, continuing from the last call.

        The encoders, and the target's mean and scale, are fitted on the first call's
        rows. Nothing is split off and nothing stops early; the heads are mixed with
        equal weights.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : MultimodalRegressor
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict the targets, in their own unit.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        logits = self._predict_logits(X)
        return self._targets.predict(logits)

    def _check_y(self, y):
        from skmm._targets import check_numbers

        return check_numbers(y)

    def _make_targets(self, y, weight, classes):
        from skmm._targets import RegressionTargets

        return RegressionTargets(y, weight)

    def _class_weights(self, y):
        return np.ones(len(y))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
