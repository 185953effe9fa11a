"""The fields of a description, each of the type that it has to be."""

import numpy as np


class Fields:
    """An object of the description, of which each field is asked for with its type.

    Whatever else stands there is an error, so that nothing of a damaged file comes to
    light only when rows are read.

    Parameters
    ----------
    value : dict
        As JSON has it, with arrays in their places.
    """

    def __init__(self, value):
        if type(value) is not dict:
            raise ValueError(f"{value!r} stands where an object belongs")
        self._value = value

    def _take(self, name, expected):
        value = self._value[name]
        if type(value) is not expected:
            raise ValueError(f"the field {name!r} is a {type(value).__name__}")
        return value

    def text(self, name, among=None):
        """Return a string, one of some if they are given."""
        value = self._take(name, str)
        if among is not None and value not in among:
            raise ValueError(f"the field {name!r} is {value!r}")
        return value

    def optional_text(self, name, among=None):
        """Return a string or None."""
        return None if self._value[name] is None else self.text(name, among)

    def flag(self, name):
        """Return a bool."""
        return self._take(name, bool)

    def whole(self, name):
        """Return an int that is not negative."""
        value = self._take(name, int)
        if not 0 <= value < 2**31:
            raise ValueError(f"the field {name!r} is {value}")
        return value

    def wholes(self, name):
        """Return a list of int that are not negative."""
        value = self._take(name, list)
        return [Fields({name: one}).whole(name) for one in value]

    def texts(self, name):
        """Return a list of str, no two of them equal."""
        value = self._take(name, list)
        if {type(one) for one in value} - {str} or len(set(value)) < len(value):
            raise ValueError(f"the field {name!r} is not a list of different strings")
        return value

    def labels(self, name):
        """Return a list of str or int."""
        value = self._take(name, list)
        if not value or {type(one) for one in value} - {str, int}:
            raise ValueError(f"the field {name!r} is not a list of labels")
        return value

    def label(self, name):
        """Return a str or an int."""
        return Fields({name: [self._value[name]]}).labels(name)[0]

    def array(self, name, kinds="f", n_dimensions=1):
        """Return an ndarray whose dtype is of one of the kinds."""
        return _check(self._value[name], name, kinds, n_dimensions)

    def arrays(self, name, kinds="f"):
        """Return a list of vectors."""
        return [_check(one, name, kinds, 1) for one in self._take(name, list)]

    def arrays_by_name(self, name, kinds="f", n_dimensions=1):
        """Return a dict of arrays."""
        found = self._take(name, dict)
        return {
            key: _check(one, name, kinds, n_dimensions) for key, one in found.items()
        }

    def each(self, name):
        """Return the objects of a list."""
        return [Fields(one) for one in self._take(name, list)]

    def optional(self, name):
        """Return an object or None."""
        value = self._value[name]
        return None if value is None else Fields(value)

    def object(self, name):
        """Return an object."""
        return Fields(self._value[name])

    def plain(self, name):
        """Return what stands there, whatever it is."""
        return self._value[name]


def _check(array, name, kinds, n_dimensions):
    if (
        not isinstance(array, np.ndarray)
        or array.dtype.kind not in kinds
        or array.ndim != n_dimensions
    ):
        raise ValueError(f"the field {name!r} is not such an array as it has to be")
    return array
