"""Yes and no, in any spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skmm._plain.cells import flag_of
from skmm._plain.spelling import FLAGS, fold_spaces
from skmm.modalities.readers._base import (
    Reader,
    distinct_cells,
    is_numeric,
    spread,
    to_floats,
)

if TYPE_CHECKING:
    import pandas as pd


class FlagReader(Reader):
    """Read yes and no in any spelling: True, "true", "TRUE", "yes", "Y", 1, "1".

    A cell that is neither is treated as missing, with a warning.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import FlagReader
    >>> flags = pd.Series(["yes", "NO", None])
    >>> FlagReader().fit(flags).clean(flags).tolist()
    [1.0, 0.0, nan]
    """

    kind = "flag"

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        if is_numeric(column):
            values = to_floats(column)
            lost = ~(np.isin(values, [0.0, 1.0]) | np.isnan(values))
            values = np.where(lost, np.nan, values)
        else:
            codes, cells = distinct_cells(column)
            read = [flag_of(cell) for cell in cells]
            values = np.array([np.nan if v is None else v for v in read], dtype=float)
            unread = np.array([v is None for v in read], dtype=bool)
            values, lost = spread(codes, values, np.nan), spread(codes, unread, False)
        self._lose(column, lost)
        return pd.Series(values, index=column.index, name=column.name)


def are_flags(cells):
    """Return True if cells are yes and no and nothing else, with a word among them.

    Parameters
    ----------
    cells : iterable
        Distinct, none of them missing.
    """
    words = {
        c if isinstance(c, bool) else fold_spaces(str(c)).casefold() for c in cells
    }
    texts = {word for word in words if isinstance(word, str)}
    if not texts:
        return bool(words)
    # Single letters and signs alone may be anything: grades, gates, crosses.
    if not texts <= FLAGS.keys() or texts <= {"0", "1", "0.0", "1.0"}:
        return False
    told = {FLAGS[word] for word in texts} | {float(w) for w in words - texts}
    return len(told) == 2 or any(len(word) > 1 for word in texts)
