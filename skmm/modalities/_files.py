"""What kind of file a path names, or bytes begin."""

from collections import Counter

from skmm._data.frames import show_label
from skmm.io._signatures import kind_of_bytes
from skmm.io._written import kind_of_written
from skmm.modalities._errors import REMEDY_OF_MIXED_MEDIA, mixed_types, unreadable
from skmm.modalities._kinds import KINDS

_KIND_OF_EXTENSION = {
    extension: name
    for name, kind in KINDS.items()
    for extension in kind.extensions.split()
}

#: Share of the values that must be known for a column to be called so.
_NEARLY_ALL = 0.95


def kind_of_path(value):
    stem, _, extension = value.rstrip().rpartition(".")
    kind = _KIND_OF_EXTENSION.get(extension.lower())
    # Files on the web are not fetched: their addresses are ids like any other.
    return None if "://" in stem or not stem.strip() else kind


def detect_encoded(series, sample, label):
    """Decide whether strings are base64 or data: URIs of files.

    Parameters
    ----------
    series : pandas.Series
        All strings of the column.
    sample : list of str
        Distinct values that decide. Paths may stand among them.
    label : object
        The column's.

    Returns
    -------
    found : (str, str) or None
        The kind and the reason. None where fewer than 95 % are such strings, or none
        is base64.
    """
    if not any(map(kind_of_written, sample)):
        return None
    counts = Counter(map(_kind_of_string, sample))
    if counts.pop(None, 0) > (1 - _NEARLY_ALL) * len(sample):
        return None
    if len(counts) > 1:
        per_row = [f"{_kind_of_string(value) or 'unknown'} files" for value in series]
        raise mixed_types(series, label, per_row, REMEDY_OF_MIXED_MEDIA)
    (kind,) = counts
    return kind, f"{kind} files as base64"


def _kind_of_string(value):
    return kind_of_written(value) or kind_of_path(value)


def detect_bytes(series, cells, label):
    """Decide by the first bytes of every cell."""
    kinds = [_kind_of_content(cell) for cell in cells]
    counts = Counter(kinds)
    n_unknown = counts.pop(None, 0)
    if len(counts) > 1:
        per_row = [f"{kind or 'unknown'} files" for kind in kinds]
        raise mixed_types(series, label, per_row, REMEDY_OF_MIXED_MEDIA)
    # A few broken files don't change what the column is: reading them tells.
    if n_unknown > len(cells) / 2:
        example = show_label(series.index, kinds.index(None))
        raise unreadable(
            label,
            f"holds bytes that are no known image, audio or video format in {n_unknown}"
            f" of {len(cells)} rows (for example row {example})",
            f"decode them if they are strings, X[{label!r}].str.decode('utf-8')",
        )
    (kind,) = counts
    return kind, f"bytes of {kind} files"


def _kind_of_content(cell):
    """Recognise a file by its first bytes, which may be the characters of base64."""
    start = bytes(cell[:1024])
    kind = kind_of_bytes(start)
    if kind is None and start.isascii():
        kind = kind_of_written(start.decode("ascii"))
    return kind
