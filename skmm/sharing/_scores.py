"""Scores on the rows that validated a fit, each predicted by what it did not train."""

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    roc_auc_score,
    root_mean_squared_error,
)

#: What the Hub calls them.
SCORES_OF_HUB = {
    "accuracy": "accuracy",
    "F1, mean of the classes": "f1",
    "ROC AUC": "roc_auc",
    "R²": "r_squared",
    "mean absolute error": "mae",
}


def validation_scores(model):
    """Return scores by name, means over the outputs; empty without validation rows.

    Parameters
    ----------
    model : MultimodalClassifier or MultimodalRegressor

    Returns
    -------
    scores : dict of str to float
    """
    known = model._calibration
    if known is None:
        return {}
    outputs, truth, weight = known["outputs"], known["truth"], known["weight"]
    if not weight.sum() > 0:
        return {}
    targets = model._targets
    if targets.is_classification:
        found = []
        for shares, column in zip(targets.probabilities(outputs), truth.T):
            predicted = shares.argmax(axis=1)
            if targets.kind == "ordinal":
                predicted = (outputs > 0).sum(axis=1)  # the median
            found.append(_of_classes(shares, predicted, column, weight))
        # A score that one output lacks is not a mean of all.
        names = [name for name in found[0] if all(name in one for one in found)]
        return {name: float(np.mean([one[name] for one in found])) for name in names}
    return _of_numbers(targets, outputs, truth, weight)


def _of_classes(shares, predicted, truth, weight):
    labels = np.arange(shares.shape[1])
    scores = {
        "accuracy": accuracy_score(truth, predicted, sample_weight=weight),
        "F1, mean of the classes": f1_score(
            truth,
            predicted,
            labels=labels,
            average="macro",
            sample_weight=weight,
            zero_division=0,
        ),
        "log-loss": log_loss(truth, shares, labels=labels, sample_weight=weight),
    }
    if len(np.unique(truth[weight > 0])) == len(labels):
        if len(labels) == 2:
            area = roc_auc_score(truth, shares[:, 1], sample_weight=weight)
        else:
            area = roc_auc_score(
                truth, shares, multi_class="ovr", labels=labels, sample_weight=weight
            )
        scores["ROC AUC"] = area
    return scores


def _of_numbers(targets, outputs, truth, weight):
    predicted = targets.predict(outputs).reshape(truth.shape)
    scores = {"R²": targets.score(truth, predicted, weight)}
    if scores["R²"] is None:
        del scores["R²"]
    errors = {
        "mean absolute error": mean_absolute_error,
        "root mean squared error": root_mean_squared_error,
    }
    columns = targets.predict_columns(outputs)
    with np.errstate(over="ignore"):
        for name, error in errors.items():
            scores[name] = error(truth, predicted, sample_weight=weight)
        for i, quantile in enumerate(getattr(targets.criterion, "quantiles", ())):
            scores[f"pinball loss at {quantile:g}"] = mean_pinball_loss(
                truth, columns[..., i], alpha=quantile, sample_weight=weight
            )
    return {name: float(score) for name, score in scores.items()}
