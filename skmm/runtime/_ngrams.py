"""The weights of the n-grams of a column of texts."""

import itertools

import numpy as np

from skmm._plain.ngrams import find_columns, find_ngrams, weigh
from skmm._plain.tokens import is_unspaced, split_characters, split_tokens
from skmm.runtime._sparse import Sparse


class Ngrams:
    """TF-IDF of the n-grams of a column that the fit has chosen.

    Parameters
    ----------
    description : Fields
        The tokens, the sorted keys of the n-grams of each length, their columns, and
        the weights of these.
    """

    def __init__(self, description):
        tokens = description.texts("tokens")
        self.numbers = {token: i for i, token in enumerate(tokens)}
        self.keys = description.arrays("keys", "i")
        self.columns = description.array("columns", "i")
        self.idf = description.array("idf")
        is_known = (self.columns >= 0) & (self.columns < len(self.idf))
        if len(self.columns) != sum(map(len, self.keys)) or not is_known.all():
            raise ValueError("the n-grams of a text name features that there are not")
        self.split, self.unspaced = split_characters, None
        if not description.flag("by_characters"):
            self.split = split_tokens
            self.unspaced = np.array([*map(is_unspaced, tokens), False], bool)

    def __call__(self, texts):
        """Return the features of a list of str as Sparse."""
        tokens = list(map(self.split, texts))
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        flat = itertools.chain.from_iterable(tokens)
        unknown = itertools.repeat(-1)
        ids = np.fromiter(
            map(self.numbers.get, flat, unknown), np.int64, int(lengths.sum())
        )
        ngrams = find_ngrams(ids, lengths, len(self.numbers), self.unspaced)
        places, rows = find_columns(ngrams, self.keys, self.columns)
        n_columns = max(len(self.idf), 1)
        entries, counts = np.unique(
            rows.astype(np.int64) * n_columns + places, return_counts=True
        )
        rows, places = np.divmod(entries, n_columns)
        lengths = np.bincount(rows, minlength=len(texts))
        values = weigh(counts.astype(np.float32), places, lengths, self.idf)
        return Sparse(places, values.astype(np.float32), lengths, len(self.idf))
