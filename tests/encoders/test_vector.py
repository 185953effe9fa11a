"""Extracted features, and scikit-learn transformers, as a modality."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from skmm import MultimodalClassifier
from skmm.encoders import TransformerEncoder, VectorEncoder


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 10))
    y = (values[:, 0] + values[:, 1] > 0).astype(int)
    return values, y


def test_numbered_columns_are_one_vector(data):
    values, y = data
    X = pd.DataFrame(values, columns=[f"svd__{i}" for i in range(10)])
    model = MultimodalClassifier(random_state=0).fit(X, y)
    ((name, encoder, _),) = model.modalities_
    assert name == "svd"
    assert isinstance(encoder, VectorEncoder)
    assert model.score(X, y) > 0.9


def test_cells_that_hold_arrays(data):
    values, y = data
    X = pd.DataFrame({"embedding": list(values), "n": np.arange(200)})
    X.loc[[3, 4], "embedding"] = None
    model = MultimodalClassifier(random_state=0).fit(X, y)
    assert {n: type(e) for n, e, _ in model.modalities_}["vector"] is VectorEncoder
    assert model.score(X, y) > 0.9
    short = X.copy()
    short.at[7, "embedding"] = np.ones(3)
    with pytest.raises(ValueError, match="'embedding'.*different lengths.*row 7"):
        VectorEncoder().fit_transform(short[["embedding"]])
    with pytest.raises(ValueError, match="vectors of 3 numbers; at fit they had 10"):
        model.predict(short.iloc[7:8])


def test_presence_and_single_missing_numbers():
    values = np.arange(12.0).reshape(4, 3)
    values[1] = np.nan
    values[2, 0] = np.nan
    block = VectorEncoder().fit_transform(pd.DataFrame(values))
    assert block.present.tolist() == [True, False, True, True]
    assert block[0][2, 0] == 0  # the column's mean, after standardising


def test_transformer_with_sparse_output_stays_sparse():
    X = pd.DataFrame({"review": ["good fit", "bad fit", None, "good good"] * 20})
    y = np.array([1, 0, 0, 1] * 20)
    model = MultimodalClassifier(
        [("tfidf", TfidfVectorizer(), "review")], random_state=0
    ).fit(X, y)
    encoder = model.modalities_[0][1]
    assert isinstance(encoder, TransformerEncoder)
    block = encoder.transform(X)
    assert (
        block[0].values.numel()
        == scipy.sparse.csr_array(
            TfidfVectorizer().fit_transform(X["review"].fillna(""))
        ).nnz
    )
    assert block.present.tolist() == [True, True, False, True] * 20
    assert model.score(X, y) == 1


def test_transformers_of_tables(data):
    values, y = data
    X = pd.DataFrame(values[:, :3], columns=list("abc")).assign(
        d=np.where(values[:, 1] > 0, "p", "q")
    )
    model = MultimodalClassifier(
        [
            ("pca", PCA(2), ["a", "b", "c"]),
            ("hot", OneHotEncoder(), ["d"]),
            ("gone", "drop", ["a"]),
        ],
        random_state=0,
    ).fit(X, y)
    assert [name for name, *_ in model.modalities_] == ["pca", "hot"]
    assert model.score(X, y) > 0.8


def test_target_encoder_cross_fits(data):
    """Its fit_transform is out of fold; fit().transform() would leak the target."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"id": [f"user {i}" for i in range(300)]})
    y = rng.integers(0, 2, 300)
    encoder = TransformerEncoder(TargetEncoder())
    block = encoder.fit_transform(X, y)
    leaked = np.corrcoef(encoder.transform(X)[0][:, 0], y)[0, 1]
    assert leaked > 0.9
    assert abs(np.corrcoef(block[0][:, 0], y)[0, 1]) < 0.3


def test_transformer_gets_the_sample_weight():
    class Weighted(PCA):
        def fit_transform(self, X, y=None, sample_weight=None):
            self.total_ = None if sample_weight is None else sample_weight.sum()
            return super().fit_transform(X)

        def fit(self, X, y=None, sample_weight=None):
            return self

    X = pd.DataFrame(np.eye(4))
    encoder = TransformerEncoder(Weighted(2))
    encoder.fit_transform(X, sample_weight=np.full(4, 2.0))
    assert encoder.transformer_.total_ == 8
