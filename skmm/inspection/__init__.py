"""What a fitted estimator relies on, and how its training went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.inspection._embedding import EmbeddingDisplay
    from skmm.inspection._fusion_weights import fusion_weights
    from skmm.inspection._importance import modality_importance
    from skmm.inspection._importance_display import ModalityImportanceDisplay
    from skmm.inspection._robustness import robustness_report
    from skmm.inspection._robustness_display import RobustnessDisplay
    from skmm.inspection._training_curve import TrainingCurveDisplay

_PUBLIC = {
    "EmbeddingDisplay": "skmm.inspection._embedding",
    "ModalityImportanceDisplay": "skmm.inspection._importance_display",
    "RobustnessDisplay": "skmm.inspection._robustness_display",
    "TrainingCurveDisplay": "skmm.inspection._training_curve",
    "fusion_weights": "skmm.inspection._fusion_weights",
    "modality_importance": "skmm.inspection._importance",
    "robustness_report": "skmm.inspection._robustness",
}

__all__ = [
    "EmbeddingDisplay",
    "ModalityImportanceDisplay",
    "RobustnessDisplay",
    "TrainingCurveDisplay",
    "fusion_weights",
    "modality_importance",
    "robustness_report",
]

# Lazily: drawing needs no torch, and computing no matplotlib.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
