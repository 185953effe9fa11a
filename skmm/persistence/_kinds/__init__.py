"""The kinds of values that a state consists of, and how each is written."""

from skmm.persistence._kinds import (
    _builtin,
    _names,
    _numpy,
    _objects,
    _pandas,
    _scipy,
    _sklearn,
    _tokenizers,
    _torch,
)
from skmm.persistence._kinds._base import Kind

#: In the order in which they are asked whether a value is theirs: the last takes any.
_MODULES = (
    _builtin,
    _names,
    _numpy,
    _scipy,
    _pandas,
    _torch,
    _sklearn,
    _tokenizers,
    _objects,
)

KINDS: list[Kind] = [kind for module in _MODULES for kind in module.KINDS]
BY_TAG = {kind.tag: kind for kind in KINDS}
