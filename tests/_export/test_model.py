"""Several learners in one graph."""

import numpy as np
import pytest

import skmm
import skmm.runtime
from skmm import MultimodalClassifier


@pytest.mark.slow
def test_nets_of_folds(classification, tmp_path):
    X, y = classification
    model = MultimodalClassifier(
        heads=["fused", "linear"], validation=2, max_epochs=1, width=8, random_state=0
    )
    skmm.export(model.fit(X, y), tmp_path / "model")
    loaded = skmm.runtime.load(tmp_path / "model")
    rows = X.astype(object).where(X.notna(), None).to_dict("records")
    wanted = model.predict_proba(X)
    np.testing.assert_allclose(loaded.predict_proba(rows), wanted, atol=1e-6)
