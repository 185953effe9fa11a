"""Silencing decoders, in whatever threads they run."""

import contextlib
import os
import threading
import warnings

from skmm.io._interrupts import held_signals


class _WhileAnyIsInside:
    """Keep a context open from when a first thread enters until the last one leaves.

    What belongs to the whole process must not be saved and restored by threads in
    turns: the last to leave would restore what it found, which was another's. Signals
    wait meanwhile: an interrupt between entering and counting would leave it open.
    """

    def __init__(self, make_context):
        self._make_context = make_context
        self._lock = threading.Lock()
        self._inside = []  # threads, each as often as it has entered
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._lock.acquire,
                after_in_parent=self._lock.release,
                after_in_child=self._after_fork,
            )

    def __enter__(self):
        held_signals.__enter__()
        try:
            with self._lock:
                if not self._inside:
                    self._context = self._make_context()
                    self._context.__enter__()
                self._inside.append(threading.get_ident())
        except BaseException as error:
            held_signals.__exit__(type(error), error, error.__traceback__)
            raise

    def __exit__(self, *error):
        try:
            with self._lock:
                self._inside.remove(threading.get_ident())
                if not self._inside:
                    self._context.__exit__(None, None, None)
        finally:
            held_signals.__exit__(*error)

    def _after_fork(self):
        """Leave for the threads that the child has not."""
        left = [ident for ident in self._inside if ident == threading.get_ident()]
        if self._inside and not left:
            self._context.__exit__(None, None, None)
        self._inside = left
        self._lock.release()


@contextlib.contextmanager
def _ignored_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _closed_stderr():
    try:
        kept = os.dup(2)
    except OSError:  # a process without, or with no descriptor to spare
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    except OSError:
        os.close(kept)
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


no_warnings = _WhileAnyIsInside(_ignored_warnings)
#: For libraries that print (libtiff, mpg123), and for no longer than they run, since
#: what other threads write is lost too.
no_stderr = _WhileAnyIsInside(_closed_stderr)
