"""Reading cells: one picture, recording or clip as an array, whatever it came as.

The only place in skmm that opens files.
"""

import importlib

_PUBLIC = {
    "AudioReader": "skmm.io._audio",
    "CellError": "skmm.io._source",
    "ImageReader": "skmm.io._image",
    "VideoReader": "skmm.io._video",
    "cell_digest": "skmm.io._digest",
    "read_cells": "skmm.io._cells",
}

__all__ = [*_PUBLIC]


def __getattr__(name):
    # Lazily: one modality's libraries must not be imported for another's.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
