"""The guide's modality of one's own, and what an own encoder is told when it errs."""

import pickle

import numpy as np
import pytest
import torch
from gps_track import TrackEncoder, make_tracks
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier
from skmm.encoders import Block, Encoder, EncoderModule


@pytest.fixture(scope="module")
def data():
    return make_tracks(120)


def model(**options):
    modalities = [("way", TrackEncoder(8), "track"), ("age", "tabular", "age")]
    return MultimodalClassifier(
        modalities, max_epochs=6, learning_rate=0.02, random_state=0, **options
    )


def test_in_everything_that_takes_an_estimator(data):
    X, y = data
    assert X["track"].isna().any()
    assert cross_val_score(model(), X, y, cv=2).mean() > 0.7
    pipeline = make_pipeline(FunctionTransformer(), model()).fit(X, y)
    loaded = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(loaded.predict_proba(X), pipeline.predict_proba(X))
    grid = {"way__n_hidden": [4, 8], "fusion": ["concat", "cross_attention"]}
    search = GridSearchCV(model(), grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.7
    assert clone(search.best_estimator_).get_params()["way__n_hidden"] in (4, 8)


def test_missing_tracks_are_missing(data):
    X, y = data
    fitted = model(fusion="gated").fit(X, y)
    lost = X.assign(track=None)
    assert np.isfinite(fitted.predict_proba(lost)).all()
    alone = fitted.predict_proba(X.iloc[[3]])
    np.testing.assert_allclose(alone, fitted.predict_proba(X)[[3]], atol=1e-6)


class Flawed(Encoder):
    """Says its age in one of several wrong ways."""

    def __init__(self, flaw):
        self.flaw = flaw

    def fit_transform(self, X, y=None, sample_weight=None):
        return self.transform(X)

    def transform(self, X):
        values = X.to_numpy(float)
        if self.flaw == "array":
            return values
        present = np.ones(len(X), bool)
        if self.flaw == "rows":
            return Block(values[1:], present=present[1:])
        return Block(values, present=present)

    def build_module(self, width):
        return torch.nn.Sequential(First(), torch.nn.Linear(1, width + 1))


class First(torch.nn.Module):
    def forward(self, block):
        return block[0]


@pytest.mark.parametrize(
    "flaw, error, told",
    [
        ("array", TypeError, "Flawed.fit_transform returned ndarray.*returns a Block"),
        ("rows", ValueError, "block of 119 rows for 120 rows of the columns .'age'"),
        ("width", ValueError, "modality 'own' gave vectors of shape .16, 65.*width=64"),
    ],
)
def test_an_encoder_that_errs_is_told_what_is_wanted(data, flaw, error, told):
    X, y = data
    flawed = MultimodalClassifier(
        [("own", Flawed(flaw), ["age"])], validation=None, batch_size=16
    )
    with pytest.raises(error, match=told):
        flawed.fit(X, y)
    assert not hasattr(flawed, "classes_")


def test_numbers_of_numpy_are_kept_in_what_modules_learn_in():
    block = Block(np.eye(3), np.arange(3), present=np.ones(3, bool))
    assert [part.dtype for part in block.parts] == [torch.float32, torch.int64]


def test_a_subclass_that_lacks_a_method_says_which():
    class Nothing(EncoderModule):
        pass

    block = Block(np.eye(3), present=np.ones(3, bool))
    with pytest.raises(NotImplementedError, match="Nothing.read"):
        Nothing(4)(block)
