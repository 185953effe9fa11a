"""The file around a state: a ZIP archive or a folder, hashed, written in one step."""

import contextlib
import ctypes
import hashlib
import io
import mmap
import os
import pathlib
import shutil
import struct
import tempfile
import zipfile

from skmm.persistence._errors import ModelFileError

#: What a file consists of, in this order. Nothing else may be in it.
MEMBERS = ("manifest.json", "state.json", "tensors.safetensors")
#: In a folder: the hash of each member, as `sha256sum --check` reads them.
_SUMS = "SHA256SUMS"
#: What the members are called in a folder that goes to a hub of models: names by which
#: hubs count downloads and show weights. Other files may lie beside them.
HUB_NAMES = {
    "manifest.json": "config.json",
    "state.json": "state.json",
    "tensors.safetensors": "model.safetensors",
}
#: All files of such a folder that are read.
HUB_FILES = (*HUB_NAMES.values(), _SUMS)
#: What stands in a file's place where Git LFS has not fetched it.
_LFS_POINTER = b"version https://git-lfs"
#: Where tensors start in a ZIP archive: at a multiple of this, for memory maps.
_ALIGNMENT = 64
#: A text that unpacks to more than this, and to so many times what it is packed, is
#: refused: a model's is a tenth as long when it is packed.
_LARGE_TEXT, _MOST_PACKED = 2**26, 200
#: As long as it takes in a ZIP archive whose comment is the hash of all before.
_COMMENT = b"sha256:"
_COMMENT_LENGTH = len(_COMMENT) + 64
#: ``PK`` and the rest of what an archive's last record starts with.
_END_RECORD = b"PK\x05\x06"
_END_LENGTH = 22


def write(path, members, folder=False):
    """Write the members into one file, or into a folder.

    What was at `path` before stays whole until all is written and on the disk; the new
    file then takes its place in one step.

    Parameters
    ----------
    path : path
    members : dict of str to iterable of bytes-like
    folder : bool, default=False
    """
    path = pathlib.Path(path)
    if folder:
        write_folder(path, members, _is_ours)
    else:
        _write_file(path, members)


def _write_file(path, members):
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder. Give the name of a file, or folder=True."
        )
    # Beside it, since a file moves in one step only within its file system.
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w+b") as file:
            _write_archive(file, members)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(made, _mode_of(path))
        os.replace(made, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)
        raise
    _sync_folder(path.parent)


