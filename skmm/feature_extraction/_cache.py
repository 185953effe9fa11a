"""Vectors of cells on disk, so that no cell is embedded twice."""

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
    manager.

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
        self._connection = None

    def __enter__(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
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
                if len(data) == 4 * out.shape[1] and zlib.crc32(data) == checksum:
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
            rows.append((self._key(digests[i]), now, zlib.crc32(data), data))
        if rows:
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
        now = int(time.time())
        stale = [(now, key) for key, _, _, used in rows if used < now - _GRAIN]
        if stale:
            self._write("UPDATE vectors SET used = ? WHERE key = ?", stale)
        return [row[:3] for row in rows]

    def _insert(self, rows):
        self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)
        self._evict()

    def _write(self, statement, rows):
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(statement, rows)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _evict(self):
        """Drop what was not used for longest, if more is in use than may be."""
        # More than once, where pages are left that are only partly used.
        while (used := self._bytes_in_use()) > self.limit:
            count = self._connection.execute("SELECT COUNT(*) FROM vectors")
            (count,) = count.fetchone()
            if not count:
                break
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
        """Work with the file: wait while others write, start again if it is damaged."""
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                if self._connection is None:
                    self._open()
                return work(*arguments)
            except sqlite3.DatabaseError as error:
                self._recover(error, time.monotonic() > give_up)

    def _open(self):
        self._connection = sqlite3.connect(
            self.path, timeout=_PATIENCE, isolation_level=None
        )
        self._inode = self.path.stat().st_ino
        for statement in (
            "PRAGMA auto_vacuum = INCREMENTAL",  # takes effect in an empty file only
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, "
            "used INTEGER, checksum INTEGER, vector BLOB)",
        ):
            self._connection.execute(statement).fetchall()

    def _close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _recover(self, error, out_of_patience):
        """Get ready for another try, or raise what cannot be mended."""
        self._close()
        words = str(error)
        if "locked" in words or "busy" in words:
            if out_of_patience:
                raise self._unusable(error) from error
            time.sleep(0.05)  # SQLite itself does not wait while WAL mode is set
        elif "malformed" in words or "not a database" in words or "no such" in words:
            self._set_aside()
        else:
            raise self._unusable(error) from error

    def _set_aside(self):
        """Rename a damaged file, unless another process has just replaced it."""
        try:
            if self.path.stat().st_ino != self._inode:
                return
            aside = self.path.with_suffix(f".damaged-{time.time_ns()}")
            os.replace(self.path, aside)
        except FileNotFoundError:
            return
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        warnings.warn(
            f"The cache in memory={str(self.folder)!r} is damaged. It was renamed to "
            f"{aside.name!r}, and a new one begun: what was in it is computed again.",
            UserWarning,
            stacklevel=2,
        )

    def _unusable(self, error):
        return OSError(
            f"The cache in memory={str(self.folder)!r} cannot be used: {error}. Give a "
            "folder on a local disk that can be written, or memory=None."
        )
