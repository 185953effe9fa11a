"""Self-training of classes: rounds, the rule that ends them, scikit-learn's tools."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

import skmm
from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification
from skmm.feature_extraction import MultimodalVectorizer
from skmm.semi_supervised import SelfTrainingClassifier


@pytest.fixture(scope="module")
def few():
    """X, classes of its first 60 rows (-1 elsewhere), and all classes."""
    X, truth = make_multimodal_classification(
        n_samples=300, missing=0.1, random_state=0
    )
    y = truth.copy()
    y[60:] = -1
    return X, y, truth


@pytest.fixture(scope="module")
def blobs():
    """Two far blobs, of which two rows each have a label: rounds must help."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 100)
    X = rng.normal(size=(200, 2)) + 4.0 * truth[:, None]
    y = np.where(np.arange(200) % 100 < 6, truth, -1)
    return X, y, truth


@pytest.fixture(scope="module")
def fitted(few):
    X, y, _ = few
    return SelfTrainingClassifier(random_state=0).fit(X, y)


def test_it_learns(few, fitted):
    X, y, truth = few
    assert np.mean(fitted.predict(X[60:]) == truth[60:]) > 0.7
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1)
    assert fitted.n_iter_ == fitted.cv_scores_.argmax()


def test_features_are_learned_from_all_rows(few, fitted):
    X, y, _ = few
    found = fitted.transformer_.vectorizer_.transform(X)
    assert np.array_equal(found, MultimodalVectorizer().fit(X).transform(X), True)
    few_rows = MultimodalVectorizer().fit(X[:60]).transform(X)
    assert found.shape != few_rows.shape or not np.allclose(found, few_rows)


@pytest.mark.parametrize("mark", [-1, None, np.nan])
def test_marks_are_the_same_to_it(few, fitted, mark):
    X, y, truth = few
    marked = y.astype(object)
    marked[60:] = mark
    found = SelfTrainingClassifier(random_state=0).fit(X, marked)
    assert np.array_equal(found.predict_proba(X), fitted.predict_proba(X))


def test_fitted_attributes_as_scikit_learn_has_them(few):
    X, y, _ = few
    model = SelfTrainingClassifier(cv=None, max_iter=2).fit(X, y)
    assert model.n_iter_ == 2
    assert model.termination_condition_ == "max_iter"
    assert np.array_equal(model.transduction_[:60], y[:60])
    assert np.array_equal(model.labeled_iter_ == 0, np.arange(300) < 60)
    assert np.array_equal(model.labeled_iter_ == -1, model.transduction_ == -1)
    assert model.labeled_iter_.max() <= 2
    assert model.feature_names_in_.tolist() == X.columns.tolist()


def test_balanced_gives_no_class_more_than_its_share(few):
    X, y, _ = few
    model = SelfTrainingClassifier(cv=None, max_iter=1).fit(X, y)
    given = model.transduction_[60:]
    for label in (0, 1):
        limit = np.mean(y[:60] == label) * 240
        assert np.sum(given == label) <= np.ceil(limit)


def test_threshold_labels_sure_rows_and_stops(blobs):
    X, y, truth = blobs
    model = SelfTrainingClassifier(
        LogisticRegression(), criterion="threshold", threshold=0.9, cv=None, max_iter=20
    ).fit(X, y)
    taken = model.labeled_iter_ > 0
    assert taken.sum() > 100
    assert np.array_equal(model.transduction_[taken], truth[taken])
    assert model.termination_condition_ in ("all_labeled", "no_change")


@pytest.mark.parametrize("k_best, n", [(7, 7), (0.25, 47)])
def test_k_best_takes_so_many_a_round(blobs, k_best, n):
    X, y, _ = blobs
    model = SelfTrainingClassifier(
        LogisticRegression(), criterion="k_best", k_best=k_best, cv=None, max_iter=2
    ).fit(X, y)
    assert [np.sum(model.labeled_iter_ == i) for i in (1, 2)] == [n, n]


