"""Opening what a cell points to, under the guards that all readers share."""

import contextlib
import io
import os
import pathlib
import stat
import time
import urllib.error
import urllib.request

from skmm.io._defaults import get_defaults
from skmm.io._packed import unpack
from skmm.io._quiet import no_warnings
from skmm.io._written import decode_written, is_written

#: Seconds: without an answer, and for all of a download.
_URL_TIMEOUT, _URL_DEADLINE = 30, 600
#: Bytes that tell base64 from other content; characters of the longest path.
_SEEN, _LONGEST_PATH = 1024, 4096


class CellError(ValueError):
    """A cell that cannot be read; the message says which, why, and what to do.

    Examples
    --------
    >>> from skmm.io import CellError, ImageReader
    >>> try:
    ...     ImageReader()("a_missing_file.png")
    ... except CellError as error:
    ...     print(error)
    'a_missing_file.png': there is no such file. Tried was '...a_missing_file.png'; ...
    """


@contextlib.contextmanager
def open_source(cell, reader):
    """Open a path, URL, bytes or base64 for reading in binary.

    Parameters
    ----------
    cell : str, Path, bytes, bytearray or memoryview
        Strings may be data: URIs, and base64 where they name no file; so may bytes
        that begin like nothing else.
    reader : object with max_bytes, root and allow_urls

    Yields
    ------
    file : seekable binary file
        Without a name: the content alone says what it is.

    Raises
    ------
    CellError
        If it may not be opened, or cannot.
    """
    if isinstance(cell, (bytes, bytearray, memoryview)):
        cell = _decode_bytes(cell)
        _check_n_bytes(memoryview(cell).nbytes, reader)
        yield io.BytesIO(cell)
    elif isinstance(cell, str) and is_written(cell) and not _exists(cell, reader):
        content = _decode(cell)
        _check_n_bytes(len(content), reader)
        yield io.BytesIO(content)
    elif get_defaults().content_only:
        raise CellError(
            "paths and addresses are refused here; only content is read. Pass the "
            "bytes of the file, or base64."
        )
    elif isinstance(cell, str) and "://" in cell:
        yield io.BytesIO(_download(cell, reader))
    else:
        with _open_file(_resolve(cell, reader), reader) as file:
            yield file


def is_source(cell):
    """Tell whether a cell is a path, URL or bytes."""
    return isinstance(cell, (str, os.PathLike, bytes, bytearray, memoryview))


def _check_n_bytes(n_bytes, reader):
    if n_bytes == 0:
        raise CellError("it is empty (zero bytes).")
    if n_bytes > reader.max_bytes:
        raise CellError(
            f"it has {n_bytes:,} bytes, more than max_bytes={reader.max_bytes:,}. "
            "Raise max_bytes to read it."
        )


# ------------------------------------------------------------------- written content


def _decode(text):
    try:
        return decode_written(text)
    except ValueError as error:
        raise CellError(f"{error}.") from error


def _decode_bytes(content):
    """Return bytes as they are, unless they are the characters of base64."""
    start = bytes(memoryview(content)[:_SEEN])
    if not start.isascii() or not is_written(start.decode("ascii")):
        return content
    return _decode(bytes(content).decode("ascii", "replace"))


def _exists(text, reader):
    """Tell if a string that looks like base64 names a file nevertheless."""
    # Nor is it told to others which files there are.
    if len(text) > _LONGEST_PATH or get_defaults().content_only:
        return False
    try:
        return os.path.lexists(os.path.join(_root_of(reader) or "", text))
    except ValueError:
        return False


# ---------------------------------------------------------------------------- files


def _root_of(reader):
    return get_defaults().root if reader.root is None else reader.root


