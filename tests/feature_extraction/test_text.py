"""TextVectorizer: what comes in, what comes out, and what stays the same."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmm import MultimodalClassifier, detect_modalities
from skmm.feature_extraction import TextVectorizer

METHODS = ["tfidf_svd", "tfidf", "hashing"]
each_method = pytest.mark.parametrize("method", METHODS)
ANALYZERS = ["auto", "word", "char", "char_wb"]
WORDS = ["soft", "warm", "dress", "fits", "small", "large", "colour", "love", "hate"]
WORDS += ["return", "great", "poor"]


def make_texts(n=60, seed=0):
    """Two columns of random sentences, a tenth of the cells missing or blank."""
    rng = np.random.default_rng(seed)
    columns = {}
    for name in ["title", "body text"]:
        column = [" ".join(rng.choice(WORDS, rng.integers(2, 8))) for _ in range(n)]
        column[5::20] = [None] * len(column[5::20])
        column[9::20] = [" "] * len(column[9::20])
        columns[name] = column
    return pd.DataFrame(columns)


def make(method, **options):
    return TextVectorizer(method, n_features=64, n_components=9, **options)


def dense(features):
    return features.toarray() if scipy.sparse.issparse(features) else features


# Numbers are read as strings, so that no check expects to fail.
@parametrize_with_checks([make(method) for method in METHODS])
def test_scikit_learn_check(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------ containers


@each_method
def test_pandas_and_polars(method, as_library):
    X = make_texts()
    expected = dense(make(method).fit_transform(X))
    vectorizer = make(method)
    assert vectorizer.fit_transform(as_library(X)).dtype == np.float32
    np.testing.assert_array_equal(dense(vectorizer.transform(as_library(X))), expected)
    assert vectorizer.feature_names_in_.tolist() == ["title", "body text"]
    assert vectorizer.n_features_in_ == 2


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    pytest.importorskip(library)
    X = make_texts().set_axis(range(100, 160))
    vectorizer = make("tfidf_svd").set_output(transform=library)
    for out in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(out).__module__.startswith(library)
        assert list(out.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(
            out.to_numpy(), make("tfidf_svd").fit_transform(X)
        )
    if library == "pandas":
        assert out.index.tolist() == X.index.tolist()
    sparse = make("tfidf").set_output(transform=library)
    with pytest.raises(ValueError, match="outputs a scipy sparse matrix"):
        sparse.fit_transform(X)
    sparse.set_params(sparse_output=False)
    assert list(sparse.fit_transform(X).columns)[0].startswith("title__")


def test_one_dimension():
    """As scikit-learn's vectorizers of text take it; any new list will do."""
    texts = make_texts()["title"]
    expected = make("tfidf_svd").fit_transform(texts.to_frame())
    for one in (texts, texts.tolist(), texts.to_numpy(object)):
        vectorizer = make("tfidf_svd")
        np.testing.assert_array_equal(vectorizer.fit_transform(one), expected)
        np.testing.assert_array_equal(vectorizer.transform(texts.tolist()), expected)
        assert vectorizer.transform([None]).shape == (1, 9)
    named = make("tfidf_svd").fit(texts)
    assert named.get_feature_names_out()[0] == "title__0"
    assert vectorizer.get_feature_names_out()[0] == "x0__0"
    assert vectorizer.get_feature_names_out(["t"])[0] == "t__0"
    with pytest.raises(ValueError, match="X has 1 features, but .* expecting 2"):
        make("tfidf_svd").fit(make_texts()).transform(["a title alone"])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        named.fit(["a", 3])
    with pytest.raises(TypeError, match="got str"):
        named.transform("one text")


def test_polars_series():
    polars = pytest.importorskip("polars")
    texts = make_texts()["title"]
    series = polars.Series(texts.name, texts.astype(object).where(texts.notna(), None))
    expected = make("tfidf_svd").fit_transform(texts)
    np.testing.assert_array_equal(make("tfidf_svd").fit_transform(series), expected)


