"""Texts to token ids: a vocabulary of the training rows, columns joined in one row."""

import contextlib
import itertools
import json
import os

import numpy as np
import torch

from skmm._data.containers import Csr
from skmm._data.frames import columns_of, to_strings
from skmm._plain.tokens import OPTIONAL_PATTERN, RUNS_PATTERN, TOKEN_PATTERN
from skmm._utils.optional import optional_import
from skmm.augmentation._text import PADDING, SEPARATOR, UNKNOWN

#: What ``max_length="auto"`` reads in full: this share of the training texts, and no
#: more tokens of one than the limit.
_QUANTILE, _LIMIT = 0.98, 512
#: Texts that are cut up at once.
_CHUNK = 2048
#: Signs that are in no word, so that no text holds such a token.
_SPECIAL = {"<padding>": PADDING, "<unknown>": UNKNOWN, "<separator>": SEPARATOR}


class TokenReader:
    """Columns of text to rows of token ids.

    Columns stand one after the other with a separator between them.

    Parameters
    ----------
    encode : callable
        From a list of str to all ids, one text after the other, and the number of
        each text's.
    max_length : int or "auto"
        Tokens of a column that are read.
    separator, unknown : int
        Ids. The latter stands in rows without any token.
    n_ids : int
    limit : int or None, default=None
        Tokens of a row, all columns and separators.

    Attributes
    ----------
    lengths_ : list of int
        Tokens of each column that are read.
    longest_ : int
        Of a row, at most.
    """

    def __init__(self, encode, max_length, separator, unknown, n_ids, limit=None):
        self.encode = encode
        self.max_length = max_length
        self.separator = separator
        self.unknown = unknown
        self.n_ids = n_ids
        self.limit = limit

    def fit_transform(self, X):
        columns = self._encode(X)
        if self.max_length == "auto":
            self.lengths_ = [_usual_length(lengths) for _, lengths in columns]
        else:
            self.lengths_ = [self.max_length] * len(columns)
        if self.limit is not None:
            room = max(self.limit - (len(columns) - 1), len(columns))
            self.lengths_ = _shorten(self.lengths_, room)
        self.longest_ = sum(self.lengths_) + len(columns) - 1
        return self._join(columns)

    def transform(self, X):
        return self._join(self._encode(X))

    def _encode(self, X):
        return [self.encode(to_strings(column)) for column in columns_of(X)]

    def _join(self, columns):
        """Return all columns' ids as one Csr; a row has at least one."""
        kept = [np.minimum(n, most) for (_, n), most in zip(columns, self.lengths_)]
        lengths = np.maximum(sum(kept) + len(columns) - 1, 1)
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        joined = np.full(
            indptr[-1], self.separator if len(columns) > 1 else self.unknown, np.int32
        )
        start = indptr[:-1].copy()
        for (ids, n), n_kept in zip(columns, kept):
            rows = np.repeat(np.arange(len(n)), n_kept)
            within = np.arange(len(rows)) - (np.cumsum(n_kept) - n_kept)[rows]
            joined[start[rows] + within] = ids[(np.cumsum(n) - n)[rows] + within]
            start += n_kept + 1
        indptr = torch.from_numpy(indptr.astype(np.int32))
        return Csr(indptr, torch.from_numpy(joined), None, self.n_ids)


def pad(csr, padding=PADDING):
    """Return the ids of a Csr as (n, longest) and the mask of those that are there."""
    lengths = csr.indptr.diff()
    mask = torch.arange(csr.longest, device=lengths.device) < lengths[:, None]
    ids = torch.full(mask.shape, padding, device=lengths.device)
    return ids.masked_scatter_(mask, csr.indices.long()), mask


