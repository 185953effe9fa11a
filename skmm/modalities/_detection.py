"""Which column is what: read the modalities off a table by dtype and content.

Every decision depends on the set of values in a column, never on the order of its
rows, and never on ``object`` dtype, which says nothing about content.
"""

import html
import itertools
import re
import zlib
from collections import Counter, namedtuple

import numpy as np

from skmm._data.frames import as_frame, cell_kind, is_missing, show_label

__all__ = ["ColumnModality", "Modalities", "detect_modalities"]

# Fewer distinct values than this, each of them repeated, make a category: the
# threshold below which skrub's TableVectorizer one-hot encodes.
_FEW_VALUES = 40
# So many distinct phrases are language even where each is repeated often.
_MANY_VALUES = 5000
# A sentence is text however often it returns (answers, descriptions)...
_SENTENCE_WORDS = 6
# ... a phrase of a few words (titles) only where it seldom does: otherwise it is a
# category with long names (job titles, regions).
_PHRASE_WORDS = 2
_PHRASE_DISTINCT = 0.3
# "Jane Smith" and "New York" have two words as well, but hardly ever three.
_PHRASE_LONGER = 0.2
# Scripts without spaces: characters that make about one word.
_HAN_KANA_PER_WORD = 2
_SOUTHEAST_ASIAN_PER_WORD = 5
# Words are counted in the first so many characters, and scaled up from there.
_COUNTED_CHARACTERS = 2000
# Share of the values that must look like numbers, dates or files to be called so.
_NEARLY_ALL = 0.95
# From this many float columns on, numbered columns are features, not facts.
_VECTOR_COLUMNS = 8

_EXTENSIONS = {
    "image": "png jpg jpeg jpe jfif gif webp bmp tif tiff ppm pgm pbm avif heic",
    "audio": "wav wave mp3 ogg oga opus flac m4a aac aif aiff wma",
    "video": "mp4 m4v avi webm mov mkv mpg mpeg wmv flv ogv 3gp",
}
_KIND_OF_EXTENSION = {
    extension: kind
    for kind, extensions in _EXTENSIONS.items()
    for extension in extensions.split()
}
# "2024" and "-", but not "don't" or "x2"
_LETTERLESS = re.compile(r"\s(?:[^\w\s]|[\d_])+(?!\S)")
_HAN_KANA = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Thai and Lao, Burmese, Khmer
_SOUTHEAST_ASIAN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_NUMBER = re.compile(
    r"\s*[-+(]?\s*[$€£¥]?\s*[-+]?(?:\d[\d.,'_\s]*|\.\d+|inf|nan)(?:e[-+]?\d+)?"
    r"\s*[%€$£¥]?\)?\s*",
    re.IGNORECASE,
)
_DATE_WORDS = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?|am|pm|utc|gmt|at|of|de)\b\.?"
    r"|(?<=\d)(?:st|nd|rd|th|t(?=\d)|z\b|\s*[ap]m\b)",
    re.IGNORECASE,
)
_DATE = re.compile(r"[\s,]*\d{1,4}(?:[\s,]*[-/.:+][\s,]*\d+|[\s,]+\d+){1,9}[\s,./-]*")
_DATE_WITH_NAMES = re.compile(r"[\s\d,./:+-]*\d[\s\d,./:+-]*")
_NUMBERED = re.compile(r"(.*?)(\d+)")

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

ColumnModality = namedtuple("ColumnModality", ["column", "kind", "modality", "reason"])
ColumnModality.__doc__ = """What was decided about one column, and why.

`kind` and `modality` are None for a column without any value.
"""


