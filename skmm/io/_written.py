"""Media that are written as text: base64, and data: URIs."""

import base64
import binascii
import re
import urllib.parse

from skmm.io._signatures import is_mpeg_frame, kind_of_bytes

#: Characters that tell what a string is, and how a file in it begins: damage behind
#: these does not change what it is.
_SEEN, _BEGINNING = 1024, 64
#: The smallest file of all, a GIF of one pixel, makes 48; shorter strings are names.
_SHORTEST = 40
#: No folder holds a name that is longer. Fewer bits tell an MPEG frame than a name has
#: characters, so that they count in longer strings alone.
_LONGEST_NAME = 255

#: The usual alphabet or the one that is safe in URLs, with line breaks anywhere.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/\s]*|[A-Za-z0-9_\-\s]*)(?:=\s*){0,2}")
_DATA_URI = re.compile(r"\s*data:([^,]{0,255}),", re.IGNORECASE)  # RFC 2397
#: As str() writes bytes, which is how they get into a CSV file.
_STR_OF_BYTES = re.compile(r"\s*b(['\"])")
_URL_SAFE = str.maketrans("-_", "+/")


def kind_of_written(text):
    """Tell what kind of media a string holds.

    Parameters
    ----------
    text : str

    Returns
    -------
    kind : {"image", "audio", "video"} or None
        By the first bytes; where those are not known, a data: URI tells its kind. None
        for all other strings.
    """
    if len(text) < _SHORTEST:
        return None
    uri = _DATA_URI.match(text)
    if uri is None:
        text = _without_quotes(text)
        start = _decode_start(text)
        if is_mpeg_frame(start) and not _is_long(text):
            return None
        return kind_of_bytes(start)
    payload = text[uri.end() : uri.end() + _SEEN]
    kind = kind_of_bytes(
        _decode_start(urllib.parse.unquote(payload))
        if _is_base64(uri)
        else urllib.parse.unquote_to_bytes(payload)[:32]
    )
    named = uri[1].strip().partition("/")[0].lower()
    return kind or (named if named in ("image", "audio", "video") else None)


def is_written(text):
    """Tell if a string holds content rather than the name of a file.

    Parameters
    ----------
    text : str
    """
    if _DATA_URI.match(text) or kind_of_written(text):
        return True
    # Damaged at its beginning, but too long for a name.
    return _is_long(_without_quotes(text))


def decode_written(text):
    """Return the bytes that a string holds.

    Parameters
    ----------
    text : str
        For which `is_written` is True.

    Returns
    -------
    content : bytes

    Raises
    ------
    ValueError
        If it is damaged; the message says how.
    """
    uri = _DATA_URI.match(text)
    if uri is None:
        return _decode(_without_quotes(text))
    payload = text[uri.end() :]
    if _is_base64(uri):
        return _decode(urllib.parse.unquote(payload))
    return urllib.parse.unquote_to_bytes(payload)


def _is_base64(uri):
    return uri[1].strip().lower().endswith(";base64")


def _without_quotes(text):
    quote = _STR_OF_BYTES.match(text)
    if quote is None:
        return text
    return text[quote.end() :].rstrip().removesuffix(quote[1])


def _is_long(text):
    """Tell if a string begins and ends as base64, and is longer than names are."""
    ends = text[:_SEEN], text[-_SEEN:]
    return len(text) > _LONGEST_NAME and all(map(_BASE64.fullmatch, ends))


def _decode_start(text):
    """Return the first bytes of base64; none where it is something else."""
    beginning = text.lstrip()[:_BEGINNING]
    if _BASE64.fullmatch(beginning) is None:
        return b""
    digits = "".join(beginning.split()).rstrip("=")
    digits = digits[: len(digits) // 4 * 4]
    return base64.b64decode(digits.translate(_URL_SAFE))


def _decode(text):
    digits = "".join(text.split())
    n_digits = len(digits.rstrip("="))
    if n_digits % 4 == 1:
        raise ValueError(
            f"its base64 is damaged: {n_digits:,} characters are one too many, or "
            "three too few"
        )
    digits = digits[:n_digits] + "=" * (-n_digits % 4)  # which some leave out
    try:
        return base64.b64decode(digits.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError) as error:
        wrong = re.search(r"[^A-Za-z0-9+/\-_]", digits[:n_digits])
        where = f"{wrong[0]!r} at character {wrong.start():,}" if wrong else str(error)
        raise ValueError(f"its base64 is damaged: {where}") from error
