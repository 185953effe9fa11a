"""What an estimator says once for all that reads its columns."""

import contextlib
import contextvars
from typing import Any, NamedTuple


class Defaults(NamedTuple):
    """Options that count where a reader, or what calls it, has none of its own.

    Attributes
    ----------
    root : str, Path or None
        The folder that paths are relative to and cannot leave.
    progress : bool or "auto"
        Whether to show progress bars.
    device : str
        Where pretrained networks compute that do not learn.
    content_only : bool
        If True, bytes and base64 are read, and no path or address is opened: cells
        come from others. What is inside cannot set it back.
    """

    root: Any = None
    progress: Any = "auto"
    device: str = "auto"
    content_only: bool = False


_current: contextvars.ContextVar[Defaults] = contextvars.ContextVar("skmm_reading")


def get_defaults():
    """Return the Defaults that count here."""
    return _current.get(None) or Defaults()


@contextlib.contextmanager
def reading_with(defaults):
    """Let Defaults count for all that is read inside.

    A context variable, since between an estimator and what opens a file there may be
    an encoder of the user's own. Other threads and processes do not see it: who starts
    them hands it on.

    Parameters
    ----------
    defaults : Defaults
    """
    if get_defaults().content_only:
        defaults = defaults._replace(content_only=True)
    token = _current.set(defaults)
    try:
        yield
    finally:
        _current.reset(token)
