"""What kind of media bytes are, by how they begin."""

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


def kind_of_bytes(start):
    """Recognise a file by its first 32 bytes.

    Parameters
    ----------
    start : bytes

    Returns
    -------
    kind : {"image", "audio", "video"} or None
        None for what is not known.
    """
    for kind, signatures in _SIGNATURES.items():
        if start.startswith(signatures):
            return kind
    if start[:4] in (b"RIFF", b"RF64", b"FORM"):
        return _KIND_OF_RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":  # ISO media: MP4 and its relatives
        return _KIND_OF_BRAND.get(start[8:12], "video")
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "image"
    return "audio" if is_mpeg_frame(start) else None


def is_mpeg_frame(start):
    """Tell if bytes begin as an MPEG audio frame does, without a tag before it.

    Those are 11 bits of sync, then a layer and a bit rate that exist.

    Parameters
    ----------
    start : bytes
    """
    is_synced = len(start) > 3 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    return is_synced and bool(start[1] & 0x06) and start[2] & 0xF0 != 0xF0
