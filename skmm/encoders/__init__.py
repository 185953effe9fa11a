"""Encoders: one for each modality, trained inside the classifier."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from skmm._utils.compat import HasMethods
from skmm._utils.lazy import attach
from skmm._utils.registry import make_part, part_constraints
from skmm._utils.validation import check_value
from skmm.encoders._pretrained import make_with_network
from skmm.modalities import KINDS

if TYPE_CHECKING:
    from torch import nn

    from skmm._utils.typing import PathLike, Pretrained, SupportsTransform
    from skmm.encoders._base import Encoder

if TYPE_CHECKING:
    from skmm._data.blocks import Block
    from skmm._data.containers import Csr, Ragged
    from skmm.encoders._base import Comparison, Encoded, Encoder
    from skmm.encoders._deep import EncoderModule
    from skmm.encoders._module import ModuleEncoder
    from skmm.encoders._transformer import TransformerEncoder
    from skmm.encoders._vector import VectorEncoder
    from skmm.encoders.audio._encoder import AudioEncoder
    from skmm.encoders.entity._encoder import EntityEncoder
    from skmm.encoders.pictures._image import ImageEncoder
    from skmm.encoders.pictures._video import VideoEncoder
    from skmm.encoders.private._table import DeclaredTableEncoder
    from skmm.encoders.private._text import HashedTextEncoder
    from skmm.encoders.private._vector import UnitVectorEncoder
    from skmm.encoders.series._encoder import SeriesEncoder
    from skmm.encoders.tabular._encoder import TabularEncoder
    from skmm.encoders.text._encoder import TextEncoder

#: name in ``modalities=`` -> (module, class). A kind's name stands for what the kind
#: takes by default, see :data:`skmm.modalities.KINDS`; the others stand for encoders
#: that learn from the cells themselves where the default reads extracted features. A
#: new encoder is one file and one line here; a kind's, one entry in the table of kinds.
#: What type checkers read, above and in `__all__`, is compared with it by a test.
ENCODERS = {name: kind.encoder for name, kind in KINDS.items()} | {
    "image_encoder": ("skmm.encoders.pictures._image", "ImageEncoder"),
    "audio_encoder": ("skmm.encoders.audio._encoder", "AudioEncoder"),
    "video_encoder": ("skmm.encoders.pictures._video", "VideoEncoder"),
    "series_encoder": ("skmm.encoders.series._encoder", "SeriesEncoder"),
    "declared_table": ("skmm.encoders.private._table", "DeclaredTableEncoder"),
    "hashed_text": ("skmm.encoders.private._text", "HashedTextEncoder"),
    "unit_vector": ("skmm.encoders.private._vector", "UnitVectorEncoder"),
}

_PUBLIC = {
    cls: module for module, cls in ENCODERS.values() if module.startswith(__name__)
} | {
    "Block": "skmm._data.blocks",
    "Comparison": "skmm.encoders._base",
    "Csr": "skmm._data.containers",
    "Encoded": "skmm.encoders._base",
    "Encoder": "skmm.encoders._base",
    "EncoderModule": "skmm.encoders._deep",
    "ModuleEncoder": "skmm.encoders._module",
    "Ragged": "skmm._data.containers",
    "TransformerEncoder": "skmm.encoders._transformer",
}

__all__ = [
    "ENCODERS",
    "make_encoder",
    "TabularEncoder",
    "TextEncoder",
    "VectorEncoder",
    "EntityEncoder",
    "ImageEncoder",
    "AudioEncoder",
    "VideoEncoder",
    "SeriesEncoder",
    "DeclaredTableEncoder",
    "HashedTextEncoder",
    "UnitVectorEncoder",
    "Block",
    "Comparison",
    "Csr",
    "Encoded",
    "Encoder",
    "EncoderModule",
    "ModuleEncoder",
    "Ragged",
    "TransformerEncoder",
]

# Lazily: encoders import torch, which the estimator must not before its fit.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)


def make_encoder(
    encoder: str | Encoder | type[Encoder] | type[nn.Module] | SupportsTransform,
    *,
    series: bool = False,
    pretrained: Pretrained = False,
    memory: PathLike | None = None,
) -> Encoder:
    """Return an encoder for what a user wrote in an encoder's place.

    Parameters
    ----------
    encoder : str, Encoder, class, transformer or nn.Module class
        A name of :data:`ENCODERS`. Pictures, sounds, videos and series are read by
        their Vectorizers, whose features are encoded as a vector is. A scikit-learn
        transformer is put into a :class:`TransformerEncoder`, a class of
        ``nn.Module`` into a :class:`ModuleEncoder`.
    series : bool, default=False
        If True, a transformer is handed its column as a 1-D Series.
    pretrained : {"auto", "tuned"} or bool, default=False
        Pretrained networks that the name of a kind stands for; see
        :class:`~skmm.MultimodalClassifier`.
    memory : str or path, default=None
        Folder of the cache of their vectors.

    Returns
    -------
    encoder : Encoder
        A given encoder is returned as it is.

    Raises
    ------
    InvalidParameterError
        A ValueError: it is nothing of these, or one of its options cannot be. For a
        name that is not known the nearest is proposed.
    ValueError
        If the encoder needs an argument.
    ImportError
        If ``pretrained=`` asks for a network whose package is not installed.

    Examples
    --------
    >>> from skmm.encoders import make_encoder
    >>> make_encoder("vector")
    VectorEncoder()
    """
    if isinstance(encoder, str) and encoder in KINDS:
        encoder = make_with_network(encoder, pretrained, memory)
    known = [*part_constraints(ENCODERS), HasMethods(["fit", "transform"])]
    check_value(encoder, known, "encoder", "make_encoder")
    if _is_transformer(encoder):
        module = importlib.import_module("skmm.encoders._transformer")
        encoder = module.TransformerEncoder(encoder, series=series)
    wrapper = ("skmm.encoders._module", "ModuleEncoder")
    return make_part(encoder, "encoder", ENCODERS, wrapper)


def _is_transformer(encoder):
    if isinstance(encoder, type):
        return False
    return hasattr(encoder, "fit") and hasattr(encoder, "transform")
