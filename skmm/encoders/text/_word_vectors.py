"""Vectors of words that others have learned: a file, a dict, a KeyedVectors."""

import os
import pathlib

import numpy as np


def read_word_vectors(given, words):
    """Look up the vectors of words.

    Parameters
    ----------
    given : str, path, dict or object
        A file in the text format of word2vec or GloVe (a word and its numbers, split
        by spaces, in each line), or what has ``word in given`` and ``given[word]``.
    words : list of str

    Returns
    -------
    vectors : ndarray of float32 of shape (n_words, dimension)
        NaN where a word has none.

    Raises
    ------
    ValueError
        If there is no vector of any of the words, or they differ in length.
    """
    if isinstance(given, (str, os.PathLike)):
        found = _read_file(pathlib.Path(given), set(words))
    else:
        found = {
            word: np.asarray(given[word], np.float32) for word in words if word in given
        }
    shapes = {vector.shape for vector in found.values()}
    if len(shapes) > 1 or any(len(shape) != 1 or not shape[0] for shape in shapes):
        raise ValueError(
            f"word_vectors must be vectors of one length; found shapes {shapes}."
        )
    if not shapes:
        raise ValueError(
            f"word_vectors has a vector of none of the {len(words)} words of the "
            "training texts, which are in lower case. Is it of another language?"
        )
    vectors = np.full((len(words), *shapes.pop()), np.nan, np.float32)
    for i, word in enumerate(words):
        if word in found:
            vectors[i] = found[word]
    return vectors


def _read_file(path, words):
    if not path.is_file():
        raise ValueError(f"word_vectors={str(path)!r} is no file.")
    found = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for i, line in enumerate(lines):
            word, _, numbers = line.rstrip().partition(" ")
            if word not in words or word in found:
                continue
            numbers = numbers.split()
            if i == 0 and len(numbers) == 1:  # word2vec: how many, and how long
                continue
            try:
                found[word] = np.array(numbers, np.float32)
            except ValueError:
                raise ValueError(
                    f"word_vectors={str(path)!r}: line {i + 1} is no word and its "
                    f"numbers, split by spaces: {line[:60]!r}. Binary files are read "
                    "by gensim, whose KeyedVectors can be given instead."
                ) from None
    return found
