"""Word and character n-grams of a text column, counted by numpy."""

import itertools
import re

import numpy as np
import scipy.sparse

# Scripts written without spaces: Thai, Lao, Tibetan, Burmese, Khmer, Japanese kana, and
# Chinese characters. Each sign is a token there, and n-grams stand for words.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Vowel signs and other marks that belong to a word, and that \w leaves out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff"
_PICTURES = "\u2600-\u27bf\U0001f1e6-\U0001faff"
_TOKEN = re.compile(
    rf"[{_UNSPACED}]|[{_PICTURES}]|[!?]|(?:(?![{_UNSPACED}])[\w{_MARKS}])+"
)
_UNSPACED_SIGN = re.compile(f"[{_UNSPACED}]")

#: Token ids fit in this many bits, so that three of them make a 63-bit key.
_BITS = 21


class NgramCounter:
    """Counts of the n-grams that are in at least ``min_frequency`` training texts.

    Tokens are words, signs of scripts without spaces, emoji, and ``!`` and ``?``;
    n-grams are single tokens and pairs, and triples of unspaced signs. Columns are in
    the order of falling document frequency.

    Parameters
    ----------
    min_frequency : int
    max_features : int
        The most frequent are kept.

    Attributes
    ----------
    document_frequency_ : ndarray of shape (n_features,)
    """

    def __init__(self, min_frequency=2, max_features=2**18):
        self.min_frequency = min_frequency
        self.max_features = max_features

    def fit_transform(self, texts):
        """Learn the n-grams of an iterable of str; give their counts as CSR."""
        tokens = [_TOKEN.findall(text.lower()) for text in texts]
        flat = list(itertools.chain.from_iterable(tokens))
        frequent = _most_frequent(flat, 2**_BITS - 2)
        # Ids are by place in the sorted vocabulary: they do not depend on row order.
        self.vocabulary_ = {token: i + 1 for i, token in enumerate(frequent)}
        keys, rows = self._keys(tokens)
        order = np.argsort(keys, kind="stable")
        # Stable: within a key, rows ascend, so a repeated row is beside itself.
        keys, rows = keys[order], rows[order]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        is_new = np.ones(len(keys), bool)
        is_new[1:] = (np.diff(keys) != 0) | (np.diff(rows) != 0)
        frequency = (
            np.add.reduceat(is_new, starts) if len(starts) else np.empty(0, np.int64)
        )
        kept = np.flatnonzero(frequency >= self.min_frequency)
        kept = kept[np.argsort(-frequency[kept], kind="stable")][: self.max_features]
        self.document_frequency_ = frequency[kept]
        place = np.argsort(keys[starts[kept]])
        self.keys_ = keys[starts[kept]][place]
        self.columns_ = place.astype(np.int32)
        return self._count(keys, rows, len(tokens))

    def transform(self, texts):
        """Count the known n-grams of other texts."""
        tokens = [_TOKEN.findall(text.lower()) for text in texts]
        return self._count(*self._keys(tokens), len(tokens))

    def _keys(self, tokens):
        """Give the key and the row of each n-gram occurrence."""
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        flat = itertools.chain.from_iterable(tokens)
        ids = np.fromiter(
            map(self.vocabulary_.get, flat, itertools.repeat(0)),
            np.int64,
            lengths.sum(),
        )
        row = np.repeat(np.arange(len(tokens), dtype=np.int64), lengths)
        known = ids > 0
        pair = (row[1:] == row[:-1]) & known[1:] & known[:-1]
        pairs = (ids[:-1] << _BITS) | ids[1:]
        keys, rows = [ids[known], pairs[pair]], [row[known], row[:-1][pair]]
        unspaced = self._is_unspaced()[ids] if len(ids) else known
        triple = pair[1:] & pair[:-1] & unspaced[2:] & unspaced[1:-1] & unspaced[:-2]
        if triple.any():
            keys.append((pairs[:-1][triple] << _BITS) | ids[2:][triple])
            rows.append(row[:-2][triple])
        return np.concatenate(keys), np.concatenate(rows)

    def _is_unspaced(self):
        if not hasattr(self, "_unspaced"):
            signs = [bool(_UNSPACED_SIGN.match(token)) for token in self.vocabulary_]
            self._unspaced = np.array([False, *signs])
        return self._unspaced

    def _count(self, keys, rows, n_rows):
        shape = (n_rows, len(self.keys_))
        if not len(self.keys_) or not len(keys):
            return scipy.sparse.csr_array(shape, dtype=np.float32)
        place = np.searchsorted(self.keys_, keys)
        place[place == len(self.keys_)] = 0
        hit = self.keys_[place] == keys
        counts = scipy.sparse.csr_array(
            (
                np.ones(hit.sum(), np.float32),
                (rows[hit], self.columns_[place[hit]]),
            ),
            shape=shape,
        )
        counts.sort_indices()
        return counts


class Tfidf:
    """Sublinear TF-IDF with rows of length one, of counts.

    Parameters
    ----------
    document_frequency : ndarray of shape (n_features,)
    n_rows : int
    """

    def __init__(self, document_frequency, n_rows):
        # Smoothed as in scikit-learn: as if one more text held every n-gram.
        self.idf_ = (np.log((1 + n_rows) / (1 + document_frequency)) + 1).astype(
            np.float32
        )

    def transform(self, counts):
        """Give a CSR of the first ``len(idf_)`` columns."""
        matrix = counts[:, : len(self.idf_)].copy()
        matrix.data = (1 + np.log(matrix.data)) * self.idf_[matrix.indices]
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        norm = np.sqrt(np.bincount(rows, matrix.data**2, minlength=matrix.shape[0]))
        matrix.data /= np.where(norm > 0, norm, 1).astype(np.float32)[rows]
        return matrix


def _most_frequent(tokens, n_most):
    """Distinct tokens, sorted; the most frequent where there are too many."""
    distinct = set(tokens)
    if len(distinct) <= n_most:
        return sorted(distinct)
    from collections import Counter

    counts = Counter(tokens)
    return sorted(sorted(distinct, key=lambda t: (-counts[t], t))[:n_most])
