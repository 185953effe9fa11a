"""What one column is, by its dtype and its cells."""

import numpy as np

from skmm._data.frames import cell_kind, is_missing
from skmm._plain.spelling import is_placeholder
from skmm.io._packed import explode, is_packed, unpack
from skmm.modalities._arrays import detect_arrays
from skmm.modalities._decision import Decision
from skmm.modalities._errors import mixed_types, unreadable
from skmm.modalities._files import detect_bytes
from skmm.modalities._kinds import KINDS
from skmm.modalities._notes import note_numbers
from skmm.modalities._strings import decide_strings
from skmm.modalities.readers import (
    CategoryReader,
    DateReader,
    DurationReader,
    FlagReader,
    NumberReader,
    TimeReader,
)
from skmm.modalities.readers._base import is_numeric, to_floats
from skmm.modalities.readers._flag import are_flags

# How each kind of cell is called in a reason or an error.
_PLURALS = {
    "boolean": "booleans",
    "number": "numbers",
    "complex": "complex numbers",
    "string": "strings",
    "path": "paths",
    "bytes": "bytes",
    "date": "dates",
    "timedelta": "time differences",
    "time": "times of day",
    "period": "periods or intervals",
    "picture": "PIL images",
    "mapping": "dicts",
    "array": "arrays",
}
_MEDIA = ("image", "audio", "video")
# Kinds of cells that may share a column.
_COMPATIBLE = [{"boolean", "number"}, {"string", "path"}, {"picture", "array"}]
_READERS = {
    "boolean": FlagReader,
    "number": NumberReader,
    "date": DateReader,
    "timedelta": DurationReader,
    "time": TimeReader,
}
# More categories than this, and than half of the rows, are no categories.
_MANY_CATEGORIES = 10


def decide_column(series, label, sample_size):
    """Decide what one column is.

    Parameters
    ----------
    series : Series of shape (n_samples,)
    label : hashable
        Of the column, for errors.
    sample_size : int
        How many distinct strings to read closely.

    Returns
    -------
    decision : Decision

    Raises
    ------
    ValueError
        If the column mixes types, or holds what nothing reads.
    """
    from pandas import CategoricalDtype, IntervalDtype, PeriodDtype
    from pandas.api import types

    dtype = series.dtype
    if types.is_complex_dtype(dtype):
        raise unreadable(label, "holds complex numbers", "pass X.real and X.imag")
    if is_numeric(series):
        return _decide_numbers(series)
    missing = is_missing(series, empty=True)
    if missing.all():
        return Decision(None, "all missing")
    kept = series[~missing]
    if isinstance(dtype, CategoricalDtype):
        return _decide_categories(kept, label, sample_size)
    if isinstance(dtype, np.dtype) and dtype.kind == "m":
        return Decision("tabular", "time differences", DurationReader())
    if types.is_datetime64_any_dtype(dtype):
        return Decision("tabular", "dates", DateReader())
    if isinstance(dtype, PeriodDtype):
        return Decision("tabular", "periods", DateReader())
    if isinstance(dtype, IntervalDtype):
        reader = NumberReader() if dtype.subtype.kind in "iuf" else DateReader()
        return Decision("tabular", "intervals", reader)
    if getattr(dtype, "type", None) is str:
        return decide_strings(kept, label, sample_size)
    return _decide_cells(kept, label, sample_size)


def _decide_numbers(series):
    values = to_floats(series)
    values = values[~np.isnan(values)]
    if not len(values):
        return Decision(None, "all missing")
    note = note_numbers(values)
    if getattr(series.dtype, "kind", "") == "b":
        return Decision("tabular", "booleans", FlagReader(), note)
    return Decision("tabular", "numbers", NumberReader(), note)


def _decide_categories(series, label, sample_size):
    """Decide on dtype category: what its values are only where they hardly return."""
    cells = series.cat.remove_unused_categories().cat.categories
    n_distinct = len(cells)
    if n_distinct > _MANY_CATEGORIES and n_distinct > len(series) / 2:
        try:
            decision = decide_column(series.astype(object), label, sample_size)
        except ValueError:  # mixed types are categories like any others
            decision = None
        if decision is not None and decision.kind not in (None, "text"):
            reason = f"category dtype, {decision.reason}"
            return decision._replace(reason=reason)
    elif are_flags(cells):
        return Decision("tabular", "category dtype, yes and no", FlagReader())
    note = "constant" if n_distinct == 1 and len(series) > 1 else ""
    return Decision("tabular", "category dtype", CategoryReader(), note)


