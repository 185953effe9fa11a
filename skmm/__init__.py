"""Multimodal learning with scikit-learn's interface."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm import (
        alignment,
        augmentation,
        callbacks,
        datasets,
        encoders,
        feature_extraction,
        fusion,
        inspection,
        io,
        modalities,
        model_selection,
        persistence,
        semi_supervised,
        serving,
    )
    from skmm._classifier import MultimodalClassifier
    from skmm._regressor import MultimodalRegressor
    from skmm._unimodal import unimodal_estimators
    from skmm.modalities import Modalities, detect_modalities
    from skmm.persistence import get_untrusted_types, load, save

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "MultimodalClassifier": "skmm._classifier",
    "MultimodalRegressor": "skmm._regressor",
    "detect_modalities": "skmm.modalities",
    "Modalities": "skmm.modalities",
    "unimodal_estimators": "skmm._unimodal",
    "save": "skmm.persistence",
    "load": "skmm.persistence",
    "get_untrusted_types": "skmm.persistence",
    "alignment": "skmm.alignment",
    "augmentation": "skmm.augmentation",
    "callbacks": "skmm.callbacks",
    "datasets": "skmm.datasets",
    "encoders": "skmm.encoders",
    "feature_extraction": "skmm.feature_extraction",
    "fusion": "skmm.fusion",
    "inspection": "skmm.inspection",
    "io": "skmm.io",
    "modalities": "skmm.modalities",
    "model_selection": "skmm.model_selection",
    "persistence": "skmm.persistence",
    "semi_supervised": "skmm.semi_supervised",
    "serving": "skmm.serving",
}

__all__ = [
    "MultimodalClassifier",
    "MultimodalRegressor",
    "detect_modalities",
    "Modalities",
    "unimodal_estimators",
    "save",
    "load",
    "get_untrusted_types",
    "alignment",
    "augmentation",
    "callbacks",
    "datasets",
    "encoders",
    "feature_extraction",
    "fusion",
    "inspection",
    "io",
    "modalities",
    "model_selection",
    "persistence",
    "semi_supervised",
    "serving",
    "__version__",
]

# Lazily: `import skmm` stays fast, and torch is loaded at the first fit.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