class Slipping(LogisticRegression):
    """Learns the contrary of what it is told, if it is told more than 60 rows."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y if len(y) <= 60 else 1 - y, sample_weight)


def test_where_rounds_hurt_the_supervised_model_is_kept(blobs):
    X, y, _ = blobs
    model = SelfTrainingClassifier(Slipping(), random_state=0).fit(X, y)
    assert model.cv_scores_[0] > model.cv_scores_[1:].max()
    assert model.n_iter_ == 0
    assert model.termination_condition_ == "no_gain"
    assert np.array_equal(model.transduction_, y)
    supervised = LogisticRegression().fit(X[y >= 0], y[y >= 0])
    assert np.allclose(model.estimator_.coef_, supervised.coef_)


def test_an_estimator_of_this_package_reads_the_rows_themselves(few):
    X, y, truth = few
    inner = MultimodalClassifier(heads=["linear"], random_state=0)
    model = SelfTrainingClassifier(inner, cv=2, max_iter=1, random_state=0).fit(X, y)
    assert model.transformer_ is None
    assert isinstance(model.estimator_, MultimodalClassifier)
    assert model.estimator_ is not inner
    assert np.mean(model.predict(X[60:]) == truth[60:]) > 0.6


def test_a_transformer_of_the_user(few):
    X, y, _ = few
    numbers = FunctionTransformer(
        lambda frame: frame.select_dtypes("number").fillna(0).to_numpy()
    )
    model = SelfTrainingClassifier(KNeighborsClassifier(), transformer=numbers, cv=2)
    assert model.fit(X, y).predict(X).shape == (300,)
    assert model.estimator_.n_features_in_ == X.select_dtypes("number").shape[1]


def test_weights_count(few):
    X, y, _ = few
    weight = np.where(y == 1, 50.0, 1.0)
    model = SelfTrainingClassifier(cv=None, max_iter=1).fit(X, y, sample_weight=weight)
    plain = SelfTrainingClassifier(cv=None, max_iter=1).fit(X, y)
    gain = model.predict_proba(X)[:, 1] - plain.predict_proba(X)[:, 1]
    assert gain.mean() > 0.05


def test_clone_and_pipeline(few):
    X, y, _ = few
    model = SelfTrainingClassifier(cv=None, max_iter=1)
    assert repr(clone(model)) == repr(model)
    line = make_pipeline(FunctionTransformer(), model).fit(X, y)
    assert line.predict(X).shape == (300,)


def test_searches_go_through_rows_of_both_kinds(few, fitted):
    X, y, truth = few
    rows = slice(40, 80)
    known = y[rows] != -1
    expected = np.mean(fitted.predict(X[rows])[known] == truth[rows][known])
    assert fitted.score(X[rows], y[rows]) == expected
    model = SelfTrainingClassifier(cv=None, max_iter=1)
    search = GridSearchCV(model, {"pseudo_weight": [0.2, 1.0]}, cv=2).fit(X, y)
    assert 0.5 < search.best_score_ < 1


def test_a_fit_that_fails_leaves_the_model_as_it_was(few, fitted):
    X, y, _ = few
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="None of the 300 rows"):
        fitted.fit(X[["num_0"]], np.full(300, np.nan))
    assert np.array_equal(fitted.predict_proba(X), before)


def test_pickle_and_file(few, fitted, tmp_path):
    X, _, _ = few
    expected = fitted.predict_proba(X)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), expected)
    fitted.save(tmp_path / "model.skmm")
    assert np.array_equal(skmm.load(tmp_path / "model.skmm").predict_proba(X), expected)


def test_polars(few, fitted):
    polars = pytest.importorskip("polars")
    X, y, _ = few
    frame = polars.from_pandas(X)
    model = SelfTrainingClassifier(random_state=0).fit(frame, polars.Series(y.tolist()))
    assert np.allclose(model.predict_proba(frame), fitted.predict_proba(X))


def test_metadata_is_routed(few):
    X, y, _ = few

    class Fussy(LogisticRegression):
        def fit(self, X, y, sample_weight=None, colour=None):
            self.colours_ = colour
            return super().fit(X, y, sample_weight)

    colour = np.arange(300)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        SelfTrainingClassifier().fit(X, y, colour=colour)
    with config_context(enable_metadata_routing=True):
        inner = Fussy().set_fit_request(colour=True)
        model = SelfTrainingClassifier(
            inner, transformer=MultimodalVectorizerFilled(), cv=None, max_iter=0
        )
        model.fit(X, y, colour=colour)
    assert np.array_equal(model.estimator_.colours_, np.arange(60))


class MultimodalVectorizerFilled(MultimodalVectorizer):
    def fit_transform(self, X, y=None):
        return np.nan_to_num(super().fit_transform(X, y))

    def transform(self, X):
        return np.nan_to_num(super().transform(X))


def test_few_labels_are_taken_unchecked(few):
    X, truth = few[0], few[2]
    y = truth.copy()
    y[8:] = -1
    with pytest.warns(UserWarning, match="8 rows have a target, too few"):
        model = SelfTrainingClassifier(random_state=0).fit(X, y)
    assert model.cv_scores_.size == 0


def test_all_labelled(few):
    X, _, truth = few
    with pytest.warns(UserWarning, match="a target in every row"):
        model = SelfTrainingClassifier().fit(X, truth)
    assert model.n_iter_ == 0
    assert model.termination_condition_ == "all_labeled"


def test_a_classifier_without_probabilities_is_refused(few):
    X, y, _ = few
    with pytest.raises(ValueError, match="predict_proba is needed"):
        SelfTrainingClassifier(LinearSVC()).fit(X, y)


def test_it_says_its_rounds(few, capsys):
    X, y, _ = few
    SelfTrainingClassifier(max_iter=1, random_state=0, verbose=1).fit(X, y)
    assert "Round 0: " in capsys.readouterr().out