def detect_modalities(X, *, sample_size=1000):
    """Find out which columns of a table are tabular, text, images, and so on.

    All plain tabular columns together are one modality, "tabular", and all columns of
    free text are another, "text". Columns named ``prefix__suffix`` are one modality
    per prefix, except for those that hold text, images or other raw media. Every
    column of images, sounds, videos, series or vectors is a modality of its own.

    The decision depends on what the columns hold, not on the order of the rows.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame, or 2-D array-like
        The table.
    sample_size : int, default=1000
        How many distinct strings of a column to read closely. They are chosen by
        a hash of their content.

    Returns
    -------
    modalities : Modalities
        The modalities with their columns, and a reason for each column.

    Raises
    ------
    ValueError
        If a column mixes types, holds something that cannot be read, or has
        the name of another column; or if `sample_size` is not positive.
    TypeError
        If `X` is not a table.

    See Also
    --------
    Modalities : What is returned.

    Notes
    -----
    Strings are text where the distinct values (counted apart from missing ones) have

    - 6 words or more on average, unless fewer than 40 values are each repeated
      (at least twice on average);
    - or 2 words or more on average, with 3 or more in a fifth of them, and seldom
      return: at least 30 % of the cells are distinct, or there are 5000 values.

    A word holds a letter, so that phone numbers have none. In scripts without spaces
    2 characters (Chinese, Japanese) or 5 (Thai, Lao, Khmer, Burmese) count as one
    word. Numbers and dates written as strings, ids, names of people or places, URLs
    and all columns of dtype ``category`` are tabular.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import detect_modalities
    >>> df = pd.DataFrame({
    ...     "age": [33, 34, 60],
    ...     "review": ["Soft and very comfortable", "Runs small for me", "Love it"],
    ...     "photo": ["a.jpg", "b.jpg", None],
    ... })
    >>> detect_modalities(df)
    column  dtype  modality  kind     reason
    age     int64  tabular   tabular  numbers
    review  str    text      text     strings, 100 % distinct, 3.3 words on average
    photo   str    image     image    paths of image files
    >>> detect_modalities(df).to_list()
    [('tabular', 'tabular', ['age']), ('text', 'text', ['review']), ('image', \
'image', ['photo'])]
    """
    if sample_size < 1:
        raise ValueError(f"sample_size must be at least 1, got {sample_size}.")
    frame = as_frame(X)
    if not frame.columns.is_unique:
        repeated = frame.columns[frame.columns.duplicated()].unique().tolist()
        raise ValueError(
            f"Several columns of X have the same name: {repeated}. Rename them, since "
            "modalities select columns by name."
        )
    labels = frame.columns.tolist()
    found = {}  # label -> (kind, reason)
    for i, label in enumerate(labels):
        found[label] = _detect_column(frame.iloc[:, i], label, sample_size)
    dtypes = [str(dtype) for dtype in frame.dtypes]
    return _group(frame, labels, dtypes, found)


