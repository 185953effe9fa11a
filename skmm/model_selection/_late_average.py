"""Late fusion without learning: the mean of what single modalities' models predict."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin


class _LateAverage(BaseEstimator):
    """The mean prediction of fitted models, each of one modality.

    In each row the models count whose modality is there; where none is, all of them
    predict the prior.
    """

    def __init__(self, models):
        self.models = models

    def __sklearn_is_fitted__(self):
        return True

    def _mean(self, X, method):
        """Return the mean of an array, or of each in a list."""
        present = np.stack([_is_present(model, X) for model in self.models])
        present[:, ~present.any(axis=0)] = True
        weights = present / present.sum(axis=0)
        found = [getattr(model, method)(X) for model in self.models]
        if isinstance(found[0], list):
            return [_weigh(some, weights) for some in zip(*found)]
        return _weigh(found, weights)


class LateAverageClassifier(ClassifierMixin, _LateAverage):
    """The mean of probabilities.

    Parameters
    ----------
    models : list of MultimodalClassifier
        Fitted on the same rows.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @property
    def classes_(self):
        return self.models[0].classes_

    def predict_proba(self, X):
        return self._mean(X, "predict_proba")

    def predict(self, X):
        probabilities, labels = self.predict_proba(X), self.classes_
        if isinstance(probabilities, list):
            chosen = zip(labels, probabilities, strict=True)
            return np.column_stack([some[p.argmax(axis=1)] for some, p in chosen])
        if self.models[0]._targets.kind == "multilabel":
            return (probabilities > 0.5).astype(int)
        return labels[probabilities.argmax(axis=1)]


class LateAverageRegressor(RegressorMixin, _LateAverage):
    """The mean of predicted numbers.

    Parameters
    ----------
    models : list of MultimodalRegressor
        Fitted on the same rows.
    """

    def predict(self, X):
        return self._mean(X, "predict")


def _is_present(model, X):
    (block,) = model._blocks(X).values()
    return block.present.cpu().numpy().copy()


def _weigh(found, weights):
    found = np.stack(found)
    weights = weights.reshape(weights.shape + (1,) * (found.ndim - 2))
    return (found * weights).sum(axis=0)
