"""Vectorizers and Embedders: transformers from text and media to columns of numbers."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.feature_extraction._audio import AudioVectorizer
    from skmm.feature_extraction._audio_embedder import AudioEmbedder
    from skmm.feature_extraction._entity import EntityVectorizer
    from skmm.feature_extraction._image import ImageVectorizer
    from skmm.feature_extraction._image_embedder import ImageEmbedder
    from skmm.feature_extraction._multimodal import MultimodalVectorizer
    from skmm.feature_extraction._series import SeriesVectorizer
    from skmm.feature_extraction._text import TextVectorizer
    from skmm.feature_extraction._text_embedder import TextEmbedder
    from skmm.feature_extraction._video import VideoVectorizer
    from skmm.feature_extraction._video_embedder import VideoEmbedder

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

__all__ = [
    "AudioEmbedder",
    "AudioVectorizer",
    "EntityVectorizer",
    "ImageEmbedder",
    "ImageVectorizer",
    "MultimodalVectorizer",
    "SeriesVectorizer",
    "TextEmbedder",
    "TextVectorizer",
    "VideoEmbedder",
    "VideoVectorizer",
]

# Lazily: one modality's libraries must not be imported for another's.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