def test_arrays_and_nested_lists():
    X = make_texts()
    expected = make("tfidf_svd").fit_transform(X)
    vectorizer = make("tfidf_svd")
    for array in (X.to_numpy(object), X.to_numpy(object).tolist()):
        np.testing.assert_array_equal(vectorizer.fit_transform(array), expected)
    strings = X.fillna("").to_numpy(str)
    np.testing.assert_array_equal(vectorizer.fit_transform(strings), expected)
    assert vectorizer.get_feature_names_out()[[0, -1]].tolist() == ["x0__0", "x1__8"]


def test_in_a_column_transformer():
    X = make_texts()
    both = make_column_transformer(
        (make("tfidf_svd"), ["title", "body text"]),
        (make("tfidf", sparse_output=False), "title"),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    names = both.fit_transform(X).columns
    assert {"title__0", "body text__8", "title__soft"} <= set(names)


# --------------------------------------------------------------------------- columns


@each_method
def test_columns_keep_their_identity(method):
    X = make_texts()
    both = dense(make(method).fit_transform(X))
    alone = [dense(make(method).fit_transform(X[[name]])) for name in X]
    np.testing.assert_array_equal(both, np.hstack(alone))


def test_each_column_is_a_vector_modality_and_stays_missing():
    X = make_texts()
    vectorizer = make("tfidf_svd").set_output(transform="pandas")
    features = vectorizer.fit_transform(X)
    names = {name: kind for name, kind, _ in detect_modalities(features).to_list()}
    assert names == {"title": "vector", "body_text": "vector"}
    y = X["title"].fillna("").str.contains("soft").to_numpy()
    model = MultimodalClassifier(max_epochs=2, random_state=0).fit(features, y)
    assert model.predict_proba(features).shape == (60, 2)


@each_method
@pytest.mark.parametrize("missing", ["nan", "zero"])
def test_missing_cells(method, missing):
    X = make_texts()
    out = make(method, missing=missing).fit_transform(X)
    sparse = scipy.sparse.issparse(out)
    assert sparse == (method != "tfidf_svd")
    out = dense(out)
    expected = np.nan if missing == "nan" and not sparse else 0
    both = out[[5, 9, 25, 29]]
    np.testing.assert_array_equal(both, np.full_like(both, expected))
    assert not np.isnan(out[0]).any()
    if sparse:
        options = {"missing": missing, "sparse_output": False}
        array = make(method, **options).fit_transform(X)
        np.testing.assert_array_equal(np.isnan(array[5]).all(), missing == "nan")
        np.testing.assert_array_equal(np.nan_to_num(array), out)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, "", " \n"], ids=repr)
def test_kinds_of_missing(nothing):
    X = pd.DataFrame({"t": pd.Series(["one two", nothing, "two"], dtype=object)})
    out = make("tfidf_svd").fit_transform(X)
    assert np.isnan(out).all(axis=1).tolist() == [False, True, False]


# ------------------------------------------------------------------ the same features


@each_method
@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_one_row_at_a_time_is_the_batch(method, analyzer):
    X = make_texts()
    vectorizer = make(method, analyzer=analyzer)
    batch = dense(vectorizer.fit_transform(X))
    rows = [dense(vectorizer.transform(X.iloc[[i]])) for i in range(len(X))]
    np.testing.assert_array_equal(np.vstack(rows), batch)


@each_method
def test_clone_pickle_and_jobs(method):
    X = make_texts()
    vectorizer = make(method, n_jobs=2)
    expected = dense(make(method).fit_transform(X))
    for one in (
        clone(vectorizer).fit(X),
        pickle.loads(pickle.dumps(vectorizer.fit(X))),
    ):
        np.testing.assert_array_equal(dense(one.transform(X)), expected)


@each_method
@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_order_of_rows_does_not_matter(method, analyzer):
    X = make_texts()
    order = np.random.default_rng(1).permutation(len(X))
    first = make(method, analyzer=analyzer, max_features=20)
    second = clone(first).fit(X.iloc[order])
    expected = dense(first.fit_transform(X))
    np.testing.assert_array_equal(dense(second.transform(X)), expected)
    names = first.get_feature_names_out().tolist()
    assert second.get_feature_names_out().tolist() == names


