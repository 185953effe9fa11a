"""What a fitted estimator tells of itself."""

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from skmm.modalities._kind_of import first_attribute, kind_of
from skmm.sharing._scores import SCORES_OF_HUB, validation_scores

#: Kinds that tasks of the Hub are named after, where a model reads nothing else.
_TASKS = ("text", "image", "audio", "video")


class Facts:
    """What a card and a folder for a hub say of an estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Attributes
    ----------
    model : estimator or None
        The MultimodalClassifier or MultimodalRegressor in it.
    """

    def __init__(self, estimator):
        self.estimator = estimator
        last = _predictor(estimator)
        self.model = last if hasattr(last, "head_weights_") else None

    @property
    def title(self):
        """Name of the class of what predicts."""
        return type(self.estimator if self.model is None else self.model).__name__

    @property
    def summary(self):
        """What the fit kept of its rows; empty where it kept nothing."""
        return getattr(self.model, "_summary", None) or {}

    @property
    def is_direct(self):
        """Whether the model reads the columns itself, not what a pipeline makes."""
        return self.model is not None and not isinstance(_opened(self.estimator), list)

    @property
    def kinds(self):
        """Kinds of the modalities, without repetition."""
        if self.model is None:
            return []
        found = dict.fromkeys(kind_of(one) for _, one, _ in self.model.modalities_)
        found.pop("any", None)
        return [*(["multimodal"] if len(found) > 1 else []), *found]

    @property
    def task(self):
        """The Hub's name of what is predicted."""
        if is_regressor(self.estimator):
            return "tabular-regression"
        if not is_classifier(self.estimator):
            return "feature-extraction"
        only = self.kinds[0] if len(self.kinds) == 1 and self.is_direct else None
        return f"{only if only in _TASKS else 'tabular'}-classification"

    @property
    def labels(self):
        """Labels of the columns that `estimator` takes, or None."""
        if self.is_direct:
            return self.model._labels.tolist()
        names = getattr(self.estimator, "feature_names_in_", None)
        return None if names is None else list(names)

    @property
    def columns(self):
        """(label, modality, kind, share of missing cells or None) of each column."""
        if not self.is_direct:
            return []
        labels = self.labels
        shares = self.summary.get("missing", [])
        missing = dict(zip(labels, shares)) if len(shares) == len(labels) else {}
        found = {}
        for name, encoder, columns in self.model.modalities_:
            kind, readers = kind_of(encoder), first_attribute(encoder, "readers_")
            for i, label in enumerate(columns):
                one = kind
                if kind == "tabular" and readers is not None:
                    one = readers[i].kind
                found.setdefault(label, (label, name, one, missing.get(label)))
        unused = {one: (one, None, "unused", missing.get(one)) for one in labels}
        return [found.get(one, unused[one]) for one in labels]

    @property
    def scores(self):
        """Scores on the validation rows, by name; of several outputs, their means."""
        return {} if self.model is None else validation_scores(self.model)

    @property
    def hub_metrics(self):
        """Names that the Hub has of the scores."""
        return [SCORES_OF_HUB[name] for name in self.scores if name in SCORES_OF_HUB]


def _opened(estimator):
    """Return the steps of a Pipeline, or what it is that is no Pipeline."""
    while hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    if isinstance(estimator, Pipeline):
        return [
            step for _, step in estimator.steps if step not in (None, "passthrough")
        ]
    return estimator


def _predictor(estimator):
    """Return what predicts: the last step of a pipeline, and what a search found."""
    while isinstance(opened := _opened(estimator), list):
        estimator = opened[-1]
    return opened


def shares_of(weights):
    """Return one share for weights of several outputs."""
    return float(np.mean(weights))
