"""The members of one run of co-training."""

import numpy as np

from skmm.semi_supervised._base import cut_params, fit_estimator, predict_shares, take
from skmm.semi_supervised._selection import choose_balanced

#: Names of the members beside the views.
ALL, WHOLE = "all views", "estimator"


class Members:
    """Models of views, of all views, and of the rows themselves, and what they label.

    Parameters
    ----------
    estimator : classifier or None
        For the rows themselves; it is fitted on labelled rows once.
    view_estimator : classifier
    data : (frame, features, views, present)
        All rows, their features, the views' places among these, and where each view
        has something to read.
    known : (labels, rows, others)
        The labels of some rows, which these are, and the rows without a label.
    options : (weight, params, pseudo_weight, teachers)
    classes : ndarray of shape (n_classes,)
    """

    def __init__(self, estimator, view_estimator, data, known, options, classes):
        self.estimator, self.view_estimator = estimator, view_estimator
        self.frame, self.features, self.views, self.present = data
        self.labels, self.rows, self.others = known
        self.weight, self.params, self.pseudo_weight, self.teachers = options
        self.classes = classes
        self.given = {}
        self.since = np.full(len(self.frame), -1)
        self.n_rounds = 0
        self.models = {}

    @property
    def names(self):
        """The members, in their order."""
        names = [*self.views, ALL]
        return names if self.estimator is None else [*names, WHOLE]

    def fit(self):
        """Fit what learns from labels of the last round; the estimator once."""
        for name in (*self.views, ALL):
            self._fit_view(name)
        if self.estimator is not None and WHOLE not in self.models:
            rows = self.rows
            self.models[WHOLE] = fit_estimator(
                self.estimator,
                take(self.frame, rows),
                self.labels,
                self.weight[rows],
                cut_params(self.params, rows, len(self.frame)),
            )

    def _fit_view(self, name):
        taken, codes = self.given.get(name, (self.rows[:0], self.rows[:0]))
        rows = np.concatenate([self.rows, taken])
        y = np.concatenate([self.labels, self.classes[codes]])
        own, pseudo = self.weight[self.rows], self.weight[taken]
        if self.pseudo_weight is not None and pseudo.sum() > 0:
            pseudo = pseudo * min(1.0, self.pseudo_weight * own.sum() / pseudo.sum())
        weight = np.concatenate([own, pseudo])
        there = self.present.get(name)
        if there is not None and len(np.unique(self.labels[there[self.rows]])) > 1:
            # A row without the modality has nothing to say of it.
            kept = there[rows]
            rows, y, weight = rows[kept], y[kept], weight[kept]
        where = self.views.get(name, slice(None))
        self.models[name] = fit_estimator(
            self.view_estimator, self.features[rows, where], y, weight
        )

    @staticmethod
    def ask(models, frame, features, views, present, classes):
        """Return the probabilities of each member, and where it does not abstain."""
        anything = np.any(list(present.values()), axis=0)
        shares, there = {}, {}
        for name, model in models.items():
            rows = frame if name == WHOLE else features[:, views.get(name, slice(None))]
            shares[name] = predict_shares(model, rows, classes)
            there[name] = present.get(name, anything)
        # A row of which nothing is known: all say what they say of nothing.
        return shares, {name: mask | ~anything for name, mask in there.items()}

    def say(self, rows):
        """Return what the members say of some rows."""
        return self.ask(
            self.models,
            take(self.frame, rows),
            self.features[rows],
            self.views,
            {name: mask[rows] for name, mask in self.present.items()},
            self.classes,
        )

    def label(self, committee):
        """Label the other rows anew; tell if that changed any label."""
        if not len(self.others):
            return False
        shares, present = self.say(self.others)
        prior = [self.weight[self.rows[self.labels == c]].sum() for c in self.classes]
        given = {}
        for name in (*self.views, ALL):
            without = name if self.teachers == "others" else None
            together = committee(shares, present, without=without)
            places, codes = choose_balanced(together, np.array(prior))
            agree = committee.agreement(shares, present, together.argmax(axis=1))
            kept = agree[places] > 0.5
            given[name] = self.others[places[kept]], codes[kept]
        if _same(given, self.given):
            return False
        self.given = given
        self.n_rounds += 1
        taken, _ = given[ALL]
        self.since[taken[self.since[taken] < 0]] = self.n_rounds
        return True

    def reason(self, n_scores, max_iter):
        """Return why there are no more rounds."""
        if n_scores and self.n_rounds < min(n_scores - 1, max_iter):
            return "no_gain"
        taken, _ = self.given.get(ALL, ((), ()))
        if len(taken) == len(self.others):
            return "all_labeled"
        return "max_iter" if self.n_rounds == max_iter else "no_change"

    def transduce(self, whole):
        """Return all labels, and the round in which each row got its own."""
        whole, since = whole.copy(), np.full(len(self.frame), -1)
        since[self.rows] = 0
        if ALL in self.given:
            taken, codes = self.given[ALL]
            whole[taken] = self.classes[codes]
            since[taken] = self.since[taken]
        return whole, since


def _same(given, before):
    return given.keys() == before.keys() and all(
        np.array_equal(a, b)
        for name in given
        for a, b in zip(given[name], before[name])
    )
