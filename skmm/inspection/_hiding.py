"""A fitted estimator's predictions with some of what it reads hidden."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._data.frames import erase_columns
from skmm._utils.names import did_you_mean
from skmm.inspection._groups import find_groups


def open_estimator(estimator, X, purpose, remedy=""):
    """Return the multimodal estimator within an estimator, and what it reads of X.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Or a search that found one, or a Pipeline that ends in one.
    X : table
    purpose, remedy : str
        For errors: what looks into the estimator, and what does without.

    Returns
    -------
    estimator : BaseMultimodal
    X : table

    Raises
    ------
    TypeError
        For any other estimator.
    """
    check_is_fitted(estimator)
    inner = estimator
    while not isinstance(inner, BaseMultimodal):
        if hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif isinstance(inner, Pipeline):
            X = inner[:-1].transform(X) if len(inner) > 1 else X
            inner = inner[-1]
        else:
            raise TypeError(
                f"{purpose} looks into a MultimodalClassifier or MultimodalRegressor, "
                f"and this is {type(estimator).__name__}.{remedy}"
            )
    return inner, X


def choose_head(estimator, head):
    """Return the learner of a fitted estimator, or of one of its heads.

    Parameters
    ----------
    estimator : BaseMultimodal
    head : str or None
        None stands for the mixture.

    Raises
    ------
    ValueError
        For a head that it does not have.
    """
    learner = estimator._learner
    if head is None:
        return learner
    heads = list(learner.members[0].heads)
    if head not in heads:
        raise ValueError(
            f"head={head!r} is not a head of this estimator; it has {heads}."
            f"{did_you_mean(head, heads)}"
        )
    return learner.only(head)


class HiddenModalities:
    """Predictions of a fitted estimator that sees some of the modalities.

    X is read once. A hidden modality is one that no row has: each head takes it as it
    takes a modality that a row lacks, and rows without any get the prior.

    Parameters
    ----------
    estimator : BaseMultimodal
        Fitted.
    X : table
    head : str or None

    Attributes
    ----------
    names : list of str
        Of the modalities.
    """

    def __init__(self, estimator, X, head):
        self.learner = choose_head(estimator, head)
        self.blocks = estimator._blocks(X)
        self.names = list(self.blocks)

    def see(self, seen):
        """Return the blocks of a coalition.

        Parameters
        ----------
        seen : ndarray of bool of shape (n_modalities,)

        Returns
        -------
        blocks : dict of str to Block
        """
        return {
            name: block if is_seen else block.hide()
            for (name, block), is_seen in zip(self.blocks.items(), seen)
        }


class HiddenColumns:
    """Predictions of a fitted estimator that sees some of the columns.

    The cells of a hidden column are missing. What a modality's encoder makes of its
    other columns is computed anew; a modality all of whose columns are hidden is one
    that no row has.

    Parameters
    ----------
    estimator : BaseMultimodal
        Fitted.
    X : table
    head : str or None
    level, groups
        As of :func:`~skmm.inspection._groups.find_groups`.

    Attributes
    ----------
    names : list
        Of the groups.
    """

    #: Bytes of blocks that are kept for coalitions to come.
    limit = 2**30

    def __init__(self, estimator, X, head, level, groups):
        self.learner = choose_head(estimator, head)
        self.estimator = estimator
        self.frame = estimator._read_frame(X, reset=False)
        self.groups = find_groups(estimator, self.frame, level, groups)
        self.names = list(self.groups)
        self.blocks = estimator._blocks(X)
        self.made = {}

    def see(self, seen):
        """Return the blocks of a coalition.

        Parameters
        ----------
        seen : ndarray of bool of shape (n_groups,)

        Returns
        -------
        blocks : dict of str to Block
        """
        pairs = zip(self.groups.values(), seen)
        hidden = {i for places, is_seen in pairs if not is_seen for i in places}
        blocks = {}
        for name, _, places in self.estimator._preparation.modalities:
            mine = frozenset(places)
            if mine <= hidden:
                blocks[name] = self.blocks[name].hide()
            elif mine & hidden:
                blocks[name] = self._make(name, mine & hidden)
            else:
                blocks[name] = self.blocks[name]
        return blocks

    def _make(self, name, hidden):
        """Return a modality's block without some of its columns, which may be kept."""
        key = name, hidden
        if key not in self.made:
            preparation = self.estimator._preparation.only(name)
            frame = erase_columns(self.frame, sorted(hidden))
            block = preparation.transform(frame, self.estimator._reading())[name]
            while self.made and self._kept + block.nbytes > self.limit:
                del self.made[next(iter(self.made))]
            self.made[key] = block
        return self.made[key]

    @property
    def _kept(self):
        return sum(block.nbytes for block in self.made.values())


class _Known:
    """In a learner's place: its predictions are known, and handed on."""

    def predict(self, logits):
        return np.asarray(logits)


def view_of(estimator, X, logits):
    """Return an estimator that predicts by known logits.

    Parameters
    ----------
    estimator : BaseMultimodal
    X : table
        For this very object they are known.
    logits : ndarray of shape (n_rows, n_logits)
    """
    return estimator._view(_Known(), known=[(X, logits)])
