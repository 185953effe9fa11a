"""Word and character n-grams of a text column, counted by numpy."""

import collections
import functools
import itertools

import numpy as np
import scipy.sparse

from skmm._data.sparse import make_csr
from skmm._plain.ngrams import (
    find_columns,
    find_ngrams,
    inverse_frequency,
    weigh,
)
from skmm._plain.tokens import (
    is_unspaced,
    join_tokens,
    split_characters,
    split_tokens,
)
from skmm._utils import memory

#: Texts are cut up and counted so many at a time: tokens as Python strings take twenty
#: times the memory of their numbers, and what is made on the way to counts ten times
#: that of these.
_CHUNK = 2048

#: Chunks after which free memory is given back while matrices are put together: their
#: pieces lie between one another.
_CHUNKS_TO_RELEASE = 16

#: Three token ids make one 63-bit key.
_MAX_TOKENS = 2**21 - 1

#: Texts of fewer words than this, on average, of which most are in no other text, are
#: names and codes, and read by their characters, if there are at least so many.
_FEW_WORDS, _ENOUGH_TEXTS = 3, 50
#: The key of four characters has 63 bits for so many of them.
_MAX_CHARACTERS = 2**15


class NgramCounter:
    """Counts of the n-grams that are in at least ``min_frequency`` training texts.

    Tokens are words (``C++`` and ``C#`` too), signs of scripts without spaces, emoji,
    faces such as ``:(``, and signs that carry meaning: ``!``, ``?``, ``...``, ``%``,
    those of currencies, and ``-``, ``+``, ``<`` and ``>`` before a number; n-grams are
    single tokens and pairs, and triples of unspaced signs. Of names and codes, texts of
    one to three words most of which no other text has, they are up to four characters,
    with a space at both ends. Columns are in the order of falling document frequency.

    Parameters
    ----------
    min_frequency : int
    max_features : int
        The most frequent are kept.

    Attributes
    ----------
    document_frequency_ : ndarray of shape (n_features,)
    by_characters_ : bool
    """

    by_characters_ = False

    def __init__(self, min_frequency=2, max_features=2**18):
        self.min_frequency = min_frequency
        self.max_features = max_features

    def fit_transform(self, texts):
        """Learn the n-grams of a list of str; return their counts as CSR."""
        return stack_rows(self.fit_count(texts))

    def fit_count(self, texts):
        """Learn the n-grams of a list of str; return their counts in pieces.

        Returns
        -------
        parts : list of csr_array
            Of some rows each, one below the other.
        """
        self.by_characters_ = False
        ids, lengths, tokens, frequency = self._number(texts)
        if self.min_frequency > 1 and _are_names(lengths, frequency):
            self.by_characters_ = True
            ids, lengths, tokens, frequency = self._number(texts)
        # Rare tokens are in no frequent n-gram. Numbers follow the sorted vocabulary,
        # so that they do not depend on the order of the rows.
        kept = np.flatnonzero(frequency >= self.min_frequency)
        most = _MAX_CHARACTERS if self.by_characters_ else _MAX_TOKENS
        kept = kept[np.argsort(-frequency[kept], kind="stable")][:most]
        kept = kept[np.argsort(tokens[kept])]
        self.vocabulary_ = {token: i for i, token in enumerate(tokens[kept])}
        # For each token whether it is an unspaced sign; False for -1, the unknown.
        self._unspaced = np.array([*map(is_unspaced, self.vocabulary_), False])
        renumber = np.full(len(tokens) + 1, -1, np.int32)
        renumber[kept] = np.arange(len(kept))
        ids = renumber[ids]
        self.keys_ = self._frequent_keys(ids, lengths)
        n_keys = sum(map(len, self.keys_))
        parts = self._count(ids, lengths, np.arange(n_keys, dtype=np.int32))
        frequency = sum(np.bincount(p.indices, minlength=n_keys) for p in parts)
        order = np.argsort(-frequency, kind="stable")[: self.max_features]
        order = order[frequency[order] >= self.min_frequency]
        self.document_frequency_ = frequency[order]
        columns = np.full(n_keys, -1, np.int32)
        columns[order] = np.arange(len(order), dtype=np.int32)
        # Other texts are searched for the chosen n-grams alone.
        ends = np.cumsum([len(keys) for keys in self.keys_])[:-1]
        self.keys_ = [
            keys[chosen >= 0]
            for keys, chosen in zip(self.keys_, np.split(columns, ends))
        ]
        self.columns_ = columns[columns >= 0]
        return [self._select(part, columns) for part in _emptied(parts)]

    def transform(self, texts):
        """Count the known n-grams of other texts; return the counts as CSR."""
        return stack_rows(self.count(texts))

    def count(self, texts):
        """Count the known n-grams of other texts; return the counts in pieces."""
        unknown = itertools.repeat(-1)
        ids, lengths = _tokenise(
            texts,
            self._split,
            lambda tokens: map(self.vocabulary_.get, tokens, unknown),
        )
        return self._count(ids, lengths, self.columns_, np.float32)

    def ngrams(self):
        """Return the n-grams as strings, in the order of the columns."""
        tokens = np.array(list(self.vocabulary_), dtype=object)
        base = max(len(tokens), 1)
        names = []
        for n, keys in enumerate(self.keys_, start=1):
            places = [keys // base**power % base for power in reversed(range(n))]
            join = "".join if self.by_characters_ else join_tokens
            names += map(join, zip(*(tokens[place] for place in places)))
        return [names[i] for i in np.argsort(self.columns_)]

    @property
    def _split(self):
        return split_characters if self.by_characters_ else split_tokens

    def _number(self, texts):
        """Return token numbers, lengths of the texts, the tokens, their frequency."""
        number = collections.defaultdict(itertools.count().__next__)
        numbers = functools.partial(map, number.__getitem__)
        ids, lengths = _tokenise(texts, self._split, numbers)
        frequency = np.bincount(ids, minlength=len(number))
        return ids, lengths, np.array(list(number), dtype=object), frequency

    def _grams(self, ids, lengths):
        """Yield (keys, rows) of the single tokens, the pairs and the longer ones."""
        unspaced = None if self.by_characters_ else self._unspaced
        return find_ngrams(ids, lengths, len(self.vocabulary_), unspaced)

    def _frequent_keys(self, ids, lengths):
        """Return the keys of single tokens, pairs and more that occur often enough."""
        found = []
        for some in _chunks(ids, lengths, 16 * _CHUNK):
            for i, (keys, _) in enumerate(self._grams(*some)):
                counted = np.unique(keys, return_counts=True)
                if i == len(found):
                    found.append(counted)
                else:
                    found[i] = _add_counts(*found[i], *counted)
        return [keys[counts >= self.min_frequency] for keys, counts in found]

    def _count(self, ids, lengths, columns, dtype=None):
        """Count the kept keys, in the columns given for them; one part a chunk.

        Without a dtype the counts are held in as few bytes as they need.
        """
        parts = []
        for some in _chunks(ids, lengths, _CHUNK):
            part = self._count_some(*some, columns)
            if dtype is None and part.data.max(initial=0) <= 255:
                part.data = part.data.astype(np.uint8)
            parts.append(part)
        return parts

    def _count_some(self, ids, lengths, columns):
        places, rows = find_columns(self._grams(ids, lengths), self.keys_, columns)
        # Rows ascend in each part already, so that this only merges.
        order = np.argsort(rows, kind="stable")
        indptr = np.zeros(len(lengths) + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=len(lengths)), out=indptr[1:])
        counts = make_csr(
            np.ones(len(order), np.float32),
            places[order],
            indptr,
            len(columns),
        )
        counts.sum_duplicates()
        return counts

    def _select(self, counts, columns):
        """Renumber the columns; -1 leaves one out."""
        columns = columns[counts.indices]
        kept = columns >= 0
        ends = np.zeros(len(kept) + 1, counts.indptr.dtype)
        np.cumsum(kept, out=ends[1:])
        selected = make_csr(
            counts.data[kept].astype(np.float32, copy=False),
            columns[kept],
            ends[counts.indptr],
            len(self.document_frequency_),
        )
        selected.sort_indices()
        return selected


