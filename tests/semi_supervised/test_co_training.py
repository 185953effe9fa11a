"""Co-training: views that label rows for each other, and what all say together."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

import skmm
from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.semi_supervised import CoTrainingClassifier


@pytest.fixture(scope="module")
def few():
    """X, classes of its first 60 rows (-1 elsewhere), and all classes."""
    X, truth = make_multimodal_classification(
        n_samples=300, missing=0.2, random_state=0
    )
    y = truth.copy()
    y[60:] = -1
    return X, y, truth


@pytest.fixture(scope="module")
def fitted(few):
    X, y, _ = few
    return CoTrainingClassifier("drop", random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def two_views():
    """Columns of two views, each of which tells four classes; a third is noise."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 400)
    names = np.array(["north", "east", "south", "west"])
    frame = {}
    for view, signal in (("a", 1.0), ("b", 1.0), ("noise", 0.0)):
        centres = rng.normal(size=(4, 8)) * signal
        values = centres[truth] + rng.normal(size=(400, 8)) * 0.9
        frame |= {f"{view}__{i}": values[:, i] for i in range(8)}
    y = names[truth].astype(object)
    known = y.copy()
    known[40:] = None
    return pd.DataFrame(frame), known, y


def test_each_modality_is_a_view(few, fitted):
    X, y, truth = few
    assert [name for name, _, _ in fitted.views_] == ["tabular", "text"]
    assert list(fitted.weights_) == ["tabular", "text", "all views"]
    assert np.mean(fitted.predict(X[60:]) == truth[60:]) > 0.7


def test_several_views_help(two_views):
    X, known, y = two_views
    model = CoTrainingClassifier("drop", random_state=0).fit(X, known)
    one = X[[c for c in X if c.startswith("a__")]]
    alone = CoTrainingClassifier("drop", random_state=0).fit(one, known)
    rows = slice(40, None)
    right = np.mean(model.predict(X)[rows] == y[rows])
    assert right > 0.05 + np.mean(alone.predict(one)[rows] == y[rows])
    # A view that says nothing of the target counts less than any other.
    assert min(model.weights_, key=model.weights_.get) == "noise"


def test_rounds_are_chosen_by_rows_left_out(two_views):
    X, known, _ = two_views
    model = CoTrainingClassifier("drop", random_state=0).fit(X, known)
    assert model.n_iter_ == model.cv_scores_.argmax()
    assert len(model.cv_scores_) <= 4
    none = CoTrainingClassifier("drop", max_iter=0, random_state=0).fit(X, known)
    assert none.n_iter_ == 0
    assert np.isclose(none.cv_scores_[0], model.cv_scores_[0])


def test_labels_on_which_views_agree(two_views):
    X, known, y = two_views
    model = CoTrainingClassifier("drop", cv=None, max_iter=2).fit(X, known)
    assert model.n_iter_ == 2
    taken = model.labeled_iter_ > 0
    assert taken.sum() > 100
    assert np.mean(model.transduction_[taken] == y[taken]) > 0.75
    missing = np.array([label is None for label in model.transduction_])
    assert np.array_equal(missing, model.labeled_iter_ < 0)
    assert np.array_equal(model.labeled_iter_ == 0, np.arange(400) < 40)


@pytest.mark.parametrize("teachers", ["all", "others"])
def test_teachers(two_views, teachers):
    X, known, y = two_views
    model = CoTrainingClassifier("drop", teachers=teachers, cv=None, max_iter=1)
    model.fit(X, known)
    assert np.mean(model.predict(X) == y) > 0.7


def test_a_view_abstains_where_its_modality_is_missing(few, fitted):
    X, _, _ = few
    views = fitted.predict_views(X)
    missing = X["text_0"].isna().to_numpy()
    assert missing.any()
    assert np.array_equal(np.isnan(views["text"]).all(axis=1), missing)
    assert np.isfinite(fitted.predict_proba(X)).all()


def test_a_row_without_anything(few, fitted):
    X, _, _ = few
    empty = pd.DataFrame([[None] * X.shape[1]], columns=X.columns, dtype=object)
    assert np.isclose(fitted.predict_proba(empty).sum(), 1)
    assert all(np.isnan(view).all() for view in fitted.predict_views(empty).values())


def test_an_estimator_of_the_rows_is_a_member(few):
    X, y, truth = few
    inner = MultimodalClassifier(heads=["linear"], random_state=0)
    model = CoTrainingClassifier(inner, cv=2, max_iter=1, random_state=0).fit(X, y)
    assert list(model.weights_)[-1] == "estimator"
    whole = model.estimators_["estimator"]
    assert isinstance(whole, MultimodalClassifier)
    # It learns from the labelled rows as they are.
    alone = clone(inner).fit(X[:60], y[:60])
    assert np.array_equal(whole.predict_proba(X), alone.predict_proba(X))
    assert np.mean(model.predict(X[60:]) == truth[60:]) > 0.6


def test_views_and_their_estimator_are_the_users(two_views):
    X, known, _ = two_views
    columns = [c for c in X if c[0] in "ab"]
    model = CoTrainingClassifier(
        "drop",
        views=[("both", "vector", columns)],
        view_estimator=GaussianNB(),
        cv=None,
        max_iter=1,
    ).fit(X, known)
    assert isinstance(model.estimators_["both"], GaussianNB)
    assert model.estimators_["both"].n_features_in_ == 16


def test_a_view_of_a_members_name_is_refused(two_views):
    X, known, _ = two_views
    views = [("estimator", "vector", [c for c in X if c[0] == "a"])]
    with pytest.raises(ValueError, match="Name it otherwise in views="):
        CoTrainingClassifier("drop", views=views).fit(X, known)


def test_one_class_is_refused(few):
    X, y, _ = few
    one = np.where(y == 0, 0.0, np.nan)
    with pytest.raises(ValueError, match="one class only"):
        CoTrainingClassifier("drop").fit(X, one)


def test_few_labels_weigh_all_alike(two_views):
    X, _, y = two_views
    known = np.array([label if i < 8 else None for i, label in enumerate(y)], object)
    with pytest.warns(UserWarning, match="8 rows have a label, too few"):
        model = CoTrainingClassifier("drop", max_iter=1).fit(X, known)
    assert len(set(model.weights_.values())) == 1


def test_weights_count(few):
    X, y, _ = few
    weight = np.where(y == 1, 50.0, 1.0)
    model = CoTrainingClassifier("drop", cv=None, max_iter=1)
    gain = clone(model).fit(X, y, sample_weight=weight).predict_proba(X)[:, 1]
    assert np.mean(gain - model.fit(X, y).predict_proba(X)[:, 1]) > 0.05


def test_pickle_and_file(few, fitted, tmp_path):
    X, _, _ = few
    expected = fitted.predict_proba(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict_proba(X), expected)
    skmm.save(fitted, tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm")
    assert np.array_equal(loaded.predict_proba(X), expected)
    assert np.allclose(np.exp(loaded.predict_log_proba(X)), expected)


def test_it_says_its_rounds(two_views, capsys):
    X, known, _ = two_views
    CoTrainingClassifier(
        "drop", view_estimator=LogisticRegression(), max_iter=1, verbose=1
    ).fit(X, known)
    out = capsys.readouterr().out
    assert "Round 0: log-loss" in out
    assert "Weights after" in out
