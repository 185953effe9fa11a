"""The kind of modality that a fitted encoder or transformer reads."""

from skmm.modalities._kinds import KINDS

#: Encoders and transformers by name: kinds of what they read.
_KIND_OF_CLASS = {
    cls: kind
    for kind, entry in KINDS.items()
    for place in (entry.encoder, entry.vectorizer, entry.embedder)
    if place is not None
    for cls in [place[1]]
} | {
    "ImageEncoder": "image",
    "AudioEncoder": "audio",
    "VideoEncoder": "video",
    "SeriesEncoder": "series",
    "ModuleEncoder": "any",
}
#: Where what reads the cells stands in what is put together of several.
_PARTS = ("transformer_", "steps", "transformer_list")


def kind_of(encoder):
    """Return the kind of the cells that an encoder or transformer reads.

    Parameters
    ----------
    encoder : object
        Also what is put together of several transformers.

    Returns
    -------
    kind : str
        A name of `KINDS`, or "any" for what is not of skmm.
    """
    for part in _walk(encoder):
        for cls in type(part).__mro__:
            if cls.__module__.startswith("skmm.") and cls.__name__ in _KIND_OF_CLASS:
                return _KIND_OF_CLASS[cls.__name__]
    return "any"


def first_attribute(encoder, attribute):
    """Return an attribute of an encoder, or of the transformer within it, or None."""
    for part in (encoder, *_walk(encoder)):
        if hasattr(part, attribute):
            return getattr(part, attribute)
    return None


def _walk(part):
    """Yield what may read cells: a part, and the first of those within it."""
    if isinstance(part, (list, tuple)):
        for one in part:
            yield from _walk(one)
    elif hasattr(part, "__dict__"):
        places = [vars(part)[place] for place in _PARTS if place in vars(part)]
        if not places:
            yield part
        for place in places:
            yield from _walk(place)
