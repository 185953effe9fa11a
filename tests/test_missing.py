"""Modalities that are missing in some rows, at fit or only later."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._data.blocks import Block
from skmm._data.containers import Csr
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.encoders import TextEncoder
from skmm.fusion import FUSIONS

QUICK = {"max_epochs": 2, "width": 8, "random_state": 0}


def with_vectors(X):
    """The frame with its numbers twice: in single columns, and as one of arrays."""
    numbers = X[[c for c in X if c.startswith("num_")]]
    cells = [
        None if row.isna().all() else row.to_numpy() for _, row in numbers.iterrows()
    ]
    return X.assign(vector=pd.Series(cells, index=X.index, dtype=object))


# -- what counts as missing ------------------------------------------------------------


@pytest.mark.parametrize("empty", [np.nan, pd.NA, "", " \t\n"], ids=repr)
def test_all_ways_to_write_a_missing_text_are_one(classification, empty):
    X, y = classification
    X = X.astype({"text_0": object})
    missing = X["text_0"].isna()
    assert missing.any()
    X.loc[missing, "text_0"] = None
    other = X.copy()
    other.loc[missing, "text_0"] = empty
    expected = MultimodalClassifier(**QUICK).fit(X, y).predict_proba(X)
    found = MultimodalClassifier(**QUICK).fit(other, y).predict_proba(other)
    assert np.array_equal(expected, found)


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA, [np.nan] * 4], ids=repr)
def test_all_ways_to_write_a_missing_vector_are_one(classification, empty):
    X, y = classification
    X = with_vectors(X)[["vector", "text_0"]]
    missing = X["vector"].isna()
    assert missing.any()
    other = X.copy()
    other["vector"] = [
        np.asarray(empty)
        if lacks and isinstance(empty, list)
        else empty
        if lacks
        else v
        for v, lacks in zip(X["vector"], missing)
    ]
    modalities = [("v", "vector", "vector"), ("t", "text", "text_0")]
    model = MultimodalClassifier(modalities, **QUICK).fit(X, y)
    assert np.array_equal(model.predict_proba(X), model.predict_proba(other))


def test_an_empty_text_may_be_a_text():
    X = pd.DataFrame({"a": ["good fit", "", " ", None]})
    for empty_is_missing, present in [
        (True, [True, False, False, False]),
        (False, [True, True, True, False]),
    ]:
        encoder = TextEncoder(empty_is_missing=empty_is_missing)
        assert encoder.fit_transform(X).present.tolist() == present
        assert encoder.transform(X).present.tolist() == present


# -- at predict ------------------------------------------------------------------------


@pytest.mark.parametrize("fusion", FUSIONS)
def test_missing_later_only(fusion):
    """Any pattern that training did not have; a row of nothing gets the prior."""
    X, y = make_multimodal_classification(120, random_state=0)
    model = MultimodalClassifier(fusion=fusion, **QUICK).fit(X, y)
    gaps = X.astype({"text_0": object})
    gaps.loc[::3, "text_0"] = None
    gaps.loc[::4, [c for c in X if c != "text_0"]] = np.nan
    proba = model.predict_proba(gaps)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    nothing = gaps.isna().all(axis=1)
    shares = np.bincount(y) / len(y)
    np.testing.assert_allclose(
        proba[nothing], np.broadcast_to(shares, (nothing.sum(), 2)), atol=0.02
    )
    whole = gaps.notna().all(axis=1)
    assert np.array_equal(proba[whole], model.predict_proba(X)[whole])


def test_a_row_of_nothing_gets_the_mean_of_the_target():
    X, y = make_multimodal_regression(120, random_state=0)
    model = MultimodalRegressor(validation=None, **QUICK).fit(X, y + 5)
    nothing = X.iloc[:2].astype(object)
    nothing[:] = None
    np.testing.assert_allclose(model.predict(nothing), (y + 5).mean(), rtol=1e-6)


@pytest.mark.parametrize("fusion", ["concat", "gated"])
def test_modality_dropout_prepares_for_what_is_missing_later(fusion):
    """A net that always saw the table is sure of itself without it, and wrong."""
    X, y = make_multimodal_classification(1200, n_classes=4, random_state=0)
    train, test = slice(None, 800), slice(800, None)
    gaps = X.assign(**{column: None for column in X if column != "text_0"})
    loss = {}
    for share in (0.0, 0.5):
        model = MultimodalClassifier(
            fusion=fusion,
            modality_dropout=share,
            heads=["fused"],
            learning_rate=5e-3,
            max_epochs=12,
            random_state=0,
        ).fit(X[train], y[train])
        loss[share] = log_loss(y[test], model.predict_proba(gaps[test]))
    assert loss[0.5] < loss[0.0] - 0.3


# -- nothing of an absent cell gets through --------------------------------------------


def garbage_in(block, number):
    """The block with other content in the rows that do not have the modality."""
    absent = ~block.present
    assert absent.any()
    parts = []
    for part in block.parts:
        if isinstance(part, Csr):
            stored = (part.values, part.indices, part.indptr)
            dense = scipy.sparse.csr_matrix(
                tuple(map(np.asarray, stored)), shape=(len(part), part.n_columns)
            ).toarray()
            dense[absent.numpy()] = number
            parts.append(scipy.sparse.csr_matrix(dense))
        elif part.is_floating_point():
            parts.append(torch.where(absent[:, None], number, part))
        else:
            parts.append(torch.where(absent[:, None], 1, part).to(part.dtype))
    return Block(*parts, present=block.present)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_no_encoder_and_fusion_lets_garbage_through(fusion):
    X, y = make_multimodal_classification(60, missing=0.3, random_state=0)
    numbers = [c for c in X if c.startswith("num_")]
    model = MultimodalClassifier(
        [
            ("tabular", "tabular", [c for c in X if c != "text_0"]),
            ("text", "text", "text_0"),
            ("sparse", TfidfVectorizer(), "text_0"),
            ("dense", StandardScaler(), numbers),
            ("vector", "vector", numbers),
        ],
        fusion=fusion,
        max_epochs=1,
        width=4,
        random_state=0,
    ).fit(X, y)
    blocks = model._blocks(X)
    learner = model._learner
    for number in [1e30, np.nan, np.inf]:
        other = {name: garbage_in(block, number) for name, block in blocks.items()}
        assert np.array_equal(learner.predict(blocks), learner.predict(other))
        assert np.array_equal(learner.embed(blocks), learner.embed(other))
