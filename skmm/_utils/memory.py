"""Memory that the C library keeps although nothing is in it."""

import ctypes
import functools

#: So many that what is left over is felt.
_MANY_ROWS = 10_000


def release():
    """Hand free memory back to the system, where the C library can (glibc).

    The large tensors of training steps come and go, and what small things lie between
    them leave holes that are filled badly: over 100,000 pictures of 32 x 32 a process
    grew step by step, by 375 MB; with this now and then it does not.
    """
    trim = _find_trim()
    if trim is not None:
        trim(0)


def release_after(n_rows):
    """Hand free memory back where reading so many rows may have left much of it.

    Parameters
    ----------
    n_rows : int
    """
    if n_rows >= _MANY_ROWS:
        release()


@functools.cache
def _find_trim():
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, Windows
        return None
