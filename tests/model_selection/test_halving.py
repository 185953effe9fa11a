"""Successive halving: many candidates on few rows, few on many."""

import numpy as np
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification
from skmm.model_selection import FusionSearchCV


def small(**options):
    options = {"width": 8, "max_epochs": 2, "random_state": 0} | options
    options = {"heads": ["fused", "linear"]} | options
    return MultimodalClassifier(**options)


def small_regressor(**options):
    return MultimodalRegressor(width=8, max_epochs=2, random_state=0, **options)


def test_halving(counts):
    X, y = make_multimodal_classification(n_samples=400, random_state=0)
    fusions = np.array(["concat", "mean", "gated", "late", "attention"])
    model = small(max_epochs=1)
    search = FusionSearchCV(model, list(fusions), cv=2, halving=2, random_state=0)
    results = search.fit(X, y).cv_results_
    assert results["iter"].tolist() == [0] * 5 + [1] * 3 + [2] * 2
    assert results["n_resources"].tolist() == [50] * 5 + [100] * 3 + [200] * 2
    assert counts["TextEncoder", "fit_transform"] == 3 * 2 + 1
    tried, scores = results["param_fusion"], results["mean_test_score"]
    for i in (0, 1):
        of_round, next_round = results["iter"] == i, results["iter"] == i + 1
        kept = np.isin(tried[of_round], tried[next_round])
        assert scores[of_round][kept].min() >= scores[of_round][~kept].max()
    last = results["iter"] == 2
    assert search.best_index_ in np.flatnonzero(last)
    assert search.best_score_ == scores[last].max()
    # The last round has all rows: its scores are those without halving.
    whole = FusionSearchCV(model, list(tried[last]), cv=2, refit=False).fit(X, y)
    np.testing.assert_array_equal(whole.cv_results_["mean_test_score"], scores[last])
    again = clone(search).set_params(refit=False).fit(X, y).cv_results_
    np.testing.assert_array_equal(again["mean_test_score"], scores)


def test_halving_on_few_rows_is_a_single_round(regression):
    X, y = regression
    search = FusionSearchCV(small_regressor(), ["concat", "mean"], halving=True, cv=2)
    search.fit(X[:30], y[:30])
    assert search.cv_results_["n_resources"].tolist() == [15, 15]


def test_halving_needs_to_know_the_metric(classification):
    X, y = classification
    search = FusionSearchCV(
        small(), ["concat"], halving=True, refit=False, scoring=["accuracy", "f1"]
    )
    with pytest.raises(ValueError, match="set refit to its name"):
        search.fit(X, y)
