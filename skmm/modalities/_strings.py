"""What columns of strings are: files, numbers, dates, categories or text."""

import math
import re
import zlib
from collections import Counter

import numpy as np

from skmm._plain.calendar import find_order
from skmm._plain.clocks import (
    SECOND_UNITS,
    is_unit_of_time,
    read_duration,
    read_time,
)
from skmm._plain.numerals import find_convention
from skmm._plain.spelling import is_placeholder
from skmm.modalities._decision import Decision
from skmm.modalities._errors import REMEDY_OF_MIXED_MEDIA, mixed_types
from skmm.modalities._files import detect_encoded, kind_of_path
from skmm.modalities._lists import is_empty_list, is_list, parse_list
from skmm.modalities._notes import (
    FEW_ROWS,
    NEARLY_EACH,
    is_code,
    is_only_a_key,
    note_strings,
)
from skmm.modalities.readers import (
    CategoryReader,
    DateReader,
    DurationReader,
    FlagReader,
    NumberReader,
    TimeReader,
)
from skmm.modalities.readers._flag import are_flags

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
# Where so many of the rows have a value of their own, values are not learned as such,
# but by what they are written with: names, codes, addresses.
_MOSTLY_OWN = 0.5
# Scripts without spaces: characters that make about one word.
_HAN_KANA_PER_WORD = 2
_SOUTHEAST_ASIAN_PER_WORD = 5
# Words are counted in the first so many characters, and scaled up from there.
_COUNTED_CHARACTERS = 2000
# Share of the values that must look like numbers, dates or files to be called so.
_NEARLY_ALL = 0.95

# "2024" and "-", but not "don't" or "x2"
_LETTERLESS = re.compile(r"\s(?:[^\w\s]|[\d_])+(?!\S)")
_HAN_KANA = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Thai and Lao, Burmese, Khmer
_SOUTHEAST_ASIAN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


def decide_strings(series, label, sample_size):
    """Decide whether strings are files, numbers, dates, text, or a category.

    Parameters
    ----------
    series : Series of str of shape (n_samples,)
        Without missing values.
    label : hashable
        Of the column, for errors.
    sample_size : int
        How many distinct ones to read closely.

    Returns
    -------
    decision : Decision
    """
    values = series.unique().tolist()
    n_distinct, share = len(values), len(values) / len(series)
    sample = sample_values(values, sample_size)

    files = _decide_files(series, label, sample)
    if files is not None:
        return files
    if encoded := detect_encoded(series, sample, label):
        return Decision(*encoded)
    held = [value for value in sample if not is_placeholder(value)]
    if all(map(is_empty_list, held)):
        return Decision(None, "all missing (written as placeholders)")
    few = n_distinct < _FEW_VALUES and share <= 0.5
    decision = _decide_written(held, label, len(series))
    if decision is None and not few:
        decision = _decide_lists(values, held)
    if decision is not None:
        return decision
    note = note_strings(held, len(series))
    if n_distinct == 1 and len(series) > 1:
        return Decision("tabular", "strings, constant", CategoryReader(), note)

    n_words, n_characters, no_spaces = _count_words(sample)
    words = n_words.mean()
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
    reason = f"strings, {100 * share:.0f} % distinct, {length} on average"
    if sentences or phrases:
        return Decision("text", reason)
    if _are_written(series, held):
        return Decision("text", reason, note=note)
    if few or share < 0.1:
        reason = f"strings, {n_distinct} distinct values"
    warning = ""
    if share >= NEARLY_EACH and len(series) >= FEW_ROWS:
        warning = (
            f"Column {label!r} is read as a category, and {n_distinct} of "
            f"{len(series)} rows have a value of their own (for example {held[0]!r}), "
            "from which nothing can be learned. Say what it is, as in "
            f"kinds={{{label!r}: 'text'}}, or leave it out: {{{label!r}: 'drop'}}."
        )
        note = note or "nearly as many values as rows"
    return Decision("tabular", reason, CategoryReader(), note, warning)


def _are_written(series, sample):
    """Tell if what strings are written with may say more than which of them it is."""
    if len(series) < FEW_ROWS or is_only_a_key(sample):
        return False
    counts = series.value_counts()
    return (counts == 1).sum() >= _MOSTLY_OWN * len(series)


def _decide_lists(values, sample):
    """Decide whether strings are lists of numbers, or None.

    Parameters
    ----------
    values, sample : list of str
        The distinct ones, and those of them that are read closely.
    """
    if sum(map(is_list, sample)) < _NEARLY_ALL * len(sample):
        return None
    lists = [numbers for numbers in map(parse_list, values) if numbers is not None]
    shapes = {numbers.shape for numbers in lists if numbers.size}
    if {len(shape) for shape in shapes} == {1} and len(shapes) == 1:
        (shape,) = shapes
        return Decision("vector", f"lists of {shape[0]} numbers each, as strings")
    lengths = [shape[0] for shape in shapes]
    told = f"{min(lengths)} to {max(lengths)}"
    return Decision("series", f"lists of {told} numbers, as strings")


def _decide_files(series, label, sample):
    kinds = [kind_of_path(value) for value in sample]
    counts = Counter(kinds)
    n_files = len(sample) - counts.pop(None, 0)
    if n_files < _NEARLY_ALL * len(sample):
        return None
    if len(counts) > 1:
        per_row = [
            f"paths of {kind} files" if kind else "other strings"
            for kind in map(kind_of_path, series)
        ]
        raise mixed_types(series, label, per_row, REMEDY_OF_MIXED_MEDIA)
    (kind,) = counts
    return Decision(kind, f"paths of {kind} files")


