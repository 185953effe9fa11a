"""Augmentations: random changes of a batch's cells, made during training only."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from skmm._utils.compat import HasMethods
from skmm._utils.lazy import attach
from skmm._utils.registry import load
from skmm._utils.validation import (
    Names,
    SequenceOf,
    check_options,
    check_value,
)

if TYPE_CHECKING:
    from skmm._utils.typing import Augment, Change, SupportsDraw

if TYPE_CHECKING:
    from skmm.augmentation._adversarial import Adversarial
    from skmm.augmentation._audio import SpectrogramMask, WaveGain, WaveNoise, WaveShift
    from skmm.augmentation._base import Augmentation
    from skmm.augmentation._image import (
        RandomColor,
        RandomCrop,
        RandomErase,
        RandomFlip,
        RandomRotate,
        RandomShift,
    )
    from skmm.augmentation._mixup import CutMix, ManifoldMixup, Mixup
    from skmm.augmentation._series import SeriesJitter, SeriesScale, SeriesWarp
    from skmm.augmentation._tabular import CellSwap
    from skmm.augmentation._text import TokenDrop, TokenReplace, TokenSwap

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
    "Adversarial": "skmm.augmentation._adversarial",
    "Augmentation": "skmm.augmentation._base",
    **{cls: module for module, cls in MIXUPS.values()},
    **{cls: module for names in _TABLE.values() for module, cls in names.values()},
}

__all__ = [
    "Adversarial",
    "Augmentation",
    "Mixup",
    "CutMix",
    "ManifoldMixup",
    "TokenDrop",
    "TokenSwap",
    "TokenReplace",
    "WaveShift",
    "WaveGain",
    "WaveNoise",
    "SpectrogramMask",
    "SeriesJitter",
    "SeriesScale",
    "SeriesWarp",
    "RandomFlip",
    "RandomShift",
    "RandomCrop",
    "RandomRotate",
    "RandomColor",
    "RandomErase",
    "CellSwap",
    "MIXUPS",
    "make_augmentation",
    "make_mixup",
]

# Lazily: the tables of names must not cost an import of torch.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)


def augment_constraints(kind):
    """Return the constraints of a parameter ``augment=``.

    Parameters
    ----------
    kind : str
        Kind of the modality. A kind without named augmentations accepts functions only.

    Returns
    -------
    constraints : list
        Constraints in the form of a table `_parameter_constraints`.
    """
    each = [callable]
    if kind in _TABLE:
        each.insert(0, Names(["auto", *_TABLE[kind]]))
    return [*each, SequenceOf(*each, description="a list of these"), None]


def make_augmentation(given: Augment[str], kind: str) -> Change | None:
    """Return the function that an ``augment=`` parameter stands for.

    Parameters
    ----------
    given : None, "auto", str, callable, or list of these
        The value of ``augment=``. A string is the name of an augmentation of this
        kind; "auto" stands for the augmentations that suit most data of the kind. A
        class is called without arguments. The entries of a list are applied in order.
    kind : str
        Kind of the modality, for example "image".

    Returns
    -------
    augment : callable or None
        The function that changes a batch. None if ``given`` is None.

    Raises
    ------
    InvalidParameterError
        A ValueError: ``given`` is none of these, or an option of an augmentation has
        an invalid value. For an unknown name the message proposes the nearest one.

    Examples
    --------
    >>> from skmm.augmentation import make_augmentation
    >>> make_augmentation(None, "image")
    """
    check_value(given, augment_constraints(kind), "augment", "make_augmentation")
    if given is None or (isinstance(given, (list, tuple)) and not given):
        return None
    steps = []
    for one in given if isinstance(given, (list, tuple)) else [given]:
        names = _AUTO[kind] if isinstance(one, str) and one == "auto" else [one]
        steps += [_make_step(name, kind) for name in names]
    return importlib.import_module("skmm.augmentation._base").Chain(steps)


def _make_step(given, kind):
    step = load(_TABLE[kind][given]) if isinstance(given, str) else given
    if isinstance(step, type):
        step = step()
    check_options(step)
    return step


def mixup_constraints():
    """Return the constraints of a parameter ``mixup=``.

    Returns
    -------
    constraints : list
        Constraints in the form of a table `_parameter_constraints`.
    """
    return [Names(MIXUPS), HasMethods("draw"), None]


def adversarial_constraints():
    """Return the constraints of a parameter ``adversarial=``.

    Returns
    -------
    constraints : list
        Constraints in the form of a table `_parameter_constraints`.
    """
    kinds = importlib.import_module("skmm.augmentation._adversarial").KINDS
    return [Names(kinds), HasMethods("count_steps"), None]


def make_mixup(
    given: str | SupportsDraw | type[SupportsDraw] | None,
) -> SupportsDraw | None:
    """Return the object that a ``mixup=`` parameter stands for.

    Parameters
    ----------
    given : None, str, or object or class with ``draw``
        The value of ``mixup=``. A string is a name of `MIXUPS`; a class is called
        without arguments.

    Returns
    -------
    mixup : object or None
        The object that mixes rows. None if ``given`` is None.

    Raises
    ------
    InvalidParameterError
        A ValueError: ``given`` is none of these, or one of its options has an invalid
        value. For an unknown name the message proposes the nearest one.

    Examples
    --------
    >>> from skmm.augmentation import make_mixup
    >>> make_mixup("cutmix")
    CutMix()
    """
    check_value(given, mixup_constraints(), "mixup", "make_mixup")
    mixup = load(MIXUPS[given]) if isinstance(given, str) else given
    if isinstance(mixup, type):
        mixup = mixup()
    check_options(mixup)
    return mixup