def _resolve(path, reader):
    """Return the path to open, which lies under the root where there is one."""
    given = _root_of(reader)
    if given is None:
        return path
    if pathlib.Path(path).is_absolute():
        raise CellError(
            f"an absolute path is refused, because root={str(given)!r} confines paths "
            "to one folder. Give it relative to root."
        )
    try:
        root = pathlib.Path(given).resolve()
        resolved = (root / path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise CellError(f"it cannot be opened: {_reason(error)}.") from error
    if not resolved.is_relative_to(root):
        raise CellError(
            f"it leads out of root={str(given)!r} and is refused. Paths, and "
            "what symbolic links point to, must lie under root."
        )
    return resolved


def _open_file(path, reader):
    try:
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 (returned open)
    except FileNotFoundError as error:
        raise CellError(_not_found(path, reader)) from error
    except IsADirectoryError as error:
        raise CellError("it is a folder, not a file.") from error
    except (OSError, ValueError) as error:
        raise CellError(f"it cannot be opened: {_reason(error)}.") from error
    try:
        # Of what was opened, so that nobody can exchange it in between.
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise CellError("it is no regular file, but a device, pipe or socket.")
        _check_n_bytes(status.st_size, reader)
    except BaseException:
        file.close()
        raise
    return file


def _not_found(path, reader):
    path, root = os.path.abspath(path), _root_of(reader)
    if root is not None:
        where = f"paths start in root={os.fspath(root)!r}, which may be another"
    else:
        where = "root='the folder' says where paths start"
    return f"there is no such file. Tried was {path!r}; {where}."


def _open_without_waiting(path, flags):
    # A named pipe would wait for somebody to write.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _reason(error):
    return getattr(error, "strerror", None) or str(error)


# ----------------------------------------------------------------------------- URLs


def _download(url, reader):
    if not reader.allow_urls:
        raise CellError("URLs are not read unless allow_urls=True.")
    if not url.lower().startswith(("http://", "https://")):
        raise CellError("of URLs, only http and https are read.")
    deadline = time.monotonic() + _URL_DEADLINE
    content = bytearray()
    try:
        with _web().open(url, timeout=_URL_TIMEOUT) as answer:
            while block := answer.read1(1 << 16):
                content += block
                if len(content) > reader.max_bytes:
                    break
                if time.monotonic() > deadline:
                    raise CellError(f"it took longer than {_URL_DEADLINE} seconds.")
    except urllib.error.HTTPError as error:
        error.close()
        raise CellError(f"the server says {error.code} {error.reason}.") from error
    except CellError:
        raise
    except Exception as error:  # OSError, HTTPException, UnicodeError, ...
        raise CellError(f"it cannot be fetched: {error}.") from error
    _check_n_bytes(len(content), reader)
    return bytes(content)


def _web():
    """Return an opener that knows the web alone: no file:, data: or ftp: addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


# --------------------------------------------------------------------------- wording


def describe(cell):
    """Say which cell it is, in a few words."""
    if isinstance(cell, str) and is_written(cell):
        return f"{cell[:30]!r}... of {len(cell):,} characters"
    if isinstance(cell, (str, os.PathLike)):
        text = repr(os.fspath(cell))
        return text if len(text) <= 200 else f"{text[:150]}...{text[-40:]}"
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"{memoryview(cell).nbytes:,} bytes"
    if hasattr(cell, "shape") and hasattr(cell, "dtype"):
        return f"{type(cell).__name__} of shape {tuple(cell.shape)}, {cell.dtype}"
    return f"a {type(cell).__name__}"


@contextlib.contextmanager
def about(cell):
    """Yield what a cell holds; put it in front of what a reader says is wrong."""
    cell = unpack(cell)
    try:
        yield cell
    except CellError as error:
        raise CellError(f"{describe(cell)}: {error}") from error


@contextlib.contextmanager
def decoding(what):
    """Silence a decoder's warnings; make whatever it raises a CellError."""
    with no_warnings:
        try:
            yield
        except (CellError, ImportError):
            raise
        except MemoryError as error:
            raise CellError("there is not enough memory to decode it.") from error
        except Exception as error:
            # Anything goes: on corrupt content decoders raise whatever comes up.
            text = (getattr(error, "strerror", None) or str(error)).strip().rstrip(".")
            text = text or type(error).__name__
            raise CellError(f"it cannot be read as {what}: {text}.") from error
