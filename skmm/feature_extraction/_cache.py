"""Vectors of cells on disk, so that no cell is embedded twice.

The cache only saves time: whatever happens to its file, the vectors are those of the
network, and the work continues.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import sqlite3
import time
import warnings
import zlib

import numpy as np

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

#: Keys of one query: fewer than SQLite's smallest limit of variables.
_QUERY_SIZE = 500

#: Seconds for which another process may hold the file.
_PATIENCE = 60

#: Seconds within which a use is not noted again.
_GRAIN = 3600

#: What is kept of a full cache, so that not each batch has to make room.
_KEPT = 0.9

#: SQLite's codes for a file that another process holds, and for one that cannot be
#: written or opened. All others (and errors without a code) mean that it is damaged.
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_CLOSED = {
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH),
    *(sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS),
}

#: What a damaged file comes to. The module sqlite3 decodes SQLite's messages, which
#: cite what is in the file.
_FAILURES = (sqlite3.Error, MemoryError, OverflowError, UnicodeError, SystemError)

#: Times that a damaged file is replaced before the work goes on without.
_ATTEMPTS = 3


class _DamagedError(sqlite3.DatabaseError):
    """What SQLite takes for sound, but was never written here."""


def parse_size(size):
    """Read a number of bytes, which may be given as "500MB" or "2GB".

    Parameters
    ----------
    size : int or str

    Returns
    -------
    size : int

    Examples
    --------
    >>> from skmm.feature_extraction._cache import parse_size
    >>> parse_size("1.5 MB")
    1500000
    """
    if not isinstance(size, str):
        return int(size)
    match = re.fullmatch(r"\s*(\d+\.?\d*)\s*([kmgt]?)b?\s*", size.lower())
    if match is None or float(match[1]) == 0:
        raise ValueError(
            f"memory_limit={size!r} is no size. Give a number of bytes, or one with a "
            "unit such as '500MB' or '2GB'."
        )
    return int(float(match[1]) * _UNITS[match[2]])


class EmbeddingCache:
    """What one network gave for cells, in a folder that many networks share.

    An SQLite file in WAL mode: processes may read and write at the same time, and one
    that is killed loses the batch that it was writing. It must be used as a context
    manager. What is damaged is renamed, and what cannot be written is only read, each
    with a warning.

    Parameters
    ----------
    folder : str or path
    identity : str
        All that decides which vector a cell has: network, preprocessing, precision.
    limit : int or str, default="4GB"
        Bytes that may be in use. Beyond, what was not used for longest is dropped.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skmm.feature_extraction._cache import EmbeddingCache
    >>> folder = tempfile.TemporaryDirectory()
    >>> with EmbeddingCache(folder.name, "a network") as cache:
    ...     cache.put([b"one"], np.array([[1.5, 2.5]], np.float32))
    ...     vectors = np.zeros((2, 2), np.float32)
    ...     found = cache.get([b"one", b"two"], vectors)
    >>> found.tolist(), vectors.tolist()
    ([True, False], [[1.5, 2.5], [0.0, 0.0]])
    >>> folder.cleanup()
    """

    def __init__(self, folder, identity, limit="4GB"):
        self.folder = pathlib.Path(folder).expanduser()
        self.path = self.folder / "embeddings.sqlite"
        self._salt = hashlib.blake2b(identity.encode(), digest_size=32).digest()
        self.limit = parse_size(limit)
        self._connection = self._inode = None
        self._can_read = self._can_write = True
        self._n_damaged = 0

    def __enter__(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OSError(
                f"The cache in memory={str(self.folder)!r} cannot be used: it is not a "
                "folder. Give a folder on a local disk, or memory=None."
            ) from error
        except OSError as error:
            self._stop_writing(error)
            self._can_read = False
        self._guarded(lambda: None)
        return self

    def __exit__(self, *error):
        self._close()

    def get(self, digests, out):
        """Fill in the vectors that are here.

        Parameters
        ----------
        digests : list of bytes
        out : ndarray of float32 of shape (n_cells, n_features)
            Rows that are here are overwritten.

        Returns
        -------
        found : ndarray of bool of shape (n_cells,)
        """
        found = np.zeros(len(digests), dtype=bool)
        keys = [self._key(digest) for digest in digests]
        for start in range(0, len(keys), _QUERY_SIZE):
            part = keys[start : start + _QUERY_SIZE]
            place_of = {key: start + i for i, key in enumerate(part)}
            for key, checksum, data in self._guarded(self._select, part) or ():
                # What was damaged is as good as absent.
                if len(data) == 4 * out.shape[1] and _checksum(key, data) == checksum:
                    out[place_of[key]] = np.frombuffer(data, "<f4")
                    found[place_of[key]] = True
        return found

    def put(self, digests, vectors):
        """Keep vectors, all of them or, if interrupted, none; rows of NaN are not.

        Parameters
        ----------
        digests : list of bytes
        vectors : ndarray of shape (n_cells, n_features)
        """
        now = int(time.time())
        known = ~np.isnan(vectors).any(axis=1)
        rows = []
        for i in np.flatnonzero(known):
            data = np.asarray(vectors[i], "<f4").tobytes()
            key = self._key(digests[i])
            rows.append((key, now, _checksum(key, data), data))
        if rows and self._can_write:
            self._guarded(self._insert, rows)

    def _key(self, digest):
        return hashlib.blake2b(digest, digest_size=16, key=self._salt).digest()

    # --------------------------------------------------------------------- statements

    def _select(self, keys):
        marks = ",".join("?" * len(keys))
        rows = self._connection.execute(
            f"SELECT key, checksum, vector, used FROM vectors WHERE key IN ({marks})",
            keys,
        ).fetchall()
        asked = set(keys)
        for row in rows:
            if tuple(map(type, row)) != (bytes, int, bytes, int) or row[0] not in asked:
                raise _DamagedError("a row holds what is never written")
        now = int(time.time())
        stale = [(now, key) for key, _, _, used in rows if used < now - _GRAIN]
        if stale and self._can_write:
            self._write("UPDATE vectors SET used = ? WHERE key = ?", stale)
        return [row[:3] for row in rows]

    def _insert(self, rows):
        if self._can_write:
            self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)
            self._evict()

    def _write(self, statement, rows):
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(statement, rows)
        except BaseException:
            with contextlib.suppress(*_FAILURES):  # it may have rolled back itself
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _evict(self):
        """Drop what was not used for longest, if more is in use than may be."""
        # More than once, where pages are left that are only partly used.
        before = None
        while (used := self._bytes_in_use()) > self.limit:
            count = self._connection.execute("SELECT COUNT(*) FROM vectors")
            (count,) = count.fetchone()
            if not count:
                break
            if count == before:
                raise _DamagedError("what is deleted is still there")
            before = count
            surplus = int(np.ceil(count * (1 - _KEPT * self.limit / used)))
            self._write(
                "DELETE FROM vectors WHERE rowid IN "
                "(SELECT rowid FROM vectors ORDER BY used, rowid LIMIT ?)",
                [(surplus,)],
            )
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()

    def _bytes_in_use(self):
        pages, free, size = (
            self._connection.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    # ----------------------------------------------------------------- when things fail

    def _guarded(self, work, *arguments):
        """Work with the file, as far as it can be read; None where it cannot."""
        give_up = time.monotonic() + _PATIENCE
        while self._can_read:
            try:
                if self._connection is None:
                    self._open()
                return work(*arguments)
            except _FAILURES as error:
                self._recover(error, time.monotonic() > give_up)
        return None

    def _open(self):
        if not self._can_write:
            self._open_for_reading()
            return
        self._connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None
        )
        self._inode = _inode(self.path)
        for statement in (
            "PRAGMA auto_vacuum = INCREMENTAL",  # takes effect in an empty file only
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, "
            "used INTEGER, checksum INTEGER, vector BLOB)",
        ):
            self._connection.execute(statement).fetchall()

    def _open_for_reading(self):
        address = self.path.absolute().as_uri()
        # SQLite writes beside a file that it reads, unless it takes it for immutable.
        # If somebody does write, checksums tell what is no longer sound.
        for options in ("mode=ro", "mode=ro&immutable=1"):
            self._connection = sqlite3.connect(
                f"{address}?{options}",
                timeout=_PATIENCE,
                isolation_level=None,
                uri=True,
            )
            try:
                self._connection.execute("SELECT key FROM vectors LIMIT 1").fetchall()
                return
            except sqlite3.Error as error:
                self._close()
                if _code(error) not in _CLOSED or "immutable" in options:
                    raise

    def _close(self):
        if self._connection is not None:
            # Closing writes, too.
            with contextlib.suppress(*_FAILURES):
                self._connection.close()
            self._connection = None

    def _recover(self, error, out_of_patience):
        """Get ready for another try, without writing or without the file if need be."""
        self._close()
        code = _code(error)
        is_closed = code in _CLOSED or isinstance(error, MemoryError)
        if code in _IN_USE and not out_of_patience:
            time.sleep(0.05)  # SQLite itself does not wait while WAL mode is set
        elif code in _IN_USE or not self._can_write:
            self._stop_reading(error)
        elif is_closed and not (code == sqlite3.SQLITE_READONLY and self._is_open()):
            self._stop_writing(error)
        elif self._n_damaged == _ATTEMPTS:
            self._stop_reading(error)
        else:
            self._n_damaged += 1
            try:
                self._set_aside()
            except OSError as refusal:
                self._stop_reading(refusal)

    def _is_open(self):
        """Tell if the file may be written, so that a refusal comes from its content."""
        return os.access(self.path, os.W_OK) and os.access(self.folder, os.W_OK)

    def _set_aside(self):
        """Rename a damaged file, unless another process has just replaced it."""
        inode = _inode(self.path)
        if inode is None or inode != self._inode:
            return
        aside = self.path.with_suffix(f".damaged-{time.time_ns()}")
        os.replace(self.path, aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self._warn(
            f"is damaged. It was renamed to {aside.name!r}, and a new one begun: what "
            "was in it is computed again."
        )

    def _stop_writing(self, error):
        self._can_write = False
        self._warn(
            f"cannot be written: {error}. What it holds is still read; what is new is "
            "not kept. Make room, or give a folder on a local disk that can be written."
        )

    def _stop_reading(self, error):
        # Where nothing was ever written, the one warning is enough.
        if self._can_write or self.path.exists():
            self._warn(f"cannot be used: {error}. What is in it is computed again.")
        self._can_read = self._can_write = False

    def _warn(self, words):
        warnings.warn(
            f"The cache in memory={str(self.folder)!r} {words}",
            UserWarning,
            stacklevel=2,
        )


def _checksum(key, data):
    """Tie a vector to its cell: where an index is damaged, it leads to another's."""
    return zlib.crc32(data, zlib.crc32(key))


def _code(error):
    """Return SQLite's primary code; None for an error that has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _inode(path):
    """Return what tells a file from one that took its place; None for none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None