class Modalities:
    """The modalities of a table: what :func:`detect_modalities` found.

    Iterating gives the modalities, as `to_list` does.

    Parameters
    ----------
    modalities : list of (name, kind, columns) tuples
        The modalities: two strings and a list of column labels each.
    columns : list of ColumnModality
        One entry for each column of the table.
    dtypes : list of str
        The dtype of each of these columns.

    Attributes
    ----------
    columns_ : list of ColumnModality
        For each column of the table: column, kind, modality, reason.
    ignored : list
        Labels of the columns without any value. They belong to no modality.

    See Also
    --------
    detect_modalities : Find the modalities of a table.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import detect_modalities
    >>> df = pd.DataFrame({"age": [33, 34], "height": [None, None]})
    >>> modalities = detect_modalities(df)
    >>> modalities.to_list(), modalities.ignored
    ([('tabular', 'tabular', ['age'])], ['height'])
    >>> modalities.columns_[1].reason
    'all missing'
    """

    def __init__(self, modalities, columns, dtypes):
        self._modalities = modalities
        self._dtypes = dtypes
        self.columns_ = columns

    @property
    def ignored(self):
        """Labels of the columns without any value."""
        return [entry.column for entry in self.columns_ if entry.kind is None]

    def to_list(self):
        """Write the modalities down, to be changed or passed on.

        Returns
        -------
        modalities : list of (name, kind, columns) tuples
            What the `modalities` parameter of the estimators takes. The list is new
            and may be changed.

        Examples
        --------
        >>> import pandas as pd
        >>> from skmm.modalities import detect_modalities
        >>> detect_modalities(pd.DataFrame({"age": [33, 34]})).to_list()
        [('tabular', 'tabular', ['age'])]
        """
        return [(name, kind, list(columns)) for name, kind, columns in self._modalities]

    def __iter__(self):
        return iter(self.to_list())

    def __len__(self):
        return len(self._modalities)

    def __eq__(self, other):
        if not isinstance(other, Modalities):
            return NotImplemented
        # Not the reasons: they carry figures that differ from fold to fold.
        return (self._modalities, self.ignored) == (other._modalities, other.ignored)

    # Equal by content and open to change, like the list it stands for.
    __hash__ = None

    def _table(self):
        """Rows of the printed table, with long runs of like columns in one row."""
        rows = [("column", "dtype", "modality", "kind", "reason")]
        entries = zip(self.columns_, self._dtypes, strict=True)
        for like, run in itertools.groupby(entries, lambda e: (e[0][1:], e[1])):
            (kind, modality, reason), dtype = like
            names = [_shorten(str(entry.column)) for entry, _ in run]
            if len(names) > 4:
                names = [f"{names[0]} … {names[-1]} ({len(names)} columns)"]
            rows += [
                (name, dtype, modality or "", kind or "", reason) for name in names
            ]
        return rows

    def __repr__(self):
        rows = self._table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        head, *body = (
            "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in row) + "</tr>"
            for tag, row in zip(
                itertools.chain(["th"], itertools.repeat("td")), self._table()
            )
        )
        return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _shorten(label, width=40):
    return label if len(label) <= width else label[: width - 1] + "…"


# ------------------------------------------------------- from columns to modalities


def _group(frame, labels, dtypes, found):
    """Join columns to modalities, and give each modality a name of its own."""
    prefixes = {label: _prefix(label) for label in labels}
    # What decides in each prefix: raw text or media keep their own kind.
    groups = {}  # key -> (wanted name, kind, columns)
    cells_of_kind = Counter(
        kind for kind, _ in found.values() if kind not in (None, "tabular", "text")
    )
    for label in labels:
        kind, _ = found[label]
        prefix = prefixes[label]
        if kind is None:
            continue
        if kind == "tabular" and prefix is not None:
            key, name = ("prefix", prefix), prefix
        elif kind in ("tabular", "text"):
            key, name = kind, kind
        else:
            alone = cells_of_kind[kind] == 1
            key, name = ("cells", label), kind if alone else label
        groups.setdefault(key, (name, kind, []))[2].append(label)

    vectors = {}
    for key in groups:
        if key[0] == "prefix":
            members = [
                label
                for label in labels
                if prefixes[label] == key[1] and found[label][0] in (None, "tabular")
            ]
            if _is_numbered_vector(frame, members, found):
                vectors[key] = f"numbered float columns of {key[1]!r}"

    # Names that the user gave win over those that this module invents.
    taken, names = set(), {}
    for key in sorted(groups, key=lambda key: isinstance(key, str)):
        wanted, kind, _ = groups[key]
        names[key] = _unique_name(wanted, kind, taken)
    modalities, key_of = [], {}
    for key, (_, kind, members) in groups.items():
        kind = "vector" if key in vectors else kind
        modalities.append((names[key], kind, members))
        key_of |= dict.fromkeys(members, key)
    kinds = {name: kind for name, kind, _ in modalities}
    columns = []
    for label in labels:
        name = names.get(key_of.get(label))
        reason = vectors.get(key_of.get(label), found[label][1])
        columns.append(ColumnModality(label, kinds.get(name), name, reason))
    return Modalities(modalities, columns, dtypes)


