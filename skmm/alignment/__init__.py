"""Alignments: extra losses that bring the modalities' vectors into a common space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach
from skmm._utils.registry import make_part

if TYPE_CHECKING:
    from torch import nn

    from skmm.alignment._base import Alignment

if TYPE_CHECKING:
    from skmm.alignment._adversarial import AdversarialAlignment
    from skmm.alignment._base import Alignment
    from skmm.alignment._cca import CCAAlignment
    from skmm.alignment._consensus import MaxAlignment, WeightedAlignment
    from skmm.alignment._contrastive import ContrastiveAlignment
    from skmm.alignment._moments import CoralAlignment, MMDAlignment
    from skmm.alignment._optimal_transport import OptimalTransportAlignment
    from skmm.alignment._positive import PositiveAlignment

#: name in ``alignment=`` -> (module, class). A new one is one file and one line here;
#: what type checkers read, above and in `__all__`, is compared with it by a test.
ALIGNMENTS = {
    "contrastive": ("skmm.alignment._contrastive", "ContrastiveAlignment"),
    "positive": ("skmm.alignment._positive", "PositiveAlignment"),
    "max": ("skmm.alignment._consensus", "MaxAlignment"),
    "weighted": ("skmm.alignment._consensus", "WeightedAlignment"),
    "adversarial": ("skmm.alignment._adversarial", "AdversarialAlignment"),
    "cca": ("skmm.alignment._cca", "CCAAlignment"),
    "mmd": ("skmm.alignment._moments", "MMDAlignment"),
    "coral": ("skmm.alignment._moments", "CoralAlignment"),
    "optimal_transport": (
        "skmm.alignment._optimal_transport",
        "OptimalTransportAlignment",
    ),
}

_PUBLIC = {cls: module for module, cls in ALIGNMENTS.values()} | {
    "Alignment": "skmm.alignment._base",
}

__all__ = [
    "ALIGNMENTS",
    "make_alignment",
    "ContrastiveAlignment",
    "PositiveAlignment",
    "MaxAlignment",
    "WeightedAlignment",
    "AdversarialAlignment",
    "CCAAlignment",
    "MMDAlignment",
    "CoralAlignment",
    "OptimalTransportAlignment",
    "Alignment",
]

# Lazily: the table of names must not cost an import of torch.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)


def make_alignment(
    alignment: str | Alignment | type[Alignment] | type[nn.Module],
) -> Alignment:
    """Return an alignment object from a name, a class or an instance.

    Parameters
    ----------
    alignment : str, Alignment class, Alignment instance or nn.Module class
        The value of the estimators' parameter ``alignment``. A string is a name of
        `ALIGNMENTS`. A plain ``nn.Module`` class is built with the
        :class:`~skmm.fusion.FusionSpec` as its only argument.

    Returns
    -------
    alignment : Alignment
        The alignment object. An instance is returned as it is.

    Raises
    ------
    InvalidParameterError
        A ValueError: ``alignment`` is none of these, or one of its options has an
        invalid value. For an unknown name the message proposes the nearest one.

    Examples
    --------
    >>> from skmm.alignment import make_alignment
    >>> make_alignment("contrastive")
    ContrastiveAlignment()
    """
    wrapper = ("skmm.alignment._base", "ModuleAlignment")
    return make_part(alignment, "alignment", ALIGNMENTS, wrapper)