class Tfidf:
    """Sublinear TF-IDF, rows of length one, of counts.

    Parameters
    ----------
    document_frequency : ndarray of shape (n_features,)
    n_rows : int
    """

    def __init__(self, document_frequency, n_rows):
        self.idf_ = inverse_frequency(document_frequency, n_rows)

    def transform(self, counts):
        """Turn counts, in place, into TF-IDF."""
        for first in range(0, counts.shape[0], _CHUNK):
            indptr = counts.indptr[first : first + _CHUNK + 1]
            within = slice(indptr[0], indptr[-1])
            counts.data[within] = weigh(
                counts.data[within], counts.indices[within], np.diff(indptr), self.idf_
            )
        return counts


def _are_names(lengths, frequency):
    """Tell if texts are names and codes, from the words of each and how often each is.

    Words say little of them: most occur once.
    """
    n_texts = np.count_nonzero(lengths)
    if n_texts < _ENOUGH_TEXTS or lengths.sum() > _FEW_WORDS * n_texts:
        return False
    return 2 * frequency[frequency > 1].sum() < lengths.sum()


def _tokenise(texts, split, number):
    """Return token numbers, one after the other, and how many each text has.

    ``split`` cuts a text into tokens. ``number`` makes an iterator of numbers of one of
    tokens: no call for each of them where it is written in C.
    """
    ids, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for start in range(0, len(texts), _CHUNK):
        tokens = [split(text) for text in texts[start : start + _CHUNK]]
        lengths.append(np.fromiter(map(len, tokens), np.int64, len(tokens)))
        flat = itertools.chain.from_iterable(tokens)
        ids.append(np.fromiter(number(flat), np.int32, lengths[-1].sum()))
    return np.concatenate(ids), np.concatenate(lengths)