def _prefix(label):
    if not isinstance(label, str):
        return None
    prefix, separator, suffix = label.partition("__")
    return prefix if prefix and separator and suffix else None


def _is_numbered_vector(frame, labels, found):
    """Tell whether columns are what a vectorizer gives: floats numbered in a row."""
    if len(labels) < _VECTOR_COLUMNS:
        return False
    numbers = []
    stems = set()
    for label in labels:
        match = _NUMBERED.fullmatch(label.partition("__")[2])
        # A dimension that is missing throughout is ignored but does not break a row.
        if match is None or not (found[label][0] is None or _is_float(frame[label])):
            return False
        stems.add(match[1])
        numbers.append(int(match[2]))
    numbers.sort()
    in_a_row = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return in_a_row and len(stems) == 1


def _is_float(series):
    from pandas.api.types import is_float_dtype

    if series.dtype.kind != "O":
        return is_float_dtype(series.dtype)
    types = set(map(type, series[~is_missing(series)]))
    return all(issubclass(type_, (float, np.floating)) for type_ in types)


def _unique_name(wanted, kind, taken):
    """Make a name that `set_params` and `torch.nn.ModuleDict` can both hold."""
    name = re.sub(r"\W|_+", "_", str(wanted))
    name = re.sub(r"_{2,}", "_", name).strip("_")
    if not name or name[0].isdigit():
        name = f"{kind}_{name}".rstrip("_")
    unique = name
    for number in itertools.count(2):
        if unique not in taken:
            break
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique


# ------------------------------------------------------------- the kind of one column


def _detect_column(series, label, sample_size):
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
        raise _unreadable(label, "holds complex numbers", "pass X.real and X.imag")
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
        return _detect_strings(series[~missing], label, sample_size)
    return _detect_cells(series[~missing], label, sample_size)


def _detect_cells(series, label, sample_size):
    """Decide on a column whose dtype says nothing, from all its non-missing cells."""
    cells = series.to_numpy(dtype=object)
    kind_of = {type_: cell_kind(type_) for type_ in set(map(type, cells))}
    kinds = set(kind_of.values())
    if len(kinds) > 1 and not any(kinds <= allowed for allowed in _COMPATIBLE):
        if kinds <= {"number", "boolean", "string"} and "boolean" not in kinds:
            words = [cell for cell in cells if isinstance(cell, str)]
            if all(map(_NUMBER.fullmatch, words)):
                return "tabular", "numbers, some as strings"
        per_row = [
            _PLURALS.get(kind_of[type(cell)], kind_of[type(cell)]) for cell in cells
        ]
        raise _mixed(series, label, per_row, _REMEDY_OF_MIXED_CELLS)
    if kinds <= {"string", "path"}:
        # dtype object, because Arrow's strings cannot hold half of a surrogate pair.
        strings = type(series)(list(map(str, cells)), series.index, dtype=object)
        return _detect_strings(strings, label, sample_size)
    if kinds <= _TABULAR:
        return "tabular", " and ".join(sorted(_PLURALS[kind] for kind in kinds))
    if kinds == {"bytes"}:
        return _detect_bytes(series, cells, label)
    if kinds <= {"array", "picture"}:
        return _detect_arrays(series, cells, label)
    if kinds == {"complex"}:
        raise _unreadable(label, "holds complex numbers", "pass X.real and X.imag")
    if kinds == {"mapping"}:
        fields = sorted({str(field) for cell in cells[:100] for field in cell})
        raise _unreadable(
            label,
            f"holds dicts with the fields {fields[:5]}",
            f"pick one field: X[{label!r}] = X[{label!r}].str['<field>']",
        )
    raise _unreadable(
        label,
        f"holds objects of type {type(cells[0]).__name__}",
        "convert them to numbers, strings or numpy arrays, or drop the column",
    )


