"""Heads: siblings that learn by their own losses, and are mixed."""

from skmm._training.heads._base import Head, HeadOutput, HeadSpec, NetHead
from skmm._training.heads._fused import FusedHead
from skmm._training.heads._wide import WideHead

#: name -> class. A new head is one file and one line here.
HEADS = {head.name: head for head in (FusedHead, WideHead)}

__all__ = ["HEADS", "Head", "HeadOutput", "HeadSpec", "NetHead", "make_heads"]


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
        if isinstance(given, str) and given not in HEADS:
            raise ValueError(
                f"There is no head named {given!r}. Known heads: {', '.join(HEADS)}."
            )
        head = HEADS[given]() if isinstance(given, str) else given
        if head.name in heads:
            raise ValueError(
                f"Two heads are named {head.name!r}. Give each a name of its own."
            )
        head.check(targets)
        heads[head.name] = head
    return heads
