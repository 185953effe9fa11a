"""Arrays, their scalars and types, and what draws random numbers."""

import math

import numpy as np

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field


class Array(Kind):
    """An array of numbers, kept among the tensors; of dates, as their integers."""

    tag = "array"

    def holds(self, value):
        return (
            type(value) is np.ndarray
            and (value.dtype.kind in "biufcmM" and value.dtype.itemsize <= 16)
            and value.dtype != np.longdouble
            and value.dtype != np.clongdouble
        )

    def dump(self, value, dumper):
        body = {}
        array = value
        if value.dtype.kind in "mM":
            body["dtype"], array = value.dtype.str, value.view(np.int64)
            if value.dtype.byteorder == ">":
                array = value.astype(value.dtype.newbyteorder("<")).view(np.int64)
                body["dtype"] = value.dtype.newbyteorder("<").str
        elif value.dtype.kind == "c":
            part = np.dtype(f"f{value.dtype.itemsize // 2}")
            array = np.stack([value.real, value.imag], axis=-1).astype(part)
            body["dtype"] = f"c{value.dtype.itemsize}"
        if value.ndim > 1 and value.flags.f_contiguous and not value.flags.c_contiguous:
            # The order of memory is the order in which products are summed.
            body["order"] = "F"
            array = array.transpose(
                (*range(value.ndim)[::-1], *range(value.ndim, array.ndim))
            )
        return body | {"data": dumper.add_array(array)}

    def restore(self, body, restorer, remember):
        array = restorer.array(field(body, "data"))
        dtype = body.get("dtype")
        if dtype is not None:
            dtype = read_dtype(dtype)
            if dtype.kind == "c":
                if array.ndim == 0 or array.shape[-1] != 2:
                    raise ModelFileError("Its complex numbers have no imaginary part.")
                array = array[..., 0] + 1j * array[..., 1]
                array = array.astype(dtype)
            elif dtype.kind in "mM" and array.dtype == np.int64:
                array = array.view(dtype)
            else:
                raise ModelFileError(f"It has {array.dtype} for an array of {dtype}.")
        return array.T if body.get("order") == "F" else array


class Cells(Kind):
    """An array of objects or strings, cell by cell."""

    tag = "cells"

    def holds(self, value):
        return type(value) is np.ndarray and value.dtype.kind in "OUST"

    def dump(self, value, dumper):
        text = "T" if value.dtype.kind == "T" else value.dtype.str
        cells = value.ravel().tolist()
        return {"dtype": text, "shape": list(value.shape), "cells": dumper.each(cells)}

    def restore(self, body, restorer, remember):
        shape = _shape(field(body, "shape", list))
        cells = field(body, "cells", list)
        if math.prod(shape) != len(cells):
            raise ModelFileError(f"It has {len(cells)} cells for the shape {shape}.")
        text = field(body, "dtype", str)
        dtype = np.dtypes.StringDType() if text == "T" else read_dtype(text)
        if dtype.kind not in "OUST" or dtype.itemsize * len(cells) > 2**33:
            raise ModelFileError(f"It has cells of type {dtype}.")
        flat = np.empty(len(cells), dtype)
        made = flat.reshape(shape)
        remember(made)
        for i, cell in enumerate(restorer.each(cells)):
            flat[i] = cell
        return made


class Record(Kind):
    """An array of records, field by field."""

    tag = "record"

    def holds(self, value):
        return type(value) is np.ndarray and value.dtype.names is not None

    def dump(self, value, dumper):
        fields = {
            name: dumper(np.array(value[name], order="C")) for name in value.dtype.names
        }
        return {"aligned": value.dtype.isalignedstruct, "fields": fields}

    def restore(self, body, restorer, remember):
        fields = {
            name: restorer(one) for name, one in field(body, "fields", dict).items()
        }
        arrays = [one for one in fields.values() if isinstance(one, np.ndarray)]
        if not arrays or len(arrays) < len(fields):
            raise ModelFileError("It has records without fields.")
        shapes = {one.shape for one in fields.values()}
        if len(shapes) != 1:
            raise ModelFileError("Its records have fields of several lengths.")
        types = [(name, one.dtype) for name, one in fields.items()]
        dtype = np.dtype(types, align=bool(body.get("aligned")))
        made = np.zeros(shapes.pop(), dtype)
        for name, one in fields.items():
            made[name] = one
        return made


