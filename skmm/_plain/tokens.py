"""Texts to tokens: words, signs of scripts without spaces, emoji, and faces."""

import re
import unicodedata

# Scripts written without spaces: Thai, Lao, Tibetan, Burmese, Khmer, Japanese kana, and
# Chinese characters. Each sign is a token there, and n-grams stand for words.
_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Vowel signs and other marks that belong to a word, and that \w leaves out.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff"
_PICTURES = "\u2600-\u27bf\U0001f1e6-\U0001faff"
# C++ is not C#, and A+ not A; but in a+b the sign stands between two words.
_ENDING = r"(?:(?:\+\+?|#)(?!\w))?"
# Faces, of which those with letters stand alone: "at 10:30", "list:do" have none.
_FACE = (
    r"[:;=]['^-]?[()\[\]|*\\]|[:;=]['^-]?/(?!/)|[:;=](?<!\w.)-?[dpo3](?!\w)|<3(?!\d)"
)
# A sign of a number that follows nothing it could be added to, and what compares it:
# elsewhere these are arrows, rulers and the tags of HTML.
# (Each looks behind after its first sign, which is quick to tell from others.)
_OF_NUMBER = r"[+-](?<![\w.)\]+-].)(?=\d)|[<>]=?(?= ?[$+-]?\d)"
_SIGN = rf"{_FACE}|{_OF_NUMBER}|[!?$%]|\.\.+"
_TOKEN = re.compile(
    rf"[{_UNSPACED}]|[{_PICTURES}]|(?:(?![{_UNSPACED}])[\w{_MARKS}])+{_ENDING}|{_SIGN}"
    r"|[\u00a2-\u00a5\u20a0-\u20c0\u2026]"
)
#: Signs that a word is itself with and without: points of Arabic and Hebrew, lines that
#: stretch words, soft hyphens, and joiners, which no reader sees.
OPTIONAL_PATTERN = (
    "[\u00ad\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u200c\u200d\u2060\ufe0f]"
)
_OPTIONAL = re.compile(OPTIONAL_PATTERN)
#: The same with signs of scripts without spaces left together, for what learns words.
RUNS_PATTERN = _TOKEN.pattern.replace(f"[{_UNSPACED}]|", f"[{_UNSPACED}]+|", 1)
TOKEN_PATTERN = _TOKEN.pattern
#: The same, at twice the speed.
_ASCII_TOKEN = re.compile(rf"\w+{_ENDING}|{_SIGN}", re.ASCII)
_UNSPACED_SIGN = re.compile(f"[{_UNSPACED}]")

#: Characters of a name or a code that are read, so far.
_MOST_CHARACTERS = 500


def split_tokens(text):
    """Cut a text into lower-case words, unspaced signs, emoji, faces, and signs.

    Parameters
    ----------
    text : str

    Returns
    -------
    tokens : list of str
        In Unicode's form NFKC, in which a word has one spelling.
    """
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    text = _OPTIONAL.sub("", unicodedata.normalize("NFKC", text))
    return _TOKEN.findall(text.lower())


def split_characters(text):
    """Cut a text into lower-case characters, with a space at both ends.

    Parameters
    ----------
    text : str

    Returns
    -------
    characters : list of str
        In Unicode's form NFKC; none of a blank text.
    """
    words = unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS]).lower().split()
    return list(f" {' '.join(words)} ") if words else []


def is_unspaced(token):
    """Tell whether a token is a sign of a script without spaces."""
    return _UNSPACED_SIGN.match(token) is not None


def join_tokens(tokens):
    """Write an n-gram as its script does: words with spaces, unspaced signs without."""
    return ("" if all(map(is_unspaced, tokens)) else " ").join(tokens)
