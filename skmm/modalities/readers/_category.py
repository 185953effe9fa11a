"""Categories: values that are either equal or different."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm._plain.cells import MISSING, category_of
from skmm.modalities.readers._base import Reader, distinct_cells, spread

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


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
        places, texts = distinct_texts(column)
        counts: Counter[str] = Counter()
        for place, n in zip(*np.unique(places[places >= 0], return_counts=True)):
            counts[texts[place]] += int(n)
        del counts[MISSING]
        # A column of nothing but rare values would say nothing at all.
        frequent = [text for text, n in counts.items() if n >= min_frequency]
        kept = sorted(frequent or counts)
        self.categories_ = pd.Index(kept, dtype=object)
        self._code_of = {text: code for code, text in enumerate(kept, start=2)}
        self._code_of[MISSING] = 0
        self.n_codes_ = len(kept) + 2
        returning = sum(n for n in counts.values() if n > 1)
        self.returns_ = returning >= 0.5 * counts.total()
        return self

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        places, texts = distinct_texts(column)
        texts = np.array([None if t == MISSING else t for t in texts], dtype=object)
        cells = pd.Categorical(spread(places, texts, None))
        return pd.Series(cells, index=column.index, name=column.name)

    def read(self, column: pd.Series) -> npt.NDArray[Any]:
        places, texts = distinct_texts(column)
        codes = [self._code_of.get(text, 1) for text in texts]
        return spread(places, np.array(codes, dtype=np.int32), 0)


def distinct_texts(column):
    """Take the distinct cells of a column as strings, equal where they mean the same.

    Returns
    -------
    places : ndarray of int of shape (n_samples,)
        The place of each cell in `texts`, -1 where it is missing.
    texts : list of str
        MISSING where a cell says that nothing is there.
    """
    places, cells = distinct_cells(column)
    return places, [category_of(cell) for cell in cells]
