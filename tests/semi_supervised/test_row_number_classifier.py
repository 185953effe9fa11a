"""scikit-activeml's own queries over frames, by the numbers of rows."""

import copy

import numpy as np
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.semi_supervised import RowNumberClassifier


@pytest.fixture(scope="module")
def pool():
    X, truth = make_multimodal_classification(n_samples=120, random_state=0)
    model = MultimodalClassifier(heads=["linear"], random_state=0)
    return X, truth, model


def test_uncertainty_in_the_loop_of_scikit_activeml(pool):
    strategies = pytest.importorskip("skactiveml.pool")
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.utils import MISSING_LABEL, is_labeled

    X, truth, model = pool
    clf = SklearnClassifier(RowNumberClassifier(model, X), classes=[0, 1])
    rows = np.arange(120)[:, None]
    y = np.where(np.arange(120) < 30, truth, MISSING_LABEL)
    query = strategies.UncertaintySampling(random_state=0)
    for _ in range(2):
        chosen, utilities = query.query(
            X=rows, y=y, clf=clf, batch_size=3, return_utilities=True
        )
        y[chosen] = truth[chosen]
    assert is_labeled(y).sum() == 36
    # Least sure by the frame's model itself, fitted on the same rows.
    known = np.setdiff1d(np.flatnonzero(is_labeled(y)), chosen)
    alone = clone(model).fit(X.iloc[known], truth[known])
    doubt = 1 - alone.predict_proba(X).max(axis=1)
    there = ~np.isnan(utilities[0])
    assert np.allclose(utilities[0][there], doubt[there])


def test_copies_share_the_frame(pool):
    X, truth, model = pool
    mine = RowNumberClassifier(model, X)
    assert clone(mine).frame is X
    assert clone(mine).estimator is not model
    rows = np.arange(120)[:, None]
    mine.fit(rows, truth)
    again = copy.deepcopy(mine)
    assert again.frame is X
    assert np.array_equal(again.predict(rows), mine.predict(rows))


@pytest.mark.parametrize("rows", [[[120]], [[-1]], [1, 2], [["a"]]])
def test_what_is_not_a_row(pool, rows):
    X, truth, model = pool
    mine = RowNumberClassifier(model, X)
    with pytest.raises(ValueError, match=r"numpy.arange\(120\)\[:, None\]"):
        mine.fit(rows, truth[: len(rows)])