_REMEDY_OF_MIXED_CELLS = (
    "Convert them to one type: X[{0!r}].astype(str) if they are categories or text, "
    "pandas.to_numeric(X[{0!r}], errors='coerce') if they are numbers."
)
_REMEDY_OF_MIXED_MEDIA = (
    "Give each kind a column of its own, with None where a row has none: "
    "X['<kind>'] = X[{0!r}].where(<rows of that kind>)."
)


def _mixed(series, label, per_row, remedy):
    """Build the error for a column whose rows disagree."""
    counts = Counter(per_row)
    # By name where counts are equal: the message must not depend on row order.
    ranked = sorted(counts, key=lambda kind: (-counts[kind], kind))
    told = ", ".join(f"{counts[kind]} rows hold {kind}" for kind in ranked)
    example = show_label(series.index, per_row.index(ranked[-1]))
    return ValueError(
        f"Column {label!r} mixes types: {told} (for example row {example}). "
        + remedy.format(label)
    )


def _unreadable(label, what, remedy):
    return ValueError(
        f"Column {label!r} {what}, which no modality can read. Remedy: {remedy}."
    )


# ------------------------------------------------------------------------- strings


def _detect_strings(series, label, sample_size):
    """Decide whether strings are files, text, or a category."""
    values = series.unique().tolist()
    n_distinct, share = len(values), len(values) / len(series)
    sample = _sample(values, sample_size)

    kinds = [_kind_of_path(value) for value in sample]
    counts = Counter(kinds)
    n_files = len(sample) - counts.pop(None, 0)
    if n_files >= _NEARLY_ALL * len(sample):
        if len(counts) > 1:
            per_row = [
                f"paths of {kind} files" if kind else "other strings"
                for kind in map(_kind_of_path, series)
            ]
            raise _mixed(series, label, per_row, _REMEDY_OF_MIXED_MEDIA)
        (kind,) = counts
        return kind, f"paths of {kind} files"

    if n_distinct == 1 and len(series) > 1:
        return "tabular", "strings, constant"
    for name, looks_like in [("numbers", _is_number), ("dates", _is_date)]:
        if sum(map(looks_like, sample)) >= _NEARLY_ALL * len(sample):
            return "tabular", f"{name} as strings"

    n_words, n_characters, no_spaces = _count_words(sample)
    words = n_words.mean()
    few = n_distinct < _FEW_VALUES and share <= 0.5
    sentences = words >= _SENTENCE_WORDS and not few
    phrases = (
        words >= _PHRASE_WORDS
        and (n_words >= 3).mean() >= _PHRASE_LONGER
        and (share >= _PHRASE_DISTINCT or n_distinct >= _MANY_VALUES)
        and not few
    )
    length = (
        f"{n_characters.mean():.1f} characters"
        if no_spaces.mean() > 0.5
        else f"{words:.1f} words"
    )
    if sentences or phrases:
        kind = "text"
    elif few or share < 0.1:
        return "tabular", f"strings, {n_distinct} distinct values"
    else:
        kind = "tabular"
    return kind, f"strings, {100 * share:.0f} % distinct, {length} on average"


def _sample(values, size):
    """Choose values by a hash of their content: the same ones in every row order.

    Two folds that share most of their values share most of their samples as well.
    """
    if len(values) > size:
        hashes = _hash(values)
        cut = np.partition(hashes, size - 1)[size - 1]
        kept = np.flatnonzero(hashes <= cut)
        values = [values[i] for i in kept]
        ranked = sorted(zip(hashes[kept].tolist(), values, strict=True))
        values = [value for _, value in ranked[:size]]
    # Sorted, because sums of floats depend on the order of their terms.
    return sorted(values)


def _hash(values):
    from pandas.util import hash_array

    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    try:
        return hash_array(cells, categorize=False)
    except UnicodeEncodeError:  # half of a surrogate pair, from broken text
        encoded = (value.encode("utf-8", "surrogatepass") for value in values)
        return np.fromiter(map(zlib.crc32, encoded), dtype="uint64")


