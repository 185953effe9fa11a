"""What a fitted encoder reads, and its cells as arrays."""

import numpy as np

#: Parts of an encoder that may read the cells in its stead.
_INNER = ("transformer_", "embedder_", "transformer_list", "steps")
#: The rate of networks of sounds that have one of their own, in samples a second.
_OF_NETWORKS = 16_000


def find_kind(encoder):
    """Return what the cells of a modality are.

    Parameters
    ----------
    encoder : Encoder
        Fitted.

    Returns
    -------
    kind : {"table", "text", "image", "audio"} or None
        None for all else, and for what a user's own encoder or transformer reads.
    """
    from skmm.encoders import AudioEncoder, ImageEncoder, TabularEncoder, TextEncoder
    from skmm.feature_extraction import (
        AudioEmbedder,
        AudioVectorizer,
        ImageEmbedder,
        ImageVectorizer,
        TextEmbedder,
        TextVectorizer,
    )

    if isinstance(encoder, ImageEncoder) and encoder.shape is not None:
        return None  # pixels in columns
    parts = list(walk(encoder))
    for kind, classes in (
        ("table", (TabularEncoder,)),
        ("text", (TextEncoder, TextEmbedder, TextVectorizer)),
        ("image", (ImageEncoder, ImageEmbedder, ImageVectorizer)),
        ("audio", (AudioEncoder, AudioEmbedder, AudioVectorizer)),
    ):
        if any(isinstance(one, classes) for one in parts):
            return kind
    # scikit-learn's own vectorizers of texts, such as TfidfVectorizer.
    return "text" if any(hasattr(one, "build_analyzer") for one in parts) else None


def walk(part):
    """Yield a fitted encoder, and the transformers within it.

    Parameters
    ----------
    part : Encoder, transformer, or a list of these
    """
    if isinstance(part, (list, tuple)):
        for one in part:
            yield from walk(one)
    elif hasattr(part, "__dict__"):
        yield part
        for place in _INNER:
            yield from walk(vars(part).get(place))


def read_picture(cell, encoder, max_side):
    """Return the pixels of a cell, with their opacity.

    Parameters
    ----------
    cell : object
    encoder : Encoder
        Whose folder paths start from.
    max_side : int
        Pictures whose longer side is longer are reduced to it.

    Returns
    -------
    pixels : ndarray of uint8 of shape (height, width, 4)
    """
    from PIL import Image

    from skmm.io import ImageReader

    pixels = ImageReader(mode="RGBA", root=_first(encoder, "root"))(cell)
    height, width = pixels.shape[:2]
    if max(height, width) > max_side:
        scale = max_side / max(height, width)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, reducing_gap=2.0))
    return pixels


def read_sound(cell, encoder):
    """Return the samples of a cell and their rate: a cell, too.

    Parameters
    ----------
    cell : object
    encoder : Encoder
        Whose folder paths start from, and whose rate arrays have.

    Returns
    -------
    samples : ndarray of float32 of shape (n_samples,)
    rate : int
        The highest that any part of the encoder reads.
    """
    from skmm.io import AudioReader

    readers = [one for one in walk(encoder) if hasattr(one, "array_rate")]
    rate = max(one.rate or _OF_NETWORKS for one in readers)
    reader = AudioReader(
        rate=rate,
        root=_first(encoder, "root"),
        array_rate=_first(encoder, "array_rate"),
    )
    return reader(cell), rate


def _first(encoder, option):
    """Return an option of the first part of an encoder that has it set."""
    found = (getattr(one, option, None) for one in walk(encoder))
    return next((value for value in found if value is not None), None)