def _decide_cells(series, label, sample_size):
    """Decide on a column whose dtype says nothing, from all its non-missing cells."""
    cells = series.to_numpy(dtype=object)
    kind_of = {type_: cell_kind(type_) for type_ in set(map(type, cells))}
    kinds = set(kind_of.values())
    if kinds <= {"string", "path"}:
        # dtype object, because Arrow's strings cannot hold half of a surrogate pair.
        strings = type(series)(list(map(str, cells)), series.index, dtype=object)
        return decide_strings(strings, label, sample_size)
    if "mapping" in kinds and any(map(is_packed, cells)):
        held = np.empty(len(cells), dtype=object)
        for i, cell in enumerate(cells):
            held[i] = unpack(cell)
        held = type(series)(held, series.index)
        decision = _decide_cells(held, label, sample_size)
        if decision.kind in _MEDIA:
            return decision._replace(reason=f"{decision.reason}, in dicts")
    if "array" in kinds and (several := _decide_several(series, label, sample_size)):
        return several
    mixed = None
    if "string" in kinds:
        mixed = _decide_partly_strings(series, cells, kind_of, label, sample_size)
    if mixed is not None:
        return mixed
    if len(kinds) > 1 and not any(kinds <= allowed for allowed in _COMPATIBLE):
        if media := _decide_media_in_forms(series, cells, kind_of, sample_size):
            return media
        per_row = [
            _PLURALS.get(kind_of[type(cell)], kind_of[type(cell)]) for cell in cells
        ]
        raise mixed_types(series, label, per_row, _REMEDY_OF_MIXED_CELLS)
    if kinds <= {"boolean", "number"}:
        values = NumberReader(infinite="missing").clean(series).to_numpy()
        note = note_numbers(values[~np.isnan(values)])
        reason = " and ".join(sorted(_PLURALS[kind] for kind in kinds))
        reader = FlagReader() if kinds == {"boolean"} else NumberReader()
        return Decision("tabular", reason, reader, note)
    if kinds == {"period"}:
        are_numbers = _are_intervals_of_numbers(cells)
        reader = NumberReader() if are_numbers else DateReader()
        return Decision("tabular", "periods or intervals", reader)
    (kind,) = kinds if len(kinds) == 1 else (None,)
    if kind in _READERS:
        return Decision("tabular", _PLURALS[kind], _READERS[kind]())
    if kind == "bytes":
        return Decision(*detect_bytes(series, cells, label))
    if kinds <= {"array", "picture"}:
        return Decision(*detect_arrays(series, cells, label))
    if kind == "complex":
        raise unreadable(label, "holds complex numbers", "pass X.real and X.imag")
    if kind == "mapping":
        fields = sorted({str(field) for cell in cells[:100] for field in cell})
        raise unreadable(
            label,
            f"holds dicts with the fields {fields[:5]}",
            f"pick one field: X[{label!r}] = X[{label!r}].str['<field>']",
        )
    raise unreadable(
        label,
        f"holds objects of type {type(cells[0]).__name__}",
        "convert them to numbers, strings or numpy arrays, or drop the column",
    )


def _decide_several(series, label, sample_size):
    """Decide on cells that hold several files each, or None."""
    views, rows = explode(series)
    if rows is None:
        return None
    try:
        decision = decide_column(views, label, sample_size)
    except ValueError:  # in words that are not about lists
        return None
    if decision.kind not in _MEDIA:
        return None
    return decision._replace(reason=f"{decision.reason}, several in a cell")


def _decide_media_in_forms(series, cells, kind_of, sample_size):
    """Decide on media of one kind that come as paths, bytes, arrays, or None."""
    forms = np.array([kind_of[type(cell)] for cell in cells])
    if not {"bytes", "picture", "array", "string", "path"}.issuperset(forms):
        return None
    found = set()
    for form in sorted(set(forms)):
        try:
            found.add(_decide_cells(series[forms == form], "", sample_size).kind)
        except ValueError:
            return None
    kind = found.pop()
    if found or kind not in _MEDIA:
        return None
    forms = " and ".join(sorted({_PLURALS[form] for form in forms}))
    return Decision(kind, f"{KINDS[kind].cells} as {forms}")


def _decide_partly_strings(series, cells, kind_of, label, sample_size):
    """Decide on strings beside other cells: what both can be read as, or None."""
    is_string = np.array([kind_of[type(cell)] == "string" for cell in cells])
    words = sorted(set(cells[is_string].tolist()))
    words = [word for word in words if not is_placeholder(word)]
    others = set(kind_of.values()) - {"string"}
    if not words:  # placeholders alone
        return _decide_cells(series[~is_string], label, sample_size)
    if others <= {"boolean", "number"}:
        rest = {bool(c) if c in (0, 1) else None for c in cells[~is_string]}
        if None not in rest and are_flags([*words, *rest]):
            return Decision("tabular", "booleans, some as strings", FlagReader())
        if "boolean" in others:
            return None
    if len(others) > 1:
        return None
    (other,) = others
    strings = type(series)(words, dtype=object)
    decision = decide_strings(strings, label, sample_size)
    if (
        decision.reader is None
        or decision.reader.kind != _READERS.get(other, CategoryReader).kind
    ):
        return None
    if isinstance(decision.reader, CategoryReader):
        return None
    return decision._replace(reason=f"{_PLURALS[other]}, some as strings", note="")


def _are_intervals_of_numbers(cells):
    import numbers

    return all(
        isinstance(getattr(cell, "left", None), (numbers.Real, np.number))
        for cell in cells
    )


_REMEDY_OF_MIXED_CELLS = (
    "Convert them to one type: X[{0!r}].astype(str) if they are categories or text, "
    "pandas.to_numeric(X[{0!r}], errors='coerce') if they are numbers."
)
