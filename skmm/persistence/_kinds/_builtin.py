"""Python's own values beyond those of JSON."""

import collections
import datetime
import decimal
import fractions
import pathlib
import uuid

import numpy as np

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field


class Float(Kind):
    """A float that JSON has no word for."""

    tag = "float"
    types = (float,)

    def dump(self, value, dumper):
        return repr(value)

    def restore(self, body, restorer, remember):
        if body not in ("nan", "inf", "-inf"):
            raise ModelFileError(f"It has {body!r} for a float.")
        return float(body)


class Complex(Kind):
    """A complex number, as two floats."""

    tag = "complex"
    types = (complex,)

    def dump(self, value, dumper):
        return [dumper(value.real), dumper(value.imag)]

    def restore(self, body, restorer, remember):
        real, imag = map(restorer, expect(body, list))
        return complex(real, imag)


class Bytes(Kind):
    """Bytes, kept among the tensors."""

    tag = "bytes"
    types = (bytes, bytearray)

    def dump(self, value, dumper):
        body = {"data": dumper.add_array(np.frombuffer(value, np.uint8))}
        return body | ({"mutable": True} if type(value) is bytearray else {})

    def restore(self, body, restorer, remember):
        content = restorer.array(field(body, "data")).tobytes()
        return bytearray(content) if body.get("mutable") else content


class Sequence(Kind):
    """A list, tuple, set or frozenset."""

    def __init__(self, cls):
        self.tag = cls.__name__
        self.types = (cls,)

    def dump(self, value, dumper):
        if self.types[0] in (set, frozenset):
            # In the same order whatever strings hash to in this process.
            value = sorted(value, key=lambda one: (type(one).__name__, repr(one)))
        return dumper.each(value)

    def restore(self, body, restorer, remember):
        cls = self.types[0]
        if cls is list:
            made = remember([])
            made.extend(restorer.each(expect(body, list)))
            return made
        if cls is set:
            made = remember(set())
            made.update(restorer.each(expect(body, list)))
            return made
        return cls(restorer.each(expect(body, list)))


class Map(Kind):
    """A dict whose keys are all strings."""

    tag = "map"

    def holds(self, value):
        return type(value) is dict and all(type(key) is str for key in value)

    def dump(self, value, dumper):
        return {key: dumper(value[key], f"[{key!r}]") for key in value}

    def restore(self, body, restorer, remember):
        made = remember({})
        for key, one in expect(body, dict).items():
            made[key] = restorer(one)
        return made


class Dict(Kind):
    """Any other dict: keys and values, in their order."""

    tag = "dict"

    def holds(self, value):
        return type(value) is dict

    def dump(self, value, dumper):
        return [dumper.each(value), dumper.each(value.values())]

    def restore(self, body, restorer, remember):
        made = remember({})
        keys, values = expect(body, list)
        keys, values = expect(keys, list), expect(values, list)
        if len(keys) != len(values):
            raise ModelFileError("A dict of it has not one value for each key.")
        made.update(zip(restorer.each(keys), restorer.each(values)))
        return made


class DictLike(Kind):
    """A dict of the standard library's own making."""

    def __init__(self, tag, cls):
        self.tag = tag
        self.types = (cls,)

    def dump(self, value, dumper):
        return [dumper.each(value), dumper.each(value.values())]

    def restore(self, body, restorer, remember):
        made = remember(self.types[0]())
        keys, values = (restorer.each(expect(one, list)) for one in expect(body, list))
        made.update(dict(zip(keys, values)))
        return made


class Cut(Kind):
    """A slice or a range."""

    def __init__(self, cls):
        self.tag = cls.__name__
        self.types = (cls,)

    def dump(self, value, dumper):
        return dumper.each([value.start, value.stop, value.step])

    def restore(self, body, restorer, remember):
        return self.types[0](*restorer.each(expect(body, list)))


class Written(Kind):
    """What has a text of its own that says it all."""

    def __init__(self, tag, types, write, read):
        self.tag = tag
        self.types = types
        self._write, self._read = write, read

    def dump(self, value, dumper):
        return self._write(value)

    def restore(self, body, restorer, remember):
        return self._read(expect(body, str))


class Timedelta(Kind):
    """A datetime.timedelta."""

    tag = "timedelta"
    types = (datetime.timedelta,)

    def dump(self, value, dumper):
        return [value.days, value.seconds, value.microseconds]

    def restore(self, body, restorer, remember):
        return datetime.timedelta(*restorer.each(expect(body, list)))


class Singleton(Kind):
    """`...` and `NotImplemented`."""

    tag = "constant"
    _values = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}

    def holds(self, value):
        return value is Ellipsis or value is NotImplemented

    def dump(self, value, dumper):
        return repr(value)

    def restore(self, body, restorer, remember):
        return field(self._values, body)


KINDS = [
    Float(),
    Complex(),
    Bytes(),
    *map(Sequence, (list, tuple, set, frozenset)),
    Map(),
    Dict(),
    DictLike("ordered_dict", collections.OrderedDict),
    DictLike("counter", collections.Counter),
    *map(Cut, (slice, range)),
    Written(
        "datetime",
        (datetime.datetime,),
        datetime.datetime.isoformat,
        datetime.datetime.fromisoformat,
    ),
    Written(
        "date", (datetime.date,), datetime.date.isoformat, datetime.date.fromisoformat
    ),
    Written(
        "time", (datetime.time,), datetime.time.isoformat, datetime.time.fromisoformat
    ),
    Timedelta(),
    Written("decimal", (decimal.Decimal,), str, decimal.Decimal),
    Written("fraction", (fractions.Fraction,), str, fractions.Fraction),
    Written("uuid", (uuid.UUID,), str, uuid.UUID),
    # Of whichever system: a path of this one when it is read.
    Written("path", (type(pathlib.Path()),), pathlib.Path.as_posix, pathlib.Path),
    Singleton(),
]
