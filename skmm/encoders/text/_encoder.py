"""Free text, learned end to end."""

from __future__ import annotations

import functools
import os
from collections import Counter
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import columns_of, read_strings, to_strings
from skmm._data.ngrams import NgramCounter, Tfidf, join_columns
from skmm._nn.sparse import SparseModule, SparseWide
from skmm._plain.spelling import is_missing_text
from skmm._plain.tokens import split_tokens
from skmm._utils.compat import HasMethods, Interval
from skmm._utils.validation import Names, check_options
from skmm.augmentation import augment_constraints
from skmm.encoders._base import Comparison, Encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import (
        Augment,
        Features,
        PathLike,
        SupportsEncode,
        SupportsLookup,
    )

_BACKBONES = ["bag", "cnn", "lstm", "gru", "transformer", "pretrained"]


class TextEncoder(Encoder):
    """Read free text: a bag of n-grams, a network over its words, or a pretrained one.

    The n-grams are also features of the heads "linear" and "wide", which help most with
    short texts and few rows. Each column has its own n-grams: a word in the title and
    the same word in the body are different. N-grams are single words and pairs of
    words; in scripts without spaces (Chinese, Japanese, Thai, ...) they are one to
    three characters. Of names and codes (at least 50 texts of up to three words on
    average, most of which no other text has) they are one to four characters, with a
    space at both ends. They are weighted by sublinear TF-IDF with rows of length one.

    A row has the modality if at least one of its text columns has a character that is
    not white space; with ``empty_is_missing=False``, if at least one is not missing.

    Parameters
    ----------
    backbone : {"bag", "cnn", "lstm", "gru", "transformer", "pretrained"}, \
default="bag"
        The network that reads the text:

        - "bag": the sum of learned vectors of n-grams; fast, and a good first choice;
        - "cnn": convolutions over a few neighbouring words;
        - "lstm", "gru": recurrent networks in both directions;
        - "transformer": attention among all words;
        - "pretrained": the pretrained network that `model` names; where it is frozen
          and `wide` is True, beside a bag.
    max_features : int, default=20000
        Largest number of n-grams of each column. The most frequent ones are kept.
    min_frequency : int, default=2
        Smallest number of training texts that an n-gram must occur in. Rarer n-grams
        are left out, and rarer words are unknown.
    dropout : float or None, default=None
        Dropout rate, from 0 to 1. With "bag" it applies to the summed vectors; with the
        other backbones to the vectors of words and to the pooled vector. None takes
        0.5, and 0.1 with "pretrained".
    empty_is_missing : bool, default=True
        If True, an empty or blank text is a missing one, and so is a text that is only
        "N/A", "null" or another sign that files have for a missing value. Set it to
        False where an empty text is information, for example a form that was sent
        without a comment.
    wide : bool, default=True
        If True, the heads "linear" and "wide" of the estimator read the n-grams.
    tokenizer : {"word", "bpe"}, default="word"
        What a token is. "word" takes words; "bpe" takes the parts of words that
        byte-pair encoding [1]_ finds in the training texts. In scripts without spaces,
        "word" takes single characters and "bpe" the words that it finds. Upper and
        lower case are not distinguished.
    vocabulary_size : int, default=20000
        Largest number of tokens in the vocabulary. The most frequent ones are kept.
    max_length : int or "auto", default="auto"
        Number of tokens of each column that are read; the rest is cut off. "auto" reads
        98 % of the training texts in full, and at most 512 tokens. Columns are read as
        one sequence.
    embedding : int, default=None
        Size of the vectors of words. None takes the size of `word_vectors`, or 64
        without them.
    hidden : int, default=None
        Number of features of a layer (filters of each size of "cnn"; both directions
        together of "lstm" and "gru"). None takes the estimator's width.
    n_layers : int, default=None
        Number of layers. None takes 2 for "transformer" and 1 for the others.
    pooling : {"attention", "mean", "max"}, default="attention"
        How the vectors of the tokens become one vector for the row: by a mean with
        learned weights, which are equal at first ("attention"), their mean, or the
        largest value of each feature.
    word_dropout : float, default=0.1
        Probability that a word is hidden from the network during training.
    word_vectors : str, path, dict or object, default=None
        Initial vectors of the words: a file in the text format of word2vec or GloVe, a
        dict, or gensim's ``KeyedVectors``. Their words must be in lower case.
    augment : None, "auto", str, callable or list, default=None
        Random changes of the tokens during training: "drop", "swap", "replace", "auto"
        for the ones that suit most texts, or objects of :mod:`skmm.augmentation`. None
        makes no changes.
    model : str, path or SentenceTransformer, default="minilm"
        The pretrained network, as in :class:`~skmm.feature_extraction.TextEmbedder`.
    revision : str, default=None
        Commit, branch or tag of a model on the hub. None takes its default branch.
    tune : {"frozen", "head", "lora", "full"}, default="frozen"
        Which weights of the pretrained network are trained:

        - "frozen": none. The features of all rows are computed once;
        - "head": the last layer;
        - "lora": low-rank additions to all layers [2]_;
        - "full": all layers.

        Unless "frozen", the columns are read as one sequence.
    lora_rank : int, default=8
        Rank of the additions, with ``tune="lora"``.
    layer_decay : float, default=0.9
        Factor of the learning rate from each layer of the pretrained network to the
        layer before it [3]_. Values below 1 change the first layers less.
    freeze_embeddings : bool, default=True
        If True, ``tune="full"`` does not train the vectors of words.
    gradient_checkpointing : bool, default=False
        If True, layers are computed again in the backward pass instead of being kept in
        memory. Training is slower and needs less memory.
    memory : str or path, default=None
        Folder of a cache of the features of a frozen network. None keeps no cache.

    Attributes
    ----------
    counters_ : list
        The n-grams of each column.
    n_features_ : int
        Number of n-grams of all columns.
    reader_ : object
        Fitted object that makes token ids or frozen features; None with "bag".

    See Also
    --------
    skmm.feature_extraction.TextEmbedder : A pretrained network outside the estimator.

    References
    ----------
    Joulin, Grave, Bojanowski, Mikolov: Bag of Tricks for Efficient Text
    Classification, EACL 2017. Cheng et al.: Wide & Deep Learning for Recommender
    Systems, DLRS 2016. Kim: Convolutional Neural Networks for Sentence
    Classification, EMNLP 2014.

    .. [1] Sennrich, Haddow, Birch: Neural Machine Translation of Rare Words with
       Subword Units, ACL 2016.
    .. [2] Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
    .. [3] Howard, Ruder: Universal Language Model Fine-tuning for Text
       Classification, ACL 2018.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import TextEncoder
    >>> X = pd.DataFrame({"review": ["good fit", "not a good fit", None]})
    >>> block = TextEncoder().fit_transform(X)
    >>> block.present.tolist()
    [True, True, False]
    """

    _parameter_constraints = {
        "backbone": [Names(_BACKBONES)],
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), None],
        "empty_is_missing": ["boolean"],
        "wide": ["boolean"],
        "tokenizer": [Names(["word", "bpe"])],
        "vocabulary_size": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Names(["auto"]), Interval(Integral, 1, None, closed="left")],
        "embedding": [Interval(Integral, 1, None, closed="left"), None],
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
        "n_layers": [Interval(Integral, 1, None, closed="left"), None],
        "pooling": [Names(["attention", "mean", "max"])],
        "word_dropout": [Interval(Real, 0, 1, closed="left")],
        "word_vectors": [
            str,
            os.PathLike,
            HasMethods(["__contains__", "__getitem__"]),
            None,
        ],
        "augment": augment_constraints("text"),
        "model": [str, os.PathLike, HasMethods("encode"), callable],
        "revision": [str, None],
        "tune": [Names(["frozen", "head", "lora", "full"])],
        "lora_rank": [Interval(Integral, 1, None, closed="left")],
        "layer_decay": [Interval(Real, 0, 1, closed="right")],
        "freeze_embeddings": ["boolean"],
        "gradient_checkpointing": ["boolean"],
        "memory": [str, os.PathLike, None],
    }

    def __init__(
        self,
        backbone: Literal[
            "bag", "cnn", "lstm", "gru", "transformer", "pretrained"
        ] = "bag",
        max_features: int = 20_000,
        min_frequency: int = 2,
        dropout: float | None = None,
        empty_is_missing: bool = True,
        *,
        wide: bool = True,
        tokenizer: Literal["word", "bpe"] = "word",
        vocabulary_size: int = 20_000,
        max_length: int | Literal["auto"] = "auto",
        embedding: int | None = None,
        hidden: int | None = None,
        n_layers: int | None = None,
        pooling: Literal["attention", "mean", "max"] = "attention",
        word_dropout: float = 0.1,
        word_vectors: PathLike | SupportsLookup | None = None,
        augment: Augment[Literal["auto", "drop", "swap", "replace"]] = None,
        model: PathLike | SupportsEncode | Callable[..., Any] = "minilm",
        revision: str | None = None,
        tune: Literal["frozen", "head", "lora", "full"] = "frozen",
        lora_rank: int = 8,
        layer_decay: float = 0.9,
        freeze_embeddings: bool = True,
        gradient_checkpointing: bool = False,
        memory: PathLike | None = None,
    ) -> None:
        self.backbone = backbone
        self.max_features = max_features
        self.min_frequency = min_frequency
        self.dropout = dropout
        self.empty_is_missing = empty_is_missing
        self.wide = wide
        self.tokenizer = tokenizer
        self.vocabulary_size = vocabulary_size
        self.max_length = max_length
        self.embedding = embedding
        self.hidden = hidden
        self.n_layers = n_layers
        self.pooling = pooling
        self.word_dropout = word_dropout
        self.word_vectors = word_vectors
        self.augment = augment
        self.model = model
        self.revision = revision
        self.tune = tune
        self.lora_rank = lora_rank
        self.layer_decay = layer_decay
        self.freeze_embeddings = freeze_embeddings
        self.gradient_checkpointing = gradient_checkpointing
        self.memory = memory

    @property
    def max_batch_size(self) -> int | None:  # type: ignore[override]  # by its options
        """Largest number of rows in a batch that ``batch_size="auto"`` takes."""
        if self.backbone == "pretrained" and self.tune != "frozen":
            return 32
        return 512 if self.backbone in ("bag", "pretrained") else 128

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.counters_: list[NgramCounter] = []
        self.tfidf_: list[Tfidf] = []
        ngrams, missing = [], []
        for column in columns_of(X):
            # The texts of one column at a time: as strings they take most memory.
            is_missing, counts = self._read_column(column, self._fit_ngrams)
            missing.append(is_missing)
            ngrams.append(counts)
        self.n_features_ = sum(len(c.document_frequency_) for c in self.counters_)
        self.reader_ = self._make_reader()
        read = None if self.reader_ is None else self.reader_.fit_transform
        return self._block(X, missing, read, ngrams)

    def transform(self, X: pd.DataFrame) -> Block:
        ngrams, missing = [], []
        for i, column in enumerate(columns_of(X)):
            count = functools.partial(self._count_ngrams, i)
            is_missing, counts = self._read_column(column, count)
            missing.append(is_missing)
            ngrams.append(counts)
        read = None if self.reader_ is None else self.reader_.transform
        return self._block(X, missing, read, ngrams)

    def compare(self, X: pd.DataFrame, block: Block) -> list[Comparison]:
        found = []
        for i, (column, counter) in enumerate(zip(columns_of(X), self.counters_)):
            texts = [text for text in to_strings(column) if text.strip()]
            # Some texts are enough to tell a share.
            words = Counter(
                word
                for text in texts[:: len(texts) // 200 + 1]
                for word in split_tokens(text)
            )
            if words and counter.vocabulary_:
                n_known = sum(
                    n for word, n in words.items() if word in counter.vocabulary_
                )
                share = 1 - n_known / words.total()
                what = "texts of words that the fit did not have, or hardly"
                found.append(Comparison(X.columns[i], share, len(texts), what))
        return found

    @property
    def _dropout(self):
        if self.dropout is not None:
            return self.dropout
        return 0.1 if self.backbone == "pretrained" else 0.5

    @property
    def _is_frozen(self):
        return self.backbone == "pretrained" and self.tune == "frozen"

    @property
    def _has_ngrams(self):
        return self.wide or self.backbone == "bag"

    def _read_column(self, column, count):
        """Return which rows lack a text, and what `count` makes of the texts."""
        texts, missing = read_strings(column)
        if self.empty_is_missing:
            missing = np.array([is_missing_text(text) for text in texts], dtype=bool)
            texts = ["" if lacks else text for lacks, text in zip(missing, texts)]
        return missing, count(texts) if self._has_ngrams else None

    def _fit_ngrams(self, texts):
        """Learn a column's n-grams; return their TF-IDF in pieces."""
        counter = NgramCounter(self.min_frequency, self.max_features)
        counts = counter.fit_count(texts)
        self.counters_.append(counter)
        self.tfidf_.append(Tfidf(counter.document_frequency_, len(texts)))
        return [self.tfidf_[-1].transform(part) for part in counts]

    def _count_ngrams(self, i, texts):
        """Return the TF-IDF of the i-th column's n-grams, in pieces."""
        return [self.tfidf_[i].transform(p) for p in self.counters_[i].count(texts)]

    def _block(self, X, missing, read, ngrams):
        missing = np.column_stack(missing)
        present = ~missing.all(axis=1)
        parts, cost = [], None
        if read is not None:
            parts, cost = read(X.mask(missing) if missing.any() else X, present)
        if self._has_ngrams:
            # The last part, which the wide head reads.
            parts.append(join_columns(ngrams))
        return Block(*parts, present=present, cost=cost)

    def _make_reader(self):
        if self.backbone == "bag":
            return None
        from skmm.encoders.text import _readers as readers

        if self.backbone != "pretrained":
            return readers.WordReader(self)
        if self._is_frozen:
            return readers.FrozenReader(self)
        return readers.TunedReader(self)

    def build_module(self, width: int) -> nn.Module:
        modules = []
        if self.reader_ is not None:
            modules.append(self.reader_.build_module(self, width))
        if self.reader_ is None or (self.wide and self._is_frozen):
            modules.append(self._build_bag(width))
        return modules[0] if len(modules) == 1 else _Sum(modules)

    def _build_bag(self, width):
        """Build the module that reads the last part of a block, the n-grams."""
        frequency = np.concatenate([c.document_frequency_ for c in self.counters_])
        if not len(frequency):  # a table without rows cannot be looked up
            frequency = np.zeros(1)
        dropout = 0.5 if self.dropout is None else self.dropout
        return SparseModule(len(frequency), width, dropout, frequency, part=-1)

    def linear_features(self, block: Block) -> Features | None:
        parts = []
        if self.wide:
            parts.append(block[-1].to_scipy())
        if self.wide and hasattr(self.reader_, "linear_features"):
            parts.append(self.reader_.linear_features(block))
        if len(parts) > 1:
            return scipy.sparse.hstack(parts, format="csr")
        return parts[0] if parts else None

    def tree_features(self, block: Block) -> tuple[Features, Sequence[int]] | None:
        if hasattr(self.reader_, "linear_features"):
            features = self.reader_.linear_features(block)
            return features, [0] * features.shape[1]
        return super().tree_features(block)

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        shortcuts = []
        if self.wide:
            n_features = max(self.n_features_, 1)
            shortcuts.append(SparseWide(n_features, n_outputs, part=-1))
        if self.wide and hasattr(self.reader_, "build_wide"):
            shortcuts.append(self.reader_.build_wide(n_outputs))
        return _Sum(shortcuts) if len(shortcuts) > 1 else next(iter(shortcuts), None)

    def _check_combinations(self):
        if self.augment is not None and (self._is_frozen or self.backbone == "bag"):
            what = "tune='frozen'" if self._is_frozen else "backbone='bag'"
            raise ValueError(
                f"augment={self.augment!r} changes the tokens of each batch, and with "
                f"{what} there are none: features are made once. Take another, or "
                "augment=None."
            )
        if self.word_vectors is not None:
            self._check_word_vectors()

    def _check_word_vectors(self):
        if self.backbone in ("bag", "pretrained") or self.tokenizer != "word":
            raise ValueError(
                "word_vectors= are for backbones that learn vectors of words ('cnn', "
                "'lstm', 'gru', 'transformer', with tokenizer='word'); this is "
                f"backbone={self.backbone!r}, tokenizer={self.tokenizer!r}."
            )


class _Sum(nn.Module):
    """Several modules that read one modality's block, added."""

    attack_space = "vectors"

    def __init__(self, modules):
        super().__init__()
        self.readers = nn.ModuleList(modules)

    def forward(self, block):
        return sum(reader(block) for reader in self.readers)
