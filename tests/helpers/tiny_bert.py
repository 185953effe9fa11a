"""A BERT of two small layers with random weights, which no hub is asked for."""

import atexit
import functools
import pathlib
import shutil
import tempfile

WORDS = [
    "it",
    "was",
    "soft",
    "warm",
    "fine",
    "hard",
    "cold",
    "bad",
    "today",
    "red",
    "blue",
    "old",
    "new",
    "and",
    "the",
    "is",
]


def save_tiny_bert(path, words, **options):
    """Save a sentence-transformers model in a folder, and give that.

    Parameters
    ----------
    path : pathlib.Path
    words : list of str
        Of the vocabulary.
    **options
        Of the BERT.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    network = path / "bert"
    network.mkdir()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (network / "vocab.txt").write_text("\n".join([*special, *words]))
    options = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 32,
        "initializer_range": 0.2,
    } | options
    config = BertConfig(vocab_size=len(special) + len(words), **options)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(network)
    BertTokenizer(str(network / "vocab.txt")).save_pretrained(network)
    transformer = Transformer(str(network), max_seq_length=32)
    pooling = Pooling(transformer.get_embedding_dimension())
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
    model.save(str(path / "sentence"), create_model_card=False)
    return str(path / "sentence")


@functools.cache
def tiny_bert():
    """Give the folder of a model over `WORDS`, made once a process."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return save_tiny_bert(pathlib.Path(folder), WORDS)
