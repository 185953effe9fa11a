"""Signals that wait until a decoder is done.

Python runs a signal's handler between any two of its steps. When that is within a
callback that C calls, or within a destructor, the KeyboardInterrupt is printed and
lost, and the decoder takes the file for damaged; when it is between opening something
and noting that it is open, nobody closes it.
"""

import functools
import os
import signal
import sys
import threading
import traceback

try:
    # What the module `signal` wraps: its enumerations take longer than a small picture.
    import _signal
except ImportError:
    _signal = signal

#: Those whose handlers may raise: Ctrl-C, kill, and the clock with which some limit the
#: time of a call. Ctrl-C comes first, and is so the last to be handed back.
_SIGNALS = [
    int(getattr(signal, name))
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGBREAK")
    if hasattr(signal, name)
]


class _Raised(BaseException):
    """Carries what a handler raised past those who take it for damage of a file."""


class _HeldSignals:
    """Note signals, and run their handlers when the outermost block is left.

    Only the main thread runs handlers; in others this does nothing.
    """

    def __init__(self):
        self._depth, self._owner = 0, None
        self._handlers, self._noted = {}, []

    def __enter__(self):
        if not _is_main_thread():
            return self
        if self._depth == 0:
            self._noted.clear()
            self._owner = threading.get_ident()
            try:
                for number in _SIGNALS:
                    handler = _signal.getsignal(number)
                    if callable(handler):
                        self._handlers[number] = handler
                        _signal.signal(number, self._note)
            except BaseException:
                self._give_back()
                raise
        self._depth += 1
        return self

    def __exit__(self, kind, error, trace):
        if not _is_main_thread():
            return
        if self._depth == 1:
            _release(error)
            handlers = dict(self._handlers)
            self._depth = 0
            self._give_back()
            if kind is _Raised:
                raise error.args[0] from None
            self._run(handlers)
        else:
            self._depth -= 1

    def run_noted(self):
        """Run the handlers of what has come meanwhile: a place where they may raise."""
        if self._noted and _is_main_thread():
            try:
                self._run(self._handlers)
            except Exception as error:
                raise _Raised(error) from None

    def _note(self, number, frame):
        if number not in self._noted:
            self._noted.append(number)

    def _run(self, handlers):
        while self._noted:
            number = self._noted.pop(0)
            if number in handlers:
                handlers[number](number, sys._getframe())

    def _give_back(self):
        # A handler that is given back may raise at once; the others follow still.
        try:
            while self._handlers:
                number = next(reversed(self._handlers))
                _signal.signal(number, self._handlers[number])
                del self._handlers[number]
        finally:
            if self._handlers:
                self._give_back()

    def after_fork(self):
        """Forget the block that another thread, which the child has not, is in."""
        if self._depth and self._owner != threading.get_ident():
            self._depth = 0
            self._noted.clear()
            self._give_back()


def _is_main_thread():
    return threading.current_thread() is threading.main_thread()


@functools.cache
def without_destructor(kind):
    """Make a subclass whose objects are dropped in silence; they must be closed.

    An interrupt that comes within a destructor is lost, which a slot of C's cannot be.
    """
    return type(kind.__name__, (kind,), {"__del__": object.__hash__})


def _release(error):
    """Free what the frames behind an error hold, while no signal can come between.

    These are decoders, whose destructors are written in Python, and whole pictures.
    """
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
        if error is not None:
            traceback.clear_frames(error.__traceback__)


held_signals = _HeldSignals()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=held_signals.after_fork)
