"""Encoders: one for each modality, trained inside the classifier."""

import importlib

#: kind -> (module, class) of its encoder.
_ENCODERS = {
    "tabular": ("skmm.encoders.tabular._encoder", "TabularEncoder"),
    "text": ("skmm.encoders.text._encoder", "TextEncoder"),
    "vector": ("skmm.encoders._vector", "VectorEncoder"),
}

#: Kinds that have no encoder of their own yet: kind -> Vectorizer whose features are
#: read as a vector.
_VECTORIZERS = {
    "image": "ImageVectorizer",
    "audio": "AudioVectorizer",
    "video": "VideoVectorizer",
    "series": "SeriesVectorizer",
}
#: The kinds that "auto" has an encoder for.
KINDS = (*_ENCODERS, *_VECTORIZERS)

_PUBLIC = {cls: module for module, cls in _ENCODERS.values()} | {
    "AudioEncoder": "skmm.encoders.audio._encoder",
    "SeriesEncoder": "skmm.encoders.series._encoder",
    "ImageEncoder": "skmm.encoders.pictures._image",
    "VideoEncoder": "skmm.encoders.pictures._video",
    "EntityEncoder": "skmm.encoders.entity._encoder",
    "ModuleEncoder": "skmm.encoders._module",
    "TransformerEncoder": "skmm.encoders._transformer",
    "Encoder": "skmm.encoders._base",
    "Encoded": "skmm.encoders._base",
}

__all__ = ["KINDS", "make_encoder", *_PUBLIC]


def __getattr__(name):
    # Lazily: encoders import torch, which the estimator must not before its fit.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def make_encoder(kind):
    """Give the default encoder of a kind.

    Pictures, sounds, videos and series are read by their Vectorizers, whose features
    are encoded as a vector is.

    Parameters
    ----------
    kind : {"tabular", "text", "vector", "image", "audio", "video", "series"}

    Returns
    -------
    encoder : Encoder

    Raises
    ------
    ValueError
        If there is no encoder for the kind.

    Examples
    --------
    >>> from skmm.encoders import make_encoder
    >>> make_encoder("vector")
    VectorEncoder()
    """
    if kind not in KINDS:
        raise ValueError(f"No encoder for {kind!r}; there are: {', '.join(KINDS)}.")
    if kind in _VECTORIZERS:
        package = importlib.import_module("skmm.feature_extraction")
        encoder = importlib.import_module("skmm.encoders._transformer")
        return encoder.TransformerEncoder(getattr(package, _VECTORIZERS[kind])())
    module, cls = _ENCODERS[kind]
    return getattr(importlib.import_module(module), cls)()
