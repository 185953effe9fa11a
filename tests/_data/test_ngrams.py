"""What a token is: signs that carry meaning are kept, spellings of a word are one."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm._data.ngrams import NgramCounter
from skmm._plain.tokens import split_tokens
from skmm.encoders import TextEncoder
from skmm.feature_extraction import TextVectorizer

DIFFERENT = [
    ("nice :)", "nice :("),
    ("nice :-)", "nice :-("),
    ("nice=)", "nice=("),
    ("so :D", "so :P"),
    ("so ;)", "so :)"),
    ("we use C++", "we use C#"),
    ("we use C++.", "we use C."),
    ("grade A+", "grade A"),
    ("it costs $5", "it costs €5"),
    ("it costs £5", "it costs ¥5"),
    ("it costs ₹5", "it costs ₽5"),
    ("up 5%", "up 5"),
    ("a change of -3", "a change of 3"),
    ("a change of (-3)", "a change of (3)"),
    ("a change of -0.5", "a change of +0.5"),
    ("p < 0.05", "p > 0.05"),
    ("p<.05 or x<5", "p<.05 or x>5"),
    ("n >= 5", "n > 5"),
    ("fine!!!", "fine"),
    ("fine!!!", "fine!"),
    ("fine?", "fine!"),
    ("fine...", "fine"),
    ("fine…", "fine"),
    ("well 👍", "well 👎"),
    ("well ❤", "well 💔"),
    ("I <3 it", "I 3 it"),
    ("ｎｉｃｅ：）", "ｎｉｃｅ：（"),
]


@pytest.mark.parametrize("one, other", DIFFERENT)
@pytest.mark.parametrize("around", ["", " été"])
def test_signs_that_carry_meaning(one, other, around):
    assert split_tokens(one + around) != split_tokens(other + around)


ALIKE = [
    ("كِتَابٌ", "كتاب"),
    ("كتـــاب", "كتاب"),
    ("שָׁלוֹם", "שלום"),
    ("می\u200cخواهم", "میخواهم"),
    ("co\u00adoperate", "cooperate"),
    ("café", unicodedata.normalize("NFD", "café")),
    ("ＡＢＣ １２", "abc 12"),
    ("ﬁne\u00a0print", "fine print"),
    ("❤\ufe0f", "❤"),
    ("Straße", "STRAßE"),
]


@pytest.mark.parametrize("one, other", ALIKE)
def test_spellings_of_a_word(one, other):
    assert split_tokens(one) == split_tokens(other)


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("at 10:30, see list:do", "at 10 30 see list do"),
        ("http://x.org/a", "http x org a"),
        ("2022-01-03 and 3-4", "2022 01 03 and 3 4"),
        ("a+b, well-known", "a b well known"),
        ("<br />bold</b> -> there", "br bold b there"),
        ("हिन्दी में", "हिन्दी में"),
        ("-- --- .", ""),
    ],
)
def test_what_is_no_sign(text, tokens):
    assert split_tokens(text) == tokens.split()


@pytest.fixture(scope="module")
def moods():
    rng = np.random.default_rng(0)
    sad = rng.integers(0, 2, 300)
    words = rng.choice(["the dress", "a shirt", "this skirt", "my coat"], (300, 3))
    faces = np.where(sad, ":(", ":)")
    texts = [f"{' and '.join(row)} {face}" for row, face in zip(words, faces)]
    return pd.DataFrame({"review": texts}), sad


def test_a_face_alone_tells_the_class(moods):
    X, sad = moods
    model = MultimodalClassifier(max_epochs=10, random_state=0).fit(X[:200], sad[:200])
    assert model.score(X[200:], sad[200:]) == 1
    vectorizer = TextVectorizer("tfidf")
    vectorizer.fit(X)
    assert "review__:(" in vectorizer.get_feature_names_out().tolist()


def test_networks_read_the_same_tokens(moods):
    pytest.importorskip("tokenizers")
    X, sad = moods
    encoder = TextEncoder(backbone="cnn", wide=False, dropout=0.0)
    model = MultimodalClassifier(
        [("text", encoder, ["review"])], max_epochs=8, heads=["fused"], random_state=0
    )
    model.fit(X[:200], sad[:200])
    assert model.score(X[200:], sad[200:]) == 1
    vowels = pd.DataFrame({"review": ["كِتَابٌ ab", "كتاب cd"] * 20})
    ids = TextEncoder(backbone="cnn").fit_transform(vowels)[0].indices
    assert ids[0] == ids[2] and ids[1] != ids[3]


def test_many_texts_are_counted_as_few_are(monkeypatch):
    texts = ["a b c", "", "b c 你好", "a b", "你好 c c", ""] * 2
    whole = NgramCounter(2)
    expected = whole.fit_transform(texts)
    monkeypatch.setattr("skmm._data.ngrams._CHUNK", 5)
    counter = NgramCounter(2)
    np.testing.assert_array_equal(
        counter.fit_transform(texts).toarray(), expected.toarray()
    )
    assert counter.ngrams() == whole.ngrams()
    np.testing.assert_array_equal(
        counter.transform(texts).toarray(), expected.toarray()
    )
    assert counter.transform([]).shape == (0, len(whole.ngrams()))


def test_names_are_read_by_their_characters():
    endings = ["ina", "ert"]
    names = [
        f"{a}{b}{endings[i % 2]}"
        for i, a in enumerate("bcdfgklmn")
        for b in ["al", "or", "ez", "un", "ik", "om"]
    ]
    counter = NgramCounter()
    counts = counter.fit_transform(names).toarray()
    assert counter.by_characters_
    place = counter.ngrams().index("ina ")
    assert counts[:, place].tolist() == [float(n.endswith("ina")) for n in names]
    other = counter.transform(["Carina", "ina carter", ""]).toarray()
    assert other[:, place].tolist() == [1, 1, 0]
    assert not other[2].any()


@pytest.mark.parametrize(
    "texts",
    [
        ["red shoe", "blue shoe", "red hat", "blue hat"] * 20,  # words that return
        [f"w{i} w{i + 1} w{i + 2} w{i + 3} w{i + 4}" for i in range(0, 400, 5)],
        ["anna", "berta", "clara"],  # too few to tell
    ],
)
def test_other_texts_are_read_by_their_words(texts):
    counter = NgramCounter()
    counter.fit_transform(texts)
    assert not counter.by_characters_