def test_order_of_rows_does_not_matter_where_singular_values_are_equal():
    X = pd.DataFrame({"t": [f"{a} {b}" for a, b in zip(WORDS[::2], WORDS[1::2])]})
    first, second = make("tfidf_svd").fit(X), make("tfidf_svd").fit(X[::-1])
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


def test_seed():
    X = make_texts()
    first = make("tfidf_svd").fit_transform(X)
    np.testing.assert_array_equal(make("tfidf_svd").fit_transform(X), first)
    generator = np.random.RandomState(0)
    drawn = make("tfidf_svd", random_state=generator).fit_transform(X)
    np.testing.assert_allclose(drawn, first, atol=0.01)


# ----------------------------------------------------------------------- the numbers


def test_tfidf_is_scikit_learns():
    X = make_texts()[["title"]].fillna("")
    theirs = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    expected = theirs.fit_transform(X["title"]).toarray()
    for analyzer in ("auto", "word"):
        ours = TextVectorizer("tfidf", analyzer=analyzer).fit(X)
        names = [f"title__{name}" for name in theirs.get_feature_names_out()]
        assert sorted(ours.get_feature_names_out()) == names
        places = np.argsort(ours.get_feature_names_out())
        ours = ours.transform(X).toarray()[:, places]
        np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_hashing_is_scikit_learns(analyzer):
    X = make_texts()[["title"]].fillna("")
    theirs = HashingVectorizer(analyzer=analyzer, ngram_range=(1, 3), n_features=64)
    ours = make("hashing", analyzer=analyzer, ngram_range=(1, 3)).fit_transform(X)
    expected = theirs.transform(X["title"].str.strip()).toarray()
    np.testing.assert_allclose(ours.toarray(), expected, atol=1e-6)


def test_components_are_those_of_the_decomposition():
    X = make_texts(200)[["title"]].dropna()
    X = X[X["title"].str.strip() != ""]
    counts = TextVectorizer("tfidf").fit(X)
    weights = counts.transform(X).toarray()
    present = (weights > 0).sum(axis=0)
    idf = np.log((1 + len(X)) / (1 + present)) + 1
    unit = weights / idf / np.sqrt(present)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    left, sizes, _ = np.linalg.svd(unit, full_matrices=False)
    expected = left[:, :4] * sizes[:4]
    expected /= np.sqrt(expected.var(axis=0).mean())
    ours = TextVectorizer(n_components=4).fit_transform(X)
    assert ours.var(axis=0).mean() == pytest.approx(1, rel=1e-3)
    # Components are the same but for their signs.
    overlap = np.abs(np.sum(expected * ours, axis=0))
    np.testing.assert_allclose(overlap, np.sum(expected**2, axis=0), rtol=0.02)


def test_max_features_and_min_frequency():
    X = pd.DataFrame({"t": ["b a", "a b", "c a", "d c", "d"]})
    for analyzer in ("auto", "char"):
        options = {"ngram_range": (1, 1), "analyzer": analyzer}
        first = TextVectorizer("tfidf", max_features=1, **options).fit(X)
        assert first.n_terms_ == [1]
    words = {"analyzer": "auto", "ngram_range": (1, 1)}
    names = TextVectorizer("tfidf", max_features=3, **words).fit(X)
    # b, c and d are in two texts each: by name.
    assert names.get_feature_names_out().tolist() == ["t__a", "t__b", "t__c"]
    names = TextVectorizer("tfidf", min_frequency=3, **words).fit(X)
    assert names.get_feature_names_out().tolist() == ["t__a"]


@each_method
def test_half_of_a_surrogate_pair(method):
    out = make(method).fit_transform(["broken \ud800 text", "text \ud800", "broken"])
    assert dense(out).any(axis=1).all()