class Masked(Kind):
    """A masked array, as in the results of a search."""

    tag = "masked"

    def holds(self, value):
        return type(value) is np.ma.MaskedArray

    def dump(self, value, dumper):
        return {
            "data": dumper(value.data),
            "mask": dumper(np.ma.getmaskarray(value)),
            "fill": dumper(value.fill_value),
        }

    def restore(self, body, restorer, remember):
        data = restorer(field(body, "data"))
        made = np.ma.MaskedArray(data, mask=restorer(field(body, "mask")))
        made.fill_value = restorer(field(body, "fill"))
        return made


class Scalar(Kind):
    """A number, string or date of numpy's."""

    tag = "scalar"

    def holds(self, value):
        return isinstance(value, np.generic) and value.dtype.kind in "biufcmMUS"

    def dump(self, value, dumper):
        if isinstance(value, (np.longdouble, np.clongdouble)):
            raise TypeError(f"{dumper.where} is {value!r}, which files do not hold.")
        # A dtype of its own length: strings of the array that it is of are shorter.
        inner = value.view("i8").item() if value.dtype.kind in "mM" else value.item()
        return [value.dtype.str, dumper(inner)]

    def restore(self, body, restorer, remember):
        text, inner = expect(body, list)
        dtype, inner = read_dtype(text), restorer(inner)
        if dtype.kind not in "biufcmMUS" or dtype.itemsize > 2**20:
            raise ModelFileError(f"It has a scalar of type {dtype}.")
        if dtype.kind in "mM":
            return np.array([inner], np.int64).view(dtype)[0]
        return np.array([inner], dtype)[0]


class DType(Kind):
    """A type of numpy's."""

    tag = "dtype"

    def holds(self, value):
        return isinstance(value, np.dtype) and value.names is None

    def dump(self, value, dumper):
        return "T" if value.kind == "T" else value.str

    def restore(self, body, restorer, remember):
        return np.dtypes.StringDType() if body == "T" else read_dtype(body)


class Generator(Kind):
    """A random generator: the algorithm's name, and its state."""

    tag = "generator"
    _algorithms = ("PCG64", "PCG64DXSM", "SFC64", "Philox", "MT19937")

    def holds(self, value):
        return (
            isinstance(value, np.random.Generator)
            and type(value.bit_generator).__name__ in self._algorithms
        )

    def dump(self, value, dumper):
        return dumper(value.bit_generator.state)

    def restore(self, body, restorer, remember):
        state = restorer(body)
        name = field(state, "bit_generator", str)
        if name not in self._algorithms:
            raise ModelFileError(f"It has a random generator {name!r}.")
        _check_position(state)
        made = getattr(np.random, name)(0)
        made.state = state
        return np.random.Generator(made)


class RandomState(Kind):
    """The random generator that scikit-learn takes."""

    tag = "random_state"

    def holds(self, value):
        return (
            isinstance(value, np.random.RandomState)
            and value.get_state(legacy=False)["bit_generator"] == "MT19937"
        )

    def dump(self, value, dumper):
        return dumper(value.get_state(legacy=False))

    def restore(self, body, restorer, remember):
        state = restorer(body)
        if field(state, "bit_generator", str) != "MT19937":
            raise ModelFileError("Its random state is not a Mersenne twister.")
        _check_position(state)
        made = np.random.RandomState()
        made.set_state(state)
        return made


def _check_position(state):
    """Raise where a generator would read beyond its own state: numpy does not ask."""
    inner = field(state, "state", dict)
    at, longest = 0, 0
    if state["bit_generator"] == "MT19937":
        at, longest = field(inner, "pos", int), 624
    elif state["bit_generator"] == "Philox":
        at, longest = field(state, "buffer_pos", int), 4
    if not 0 <= at <= longest:
        raise ModelFileError("The state of its random generator is damaged.")


def read_dtype(text):
    """Return the numpy type of a text such as ``<f8``; never a class by name."""
    try:
        dtype = np.dtype(expect(text, str))
    except (TypeError, ValueError, SyntaxError) as error:
        raise ModelFileError(f"It has a type {text!r}: {error}") from None
    if dtype.names is not None or dtype.subdtype is not None:
        raise ModelFileError(f"It has a type {text!r}.")
    return dtype


def _shape(sizes):
    if not all(type(n) is int and n >= 0 for n in sizes) or len(sizes) > 32:
        raise ModelFileError(f"It has a shape {sizes}.")
    return tuple(sizes)


KINDS = [
    Array(),
    Cells(),
    Record(),
    Masked(),
    Scalar(),
    DType(),
    Generator(),
    RandomState(),
]
