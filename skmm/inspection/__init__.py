"""What a fitted estimator relies on, and how its training went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.inspection._embedding import EmbeddingDisplay
    from skmm.inspection._fusion_weights import fusion_weights
    from skmm.inspection._importance import modality_importance
    from skmm.inspection._importance_display import ModalityImportanceDisplay
    from skmm.inspection._training_curve import TrainingCurveDisplay

_PUBLIC = {
    "EmbeddingDisplay": "skmm.inspection._embedding",
    "ModalityImportanceDisplay": "skmm.inspection._importance_display",
    "TrainingCurveDisplay": "skmm.inspection._training_curve",
    "fusion_weights": "skmm.inspection._fusion_weights",
    "modality_importance": "skmm.inspection._importance",
}

__all__ = [
    "EmbeddingDisplay",
    "ModalityImportanceDisplay",
    "TrainingCurveDisplay",
    "fusion_weights",
    "modality_importance",
]

# Lazily: drawing needs no torch, and computing no matplotlib.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
