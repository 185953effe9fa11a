"""Files that were cut off: downloads and copies that stopped half-way.

Decoders take what is there, and leave the rest silent or grey. But most containers
say how long they are.
"""

import os
import struct

from skmm.io._source import CellError

#: Longer than any page of Ogg.
_PAGE = 65_307


def check_complete(file):
    """Raise CellError if a file says that it is longer than it is.

    Parameters
    ----------
    file : seekable binary file
        WAV, AVI, AIFF, AU, Ogg, MP4 and Matroska are understood; others pass.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    start = _read(file, 0, 12).ljust(12, b"\0")
    expected = 0
    if start[:4] == b"RIFF":
        expected = _end_of_chunk(file, n_bytes, "<", {b"data", b"LIST"})
    elif start[:4] == b"FORM":
        expected = _end_of_chunk(file, n_bytes, ">", {b"SSND"})
    elif start[:4] == b".snd":
        offset, size = struct.unpack(">4xII", start)
        expected = 0 if size == 0xFFFFFFFF else offset + size
    elif start[:4] == b"OggS":
        expected = _end_of_last_page(file, n_bytes)
    elif start[4:8] in (b"ftyp", b"moov", b"mdat", b"moof", b"wide", b"free"):
        expected = _end_of_boxes(file, n_bytes)
    elif start[:4] == b"\x1a\x45\xdf\xa3":
        expected = _end_of_segment(file)
    file.seek(0)
    if expected > n_bytes:
        raise CellError(
            f"it is cut off: it should have at least {expected:,} bytes and has "
            f"{n_bytes:,}."
        )


def _read(file, position, n_bytes):
    file.seek(position)
    return file.read(n_bytes)


def _end_of_chunk(file, n_bytes, order, wanted):
    """Return the end of the last of the `wanted` chunks of RIFF or IFF."""
    position, end = 12, 0
    while len(header := _read(file, position, 8)) == 8:
        name, size = struct.unpack(f"{order}4sI", header)
        if size >= 0x7FFFFFFF:  # written to a pipe, or told elsewhere
            break
        position += 8 + size
        if name in wanted:
            end = position
        position += size % 2
        if name in (b"data", b"SSND"):
            break  # what follows may be anything
    return end


def _end_of_last_page(file, n_bytes):
    start = max(0, n_bytes - 2 * _PAGE)
    tail = _read(file, start, 2 * _PAGE)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return start + max(page, 0) + 27
    n_segments = tail[page + 26]
    lengths = tail[page + 27 : page + 27 + n_segments]
    return start + page + 27 + n_segments + sum(lengths)


def _end_of_boxes(file, n_bytes):
    """Return the end of the last box of MP4 that holds content."""
    position, end = 0, 0
    while len(header := _read(file, position, 16)) >= 8:
        size, name = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if size < 8:  # to the end of the file, or nonsense
            break
        position += size
        if name in (b"moov", b"mdat", b"moof"):
            end = position
    return end


def _end_of_segment(file):
    """Return the end of Matroska's one segment; 0 where it does not say."""
    position = 4
    for _ in range(2):  # after the header's size comes the segment
        field = _read(file, position, 8)
        if not field or field[0] == 0:
            return 0
        width = 9 - field[0].bit_length()
        size = int.from_bytes(field[:width], "big") ^ (1 << 7 * width)
        position += width
        if size == (1 << 7 * width) - 1:  # unknown, as in a live stream
            return 0
        position += size
        if _read(file, position, 4) == b"\x18\x53\x80\x67":
            position += 4
    return position
