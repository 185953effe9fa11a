"""Models in files: saved and loaded without running what a file says."""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.persistence._errors import ModelFileError, UntrustedTypeError
    from skmm.persistence._files import get_untrusted_types, load, save

_PUBLIC = {
    "save": "skmm.persistence._files",
    "load": "skmm.persistence._files",
    "get_untrusted_types": "skmm.persistence._files",
    "ModelFileError": "skmm.persistence._errors",
    "UntrustedTypeError": "skmm.persistence._errors",
}

__all__ = [
    "save",
    "load",
    "get_untrusted_types",
    "ModelFileError",
    "UntrustedTypeError",
]

if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
