"""The one number of a row's prediction that an explanation shares out."""

import numpy as np
from scipy.special import logsumexp
from sklearn.base import is_classifier

from skmm._utils.names import did_you_mean
from skmm.inspection._hiding import view_of


class Outcome:
    """A function from logits to one number a row.

    Parameters
    ----------
    estimator : BaseMultimodal
    X : DataFrame of one row
    logits : ndarray of shape (1, n_logits)
        Those of the row.
    target : label or None
        The class that is explained; None stands for the predicted one.
    output : int or None
        Which of several outputs is explained.
    scale : {"probability", "log_odds"}

    Attributes
    ----------
    predicted : label or float
        What is predicted for the row.
    target : label or None
        None of a regressor.
    scale : str
        Also "value", of a regressor.

    Raises
    ------
    ValueError
        For a class or an output that is not there.
    """

    def __init__(self, estimator, X, logits, *, target, output, scale):
        self.estimator, self.X = estimator, X
        self.targets = estimator._targets
        if self.targets.tasks is not None:
            raise ValueError(
                f"{type(estimator).__name__} predicts the tasks {self.targets.names}, "
                "and one is explained. Pass estimator.task(name)."
            )
        self.output = _check_output(output, len(self.targets.groups))
        predicted = view_of(estimator, X, logits).predict(X)
        self.predicted = np.asarray(predicted).reshape(1, -1)[0, self.output]
        if is_classifier(estimator):
            self.scale = scale
            classes = self.targets.classes[self.output]
            self.place, self.target = _find_class(target, self.predicted, classes)
        else:
            if target is not None:
                raise ValueError(
                    f"target={target!r} is a class, and {type(estimator).__name__} "
                    "predicts numbers. Leave it out."
                )
            self.scale, self.target = "value", None

    def __call__(self, logits):
        """Return the outcome of each row, (n_rows,)."""
        if self.scale == "value":
            predicted = view_of(self.estimator, self.X, logits).predict(self.X)
            return np.asarray(predicted).reshape(len(logits), -1)[:, self.output]
        if self.scale == "log_odds":
            return self._log_odds(logits)
        shares = view_of(self.estimator, self.X, logits).predict_proba(self.X)
        if self.targets.kind == "multilabel":
            own = shares[:, self.output]
            return own if self.place else 1 - own
        if isinstance(shares, list):
            shares = shares[self.output]
        return shares[:, self.place]

    def _log_odds(self, logits):
        some = logits[:, self.targets.groups[self.output]]
        if self.targets.is_sigmoid:
            return some[:, 0] if self.place else -some[:, 0]
        return some[:, self.place] - logsumexp(np.delete(some, self.place, 1), axis=1)


def _check_output(output, n_outputs):
    if output is None:
        if n_outputs > 1:
            raise ValueError(
                f"The estimator predicts {n_outputs} outputs, and one is explained at "
                f"a time: pass output=, from 0 to {n_outputs - 1}."
            )
        return 0
    if not 0 <= output < n_outputs:
        raise ValueError(
            f"output={output} is not there: the estimator predicts {n_outputs} "
            f"output{'s' * (n_outputs > 1)}, counted from 0."
        )
    return output


def _find_class(target, predicted, classes):
    target = predicted if target is None else target
    found = np.flatnonzero(classes == target)
    if not len(found):
        known = [str(one) for one in classes]
        raise ValueError(
            f"target={target!r} is not a class of this estimator; they are "
            f"{classes[:20].tolist()}.{did_you_mean(str(target), known)}"
        )
    return int(found[0]), classes[found[0]]
