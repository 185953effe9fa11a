"""What terms are: words, signs of scripts without spaces, a tokenizer's tokens."""

import re

import numpy as np
import pandas as pd
import pytest

from skmm.feature_extraction import TextVectorizer


def names_of(texts, **options):
    options = {"min_frequency": 1, **options}
    vectorizer = TextVectorizer("tfidf", **options).fit(texts)
    return {name.removeprefix("x0__") for name in vectorizer.get_feature_names_out()}


def test_auto_takes_words_and_unspaced_signs():
    terms = names_of(["Not good! 很好吃 ok"])
    assert {"not", "not good", "!", "很", "很好", "很好吃", "好吃"} <= terms
    assert "not good !" not in terms


def test_auto_with_a_range_takes_the_same_terms():
    texts = ["not good at all!", "很好吃 good 很好", "not good"]
    vectorizer = TextVectorizer("tfidf", ngram_range=(1, 2), min_frequency=1)
    terms = {t for t in names_of(texts) if not re.fullmatch("[很好吃]{3}", t)}
    assert names_of(texts, ngram_range=(1, 2)) == terms
    assert "not good at all" in names_of(texts, ngram_range=(1, 4))
    assert vectorizer.fit_transform(texts).nnz > 0


def test_hashing_reads_the_terms_of_tfidf():
    texts = ["not good at all!", "很好吃 good 很好吃"]
    out = TextVectorizer("hashing").fit_transform(texts)
    tfidf = TextVectorizer("tfidf", min_frequency=1).fit_transform(texts)
    assert np.diff(out.indptr).tolist() == np.diff(tfidf.indptr).tolist()


def tag_parts(text):
    """Stand in for spaCy: words with a part of speech."""
    return [f"{word}/{'N' if word[0].isupper() else 'X'}" for word in text.split()]


@pytest.mark.parametrize("method", ["tfidf_svd", "tfidf", "hashing"])
def test_tokenizer(method):
    X = pd.DataFrame({"t": ["the Dress fits", "the Dress is soft", None]})
    vectorizer = TextVectorizer(method, tokenizer=tag_parts)
    assert vectorizer.fit_transform(X).shape[0] == 3
    if method == "tfidf":
        expected = ["t__Dress/N", "t__the/X", "t__the/X Dress/N"]
        assert vectorizer.get_feature_names_out().tolist() == expected
