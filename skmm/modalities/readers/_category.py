"""Categories: values that are either equal or different."""

from __future__ import annotations

import decimal
import numbers
import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm.modalities.readers._base import Reader, distinct_cells
from skmm.modalities.readers._spelling import fold_spaces, is_missing_level

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

#: Stands for a missing category; no cell of real text holds this character.
MISSING = "\uffff"
# "1.0" and "1" are one code, whatever wrote it.
_WHOLE = re.compile(r"([-+]?\d+)\.0+")


class CategoryReader(Reader):
    """Read categories as codes: 0 missing, 1 unknown or rare, 2 and above known.

    Texts are compared in Unicode's composed form, with all white space as single
    spaces. 1, 1.0, "1" and "1.0" are one category, and so are True and "true".

    Attributes
    ----------
    categories_ : Index of str
        The known categories.
    returns_ : bool
        True if most training rows have a value that other rows have too. If False, the
        estimators do not warn of new values.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import CategoryReader
    >>> sizes = pd.Series(["S", "M", None, "M "])
    >>> CategoryReader().fit(sizes).read(sizes).tolist()
    [3, 2, 0, 2]
    """

    kind = "category"
    gives_codes = True

    def fit(self, column: pd.Series, min_frequency: int = 1) -> Self:
        import pandas as pd

        super().fit(column)
        texts = to_texts(column)
        values, counts = np.unique(texts[texts != MISSING], return_counts=True)
        frequent = counts >= min_frequency
        # A column of nothing but rare values would say nothing at all.
        kept = values[frequent] if frequent.any() else values
        self.categories_ = pd.Index(kept, dtype=object)
        self.n_codes_ = len(kept) + 2
        self.returns_ = bool(counts[counts > 1].sum() >= 0.5 * counts.sum())
        return self

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        texts = to_texts(column)
        cells = pd.Categorical(np.where(texts == MISSING, None, texts))
        return pd.Series(cells, index=column.index, name=column.name)

    def read(self, column: pd.Series) -> npt.NDArray[Any]:
        texts = to_texts(column)
        codes = self.categories_.get_indexer(texts) + 2  # -1, not found, becomes 1
        codes[texts == MISSING] = 0
        return codes.astype(np.int32)


def to_texts(column):
    """Read cells as strings, equal where they mean the same; MISSING where missing."""
    codes, cells = distinct_cells(column)
    texts = np.array([_to_text(cell) for cell in cells] + [MISSING], dtype=object)
    return texts[codes]


def _to_text(cell):
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, str):
        if is_missing_level(cell):
            return MISSING
        text = fold_spaces(cell)
        whole = _WHOLE.fullmatch(text)
        if whole is not None:
            return whole[1]
        return text.capitalize() if text.casefold() in ("true", "false") else text
    is_real = isinstance(cell, (numbers.Real, decimal.Decimal))
    if is_real and not isinstance(cell, bool) and abs(cell) < float("inf"):
        if cell == int(cell):
            return str(int(cell))
        return repr(float(cell))
    return str(cell).strip()
