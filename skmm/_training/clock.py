"""How much time a fit still has."""

import contextlib
import contextvars
import math
import time

_END = contextvars.ContextVar("end", default=math.inf)


def now():
    """Return the seconds of a clock that only goes forward."""
    return time.monotonic()


def time_left():
    """Return the seconds until the end that :func:`ending_at` set; inf without one."""
    return _END.get() - now()


@contextlib.contextmanager
def ending_at(end):
    """Set, inside, the moment at which a fit is to be done.

    Parameters
    ----------
    end : float
        As of :func:`now`.
    """
    token = _END.set(min(end, _END.get()))
    try:
        yield
    finally:
        _END.reset(token)


class Cuts:
    """What a fit left out for want of time.

    Attributes
    ----------
    heads : list of str
        Those that were not fitted.
    shortened : list of str
        Those whose fit was ended early.
    epoch : int or None
        In which the net stopped.
    refit : bool
        If True, heads were not fitted again on all rows.
    """

    def __init__(self):
        self.heads, self.shortened, self.epoch, self.refit = [], [], None, False

    def __add__(self, other):
        both = Cuts()
        both.heads = list(dict.fromkeys([*self.heads, *other.heads]))
        both.shortened = list(dict.fromkeys([*self.shortened, *other.shortened]))
        both.epoch = self.epoch if other.epoch is None else other.epoch
        both.refit = self.refit or other.refit
        return both

    def __str__(self):
        told = []
        if self.heads:
            told.append(f"the heads {self.heads} were left out")
        if self.shortened:
            told.append(f"the fits of {self.shortened} were ended early")
        if self.epoch is not None:
            told.append(f"the net stopped in epoch {self.epoch}")
        if self.refit:
            told.append("heads were not fitted again on all rows")
        return "; ".join(told)
