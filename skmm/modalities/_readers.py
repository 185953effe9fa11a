"""Readers of one table column: numbers, dates and categories to arrays."""

import numpy as np

from skmm._data.frames import is_missing, show_label


class NumberReader:
    """Numbers, booleans and durations, as float64 with NaN where missing.

    Parameters
    ----------
    column : Series
        The training rows.
    """

    kind = "number"

    def __init__(self, column):
        self.name = column.name

    def read(self, column):
        """Give (n_samples, 1) float64.

        Raises
        ------
        ValueError
            If a cell is not a number, or infinite.
        """
        values = to_numbers(column)
        infinite = np.isinf(values)
        if infinite.any():
            where = np.flatnonzero(infinite)
            raise ValueError(
                f"Column {self.name!r} holds infinity (inf) in {len(where)} of "
                f"{len(values)} rows, the first at row "
                f"{show_label(column.index, where[0])}. "
                "Replace it: X.replace([np.inf, -np.inf], np.nan) makes it missing."
            )
        return values[:, None]


class CleanedReader:
    """Strings that are numbers or dates: skrub's Cleaner knows their spellings.

    Parameters
    ----------
    column : Series
    cleaner : skrub.Cleaner
        Fitted on the column.
    encoder : skrub.DatetimeEncoder or None
        Fitted on the cleaned column, for dates.
    """

    def __init__(self, column, cleaner, encoder):
        self.name = column.name
        self.cleaner = cleaner
        self.encoder = encoder
        self.kind = "number" if encoder is None else "date"

    def read(self, column):
        """Give (n_samples, n_features) float64."""
        missing = is_missing(column, empty=True)
        if missing.all():
            n_features = 1 if self.encoder is None else len(self.encoder.all_outputs_)
            return np.full((len(column), n_features), np.nan)
        if self.encoder is None and column.dtype.kind in "iufb":
            return NumberReader(column).read(column)
        cleaned = self.cleaner.transform(column.to_frame()).iloc[:, 0]
        check_converted(column, cleaned.isna().to_numpy(), missing, self.kind)
        if self.encoder is None:
            return NumberReader(column).read(cleaned)
        return self.encoder.transform(cleaned).to_numpy(np.float64)


class CategoryReader:
    """Categories as codes: 0 missing, 1 unknown or rare, 2 and above known.

    Parameters
    ----------
    column : Series
        The training rows.
    min_frequency : int
        Rarer values are read as unknown, which so learns what an unknown one means.
    """

    kind = "category"

    def __init__(self, column, min_frequency):
        import pandas as pd

        self.name = column.name
        texts = to_texts(column)
        values, counts = np.unique(texts[texts != MISSING], return_counts=True)
        frequent = values[counts >= min_frequency]
        # A column of nothing but rare values would say nothing at all.
        self.categories = pd.Index(frequent if len(frequent) else values, dtype=object)
        self.n_codes = len(self.categories) + 2

    def read(self, column):
        """Give (n_samples,) int32 codes."""
        texts = to_texts(column)
        codes = self.categories.get_indexer(texts) + 2  # -1, not found, becomes 1
        codes[texts == MISSING] = 0
        return codes.astype(np.int32)


#: Stands for a missing category; no cell of real text holds this character.
MISSING = "\uffff"


def make_reader(column, min_frequency):
    """Choose the reader of a column by what its training rows hold."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return CategoryReader(column, min_frequency)
    if getattr(dtype, "kind", "O") in "iufbm":
        return NumberReader(column)
    is_date = pd.api.types.is_datetime64_any_dtype(dtype)
    kept = column[~is_missing(column, empty=True)]
    types = set(map(type, kept)) if dtype.kind == "O" else set()
    if types and all(issubclass(t, (int, float, np.number, np.bool_)) for t in types):
        return NumberReader(column)
    if not is_date and not any(
        any(sign.isdigit() for sign in text) for text in map(str, kept.unique()[:1000])
    ):
        return CategoryReader(column, min_frequency)  # nor number nor date, no digit
    from skrub import Cleaner, DatetimeEncoder

    cleaner = Cleaner(drop_null_fraction=None, parse_numbers=True)
    cleaned = cleaner.fit_transform(column.to_frame()).iloc[:, 0]
    if pd.api.types.is_datetime64_any_dtype(cleaned.dtype):
        encoder = DatetimeEncoder(add_weekday=True, add_total_seconds=True)
        encoder.fit_transform(cleaned)
        return CleanedReader(column, cleaner, encoder)
    if getattr(cleaned.dtype, "kind", "O") in "iuf":
        return CleanedReader(column, cleaner, None)
    return CategoryReader(column, min_frequency)


def to_numbers(column):
    """Read a column as float64, NaN where missing."""
    import pandas as pd

    kind = getattr(column.dtype, "kind", "O")
    if kind == "m":
        return column.dt.total_seconds().to_numpy(np.float64, na_value=np.nan)
    if kind in "iufb" and not isinstance(column.dtype, pd.CategoricalDtype):
        return column.to_numpy(np.float64, na_value=np.nan)
    missing = is_missing(column, empty=True)
    plain = column.astype(object).where(~missing, np.nan)
    values = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    check_converted(column, np.isnan(values), missing, "number")
    return values


def check_converted(column, lost, missing, kind):
    """Raise if a cell that held something could not be read as its fitted kind."""
    bad = np.flatnonzero(lost & ~missing)
    if len(bad):
        raise ValueError(
            f"Column {column.name!r} was fitted as a {kind}; {len(bad)} of "
            f"{len(column)} rows cannot be read as one, the first at row "
            f"{show_label(column.index, bad[0])}: {column.iloc[bad[0]]!r}. Correct "
            "these cells, make them missing, or fit again."
        )


def to_texts(column):
    """Read cells as strings, the same for 1, 1.0 and "1"; MISSING where missing."""
    import pandas as pd

    missing = is_missing(column, empty=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        texts = np.array(
            [_to_text(c) for c in column.cat.categories] + [MISSING], object
        )
        return np.where(missing, MISSING, texts[column.cat.codes.to_numpy()])
    codes, values = pd.factorize(column, use_na_sentinel=True)
    texts = np.array([_to_text(value) for value in values] + [MISSING], object)
    return np.where(missing, MISSING, texts[codes])


def _to_text(value):
    if isinstance(value, (float, np.floating)) and value == int(value):
        value = int(value)
    if isinstance(value, np.generic):
        value = value.item()
    return str(value).strip()
