"""The one table of kinds: all that is known of a kind of modality by its name.

A new kind is one entry here, and the file of its encoder.
"""

import importlib
from typing import NamedTuple

from skmm._utils.names import did_you_mean


class Kind(NamedTuple):
    """What belongs to a kind of modality.

    Classes are pairs (module, name), imported when they are asked for: this table lies
    below the packages that it names.

    Attributes
    ----------
    cells : str
        What its cells are, in the plural, for messages.
    encoder : tuple of (str, str)
        The encoder that estimators take. A Vectorizer in its place gives features,
        which are encoded as a vector is.
    vectorizer : tuple of (str, str) or None, default=None
        What MultimodalVectorizer takes.
    embedder : tuple of (str, str) or None, default=None
        What MultimodalVectorizer takes with ``pretrained=True``; None takes
        `vectorizer`.
    needs : str, default=""
        The argument without which encoder and Vectorizer cannot be made.
    extensions : str, default=""
        The extensions of its files, separated by spaces.

    Examples
    --------
    >>> from skmm.modalities import KINDS
    >>> KINDS["text"].cells
    'texts'
    """

    cells: str
    encoder: tuple[str, str]
    vectorizer: tuple[str, str] | None = None
    embedder: tuple[str, str] | None = None
    needs: str = ""
    extensions: str = ""


#: The kinds, by name.
KINDS = {
    "tabular": Kind(
        cells="numbers, categories and dates",
        encoder=("skmm.encoders.tabular._encoder", "TabularEncoder"),
        vectorizer=("skmm.feature_extraction._modalities", "TableFeatures"),
    ),
    "text": Kind(
        cells="texts",
        encoder=("skmm.encoders.text._encoder", "TextEncoder"),
        vectorizer=("skmm.feature_extraction", "TextVectorizer"),
        embedder=("skmm.feature_extraction", "TextEmbedder"),
    ),
    "image": Kind(
        cells="pictures",
        encoder=("skmm.feature_extraction", "ImageVectorizer"),
        vectorizer=("skmm.feature_extraction", "ImageVectorizer"),
        embedder=("skmm.feature_extraction", "ImageEmbedder"),
        extensions="png jpg jpeg jpe jfif gif webp bmp tif tiff ppm pgm pbm avif heic",
    ),
    "audio": Kind(
        cells="sounds",
        encoder=("skmm.feature_extraction", "AudioVectorizer"),
        vectorizer=("skmm.feature_extraction", "AudioVectorizer"),
        embedder=("skmm.feature_extraction", "AudioEmbedder"),
        extensions="wav wave mp3 ogg oga opus flac m4a aac aif aiff wma",
    ),
    "video": Kind(
        cells="videos",
        encoder=("skmm.feature_extraction", "VideoVectorizer"),
        vectorizer=("skmm.feature_extraction", "VideoVectorizer"),
        embedder=("skmm.feature_extraction", "VideoEmbedder"),
        extensions="mp4 m4v avi webm mov mkv mpg mpeg wmv flv ogv 3gp",
    ),
    "series": Kind(
        cells="series of numbers",
        encoder=("skmm.feature_extraction", "SeriesVectorizer"),
        vectorizer=("skmm.feature_extraction", "SeriesVectorizer"),
    ),
    "vector": Kind(
        cells="vectors",
        encoder=("skmm.encoders._vector", "VectorEncoder"),
        vectorizer=("skmm.feature_extraction._modalities", "Vectors"),
    ),
    "entity": Kind(
        cells="nodes of a knowledge graph",
        encoder=("skmm.encoders.entity._encoder", "EntityEncoder"),
        vectorizer=("skmm.feature_extraction", "EntityVectorizer"),
        needs="triples",
    ),
}


def make_default(name, what):
    """Make what a kind takes by default.

    Parameters
    ----------
    name : str
        The kind.
    what : {"encoder", "vectorizer", "embedder"}

    Returns
    -------
    default : Encoder or transformer

    Raises
    ------
    ValueError
        If there is no such kind, or it needs something that only the user has.
    """
    check_kind(name)
    kind = KINDS[name]
    place = getattr(kind, what) or kind.vectorizer
    if place is None:
        raise ValueError(
            f"There is no {what} for {kind.cells} (kind {name!r}) by default. Pass an "
            "object."
        )
    module, cls = place
    if kind.needs:
        raise ValueError(
            f"A column of kind {name!r} holds {kind.cells}, and how to read them takes "
            f"{kind.needs}. Pass an object that has them: {cls}({kind.needs})."
        )
    return getattr(importlib.import_module(module), cls)()


def check_kind(name):
    """Raise if there is no kind of this name; propose the nearest."""
    if not (isinstance(name, str) and name in KINDS):
        # By what its cells are, too: "photo" is near to none, but "sound" is.
        known = {kind.cells: one for one, kind in KINDS.items()} | {k: k for k in KINDS}
        raise ValueError(
            f"There is no kind named {name!r}.{did_you_mean(name, known)} Known kinds: "
            f"{', '.join(KINDS)}."
        )
