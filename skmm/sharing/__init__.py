"""Models for others: model cards, and the conventions of the Hugging Face Hub."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.sharing._card import ModelCard, model_card
    from skmm.sharing._hub import from_pretrained, push_to_hub, save_pretrained

_PUBLIC = {
    "ModelCard": "skmm.sharing._card",
    "model_card": "skmm.sharing._card",
    "save_pretrained": "skmm.sharing._hub",
    "from_pretrained": "skmm.sharing._hub",
    "push_to_hub": "skmm.sharing._hub",
}

__all__ = [
    "ModelCard",
    "model_card",
    "save_pretrained",
    "from_pretrained",
    "push_to_hub",
]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
