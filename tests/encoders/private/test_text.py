"""Texts by hashed n-grams."""

import numpy as np
import pandas as pd
import pytest

from skmm.encoders import HashedTextEncoder


@pytest.mark.parametrize("ngrams", ["words", "characters"])
def test_rows_are_read_by_themselves(ngrams):
    encoder = HashedTextEncoder(128, ngrams)
    texts = ["Good fit", "good FIT good fit", "", None, "другое дело"]
    X = pd.DataFrame({"a": texts, "b": texts[::-1]})
    block = encoder.fit_transform(X)
    found = block[0].to_scipy()
    alone = [
        HashedTextEncoder(128, ngrams).fit_transform(X[i : i + 1]) for i in range(5)
    ]
    expected = np.concatenate([one[0].to_scipy().toarray() for one in alone])
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.shape == (5, 256) and encoder.n_features_ == 256
    assert block.present.tolist() == [True, True, False, True, True]
    lengths = np.linalg.norm(found.toarray()[:, :128], axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0, 0, 1], rtol=1e-6)


def test_empty_texts_may_be_told_from_missing_ones():
    X = pd.DataFrame({"a": ["", None, "x"]})
    block = HashedTextEncoder(8, empty_is_missing=False).fit_transform(X)
    assert block.present.tolist() == [True, False, True]


def test_what_is_no_text_is_read_as_one():
    X = pd.DataFrame({"a": pd.Series(["7 up", 7, ["up"]], dtype=object)})
    assert HashedTextEncoder(64).fit_transform(X).present.all()
