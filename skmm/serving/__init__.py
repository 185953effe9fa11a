"""Fitted estimators over HTTP, and a page that predicts one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.serving._app import make_app
    from skmm.serving._serve import serve

_PUBLIC = {
    "make_app": "skmm.serving._app",
    "serve": "skmm.serving._serve",
}

__all__ = ["make_app", "serve"]

# Lazily: the names need neither FastAPI nor torch.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
