"""Differential privacy: what is promised about the training rows, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.privacy._spec import PrivacySpec
    from skmm.privacy._spent import SpentPrivacy

_PUBLIC = {
    "PrivacySpec": "skmm.privacy._spec",
    "SpentPrivacy": "skmm.privacy._spent",
}

__all__ = ["PrivacySpec", "SpentPrivacy"]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
