"""Texts by hashed n-grams: without a vocabulary, nothing is learned from rows."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import columns_of, is_missing
from skmm._data.ngrams import split_tokens
from skmm._nn.sparse import BagTable
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, check_options
from skmm.encoders._base import Encoder

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Features


class HashedTextEncoder(Encoder):
    """Read free text as the sum of learned vectors of hashed n-grams.

    Each n-gram is given a place by a hash function [1]_, and n-grams of the same place
    share a vector. So there is no vocabulary, and no weights by frequency (IDF), which
    :class:`TextEncoder` learns from the rows and a private training cannot. Each column
    has its own places. How often an n-gram is in a text does not count, and the
    features of each column of a row have length one.

    Parameters
    ----------
    n_features : int, default=4096
        Number of places for each column. A private training adds noise to all of them.
    ngrams : {"words", "characters"}, default="words"
        "words" takes words and pairs of words; in scripts without spaces they are
        characters and pairs of them. "characters" takes three and four characters
        within words.
    empty_is_missing : bool, default=True
        If True, an empty or blank text is a missing one.

    Attributes
    ----------
    n_features_ : int
        Number of places of all columns.

    See Also
    --------
    TextEncoder : Learns which n-grams there are from the rows.
    skmm.privacy.PrivacySpec : Differential privacy, which this encoder is for.

    References
    ----------
    .. [1] Weinberger, Dasgupta, Langford, Smola, Attenberg: Feature Hashing for Large
       Scale Multitask Learning, ICML 2009.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import HashedTextEncoder
    >>> X = pd.DataFrame({"review": ["good fit", "not a good fit", None]})
    >>> block = HashedTextEncoder(n_features=64).fit_transform(X)
    >>> block.present.tolist()
    [True, True, False]
    """

    can_be_private = True

    _parameter_constraints = {
        "n_features": [Interval(Integral, 1, 2**24, closed="both")],
        "ngrams": [Names(["words", "characters"])],
        "empty_is_missing": ["boolean"],
    }

    def __init__(
        self,
        n_features: int = 4096,
        ngrams: str = "words",
        *,
        empty_is_missing: bool = True,
    ) -> None:
        self.n_features = n_features
        self.ngrams = ngrams
        self.empty_is_missing = empty_is_missing

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.n_features_ = self.n_features * X.shape[1]
        return self.transform(X)

    def transform(self, X: pd.DataFrame) -> Block:
        parts, missing = [], []
        for column in columns_of(X):
            texts, absent = _read_texts(column)
            if self.empty_is_missing:
                absent = np.array([not t or t.isspace() for t in texts], dtype=bool)
            missing.append(absent)
            parts.append(self._hasher().transform(texts))
        features = scipy.sparse.hstack(parts, format="csr").astype(np.float32)
        features.sort_indices()
        return Block(features, present=~np.column_stack(missing).all(axis=1))

    def build_module(self, width: int) -> nn.Module:
        return _HashedModule(self.n_features_, width)

    def linear_features(self, block: Block) -> Features | None:
        return block[0].to_scipy()

    def _hasher(self):
        from sklearn.feature_extraction.text import HashingVectorizer

        options: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 4)}
        if self.ngrams == "words":
            options = {"tokenizer": split_tokens, "ngram_range": (1, 2)}
            options["token_pattern"] = None
        return HashingVectorizer(
            n_features=self.n_features, binary=True, dtype=np.float32, **options
        )


class _HashedModule(nn.Module):
    def __init__(self, n_features, width):
        super().__init__()
        self.table = BagTable(n_features, width, scale=0.1)

    def forward(self, block):
        return self.table(block[0], block.dtype)


def _read_texts(column):
    """Return any cells as texts, "" where missing, and which these are.

    What is not a text is not refused: an error would tell of a single row.
    """
    missing = is_missing(column)
    cells = column.to_numpy(dtype=object)
    pairs = zip(cells, missing)
    return ["" if absent else str(cell) for cell, absent in pairs], missing
