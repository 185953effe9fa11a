"""Memory is given back where the C library can."""

import ctypes

from skmm._utils import memory


def test_memory_is_released_where_the_c_library_can(monkeypatch):
    memory.release()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())  # not glibc's
    memory._find_trim.cache_clear()
    memory.release()
    assert memory._find_trim() is None
    memory._find_trim.cache_clear()
