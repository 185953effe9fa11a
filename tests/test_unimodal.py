"""One estimator a modality: scikit-learn's decision-level fusion."""

import numpy as np
import pytest
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer

from skmm import MultimodalClassifier, MultimodalRegressor, unimodal_estimators
from skmm.fusion import FiLMFusion


@pytest.fixture
def model():
    return MultimodalClassifier(max_epochs=2, width=8, random_state=0)


def test_vote_over_modalities(model, classification):
    X, y = classification
    vote = VotingClassifier(unimodal_estimators(model, X), voting="soft").fit(X, y)
    read = {
        name: [column for _, _, columns in each.modalities_ for column in columns]
        for name, each in vote.named_estimators_.items()
    }
    assert read == {"tabular": list(X.columns[:-1]), "text": ["text_0"]}
    each = [e.predict_proba(X) for e in vote.estimators_]
    np.testing.assert_allclose(vote.predict_proba(X), np.mean(each, axis=0))


def test_a_row_without_the_modality_gets_the_classes_shares(model, classification):
    X, y = classification
    text = dict(unimodal_estimators(model, X))["text"].fit(X, y)
    without = X["text_0"].isna()
    assert without.any()
    proba = text.predict_proba(X[without])
    np.testing.assert_allclose(proba, np.broadcast_to(proba[0], proba.shape))


def test_modalities_that_are_written_down(classification):
    X, y = classification
    model = MultimodalClassifier(
        [
            ("table", "tabular", ["num_0", "cat_0"]),
            ("out", "drop", ["num_1"]),
            ("words", TfidfVectorizer(), "text_0"),
        ],
        fusion=FiLMFusion(condition="table"),
        alignment="cca",
        max_epochs=1,
    )
    estimators = dict(unimodal_estimators(model))
    assert list(estimators) == ["table", "words"]
    assert estimators["words"].modalities[0][1] is not model.modalities[2][1]
    for estimator in estimators.values():
        estimator.fit(X, y)


def test_stacked_regression(regression):
    X, y = regression
    model = MultimodalRegressor(max_epochs=2, width=8, random_state=0)
    stack = StackingRegressor(unimodal_estimators(model, X), cv=2).fit(X, y)
    assert stack.predict(X).shape == y.shape


def test_auto_needs_the_frame(model):
    with pytest.raises(ValueError, match="pass X"):
        unimodal_estimators(model)
