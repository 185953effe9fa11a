"""What an estimator has learned, and how its training went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.inspection._embedding import EmbeddingDisplay
    from skmm.inspection._training_curve import TrainingCurveDisplay

_PUBLIC = {
    "EmbeddingDisplay": "skmm.inspection._embedding",
    "TrainingCurveDisplay": "skmm.inspection._training_curve",
}

__all__ = [
    "EmbeddingDisplay",
    "TrainingCurveDisplay",
]

# Lazily: to inspect one thing is no reason to load what all others need.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
