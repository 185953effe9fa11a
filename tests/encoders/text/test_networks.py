"""TextEncoder's networks: tokens, words' vectors, pooling, pretrained and tuned."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_bert import WORDS, tiny_bert

from skmm import MultimodalClassifier
from skmm._data.containers import Csr
from skmm._pretrained.lora import LowRank
from skmm._training.learning_rates import scaled_parameters
from skmm.augmentation import TokenDrop, TokenReplace, TokenSwap
from skmm.encoders import TextEncoder, VectorEncoder
from skmm.feature_extraction import TextEmbedder

pytest.importorskip("tokenizers")

NETWORKS = ["cnn", "lstm", "gru", "transformer"]
PADDING, UNKNOWN, SEPARATOR = 0, 1, 2


def frame(*texts, **columns):
    return pd.DataFrame(columns or {"text": list(texts)}, dtype=object)


def fit(X, backbone="cnn", **options):
    encoder = TextEncoder(backbone, **{"min_frequency": 1, **options})
    return encoder, encoder.fit_transform(X)


def words_of(encoder, block):
    """The tokens of each row as strings."""
    names = {i: word for word, i in encoder.reader_.vocabulary_.ids_.items()}
    ids, ends = block[0].indices.tolist(), block[0].indptr.tolist()
    return [[names[i] for i in ids[a:b]] for a, b in zip(ends, ends[1:])]


def module_of(encoder, width=8):
    torch.manual_seed(0)
    return encoder.build_module(width).eval()


# ---------------------------------------------------------------- tokens


def test_vocabulary_is_of_the_training_rows_only():
    encoder, _ = fit(frame("Soft and warm", "cold"), max_length=9)
    block = encoder.transform(frame("soft and HARD!", "warm 5 cold"))
    assert words_of(encoder, block) == [
        ["soft", "and", "<unknown>", "<unknown>"],
        ["warm", "<unknown>", "cold"],
    ]


def test_rare_words_are_unknown_and_the_frequent_ones_known():
    X = frame("a b", "a b", "a c", "c d", "a d e")
    encoder, block = fit(X, min_frequency=2)
    assert words_of(encoder, block)[4] == ["a", "d", "<unknown>"]
    encoder, block = fit(X, vocabulary_size=4)
    assert set(encoder.reader_.vocabulary_.ids_) == {
        *("<padding>", "<unknown>", "<separator>", "a")
    }


@pytest.mark.parametrize("tokenizer", ["word", "bpe"])
def test_vocabulary_does_not_depend_on_the_order_of_rows(tokenizer):
    X = frame("b a c d", "d c e", "a f", "g h i e", "这家餐厅的菜很好吃")
    first, _ = fit(X, tokenizer=tokenizer, vocabulary_size=12)
    second, _ = fit(X[::-1], tokenizer=tokenizer, vocabulary_size=12)
    assert first.reader_.vocabulary_.ids_ == second.reader_.vocabulary_.ids_


def test_names_of_special_tokens_in_a_text_are_only_text():
    encoder, block = fit(frame("<separator> <padding> [PAD]", "fine"))
    assert words_of(encoder, block)[0] == ["separator", "padding", "pad"]


def test_max_length():
    texts = ["one two three four five"] * 99 + ["six " * 50]
    encoder, block = fit(frame(*texts))
    lengths = block[0].indptr.diff()
    assert lengths.tolist() == [5] * 100  # 98 of 100 are read in full
    assert block.cost.tolist() == lengths.tolist()
    encoder, block = fit(frame(*texts), max_length=2)
    assert words_of(encoder, block)[0] == ["one", "two"]
    assert fit(frame(*["a " * 900] * 3))[0].reader_.tokens_.lengths_ == [512]


def test_columns_are_one_sequence():
    X = frame(title=["good", None, ""], body=["bad", "so so", None])
    encoder, block = fit(X, max_length=1)
    assert words_of(encoder, block) == [
        ["good", "<separator>", "bad"],
        ["<separator>", "so"],
        ["<separator>"],
    ]
    assert block.present.tolist() == [True, True, False]


@pytest.mark.parametrize("backbone", NETWORKS)
def test_a_word_in_another_column_is_another_word(backbone):
    X = frame(title=["good", "bad"], body=["bad", "good"])
    encoder, block = fit(X, backbone, pooling="mean")
    module = module_of(encoder)
    vectors = module(block).vectors
    with torch.no_grad():
        module.embedding.columns.zero_()
    if backbone == "transformer":
        with torch.no_grad():
            module.backbone.places.zero_()
    assert (vectors[0] - vectors[1]).abs().max() > 1e-3
    if backbone == "transformer":  # it sees no order but by places and columns
        same = module(block).vectors
        torch.testing.assert_close(same[0], same[1])


def test_texts_without_a_token_are_unknown():
    encoder, block = fit(frame("---", "fine", " "))
    assert words_of(encoder, block) == [["<unknown>"], ["fine"], ["<unknown>"]]
    assert block.present.tolist() == [True, True, False]
    assert torch.isfinite(module_of(encoder)(block).vectors).all()


def test_scripts_without_spaces():
    X = frame("菜很好吃", "สวย", "It's 好")
    encoder, block = fit(X)
    assert words_of(encoder, block)[0] == list("菜很好吃")
    assert words_of(encoder, block)[2] == ["it", "s", "好"]
    texts = ["好吃的菜", "菜不好吃", "很好吃", "不好吃"] * 5
    encoder, block = fit(frame(*texts), tokenizer="bpe")
    assert block[0].indptr.diff().max() < 4  # some signs have become words


def test_parts_of_words():
    X = frame(*["walking talking walked talked"] * 5)
    encoder, _ = fit(X, tokenizer="bpe", vocabulary_size=24)
    block = encoder.transform(frame("balking"))
    found = words_of(encoder, block)[0]
    assert len(found) > 1 and "<unknown>" in found  # no b was seen
    assert not all(token.startswith("▁") for token in found)


def test_parts_of_words_are_the_same_each_time():
    X = frame(*["soft warm fine hard cold bad", "sofa war fin hare code bald"] * 5)
    first, *others = [
        fit(X, tokenizer="bpe")[0].reader_.vocabulary_.ids_ for _ in range(8)
    ]
    assert all(other == first for other in others)


def test_broken_text_is_read():
    _, block = fit(frame("half \ud83d pair", "fine"))
    assert len(block) == 2


def test_tokens_are_ragged_and_the_wide_head_reads_ngrams():
    X = frame("soft and warm", "cold")
    encoder, block = fit(X)
    assert isinstance(block[0], Csr) and block[0].values is None
    bag = TextEncoder(min_frequency=1).fit_transform(X)
    assert block[-1].indices.tolist() == bag[0].indices.tolist()
    assert encoder.build_wide(3)(block).shape == (2, 3)
    encoder, block = fit(X, wide=False)
    assert len(block.parts) == 1 and encoder.build_wide(3) is None


# ---------------------------------------------------------------- networks


def test_word_vectors(tmp_path):
    X = frame("soft warm cold", "soft hard")
    vectors = {"soft": [3.0, 0.0, 0.0], "cold": [0.0, 0.0, 6.0], "other": [1, 1, 1]}
    path = tmp_path / "vectors.txt"
    path.write_text(
        "3 3\n" + "\n".join(f"{w} {' '.join(map(str, v))} " for w, v in vectors.items())
    )
    weights = []
    for given in (vectors, path, str(path)):
        encoder, _ = fit(X, word_vectors=given)
        weights.append(module_of(encoder).embedding.words.detach())
        ids = encoder.reader_.vocabulary_.ids_
        soft, cold, hard = (weights[-1][ids[word]] for word in ("soft", "cold", "hard"))
        # Directions and their lengths to each other stay; the unknown are random.
        assert soft[0] > 0 and soft[1:].tolist() == [0, 0]
        torch.testing.assert_close(cold.norm(), 2 * soft.norm())
        assert hard.abs().min() > 0
    torch.testing.assert_close(weights[0], weights[1], atol=0, rtol=0)


def test_word_vectors_that_cannot_be(tmp_path):
    X = frame("soft warm", "cold")
    for given, message in [
        ({"Soft": [1.0]}, "none of the 6 words"),
        ({"soft": [1.0], "warm": [1.0, 2.0]}, "one length"),
        (tmp_path / "nowhere.txt", "is no file"),
    ]:
        with pytest.raises(ValueError, match=message):
            fit(X, word_vectors=given)
    broken = tmp_path / "broken.txt"
    broken.write_text("soft 1.0 x\n")
    with pytest.raises(ValueError, match="line 1 is no word and its numbers"):
        fit(X, word_vectors=broken)
    with pytest.raises(ValueError, match="embedding=5, but word_vectors are of 2"):
        fit(X, word_vectors={"soft": [1.0, 2.0]}, embedding=5)
    with pytest.raises(ValueError, match="tokenizer='bpe'"):
        fit(X, word_vectors={"soft": [1.0]}, tokenizer="bpe")


@pytest.mark.parametrize("backbone", NETWORKS)
@pytest.mark.parametrize("pooling", ["attention", "mean", "max"])
def test_pooling_sees_no_padding(backbone, pooling):
    encoder, block = fit(
        frame("soft and warm", "cold", "so"), backbone, pooling=pooling
    )
    module = module_of(encoder)
    alone = module(block.take(torch.tensor([1]))).vectors
    torch.testing.assert_close(module(block).vectors[[1]], alone)


def test_attention_starts_as_the_mean():
    X = frame("soft and warm", "cold")
    vectors = [
        module_of(fit(X, pooling=pooling)[0])(fit(X)[1]).tokens
        for pooling in ("attention", "attention")
    ]
    torch.testing.assert_close(*vectors)
    encoder, block = fit(X)
    module = module_of(encoder)
    attended = module(block).vectors
    module.readout.pooling = "mean"
    torch.testing.assert_close(module(block).vectors, attended)


def test_tokens_for_fusions_that_attend():
    X = frame(*["soft and warm", "cold"] * 20)
    y = np.arange(40) % 2
    encoder = TextEncoder("gru", embedding=8)
    model = MultimodalClassifier(
        [("text", encoder, "text")], fusion="transformer", max_epochs=2, random_state=0
    )
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


# ---------------------------------------------------------------- augmentation


IDS = torch.tensor([[3, 4, 2, 5, 6], [7, 8, 9, 0, 0]])
MASK = IDS != 0


def test_drop_keeps_order_separators_and_a_token():
    torch.manual_seed(0)
    ids, mask = TokenDrop(0.5)(IDS, MASK)
    for before, after, there in zip(IDS, ids, mask):
        kept = after[there].tolist()
        assert kept == [i for i in before.tolist() if i in kept]
        assert (after[~there] == 0).all() and there.sort(descending=True)[0].equal(
            there
        )
    assert 2 in ids[0]
    ids, mask = TokenDrop(1.0)(IDS, MASK)
    assert ids[0][mask[0]].tolist() == [2]
    assert mask[1].sum() == 1 and ids[1][0] in IDS[1, :3]
    assert TokenDrop(0.0)(IDS, MASK)[0].equal(IDS)


def test_swap_moves_neighbours_within_a_column():
    torch.manual_seed(0)
    ids, mask = TokenSwap(1.0)(IDS, MASK)
    assert ids.tolist() == [[4, 3, 2, 6, 5], [8, 7, 9, 0, 0]]
    assert mask.equal(MASK)
    for _ in range(5):
        ids, _ = TokenSwap(0.3)(IDS, MASK)
        assert ids.sort(dim=1)[0].equal(IDS.sort(dim=1)[0])
    assert TokenSwap(1.0)(IDS[:, :1], MASK[:, :1])[0].equal(IDS[:, :1])


def test_replace_by_the_batch_and_by_synonyms():
    torch.manual_seed(0)
    ids, mask = TokenReplace(1.0)(IDS, MASK)
    assert set(ids[mask].tolist()) <= {2, 3, 4, 5, 6, 7, 8, 9}
    assert (ids == 2).nonzero().tolist() == [[0, 2]] and (ids[~mask] == 0).all()
    vocabulary = {"nice": 3, "fine": 4, "good": 5, "day": 6}
    for by in (
        {"nice": ["fine", "good", "new"], "day": "morning"},
        lambda word: ["fine", "good"] if word == "nice" else None,
    ):
        replace = TokenReplace(1.0, by).bind(vocabulary, 2)
        found = {tuple(replace(IDS[:1], MASK[:1])[0][0].tolist()) for _ in range(20)}
        assert found == {(4, 4, 2, 5, 6), (5, 4, 2, 5, 6)}
        pickle.loads(pickle.dumps(replace))
    with pytest.raises(ValueError, match="has to know a vocabulary"):
        TokenReplace(1.0, {"a": "b"})(IDS, MASK)


@pytest.mark.parametrize("backbone", ["cnn", "pretrained"])
def test_augmentation_in_training_only(backbone):
    X = frame("soft warm fine", "cold bad")
    options = {"model": tiny_bert(), "tune": "full"} if backbone == "pretrained" else {}
    seen = []

    def watch(ids, mask):
        seen.append(ids)
        return ids, mask

    synonyms = {"soft": "cold", "fine": "bad"}
    encoder, block = fit(
        X, backbone, augment=[TokenReplace(1.0, synonyms), watch], **options
    )
    module = module_of(encoder)
    plain = module(block).vectors
    assert not seen
    module.train()(block)
    before = block[0].indices[:3].tolist()
    after = seen[0][0, :3].tolist()
    assert [a == b for a, b in zip(after, before)] == [False, True, False]
    torch.testing.assert_close(module.eval()(block).vectors, plain)


@pytest.mark.parametrize("options", [{}, {"backbone": "pretrained"}])
def test_nothing_to_augment(options):
    with pytest.raises(ValueError, match="changes the tokens of each batch"):
        TextEncoder(**options, augment="drop").fit_transform(frame("a", "b"))


# ---------------------------------------------------------------- pretrained


X_SMALL = frame(
    title=["soft and warm", "cold", None, "bad"],
    body=["it was fine today", None, None, "it was the hard red"],
)


def test_frozen_is_an_embedder_and_a_vector_encoder():
    folder = tiny_bert()
    encoder, block = fit(X_SMALL, "pretrained", model=folder, wide=False)
    vectors = VectorEncoder()
    expected = vectors.fit_transform(
        pd.DataFrame(TextEmbedder(folder).fit_transform(X_SMALL))
    )
    torch.testing.assert_close(block[0], expected[0])
    assert block.present.tolist() == expected.present.tolist()
    torch.manual_seed(0)
    module = vectors.build_module(8).eval()
    torch.testing.assert_close(module_of(encoder)(block), module(expected))


def test_frozen_has_a_bag_of_ngrams_beside_it():
    encoder, block = fit(X_SMALL, "pretrained", model=tiny_bert(), min_frequency=1)
    module = module_of(encoder)
    module(block).square().sum().backward()
    moved = [name for name, p in module.named_parameters() if p.grad.abs().sum() > 0]
    assert any("table" in name for name in moved)  # the bag's
    assert any("table" not in name for name in moved)  # the vector's
    assert encoder.build_wide(3)(block).shape == (4, 3)


def test_tuned_reads_columns_as_one_sequence():
    encoder, block = fit(X_SMALL, "pretrained", model=tiny_bert(), tune="full")
    ids, mask = module_of(encoder).read(*block.parts)
    ids, mask = encoder.reader_.special_.enclose(ids, mask)
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    rows = [[names[i] for i in row[there]] for row, there in zip(ids, mask)]
    assert " ".join(rows[0]) == "[CLS] soft and warm [SEP] it was fine today [SEP]"
    assert " ".join(rows[1]) == "[CLS] cold [SEP] [SEP]"


def test_tuned_reads_no_more_than_the_network_can():
    X = frame(title=["soft " * 40], body=["warm " * 40])
    encoder, block = fit(X, "pretrained", model=tiny_bert(), tune="head")
    assert block[0].indptr.tolist() == [0, 29]  # 28 words of 32 tokens, and between
    assert encoder.reader_.tokens_.lengths_ == [14, 14]
    assert torch.isfinite(module_of(encoder)(block).vectors).all()


def train(tune, steps=2, **options):
    """Give a module before and after some steps, and what it was named."""
    encoder, block = fit(X_SMALL, "pretrained", model=tiny_bert(), tune=tune, **options)
    module = module_of(encoder).train()
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    learned = [p for _, _, p in scaled_parameters(module)]
    optimizer = torch.optim.AdamW(learned, lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        module(block).vectors[:, :3].square().sum().backward()
        optimizer.step()
    changed = {
        name
        for name, parameter in module.named_parameters()
        if not parameter.equal(before[name]) and name.startswith("network")
    }
    return module, changed


def test_head_tunes_the_last_layer():
    module, changed = train("head")
    assert changed
    assert all(name.startswith("network.encoder.layer.1.") for name in changed)


def test_lora_tunes_its_additions_alone():
    module, changed = train("lora")
    assert changed and all(".lora." in name for name in changed)
    additions = [part for part in module.modules() if isinstance(part, LowRank)]
    assert len(additions) == 12  # six linear layers in each of two
    assert additions[0].up.shape == (16, 8)


def test_lora_starts_where_the_network_is():
    plain, lora = (
        fit(X_SMALL, "pretrained", model=tiny_bert(), tune=tune)
        for tune in ("full", "lora")
    )
    tokens = []
    for encoder, block in (plain, lora):
        module = module_of(encoder)
        ids, mask = module.special.enclose(*module.read(*block.parts))
        tokens.append(module.network(ids, attention_mask=mask.long())[0])
    torch.testing.assert_close(*tokens)


@pytest.mark.parametrize("freeze", [True, False])
def test_full_tunes_all_but_the_table_of_words(freeze):
    _, changed = train("full", freeze_embeddings=freeze)
    table = "network.embeddings.word_embeddings.weight"
    assert (table in changed) == (not freeze)
    assert "network.embeddings.position_embeddings.weight" in changed
    assert "network.encoder.layer.0.output.dense.weight" in changed


def test_layer_decay():
    encoder, _ = fit(
        X_SMALL, "pretrained", model=tiny_bert(), tune="full", layer_decay=0.5
    )
    module = module_of(encoder)
    rates = {id(p): scale for scale, _, p in scaled_parameters(module)}
    first, last = (
        rates[id(layer.output.dense.weight)] for layer in module.network.encoder.layer
    )
    places = rates[id(module.network.embeddings.position_embeddings.weight)]
    assert (places, first) == (pytest.approx(0.25 * last), pytest.approx(0.5 * last))


def test_gradient_checkpointing_changes_no_gradient():
    gradients = []
    for checkpointing in (False, True):
        encoder, block = fit(
            X_SMALL,
            "pretrained",
            model=tiny_bert(),
            tune="full",
            gradient_checkpointing=checkpointing,
            dropout=0.0,
        )
        module = module_of(encoder).train()
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        for layer in module.network.encoder.layer:
            layer.attention.self.dropout_prob = 0.0
        module(block).vectors.square().sum().backward()
        weight = module.network.encoder.layer[0].output.dense.weight
        gradients.append(weight.grad)
        flags = [getattr(m, "gradient_checkpointing", False) for m in module.modules()]
        assert any(flags) == checkpointing
    torch.testing.assert_close(*gradients)


def test_a_given_model_stays_as_it_is():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(tiny_bert(), device="cpu")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    encoder, block = fit(X_SMALL, "pretrained", model=model, tune="lora")
    module_of(encoder)(block)
    after = model.state_dict()
    assert set(after) == set(before)
    assert all(after[name].equal(before[name]) for name in before)


def test_a_model_without_layers():
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))
    embedding = StaticEmbedding(tokenizer, embedding_dim=4)
    model = SentenceTransformer(modules=[embedding], device="cpu")
    with pytest.raises(ValueError, match="is no transformer network.*tune='frozen'"):
        fit(X_SMALL, "pretrained", model=model, tune="full")


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "options, message",
    [
        ({"backbone": "rnn"}, "'bag', 'cnn', 'lstm'.*Got 'rnn'"),
        ({"backbone": "cnn", "augment": "shuffle"}, "'auto', 'drop', .*'shuffle'"),
        ({"backbone": "bag", "word_vectors": {}}, "backbone='bag'"),
    ],
)
def test_options_that_cannot_be(options, message):
    encoder = TextEncoder(**options)
    with pytest.raises(ValueError, match=message):
        encoder.fit_transform(frame("a b", "c"))
        encoder.build_module(8)
