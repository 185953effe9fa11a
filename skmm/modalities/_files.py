"""What kind of file a path names, or bytes begin."""

from collections import Counter

from skmm._data.frames import show_label
from skmm.modalities._errors import REMEDY_OF_MIXED_MEDIA, mixed_types, unreadable
from skmm.modalities._kinds import KINDS

_KIND_OF_EXTENSION = {
    extension: name
    for name, kind in KINDS.items()
    for extension in kind.extensions.split()
}


def kind_of_path(value):
    stem, _, extension = value.rstrip().rpartition(".")
    kind = _KIND_OF_EXTENSION.get(extension.lower())
    # Files on the web are not fetched: their addresses are ids like any other.
    return None if "://" in stem or not stem.strip() else kind


def detect_bytes(series, cells, label):
    """Decide by the first bytes of every cell."""
    kinds = [_kind_of_bytes(bytes(cell[:32])) for cell in cells]
    counts = Counter(kinds)
    n_unknown = counts.pop(None, 0)
    if len(counts) > 1:
        per_row = [f"{kind or 'unknown'} files" for kind in kinds]
        raise mixed_types(series, label, per_row, REMEDY_OF_MIXED_MEDIA)
    # A few broken files don't change what the column is: reading them tells.
    if n_unknown > len(cells) / 2:
        example = show_label(series.index, kinds.index(None))
        raise unreadable(
            label,
            f"holds bytes that are no known image, audio or video format in {n_unknown}"
            f" of {len(cells)} rows (for example row {example})",
            f"decode them if they are strings, X[{label!r}].str.decode('utf-8')",
        )
    (kind,) = counts
    return kind, f"bytes of {kind} files"


def _kind_of_bytes(start):
    """Recognise a file by its first 32 bytes."""
    for kind, signatures in _SIGNATURES.items():
        if start.startswith(signatures):
            return kind
    if start[:4] in (b"RIFF", b"RF64", b"FORM"):
        return _KIND_OF_RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":  # ISO media: MP4 and its relatives
        return _KIND_OF_BRAND.get(start[8:12], "video")
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "image"
    # An MPEG audio frame without a tag before it: 11 bits of sync, then a layer and
    # a bit rate that exist.
    is_synced = len(start) > 3 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    if is_synced and start[1] & 0x06 and start[2] & 0xF0 != 0xF0:
        return "audio"
    return None


_SIGNATURES = {
    "image": (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
    + (b"II*\0", b"MM\0*"),
    "audio": (b"OggS", b"fLaC", b"ID3"),
    "video": (b"\x1a\x45\xdf\xa3",),  # Matroska and WebM
}
_KIND_OF_RIFF = {b"WAVE": "audio", b"WEBP": "image", b"AVI ": "video"}
_KIND_OF_RIFF |= {b"AIFF": "audio", b"AIFC": "audio"}
_KIND_OF_BRAND = dict.fromkeys([b"M4A ", b"M4B "], "audio") | dict.fromkeys(
    [b"avif", b"avis", b"heic", b"heix", b"mif1"], "image"
)
