"""What the tests of searches share: small data, counted encoders, GridSearchCV."""

import numpy as np
import pytest
import sklearn

from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.encoders import TabularEncoder, TextEncoder


@pytest.fixture
def classification():
    return make_multimodal_classification(n_samples=120, missing=0.1, random_state=0)


@pytest.fixture
def regression():
    return make_multimodal_regression(n_samples=120, missing=0.1, random_state=0)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def counts(monkeypatch):
    """How often each encoder's methods were called."""
    counts = {}

    def count(cls, method):
        function = getattr(cls, method)
        key = cls.__name__, method
        counts[key] = 0

        def counted(*args, **kwargs):
            counts[key] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(cls, method, counted)

    for cls in (TextEncoder, TabularEncoder):
        for method in ("fit_transform", "transform"):
            count(cls, method)
    return counts


@pytest.fixture
def assert_same_results():
    """Every score of GridSearchCV is there, bit for bit, and so is the best model."""

    def check(search, grid):
        for key, values in grid.cv_results_.items():
            if not key.endswith("_time"):
                np.testing.assert_array_equal(search.cv_results_[key], values, key)
        assert search.best_params_ == grid.best_params_
        assert search.best_index_ == grid.best_index_

    return check
