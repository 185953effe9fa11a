"""Multimodal learning with scikit-learn's interface."""

import importlib

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "MultimodalClassifier": "skmm._classifier",
    "MultimodalRegressor": "skmm._regressor",
    "detect_modalities": "skmm.modalities",
    "Modalities": "skmm.modalities",
    "unimodal_estimators": "skmm._unimodal",
}
_SUBPACKAGES = (
    "alignment",
    "augmentation",
    "callbacks",
    "datasets",
    "encoders",
    "feature_extraction",
    "fusion",
    "io",
    "modalities",
    "model_selection",
)

__all__ = [*_PUBLIC, *_SUBPACKAGES, "__version__"]


def __getattr__(name):
    # Lazily: `import skmm` stays fast, and torch is loaded at the first fit.
    if name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _SUBPACKAGES:
        return importlib.import_module(f"skmm.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
