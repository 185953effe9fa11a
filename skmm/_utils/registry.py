"""Fusions and alignments from what a user writes: a name, a class or an object."""

import importlib

from skmm._utils.compat import HasMethods
from skmm._utils.validation import ModuleClass, Names, check_options, check_value


def part_constraints(table):
    """Return what a parameter may be that takes fusions or alignments.

    Parameters
    ----------
    table : dict of str to (module, class)
        The known names.
    """
    return [Names(table), HasMethods("build_module"), ModuleClass()]


def make_part(given, what, table, wrapper):
    """Return the object that builds a module, its options checked.

    Parameters
    ----------
    given : str, class or object
    what : str
        The parameter's name, "fusion" or "alignment".
    table : dict of str to (module, class)
        The known names.
    wrapper : (module, class)
        What a plain ``nn.Module`` class is wrapped in.

    Raises
    ------
    InvalidParameterError
        A ValueError: it is nothing of these, or one of its options cannot be. For a
        name that is not known the nearest is proposed.
    """
    check_value(given, part_constraints(table), what, f"make_{what}")
    if isinstance(given, str):
        part = load(table[given])()
    elif not isinstance(given, type):
        part = given
    else:
        part = given() if hasattr(given, "build_module") else load(wrapper)(given)
    check_options(part)
    return part


def load(place):
    """Import a class named by (module, class): the table must not import torch."""
    module, name = place
    return getattr(importlib.import_module(module), name)
