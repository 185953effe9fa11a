"""JSON as the standard has it: without NaN, and ASCII whatever is in a string."""

import json
from collections import Counter
from typing import Any

from starlette.responses import JSONResponse


class NotJSONError(ValueError):
    """A text that is not JSON; the message says where."""


def loads(text):
    """Read JSON.

    Parameters
    ----------
    text : str or bytes

    Returns
    -------
    value : object

    Raises
    ------
    NotJSONError
        If it is not JSON; NaN and Infinity are not. Names that repeat in an object,
        and what is nested too deep, are refused, too.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
        )
    except RecursionError as error:
        raise NotJSONError("it is nested too deep") from error
    except UnicodeDecodeError as error:
        raise NotJSONError("it is not encoded as UTF-8") from error
    except NotJSONError:
        raise
    except ValueError as error:
        raise NotJSONError(str(error)) from error


def _refuse_constant(name):
    raise NotJSONError(f"{name} is not JSON; write null where a value is missing")


def _without_repeats(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise NotJSONError(f"an object has the name {name[:60]!r} more than once")
    return made


class ASCIIResponse(JSONResponse):
    """JSON in ASCII: half of a surrogate pair, which a client may send, is not UTF-8.

    Numbers that are not finite raise: none may reach a client as invalid JSON.
    """

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
