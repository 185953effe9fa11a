"""EntityVectorizer: what comes in, what comes out, and what stays the same."""

import decimal
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmm.feature_extraction import EntityVectorizer
from skmm.feature_extraction._entity import FEATURES

TRIPLES = [
    ("anna", "likes", "ben"),
    ("ben", "likes", "anna"),
    ("carl", "likes", "anna"),
    ("carl", "knows", "dora"),
    ("dora", "knows", "dora"),
]
NUMBERED = [(1, "r", 2), (2, "r", 3), (3, "s", 1), (0, "s", 1)]
N_FEATURES = 2 + 1 + 4 + 4


def make_frame():
    """Two columns of nodes, some missing, some unknown."""
    return pd.DataFrame(
        {
            "who": ["anna", "ben", None, "carl", "zoe", "dora", ""],
            "whom": ["ben", "anna", "dora", "emil", np.nan, "anna", "carl"],
        }
    )


def make(**options):
    return EntityVectorizer(TRIPLES, **options)


# Most numbers of the checks are no nodes, which is what the warning says.
@pytest.mark.filterwarnings("ignore:Column .* holds no node of the graph:UserWarning")
@parametrize_with_checks([EntityVectorizer(NUMBERED)])
def test_scikit_learn_check(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------ containers


def test_pandas_and_polars(as_library):
    X = make_frame()
    expected = make().fit_transform(X)
    vectorizer = make()
    out = vectorizer.fit_transform(as_library(X))
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(vectorizer.transform(as_library(X)), expected)
    assert vectorizer.feature_names_in_.tolist() == ["who", "whom"]
    assert vectorizer.n_features_in_ == 2


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    pytest.importorskip(library)
    X = make_frame().set_axis(range(100, 107))
    vectorizer = make().set_output(transform=library)
    for out in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(out).__module__.startswith(library)
        assert list(out.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(out.to_numpy(), make().fit_transform(X))
    if library == "pandas":
        assert out.index.tolist() == X.index.tolist()


def test_one_dimension():
    ids = make_frame()["who"]
    expected = make().fit_transform(ids.to_frame())
    for one in (ids, ids.tolist(), tuple(ids), ids.to_numpy(object)):
        vectorizer = make()
        np.testing.assert_array_equal(vectorizer.fit_transform(one), expected)
        np.testing.assert_array_equal(vectorizer.transform(ids.tolist()), expected)
    assert vectorizer.get_feature_names_out()[0] == "x0__degree_in"
    assert make().fit(ids).get_feature_names_out()[0] == "who__degree_in"
    numbered = EntityVectorizer(NUMBERED)
    expected = numbered.fit_transform([[1], [3]])
    for one in ([1, 3], np.array([1, 3]), ["1", 3], [1.0, 3.0]):
        np.testing.assert_array_equal(numbered.fit_transform(one), expected)
    with pytest.raises(ValueError, match="X has 1 features, but .* expecting 2"):
        make().fit(make_frame()).transform(["anna"])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        numbered.fit(np.array([1.0, 3.0]))
    with pytest.raises(TypeError, match="sparse matrix, which holds no ids"):
        numbered.fit(scipy.sparse.eye(3))


def test_arrays_and_nested_lists():
    X = make_frame()
    expected = make().fit_transform(X)
    for array in (X.to_numpy(object), X.to_numpy(object).tolist()):
        np.testing.assert_array_equal(make().fit_transform(array), expected)


@pytest.mark.parametrize(
    "convert",
    [
        list,
        np.array,
        pd.DataFrame,
        lambda triples: pd.DataFrame(triples).set_axis([5] * len(triples)),
        lambda triples: pytest.importorskip("polars").DataFrame(triples, orient="row"),
    ],
)
def test_containers_of_triples(convert):
    X = make_frame()
    out = EntityVectorizer(convert(TRIPLES)).fit_transform(X)
    np.testing.assert_array_equal(out, make().fit_transform(X))


def test_in_a_pipeline():
    X = pd.DataFrame({"who": ["anna", "ben", "carl", "dora"] * 5, "age": range(20)})
    y = X["who"].isin(["anna", "dora"])
    model = make_pipeline(
        make_column_transformer((make(), ["who"]), remainder="passthrough"),
        LogisticRegression(max_iter=10_000),
    )
    scores = cross_validate(model, X, y, cv=3, error_score="raise")["test_score"]
    assert scores.min() == 1


# --------------------------------------------------------------------- what comes out


def test_names():
    vectorizer = make(n_landmarks=2, max_relations=1).fit(make_frame()[["who"]])
    assert vectorizer.get_feature_names_out().tolist() == [
        "who__degree_in",
        "who__degree_out",
        "who__pagerank",
        "who__landmark_dora",
        "who__landmark_anna",
        "who__relation_likes_as_head",
        "who__relation_likes_as_tail",
    ]
    assert vectorizer.nodes_.tolist() == ["anna", "ben", "carl", "dora"]
    assert vectorizer.relations_.tolist() == ["knows", "likes"]
    assert not hasattr(vectorizer, "node_embeddings_")


def test_features_are_in_the_order_asked_for():
    X = make_frame()[["who"]]
    everything = make().set_output(transform="pandas").fit_transform(X)
    some = make(features=["relations", "degree"]).set_output(transform="pandas")
    out = some.fit_transform(X)
    assert list(out.columns[-2:]) == ["who__degree_in", "who__degree_out"]
    pd.testing.assert_frame_equal(out, everything[list(out.columns)])


def test_missing_and_unknown():
    out = make().fit_transform(make_frame())
    who, whom = np.hsplit(np.isnan(out), 2)
    assert who.all(axis=1).tolist() == [False, False, True, False, True, False, True]
    np.testing.assert_array_equal(who.any(axis=1), who.all(axis=1))
    assert np.flatnonzero(whom.all(axis=1)).tolist() == [3, 4]
    same_node = out[1, :N_FEATURES], out[0, N_FEATURES:]  # ben
    np.testing.assert_array_equal(*same_node)


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, "", " \n"], ids=repr)
def test_kinds_of_missing(nothing):
    X = pd.DataFrame({"who": pd.Series(["anna", nothing], dtype=object)})
    out = make().fit_transform(X)
    assert np.isnan(out).all(axis=1).tolist() == [False, True]


