"""How cells are written: spaces, letters, digits, and words that mean "missing"."""

import re
import unicodedata

# What people, databases and spreadsheets write where there is nothing, in lower case.
_WORDS = (
    "? ?? ??? . .. ... - -- --- _ * / \\ n/a n.a. n.a na #n/a #na nan -nan <na> nat "
    "null <null> (null) [null] none <none> nil void missing <missing> (missing) "
    "[missing] unknown <unknown> undefined unspecified \\n #null! #value! #ref! "
    "#div/0! #num! #name? 1.#ind 1.#qnan -1.#ind -1.#qnan"
)
_PLACEHOLDERS = frozenset(_WORDS.split()) | {
    "",
    "not available",
    "not applicable",
    "not specified",
    "not reported",
    "no data",
    "no value",
    "#n/a n/a",
    "(blank)",
    "blank",
}

# Levels of a category that do say something beside a missing cell.
_LEVELS = frozenset({"unknown", "<unknown>", "unspecified", "*", "_", "/", "\\"})

_TRUE = "true t yes y on 1 1.0 ja oui si sí sim wahr vrai vero verdadero x ✓ ✔ ☑"
_FALSE = "false f no n off 0 0.0 nein non não falsch faux falso ✗ ✘ ☐"
#: The words of flags, in lower case, and what they mean.
FLAGS = dict.fromkeys(_TRUE.split(), 1.0) | dict.fromkeys(_FALSE.split(), 0.0)

# Words that can be a whole text, such as a title or an answer, and say something.
_TEXTS = _LEVELS | frozenset(
    ["undefined", "void", "missing", "blank", "nil", "na", "nan", "nat"]
)
_TEXT_PLACEHOLDERS = frozenset(
    word for word in _PLACEHOLDERS - _TEXTS if any(map(str.isalpha, word))
)

_DIGIT_ZEROS = (0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xE50)
_TO_ASCII = {zero + i: str(i) for zero in _DIGIT_ZEROS for i in range(10)}
_TO_ASCII |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_TO_ASCII |= dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u00b4`"), "'")
_TO_ASCII |= {0x66B: ".", 0x66C: "'"}  # Arabic decimal and thousands separators
# Marks that are not seen: direction, joining, byte order.
_UNSEEN = dict.fromkeys(
    [0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D]
    + [0x202E, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069, 0xFEFF]
)
_SPACES = re.compile(r"\s+")


def fold_spaces(text):
    """Write text composed (NFC), with single plain spaces and none at its ends.

    Two cells that look alike are then equal, whichever keyboard or program wrote them.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).replace("\ufeff", "")
    return " ".join(text.split())


def fold_signs(text):
    """Write what may be a number or a date in ASCII's digits, signs and spaces."""
    if not text.isascii():
        # Sub- and superscripts, full-width and Arabic digits, minus and dashes.
        text = unicodedata.normalize("NFKC", text.translate(_UNSEEN))
        text = text.translate(_TO_ASCII)
    return " ".join(text.split())


def is_placeholder(text):
    """Return True if a cell of a number or date column says that nothing is there."""
    return len(text) < 20 and fold_signs(text).casefold() in _PLACEHOLDERS


def is_missing_level(text):
    """Return True if a cell of a category says that nothing is there."""
    if len(text) >= 20:
        return False
    text = fold_signs(text).casefold()
    return text in _PLACEHOLDERS and text not in _LEVELS


def is_missing_text(text):
    """Return True if a text is blank, or what files have where there is no text.

    Signs such as "?" are texts. "NA" and "NaN" are missing as programs write them;
    "Na" and "Nan" are names.
    """
    if len(text) >= 20:
        return text.isspace()
    text = fold_signs(text)
    if text in ("", "NA", "NaN", "nan"):
        return True
    return text.casefold() in _TEXT_PLACEHOLDERS
