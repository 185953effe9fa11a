"""Fusions and alignments from what a user writes: a name, a class or an object."""

import difflib
import importlib


def make_part(given, what, table, wrapper):
    """Give the object that builds a module.

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
    ValueError
        If the name is not known; the nearest known one is proposed.
    TypeError
        If it is nothing of these.
    """
    if isinstance(given, str):
        if given not in table:
            near = difflib.get_close_matches(given, table, n=1, cutoff=0.4)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"There is no {what} named {given!r}.{hint} "
                f"Known {what}s: {', '.join(table)}."
            )
        return load(table[given])()
    if isinstance(given, type) and hasattr(given, "build_module"):
        return given()
    if isinstance(given, type) and hasattr(given, "forward"):
        return load(wrapper)(given)
    if hasattr(given, "build_module"):
        return given
    raise TypeError(
        f"{what}= takes a name ({', '.join(table)}), an object with build_module, or "
        f"an nn.Module class; got {given!r}."
    )


def load(place):
    """Import a class named by (module, class): the table must not import torch."""
    module, name = place
    return getattr(importlib.import_module(module), name)
