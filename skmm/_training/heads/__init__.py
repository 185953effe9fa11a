"""Heads: siblings that learn by their own losses, and are mixed."""

import copy
import functools
import warnings

from skmm._training.heads._base import (
    Head,
    HeadOutput,
    HeadSpec,
    NetHead,
    SolvedHead,
)
from skmm._training.heads._boosters import LibraryHead
from skmm._training.heads._estimators import BoostingHead, EstimatorHead
from skmm._training.heads._fused import FusedHead
from skmm._training.heads._linear import LinearHead
from skmm._training.heads._tasks import OneTaskHead, TaskHeads
from skmm._training.heads._wide import WideHead

#: name -> what makes it. A new head is one file and one line here.
HEADS = {
    "fused": FusedHead,
    "wide": WideHead,
    "linear": LinearHead,
    "boosting": BoostingHead,
    "lightgbm": functools.partial(LibraryHead, "lightgbm"),
    "xgboost": functools.partial(LibraryHead, "xgboost"),
    "catboost": functools.partial(LibraryHead, "catboost"),
}

#: What ``heads="auto"`` stands for.
AUTO = ("fused", "wide", "linear", "boosting")

__all__ = [
    "AUTO",
    "HEADS",
    "Head",
    "HeadOutput",
    "HeadSpec",
    "NetHead",
    "SolvedHead",
    "choose_heads",
    "make_heads",
    "make_task_heads",
]


def choose_heads(heads, targets=None, *, incremental=False):
    """Return what a user's ``heads=`` asks for, in the order of training.

    Parameters
    ----------
    heads : "auto", or sequence of str or (str, estimator)
    targets : ClassificationTargets or RegressionTargets, default=None
        Of "auto", heads that cannot serve them are left out.
    incremental : bool, default=False
        If True, training goes batch by batch: heads that cannot learn so give their
        place to those that can, or are left out.

    Returns
    -------
    heads : list of Head

    Raises
    ------
    ValueError
        For a name that is not known, and where no head is left.
    TypeError
        For what is neither a name nor such a pair.

    Warns
    -----
    UserWarning
        If a head that was asked for is left out.
    """
    is_auto = isinstance(heads, str)
    if not len(heads):
        raise ValueError("heads=[] leaves nothing that predicts. Name at least one.")
    chosen, left_out = [], []
    for given in AUTO if is_auto else heads:
        head = _make_head(given)
        if is_auto and targets is not None and not _serves(head, targets):
            continue
        if incremental and not head.learns_incrementally:
            if head.incremental_form is None:
                left_out.append(head.name)
                continue
            head = HEADS[head.incremental_form]()
        if head.name not in [one.name for one in chosen] or not incremental:
            chosen.append(head)
    if left_out and not is_auto:
        if not chosen:
            raise ValueError(
                f"heads={list(heads)!r}: none of them learns batch by batch, as "
                "partial_fit does. Add 'fused' or 'linear', or call fit."
            )
        warnings.warn(
            f"The heads {left_out} do not learn batch by batch, as partial_fit does: "
            "they are left out.",
            UserWarning,
            stacklevel=2,
        )
    # The net's heads first, so that the fused one is the same whatever stands beside.
    return sorted(chosen, key=lambda head: [*HEADS, head.name].index(head.name))


def _make_head(given):
    if isinstance(given, Head):
        return given
    if isinstance(given, str):
        if given not in HEADS:
            raise ValueError(
                f"There is no head named {given!r}. Known heads: {', '.join(HEADS)}; "
                "or (name, estimator) with an estimator of scikit-learn."
            )
        return HEADS[given]()
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    if not is_pair or not isinstance(given[0], str) or not hasattr(given[1], "fit"):
        raise TypeError(
            "heads= holds names, or pairs (name, estimator) with an estimator of "
            f"scikit-learn; got {given!r}."
        )
    return EstimatorHead(*given)


def make_heads(names, targets):
    """Return fresh heads, in the order of their names.

    Parameters
    ----------
    names : sequence of str or Head
    targets : ClassificationTargets or RegressionTargets

    Returns
    -------
    heads : dict of str to Head

    Raises
    ------
    ValueError
        If a name is not known or occurs twice, or if a head cannot serve the target.
    """
    heads = {}
    for given in names:
        head = _make_head(given)
        if head.name in heads:
            raise ValueError(
                f"Two heads are named {head.name!r}. Give each a name of its own."
            )
        head.check(targets)
        heads[head.name] = head
    return heads


def make_task_heads(names, targets):
    """Return fresh heads of several tasks, and tell the targets which learns which.

    Parameters
    ----------
    names : sequence of str or Head
    targets : TaskTargets

    Returns
    -------
    heads : dict of str to Head

    Raises
    ------
    ValueError
        If a name is not known or occurs twice, or if no head can serve a task.
    """
    heads = {}
    for given in names:
        head = _make_head(given)
        if isinstance(head, SolvedHead):
            made = [TaskHeads(head, targets)]
        elif head.shares_nothing:
            made = [OneTaskHead(head, task) for task in targets.tasks]
        else:
            made = [head]
        for one in made:
            if one.name in heads:
                raise ValueError(
                    f"Two heads are named {one.name!r}. Give each a name of its own."
                )
            heads[one.name] = one
            served = [task.name for task in targets.tasks if _learns(one, task)]
            targets.serving[one.name] = (head.name, served)
    for task in targets.tasks:
        if not targets.heads_of(task, heads):
            # It says what the first of them cannot.
            next(iter(heads.values())).check_task(task)
    return heads


def _learns(head, task):
    if isinstance(head, TaskHeads):
        return task.name in head.heads
    return not isinstance(head, OneTaskHead) or head.task is task


def _serves(head, targets):
    """Tell if a head can serve the target, or one of several tasks."""
    if targets.tasks is None:
        return head.serves(targets)
    return any(copy.copy(head).serves(task.targets) for task in targets.tasks)
