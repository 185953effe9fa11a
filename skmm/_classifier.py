"""The classifier."""


import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight

from skmm._base import BaseMultimodal
from skmm._compat import StrOptions, fit_context


class MultimodalClassifier(ClassifierMixin, BaseMultimodal):
    """PLACEHOLDER."""

    _parameter_constraints = {
        **BaseMultimodal._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        modalities="auto",
        *,
        fusion="concat",
        mix=True,
        width=128,
        depth=1,
        dropout=0.1,
        learning_rate=2e-3,
        weight_decay=1e-2,
        batch_size="auto",
        max_epochs=100,
        early_stopping=True,
        validation=0.1,
        n_iter_no_change=3,
        class_weight=None,
        device="auto",
        precision="auto",
        compile=False,
        warm_start=False,
        callbacks=None,
        random_state=None,
        verbose=0,
        n_jobs=None,
    ):
        super().__init__(
            modalities,
            fusion=fusion,
            mix=mix,
            width=width,
            depth=depth,
            dropout=dropout,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation=validation,
            n_iter_no_change=n_iter_no_change,
            device=device,
            precision=precision,
            compile=compile,
            warm_start=warm_start,
            callbacks=callbacks,
            random_state=random_state,
            verbose=verbose,
            n_jobs=n_jobs,
        )
        self.class_weight = class_weight

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one epoch on these rows, continuing from the last call.

        The encoders are fitted on the first call's rows. Nothing is split off and
        nothing stops early; the heads are mixed with equal weights.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        classes : array-like, or list of such for several outputs, default=None
            All classes that any call will see; needed at the first call if its ``y``
            lacks some.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : MultimodalClassifier
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        logits = self._predict_logits(X)
        return self._targets.predict(logits)

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``. For multilabel targets (n_samples,
            n_labels); for several multiclass outputs a list of arrays.
        """
        logits = self._predict_logits(X)
        return self._targets.predict_proba(logits)

    def predict_log_proba(self, X):
        """Predict the logarithm of each class's probability.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray or list of ndarray
            As ``predict_proba``.
        """
        probabilities = self.predict_proba(X)
        tiny = np.finfo(np.float64).tiny
        if isinstance(probabilities, list):
            return [np.log(np.maximum(some, tiny)) for some in probabilities]
        return np.log(np.maximum(probabilities, tiny))

    @property
    def classes_(self):
        """Classes, an array; a list of arrays for several outputs."""
        if "_targets" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return self._targets.public_classes

    def _check_y(self, y):
        from skmm._targets import check_labels

        return check_labels(y)

    def _make_targets(self, y, weight, classes):
        from skmm._targets import ClassificationTargets

        return ClassificationTargets(y[weight > 0], classes)

    def _class_weights(self, y):
        if self.class_weight is None:
            return np.ones(len(y))
        return compute_sample_weight(self.class_weight, y)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
