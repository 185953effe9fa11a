"""Fitted estimators as graphs that other programs run."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm._export._export import export

_PUBLIC = {"export": "skmm._export._export"}

__all__ = ["export"]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
