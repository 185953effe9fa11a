"""What rows of any modality are to a linear model, learned without their labels."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from skmm._data.frames import columns_of, is_missing
from skmm.feature_extraction import MultimodalVectorizer

#: Greatest length of a row of numbers, in roots of their mean square.
_LONGEST = 1.0


class ModalityFeatures(TransformerMixin, BaseEstimator):
    """Features of each modality, of comparable size, learned from rows without labels.

    Texts become their directions in a semantic space, all others numbers of mean 0 and
    variance 1, divided by the root of how many the modality has and cut to length 1. A
    modality that a row lacks is zero in all its features.

    Parameters
    ----------
    vectorizer : MultimodalVectorizer, default=None
        What reads the columns; None stands for one with its defaults.

    Attributes
    ----------
    vectorizer_ : MultimodalVectorizer
        Fitted.
    views_ : dict of str to slice
        Each modality's place among the features.
    """

    def __init__(self, vectorizer=None):
        self.vectorizer = vectorizer

    def fit(self, X, y=None):
        """Learn from all rows."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X, y=None):
        """Learn from all rows, and return their features."""
        vectorizer = self.vectorizer
        vectorizer = MultimodalVectorizer() if vectorizer is None else clone(vectorizer)
        features = np.asarray(vectorizer.fit_transform(X), dtype=np.float64)
        self.vectorizer_ = vectorizer
        self.views_ = dict(vectorizer.output_indices_)
        kinds = {name: kind for name, kind, _ in vectorizer.modalities_}
        self._texts = [name for name in self.views_ if kinds[name] == "text"]
        known = ~np.isnan(features)
        counts = np.maximum(known.sum(axis=0), 1)
        self._mean = np.where(known, features, 0).sum(axis=0) / counts
        spread = np.where(known, features - self._mean, 0)
        scale = np.sqrt((spread**2).sum(axis=0) / counts)
        # What hardly varies is rounding: it says nothing, and is not blown up.
        tiny = 1e-6 * np.maximum(np.abs(self._mean), 1.0)
        self._scale = np.where(scale > tiny, scale, np.inf)
        return self._scaled(features)

    def transform(self, X):
        """Return the features of other rows, (n_samples, n_features) float64."""
        check_is_fitted(self)
        return self._scaled(np.asarray(self.vectorizer_.transform(X), dtype=np.float64))

    def _scaled(self, features):
        scaled = np.nan_to_num((features - self._mean) / self._scale)
        for name, where in self.views_.items():
            part = scaled[:, where]
            if name in self._texts:
                # Directions from the origin: how rare a word is stays in them.
                part = np.nan_to_num(features[:, where])
                least = np.finfo(np.float64).tiny
            else:
                part = part / np.sqrt(max(part.shape[1], 1))
                least = _LONGEST
            length = np.sqrt((part**2).sum(axis=1, keepdims=True))
            scaled[:, where] = part / np.maximum(length, least)
        return scaled

    def present(self, frame):
        """Tell which rows have which modality, a dict of masks (n_samples,) by name."""
        found = {}
        for name, positions in zip(self.views_, self.vectorizer_._positions):
            columns = columns_of(frame.iloc[:, positions])
            missing = [is_missing(column, empty=True) for column in columns]
            found[name] = ~np.all(missing, axis=0)
        return found

    def __sklearn_is_fitted__(self):
        return hasattr(self, "vectorizer_")
