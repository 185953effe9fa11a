"""Silencing decoders, in whatever threads they run."""

import contextlib
import os
import threading
import warnings


class _WhileAnyIsInside:
    """Keep a context open from when a first thread enters until the last one leaves.

    What belongs to the whole process must not be saved and restored by threads in
    turns: the last to leave would restore what it found, which was another's.
    """

    def __init__(self, make_context):
        self._make_context = make_context
        self._lock = threading.Lock()
        self._n_inside = 0

    def __enter__(self):
        with self._lock:
            if self._n_inside == 0:
                self._context = self._make_context()
                self._context.__enter__()
            self._n_inside += 1

    def __exit__(self, *error):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._context.__exit__(None, None, None)


@contextlib.contextmanager
def _ignored_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _closed_stderr():
    try:
        kept = os.dup(2)
    except OSError:  # a process without
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


no_warnings = _WhileAnyIsInside(_ignored_warnings)
#: For libraries that print (libtiff, mpg123), and for no longer than they run, since
#: what other threads write is lost too.
no_stderr = _WhileAnyIsInside(_closed_stderr)
