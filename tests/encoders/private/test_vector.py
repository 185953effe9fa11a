"""Vectors of length one, of a public network or from columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from skmm.encoders import UnitVectorEncoder
from skmm.feature_extraction import TextEmbedder


def embed(texts):
    return np.array([[len(text), text.count("a")] for text in texts], dtype=float)


def test_columns_of_numbers():
    X = pd.DataFrame({"a": [3.0, 1e200, None, np.inf], "b": [-4.0, 0.0, None, 2.0]})
    block = UnitVectorEncoder().fit_transform(X)
    expected = [[0.6, -0.8], [1, 0], [0, 0], [0, 1]]
    np.testing.assert_allclose(block[0].numpy(), expected, rtol=1e-6)
    assert block.present.tolist() == [True, True, False, True]


def test_a_public_network():
    X = pd.DataFrame({"text": ["aaaa", "bb", None]})
    encoder = UnitVectorEncoder(TextEmbedder(embed))
    block = encoder.fit_transform(X)
    np.testing.assert_allclose(block[0].numpy()[0], np.sqrt([0.5, 0.5]), rtol=1e-6)
    assert block.present.tolist() == [True, True, False]
    again = encoder.transform(X[1:2])
    np.testing.assert_array_equal(again[0].numpy()[0], block[0].numpy()[1])


@pytest.mark.parametrize(
    ("embedder", "message"),
    [
        (StandardScaler(), "StandardScaler.*only an Embedder"),
        (TextEmbedder(embed, n_components=1), "n_components=1.*principal components"),
        (TextEmbedder("minilm", tune="lora"), "tune='lora'.*learns"),
    ],
)
def test_what_learns_from_the_rows(embedder, message):
    with pytest.raises(ValueError, match=message):
        UnitVectorEncoder(embedder).fit_transform(pd.DataFrame({"text": ["a"]}))
