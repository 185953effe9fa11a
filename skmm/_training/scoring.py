"""What callbacks see of a net in training: the estimator."""

from skmm._training.rows import Rows


class PredictsAsEstimator:
    """Mixin of a net: it predicts and scores as the estimator would.

    The net has ``view``, from itself to the estimator as it would be if the training
    ended now.
    """

    @property
    def classes_(self):
        """Classes, as of the estimator."""
        return self.view(self).classes_

    def __sklearn_tags__(self):
        return self.view(self).__sklearn_tags__()

    def predict(self, X):
        """Predict as the estimator would if the training ended now.

        Parameters
        ----------
        X : DataFrame or Rows
        """
        return self.view(self).predict(_frame_of(X))

    def predict_proba(self, X):
        """Predict probabilities as the estimator would if the training ended now.

        Parameters
        ----------
        X : DataFrame or Rows
        """
        return self.view(self).predict_proba(_frame_of(X))

    def score(self, X, y, sample_weight=None):
        """Score as the estimator would if the training ended now.

        Parameters
        ----------
        X : DataFrame or Rows
        y : array-like
        sample_weight : array-like, default=None
        """
        return self.view(self).score(_frame_of(X), y, sample_weight)


def _frame_of(X):
    return X.X if isinstance(X, Rows) else X
