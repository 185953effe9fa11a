"""Numbers of any type, and numbers as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from skmm._data.frames import show_label
from skmm._plain.cells import number_of
from skmm._plain.numerals import WEAK, conversion, parse, value_of
from skmm._plain.spelling import FLAGS, is_placeholder
from skmm._utils.validation import Names, check_options
from skmm.modalities.readers._base import (
    Reader,
    distinct_cells,
    is_numeric,
    spread,
    to_floats,
    warn,
)

if TYPE_CHECKING:
    import pandas as pd


class NumberReader(Reader):
    """Read numbers of any type, and numbers as people write them.

    It reads integers, floats, booleans, fractions and decimals of Python, NumPy,
    pandas, Arrow and polars. It also reads strings with thousands separators, decimal
    commas, currencies, percent signs, units, accounting brackets or exponents. Of an
    interval it takes the middle.

    Parameters
    ----------
    decimal : {".", ","}, default="."
        The decimal sign of numbers that are written as strings. The other sign, a space
        or an apostrophe separates thousands. A cell that is a number only with the
        other decimal sign is read with that one, with a warning; whatever the other
        cells are, a cell is always read in the same way.
    unit : str, default=""
        The currency, unit or percent sign beside written numbers, in lower case. Cells
        in a unit that measures the same are converted, such as grams beside kilograms;
        other units raise an error.
    infinite : {"raise", "missing"}, default="raise"
        What happens with an infinite cell. "raise" raises an error that names it;
        "missing" treats it as missing.
    errors : {"raise", "missing"}, default="raise"
        What happens if a cell cannot be read. "raise" raises an error that names it.
        "missing" treats it as missing, with a warning. "N/A", "?", "-", "null" and the
        like are always missing.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import NumberReader
    >>> prices = pd.Series(["1.234,50 €", "(12,00 €)", "n/a"])
    >>> NumberReader(decimal=",", unit="€").fit(prices).clean(prices).tolist()
    [1234.5, -12.0, nan]
    """

    kind = "number"

    _parameter_constraints = {
        "decimal": [Names([".", ","])],
        "unit": [str],
        "infinite": [Names(["raise", "missing"])],
        "errors": [Names(["raise", "missing"])],
    }

    #: Whether numbers are written with magnitudes ("3k"), so that "5m" is 5 million and
    #: not a number in another unit; None until the training rows tell.
    _scales: bool | None = False

    def __init__(
        self,
        decimal: Literal[".", ","] = ".",
        *,
        unit: str = "",
        infinite: Literal["raise", "missing"] = "raise",
        errors: Literal["raise", "missing"] = "raise",
    ) -> None:
        self.decimal = decimal
        self.unit = unit
        self.infinite = infinite
        self.errors = errors

    def fit(self, column: pd.Series, min_frequency: int = 1) -> Self:
        check_options(self)
        super().fit(column)
        self.is_flag_, self._scales = False, None
        values = self.clean(column).to_numpy()
        self.is_flag_ = bool(np.isin(values, [0.0, 1.0]).any()) and bool(
            (np.isin(values, [0.0, 1.0]) | np.isnan(values)).all()
        )
        return self

    def clean(self, column: pd.Series) -> pd.Series:
        import pandas as pd

        if is_numeric(column):
            values = to_floats(column)
        else:
            values = self._read_cells(column)
        return pd.Series(
            self._check_finite(column, values), index=column.index, name=column.name
        )

    def _read_cells(self, column):
        column = _middles(column)
        codes, cells = distinct_cells(column)
        numbers = np.full(len(cells), np.nan)
        lost = np.zeros(len(cells), dtype=bool)
        written = []
        for i, cell in enumerate(cells):
            if isinstance(cell, str):
                written.append(i)
            elif (number := number_of(cell)) is not None:
                numbers[i] = number
            else:
                middle = _middle(cell)
                lost[i] = middle is None
                numbers[i] = np.nan if middle is None else middle
        self._read_written(column, cells, written, numbers, lost)
        lost = spread(codes, lost, False)
        if self.errors == "missing":
            self._lose(column, lost)
        else:
            self._refuse(column, lost)
        return spread(codes, numbers, np.nan)

    def _read_written(self, column, cells, written, numbers, lost):
        """Fill in the numbers of strings, and mark what is none."""
        if self.decimal == "." and written:
            # As computers write numbers, they are read as computers read them.
            texts = np.array([cells[i] for i in written], dtype=object)
            fast = _plain_floats(texts)
            numbers[written] = fast
            written = [i for i, isnan in zip(written, np.isnan(fast)) if isnan]
        numerals = {}
        for i in written:
            numeral = parse(cells[i])
            if numeral is not None:
                numerals[i] = numeral
            elif self.is_flag_ and cells[i].strip().casefold() in FLAGS:
                numbers[i] = FLAGS[cells[i].strip().casefold()]
            else:
                lost[i] = not is_placeholder(cells[i])
        if not numerals:
            return
        if self._scales is None:
            self._scales = any(numeral.magnitude for numeral in numerals.values())
        self._check_units(column, numerals)
        foreign = [i for i, n in numerals.items() if self.decimal not in n.readings]
        if foreign:
            other = "," if self.decimal == "." else "."
            warn(
                f"Column {column.name!r} was fitted with {self.decimal!r} as the "
                f"decimal sign, and {len(foreign)} of {len(cells)} distinct values can "
                f"only be read with {other!r}, for example {cells[foreign[0]]!r}. They "
                f"are read so, and the others with {self.decimal!r}. Write the column "
                "as at fit, or fit again."
            )
        for i, numeral in numerals.items():
            numbers[i], _ = value_of(numeral, self.decimal, self.unit)

    def _check_units(self, column, numerals):
        """Raise if numbers are written in another unit than they were fitted in."""
        units = {numeral.unit for numeral in numerals.values()}
        others = {one for one in units if conversion(one, self.unit) is None}
        others -= {"", self.unit}
        if self._scales:
            others -= WEAK.keys()
        if self.unit == "" and len(others) == 1 and not others & {"%", "‰"}:
            return  # a unit where there was none is the one that was not written
        if others:
            fitted = f"in {self.unit!r}" if self.unit else "without a unit"
            raise ValueError(
                f"Column {column.name!r} was fitted {fitted}, and holds numbers in "
                f"{', '.join(map(repr, sorted(others)))}. Convert them to one unit, or "
                "fit again."
            )

    def _check_finite(self, column, values):
        infinite = np.isinf(values)
        if not infinite.any():
            return values
        if self.infinite == "missing":
            return np.where(infinite, np.nan, values)
        where = np.flatnonzero(infinite)
        raise ValueError(
            f"Column {column.name!r} holds infinity (inf) in {len(where)} of "
            f"{len(values)} rows, the first at row "
            f"{show_label(column.index, where[0])}. Replace it: "
            "X.replace([np.inf, -np.inf], np.nan) makes it missing, as "
            "NumberReader(infinite='missing') does."
        )


def _plain_floats(texts):
    """Return strings as Python's float reads them, NaN where it does not."""
    import pandas as pd

    try:
        return pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(
            np.float64, na_value=np.nan
        )
    except (OverflowError, UnicodeError):
        return np.full(len(texts), np.nan)


def _middles(column):
    """Return a column of intervals as their middles, and any other as it is."""
    import pandas as pd

    if isinstance(column.dtype, pd.IntervalDtype):
        return column.astype(object)
    return column


def _middle(cell):
    """Return the middle of an interval of numbers, its finite end if it has but one."""
    left, right = getattr(cell, "left", None), getattr(cell, "right", None)
    ends = [number_of(end) for end in (left, right)]
    if None in ends:
        return None
    finite = [end for end in ends if np.isfinite(end)]
    return float(np.mean(finite)) if finite else np.nan
