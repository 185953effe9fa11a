"""From an object to JSON and arrays."""

import math

from skmm.persistence._kinds import KINDS
from skmm.persistence._tensors import TensorStore

_PLAIN = (str, int, bool, type(None))
_BY_TYPE = {cls: kind for kind in KINDS for cls in kind.types}
#: Values that many share without meaning it, which are written where they are.
_UNSHARED = frozenset(["float", "class", "function", "dtype", "tuple", "scalar"])


class Dumper:
    """What a state is written with.

    Parameters
    ----------
    name : str
        Of the whole, for errors.
    optimizer : bool, default=True
        If False, what a class declares as `optimizer_state` is left out.

    Attributes
    ----------
    store : TensorStore
        The arrays met so far.
    """

    def __init__(self, name, optimizer=True):
        self.optimizer = optimizer
        self.store = TensorStore()
        self._path = [name]
        # With the value itself: an id tells objects apart only while they live.
        self._written = {}
        self._n_shared = 0

    @property
    def where(self):
        """The place of the value at hand, as one would write it in Python."""
        return "".join(self._path)

    def add_array(self, array):
        """Keep an array of numbers; return its name."""
        return self.store.add(array)

    def each(self, values):
        """Return what is written for each value of a list."""
        values = list(values)
        if all(type(value) in _PLAIN for value in values):
            return values
        return [self(value, f"[{i}]") for i, value in enumerate(values)]

    def __call__(self, value, label=""):
        """Return what is written for a value.

        Parameters
        ----------
        value : object
        label : str
            How it is reached from what it is part of.
        """
        cls = type(value)
        if cls in _PLAIN or cls is float and math.isfinite(value):
            return value
        if id(value) in self._written:
            node, _ = self._written[id(value)]
            if "id" not in node:
                self._n_shared += 1
                node["id"] = self._n_shared
            return {"ref": node["id"]}
        self._path.append(label)
        kind = _BY_TYPE.get(cls) or next(k for k in KINDS if k.holds(value))
        node = {}
        if kind.tag not in _UNSHARED:
            self._written[id(value)] = node, value
        node[kind.tag] = None
        node[kind.tag] = kind.dump(value, self)
        self._path.pop()
        return node
