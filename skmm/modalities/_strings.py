"""What columns of strings are: files, numbers, dates, categories or text."""

import re
import zlib
from collections import Counter

import numpy as np

from skmm.modalities._errors import REMEDY_OF_MIXED_MEDIA, mixed_types
from skmm.modalities._files import detect_written, kind_of_path

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

# "2024" and "-", but not "don't" or "x2"
_LETTERLESS = re.compile(r"\s(?:[^\w\s]|[\d_])+(?!\S)")
_HAN_KANA = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Thai and Lao, Burmese, Khmer
_SOUTHEAST_ASIAN = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
NUMBER = re.compile(
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


def detect_strings(series, label, sample_size):
    """Decide whether strings are files, text, or a category."""
    values = series.unique().tolist()
    n_distinct, share = len(values), len(values) / len(series)
    sample = _sample(values, sample_size)

    kinds = [kind_of_path(value) for value in sample]
    counts = Counter(kinds)
    n_files = len(sample) - counts.pop(None, 0)
    if n_files >= _NEARLY_ALL * len(sample):
        if len(counts) > 1:
            per_row = [
                f"paths of {kind} files" if kind else "other strings"
                for kind in map(kind_of_path, series)
            ]
            raise mixed_types(series, label, per_row, REMEDY_OF_MIXED_MEDIA)
        (kind,) = counts
        return kind, f"paths of {kind} files"

    if written := detect_written(series, sample, label):
        return written
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


def _is_number(value):
    return len(value) < 40 and NUMBER.fullmatch(value) is not None


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
