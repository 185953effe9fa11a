"""Folds: several learners, each of which leaves some rows out."""

import copy

import numpy as np
import torch

from skmm._data.frames import take_rows
from skmm._training.clock import Cuts, ending_at, now, time_left
from skmm._training.history import TrainingHistory
from skmm._training.learner import score_rows
from skmm._training.mixture import Mixture
from skmm._training.rows import Rows
from skmm._utils.compat import safe_indexing
from skmm._utils.step_cache import Steps

_STEPS = Steps()


class FoldLearner:
    """A learner for each fold of the rows; their predictions are averaged [1]_.

    Each learner trains on the rows outside its fold. The heads are mixed by what the
    learners give for the rows that they left out: all rows have a part in it, and no
    head has fitted a coefficient on a row that it is weighed by [2]_.

    It is used as a :class:`~skmm._training.learner.Learner` is.

    Parameters
    ----------
    members : list of Learner

    References
    ----------
    .. [1] Breiman: Bagging predictors, Machine Learning 24, 1996.
    .. [2] van der Laan, Polley, Hubbard: Super Learner, Statistical Applications in
       Genetics and Molecular Biology 6, 2007.
    """

    #: A private training has no folds.
    spent = None

    def __init__(self, members):
        self.members = members
        self.mixture = members[0].mixture
        self.validation_score = None

    @property
    def heads(self):
        """The heads of the first learner, by name."""
        return self.members[0].heads

    @property
    def fused(self):
        """The fused head's module in the first learner, or None."""
        return self.members[0].fused

    @property
    def n_parameters(self):
        """How many numbers are learned, in all learners together."""
        return sum(one.n_parameters for one in self.members)

    @property
    def history(self):
        """The epochs of all learners, one after the other, each with its fold."""
        return TrainingHistory(
            {**epoch, "fold": fold}
            for fold, one in enumerate(self.members)
            for epoch in one.history
        )

    @property
    def best_epochs(self):
        """Each head's best epoch, the mean over the folds."""
        found = [one.best_epochs for one in self.members]
        return {
            head: float(np.mean([epochs[head] for epochs in found]))
            for head in found[0]
        }

    def copy(self):
        """Return learners that can be trained while these stay as they are."""
        made = copy.copy(self)
        made.members = [one.copy() for one in self.members]
        return made

    def continue_with(self, seed, targets):
        """Set what a training that continues from this one brings with it.

        Parameters
        ----------
        seed : int
        targets : ClassificationTargets or RegressionTargets
        """
        for one, own in zip(self.members, seeds_of(seed, len(self.members))):
            one.continue_with(own, targets)

    def train(
        self,
        options,
        rows,
        folds=None,
        *,
        view=None,
        refit=False,
        crossing=None,
        steps=_STEPS,
        **kwargs,
    ):
        """Train all learners, and mix the heads.

        Parameters
        ----------
        options : dict
            The estimator's parameters.
        rows : Rows
            All of them.
        folds : ndarray of int of shape (n_rows,), default=None
            The learner that leaves a row out; -1 for a row that all train on. None
            trains each learner on all rows and leaves the mixture as it is.
        view, steps
            As of a Learner.
        refit, crossing
            Passed over: each row is in the training of all learners but one.
        **kwargs
            As of a Learner.

        Returns
        -------
        logits : dict of str to ndarray
            Each head's, of the rows that a learner left out; empty without these.
        """
        if folds is None:
            for one in self._in_turn():
                one.train(options, rows, view=view, steps=steps, **kwargs)
            return {}
        numbers = np.arange(len(rows))
        given, targets = {}, self.members[0].targets
        for fold, one in enumerate(self._in_turn()):
            left_out = numbers[folds == fold]
            train = _take(rows, numbers[folds != fold], steps)
            valid = _take(rows, left_out, steps)
            logits = one.train(options, train, valid, view=view, steps=steps, **kwargs)
            for head, some in logits.items():
                full = np.zeros((len(rows), some.shape[1]), some.dtype)
                given.setdefault(head, full)[left_out] = some
        validated = numbers[folds >= 0]
        given = {head: some[validated] for head, some in given.items()}
        validated = _take(rows, validated, _STEPS)
        # Heads that all learners had the time for.
        heads = [
            head
            for head in self.members[0].fitted
            if all(head in one.fitted for one in self.members)
        ]
        given = {head: given[head] for head in heads}
        self._mix(heads, given, validated, targets)
        return given

    def _in_turn(self):
        """Yield the learners, each in its part of the time that is left."""
        for i, one in enumerate(self.members):
            with ending_at(now() + time_left() / (len(self.members) - i)):
                yield one

    @property
    def cuts(self):
        """What all learners left out for want of time."""
        return sum((one.cuts for one in self.members), Cuts())

    def _mix(self, heads, logits, rows, targets):
        self.mixture = Mixture.of_rows(heads, rows, logits, targets)
        for one in self.members:
            one.mixture = self.mixture
        self.validation_score = score_rows(targets, self.mixture, logits, rows)

    def predict(self, blocks):
        """Return the mean of the learners' logits, (n_samples, n_logits) float64."""
        return np.mean([one.predict(blocks) for one in self.members], axis=0)

    def embed(self, blocks):
        """Return the fused embedding of the first learner."""
        return self.members[0].embed(blocks)

    def only(self, head):
        """Return a view in which one head of each learner alone predicts."""
        view = copy.copy(self)
        view.members = [one.only(head) for one in self.members]
        view.mixture = view.members[0].mixture
        return view


def seeds_of(seed, n):
    """Return a seed for each of n learners; the first has the estimator's own.

    Parameters
    ----------
    seed, n : int
    """
    further = np.random.SeedSequence(seed).generate_state(max(n - 1, 1), np.uint32)
    return [seed, *(int(one) % (2**31 - 1) for one in further)][:n]


def _take(rows, numbers, steps):
    """Return some rows, with the blocks, targets and frame of them."""
    places = torch.from_numpy(numbers)
    blocks = {
        name: steps(_take_block, block, rows=numbers)
        for name, block in rows.blocks.items()
    }
    return Rows(
        blocks,
        rows.codes.index_select(0, places),
        rows.weight.index_select(0, places),
        None if rows.X is None else steps(take_rows, rows.X, rows=numbers),
        None if rows.y is None else safe_indexing(rows.y, numbers),
    )


def _take_block(block, rows):
    places = torch.from_numpy(rows)
    taken = block.take(places)
    if block.cost is not None:
        taken.cost = block.cost.index_select(0, places)
    return taken
