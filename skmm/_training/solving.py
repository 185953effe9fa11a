"""Fitting the heads that learn by themselves, once for fits that have them alike."""

import copy

import numpy as np
import torch

from skmm._training.heads import HeadSpec
from skmm._training.rows import Rows


class Solving:
    """How one fit's solved heads are fitted.

    Parameters
    ----------
    spec : HeadSpec
    train : Rows
    valid : Rows or None
    steps : Steps
        What calls the steps that fits may have in common: a StepCache where several
        fits read the same rows.
    """

    def __init__(self, spec, train, valid, steps):
        self.steps = steps
        self.names = list(train.blocks)
        sets = [rows for rows in (train, valid) if rows is not None]
        # Told apart by identity: they are large, and never change.
        self.parts = [
            *(spec.encoders[name] for name in self.names),
            *(rows.blocks[name] for rows in sets for name in self.names),
        ]
        self.equal = {
            "names": self.names,
            "given": [
                (rows.codes.cpu().numpy(), rows.weight.cpu().numpy()) for rows in sets
            ],
        }
        self.spec = {
            "targets": spec.targets,
            "prior": spec.prior,
            "seed": spec.seed,
        }

    def fit(self, head):
        """Return the fitted head and its logits of the validation rows, or None."""
        return self.steps(_fit, *self.parts, head=head, spec=self.spec, **self.equal)

    def cross_fit(self, head, fitted, folds):
        """Fit the head without each fold, too, and with the validation rows.

        Parameters
        ----------
        head : SolvedHead
        fitted : SolvedHead
            This head after :meth:`fit`.
        folds : ndarray of int of shape (n_train,)
            -1 for rows that are never left out.

        Returns
        -------
        head : SolvedHead
            The mean of all fits.
        logits : ndarray of shape (n_train, n_logits)
            Each row's of the fit that left it out; 0 where there is none.
        """
        return self.steps(
            _cross_fit,
            fitted,
            *self.parts,
            head=head,
            spec=self.spec,
            folds=folds,
            **self.equal,
        )

    def refit(self, head):
        """Return the head fitted on all rows, by what it chose."""
        return self.steps(_refit, head, *self.parts, **self.equal)


def _fit(*parts, head, spec, names, given):
    encoders = dict(zip(names, parts))
    sets = _make_sets(parts[len(names) :], names, given)
    valid = sets[1] if len(sets) > 1 else None
    return _fit_one(head, HeadSpec({}, encoders, **spec), sets[0], valid)


def _cross_fit(fitted, *parts, head, spec, names, given, folds):
    spec = HeadSpec({}, dict(zip(names, parts)), **spec)
    train, valid = _make_sets(parts[len(names) :], names, given)
    members, found = [fitted], []
    for fold in range(folds.max() + 1):
        others = [train.select(np.flatnonzero(folds != fold)), valid]
        left_out = train.select(np.flatnonzero(folds == fold))
        member, logits = _fit_one(head, spec, others, left_out)
        members.append(member)
        found.append(logits)
    logits = np.zeros((len(train), found[0].shape[1]))
    for fold, some in enumerate(found):
        logits[folds == fold] = some
    return fitted.merge(members), logits


def _fit_one(head, spec, train, valid):
    head = copy.copy(head)
    head.build(spec)
    head.fit(train, valid)
    return head, None if valid is None else head.logits(valid)


def _refit(head, *parts, names, given):
    return head.refit(*_make_sets(parts[len(names) :], names, given))


def _make_sets(blocks, names, given):
    sets = []
    for i, (codes, weight) in enumerate(given):
        some = blocks[i * len(names) : (i + 1) * len(names)]
        codes, weight = torch.from_numpy(codes), torch.from_numpy(weight)
        sets.append(Rows(dict(zip(names, some)), codes, weight))
    return sets
