"""Encoders: one for each modality, trained inside the classifier."""

import importlib

#: kind -> (module, class) of the encoder that "auto" takes for it.
KINDS = {
    "tabular": ("skmm.encoders._tabular", "TabularEncoder"),
    "text": ("skmm.encoders._text", "TextEncoder"),
    "vector": ("skmm.encoders._vector", "VectorEncoder"),
}

_PUBLIC = {cls: module for module, cls in KINDS.values()} | {
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

    Parameters
    ----------
    kind : {"tabular", "text", "vector"}

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
    module, cls = KINDS[kind]
    return getattr(importlib.import_module(module), cls)()
