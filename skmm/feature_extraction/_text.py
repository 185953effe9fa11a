"""Turn columns of text into numbers, without pretrained weights."""

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
    """Turn columns of text into numbers.

    Each column is treated separately: a word in the title and the same word in the body
    are different terms. The terms are weighted and, by default, reduced to the leading
    components of a singular value decomposition (latent semantic analysis [1]_).

    Parameters
    ----------
    method : {"tfidf_svd", "tfidf", "hashing"}, default="tfidf_svd"
        What the terms of a column are turned into:

        - "tfidf_svd": `n_components` dense components;
        - "tfidf": one feature for each term, 1 plus the logarithm of its count, times
          its inverse document frequency; rows are scaled to length one;
        - "hashing": counts in `n_features` buckets that a hash function chooses; rows
          are scaled to length one. Nothing is learned, so new words need no new fit.
    n_components : int, default=30
        Number of components of each column, with "tfidf_svd". There are fewer if the
        texts at fit do not allow more; see `n_components_`.
    analyzer : {"auto", "word", "char", "char_wb"}, default="auto"
        What counts as a term. "auto" takes words, emoji, faces such as ``:(`` and signs
        that carry meaning (``!``, ``%``, ``$``, ``-3``, ``C++``); in scripts without
        spaces (Chinese, Japanese, Thai, ...) it takes single characters. A column of
        names or codes is read by its characters as well: at least 50 texts of up to
        three words on average, most of which no other text has. "hashing", which learns
        nothing, takes words there too. The other values are those of
        :class:`~sklearn.feature_extraction.text.TfidfVectorizer`: "word" takes words of
        two letters or more, "char" n-grams of characters, and "char_wb" n-grams of
        characters inside words.
    ngram_range : tuple (min_n, max_n), default=None
        Smallest and largest number of neighbouring tokens that form a term. None takes
        1 to 2 words or tokens (with "auto", up to 3 characters in scripts without
        spaces, and up to 4 of names and codes), and 3 to 4 characters with "char" and
        "char_wb".
    max_features : int, default=20000
        Largest number of terms of each column. The most frequent terms are kept.
    min_frequency : int, default=2
        Smallest number of texts at fit that a term must occur in. Rarer terms are left
        out, unless no term would remain.
    n_features : int, default=2**18
        Number of buckets of each column, with "hashing". Raise it if the texts have
        many different terms.
    tokenizer : callable, default=None
        Function that takes a text (str) and returns its tokens (list of str). It
        replaces the tokens of `analyzer`. Examples are ``jieba.lcut``, or a function
        that returns the words of spaCy with their parts of speech. It gets the text as
        it is, not in lower case.
    missing : {"nan", "zero"}, default="nan"
        What a missing, empty or blank text becomes in dense output. "nan" keeps it
        missing; "zero" makes a row of zeros. Sparse output always has zeros.
    sparse_output : bool, default=True
        If True, "tfidf" and "hashing" return a CSR matrix. The components of
        "tfidf_svd" are always dense.
    n_jobs : int, default=None
        Number of columns that are read at the same time, each in a process of its own.
        None means 1.
    random_state : int, RandomState instance or None, default=0
        Seed of the vectors from which the singular value decomposition starts.

    Attributes
    ----------
    n_components_ : list of int
        Number of components of each column; only with "tfidf_svd". A column without any
        term at fit has one component, which is always zero.
    n_terms_ : list of int
        Number of terms of each column; not with "hashing".
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    See Also
    --------
    skmm.encoders.TextEncoder : Text that is learned inside an estimator.

    Notes
    -----
    Before the decomposition, terms are weighted by `document frequency ** -1/2`
    ("normal" in [2]_) and not by IDF, since with IDF the leading components mainly
    distinguish common words. The components of a column have a mean variance of 1 over
    the texts at fit, and the largest loading of each component is positive.

    A text that holds only unknown terms becomes a row of zeros; it is not missing.
    Numbers and other plain values are read as strings.

    The result does not depend on the order of the rows.

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
        """Learn the terms and components of each column; return the features of X.

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
            The same columns as at fit.

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
