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
        mlflow,
        modalities,
        model_selection,
        persistence,
        privacy,
        runtime,
        semi_supervised,
        serving,
        sharing,
    )
    from skmm._classifier import MultimodalClassifier
    from skmm._export import export
    from skmm._multitask import MultimodalMultitask
    from skmm._regressor import MultimodalRegressor
    from skmm._unimodal import unimodal_estimators
    from skmm.modalities import Modalities, detect_modalities
    from skmm.persistence import get_untrusted_types, load, save
    from skmm.sharing import model_card

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "MultimodalClassifier": "skmm._classifier",
    "MultimodalRegressor": "skmm._regressor",
    "MultimodalMultitask": "skmm._multitask",
    "detect_modalities": "skmm.modalities",
    "Modalities": "skmm.modalities",
    "unimodal_estimators": "skmm._unimodal",
    "save": "skmm.persistence",
    "load": "skmm.persistence",
    "get_untrusted_types": "skmm.persistence",
    "model_card": "skmm.sharing",
    "export": "skmm._export",
    "alignment": "skmm.alignment",
    "augmentation": "skmm.augmentation",
    "callbacks": "skmm.callbacks",
    "datasets": "skmm.datasets",
    "encoders": "skmm.encoders",
    "feature_extraction": "skmm.feature_extraction",
    "fusion": "skmm.fusion",
    "inspection": "skmm.inspection",
    "io": "skmm.io",
    "mlflow": "skmm.mlflow",
    "modalities": "skmm.modalities",
    "model_selection": "skmm.model_selection",
    "persistence": "skmm.persistence",
    "privacy": "skmm.privacy",
    "runtime": "skmm.runtime",
    "semi_supervised": "skmm.semi_supervised",
    "serving": "skmm.serving",
    "sharing": "skmm.sharing",
}

__all__ = [
    "MultimodalClassifier",
    "MultimodalRegressor",
    "MultimodalMultitask",
    "detect_modalities",
    "Modalities",
    "unimodal_estimators",
    "save",
    "load",
    "get_untrusted_types",
    "model_card",
    "export",
    "alignment",
    "augmentation",
    "callbacks",
    "datasets",
    "encoders",
    "feature_extraction",
    "fusion",
    "inspection",
    "io",
    "mlflow",
    "modalities",
    "model_selection",
    "persistence",
    "privacy",
    "runtime",
    "semi_supervised",
    "serving",
    "sharing",
    "__version__",
]

# Lazily: `import skmm` stays fast, and torch is loaded at the first fit.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
