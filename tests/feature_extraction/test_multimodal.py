"""MultimodalVectorizer: which transformer each modality gets, and what comes out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier, detect_modalities
from skmm.datasets import make_multimodal_classification
from skmm.feature_extraction import (
    MultimodalVectorizer,
    SeriesVectorizer,
    TextEmbedder,
    TextVectorizer,
)


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(n_samples=300, random_state=0)


@pytest.fixture
def table():
    """A modality of each kind that needs no extra; some cells missing."""
    rng = np.random.default_rng(0)
    n = 20
    words = ["soft", "warm", "dress", "fits", "small", "large", "love", "hate"]
    load, place = np.empty((2, n), dtype=object)
    for i in range(n):
        load[i] = rng.normal(size=10 + i)
        place[i] = rng.normal(size=3)
    load[4] = place[5] = None
    return pd.DataFrame(
        {
            "age": rng.integers(20, 60, n),
            "shop": rng.choice(["north", "south"], n),
            "review": [" ".join(rng.choice(words, 7)) for _ in range(n - 1)] + [None],
            "load": load,
            "place": place,
            "nothing": None,
        },
        index=range(50, 50 + n),
    )


@pytest.mark.filterwarnings("ignore:Columns .'nothing'.:UserWarning")
def test_every_modality_has_its_transformer_and_block(table):
    vectorizer = MultimodalVectorizer()
    features = vectorizer.fit_transform(table)
    kinds = {name: type(t).__name__ for name, t in vectorizer.transformers_.items()}
    assert kinds == {
        "tabular": "TableFeatures",
        "text": "TextVectorizer",
        "series": "SeriesVectorizer",
        "vector": "Vectors",
    }
    assert features.index.tolist() == table.index.tolist()
    assert set(features.dtypes) == {np.dtype("float32")}
    assert {"tabular__age", "text__0", "series__0", "vector__2"} <= set(features)
    for name, missing in [("text", 69), ("series", 54), ("vector", 55)]:
        block = features.iloc[:, vectorizer.output_indices_[name]]
        assert block.index[block.isna().all(axis=1)].tolist() == [missing]
        assert all(column.startswith(f"{name}__") for column in block)
    # Our own classifier reads the blocks as the modalities that they were.
    found = {name: kind for name, kind, _ in detect_modalities(features)}
    assert found["text"] == found["series"] == "vector"
    assert set(found) == set(kinds)


def test_a_column_without_any_cell_is_told_and_left_out(table):
    with pytest.warns(UserWarning, match=r"\['nothing'\] are missing in all 20 rows"):
        vectorizer = MultimodalVectorizer().fit(table)
    columns = [column for _, _, columns in vectorizer.modalities_ for column in columns]
    assert "nothing" not in columns
    with pytest.raises(ValueError, match="No modality is left"):
        vectorizer.fit(table[["nothing"]])


def test_in_front_of_other_estimators(data):
    X, y = data
    for model in (
        HistGradientBoostingClassifier(random_state=0),
        MultimodalClassifier(random_state=0),
    ):
        pipeline = make_pipeline(MultimodalVectorizer(), model).fit(X[:200], y[:200])
        assert pipeline.score(X[200:], y[200:]) > 0.6


def test_own_transformers_and_their_parameters_in_a_grid(data):
    X, y = data
    vectorizer = MultimodalVectorizer(transformers=[("text", TextVectorizer())])
    model = make_pipeline(
        vectorizer, StandardScaler(), HistGradientBoostingClassifier(max_iter=5)
    )
    grid = {"multimodalvectorizer__text__n_components": [2, 7]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    n_components = search.best_params_["multimodalvectorizer__text__n_components"]
    fitted = search.best_estimator_[0].transformers_["text"]
    assert fitted.n_components == n_components
    assert vectorizer.get_params()["text__n_components"] == 30  # cloned, not changed
    copy = clone(vectorizer).set_params(text="drop")
    assert list(copy.fit(X).transformers_) == ["tabular"]


def test_a_transformer_for_a_name_goes_before_one_for_a_kind(table):
    X = table[["load"]].assign(other=table["load"])
    vectorizer = MultimodalVectorizer(
        transformers=[
            ("series", SeriesVectorizer("rocket", n_features=84)),
            ("other", SeriesVectorizer("statistics")),
        ]
    ).fit(X)
    methods = {name: t.method for name, t in vectorizer.transformers_.items()}
    assert methods == {"load": "rocket", "other": "statistics"}


def test_pretrained_takes_embedders(data):
    pytest.importorskip("sentence_transformers")
    X, _ = data
    vectorizer = MultimodalVectorizer(pretrained=True, memory="a folder")
    chosen = vectorizer._choose("text", "text")
    assert isinstance(chosen, TextEmbedder) and chosen.memory == "a folder"
    assert type(vectorizer._choose("load", "series")) is SeriesVectorizer


def test_modalities_written_down(data):
    X, _ = data
    modalities = [("numbers", "tabular", ["num_0", "num_1"]), ("rest", "drop", [2])]
    features = MultimodalVectorizer(modalities).fit_transform(X)
    assert features.columns.tolist() == ["numbers__num_0", "numbers__num_1"]


def test_passthrough(table):
    vectorizer = MultimodalVectorizer(transformers=[("tabular", "passthrough")])
    features = vectorizer.fit_transform(table[["age"]])
    assert features.columns.tolist() == ["tabular__age"]
    np.testing.assert_array_equal(features.to_numpy()[:, 0], table["age"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transformers": [("photo", "drop")]}, "names 'photo'.*nor a kind"),
        ({"transformers": [("text", "tfidf")]}, "'text' is 'tfidf'.*fit and transform"),
        ({"transformers": ["text"]}, "list of .name, transformer.*'text'"),
        (
            {"modalities": [("a", "sound", ["age"])]},
            "'sound'.*mean 'audio'",
        ),
        ({"modalities": [("a", TextVectorizer(), "age")]}, "'a': Text.*transformers="),
        ({"modalities": [("a__b", "text", ["age"])]}, "cannot be named 'a__b'"),
        ({"modalities": [("a", "text", ["size"])]}, "does not have: .'size'"),
        ({"modalities": [("a", "entity", ["shop"])]}, "EntityVectorizer.triples"),
        ({"modalities": [("a", "text", ["shop"])] * 2}, "must be unique"),
        ({"modalities": ["text"]}, "list of .name, kind, columns"),
    ],
)
def test_errors_tell_what_to_do(table, options, message):
    with pytest.raises(ValueError, match=message):
        MultimodalVectorizer(**options).fit(table.drop(columns="nothing"))


def test_sparse_output_is_refused(table):
    text = [("text", TextVectorizer("tfidf"))]
    with pytest.raises(ValueError, match="'text' gives a sparse.*sparse_output=False"):
        MultimodalVectorizer(transformers=text).fit(table[["review"]])
    dense = TextVectorizer("tfidf", sparse_output=False)
    MultimodalVectorizer(transformers=[("text", dense)]).fit(table[["review"]])


def test_vectors_of_another_length_at_transform(table):
    vectorizer = MultimodalVectorizer().fit(table[["place"]])
    longer = pd.DataFrame({"place": [np.zeros(4)]})
    with pytest.raises(ValueError, match="'place' holds vectors of 4.*they had 3"):
        vectorizer.transform(longer)
