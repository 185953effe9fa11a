"""The folder of an exported model: hashes, a description in JSON, and arrays."""

import hashlib
import io
import json
import zipfile

import numpy as np

from skmm.runtime._errors import RuntimeFileError

#: The graph, what is done before it, and the arrays of that.
GRAPH, DESCRIPTION, ARRAYS = "model.onnx", "preprocessing.json", "preprocessing.npz"
#: The hash of each, as `sha256sum --check` reads them.
SUMS = "SHA256SUMS"
#: What a description says it is, and the newest version of that.
FORMAT, SCHEMA = "skmm-preprocessing", 1
#: The key of what stands for an array; modalities have no such names.
ARRAY = "__array__"


def read_folder(path):
    """Return the description of an exported model, with its arrays in their places.

    Parameters
    ----------
    path : path
        A folder.

    Raises
    ------
    RuntimeFileError
        If a file is not there, or not as it was written, or of a later version.
    """
    for name in (DESCRIPTION, ARRAYS, SUMS, GRAPH):
        if not (path / name).is_file():
            raise RuntimeFileError(
                f"{path} is not a folder that skmm.export has written with "
                f"preprocessing=True: it has no {name}."
            )
    _check_hashes(path)
    try:
        return parse((path / DESCRIPTION).read_bytes(), (path / ARRAYS).read_bytes())
    except RuntimeFileError as error:
        raise RuntimeFileError(f"{path}: {error}") from None


def parse(description, arrays):
    """Return a description with its arrays in their places.

    Parameters
    ----------
    description, arrays : bytes
        The contents of the two files.

    Raises
    ------
    RuntimeFileError
        If they are damaged, or of a later version.
    """
    try:
        found = json.loads(description)
        if found["format"] != FORMAT:
            raise ValueError(f"its format is {found['format']!r}")
        schema = found["schema"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RuntimeFileError(f"{DESCRIPTION} is damaged: {error!r}.") from None
    if schema not in range(1, SCHEMA + 1):
        raise RuntimeFileError(
            f"{DESCRIPTION} is of schema {schema}, and this version of skmm reads up "
            f"to {SCHEMA}. Install a later one."
        )
    try:
        # Without pickles: an array is numbers.
        with np.load(io.BytesIO(arrays), allow_pickle=False) as file:
            return _put(found, {name: file[name] for name in file.files})
    except (ValueError, LookupError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise RuntimeFileError(f"{ARRAYS} is damaged: {error!r}.") from None


def _put(value, arrays):
    """Return a value of the JSON with arrays in the place of their names."""
    if isinstance(value, list):
        return [_put(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {ARRAY}:
        return arrays[value[ARRAY]]
    if value.keys() == {ARRAY, "lengths"}:
        whole, lengths = arrays[value[ARRAY]], value["lengths"]
        if len(whole) != sum(lengths) or min(lengths, default=0) < 0:
            raise ValueError("arrays have other lengths than the description says")
        return np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []
    return {key: _put(one, arrays) for key, one in value.items()}


def _check_hashes(path):
    text = (path / SUMS).read_text(encoding="utf-8", errors="replace")
    sums = {}
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
    for name in (GRAPH, DESCRIPTION, ARRAYS):
        if sums.get(name) != _hash(path / name):
            raise RuntimeFileError(
                f"{path / name} is not as it was written: its hash is another than "
                f"{SUMS} says. Export the model anew, or copy the whole folder again."
            )


def _hash(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
