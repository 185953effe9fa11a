"""Columns of text to numbers, without pretrained weights."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import scipy.sparse
from sklearn import get_config
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmm._utils.compat import Interval, Parallel, StrOptions, delayed, fit_context
from skmm.feature_extraction._base import ColumnsTransformer
from skmm.feature_extraction._cells import read_texts
from skmm.feature_extraction._terms import HashingColumn, SvdColumn, TfidfColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from skmm._utils.typing import ArrayLike, CellsLike, RandomState, Transformed


class TextVectorizer(ColumnsTransformer):
    """Turn columns of text into numbers, each column for itself.

    Every column has terms of its own (a word in the title is not the word in the
    body), weighted and, by default, reduced to the leading components of a
    singular value decomposition: latent semantic analysis.

    Parameters
    ----------
    method : {"tfidf_svd", "tfidf", "hashing"}, default="tfidf_svd"
        What becomes of the terms of a column:

        - "tfidf_svd": `n_components` dense components;
        - "tfidf": a feature for each term, the logarithm of its count plus one times
          its inverse document frequency, rows of length one;
        - "hashing": counts in `n_features` buckets that a hash chooses, rows of
          length one. Nothing is learned, so that no text can be too new.
    n_components : int, default=30
        Components of each column, with "tfidf_svd". There are fewer where the texts
        at fit allow no more: see `n_components_`.
    analyzer : {"auto", "word", "char", "char_wb"}, default="auto"
        What terms are. "auto" takes words, emoji, faces such as ``:(`` and
        signs that carry meaning (``!``, ``%``, ``$``, ``-3``, ``C++``), and in scripts
        without spaces (Chinese, Japanese, Thai, ...) single signs; the others are
        those of :class:`~sklearn.feature_extraction.text.TfidfVectorizer`: words of
        two letters or more, n-grams of characters, and such inside words.
    ngram_range : tuple (min_n, max_n), default=None
        How many neighbours make a term. None takes 1 and 2 words or tokens, and up to
        3 signs with "auto"; 3 and 4 characters with "char" and "char_wb".
    max_features : int, default=20000
        Terms of each column, the most frequent ones.
    min_frequency : int, default=2
        Terms in fewer texts at fit are left out, unless that leaves none.
    n_features : int, default=2**18
        Buckets of each column, with "hashing".
    tokenizer : callable, default=None
        From a text (str) to its tokens (list of str), in place of `analyzer`'s:
        ``jieba.lcut``, or a function that gives spaCy's words with their parts of
        speech. It gets the text as it is, not in lower case.
    missing : {"nan", "zero"}, default="nan"
        What a missing, empty or blank text becomes where the output is dense: NaN,
        so that it stays missing, or zeros, as sparse output always has it.
    sparse_output : bool, default=True
        Whether "tfidf" and "hashing" give a CSR matrix. Components are always dense.
    n_jobs : int, default=None
        Columns that are read at the same time, each in a process.
    random_state : int, RandomState instance or None, default=0
        Seed of the vectors that the decomposition starts from.

    Attributes
    ----------
    n_components_ : list of int
        Components of each column; with "tfidf_svd" only. A column without any term at
        fit has one, of zeros.
    n_terms_ : list of int
        Terms of each column; not with "hashing".
    n_features_in_ : int
        Columns at fit.
    feature_names_in_ : ndarray of str
        Their names, where all are strings. The name of a Series counts as well.

    See Also
    --------
    skmm.encoders.TextEncoder : Text that is learned inside of a classifier.

    Notes
    -----
    Terms are decomposed with the weight `document frequency ** -1/2` rather than by IDF
    ("normal" in [2]_): with IDF the leading components tell common words apart. A
    column's components have a mean variance of 1 over the texts at fit, and the
    largest loading of each is positive.

    A text with nothing but unknown terms is a row of zeros: it is not missing. Numbers
    and other plain values are read as strings.

    Nothing that is learned depends on the order of the rows.

    References
    ----------
    .. [1] Deerwester, Dumais, Furnas, Landauer, Harshman: Indexing by Latent Semantic
       Analysis, Journal of the American Society for Information Science, 1990.
    .. [2] Dumais: Improving the Retrieval of Information from External Sources,
       Behavior Research Methods, Instruments & Computers, 1991.
    .. [3] Weinberger, Dasgupta, Langford, Smola, Attenberg: Feature Hashing for Large
       Scale Multitask Learning, ICML 2009.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.feature_extraction import TextVectorizer
    >>> X = pd.DataFrame({
    ...     "title": ["Lovely dress", "Lovely fit", "Poor fit", None],
    ...     "body": ["soft, fits well", "not soft", "too small", "too small, not soft"],
    ... })
    >>> vectorizer = TextVectorizer(n_components=2).set_output(transform="pandas")
    >>> vectorizer.fit_transform(X).round(1)
       title__0  title__1  body__0  body__1
    0       1.7      -1.7      1.5      1.4
    1       2.4       0.0      1.9      1.1
    2       1.7       1.7      1.4     -1.9
    3       NaN       NaN      2.3     -0.6
    >>> vectorizer = TextVectorizer("tfidf").fit(X)
    >>> vectorizer.get_feature_names_out()[:3].tolist()
    ['title__fit', 'title__lovely', 'body__soft']
    """

    _what = "text"

    _parameter_constraints = {
        "method": [StrOptions({"tfidf_svd", "tfidf", "hashing"})],
        "n_components": [Interval(numbers.Integral, 1, None, closed="left")],
        "analyzer": [StrOptions({"auto", "word", "char", "char_wb"})],
        "ngram_range": [tuple, None],
        "max_features": [Interval(numbers.Integral, 1, None, closed="left")],
        "min_frequency": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_features": [Interval(numbers.Integral, 1, 2**31 - 1, closed="left")],
        "tokenizer": [callable, None],
        "missing": [StrOptions({"nan", "zero"})],
        "sparse_output": ["boolean"],
        "n_jobs": [numbers.Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        method: Literal["tfidf_svd", "tfidf", "hashing"] = "tfidf_svd",
        *,
        n_components: int = 30,
        analyzer: Literal["auto", "word", "char", "char_wb"] = "auto",
        ngram_range: tuple[int, int] | None = None,
        max_features: int = 20_000,
        min_frequency: int = 2,
        n_features: int = 2**18,
        tokenizer: Callable[[str], Iterable[str]] | None = None,
        missing: Literal["nan", "zero"] = "nan",
        sparse_output: bool = True,
        n_jobs: int | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.method = method
        self.n_components = n_components
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.max_features = max_features
        self.min_frequency = min_frequency
        self.n_features = n_features
        self.tokenizer = tokenizer
        self.missing = missing
        self.sparse_output = sparse_output
        self.n_jobs = n_jobs
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: CellsLike, y: ArrayLike | None = None) -> Self:
        """Learn the terms and components of each column.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of str, Series or list of str
            Columns of text.
        y : None
            Ignored.

        Returns
        -------
        self : TextVectorizer

        Raises
        ------
        ValueError
            If a cell is neither text nor a plain value; the message names its column
            and row.
        """
        self._fit_transform(X)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: CellsLike, y: ArrayLike | None = None) -> Transformed:
        """Learn the terms and components of each column; give the features of X.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of str, Series or list of str
            Columns of text.
        y : None
            Ignored.

        Returns
        -------
        features : ndarray or CSR matrix of shape (n_samples, n_features_out)
            float32.
        """
        return self._join(*self._fit_transform(X))

    def transform(self, X: CellsLike) -> Transformed:
        """Return the features of other texts.

        Parameters
        ----------
        X : DataFrame (pandas or polars), 2-D array of str, Series or list of str
            The columns that were there at fit.

        Returns
        -------
        features : ndarray or CSR matrix of shape (n_samples, n_features_out)
            float32.
        """
        check_is_fitted(self)
        texts, missing = read_texts(self._read_frame(X, reset=False))
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(column.transform)(column_texts)
            for column, column_texts in zip(self._columns, texts)
        )
        return self._join(parts, missing)

    def _fit_transform(self, X):
        """Return a matrix for each column, and the missing cells."""
        self._check_ngram_range()
        frame = self._read_frame(X, reset=True)
        texts, missing = read_texts(frame)
        columns = self._make_columns(frame.shape[1])
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_column)(*pair) for pair in zip(columns, texts)
        )
        self._columns, parts = zip(*fitted)
        if self.method != "hashing":
            self.n_terms_ = [column.n_terms_ for column in self._columns]
            self._warn_of_columns_without_terms(frame, missing)
        if self.method == "tfidf_svd":
            self.n_components_ = [column.n_features_out_ for column in self._columns]
        return parts, missing

    def _make_columns(self, n_columns):
        terms = {
            "analyzer": self.analyzer,
            "ngram_range": self.ngram_range,
            "tokenizer": self.tokenizer,
        }
        if self.method == "hashing":
            return [HashingColumn(terms, self.n_features) for _ in range(n_columns)]
        kept = (terms, self.min_frequency, self.max_features)
        if self.method == "tfidf":
            return [TfidfColumn(*kept) for _ in range(n_columns)]
        # The same seed for each column: none depends on which others there are.
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        return [SvdColumn(*kept, self.n_components, seed) for _ in range(n_columns)]

    def _check_ngram_range(self):
        if self.ngram_range is None:
            return
        low, high = self.ngram_range if len(self.ngram_range) == 2 else (0, 0)
        if not 1 <= low <= high:
            raise ValueError(
                f"ngram_range={self.ngram_range!r}: give the smallest and the largest "
                "number of neighbours, such as (1, 2)."
            )

    def _warn_of_columns_without_terms(self, frame, missing):
        for label, n_terms, of_column in zip(frame.columns, self.n_terms_, missing):
            if n_terms:
                continue
            what = "text" if of_column.all() else "words"
            gives = "zeros" if self.method == "tfidf_svd" else "no features"
            warnings.warn(
                f"Column {label!r} holds no {what} in any of {len(frame)} rows, and "
                f"gives {gives}. Leave it out, or fit on rows that have it.",
                UserWarning,
                stacklevel=4,
            )

    def _join(self, parts, missing):
        """Put the columns' features side by side."""
        if self.method != "tfidf_svd" and self.sparse_output:
            joined = scipy.sparse.hstack(parts, format="csr", dtype=np.float32)
            if joined.nnz < 2**31:  # many estimators read no other indices
                joined.indptr = joined.indptr.astype(np.int32)
                joined.indices = joined.indices.astype(np.int32)
            arrays = get_config()["sparse_interface"] == "sparray"
            return joined if arrays else scipy.sparse.csr_matrix(joined)
        dense = []
        for part, of_column in zip(parts, missing):
            part = part.toarray() if scipy.sparse.issparse(part) else part
            if self.missing == "nan":
                part[of_column] = np.nan
            dense.append(part)
        return np.hstack(dense, dtype=np.float32)


def _fit_column(column, texts):
    part = column.fit_transform(texts)
    return column, part
