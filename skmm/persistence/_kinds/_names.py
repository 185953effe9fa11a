"""Classes and functions, of which a file has the names alone."""

import inspect
import types

import numpy as np

from skmm.persistence._kinds._base import Kind, expect
from skmm.persistence._trust import name_of


class Class(Kind):
    """A class itself, such as ``numpy.float64`` for a parameter ``dtype``."""

    tag = "class"

    def holds(self, value):
        return isinstance(value, type)

    def dump(self, value, dumper):
        return name_of(value, dumper.where)

    def restore(self, body, restorer, remember):
        return restorer.find(expect(body, str), inspect.isclass)


class Function(Kind):
    """A function of a module."""

    tag = "function"
    types = (types.FunctionType, types.BuiltinFunctionType, np.ufunc)

    def dump(self, value, dumper):
        return name_of(value, dumper.where)

    def restore(self, body, restorer, remember):
        return restorer.find(expect(body, str), callable)


KINDS = [Class(), Function()]
