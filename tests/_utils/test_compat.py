"""What stands in for private parts of scikit-learn does the same."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from skmm._utils.compat import without_checks


def test_boosting_without_checks_predicts_the_same():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4)).astype(np.float32)
    X[:, 1] = rng.integers(2, 9, 300)
    X[:, 3] = rng.integers(0, 3, 300)
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) + np.nan_to_num(X[:, 1] % 2) > 0.5
    model = HistGradientBoostingClassifier(
        max_iter=20, categorical_features=[False, True, False, True]
    ).fit(X, y)
    others = X[:60].copy()
    others[:20, 1] = 5.5  # a category of no training row
    others[:20, 3] = 99
    expected = model.predict_proba(others)
    np.testing.assert_array_equal(without_checks(model).predict_proba(others), expected)
    assert np.ptp(expected) > 0.5
