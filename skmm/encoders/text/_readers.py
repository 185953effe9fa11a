"""What each family of text networks makes of columns, and the module behind it.

A reader is pickled with its encoder. `fit_transform` and `transform` take the columns
and which rows are present, and give the parts of a block and what a row costs.
"""

import numpy as np

from skmm._data.frames import columns_of, to_strings
from skmm.augmentation import make_augmentation


class WordReader:
    """A vocabulary of the training texts, for networks that learn from scratch.

    Parameters
    ----------
    options : TextEncoder

    Attributes
    ----------
    vocabulary_ : Vocabulary
    tokens_ : TokenReader
    vectors_ : ndarray or None
        Of the vocabulary's words, from ``word_vectors=``.
    """

    def __init__(self, options):
        self.options = options

    def fit_transform(self, X, present):
        from skmm.encoders.text import _tokens as tokens

        options = self.__dict__.pop("options")
        columns = [to_strings(column) for column in columns_of(X)]
        self.vocabulary_ = tokens.Vocabulary(
            options.tokenizer, options.vocabulary_size, options.min_frequency
        ).fit(columns)
        self.vectors_ = self._read_vectors(options)
        self.tokens_ = tokens.TokenReader(
            self.vocabulary_,
            options.max_length,
            tokens.SEPARATOR,
            tokens.UNKNOWN,
            len(self.vocabulary_.ids_),
        )
        return _with_cost(self.tokens_.fit_transform(X))

    def transform(self, X, present):
        return _with_cost(self.tokens_.transform(X))

    def _read_vectors(self, options):
        if options.word_vectors is None:
            return None
        from skmm.encoders.text._word_vectors import read_word_vectors

        ids = self.vocabulary_.ids_
        vectors = read_word_vectors(options.word_vectors, sorted(ids, key=ids.get))
        if options.embedding not in (None, vectors.shape[1]):
            raise ValueError(
                f"embedding={options.embedding}, but word_vectors are of "
                f"{vectors.shape[1]} numbers. Leave embedding out."
            )
        return vectors

    def build_module(self, options, width):
        from skmm.encoders.text import _networks as networks
        from skmm.encoders.text._tokens import SEPARATOR

        size = options.embedding or 64
        if self.vectors_ is not None:
            size = self.vectors_.shape[1]
        embedding = networks.WordEmbedding(
            len(self.vocabulary_.ids_),
            size,
            n_columns=len(self.tokens_.lengths_),
            dropout=options._dropout,
            word_dropout=options.word_dropout,
            vectors=self.vectors_,
        )
        backbone = networks.make_backbone(
            options.backbone,
            size,
            options.hidden or width,
            options.n_layers,
            self.tokens_.longest_,
            min(options._dropout, networks.MAX_DROPOUT),
        )
        readout = networks.Readout(
            backbone.out_features, width, options.pooling, options._dropout
        )
        augment = _bind(options.augment, self.vocabulary_.ids_, SEPARATOR)
        return networks.TextModule(embedding, backbone, readout, augment)


class FrozenReader:
    """Features of a pretrained network, computed once, as a vector a row.

    Parameters
    ----------
    options : TextEncoder

    Attributes
    ----------
    embedder_ : TextEmbedder
    vector_ : VectorEncoder
    """

    def __init__(self, options):
        from skmm.encoders._vector import VectorEncoder
        from skmm.feature_extraction import TextEmbedder

        self.embedder_ = TextEmbedder(
            options.model,
            revision=options.revision,
            max_length=None if options.max_length == "auto" else options.max_length,
            memory=options.memory,
        )
        self.vector_ = VectorEncoder(dropout=options._dropout)

    def fit_transform(self, X, present):
        return self._read(X, self.embedder_.fit_transform, self.vector_.fit_transform)

    def transform(self, X, present):
        return self._read(X, self.embedder_.transform, self.vector_.transform)

    def _read(self, X, embed, encode):
        import pandas as pd

        return [encode(pd.DataFrame(embed(X))).parts[0]], None

    def build_module(self, options, width):
        return self.vector_.build_module(width)

    def linear_features(self, block):
        return self.vector_.linear_features(block)

    def build_wide(self, n_outputs):
        return self.vector_.build_wide(n_outputs)


class TunedReader:
    """Token ids of a pretrained network that learns.

    Parameters
    ----------
    options : TextEncoder

    Attributes
    ----------
    tokens_ : TokenReader
    special_ : SpecialIds
    """

    def __init__(self, options):
        from skmm._pretrained.sentences import load_text_network
        from skmm.encoders.text import _pretrained as pretrained
        from skmm.encoders.text._tokens import TokenReader

        _, tokenizer, limit = load_text_network(options.model, options.revision)
        self.special_ = pretrained.SpecialIds(tokenizer)
        self.tokens_ = TokenReader(
            pretrained.PretrainedTokens(tokenizer),
            options.max_length,
            self.special_.separator,
            self.special_.unknown,
            len(tokenizer),
            limit=limit - self.special_.count,
        )

    def fit_transform(self, X, present):
        return _with_cost(self.tokens_.fit_transform(X))

    def transform(self, X, present):
        return _with_cost(self.tokens_.transform(X))

    def build_module(self, options, width):
        from skmm._pretrained.sentences import load_text_network
        from skmm.encoders.text import _pretrained as pretrained
        from skmm.encoders.text._networks import Readout

        network, tokenizer, _ = load_text_network(options.model, options.revision)
        pretrained.prepare_network(
            network,
            options.tune,
            rank=options.lora_rank,
            layer_decay=options.layer_decay,
            freeze_embeddings=options.freeze_embeddings,
        )
        if options.gradient_checkpointing:
            pretrained.checkpoint_layers(network)
        readout = Readout(
            network.config.hidden_size, width, options.pooling, options._dropout
        )
        augment = _bind(options.augment, tokenizer.get_vocab(), self.special_.separator)
        return pretrained.TunedModule(network, readout, self.special_, augment)


def _with_cost(tokens):
    return [tokens], np.diff(tokens.indptr.numpy())


def _bind(given, vocabulary, separator):
    """Return the function for ``augment=``, told which ids stand for what."""
    augment = make_augmentation(given, "text")
    if augment is not None:
        augment.steps = [
            step.bind(vocabulary, separator) if hasattr(step, "bind") else step
            for step in augment.steps
        ]
    return augment
