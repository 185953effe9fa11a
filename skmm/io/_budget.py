"""What decoding takes of the memory, told before it is taken.

A limit of pixels or seconds does not tell: a format may keep sixteen bytes for a pixel.
"""

import struct

from skmm.io._source import CellError

#: Bytes that one cell may take under the default limits; 300 MiB with what Python, the
#: resizing and the allocator take besides.
_BUDGET = 300_000_000
#: Bytes a pixel that Pillow's decoders take besides the picture, measured with Pillow
#: 13: whole canvases (WebP, AVIF, ICO), 32 bits for each channel (JPEG 2000).
_EXTRA = {"WEBP": 13, "AVIF": 14, "ICO": 8}
_EXTRA_PER_CHANNEL = {"JPEG2000": 5.5}
_SMALL_MODES = {"1": 1, "L": 1, "P": 1}
#: TIFF's tags.
_BITS, _COMPRESSION, _ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH = (
    258,
    259,
    278,
    322,
    323,
)


def budget(limit, default):
    """Return how many bytes may be taken where a limit was raised above its default."""
    return _BUDGET * max(1, limit / default)


def check_budget(n_bytes, what, name, limit, default, remedy=""):
    """Raise CellError if a cell takes more than `limit`, a parameter's value, allows.

    Parameters
    ----------
    n_bytes : int
    what : str
        What takes so much.
    name : str
        The parameter.
    limit, default : float
        Its value, and the one that goes with the default budget.
    remedy : str, default=""
        Another, to be put first.
    """
    allowed = budget(limit, default)
    if n_bytes > allowed:
        enough = -(-n_bytes * default // _BUDGET)
        raise CellError(
            f"{what} takes some {n_bytes / 1e6:,.0f} MB to read, more than {name}="
            f"{limit:,} allows ({allowed / 1e6:,.0f} MB). {remedy}Raise {name} to "
            f"{int(enough):,} to read it."
        )


def bytes_per_pixel(image):
    """Return what Pillow keeps of an image: bytes for each pixel."""
    if image.mode.startswith("I;16"):
        return 2
    return _SMALL_MODES.get(image.mode, 4)


def bytes_beside(image):
    """Return what Pillow's decoder takes besides the picture: bytes for each pixel.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened and not yet loaded, in the size in which it is stored.
    """
    if image.format in ("JPEG", "MPO"):
        # All coefficients are kept, as 16 bits, until the last scan.
        return 2 * len(image.getbands()) if _has_scans(image) else 0
    if image.format == "TIFF":
        return _bytes_of_strip(image)
    extra = _EXTRA_PER_CHANNEL.get(image.format, 0) * len(image.getbands())
    return extra + _EXTRA.get(image.format, 0)


def _has_scans(image):
    """Tell if a JPEG is stored in several scans, of frequencies or of channels."""
    if image.info.get("progressive"):
        return True
    # Pillow stands behind the header of the first scan, which counts its channels.
    position = image.fp.tell()
    image.fp.seek(max(0, position - 16))
    tail = image.fp.read(min(16, position))
    image.fp.seek(position)
    header = tail.rfind(b"\xff\xda\0")
    return header < 0 or tail[header + 4] < len(image.getbands())


def _bytes_of_strip(image):
    """Return what libtiff unpacks at once, spread over all pixels."""
    tags = image.tag_v2
    if tags.get(_COMPRESSION, 1) == 1:
        return 0
    width, height = image.size
    rows = min(height, tags.get(_ROWS_PER_STRIP, height))
    n_pixels = width * rows
    if _TILE_WIDTH in tags and _TILE_LENGTH in tags:
        n_pixels = tags[_TILE_WIDTH] * tags[_TILE_LENGTH]
    bits = tags.get(_BITS, (1,))
    n_bits = sum(bits) if isinstance(bits, tuple) else bits
    return max(n_bits / 8, 1) * n_pixels / (width * height)


def icons_of(file):
    """Yield the sizes of the pictures in an ICO file, as they themselves tell them.

    The directory tells other sizes, of at most 256, and Pillow unpacks what is there.

    Parameters
    ----------
    file : seekable binary file
    """
    file.seek(0)
    header = file.read(6)
    (n_icons,) = struct.unpack("<4xH", header.ljust(6, b"\0"))
    entries = file.read(16 * n_icons)
    for i in range(len(entries) // 16):
        (offset,) = struct.unpack_from("<I", entries, 16 * i + 12)
        file.seek(offset)
        start = file.read(24)
        if start.startswith(b"\x89PNG") and len(start) == 24:
            yield struct.unpack(">II", start[16:])
        elif len(start) == 24:
            width, height = struct.unpack("<ii", start[4:12])
            yield abs(width), abs(height)
    file.seek(0)
