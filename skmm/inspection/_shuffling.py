"""Scores of predictions for rows some of whose columns are shuffled."""

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._data.frames import as_frame
from skmm._utils.compat import Parallel, delayed
from skmm.inspection._groups import find_groups
from skmm.inspection._hiding import HiddenModalities, choose_head, view_of
from skmm.inspection._scores import name_scoring


def measure_by_shuffling(
    estimator, X, y, *, scoring, level, groups, head, n_repeats, weight, rng, n_jobs
):
    """Return how much worse the score is with each player shuffled.

    Parameters
    ----------
    estimator : object
        Any that is fitted.
    X : table
    y : array-like
    scoring, level, groups, head, n_repeats, n_jobs
        As of :func:`~skmm.inspection.modality_importance`.
    weight : ndarray of shape (n_rows,) or None
    rng : RandomState

    Returns
    -------
    result : Bunch
    """
    check_is_fitted(estimator)
    is_ours = isinstance(estimator, BaseMultimodal)
    if is_ours:
        y = estimator._check_y(y)
    elif head is not None:
        raise ValueError(
            f"head={head!r} is one of the heads of a MultimodalClassifier or "
            f"MultimodalRegressor, and this is {type(estimator).__name__}."
        )
    scorer = check_scoring(estimator, scoring=scoring)
    options = {} if weight is None else {"sample_weight": weight}
    if is_ours and level == "modality" and groups is None:
        seen = HiddenModalities(estimator, X, head)
        players = ShuffledModalities(estimator, X, y, seen, scorer, options)
        names, whole = seen.names, seen.blocks
    else:
        places = find_groups(estimator, as_frame(X), level, groups)
        if is_ours:
            estimator = estimator._view(choose_head(estimator, head), known=())
        players = ShuffledColumns(estimator, X, y, places, scorer, options)
        names, whole = list(places), players.X
    score = players.score(whole)
    scores = _score_shuffled(
        players.score,
        players.shuffled,
        names,
        len(y),
        n_repeats,
        rng,
        n_jobs=n_jobs,
        threads=is_ours,
    )
    lost = score - scores
    return Bunch(
        names=names,
        method="permutation",
        scoring=name_scoring(estimator, scoring),
        importances_mean=lost.mean(axis=1),
        importances_std=lost.std(axis=1),
        importances=lost,
        score=score,
    )


def _score_shuffled(
    score, shuffled, players, n_rows, n_repeats, rng, *, n_jobs, threads
):
    """Return the score with each player shuffled, (n_players, n_repeats)."""
    # Drawn here, so that they do not depend on the jobs.
    seeds = rng.randint(2**31 - 1, size=(len(players), n_repeats))
    jobs = Parallel(n_jobs=n_jobs, require="sharedmem" if threads else None)
    found = jobs(
        delayed(_score_once)(score, shuffled, player, n_rows, seed)
        for player, some in zip(players, seeds)
        for seed in some
    )
    return np.array(found).reshape(seeds.shape)


def _score_once(score, shuffled, player, n_rows, seed):
    order = check_random_state(int(seed)).permutation(n_rows)
    return score(shuffled(player, order))


class ShuffledModalities:
    """Logits of an estimator of skmm, with the rows of a modality's block shuffled.

    Parameters
    ----------
    estimator : BaseMultimodal
    X : table
    y : ndarray
    seen : HiddenModalities
    scorer : callable
    options : dict
        The scorer's, such as weights.
    """

    def __init__(self, estimator, X, y, seen, scorer, options):
        self.estimator = estimator
        self.X = X
        self.y = y
        self.seen = seen
        self.scorer = scorer
        self.options = options

    def shuffled(self, name, order):
        """Return the blocks with the rows of one in another order."""
        import torch

        blocks = self.seen.blocks
        return {**blocks, name: blocks[name].take(torch.from_numpy(order))}

    def score(self, blocks):
        """Return the score of what is predicted by blocks."""
        return self.score_logits(self.seen.learner.predict(blocks))

    def score_logits(self, logits):
        """Return the score of logits."""
        view = view_of(self.estimator, self.X, logits)
        return float(self.scorer(view, self.X, self.y, **self.options))


class ShuffledColumns:
    """Predictions of any estimator, with the rows of some columns shuffled.

    Parameters
    ----------
    estimator : object
    X : table
        Frames of pandas and polars and arrays stay what they are.
    y : array-like
    groups : dict of {label: list of int}
        Places of columns.
    scorer : callable
    options : dict
        The scorer's, such as weights.
    """

    def __init__(self, estimator, X, y, groups, scorer, options):
        is_known = isinstance(X, np.ndarray) or _is_polars(X)
        self.estimator = estimator
        self.X = X if is_known else as_frame(X)
        self.y = y
        self.groups = groups
        self.scorer = scorer
        self.options = options

    def shuffled(self, name, order):
        """Return X with a group's columns in another order, all in the same one."""
        X, places = self.X, self.groups[name]
        if isinstance(X, np.ndarray):
            shuffled = X.copy()
            shuffled[:, places] = X[np.ix_(order, places)]
            return shuffled
        if _is_polars(X):
            names = [X.columns[i] for i in places]
            return X.with_columns(X.select(names)[order])
        shuffled = X.copy(deep=False)
        for i in places:
            column = X.iloc[order, i]
            column.index = X.index
            shuffled.isetitem(i, column)
        return shuffled

    def score(self, X):
        """Return the score of what is predicted for X."""
        return float(self.scorer(self.estimator, X, self.y, **self.options))


def _is_polars(X):
    return type(X).__module__.partition(".")[0] == "polars"
