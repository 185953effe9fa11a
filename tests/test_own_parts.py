"""A user's own fusion and alignment, ten lines each, in scikit-learn's tools."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier
from skmm.alignment import Alignment
from skmm.fusion import Fusion
from skmm.model_selection import FusionSearchCV


class PowerFusion(Fusion):
    """The sum of the vectors, each raised to a power with its sign."""

    def __init__(self, power=1.0):
        self.power = power

    def build_module(self, spec):
        return Power(self.power, spec.width)


class Power(torch.nn.Module):
    def __init__(self, power, width):
        super().__init__()
        self.power, self.out_features = power, width

    def forward(self, vectors, present):
        return (vectors.sign() * (vectors.abs() + 1e-3) ** self.power).sum(1)


class LengthAlignment(Alignment):
    """All vectors of a row are to have one length."""

    def __init__(self, order=2):
        self.order = order

    def build_module(self, spec):
        return Length(self.order)


class Length(torch.nn.Module):
    calls = 0

    def __init__(self, order):
        super().__init__()
        self.order = order

    def forward(self, vectors, present):
        type(self).calls += 1
        lengths = (vectors.abs() ** self.order).sum(2)
        return lengths.var(1).mean()


class Joined(torch.nn.Module):
    """No Fusion at all: a module class with the right forward."""

    def __init__(self, spec):
        super().__init__()
        self.out_features = spec.width * len(spec.names)

    def forward(self, vectors, present):
        return vectors.flatten(1)


@pytest.fixture
def model():
    return MultimodalClassifier(
        fusion=PowerFusion(),
        alignment=LengthAlignment(),
        max_epochs=2,
        width=8,
        random_state=0,
    )


def test_grid_search_over_their_options(model, classification):
    X, y = classification
    grid = {"fusion__power": [0.5, 1.0], "alignment__order": [1, 2]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert set(search.best_params_) == set(grid)
    best = search.best_estimator_
    assert best.fusion.power == search.best_params_["fusion__power"]
    assert best.alignment.order == search.best_params_["alignment__order"]
    assert Length.calls > 0


def test_clone_and_pickle(model, classification):
    X, y = classification
    copy = clone(model.set_params(fusion__power=0.5))
    assert copy.fusion is not model.fusion
    assert copy.fusion.power == 0.5
    proba = model.fit(X, y).predict_proba(X)
    assert np.array_equal(copy.fit(X, y).predict_proba(X), proba)
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict_proba(X), proba)


def test_beside_named_ones_in_a_fusion_search(model, classification):
    X, y = classification
    search = FusionSearchCV(model, [PowerFusion(2.0), Joined, "low_rank"], cv=2)
    assert search.fit(X, y).cv_results_["mean_test_score"].shape == (3,)


def test_several_alignments(model, classification):
    X, y = classification
    one = model.fit(X, y).predict_proba(X)
    model.set_params(alignment=["contrastive", LengthAlignment()])
    assert not np.array_equal(model.fit(X, y).predict_proba(X), one)


def test_weight_zero_is_no_alignment(model, classification):
    X, y = classification
    model.set_params(heads=["fused"], alignment_weight=0.0)
    weightless = model.fit(X, y).predict_proba(X)
    none = model.set_params(alignment=None).fit(X, y).predict_proba(X)
    assert np.array_equal(weightless, none)


def test_a_name_becomes_its_object_when_an_option_is_set(model):
    model.set_params(alignment="contrastive", alignment__temperature=0.5)
    assert model.alignment.temperature == 0.5
    model.set_params(fusion="low_rank", fusion__rank=2)
    assert model.fusion.rank == 2


@pytest.mark.parametrize("alignment", [None, ["cca", "mmd"]])
def test_an_option_of_no_single_alignment(model, alignment):
    model.set_params(alignment=alignment)
    with pytest.raises(ValueError, match="alignment__temperature"):
        model.set_params(alignment__temperature=0.5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"alignment": "contrastiv"}, "Did you mean 'contrastive'"),
        ({"alignment": ["cca", "nothing"]}, "'alignment' parameter.*'nothing'"),
        ({"alignment_weight": -1.0}, "alignment_weight"),
        ({"modality_dropout": 1.0}, "modality_dropout"),
    ],
)
def test_bad_options(model, classification, options, message):
    model.set_params(**options)
    with pytest.raises(ValueError, match=message):
        model.fit(*classification)
    assert not hasattr(model, "classes_")
