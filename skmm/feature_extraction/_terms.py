"""One column of text to a matrix: terms, their weights, and components."""

import collections
import itertools

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.utils.extmath import randomized_svd

from skmm._data.ngrams import NgramCounter, Tfidf
from skmm._data.sparse import make_csr
from skmm._plain.tokens import is_unspaced, join_tokens, split_tokens

#: Of the randomised decomposition (Halko, Martinsson, Tropp, SIAM Review 2011). On the
#: clothing reviews 2 iterations gave .005 less ROC AUC than 5; 7 and 15 gave no more
#: (measured with IDF weights).
_N_ITER = 5

#: Singular values below this share of the largest are float32's rounding errors.
_NEGLIGIBLE = 1e-5

#: Texts are cut up so many at a time: terms as Python strings take much memory.
_CHUNK = 2048


class HashingColumn:
    """Terms counted in buckets that a hash chooses; nothing is learned.

    Parameters
    ----------
    terms : dict
        Options of :func:`make_analyzer`.
    n_features : int
    """

    def __init__(self, terms, n_features):
        self.terms = terms
        self.n_features_out_ = n_features

    def fit_transform(self, texts):
        return self.transform(texts)

    def transform(self, texts):
        hasher = HashingVectorizer(
            analyzer=make_analyzer(**self.terms),
            n_features=self.n_features_out_,
            dtype=np.float32,
        )
        # Half of a surrogate pair, from broken text, has no bytes that could be hashed.
        whole = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return hasher.transform(whole)

    def suffixes(self):
        return range(self.n_features_out_)


class TfidfColumn:
    """Sublinear TF-IDF, rows of length one.

    Parameters
    ----------
    terms : dict
        Options of :func:`make_analyzer`.
    min_frequency, max_features : int
    """

    def __init__(self, terms, min_frequency, max_features):
        self.terms = terms
        self.min_frequency = min_frequency
        self.max_features = max_features

    def fit_transform(self, texts):
        # Of a few short texts no term may be in two: then each counts.
        for min_frequency in sorted({self.min_frequency, 1}, reverse=True):
            self.counter_ = self._make_counter(min_frequency)
            counts = self.counter_.fit_transform(texts)
            if counts.shape[1]:
                break
        self.n_terms_ = self.n_features_out_ = counts.shape[1]
        self.weights_ = self._make_weights(len(texts))
        return self.weights_.transform(counts)

    def transform(self, texts):
        return self.weights_.transform(self.counter_.transform(texts))

    def suffixes(self):
        return self.counter_.ngrams()

    def _make_counter(self, min_frequency):
        if self.terms == {"analyzer": "auto", "ngram_range": None, "tokenizer": None}:
            return NgramCounter(min_frequency, self.max_features)  # 1.6 times as fast
        return TermCounter(self.terms, min_frequency, self.max_features)

    def _make_weights(self, n_rows):
        return Tfidf(self.counter_.document_frequency_, n_rows)


class SvdColumn(TfidfColumn):
    """The leading components of weighted terms.

    Parameters
    ----------
    terms : dict
        Options of :func:`make_analyzer`.
    min_frequency, max_features, n_components : int
    random_state : int
    """

    def __init__(self, terms, min_frequency, max_features, n_components, random_state):
        super().__init__(terms, min_frequency, max_features)
        self.n_components = n_components
        self.random_state = random_state

    def fit_transform(self, texts):
        matrix = super().fit_transform(texts)
        # The order of the rows would decide rounding errors, and which vectors stand
        # for equal singular values: they are read in the order of the texts.
        order = sorted(range(len(texts)), key=texts.__getitem__)
        ordered = matrix[order]
        components = self._find_components(ordered)
        values = ordered @ components
        said = np.diff(ordered.indptr) > 0
        # The mean variance is one: columns of text count alike, and a penalty on
        # coefficients means the same for each; components keep their relative sizes.
        variance = values[said].var(axis=0).mean() if said.any() else 0
        scale = 1 / np.sqrt(variance) if variance > _NEGLIGIBLE**2 else 1
        self.components_ = np.ascontiguousarray(components * np.float32(scale))
        self.n_features_out_ = self.components_.shape[1]
        return matrix @ self.components_

    def transform(self, texts):
        return super().transform(texts) @ self.components_

    def suffixes(self):
        return range(self.n_features_out_)

    def _make_weights(self, n_rows):
        return NormalWeights(self.counter_.document_frequency_)

    def _find_components(self, matrix):
        """Return the right singular vectors, (n_terms, n_components)."""
        n_components = min(self.n_components, *matrix.shape)
        if n_components == 0:
            return np.zeros((matrix.shape[1], 1), np.float32)
        _, sizes, components = randomized_svd(
            matrix,
            n_components,
            n_iter=_N_ITER,
            flip_sign=False,
            random_state=self.random_state,
        )
        components = components[sizes > _NEGLIGIBLE * sizes[0]].T
        # The sign of the largest loading, of nearly equal ones the first, is plus.
        sizes = np.abs(components)
        first = (sizes >= 0.99 * sizes.max(axis=0)).argmax(axis=0)
        signs = np.sign(components[first, np.arange(components.shape[1])])
        return np.ascontiguousarray(components * signs, dtype=np.float32)


