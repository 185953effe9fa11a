"""Forms with files, read in memory: what is uploaded is never written to a disk."""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header


class FormError(ValueError):
    """A form that cannot be read; the message says why."""


@dataclass
class Part:
    """One field of a form.

    Attributes
    ----------
    name : str
    filename : str or None
        None for a field of text.
    kind : str
        Content type, in lower case; "" where none is told.
    content : bytearray
    """

    name: str = ""
    filename: str | None = None
    kind: str = ""
    content: bytearray = field(default_factory=bytearray)


def read_parts(body, content_type, max_parts):
    """Return the parts of a form.

    Parameters
    ----------
    body : bytes
    content_type : str
        Header of the request, which has the boundary.
    max_parts : int

    Returns
    -------
    parts : list of Part

    Raises
    ------
    FormError
        If it is not a whole form, has too many parts, or two of the same name.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise FormError("the content type has no boundary")
    reading = _Reading(max_parts)
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise FormError(str(error)) from error
    if not reading.is_whole:
        raise FormError("it ends before its last boundary")
    names = [part.name for part in reading.parts]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FormError(f"it has the field {twice[:60]!r} more than once")
    return reading.parts


class _Reading:
    """What the parser calls, and what has been read so far."""

    def __init__(self, max_parts):
        self.max_parts = max_parts
        self.parts = []
        self.is_whole = False
        self._headers = {}
        self._name, self._value = bytearray(), bytearray()

    def callbacks(self):
        """Return the functions to be called, by the parser's names for them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(
                data[start:end]
            ),
            "on_header_value": lambda data, start, end: self._value.extend(
                data[start:end]
            ),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": lambda data, start, end: self.parts[-1].content.extend(
                data[start:end]
            ),
            "on_end": self._end,
        }

    def _begin(self):
        if len(self.parts) == self.max_parts:
            raise FormError(f"it has more than {self.max_parts} parts")
        self.parts.append(Part())
        self._headers = {}

    def _end_header(self):
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _end_headers(self):
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        part = self.parts[-1]
        if b"name" not in options:
            raise FormError("a part of it has no name")
        part.name = _decode(options[b"name"])
        if b"filename" in options:
            part.filename = _decode(options[b"filename"])
        part.kind = _decode(self._headers.get(b"content-type", b"")).lower()

    def _end(self):
        self.is_whole = True


def _decode(text):
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormError("the name of a part is not encoded as UTF-8") from error
