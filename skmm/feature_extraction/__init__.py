"""Vectorizers: transformers that turn text and media into numbers, without weights."""

import importlib

_PUBLIC = {
    "MultimodalVectorizer": "skmm.feature_extraction._multimodal",
    "SeriesVectorizer": "skmm.feature_extraction._series",
    "TextVectorizer": "skmm.feature_extraction._text",
}

__all__ = [*_PUBLIC]


def __getattr__(name):
    # Lazily: one modality's libraries must not be imported for another's.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
