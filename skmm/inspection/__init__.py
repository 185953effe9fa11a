"""Looking into a fitted estimator: what each modality brings."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.inspection._fusion_weights import fusion_weights
    from skmm.inspection._importance import modality_importance
    from skmm.inspection._importance_display import ModalityImportanceDisplay

_PUBLIC = {
    "ModalityImportanceDisplay": "skmm.inspection._importance_display",
    "fusion_weights": "skmm.inspection._fusion_weights",
    "modality_importance": "skmm.inspection._importance",
}

__all__ = [
    "ModalityImportanceDisplay",
    "fusion_weights",
    "modality_importance",
]

# Lazily: drawing needs no torch, and computing no matplotlib.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
