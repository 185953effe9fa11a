"""Augmentations: random changes of a batch, in training only, on its device."""

import importlib

from skmm._utils.registry import load

#: kind -> name -> (module, class). The names that "auto" stands for come first, in
#: `_AUTO`.
_TABLE = {
    "text": {
        "drop": ("skmm.augmentation._text", "TokenDrop"),
        "swap": ("skmm.augmentation._text", "TokenSwap"),
        "replace": ("skmm.augmentation._text", "TokenReplace"),
    },
    "audio": {
        "shift": ("skmm.augmentation._audio", "WaveShift"),
        "gain": ("skmm.augmentation._audio", "WaveGain"),
        "noise": ("skmm.augmentation._audio", "WaveNoise"),
        "mask": ("skmm.augmentation._audio", "SpectrogramMask"),
    },
    "series": {
        "jitter": ("skmm.augmentation._series", "SeriesJitter"),
        "scale": ("skmm.augmentation._series", "SeriesScale"),
        "warp": ("skmm.augmentation._series", "SeriesWarp"),
    },
    "image": {
        "flip": ("skmm.augmentation._image", "RandomFlip"),
        "shift": ("skmm.augmentation._image", "RandomShift"),
        "crop": ("skmm.augmentation._image", "RandomCrop"),
        "rotate": ("skmm.augmentation._image", "RandomRotate"),
        "color": ("skmm.augmentation._image", "RandomColor"),
        "erase": ("skmm.augmentation._image", "RandomErase"),
    },
    "tabular": {"swap": ("skmm.augmentation._tabular", "CellSwap")},
}
#: kind -> names that ``augment="auto"`` takes.
_AUTO = {
    "text": ("drop", "swap"),
    "audio": ("shift", "gain", "mask"),
    "series": ("jitter", "scale"),
    "image": ("flip", "shift", "color"),
    "tabular": ("swap",),
}

#: Names that ``mixup=`` takes.
MIXUPS = {
    "mixup": ("skmm.augmentation._mixup", "Mixup"),
    "cutmix": ("skmm.augmentation._mixup", "CutMix"),
    "manifold": ("skmm.augmentation._mixup", "ManifoldMixup"),
}

_PUBLIC = {
    "Augmentation": "skmm.augmentation._base",
    **{cls: module for module, cls in MIXUPS.values()},
    **{cls: module for names in _TABLE.values() for module, cls in names.values()},
}

__all__ = [*_PUBLIC, "MIXUPS", "make_augmentation", "make_mixup"]


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


def make_mixup(given):
    """Give the object that mixes rows, for what a user wrote.

    Parameters
    ----------
    given : None, str or object with ``draw``
        A name of `MIXUPS`.

    Returns
    -------
    mixup : object or None

    Raises
    ------
    ValueError
        If the name is not known.
    TypeError
        If it is nothing of these.

    Examples
    --------
    >>> from skmm.augmentation import make_mixup
    >>> make_mixup("cutmix")
    CutMix()
    """
    if given is None or hasattr(given, "draw"):
        return given() if isinstance(given, type) else given
    if isinstance(given, str) and given in MIXUPS:
        return load(MIXUPS[given])()
    names = ", ".join(map(repr, MIXUPS))
    error = ValueError if isinstance(given, str) else TypeError
    raise error(f"mixup= takes None, a name ({names}) or a Mixup; got {given!r}.")