def _decide_written(values, label, n_rows):
    """Decide whether strings are flags, numbers, dates, times or durations, or None.

    Parameters
    ----------
    values : list of str
        A sample of the distinct ones, no placeholders.
    label : hashable
    n_rows : int
    """
    if are_flags(values):
        return Decision("tabular", "yes and no, as strings", FlagReader())
    if not any(map(_may_be_written, values)):
        return None
    enough = _NEARLY_ALL * len(values)
    if not is_code(values):
        decision = _decide_dates(values, label, enough) or _decide_numbers(
            values, label, enough
        )
        if decision is not None:
            return decision
    others = [value for value in values if math.isnan(read_time(value))]
    if len(values) - len(others) >= enough and not _is_stopped(values, others):
        return Decision("tabular", "times of day as strings", TimeReader())
    return _decide_durations(values, enough)


def _is_stopped(values, others):
    """Return True if times of day are what a stopwatch shows.

    Its hours go beyond 23, and have one digit beside seconds, which clocks' have not.
    """
    if any(not math.isnan(read_duration(value)[0]) for value in others):
        return True
    return any(map(_ONE_DIGIT.fullmatch, values))


_ONE_DIGIT = re.compile(r"\s*\d:\d{2}:\d{2}(?:[.,]\d+)?\s*")


def _may_be_written(value):
    """Return True for what has a digit, without which nothing is a number or date."""
    return any(map(str.isdigit, value)) or value.strip(" +-").lower() in _INFINITE


_INFINITE = ("inf", "infinity", "∞")


def _decide_numbers(values, label, enough):
    convention = find_convention(values)
    if convention.n_read < enough:
        return None
    units = {unit: n for unit, n in convention.units.items() if unit}
    if len(units) > 1:
        told = ", ".join(f"{unit!r} ({n} values)" for unit, n in sorted(units.items()))
        if all(len(unit) < 2 for unit in units) and sum(units.values()) < enough:
            return None  # "12", "12A", "12B": numbers of houses
        if len(units) > 2 and any(unit.startswith("/") for unit in units):
            return None  # "12/25": days, and not 12 out of 25
        return Decision(
            "tabular",
            "numbers in several units, as strings",
            CategoryReader(),
            f"units: {told}",
            f"Column {label!r} holds numbers in several units: {told}. They are read "
            "as categories. Convert them to one unit, and they are numbers.",
        )
    if units and is_unit_of_time(convention.unit):
        return None  # a duration, which knows what a minute is
    if units and sum(units.values()) < enough and not _is_sign(convention.unit):
        return None
    notes, warnings = [], []
    if convention.decimal == ",":
        notes.append("decimal comma")
    if convention.unit:
        notes.append(f"unit {convention.unit!r}")
    if convention.converted:
        others = ", ".join(map(repr, sorted(convention.converted)))
        notes.append(f"{others} converted to it")
    if convention.is_open:
        other = "," if convention.decimal == "." else "."
        example = next(v for v in values if "," in v or "." in v)
        warnings.append(
            f"Column {label!r} holds numbers such as {example!r}, of which the values "
            f"do not tell whether {convention.decimal!r} or {other!r} is the decimal "
            f"sign; it is taken to be {convention.decimal!r}. To say which, write "
            f"kinds={{{label!r}: NumberReader(decimal={other!r})}}."
        )
    if convention.n_foreign:
        notes.append("mixed decimal signs")
    n_lost = len(values) - convention.n_read
    errors = "raise"
    if n_lost:
        notes.append(f"{n_lost} of {len(values)} values are no numbers")
        errors = "missing"
    reader = NumberReader(convention.decimal, unit=convention.unit, errors=errors)
    return Decision(
        "tabular", "numbers as strings", reader, ", ".join(notes), " ".join(warnings)
    )


def _is_sign(unit):
    """Return True for what may be left out beside some numbers of a column."""
    return not any(map(str.isalpha, unit)) or len(unit) == 3


def _decide_dates(values, label, enough):
    order = find_order(values)
    if order.n_read < enough:
        return None
    notes, warning = [], ""
    if order.is_open:
        warning = (
            f"Column {label!r} holds dates such as {values[0]!r}, of which the values "
            "do not tell whether the day or the month comes first; it is taken to be "
            "the month. To say which, write "
            f"kinds={{{label!r}: DateReader(dayfirst=True)}}."
        )
        notes.append("day or month first: open")
    elif order.dayfirst:
        notes.append("day first")
    if order.n_foreign:
        notes.append("mixed orders of day and month")
        warning = (
            f"Column {label!r} holds dates with the day first and dates with the month "
            f"first, for example {values[0]!r}; those that may be either are read with "
            f"the {'day' if order.dayfirst else 'month'} first. Write them in one way."
        )
    errors = "raise"
    if order.n_read < len(values):
        notes.append(f"{len(values) - order.n_read} of {len(values)} are no dates")
        errors = "missing"
    reader = DateReader(order.dayfirst, errors=errors)
    return Decision("tabular", "dates as strings", reader, ", ".join(notes), warning)


def _decide_durations(values, enough):
    read = [read_duration(value) for value in values]
    held = [unit for seconds, unit in read if not math.isnan(seconds)]
    if len(held) < enough:
        return None
    units = set(held)
    unit = SECOND_UNITS.get(units.pop()) if len(units) == 1 else None
    errors = "raise" if len(held) == len(values) else "missing"
    return Decision(
        "tabular", "durations as strings", DurationReader(unit, errors=errors)
    )


def sample_values(values, size):
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