# ------------------------------------------------------------------- little and nothing


@each_method
def test_empty_frames(method):
    X = make_texts()
    words = r"Found array with 0 sample\(s\) \(shape=\(0, 2\)\) while a minimum of 1"
    with pytest.raises(ValueError, match=words):
        make(method).fit(X[:0])
    with pytest.raises(ValueError, match=words):
        make(method).fit(X).transform(X[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
        make(method).fit(X[[]])


@each_method
@pytest.mark.parametrize("analyzer", ANALYZERS)
def test_one_row(method, analyzer):
    vectorizer = make(method, analyzer=analyzer)
    out = dense(vectorizer.fit_transform(pd.DataFrame({"t": ["soft dress"]})))
    assert np.any(out)
    assert vectorizer.transform(make_texts()[["title"]].set_axis(["t"], axis=1)).shape


def test_few_texts_give_fewer_components():
    X = pd.DataFrame({"a": ["one two", "two one", "one two", "three"], "b": WORDS[:4]})
    vectorizer = make("tfidf_svd").fit(X)
    assert vectorizer.n_components_ == [2, 4]  # "three" is in one text
    assert vectorizer.transform(X).shape == (4, 6)
    assert len(vectorizer.get_feature_names_out()) == 6


@pytest.mark.parametrize("method", ["tfidf_svd", "tfidf"])
@pytest.mark.parametrize("cell, what", [(None, "text"), ("---", "words")])
def test_nothing_at_fit(method, cell, what):
    X = make_texts()
    X["empty"] = [cell] * len(X)
    vectorizer = make(method)
    with pytest.warns(
        UserWarning, match=f"Column 'empty' holds no {what} in any of 60"
    ):
        out = dense(vectorizer.fit_transform(X))
    assert vectorizer.n_terms_[2] == 0
    X["empty"] = "some words"
    later = dense(vectorizer.transform(X))
    assert later.shape == out.shape
    if method == "tfidf_svd":
        assert vectorizer.n_components_ == [9, 9, 1]
        assert (later[:, -1] == 0).all()


@each_method
def test_unseen_words_are_not_missing(method):
    vectorizer = make(method).fit(["soft dress", "soft colour", "dress"])
    out = dense(vectorizer.transform(["quite unknown", "soft", None]))
    assert not np.isnan(out[:2]).any()
    assert np.any(out[1])
    if method != "hashing":
        assert not np.any(out[0])


# ---------------------------------------------------------------------------- errors


def test_other_cells_than_text():
    words = "Column 'b' is read as text, but 1 of 2 rows hold no string, .* row 'r1'"
    X = pd.DataFrame({"a": ["x", "y"], "b": ["x", [1, 2]]}, index=["r0", "r1"])
    with pytest.raises(ValueError, match=words):
        make("tfidf_svd").fit(X)
    numbers = make("tfidf").fit(pd.DataFrame({"n": [12, 13, 12]}))
    assert numbers.get_feature_names_out().tolist() == ["n__12"]
    with pytest.raises(TypeError, match="sparse"):
        make("tfidf_svd").fit(scipy.sparse.eye(3))


def test_wrong_options():
    for ngram_range in [(2, 1), (0, 1), (1, 2, 3)]:
        with pytest.raises(ValueError, match="smallest and the largest"):
            make("tfidf", ngram_range=ngram_range).fit(["a"])
    with pytest.raises(ValueError, match="'method' parameter"):
        make("lsa").fit(["a"])
    X = make_texts()
    with pytest.raises(ValueError, match="feature names should match"):
        make("tfidf").fit(X).transform(X.rename(columns={"title": "t"}))


def test_sparse_interface():
    assert scipy.sparse.isspmatrix_csr(make("tfidf").fit_transform(["a b", "a"]))
    with sklearn.config_context(sparse_interface="sparray"):
        out = make("tfidf").fit_transform(["a b", "a"])
    assert isinstance(out, scipy.sparse.csr_array)
    assert out.indices.dtype == out.indptr.dtype == np.int32
