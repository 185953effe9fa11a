"""What a fit keeps of the rows that it saw: counts and shares, and never a cell."""

import numpy as np


def summarise(frame, targets, rows_train, rows_valid, folds):
    """Return what a model card tells of the rows.

    Parameters
    ----------
    frame : DataFrame
        The rows that were fitted on, also those of them that validate.
    targets : ClassificationTargets or RegressionTargets
    rows_train : Rows
    rows_valid : Rows or None
    folds : ndarray of shape (n_samples,) or None
        Each training row's fold, where each fold validates once.

    Returns
    -------
    summary : dict
        ``n_samples``, of those that are learned from; ``n_validation``; ``missing``,
        the share of each column's cells, in their order; ``present``, the share of the
        learned rows that have each modality; and of the target ``class_counts``, a list
        for each output, or ``mean`` and ``std``. Of several tasks ``n_known`` instead,
        how many rows have each.
    """
    if folds is not None:
        n_validation = int((folds >= 0).sum())
    else:
        n_validation = 0 if rows_valid is None else len(rows_valid.y)
    summary = {
        "n_samples": len(rows_train.y),
        "n_validation": n_validation,
        "missing": frame.isna().mean().tolist(),
        "present": {
            name: float(block.present.float().mean())
            for name, block in rows_train.blocks.items()
        },
    }
    if targets.tasks is not None:
        summary["n_known"] = {
            task.name: int(task.known(rows_train.y).sum()) for task in targets.tasks
        }
        return summary
    truth = targets.truth(rows_train.y)
    if targets.is_classification:
        sizes = [len(some) for some in targets.classes]
        summary["class_counts"] = [
            np.bincount(column, minlength=n).tolist()
            for column, n in zip(truth.T, sizes)
        ]
    else:
        # Of numbers near the largest that there are, the sum may not be one.
        with np.errstate(over="ignore", invalid="ignore"):
            summary["mean"] = truth.mean(axis=0).tolist()
            summary["std"] = truth.std(axis=0).tolist()
    return summary