def stack_rows(parts):
    """Stack CSR matrices one below the other.

    Parameters
    ----------
    parts : list of sparse array
        It is emptied: no part is kept once it is copied.

    Returns
    -------
    whole : csr_array
    """
    if len(parts) == 1:
        return parts.pop()
    return _stack(_emptied(parts), sum(part.nnz for part in parts))


def join_columns(columns):
    """Put pieces of matrices side by side, then one below the other.

    Parameters
    ----------
    columns : list of list of sparse array
        The pieces of each column of texts, of the same rows in each. The lists are
        emptied: no piece is kept once it is copied.

    Returns
    -------
    whole : csr_array
        In float32.
    """
    n_stored = sum(part.nnz for parts in columns for part in parts)
    pieces = (
        scipy.sparse.hstack(some, format="csr", dtype=np.float32)
        for some in zip(*map(_emptied, columns))
    )
    return _stack(pieces, n_stored)


def _stack(parts, n_stored):
    """Stack an iterator of CSR matrices that have so many entries in all."""
    index = np.int32 if n_stored < 2**31 else np.int64
    data, indices = np.empty(n_stored, np.float32), np.empty(n_stored, index)
    lengths, stored = [np.zeros(1, index)], 0
    for part in parts:
        within = slice(stored, stored + part.nnz)
        data[within], indices[within] = part.data, part.indices
        lengths.append(np.diff(part.indptr))
        stored += part.nnz
    indptr = np.cumsum(np.concatenate(lengths), dtype=index)
    shape = len(indptr) - 1, part.shape[1]
    return scipy.sparse.csr_array((data, indices, indptr), shape=shape)


def _emptied(parts):
    """Yield the parts of a list, which does not keep them."""
    is_long = len(parts) > _CHUNKS_TO_RELEASE
    parts.reverse()
    while parts:
        yield parts.pop()
        if is_long and len(parts) % _CHUNKS_TO_RELEASE == 0:
            memory.release()


def _chunks(ids, lengths, n_rows):
    """Yield the token numbers and lengths of so many texts at a time."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    for first in range(0, max(len(lengths), 1), n_rows):
        some = lengths[first : first + n_rows]
        yield ids[starts[first] : starts[first + len(some)]], some


def _add_counts(keys, counts, more_keys, more_counts):
    """Add the counts of two sets of distinct keys, each ascending."""
    place = np.searchsorted(keys, more_keys)
    is_known = np.zeros(len(place), bool)
    within = place < len(keys)
    is_known[within] = keys[place[within]] == more_keys[within]
    counts[place[is_known]] += more_counts[is_known]
    place, new = place[~is_known], ~is_known
    keys = np.insert(keys, place, more_keys[new])
    return keys, np.insert(counts, place, more_counts[new])
