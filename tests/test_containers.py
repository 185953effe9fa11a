"""One table in the containers that people have it in: the same model, the same rows."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from skmm import MultimodalClassifier
from skmm.feature_extraction import MultimodalVectorizer
from skmm.modalities import detect_modalities

N_ROWS = 60


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    words = np.array(["soft", "rough"])
    target = rng.integers(0, 2, N_ROWS)
    return pd.DataFrame(
        {
            "size": rng.normal(size=N_ROWS) + target,
            "feel": words[target],
            "vector": list(rng.normal(size=(N_ROWS, 3))),
        }
    )


def to_dataset(frame):
    return pytest.importorskip("datasets").Dataset.from_pandas(frame)


CONTAINERS = {
    "polars": pl.from_pandas,
    "Arrow": pa.Table.from_pandas,
    "a batch of Arrow": pa.RecordBatch.from_pandas,
    "dataset": to_dataset,
    "dicts": lambda frame: frame.to_dict("records"),
    "dicts in any order": lambda frame: [
        dict(sorted(row.items(), reverse=i % 2))
        for i, row in enumerate(frame[["feel", "size", "vector"]].to_dict("records"))
    ],
}


@pytest.mark.parametrize("convert", CONTAINERS.values(), ids=CONTAINERS)
def test_a_model_reads_any_container(frame, convert):
    X, y = convert(frame), frame["feel"]
    assert {name for name, _, _ in detect_modalities(X)} == {"tabular", "vector"}
    model = MultimodalClassifier(max_epochs=2, random_state=0, early_stopping=False)
    expected = model.fit(frame, y).predict_proba(frame)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-6)
    features = MultimodalVectorizer().fit(frame)
    np.testing.assert_allclose(
        np.asarray(features.transform(X)), np.asarray(features.transform(frame))
    )


def test_a_model_is_fitted_on_any_container(frame):
    model = MultimodalClassifier(
        heads=["fused", "linear"], max_epochs=2, random_state=0
    )
    expected = clone(model).fit(frame, frame["feel"]).predict_proba(frame)
    for convert in (pa.Table.from_pandas, to_dataset, CONTAINERS["dicts"]):
        model.fit(convert(frame), frame["feel"])
        assert model.feature_names_in_.tolist() == frame.columns.tolist()
        np.testing.assert_allclose(model.predict_proba(frame), expected, rtol=1e-6)


def test_a_row_as_it_comes_over_the_web(frame):
    model = MultimodalClassifier(max_epochs=2, random_state=0)
    model.fit(frame, frame["feel"])
    # A key that is absent is a missing cell; one that is not known is refused.
    expected = model.predict_proba(
        pd.DataFrame({"size": [None], "feel": ["soft"], "vector": [None]})
    )
    np.testing.assert_array_equal(model.predict_proba([{"feel": "soft"}]), expected)
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- fell"):
        model.predict([{"fell": "soft"}])
