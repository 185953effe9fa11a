"""What the epochs of a training say of each head: its losses, and its best epoch."""

from typing import NamedTuple

import numpy as np

#: What all heads together predict, under the name that stands beside theirs.
MIXTURE = "mixture"


class Curve(NamedTuple):
    """The losses of one head in one training.

    Attributes
    ----------
    head : str
        "mixture" for what is predicted.
    fold : int
        0 where there is one training.
    epochs : ndarray of int of shape (n_epochs,)
        From 1 on, those in which the head learned.
    train, valid : ndarray of float of shape (n_epochs,)
        NaN where it is not known.
    best : tuple of (float, float) or None
        The best epoch and the validation loss there.
    """

    head: str
    fold: int
    epochs: np.ndarray
    train: np.ndarray
    valid: np.ndarray
    best: tuple[float, float] | None


def read_curves(learner):
    """Return the curves of the heads that a net trains, and of the mixture.

    Parameters
    ----------
    learner : Learner or FoldLearner

    Returns
    -------
    curves : list of Curve
        Those of one head, of all folds, stand together; the mixture comes last. It is
        left out where there is no other head to mix, and without validation rows.
    """
    members = list(enumerate(learner.members))
    curves = [
        _curve(one, fold, head)
        for head in members[0][1].module.heads
        for fold, one in members
        if len(one.history)
    ]
    if len(members[0][1].heads) > 1:
        mixed = [_mixed(one, fold) for fold, one in members if len(one.history)]
        curves += [one for one in mixed if not np.isnan(one.valid).all()]
    return curves


def read_solved(learner):
    """Return the validation loss of the heads that the net does not train.

    Parameters
    ----------
    learner : Learner or FoldLearner

    Returns
    -------
    losses : dict of str to list of float
        One for each fold; a head without a known loss is left out.
    """
    losses = {}
    for one in learner.members:
        for head in one.solved:
            if head in one.validation_losses:
                losses.setdefault(head, []).append(one.validation_losses[head])
    return losses


def _curve(learner, fold, head):
    train = _column(learner.history, f"{head}_train_loss")
    valid = _column(learner.history, f"{head}_valid_loss")
    epochs = np.arange(1, len(train) + 1)
    best = None
    if not np.isnan(valid).all():
        n_learned = _count_learned(train)
        epochs, train, valid = (a[:n_learned] for a in (epochs, train, valid))
        best = _best(learner, head, valid)
    return Curve(head, fold, epochs, train, valid, best)


def _count_learned(train):
    """Return how many epochs passed until a head stopped: its last loss is repeated."""
    changes = np.flatnonzero(train[1:] != train[:-1])
    return changes[-1] + 2 if len(changes) else 1


def _best(learner, head, valid):
    """Return the best epoch and the loss there; None where no epoch is known for it."""
    epoch = learner.best_epochs.get(head, 0)
    if float(epoch).is_integer():
        known = 1 <= epoch <= len(valid)
        loss = valid[int(epoch) - 1] if known else np.nan
    else:  # halfway through an epoch, which the history says nothing of
        loss = learner.validation_losses.get(head, np.nan)
    return None if np.isnan(loss) else (float(epoch), float(loss))


def _mixed(learner, fold):
    valid = _column(learner.history, "valid_loss")
    epochs = np.arange(1, len(valid) + 1)
    return Curve(MIXTURE, fold, epochs, np.full(len(valid), np.nan), valid, None)


def _column(history, key):
    """Return what was recorded in each epoch; NaN in one that lacks it.

    A loss that is no number ends its epoch early, and partial_fit does not validate.
    """
    return np.array([epoch.get(key, np.nan) for epoch in history], dtype=float)
