"""Vectorizers and Embedders: transformers that turn text and media into numbers."""

import importlib

_PUBLIC = {
    "AudioEmbedder": "skmm.feature_extraction._audio_embedder",
    "AudioVectorizer": "skmm.feature_extraction._audio",
    "EntityVectorizer": "skmm.feature_extraction._entity",
    "ImageEmbedder": "skmm.feature_extraction._image_embedder",
    "ImageVectorizer": "skmm.feature_extraction._image",
    "MultimodalVectorizer": "skmm.feature_extraction._multimodal",
    "SeriesVectorizer": "skmm.feature_extraction._series",
    "TextEmbedder": "skmm.feature_extraction._text_embedder",
    "TextVectorizer": "skmm.feature_extraction._text",
    "VideoEmbedder": "skmm.feature_extraction._video_embedder",
    "VideoVectorizer": "skmm.feature_extraction._video",
}

__all__ = [*_PUBLIC]


def __getattr__(name):
    # Lazily: one modality's libraries must not be imported for another's.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