@pytest.mark.parametrize("cells", [[None, None], ["zoe", None], ["zoe", "emil"]])
def test_no_node_at_fit(cells):
    X = pd.DataFrame({"who": ["anna", "ben"], "other": cells})
    vectorizer = make()
    with pytest.warns(
        UserWarning,
        match="Column 'other' holds no node of the graph in any of 2 rows.* 'anna'",
    ):
        out = vectorizer.fit_transform(X)
    assert np.isnan(out[:, N_FEATURES:]).all()
    assert not np.isnan(out[:, :N_FEATURES]).any()
    later = vectorizer.transform(X.assign(other=["anna", "ben"]))
    np.testing.assert_array_equal(later[:, :N_FEATURES], later[:, N_FEATURES:])


def test_unknown_at_transform_is_silent():
    assert np.isnan(make().fit(["anna"]).transform(["zoe"])).all()


# ------------------------------------------------------------------------------- ids


@pytest.mark.parametrize(
    "cells",
    [
        [1, 3],
        [1.0, 3.0],
        ["1", "3"],
        [decimal.Decimal(1), decimal.Decimal("3.0")],
        pd.array([1, 3], dtype="Int64"),
        pd.array([1, 3], dtype="uint8"),
        pd.array([1, 3], dtype="Sparse[int]"),
        pd.Categorical([1, 3]),
        pd.Categorical(["1", "3"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("as_node", [int, float, str])
def test_numbers_and_strings_are_the_same_ids(cells, as_node):
    triples = [(as_node(h), r, as_node(t)) for h, r, t in NUMBERED]
    expected = EntityVectorizer(NUMBERED).fit_transform([[1], [3]])
    out = EntityVectorizer(triples).fit_transform(pd.DataFrame({"id": cells}))
    np.testing.assert_array_equal(out, expected)


def test_integers_beside_a_missing_one():
    X = pd.DataFrame({"id": [1, None, 3]})
    assert X["id"].dtype == float
    out = EntityVectorizer(NUMBERED).fit_transform(X)
    assert np.isnan(out).all(axis=1).tolist() == [False, True, False]


def test_ids_that_are_others():
    ids = ["01", "1.0", " 1", "1 ", 1.5, np.inf, 10**400, True]
    out = EntityVectorizer(NUMBERED).fit([1]).transform(ids)
    assert np.isnan(out).all()
    names = [("Anna", "r", "anna"), ("anna", "r", "Ben")]
    assert EntityVectorizer(names).fit(["anna"]).nodes_.tolist() == [
        "Anna",
        "Ben",
        "anna",
    ]


def test_large_ids_keep_their_digits():
    large = 2**60
    triples = [(large, "r", large + 1), (large + 1, "r", large + 1)]
    out = EntityVectorizer(triples, features=["degree"]).fit_transform([large])
    np.testing.assert_allclose(out, [[0, np.log(2)]], rtol=1e-6)


# ------------------------------------------------------------------ the same features


def test_one_row_at_a_time_is_the_batch():
    X = make_frame()
    vectorizer = make()
    batch = vectorizer.fit_transform(X)
    rows = [vectorizer.transform(X.iloc[[i]]) for i in range(len(X))]
    np.testing.assert_array_equal(np.vstack(rows), batch)


def test_rows_of_fit_do_not_matter():
    X = make_frame()
    expected = make().fit_transform(X)
    for rows in ([6, 5, 4, 3, 2, 1, 0], [0], [1, 1, 3]):
        np.testing.assert_array_equal(make().fit(X.iloc[rows]).transform(X), expected)


def test_clone_and_pickle():
    X = make_frame()
    vectorizer = EntityVectorizer(pd.DataFrame(TRIPLES))
    expected = vectorizer.fit_transform(X)
    for one in (
        clone(vectorizer).fit(X),
        pickle.loads(pickle.dumps(vectorizer)),
        clone(vectorizer).set_params(triples=TRIPLES).fit(X),
    ):
        np.testing.assert_array_equal(one.transform(X), expected)


def test_triples_stay_as_they_are():
    triples = pd.DataFrame(TRIPLES)
    before = triples.copy()
    EntityVectorizer(triples).fit_transform(make_frame())
    pd.testing.assert_frame_equal(triples, before)


# ---------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "triples, words",
    [
        ([], "triples is empty. Give a row of head, relation and tail"),
        (pd.DataFrame({"h": [], "r": [], "t": []}), "triples is empty"),
        ([("a", "b")], "triples has 2 columns. Give a row of head, relation and tail"),
        (pd.DataFrame([("a", "r", "b", 1.0)]), "triples has 4 columns"),
        (["a", "r", "b"], "triples is no table. .* got 1D array"),
        ([("a", "r", "b"), ("a", "r")], "triples is no table. .* unequal lengths"),
        (
            [("a", "r", "b"), ("c", "r", None), ("c", "r", "")],
            "The tail is missing in 2 of 3 triples, the first at row 1. Drop such",
        ),
        (
            pd.DataFrame([("a", None, "b")], index=["x"]),
            "The relation is missing in 1 of 1 triples, the first at row 'x'",
        ),
        (
            pd.DataFrame([(b"a", "r", "b")], index=["x"]),
            "The head of triples holds ids, but 1 of 1 rows .* row 'x': a bytes",
        ),
    ],
)
def test_wrong_triples(triples, words):
    with pytest.raises(ValueError, match=words):
        EntityVectorizer(triples).fit(["a"])


def test_triples_that_are_no_table():
    with pytest.raises(TypeError, match="triples is no table. .* got dict"):
        EntityVectorizer({"a": "b"}).fit(["a"])
    with pytest.raises(TypeError, match="triples is no table. .* got generator"):
        EntityVectorizer(triple for triple in TRIPLES).fit(["anna"])


def test_other_cells_than_ids():
    X = pd.DataFrame({"who": ["anna", ["ben"]]}, index=["r0", "r1"])
    words = "Column 'who' holds ids, but 1 of 2 rows .* the first at row 'r1': a list"
    with pytest.raises(ValueError, match=words):
        make().fit(X)
    vectorizer = make().fit(X[:1])
    with pytest.raises(ValueError, match=words):
        vectorizer.transform(X)
    X["who"] = pd.to_datetime([None, "2020-01-01"])
    with pytest.raises(ValueError, match="1 of 2 rows .* row 'r1': a Timestamp"):
        vectorizer.transform(X)


def test_a_failed_fit_leaves_the_earlier_one():
    X = make_frame()
    vectorizer = make()
    expected = vectorizer.fit_transform(X)
    vectorizer.set_params(triples=[("a", "r", None)])
    with pytest.raises(ValueError, match="missing"):
        vectorizer.fit(X[["who"]])
    np.testing.assert_array_equal(vectorizer.transform(X), expected)
    assert not hasattr(clone(vectorizer), "nodes_")


def test_empty_frames():
    X = make_frame()
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        make().fit(X[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        make().fit(X).transform(X[:0])
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
        make().fit(X[[]])


def test_wrong_options():
    for features in (["degree", "degree"], ["closeness"]):
        with pytest.raises(ValueError, match="give each of degree, pagerank, landmark"):
            make(features=features).fit(["anna"])
    with pytest.raises(ValueError, match="nothing to compute"):
        make(features=()).fit(["anna"])
    for wrong in (
        {"features": "degree"},
        {"embedding": "transh"},
        {"n_landmarks": 0},
        {"max_relations": 0},
        {"n_components": 0},
        {"batch_size": "all"},
    ):
        with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
            make(**wrong).fit(["anna"])
    with pytest.raises(ValueError, match="feature names should match"):
        make().fit(make_frame()).transform(make_frame().rename(columns={"who": "w"}))


def test_features_are_those_of_the_documentation():
    everything = EntityVectorizer(TRIPLES, features=list(FEATURES)).fit(["anna"])
    assert everything.transform(["anna"]).shape == (1, N_FEATURES)
    np.testing.assert_array_equal(
        everything.transform(["anna"]), make().fit_transform(["anna"])
    )
