"""Arrays in the layout of safetensors: a header in JSON, then bytes without gaps.

It is written as a stream and read as views, without a second copy of a model in
memory. The layout is that of https://github.com/huggingface/safetensors, which reads
these files too.
"""

import json
import struct

import numpy as np

from skmm.persistence._errors import ModelFileError

#: By numpy's letters; bfloat16, which numpy lacks, is kept as the integers it shares.
_NAMES = {
    "b1": "BOOL",
    "u1": "U8",
    "i1": "I8",
    "u2": "U16",
    "i2": "I16",
    "f2": "F16",
    "u4": "U32",
    "i4": "I32",
    "f4": "F32",
    "u8": "U64",
    "i8": "I64",
    "f8": "F64",
}
_LETTERS = {name: letters for letters, name in _NAMES.items()}
#: The longest header that safetensors itself reads.
_LONGEST_HEADER = 100_000_000


class TensorStore:
    """Arrays to write, by the names that the state gives them."""

    def __init__(self):
        self._arrays = []

    def add(self, array):
        """Take an array of numbers in C order; return its name.

        Parameters
        ----------
        array : ndarray
        """
        array = np.asarray(array, order="C")
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("<"))
        self._arrays.append(array)
        return str(len(self._arrays) - 1)

    def chunks(self):
        """Yield the file piece by piece."""
        # Wide numbers first: each starts at a multiple of its size.
        named = sorted(enumerate(self._arrays), key=lambda one: -one[1].dtype.itemsize)
        header, start = {}, 0
        for name, array in named:
            header[str(name)] = {
                "dtype": _NAMES[array.dtype.str[1:]],
                "shape": list(array.shape),
                "data_offsets": [start, start + array.nbytes],
            }
            start += array.nbytes
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        yield struct.pack("<Q", len(text)) + text
        for _, array in named:
            if array.nbytes:
                yield array.reshape(-1).view(np.uint8).data


def read_tensors(buffer, copy=True):
    """Return the arrays of a file, by name.

    Parameters
    ----------
    buffer : bytes-like
    copy : bool, default=True
        If False, the arrays are views of `buffer`.

    Raises
    ------
    ModelFileError
        If header and bytes do not agree.
    """
    size = len(buffer)
    if size < 8:
        raise ModelFileError("Its tensors are cut off.")
    (length,) = struct.unpack("<Q", buffer[:8])
    if length > min(size - 8, _LONGEST_HEADER):
        raise ModelFileError("The header of its tensors is longer than they are.")
    try:
        header = json.loads(bytes(buffer[8 : 8 + length]))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"The header of its tensors is damaged: {error}") from None
    if not isinstance(header, dict):
        raise ModelFileError("The header of its tensors is not an object.")
    data = np.frombuffer(buffer, dtype=np.uint8)[8 + length :]
    header.pop("__metadata__", None)
    arrays, spans = {}, []
    for name, entry in header.items():
        arrays[name], span = _read_one(name, entry, data, copy)
        spans.append(span)
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            raise ModelFileError("Its tensors overlap or leave gaps.")
        end = stop
    if end != len(data):
        raise ModelFileError("It has bytes that belong to no tensor.")
    return arrays


def _read_one(name, entry, data, copy):
    try:
        dtype = np.dtype("<" + _LETTERS[entry["dtype"]])
        shape = [_index(n) for n in entry["shape"]]
        start, stop = (_index(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"Its tensor {name!r} is not described: {error!r}"
        ) from None
    # In Python's integers, which do not overflow.
    n_bytes = dtype.itemsize
    for n in shape:
        n_bytes *= n
    if len(shape) > 32 or not start <= stop <= len(data) or stop - start != n_bytes:
        raise ModelFileError(f"Its tensor {name!r} has other bytes than its shape.")
    raw = data[start:stop]
    if copy:
        # An array of its own each: aligned as fresh ones are, and freed alone.
        array = np.empty(shape, dtype)
        array.reshape(-1).view(np.uint8)[:] = raw
    else:
        array = raw.view(dtype).reshape(shape)
    return array, (start, stop)


def _index(number):
    if type(number) is not int or not 0 <= number < 2**63:
        raise ValueError(f"{number!r} is not a size")
    return number
