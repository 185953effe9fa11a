"""Free text: any script, columns with an identity, sparse all the way."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from skmm import MultimodalClassifier
from skmm._data.containers import Csr
from skmm.encoders import TextEncoder

CHINESE = (
    ["这家餐厅的菜很好吃", "味道鲜美服务热情", "非常喜欢这个地方", "价格便宜质量很好"],
    [
        "菜太难吃了不会再来",
        "服务态度非常差劲",
        "价格昂贵质量糟糕",
        "等了很久味道也不好",
    ],
)
JAPANESE = (
    ["とても美味しかったです", "店員さんが親切でした", "また行きたいと思います"],
    ["料理がまずかったです", "店員の態度が悪かった", "二度と行きたくないです"],
)
THAI = (
    ["อาหารอร่อยมาก", "บริการดีเยี่ยม", "ราคาถูกและคุณภาพดี"],
    ["อาหารไม่อร่อยเลย", "บริการแย่มาก", "ราคาแพงและคุณภาพต่ำ"],
)


def sentences(phrases, fillers, n, seed):
    """Join a phrase that tells the class and fillers that tell nothing."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    texts = []
    for label in y:
        parts = [*rng.choice(fillers, 2), rng.choice(phrases[label])]
        texts.append("".join(rng.permutation(parts)))
    return pd.DataFrame({"text": texts}), y


@pytest.mark.parametrize(
    "phrases, fillers",
    [
        (CHINESE, ["今天我们去了", "昨天和朋友一起", "上个星期天", "在市中心"]),
        (JAPANESE, ["昨日友達と", "駅の近くで", "日曜日に家族と", "初めて"]),
        (THAI, ["เมื่อวานนี้", "วันอาทิตย์", "กับเพื่อน", "ใกล้สถานี"]),
    ],
    ids=["Chinese", "Japanese", "Thai"],
)
def test_scripts_without_spaces(phrases, fillers):
    X, y = sentences(phrases, fillers, 200, seed=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    model = MultimodalClassifier(
        [("text", "text", "text")], max_epochs=8, learning_rate=1e-2, random_state=0
    )
    assert model.fit(X_train, y_train).score(X_test, y_test) >= 0.95


def test_tfidf_is_scikit_learns():
    texts = [
        "a good dress, good!",
        "bad dress",
        "good bad ugly",
        "a bad day",
        "a dress",
    ]
    block = TextEncoder().fit_transform(pd.DataFrame({"t": texts}))
    theirs = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
        token_pattern=r"\w+|[!?]",
    ).fit_transform(texts)
    ours = np.zeros(theirs.shape)
    indptr = block[0].indptr.numpy()
    for row in range(len(texts)):
        stored = slice(indptr[row], indptr[row + 1])
        ours[row, block[0].indices[stored]] = block[0].values[stored]
    # Columns are in another order: compare as sets of columns.
    np.testing.assert_allclose(
        ours[:, np.lexsort(ours.round(6))],
        theirs.toarray()[:, np.lexsort(theirs.toarray().round(6))],
        atol=1e-6,
    )


def test_columns_keep_their_identity():
    """A word says one thing in the title and the opposite in the body."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    words = np.array(["awful", "great"])
    X = pd.DataFrame({"title": words[y], "body": words[1 - y]})
    swapped = X.rename(columns={"title": "body", "body": "title"})[["title", "body"]]
    modalities = [("text", "text", ["title", "body"])]
    model = MultimodalClassifier(
        modalities, max_epochs=8, learning_rate=1e-2, random_state=0
    ).fit(X, y)
    assert model.score(X, y) == 1
    assert model.score(swapped, y) == 0


def test_presence_and_missing_text():
    X = pd.DataFrame({"a": ["word", "", None, " "], "b": [None, "word", None, ""]})
    block = TextEncoder(min_frequency=1).fit_transform(X)
    assert block.present.tolist() == [True, True, False, False]


def test_unknown_words_and_no_words_at_all():
    X = pd.DataFrame({"t": ["one two", "two three", "three one"] * 5})
    encoder = TextEncoder()
    encoder.fit_transform(X)
    block = encoder.transform(pd.DataFrame({"t": ["nothing known here", "...", "one"]}))
    assert block[0].indptr.tolist() == [0, 0, 0, 1]
    # Nothing is frequent enough: the modality still works, and says nothing.
    lonely = TextEncoder().fit_transform(pd.DataFrame({"t": ["aa", "bb", "cc"]}))
    assert lonely[0].n_columns == 0


def test_features_do_not_depend_on_the_order_of_rows():
    X, _ = sentences(CHINESE, ["今天", "昨天"], 50, seed=1)
    order = np.random.default_rng(0).permutation(50)
    first, second = TextEncoder(), TextEncoder()
    first.fit_transform(X)
    second.fit_transform(X.iloc[order])
    probe = [e.transform(X)[0] for e in (first, second)]
    assert probe[0].indices.tolist() == probe[1].indices.tolist()
    assert probe[0].values.tolist() == probe[1].values.tolist()


def test_stays_sparse_into_the_module():
    X, _ = sentences(CHINESE, ["今天", "昨天"], 50, seed=1)
    encoder = TextEncoder()
    block = encoder.fit_transform(X)
    assert isinstance(block[0], Csr)
    assert encoder.build_module(8)(block).shape == (50, 8)
    assert encoder.build_wide(3)(block).shape == (50, 3)


def test_max_features_keeps_the_most_frequent():
    X = pd.DataFrame({"t": ["a b", "a b", "a c", "c d", "d"]})
    encoder = TextEncoder(max_features=1)
    block = encoder.fit_transform(X)
    assert block[0].n_columns == 1
    assert np.diff(block[0].indptr.numpy()).tolist() == [1, 1, 1, 0, 0]


def test_other_cells_than_strings():
    numbers = TextEncoder(min_frequency=1).fit_transform(pd.DataFrame({"t": [12, 13]}))
    assert numbers[0].n_columns == 2
    with pytest.raises(ValueError, match="'t' is read as text, but 1 of 2 rows.*row 1"):
        TextEncoder().fit_transform(pd.DataFrame({"t": ["word", [1, 2]]}))


def test_bytes_are_no_text():
    X = pd.DataFrame({"a": ["good", b"bad"]})
    with pytest.raises(ValueError, match="'a'.*first at row 1: a bytes"):
        TextEncoder().fit_transform(X)
