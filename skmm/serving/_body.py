"""Reading what a request sends, within limits of size and time."""

import asyncio
from dataclasses import dataclass

from skmm.serving._cells import RowsError, Uploads
from skmm.serving._json import NotJSONError, loads
from skmm.serving._multipart import FormError, read_parts
from skmm.serving._rows import read_csv

#: Names of the fields of a form that are not files to be put into cells.
FIELDS = ("rows", "interval", "explain")


class RequestError(Exception):
    """A request that is refused: with a status, a reason, and headers."""

    def __init__(self, status, detail, headers=None):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


@dataclass(frozen=True)
class Limits:
    """What a request may take.

    Attributes
    ----------
    max_rows, max_bytes, max_uploads, max_pixels, max_explained : int
    timeout : float
        Seconds: for the request to arrive, and for its prediction.
    """

    max_rows: int
    max_bytes: int
    max_uploads: int
    max_pixels: int
    max_explained: int
    timeout: float


async def read_body(request, limits, kind):
    """Return the body of a request, bytes.

    Parameters
    ----------
    request : Request
    limits : Limits
    kind : str
        The content type that it must have.

    Raises
    ------
    RequestError
        If it is declared as another type, is too large or does not arrive in time.
    """
    declared = request.headers.get("content-type", "").partition(";")[0]
    if declared.strip().lower() != kind:
        raise RequestError(415, f"The content type has to be {kind}.")
    too_large = RequestError(
        413, f"The request has more than the {limits.max_bytes:,} bytes that it may."
    )
    size = request.headers.get("content-length", "")
    # Before anything of it is read.
    if size.isdecimal() and int(size[:20]) > limits.max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.timeout):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.max_bytes:
                    raise too_large
    except TimeoutError as error:
        raise RequestError(
            408, f"The request did not arrive within {limits.timeout:g} seconds."
        ) from error
    return bytes(body)


def parse_json(body):
    """Return what the body of a request asks for, a dict with "rows"; no files.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    asked : dict
    uploads : None

    Raises
    ------
    RequestError
    """
    try:
        asked = loads(body)
    except NotJSONError as error:
        raise RequestError(400, f"The body cannot be read as JSON: {error}.") from error
    if not isinstance(asked, dict) or "rows" not in asked:
        raise RequestError(
            422, 'The body has to be an object with "rows": {"rows": [{...}, ...]}.'
        )
    return asked, None


def parse_form(body, content_type, limits):
    """Return what a form asks for, a dict with "rows", and its other files.

    Parameters
    ----------
    body : bytes
    content_type : str
        Header of the request.
    limits : Limits

    Returns
    -------
    asked : dict
    uploads : Uploads

    Raises
    ------
    RequestError
        If it is not a form, has no rows, or they cannot be read.
    """
    try:
        # Beside the files there are the rows and the options.
        parts = read_parts(body, content_type, limits.max_uploads + len(FIELDS))
    except FormError as error:
        raise RequestError(400, f"The form cannot be read: {error}.") from error
    texts = {part.name: part for part in parts if part.name in FIELDS}
    files = {p.name: bytes(p.content) for p in parts if p.name not in FIELDS}
    unknown = [p.name for p in parts if p.filename is None and p.name not in FIELDS]
    if unknown:
        raise RequestError(
            422,
            f"The form has the field {unknown[0][:60]!r} of text. Fields of text are "
            f"{', '.join(FIELDS)}; others are files.",
        )
    if len(files) > limits.max_uploads:
        raise RequestError(
            422,
            f"{len(files)} files are more than the {limits.max_uploads} that a request "
            "may have. Send them in several requests.",
        )
    if "rows" not in texts:
        raise RequestError(
            422, "The form has no field 'rows', with a table as JSON or CSV."
        )
    asked = {name: _read_option(name, part) for name, part in texts.items()}
    asked["rows"] = _read_table(texts["rows"], limits.max_rows)
    return asked, Uploads(files)


def _read_option(name, part):
    """Return true, false or a number, which are written as in JSON."""
    if name == "rows":
        return None
    try:
        return loads(bytes(part.content))
    except NotJSONError as error:
        raise RequestError(422, f"{name!r} is not JSON: {error}.") from error


def _read_table(part, max_rows):
    """Return rows that are written as JSON or CSV."""
    try:
        content = part.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(400, "'rows' is not encoded as UTF-8.") from error
    if content.lstrip()[:1] not in ("[", "{"):
        try:
            return read_csv(content, max_rows)
        except RowsError as error:
            raise RequestError(422, str(error)) from error
    try:
        rows = loads(content)
    except NotJSONError as error:
        raise RequestError(400, f"'rows' is not JSON: {error}.") from error
    return rows["rows"] if isinstance(rows, dict) and set(rows) == {"rows"} else rows
