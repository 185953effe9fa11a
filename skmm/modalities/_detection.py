"""Detect the modalities of a table by the dtype and content of its columns.

Every decision depends on the set of values in a column. It depends neither on the order
of the rows nor on ``object`` dtype, which says nothing about the content.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from skmm._data.frames import as_frame, is_missing
from skmm.modalities._cells import decide_column
from skmm.modalities._found import ColumnModality, Modalities, example_of
from skmm.modalities._given import DROP, check_kinds, check_labels, decide_given
from skmm.modalities._looks import look_at
from skmm.modalities.readers import name_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skmm._utils.typing import Label, TableLike
    from skmm.modalities.readers import Reader

# From this many float columns on, numbered columns are features, not facts.
_VECTOR_COLUMNS = 8

_NUMBERED = re.compile(r"(.*?)(\d+)")


def detect_modalities(
    X: TableLike,
    *,
    kinds: Mapping[Label, str | Reader] | None = None,
    sample_size: int = 1000,
) -> Modalities:
    """Find out which columns of a table are tabular, text, images, and so on.

    All plain tabular columns form one modality, "tabular", and all columns of free text
    form another, "text". Columns named ``prefix__suffix`` form one modality for each
    prefix, unless they hold text, images or other raw media. Every column of images,
    sounds, videos, series or vectors is a separate modality.

    The decision depends on the content of the columns, not on the order of the rows.

    Parameters
    ----------
    X : pandas.DataFrame, polars.DataFrame, or 2-D array-like
        The table.
    kinds : dict of {label: str or Reader}, default=None
        Kinds of columns whose cells are misleading. A value is a kind of modality
        (``"tabular"``, ``"text"``, ``"image"``, ...; see :data:`KINDS`), the way to
        read a column of a table (``"number"``, ``"category"``, ``"flag"``, ``"date"``,
        ``"time"``, ``"duration"``, or a reader with its options), or ``"drop"``, which
        leaves the column out. All other columns are detected.
    sample_size : int, default=1000
        Number of distinct strings of a column that are read closely. A hash of their
        content chooses them. Raise it if a rare kind of cell is overlooked.

    Returns
    -------
    modalities : Modalities
        The modalities with their columns, and a reason for each column.

    Raises
    ------
    ValueError
        If a column mixes types, holds something that cannot be read, or has
        the name of another column; if `kinds` names a column or a kind that does not
        exist; or if `sample_size` is not positive.
    TypeError
        If `X` is not a table, or `kinds` is not such a dict.

    See Also
    --------
    Modalities : The result.

    Notes
    -----
    A column of strings is text if one of these is true of its distinct values (missing
    cells are not counted):

    - they have 6 words or more on average. There is one exception: fewer than 40
      distinct values that occur twice or more on average are categories;
    - they have 2 words or more on average, a fifth of them has 3 or more, and values
      are seldom repeated: at least 30 % of the cells are distinct, or there are 5000
      distinct values;
    - at least half of the cells, and of 50 rows, have a value that no other row has:
      names, codes, addresses. As categories they would say nothing. Ids, e-mails and
      URLs that share no part, as ``AB-1067`` and ``AB-2093`` do, are categories, with
      a warning.

    A word has at least one letter, so phone numbers have no words. In scripts without
    spaces, 2 characters (Chinese, Japanese) or 5 (Thai, Lao, Khmer, Burmese) count as
    one word. Numbers and dates written as strings, names that return, and all columns
    of dtype ``category`` are tabular.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.modalities import detect_modalities
    >>> df = pd.DataFrame({
    ...     "age": [33, 34, 60],
    ...     "review": ["Soft and very comfortable", "Runs small for me", "Love it"],
    ...     "photo": ["a.jpg", "b.jpg", None],
    ... })
    >>> modalities = detect_modalities(df)
    >>> modalities.to_list()
    [('tabular', 'tabular', {'age': 'number'}), ('text', 'text', ['review']), \
('image', 'image', ['photo'])]
    >>> modalities.columns_[1].reason
    'strings, 100 % distinct, 3.3 words on average'

    Numbers that are names and not amounts:

    >>> detect_modalities(df[["age"]], kinds={"age": "category"}).to_list()
    [('tabular', 'tabular', {'age': 'category'})]
    """
    frame = as_frame(X)
    found = decide_modalities(frame, kinds=kinds, sample_size=sample_size)
    found._looks = look_at(frame, found.columns_)
    return found


def decide_modalities(X, *, kinds=None, sample_size=1000):
    """Find the modalities, as :func:`detect_modalities` does, for a fit.

    What is for the eye alone, histograms and pictures, is left out.

    Parameters
    ----------
    X : table
    kinds : dict of {label: str or Reader}, default=None
    sample_size : int, default=1000

    Returns
    -------
    modalities : Modalities
    """
    check_kinds(kinds)
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
    kinds = kinds or {}
    check_labels(kinds, labels)
    found = {
        label: decide_given(frame.iloc[:, i], kinds[label])
        if label in kinds
        else decide_column(frame.iloc[:, i], label, sample_size)
        for i, label in enumerate(labels)
    }
    for decision in found.values():
        if decision.warning:
            warnings.warn(decision.warning, UserWarning, stacklevel=3)
    return _group(frame, labels, found)


def _group(frame, labels, found):
    """Join columns to modalities, and give each modality a name of its own."""
    prefixes = {label: _prefix(label) for label in labels}
    # What decides in each prefix: raw text or media keep their own kind.
    groups = {}  # key -> (wanted name, kind, columns)
    cells_of_kind = Counter(
        decision.kind
        for decision in found.values()
        if decision.kind not in (None, DROP, "tabular", "text")
    )
    for label in labels:
        kind = found[label].kind
        prefix = prefixes[label]
        if kind in (None, DROP):
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
                if prefixes[label] == key[1] and found[label].kind in (None, "tabular")
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
        if kind == "tabular":
            members = {label: name_reader(found[label].reader) for label in members}
        modalities.append((names[key], kind, members))
        key_of |= dict.fromkeys(members, key)
    kind_of = {name: kind for name, kind, _ in modalities}
    columns = []
    for i, label in enumerate(labels):
        name = names.get(key_of.get(label))
        kind = found[label].kind if name is None else kind_of[name]
        decision = found[label]
        reason = vectors.get(key_of.get(label), decision.reason)
        reader = decision.reader if kind == "tabular" else None
        cells = frame.iloc[:, i]
        missing = is_missing(cells, empty=True)
        columns.append(
            ColumnModality(
                column=label,
                kind=kind,
                modality=name,
                reader=None if reader is None else name_reader(reader),
                reason=reason,
                missing=float(missing.mean()) if len(missing) else 0.0,
                example=example_of(cells, missing),
                note=decision.note,
            )
        )
    return Modalities(modalities, columns, [str(dtype) for dtype in frame.dtypes])


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
        if found[label].given:
            return False
        # A dimension that is missing throughout is ignored but does not break a row.
        if match is None or not (found[label].kind is None or _is_float(frame[label])):
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
