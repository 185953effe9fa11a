"""Each option of each public part is checked by its class's table, before any cell."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler
from sklearn.utils._param_validation import (
    InvalidParameterError,
    generate_invalid_param_val,
)

import skmm
from skmm import MultimodalClassifier
from skmm._utils.compat import Interval
from skmm._utils.validation import Part, check_options
from skmm.alignment import ALIGNMENTS, CCAAlignment, make_alignment
from skmm.augmentation import MIXUPS, Mixup, TokenDrop, make_augmentation, make_mixup
from skmm.callbacks import GradualUnfreezing
from skmm.encoders import ImageEncoder, TextEncoder, TransformerEncoder
from skmm.fusion import FUSIONS, Fusion, LowRankFusion, MoEFusion, make_fusion

#: The contracts have no options.
BASES = {"Fusion", "Alignment", "Augmentation", "Encoder"}
#: What has no default.
REQUIRED = {
    "module": dict,
    "transformer": StandardScaler(),
    "triples": [("anna", "likes", "ben")],
}


def public_parts():
    packages = (skmm.fusion, skmm.alignment, skmm.augmentation, skmm.encoders)
    found = [getattr(package, name) for package in packages for name in package.__all__]
    found = [cls for cls in found if isinstance(cls, type) and issubclass(cls, Part)]
    return [cls for cls in found if cls.__name__ not in BASES] + [GradualUnfreezing]


PARTS = public_parts()
OPTIONS = [(cls, name) for cls in PARTS for name in inspect.signature(cls).parameters]


def make(cls, **options):
    required = {
        name: REQUIRED[name]
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is parameter.empty
    }
    return cls(**required | options)


def test_every_part_is_here():
    names = {cls.__name__ for cls in PARTS}
    for table in (FUSIONS, ALIGNMENTS, MIXUPS):
        assert {cls for _, cls in table.values()} <= names


@pytest.mark.parametrize("cls", PARTS)
def test_a_table_has_the_parameters_and_takes_the_defaults(cls):
    assert set(cls._parameter_constraints) == set(inspect.signature(cls).parameters)
    check_options(make(cls))


@pytest.mark.parametrize("cls, name", OPTIONS)
def test_what_an_option_cannot_be(cls, name):
    intervals = [
        one for one in cls._parameter_constraints[name] if isinstance(one, Interval)
    ]
    message = f"The '{name}' parameter of {cls.__name__} must be"
    for value in (object(), *map(generate_invalid_param_val, intervals)):
        with pytest.raises(InvalidParameterError, match=message):
            check_options(make(cls, **{name: value}))


# ------------------------------------------------------------ when they are checked


class ReadError(Exception):
    pass


class Cell:
    """Nobody may look at it."""

    def _explode(self, *args):
        raise ReadError

    __len__ = __iter__ = __str__ = __repr__ = __array__ = __float__ = _explode
    __eq__ = __hash__ = __bool__ = _explode


@pytest.fixture
def unreadable():
    cells = np.empty(30, dtype=object)
    for i in range(30):
        cells[i] = Cell()
    return pd.DataFrame({"cells": cells}), np.arange(30) % 2


@pytest.mark.parametrize(
    "options, message",
    [
        ({"fusion": "lowrank"}, "'fusion' .*MultimodalClassifier.*mean 'low_rank'"),
        ({"fusion": LowRankFusion(rank=-3)}, "'rank' parameter of LowRankFusion"),
        ({"fusion": MoEFusion(top_k=9)}, "from 1 to n_experts"),
        ({"alignment": ["cca", "contrast"]}, "'alignment'.*mean 'contrastive'"),
        ({"alignment": [CCAAlignment(0)]}, "'regularization' .*CCAAlignment"),
        ({"mixup": "cutmixx"}, "'mixup'.*mean 'cutmix'"),
        ({"mixup": Mixup(alpha=0)}, "'alpha' parameter of Mixup"),
        ({"callbacks": [GradualUnfreezing(every=0)]}, "'every' .*GradualUnfreezing"),
        ({"callbacks": [("slow", GradualUnfreezing(start=-1))]}, "'start' parameter"),
        ({"modalities": TextEncoder(dropout="x")}, "'dropout' parameter of TextEnc"),
        ({"modalities": TextEncoder(augment="drop")}, "changes the tokens"),
        (
            {"modalities": TextEncoder("cnn", augment=["swap", TokenDrop(2)])},
            "'share' parameter of TokenDrop",
        ),
        ({"modalities": ImageEncoder(augment=["filp"])}, "'augment'.*mean 'flip'"),
        (
            {"modalities": TransformerEncoder(StandardScaler(with_std="no"))},
            "'with_std' parameter of StandardScaler",
        ),
        ({"modalities": StandardScaler(with_std="no")}, "'with_std' parameter"),
    ],
)
def test_before_a_cell_is_read(unreadable, options, message):
    if "modalities" in options:
        options = {"modalities": [("a", options["modalities"], "cells")]}
    with pytest.raises(ValueError, match=message):
        MultimodalClassifier(**options).fit(*unreadable)


def test_these_cells_cannot_be_read(unreadable):
    with pytest.raises(ReadError):
        MultimodalClassifier([("a", TextEncoder(), "cells")]).fit(*unreadable)


# ------------------------------------------------------------------ names and objects


@pytest.mark.parametrize(
    "make_one, known, wrong, nearest",
    [
        (make_fusion, FUSIONS, "gatd", "gated"),
        (make_alignment, ALIGNMENTS, "contrast", "contrastive"),
        (make_mixup, MIXUPS, "mixupp", "mixup"),
        (lambda name: make_augmentation(name, "text"), ["auto", "drop"], "dop", "drop"),
    ],
)
def test_one_wording_for_unknown_names(make_one, known, wrong, nearest):
    names = re.escape(", ".join(map(repr, known)))
    message = rf"parameter of make_\w+ must be .*{names}.*Got '{wrong}' instead. "
    with pytest.raises(ValueError, match=f"{message}Did you mean '{nearest}'?"):
        make_one(wrong)
    with pytest.raises(InvalidParameterError, match="Got 3 instead.$"):
        make_one(3)


def test_objects_are_checked_as_names_are():
    for make_one, part in [
        (make_fusion, LowRankFusion(0)),
        (make_alignment, CCAAlignment(0)),
        (make_mixup, Mixup(0)),
        (lambda part: make_augmentation(part, "text"), TokenDrop(2)),
    ]:
        with pytest.raises(InvalidParameterError, match=type(part).__name__):
            make_one(part)


class Without(Fusion):
    """A part without a table."""

    def __init__(self, option=None):
        self.option = option


class Foreign:
    """Not even a part."""

    def build_module(self, spec):
        raise NotImplementedError


def test_an_own_part_without_a_table_passes():
    for part in (Without(object()), Foreign(), Foreign):
        make_fusion(part)


def test_a_subclass_extends_the_table():
    class Gained(LowRankFusion):
        _parameter_constraints = {
            **LowRankFusion._parameter_constraints,
            "gain": [bool],
        }

        def __init__(self, rank=4, gain=True):
            super().__init__(rank)
            self.gain = gain

    check_options(Gained())
    for options in ({"rank": 0}, {"gain": "much"}):
        with pytest.raises(InvalidParameterError, match="parameter of Gained"):
            make_fusion(Gained(**options))


def test_what_a_search_sets_is_not_checked_before():
    scaler = GridSearchCV(StandardScaler(with_std="no"), {"with_std": [True]})
    check_options(scaler)


def test_a_wrong_option_can_be_mended():
    model = MultimodalClassifier(alignment=CCAAlignment(regularization=0))
    model.set_params(alignment__regularization=0.1)
    check_options(model.alignment)


def test_skipped_where_scikit_learn_is_told_so():
    with config_context(skip_parameter_validation=True):
        check_options(LowRankFusion(rank=-3))
