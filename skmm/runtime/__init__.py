"""Exported models, run by NumPy and onnxruntime alone."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.runtime._errors import RowError, RuntimeFileError
    from skmm.runtime._model import RuntimeModel, load

_PUBLIC = {
    "load": "skmm.runtime._model",
    "RuntimeModel": "skmm.runtime._model",
    "RuntimeFileError": "skmm.runtime._errors",
    "RowError": "skmm.runtime._errors",
}

__all__ = ["load", "RuntimeModel", "RuntimeFileError", "RowError"]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
