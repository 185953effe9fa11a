"""What a fitted estimator relies on, and how its training went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.inspection._attack import attack
    from skmm.inspection._embedding import EmbeddingDisplay
    from skmm.inspection._explain import explain_row
    from skmm.inspection._explanation import RowExplanation
    from skmm.inspection._fusion_weights import fusion_weights
    from skmm.inspection._fusion_weights_display import FusionWeightsDisplay
    from skmm.inspection._importance import modality_importance
    from skmm.inspection._importance_display import ModalityImportanceDisplay
    from skmm.inspection._membership import membership_audit
    from skmm.inspection._membership_result import MembershipAudit
    from skmm.inspection._missing_display import MissingModalityDisplay
    from skmm.inspection._robustness import robustness_report
    from skmm.inspection._robustness_display import RobustnessDisplay
    from skmm.inspection._training_curve import TrainingCurveDisplay

_PUBLIC = {
    "EmbeddingDisplay": "skmm.inspection._embedding",
    "FusionWeightsDisplay": "skmm.inspection._fusion_weights_display",
    "MembershipAudit": "skmm.inspection._membership_result",
    "MissingModalityDisplay": "skmm.inspection._missing_display",
    "ModalityImportanceDisplay": "skmm.inspection._importance_display",
    "RobustnessDisplay": "skmm.inspection._robustness_display",
    "RowExplanation": "skmm.inspection._explanation",
    "TrainingCurveDisplay": "skmm.inspection._training_curve",
    "attack": "skmm.inspection._attack",
    "explain_row": "skmm.inspection._explain",
    "fusion_weights": "skmm.inspection._fusion_weights",
    "membership_audit": "skmm.inspection._membership",
    "modality_importance": "skmm.inspection._importance",
    "robustness_report": "skmm.inspection._robustness",
}

__all__ = [
    "EmbeddingDisplay",
    "FusionWeightsDisplay",
    "MembershipAudit",
    "MissingModalityDisplay",
    "ModalityImportanceDisplay",
    "RobustnessDisplay",
    "RowExplanation",
    "TrainingCurveDisplay",
    "attack",
    "explain_row",
    "fusion_weights",
    "membership_audit",
    "modality_importance",
    "robustness_report",
]

# Lazily: drawing needs no torch, and computing no matplotlib.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