class NormalWeights(Tfidf):
    """Weights that give all terms the same length over the texts they were learned on.

    With IDF the leading components tell common words apart, which say little: on the
    clothing reviews 30 components so weighted took ROC AUC from .914 to .935.

    Parameters
    ----------
    document_frequency : ndarray of shape (n_features,)
    """

    def __init__(self, document_frequency):
        self.idf_ = (document_frequency**-0.5).astype(np.float32)


class TermCounter:
    """Counts of any terms; for words and pairs of them `NgramCounter` is faster.

    Columns are in the order of falling document frequency, equals by name.

    Parameters
    ----------
    terms : dict
        Options of :func:`make_analyzer`.
    min_frequency, max_features : int

    Attributes
    ----------
    document_frequency_ : ndarray of shape (n_features,)
    vocabulary_ : dict
        The column of each term.
    """

    def __init__(self, terms, min_frequency, max_features):
        self.terms = terms
        self.min_frequency = min_frequency
        self.max_features = max_features

    def fit_transform(self, texts):
        number = collections.defaultdict(itertools.count().__next__)
        counts = self._count(texts, number.__getitem__, number.__len__)
        frequency = np.bincount(counts.indices, minlength=len(number))
        terms = np.array(list(number), dtype=object)
        kept = np.flatnonzero(frequency >= self.min_frequency)
        kept = kept[np.argsort(terms[kept])]
        kept = kept[np.argsort(-frequency[kept], kind="stable")][: self.max_features]
        self.document_frequency_ = frequency[kept].astype(np.float64)
        self.vocabulary_ = {term: i for i, term in enumerate(terms[kept])}
        columns = np.full(len(terms), -1)
        columns[kept] = np.arange(len(kept))
        lengths = np.diff(counts.indptr)
        return _to_csr(counts.data, columns[counts.indices], lengths, len(kept))

    def transform(self, texts):
        vocabulary = self.vocabulary_
        return self._count(
            texts, lambda term: vocabulary.get(term, -1), vocabulary.__len__
        )

    def ngrams(self):
        return list(self.vocabulary_)

    def _count(self, texts, number, size):
        """Count terms by the `number` of each; `size` tells how many are known now."""
        analyze = make_analyzer(**self.terms)
        parts = []
        for start in range(0, len(texts), _CHUNK):
            terms = [list(analyze(text)) for text in texts[start : start + _CHUNK]]
            lengths = np.fromiter(map(len, terms), np.int64, len(terms))
            flat = map(number, itertools.chain.from_iterable(terms))
            ids = np.fromiter(flat, np.int64, lengths.sum())
            ones = np.ones(len(ids), np.float32)
            parts.append(_to_csr(ones, ids, lengths, size()))
        for part in parts:  # later ones know more terms
            part.resize(part.shape[0], size())
        return scipy.sparse.vstack(parts, format="csr")


def _to_csr(values, columns, lengths, n_columns):
    """Put a matrix together; entries of column -1 are left out."""
    known = columns >= 0
    before = np.concatenate([[0], np.cumsum(known)])
    indptr = before[np.concatenate([[0], np.cumsum(lengths)])]
    matrix = make_csr(values[known], columns[known].astype(np.int32), indptr, n_columns)
    matrix.sum_duplicates()
    return matrix


def make_analyzer(analyzer, ngram_range, tokenizer):
    """Return the function from a text to its terms.

    Parameters
    ----------
    analyzer : {"auto", "word", "char", "char_wb"}
    ngram_range : tuple of int or None
    tokenizer : callable or None

    Returns
    -------
    analyze : callable
        From str to an iterable of str.
    """
    if tokenizer is not None:
        return lambda text: _join_neighbours(
            list(tokenizer(text)), ngram_range or (1, 2), " ".join
        )
    if analyzer == "auto":
        return lambda text: _auto_terms(text, ngram_range)
    default = (1, 2) if analyzer == "word" else (3, 4)
    return CountVectorizer(
        analyzer=analyzer, ngram_range=ngram_range or default
    ).build_analyzer()


def _auto_terms(text, ngram_range):
    """What `NgramCounter` counts, one after the other."""
    tokens = split_tokens(text)
    join = " ".join if text.isascii() else join_tokens
    terms = _join_neighbours(tokens, ngram_range or (1, 2), join)
    if ngram_range is None and not text.isascii():
        signs = [token if is_unspaced(token) else None for token in tokens]
        triples = zip(signs, signs[1:], signs[2:])
        terms += ["".join(triple) for triple in triples if None not in triple]
    return terms


def _join_neighbours(tokens, ngram_range, join):
    terms = []
    for n in range(ngram_range[0], ngram_range[1] + 1):
        if n == 1:
            terms += tokens
        else:
            terms += map(join, zip(*(tokens[i:] for i in range(n))))
    return terms
