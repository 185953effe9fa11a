"""Augmentations: random changes of a batch, in training only, on its device."""

import importlib

from skmm._parts import load

#: kind -> name -> (module, class). The names that "auto" stands for come first, in
#: `_AUTO`.
_TABLE = {}
#: kind -> names that ``augment="auto"`` takes.
_AUTO = {}

_PUBLIC = {
    "Augmentation": "skmm.augmentation._base",
    **{cls: module for names in _TABLE.values() for module, cls in names.values()},
}

__all__ = [*_PUBLIC, "make_augmentation"]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__


def make_augmentation(given, kind):
    """Give the function that changes a batch, for what a user wrote.

    Parameters
    ----------
    given : None, "auto", str, callable, or list of these
        Names of the kind's augmentations; "auto" for those that suit most data.
    kind : str
        Of the modality.

    Returns
    -------
    augment : callable or None

    Raises
    ------
    ValueError
        If a name is not known.
    TypeError
        If it is nothing of these.

    Examples
    --------
    >>> from skmm.augmentation import make_augmentation
    >>> make_augmentation(None, "image")
    """
    if given is None or (isinstance(given, (list, tuple)) and not given):
        return None
    steps = []
    for one in given if isinstance(given, (list, tuple)) else [given]:
        names = _AUTO.get(kind, ()) if isinstance(one, str) and one == "auto" else [one]
        steps += [_make_step(name, kind) for name in names]
    return importlib.import_module("skmm.augmentation._base").Chain(steps)


def _make_step(given, kind):
    table = _TABLE.get(kind, {})
    if isinstance(given, str):
        if given not in table:
            raise ValueError(
                f"There is no augmentation named {given!r} for {kind}. Known are: "
                f"{', '.join(map(repr, ['auto', *table]))}."
            )
        return load(table[given])()
    if callable(given) and not isinstance(given, type):
        return given
    raise TypeError(
        "augment= takes None, 'auto', a name, an Augmentation or another function of "
        f"tensors, or a list of these; got {given!r}."
    )