def _write_archive(file, members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, chunks in members.items():
            # The date is always the same: so are two files of one model.
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            if name.endswith(".json"):
                info.compress_type = zipfile.ZIP_DEFLATED
            else:
                info.extra = _padding(file.tell() + 30 + len(name))
            with archive.open(info, "w", force_zip64=not name.endswith(".json")) as out:
                for chunk in chunks:
                    out.write(chunk)
        # Of its own length already: the record before it, which is hashed, has it.
        archive.comment = b" " * _COMMENT_LENGTH
    size = file.tell()
    file.seek(0)
    digest = hashlib.sha256()
    left = size - _COMMENT_LENGTH
    while left:
        chunk = file.read(min(left, 2**20))
        digest.update(chunk)
        left -= len(chunk)
    file.seek(size - _COMMENT_LENGTH)
    file.write(_COMMENT + digest.hexdigest().encode())


def _padding(start):
    """Return an extra field of the archive, so that data start at whole lengths."""
    # Before the data are the field's own head and the one that is for large files.
    start += 4 + 20
    n = -start % _ALIGNMENT
    return struct.pack("<HH", 0xD935, n) + bytes(n)


def write_folder(path, members, is_ours):
    """Write the members into a folder, with their hashes, in one step.

    Parameters
    ----------
    path : pathlib.Path
    members : dict of str to iterable of bytes-like
    is_ours : callable
        Tells of what is at `path` whether it may be replaced.

    Raises
    ------
    FileExistsError
        If something is there that may not.
    """
    if path.exists() and not is_ours(path):
        raise FileExistsError(
            f"{path} exists and does not hold a model. Give a new name, or remove it."
        )
    made = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    old = made.with_name(made.name + ".old")
    try:
        _write_members(made, members)
        os.chmod(made, 0o777 & ~_umask())
        if path.exists() and _exchange(made, path):
            os.rename(made, old)
        else:
            if path.exists():
                os.rename(path, old)
            os.rename(made, path)
    except BaseException:
        if old.exists() and not path.exists():
            os.rename(old, path)
        shutil.rmtree(made, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    _sync_folder(path.parent)


def _exchange(one, other):
    """Let two folders change places in one step; tell whether they did.

    Linux has a call for it. Elsewhere, and on file systems that do not know it, a
    folder is moved away before another takes its place.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here = ctypes.c_int(-100)  # AT_FDCWD: paths are as they are
    is_exchange = ctypes.c_uint(2)  # RENAME_EXCHANGE
    return not rename(here, os.fsencode(one), here, os.fsencode(other), is_exchange)


def write_for_hub(path, members):
    """Write the members into a folder under the names that hubs of models know.

    The folder may hold other files, which stay. Each file takes its place in one step,
    the hashes last: a folder that was left half written is refused by :func:`read`.

    Parameters
    ----------
    path : path
    members : dict of str to iterable of bytes-like
    """
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path, prefix=".skmm.") as made:
        named = {HUB_NAMES[name]: chunks for name, chunks in members.items()}
        _write_members(pathlib.Path(made), named)
        for name in HUB_FILES:
            os.chmod(pathlib.Path(made) / name, _mode_of(path / name))
            os.replace(pathlib.Path(made) / name, path / name)
    _sync_folder(path)


def _write_members(path, members):
    """Write each member into a file of a folder, and their hashes."""
    sums = []
    for name, chunks in members.items():
        digest = hashlib.sha256()
        with open(path / name, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        sums.append(f"{digest.hexdigest()}  {name}\n")
    with open(path / _SUMS, "wb") as file:
        file.write("".join(sums).encode())
        file.flush()
        os.fsync(file.fileno())


def _is_ours(path):
    names = set(os.listdir(path)) if path.is_dir() else {""}
    return not names or names == {*MEMBERS, _SUMS}


def _mode_of(path):
    """Return the permissions that a file has or, if it is new, is to have."""
    try:
        return path.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(path):
    # So that the new name is on the disk as well; Windows has no such call.
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(path):
    """Return the members of a file or folder, checked against their hashes.

    Parameters
    ----------
    path : path

    Returns
    -------
    members : dict of str to bytes-like
        Of the tensors, a memory map.

    Raises
    ------
    FileNotFoundError
    ModelFileError
    """
    path = pathlib.Path(path)
    if path.is_dir():
        return _read_folder(path)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise ModelFileError("It is empty.")
        # Copied when written to: the file itself never changes.
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return _read_archive(content)


def _read_archive(content):
    view = memoryview(content)
    if bytes(view[:2]) != b"PK":
        raise ModelFileError(_looks_like(bytes(view[:4])))
    start = len(view) - _COMMENT_LENGTH
    end = start - _END_LENGTH
    if end < 0 or bytes(view[end : end + 4]) != _END_RECORD:
        raise ModelFileError("It is cut off, or not a model.")
    digest = hashlib.sha256(view[:start]).hexdigest()
    if bytes(view[start:]) != _COMMENT + digest.encode():
        raise ModelFileError("Its hash is not that of its content: it is damaged.")
    try:
        with zipfile.ZipFile(_Bytes(view)) as archive:
            infos = archive.infolist()
            _check_names([info.filename for info in infos])
            return {i.filename: _read_member(archive, i, view) for i in infos}
    except ModelFileError:
        raise
    # Of what zipfile meets in a damaged archive, not all is a BadZipFile.
    except Exception as error:
        raise ModelFileError(f"Its archive is damaged: {error}") from error


def _read_member(archive, info, view):
    """Return the bytes of one member: where it is not compressed, a part of `view`."""
    if info.compress_type == zipfile.ZIP_STORED:
        start = info.header_offset
        head = bytes(view[start : start + 30])
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise ModelFileError(f"{info.filename} is not where its archive says.")
        start += 30 + sum(struct.unpack("<HH", head[26:30]))
        if info.file_size != info.compress_size or start + info.file_size > len(view):
            raise ModelFileError(f"{info.filename} is longer than its archive.")
        return view[start : start + info.file_size]
    too_large = max(_LARGE_TEXT, _MOST_PACKED * info.compress_size)
    if info.file_size > too_large:
        raise ModelFileError(f"{info.filename} unpacks to {info.file_size} bytes.")
    with archive.open(info) as file:
        # No more than is declared, whatever is packed.
        return file.read(info.file_size)


def _read_folder(path):
    found = sorted(os.listdir(path))
    if _SUMS not in found:
        raise ModelFileError(f"It has no {_SUMS}.")
    names = {name: name for name in MEMBERS}
    if HUB_NAMES["manifest.json"] in found and MEMBERS[0] not in found:
        # Of a hub: a README, a licence and more lie beside, and are not looked at.
        names = HUB_NAMES
    else:
        _check_names([name for name in found if name != _SUMS])
    members, sums = {}, []
    for member, name in names.items():
        if not (path / name).is_file():
            raise ModelFileError(f"Its {name} is not there, or is not a file.")
        content = (path / name).read_bytes()
        if content.startswith(_LFS_POINTER):
            raise ModelFileError(
                f"Its {name} is a pointer of Git LFS in the place of the file. Fetch "
                "it with `git lfs pull`."
            )
        members[member] = memoryview(content)
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    if (path / _SUMS).read_bytes() != "".join(sums).encode():
        raise ModelFileError(f"Its {_SUMS} are not those of its files: it is damaged.")
    return members


def _check_names(names):
    if sorted(names) != sorted(MEMBERS):
        strange = [name for name in names if name not in MEMBERS]
        missing = [name for name in MEMBERS if name not in names]
        what = f"has {strange[:3]}" if strange else f"lacks {missing}"
        if not strange and not missing:
            what = "has members twice"
        raise ModelFileError(
            f"It {what}, and a model consists of {', '.join(MEMBERS)} alone."
        )


def _looks_like(start):
    if start[:1] == b"\x80" or start[:1] == b"\x78":
        return (
            "It looks like a pickle, which can run any code when it is loaded. If you "
            "made it yourself, load it with trusted='pickle', and save it anew with "
            "skmm.save."
        )
    return "It is not a model that skmm.save wrote."


class _Bytes(io.RawIOBase):
    """A file over a part of memory, for zipfile, without a copy."""

    def __init__(self, view):
        self._view, self._at = view, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=os.SEEK_SET):
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._view)}
        if base[whence] + offset < 0:
            raise ValueError("negative position")
        self._at = base[whence] + offset
        return self._at

    def tell(self):
        return self._at

    def read(self, size=-1):
        stop = None if size is None or size < 0 else self._at + size
        read = bytes(self._view[self._at : stop])
        self._at += len(read)
        return read
