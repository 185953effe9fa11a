"""Scores under attacks."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.inspection import RobustnessDisplay, attack, robustness_report

FAST = {"max_epochs": 3, "width": 16, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    X, y = make_multimodal_classification(n_samples=400, missing=0.1, random_state=0)
    return X[:300], y[:300], X[300:], y[300:]


@pytest.fixture(scope="module")
def model(rows):
    return MultimodalClassifier(**FAST).fit(*rows[:2])


def test_each_modality_and_all(model, rows):
    """Each loses, all at once most; the same seed gives the same frame."""
    result = attack(model, *rows[2:], strengths=(0.5, 4.0), steps=5, random_state=0)
    frame = result.frame
    assert frame["modality"].unique().tolist() == ["tabular", "text", "tabular + text"]
    assert frame["space"].unique().tolist() == [
        *("numbers", "embeddings", "numbers + embeddings")
    ]
    assert result.scoring == "accuracy"
    assert result.scores["mixture"] == model.score(*rows[2:])
    lost = frame.pivot_table(
        index="modality", columns=["head", "strength"], values="lost"
    )
    fused = lost["fused"]
    assert (fused[4.0] > fused[0.5]).all()
    assert fused[4.0].idxmax() == "tabular + text" and fused[4.0].min() > 0
    # Numbers reach all heads.
    assert lost["mixture"].loc["tabular", 4.0] > 0
    again = attack(model, *rows[2:], strengths=(0.5, 4.0), steps=5, random_state=0)
    assert frame.equals(again.frame)


def test_what_is_attacked_can_be_chosen(rows, model):
    pipeline = make_pipeline(FunctionTransformer(), model)
    result = attack(
        pipeline,
        *rows[2:],
        modalities=["text", ["text"]],
        radius={"text": 1.0},
        scoring="neg_log_loss",
        steps=3,
        random_state=0,
    )
    assert result.scoring == "neg_log_loss"
    assert set(result.frame["modality"]) == {"text"}
    assert (result.frame.query("head == 'fused'")["lost"] > 0.05).all()
    with pytest.raises(ValueError, match="modalities names 'table'.*tabular"):
        attack(model, *rows[2:], modalities=["table"])
    with pytest.raises(ValueError, match=r"Nothing can be changed of \['tabular'\]"):
        attack(model, *rows[2:], modalities=["tabular"], radius={"text": 1.0})


def test_numbers_are_attacked_too(regression):
    X, y = regression
    model = MultimodalRegressor(**FAST, heads=["fused", "linear"]).fit(X, y)
    before = model.predict(X)
    result = attack(model, X, y, modalities=["tabular"], strengths=(5,), steps=3)
    assert result.scoring == "r2" and (result.frame["lost"] > 0).all()
    np.testing.assert_array_equal(model.predict(X), before)


def test_the_report_shows_attacks(model, rows):
    result = robustness_report(
        model, *rows[2:], corruptions=["attack"], strengths=[0.5, 1.0], random_state=0
    )
    assert result.frame["modality"].tolist() == ["tabular"] * 2 + ["text"] * 2
    assert (result.frame["score_std"] == 0).all()
    assert set(RobustnessDisplay.from_report(result).lines_) == {
        ("attack", "tabular"),
        ("attack", "text"),
    }


def test_what_cannot_be_attacked(rows):
    X, y, X_test, y_test = rows
    model = MultimodalClassifier(**FAST, heads=["wide"]).fit(X, y)
    with pytest.raises(ValueError, match="gradient of the head 'fused'"):
        attack(model, X_test, y_test)
    model = MultimodalClassifier(**FAST, heads=["fused"], validation=2).fit(X, y)
    with pytest.raises(ValueError, match="validation=2 trained 2. Fit with a fraction"):
        attack(model, X_test, y_test)
    categories = X[[c for c in X if X[c].dtype.kind in "OT" and X[c].nunique() < 9]]
    model = MultimodalClassifier(
        [("tabular", "tabular", list(categories))], **FAST, heads=["fused"]
    ).fit(categories, y)
    with pytest.raises(ValueError, match="Categories are not attacked"):
        attack(model, categories, y)
