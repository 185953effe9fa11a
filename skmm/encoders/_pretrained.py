"""What ``pretrained=`` puts in the place of a kind's name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from skmm._pretrained.sources import PACKAGED, is_installed, packaged_path
from skmm.modalities._kinds import KINDS, make_default

if TYPE_CHECKING:
    from skmm._utils.typing import PathLike, Pretrained

#: The network that reads a kind's cells, and how a user gets its weights.
_NETWORKS = {
    "text": ("minilm", 'pip install "skmm[text,weights]"'),
    "image": ("efficientnet-lite0", 'pip install "skmm[image]"'),
    "video": ("efficientnet-lite0", 'pip install "skmm[video]"'),
    # What it depends on needs a compiler, and is not needed for the weights.
    "audio": ("resemblyzer", "pip install --no-deps resemblyzer"),
}
#: What "auto" reads through a network: where it costs little beside the decoding, and
#: its vectors help in whatever way pictures and sounds are told apart.
_AUTO = ("image", "audio")
#: Parts of an encoder that may hold a fitted Embedder.
_PLACES = ("transformer_", "embedder_", "reader_", "transformer_list", "steps")


class Weights(NamedTuple):
    """A pretrained network of a fitted estimator.

    Attributes
    ----------
    model : str
        Its name, or the class of a module.
    revision : str or None
        What tells its weights apart: a hash, or a commit of the hub.
    tune : str
        What of it learned: "frozen" for nothing.
    """

    model: str
    revision: str | None
    tune: str


def make_with_network(
    kind: str, pretrained: Pretrained, memory: PathLike | None
) -> Any:
    """Return what reads a kind's cells under ``pretrained=``.

    Parameters
    ----------
    kind : str
    pretrained : {"auto", "tuned"} or bool
    memory : str, path or None
        Folder of the cache of vectors.

    Returns
    -------
    default : Encoder or transformer
        The kind's own default, where no network is asked for or there is none.

    Raises
    ------
    ImportError
        If a network is asked for, not left to "auto", and its package is missing.
    """
    if not _is_asked_for(kind, pretrained):
        return make_default(kind, "encoder")
    if kind == "text":
        from skmm.encoders.text._encoder import TextEncoder

        # Beside the vector, n-grams: each tells what the other does not.
        if pretrained == "tuned":
            return TextEncoder("pretrained", tune="lora", memory=memory)
        return TextEncoder("pretrained", memory=memory)
    if kind == "image" and pretrained == "tuned":
        from skmm.encoders.pictures._image import ImageEncoder

        return ImageEncoder("pretrained", tune="lora")
    from sklearn.pipeline import FeatureUnion

    # Measures see what a network that learned from photographs or voices passes over.
    embedder = make_default(kind, "embedder").set_params(memory=memory)
    return FeatureUnion(
        [("vectorizer", make_default(kind, "encoder")), ("network", embedder)]
    )


def _is_asked_for(kind, pretrained):
    """Tell if a network is to read cells of this kind; warn if "auto" finds none."""
    if pretrained is False or kind not in _NETWORKS:
        return False
    if pretrained == "auto" and kind not in _AUTO:
        return False
    model, remedy = _NETWORKS[kind]
    if not is_installed(model):
        package = PACKAGED[model][-1]
        told = f"the package {package}, which carries the network's weights"
        if pretrained != "auto":
            raise ImportError(
                f"pretrained={pretrained!r} reads {KINDS[kind].cells} through "
                f"{model!r}, and {told}, is not installed. Remedy: {remedy}"
            )
        warnings.warn(
            f"The {KINDS[kind].cells} are read without a pretrained network: {told}, "
            f"is not installed. {remedy} adds it; pretrained=False leaves it out "
            "without this warning.",
            UserWarning,
            stacklevel=2,
        )
        return False
    return True


def find_weights(encoder: Any) -> list[Weights]:
    """Return the pretrained networks within a fitted encoder.

    Parameters
    ----------
    encoder : Encoder

    Returns
    -------
    weights : list of Weights
    """
    from skmm.feature_extraction._embedder import Embedder

    tune = getattr(encoder, "tune", "frozen")
    is_tuned = getattr(encoder, "backbone", None) == "pretrained" and tune != "frozen"
    if is_tuned:
        return [Weights(_name(encoder.model), _hash(encoder.model), tune)]
    return [
        Weights(_name(one.model), one.revision_, "frozen")
        for one in _walk(encoder)
        if isinstance(one, Embedder) and hasattr(one, "revision_")
    ]


def _walk(part):
    """Yield a fitted part, and those within it."""
    if isinstance(part, (list, tuple)):
        for one in part:
            yield from _walk(one)
    elif hasattr(part, "__dict__") and not isinstance(part, type):
        yield part
        for place in _PLACES:
            yield from _walk(vars(part).get(place))


def _name(model):
    return str(model) if isinstance(model, str) else type(model).__name__


def _hash(model):
    """Return the hash of the weights that a tuned network started from."""
    from skmm._pretrained.sources import hash_files

    return hash_files(packaged_path(model)) if model in PACKAGED else None
