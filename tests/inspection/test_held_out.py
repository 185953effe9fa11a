"""What an estimator relies on, by rows that are held out."""

import numpy as np
import pytest

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.inspection._held_out import inspect_held_out


def test_the_modality_that_tells_is_named_by_rows_that_were_not_learned():
    X, y = make_multimodal_classification(
        n_samples=300, signal="text", missing=0.1, random_state=0
    )
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    importance, explanation = inspect_held_out(model, X, y, random_state=0)
    assert importance.names[importance.importances_mean.argmax()] == "text"
    assert importance.score < 1
    assert not explanation.to_frame()["missing"].any()
    assert not hasattr(model, "modalities_")
    again, _ = inspect_held_out(model, X, y, random_state=0)
    np.testing.assert_array_equal(again.importances_mean, importance.importances_mean)


def test_classes_of_one_row_and_several_outputs():
    X, y = make_multimodal_classification(n_samples=80, random_state=0)
    rare = y.astype(str)
    rare[[3, 7]] = ["once", "rare"]
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    for seed in range(3):
        importance, _ = inspect_held_out(
            model, X, rare, scoring="accuracy", random_state=seed
        )
        assert np.isfinite(importance.importances_mean).all()
    two = np.column_stack([y, 1.0 - y])
    model = MultimodalRegressor(heads=["linear"], random_state=0)
    importance, explanation = inspect_held_out(model, X, two, random_state=0)
    assert explanation is None
    assert importance.scoring == "r2"
    gain = importance.score - importance.baseline_score
    assert importance.importances_mean.sum() == pytest.approx(gain)