class Vocabulary:
    """Words, or parts of words, of the training texts.

    Lower-case words, signs of scripts without spaces, emoji, and signs that carry
    meaning (``:(``, ``!``, ``$``) are tokens, as they are for n-grams; "bpe" cuts words
    into parts, and joins signs of scripts without spaces to words.

    Parameters
    ----------
    kind : {"word", "bpe"}
    size : int
        Most tokens, special ones counted.
    min_frequency : int
        Tokens that occur less often are unknown.

    Attributes
    ----------
    ids_ : dict of str to int
    """

    def __init__(self, kind, size, min_frequency):
        self.kind = kind
        self.size = size
        self.min_frequency = min_frequency

    def fit(self, texts):
        """Learn from an iterable of lists of str."""
        library = optional_import("tokenizers", "text")
        models, trainers = library.models, library.trainers
        options = {
            "vocab_size": max(self.size - len(_SPECIAL), 0),
            "min_frequency": self.min_frequency,
            "show_progress": False,
        }
        if self.kind == "word":
            model, trainer = models.WordLevel(), trainers.WordLevelTrainer(**options)
        else:
            model, trainer = models.BPE(), trainers.BpeTrainer(**options)
        tokenizer = self._make(model)
        texts = ([_without_surrogates(text) for text in some] for some in texts)
        with one_thread():
            tokenizer.train_from_iterator(texts, trainer)
        # Not as special tokens of the library, which would find them in a text.
        learned = json.loads(tokenizer.to_str())["model"]
        self.ids_ = _SPECIAL | {
            token: i + len(_SPECIAL) for token, i in learned["vocab"].items()
        }
        if self.kind == "word":
            model = models.WordLevel(self.ids_, unk_token="<unknown>")
        else:
            model = models.BPE(
                self.ids_,
                [tuple(pair) for pair in learned["merges"]],
                unk_token="<unknown>",
            )
        self.tokenizer_ = self._make(model)
        return self

    def _make(self, model):
        library = optional_import("tokenizers", "text")
        pattern = TOKEN_PATTERN if self.kind == "word" else RUNS_PATTERN
        tokenizer = library.Tokenizer(model)
        normalizers = library.normalizers
        tokenizer.normalizer = normalizers.Sequence(
            [
                normalizers.NFKC(),
                normalizers.Replace(library.Regex(OPTIONAL_PATTERN), ""),
                normalizers.Lowercase(),
            ]
        )
        pre_tokenizers = library.pre_tokenizers
        words = pre_tokenizers.Split(
            library.Regex(pattern), behavior="removed", invert=True
        )
        if self.kind == "bpe":
            # A sign before each word, not the library's marks of a word's other parts:
            # with those its trainer numbers tokens by chance, and breaks ties so.
            starts = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
            words = pre_tokenizers.Sequence([words, starts])
        tokenizer.pre_tokenizer = words
        return tokenizer

    def __call__(self, texts):
        """Return all ids, one text after the other, and how many each text has."""

        def encode(some):
            return self.tokenizer_.encode_batch_fast(some, add_special_tokens=False)

        return collect(texts, lambda some: [found.ids for found in encode(some)])


def collect(texts, encode):
    """Encode texts chunk by chunk.

    Parameters
    ----------
    texts : list of str
    encode : callable
        From a list of str to a list of lists of int.

    Returns
    -------
    ids : ndarray of int32
        One text after the other.
    lengths : ndarray of int64
        Of each text.
    """
    ids, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    with one_thread():
        for start in range(0, len(texts), _CHUNK):
            some = [_without_surrogates(text) for text in texts[start : start + _CHUNK]]
            found = encode(some)
            lengths.append(np.fromiter(map(len, found), np.int64, len(found)))
            flat = itertools.chain.from_iterable(found)
            ids.append(np.fromiter(flat, np.int32, lengths[-1].sum()))
    return np.concatenate(ids), np.concatenate(lengths)


@contextlib.contextmanager
def one_thread():
    """Tokenize in one thread: a pool of them makes later forks print warnings."""
    name = "TOKENIZERS_PARALLELISM"
    before = os.environ.get(name)
    os.environ.setdefault(name, "false")
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def _usual_length(lengths):
    seen = lengths[lengths > 0]
    length = int(np.ceil(np.quantile(seen, _QUANTILE))) if len(seen) else 1
    return min(length, _LIMIT)


def _shorten(lengths, room):
    """Cut the longest columns until all fit."""
    lengths = list(lengths)
    while sum(lengths) > room:
        longest = max(lengths)
        second = max([n for n in lengths if n < longest], default=0)
        where = [i for i, n in enumerate(lengths) if n == longest]
        cut = min(longest - second, -(-(sum(lengths) - room) // len(where)))
        for i in where:
            lengths[i] = max(longest - cut, 1)
        if longest == 1:
            break
    return lengths


def _without_surrogates(text):
    # Half of a surrogate pair, from broken text, is no text for a tokenizer.
    return text.encode("utf-8", "replace").decode("utf-8")
