"""What one column is, by its dtype and its cells."""

from skmm._data.frames import cell_kind, is_missing
from skmm.modalities._arrays import detect_arrays
from skmm.modalities._errors import mixed_types, unreadable
from skmm.modalities._files import detect_bytes
from skmm.modalities._strings import NUMBER, detect_strings

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
# Kinds of cells that may share a column.
_COMPATIBLE = [{"boolean", "number"}, {"string", "path"}, {"picture", "array"}]
_TABULAR = {"boolean", "number", "date", "timedelta", "time", "period"}


def detect_column(series, label, sample_size):
    """Return the kind of one column, None where it is all missing, and the reason."""
    from pandas import CategoricalDtype, IntervalDtype, PeriodDtype
    from pandas.api import types

    dtype = series.dtype
    missing = is_missing(series, empty=True)
    if missing.all():
        return None, "all missing"
    if isinstance(dtype, CategoricalDtype):
        return "tabular", "category dtype"
    if types.is_complex_dtype(dtype):
        raise unreadable(label, "holds complex numbers", "pass X.real and X.imag")
    if types.is_bool_dtype(dtype):
        return "tabular", "booleans"
    if types.is_numeric_dtype(dtype):
        return "tabular", "numbers"
    if types.is_datetime64_any_dtype(dtype):
        return "tabular", "dates"
    if types.is_timedelta64_dtype(dtype):
        return "tabular", "time differences"
    if isinstance(dtype, (PeriodDtype, IntervalDtype)):
        return "tabular", "periods or intervals"
    if dtype.type is str:
        return detect_strings(series[~missing], label, sample_size)
    return _detect_cells(series[~missing], label, sample_size)


def _detect_cells(series, label, sample_size):
    """Decide on a column whose dtype says nothing, from all its non-missing cells."""
    cells = series.to_numpy(dtype=object)
    kind_of = {type_: cell_kind(type_) for type_ in set(map(type, cells))}
    kinds = set(kind_of.values())
    if len(kinds) > 1 and not any(kinds <= allowed for allowed in _COMPATIBLE):
        if kinds <= {"number", "boolean", "string"} and "boolean" not in kinds:
            words = [cell for cell in cells if isinstance(cell, str)]
            if all(map(NUMBER.fullmatch, words)):
                return "tabular", "numbers, some as strings"
        per_row = [
            _PLURALS.get(kind_of[type(cell)], kind_of[type(cell)]) for cell in cells
        ]
        raise mixed_types(series, label, per_row, _REMEDY_OF_MIXED_CELLS)
    if kinds <= {"string", "path"}:
        # dtype object, because Arrow's strings cannot hold half of a surrogate pair.
        strings = type(series)(list(map(str, cells)), series.index, dtype=object)
        return detect_strings(strings, label, sample_size)
    if kinds <= _TABULAR:
        return "tabular", " and ".join(sorted(_PLURALS[kind] for kind in kinds))
    if kinds == {"bytes"}:
        return detect_bytes(series, cells, label)
    if kinds <= {"array", "picture"}:
        return detect_arrays(series, cells, label)
    if kinds == {"complex"}:
        raise unreadable(label, "holds complex numbers", "pass X.real and X.imag")
    if kinds == {"mapping"}:
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


_REMEDY_OF_MIXED_CELLS = (
    "Convert them to one type: X[{0!r}].astype(str) if they are categories or text, "
    "pandas.to_numeric(X[{0!r}], errors='coerce') if they are numbers."
)
