"""Active learning over frames, in scikit-activeml's loop."""

import numpy as np
import pandas as pd
import pytest

from skmm.datasets import make_multimodal_classification
from skmm.semi_supervised import CoTrainingClassifier, ModalityDisagreement
from skmm.semi_supervised._modality_disagreement import disagreement


@pytest.fixture(scope="module")
def pool():
    X, truth = make_multimodal_classification(
        n_samples=150, missing=0.2, random_state=0
    )
    y = np.full(150, np.nan)
    y[:30] = truth[:30]
    return X, y, truth


def test_in_the_loop_of_scikit_activeml(pool):
    utils = pytest.importorskip("skactiveml.utils")
    X, y, truth = pool
    y = np.where(np.arange(len(y)) < 30, y, utils.MISSING_LABEL)
    query = ModalityDisagreement(random_state=0)
    clf = CoTrainingClassifier("drop", max_iter=0, cv=None)
    for _ in range(3):
        rows = query.query(X=X, y=y, clf=clf, batch_size=5)
        assert utils.is_unlabeled(y[rows]).all()
        y[rows] = truth[rows]
    assert utils.is_labeled(y).sum() == 45


def test_the_most_disputed_rows_come_first(pool):
    X, y, _ = pool
    rows, utilities = ModalityDisagreement(random_state=0).query(
        X, y, batch_size=4, return_utilities=True
    )
    assert utilities.shape == (4, 150)
    assert np.isnan(utilities[:, :30]).all()
    assert rows[0] == np.nanargmax(utilities[0])
    assert np.isnan(utilities[3, rows[:3]]).all()
    assert (np.diff(utilities[0, rows]) <= 0).all()


def test_a_row_of_one_modality_is_worth_nothing(pool):
    X, y, _ = pool
    _, utilities = ModalityDisagreement(random_state=0).query(
        X, y, return_utilities=True
    )
    lacking = X["text_0"].isna().to_numpy() & np.isnan(y)
    assert lacking.any()
    assert (utilities[0, lacking] == 0).all()


def test_candidates_and_a_fitted_classifier(pool):
    X, y, _ = pool
    clf = CoTrainingClassifier("drop", max_iter=0, cv=None).fit(X, y)
    rows = ModalityDisagreement("vote_entropy", random_state=0).query(
        X, y, clf=clf, fit_clf=False, candidates=[40, 41, 42], batch_size=9
    )
    assert sorted(rows) == [40, 41, 42]


def test_disagreement_by_hand():
    same = np.array([[[0.9, 0.1]], [[0.9, 0.1]]])
    apart = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    alone = np.array([[[1.0, 0.0]], [[np.nan, np.nan]]])
    for method in ("jensen_shannon", "vote_entropy"):
        assert np.isclose(disagreement(same, method), 0)
        assert np.isclose(disagreement(apart, method), np.log(2))
        assert disagreement(alone, method) == 0


def test_errors(pool):
    X, y, truth = pool
    query = ModalityDisagreement()
    with pytest.raises(ValueError, match="all rows have a label"):
        query.query(X, truth)
    with pytest.raises(ValueError, match="from 0 to 149"):
        query.query(X, y, candidates=[150])
    with pytest.raises(TypeError, match="what each modality predicts"):
        query.query(X, y, clf=object())
    with pytest.raises(ValueError, match="'batch_size' parameter"):
        query.query(X, y, batch_size=0)
    with pytest.raises(ValueError, match="'method' parameter"):
        ModalityDisagreement("entropy").query(pd.DataFrame(X), y)