def _kind_of_path(value):
    stem, _, extension = value.rstrip().rpartition(".")
    kind = _KIND_OF_EXTENSION.get(extension.lower())
    # Files on the web are not fetched: their addresses are ids like any other.
    return None if "://" in stem or not stem.strip() else kind


def _is_number(value):
    return len(value) < 40 and _NUMBER.fullmatch(value) is not None


def _is_date(value):
    if len(value) >= 60:
        return False
    without_words, n_words = _DATE_WORDS.subn(" ", value)
    without_words = without_words.replace("T", " ")
    # "Mar 2020": with a month's name, one number is enough.
    pattern = _DATE_WITH_NAMES if n_words else _DATE
    return pattern.fullmatch(without_words) is not None


def _count_words(values):
    """Count words and characters, and tell which values are mostly without spaces."""
    n_words = np.empty(len(values))
    n_characters = np.array([len(value) for value in values])
    no_spaces = np.zeros(len(values), dtype=bool)
    for i, value in enumerate(values):
        start = value[:_COUNTED_CHARACTERS]
        count = 0
        if not start.isascii():
            start, n_han_kana = _HAN_KANA.subn(" ", start)
            start, n_southeast_asian = _SOUTHEAST_ASIAN.subn(" ", start)
            count = n_han_kana / _HAN_KANA_PER_WORD
            count += n_southeast_asian / _SOUTHEAST_ASIAN_PER_WORD
            no_spaces[i] = 2 * (n_han_kana + n_southeast_asian) > len(start)
        count += len(start.split()) - len(_LETTERLESS.findall(" " + start))
        n_words[i] = count * max(1, n_characters[i] / _COUNTED_CHARACTERS)
    return n_words, n_characters, no_spaces


# -------------------------------------------------------------- bytes, arrays, media


def _detect_bytes(series, cells, label):
    kinds = [_kind_of_bytes(bytes(cell[:32])) for cell in cells]
    counts = Counter(kinds)
    n_unknown = counts.pop(None, 0)
    if len(counts) > 1:
        per_row = [f"{kind or 'unknown'} files" for kind in kinds]
        raise _mixed(series, label, per_row, _REMEDY_OF_MIXED_MEDIA)
    # A few broken files don't change what the column is: reading them tells.
    if n_unknown > len(cells) / 2:
        example = show_label(series.index, kinds.index(None))
        raise _unreadable(
            label,
            f"holds bytes that are no known image, audio or video format in {n_unknown}"
            f" of {len(cells)} rows (for example row {example})",
            f"decode them if they are strings, X[{label!r}].str.decode('utf-8')",
        )
    (kind,) = counts
    return kind, f"bytes of {kind} files"


def _kind_of_bytes(start):
    """Recognise a file by its first 32 bytes."""
    for kind, signatures in _SIGNATURES.items():
        if start.startswith(signatures):
            return kind
    if start[:4] in (b"RIFF", b"RF64", b"FORM"):
        return _KIND_OF_RIFF.get(start[8:12])
    if start[4:8] == b"ftyp":  # ISO media: MP4 and its relatives
        return _KIND_OF_BRAND.get(start[8:12], "video")
    if start[:2] == b"BM" and start[6:10] == bytes(4):
        return "image"
    # An MPEG audio frame without a tag before it: 11 bits of sync, then a layer and
    # a bit rate that exist.
    is_synced = len(start) > 3 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    if is_synced and start[1] & 0x06 and start[2] & 0xF0 != 0xF0:
        return "audio"
    return None


