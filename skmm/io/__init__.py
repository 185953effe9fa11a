"""Reading cells: one picture, recording or clip as an array, whatever it came as.

The only place in skmm that opens files.
"""

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach

if TYPE_CHECKING:
    from skmm.io._audio import AudioReader
    from skmm.io._cells import read_cells
    from skmm.io._digest import cell_digest
    from skmm.io._image import ImageReader
    from skmm.io._source import CellError
    from skmm.io._video import VideoReader

_PUBLIC = {
    "AudioReader": "skmm.io._audio",
    "CellError": "skmm.io._source",
    "ImageReader": "skmm.io._image",
    "VideoReader": "skmm.io._video",
    "cell_digest": "skmm.io._digest",
    "read_cells": "skmm.io._cells",
}

__all__ = [
    "AudioReader",
    "CellError",
    "ImageReader",
    "VideoReader",
    "cell_digest",
    "read_cells",
]

# Lazily: one modality's libraries must not be imported for another's.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)
