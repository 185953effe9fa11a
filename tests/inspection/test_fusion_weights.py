"""What a fusion gave to each modality."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.fusion import FUSIONS
from skmm.inspection import fusion_weights

WITH_WEIGHTS = [
    "attention",
    "gated",
    "hybrid",
    "late",
    "mean",
    "product_of_experts",
    "weighted",
]


def small(**options):
    options = {"heads": ["fused"], "width": 8, "max_epochs": 1} | options
    return MultimodalClassifier(random_state=0, **options)


@pytest.mark.parametrize("fusion", WITH_WEIGHTS)
def test_weights_of_modalities(classification, fusion):
    X, y = classification
    X.index = np.arange(len(X)) + 1000
    weights = fusion_weights(small(fusion=fusion).fit(X, y), X)
    pd.testing.assert_index_equal(weights.index, X.index)
    assert weights.columns.tolist() == ["tabular", "text"]
    assert ((weights >= 0) & (weights <= 1 + 1e-12)).all(axis=None)
    assert (weights["text"][X["text_0"].isna()] == 0).all()
    assert (weights["text"][X["text_0"].notna()] > 0).all()
    if fusion not in ("gated", "hybrid"):
        np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_fusions_without_weights_say_so(classification):
    X, y = classification
    for fusion in ("concat", "moe"):
        with pytest.raises(ValueError, match=f"{fusion}' gives no weights"):
            fusion_weights(small(fusion=fusion).fit(X, y), X)
    assert set(WITH_WEIGHTS) <= set(FUSIONS)


def test_folds_give_their_mean(classification):
    X, y = classification
    model = small(fusion="weighted", validation=3).fit(X, y)
    blocks = model._blocks(X)
    each = [
        one.module.run(blocks, ["fused"], "weights")["fused"]
        for one in model._learner.members
    ]
    np.testing.assert_allclose(fusion_weights(model, X), np.mean(each, axis=0))


def test_pipelines(classification):
    X, y = classification
    model = small(fusion="gated")
    pipeline = make_pipeline(FunctionTransformer(), model).fit(X, y)
    expected = fusion_weights(model.fit(X, y), X)
    pd.testing.assert_frame_equal(fusion_weights(pipeline, X), expected)


def test_errors(classification):
    X, y = classification
    with pytest.raises(NotFittedError):
        fusion_weights(small(), X)
    other = LogisticRegression().fit(np.eye(2), [0, 1])
    with pytest.raises(TypeError, match="this is LogisticRegression"):
        fusion_weights(other, X)
    linear = MultimodalRegressor(heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match="Add 'fused'"):
        fusion_weights(linear, X)