_SIGNATURES = {
    "image": (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
    + (b"II*\0", b"MM\0*"),
    "audio": (b"OggS", b"fLaC", b"ID3"),
    "video": (b"\x1a\x45\xdf\xa3",),  # Matroska and WebM
}
_KIND_OF_RIFF = {b"WAVE": "audio", b"WEBP": "image", b"AVI ": "video"}
_KIND_OF_RIFF |= {b"AIFF": "audio", b"AIFC": "audio"}
_KIND_OF_BRAND = dict.fromkeys([b"M4A ", b"M4B "], "audio") | dict.fromkeys(
    [b"avif", b"avis", b"heic", b"heix", b"mif1"], "image"
)


def _detect_arrays(series, cells, label):
    """Decide by the shapes of all cells, since one longer cell makes a series."""
    described = [_describe_array(cell) for cell in cells]
    kinds = {kind for kind, _ in described}
    if kinds == {"image"} or kinds == {"audio"} or kinds == {"video"}:
        (kind,) = kinds
        return kind, _REASON_OF_ARRAYS[kind]
    if kinds == {"1-D"}:
        lengths = {shape[0] for _, shape in described}
        if len(lengths) == 1:
            return "vector", f"arrays of {lengths.pop()} numbers each"
        return "series", f"arrays of {min(lengths)} to {max(lengths)} numbers"
    if kinds == {"2-D"}:
        channels = {shape[1] for _, shape in described}
        if len(channels) == 1:
            return "series", f"2-D arrays, {channels.pop()} channels"
        kinds = {f"2-D with {n} channels" for n in channels}
        described = [(f"2-D with {shape[1]} channels", 0) for _, shape in described]
    if len(kinds) > 1:
        per_row = [f"arrays ({kind})" for kind, _ in described]
        raise _mixed(
            series,
            label,
            per_row,
            "Give the arrays of X[{0!r}] one form: numbers of shape (n,) for a "
            "vector or series, (t, channels) for a series, uint8 of shape (height, "
            "width[, channels]) for an image.",
        )
    (kind,) = kinds
    if kind == "strings":
        remedy = f"join them to one string, X[{label!r}].str.join(' ')"
    else:
        remedy = (
            "pass numbers of shape (n,) as a vector or series, (t, channels) as a "
            "series, uint8 of shape (height, width[, channels]) as an image"
        )
    raise _unreadable(label, f"holds arrays ({kind})", remedy)


_REASON_OF_ARRAYS = {
    "image": "images",
    "audio": "pairs of samples and rate",
    "video": "uint8 arrays of frames",
}


def _describe_array(cell):
    """Return what form an array cell has, and its shape."""
    if cell_kind(type(cell)) == "picture":
        return "image", ()
    if isinstance(cell, (list, tuple)):
        if len(cell) == 2 and _is_scalar(cell[1]) and not _is_scalar(cell[0]):
            return "audio", ()
        if all(map(_is_scalar, cell)):  # spares a conversion of each long list
            return "1-D", (len(cell),)
        try:
            cell = np.asarray(cell)
        except ValueError:
            return "rows of unequal lengths", ()
    dtype = str(getattr(cell, "dtype", "")).removeprefix("torch.")
    shape = tuple(getattr(cell, "shape", ()))
    if not shape or dtype == "object":
        cell = np.asarray(cell)
        try:  # None among numbers, or an array of arrays (a matrix from a parquet file)
            cell = np.array(cell.tolist(), dtype=float)
        except (ValueError, TypeError):
            strings = all(isinstance(value, str) for value in cell.ravel())
            return ("strings" if strings else "of objects"), ()
        dtype, shape = str(cell.dtype), cell.shape
    if dtype.startswith(("<U", "str")):
        return "strings", ()
    if dtype == "uint8":
        if len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)):
            return "image", shape
        if len(shape) == 4 and shape[3] in (1, 3, 4):
            return "video", shape
    if len(shape) in (1, 2) and dtype.startswith(
        ("int", "uint", "float", "bfl", "bool")
    ):
        return f"{len(shape)}-D", shape
    return f"{dtype} with {len(shape)} dimensions", ()


def _is_scalar(value):
    return value is None or cell_kind(type(value)) in ("number", "boolean")
