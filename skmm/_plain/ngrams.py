"""N-grams of texts as numbers: the keys of all, the columns of those that are known."""

import numpy as np

#: Size of the largest n-grams of characters.
N_CHARACTERS = 4


def find_ngrams(ids, lengths, n_tokens, unspaced=None):
    """Yield the n-grams of texts: single tokens, pairs, and triples of unspaced signs.

    Parameters
    ----------
    ids : ndarray of int of shape (n_tokens_of_all_texts,)
        The tokens' numbers, one text after the other; -1 for the unknown.
    lengths : ndarray of int of shape (n_texts,)
        Tokens of each text.
    n_tokens : int
        Of the vocabulary.
    unspaced : ndarray of bool of shape (n_tokens + 1,), default=None
        For each token whether it is a sign of a script without spaces; the last is the
        unknown one. None if the tokens are characters: n-grams of up to four then.

    Yields
    ------
    keys : ndarray of int64
        Of the n-grams of one length of which all tokens are known: their tokens'
        numbers as the digits of one number.
    rows : ndarray of int32
        The text of each.
    """
    rows = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    known = ids >= 0
    base = max(n_tokens, 1)
    if unspaced is None:
        yield from _find_characters(ids, rows, known, base)
        return
    yield ids[known], rows[known]
    pair = (rows[1:] == rows[:-1]) & known[1:] & known[:-1]
    pairs = ids[:-1].astype(np.int64) * base
    pairs += ids[1:]
    yield pairs[pair], rows[:-1][pair]
    if unspaced.any():
        signs = unspaced[ids]
        triple = pair[1:] & pair[:-1]
        triple &= signs[2:] & signs[1:-1] & signs[:-2]
        yield pairs[:-1][triple] * base + ids[2:][triple], rows[:-2][triple]


def _find_characters(ids, rows, known, base):
    keys, whole = ids.astype(np.int64), known
    yield keys[whole], rows[whole]
    for n in range(1, N_CHARACTERS):
        keys = keys[:-1] * base + ids[n:]
        whole = whole[:-1] & known[n:] & (rows[n:] == rows[:-n])
        yield keys[whole], rows[:-n][whole]


def find_columns(ngrams, keys, columns):
    """Return the column and the text of each n-gram that is known.

    Parameters
    ----------
    ngrams : iterable of (ndarray, ndarray)
        As :func:`find_ngrams` has them.
    keys : list of ndarray
        The known keys of each length, sorted.
    columns : ndarray of int
        Of all known keys, one length after the other.

    Returns
    -------
    places : ndarray of int
    rows : ndarray of int32
        In the order of the lengths, ascending within each.
    """
    places, rows, start = [], [], 0
    for (found, of_found), kept in zip(ngrams, keys):
        place = np.searchsorted(kept, found)
        place[place == len(kept)] = 0
        hit = kept[place] == found if len(kept) else np.zeros(len(found), bool)
        places.append(columns[start + place[hit]])
        rows.append(of_found[hit])
        start += len(kept)
    return np.concatenate(places), np.concatenate(rows)


def inverse_frequency(document_frequency, n_rows):
    """Return the logarithm of the inverse document frequency, smoothed.

    As in scikit-learn: as if one more text held every n-gram.

    Parameters
    ----------
    document_frequency : ndarray of shape (n_features,)
    n_rows : int
    """
    idf = np.log((1 + n_rows) / (1 + document_frequency)) + 1
    return idf.astype(np.float32)


def weigh(counts, columns, lengths, idf):
    """Return sublinear TF-IDF of counts, the rows of length one.

    Parameters
    ----------
    counts : ndarray of float32 of shape (n_stored,)
        One row after the other.
    columns : ndarray of int of shape (n_stored,)
    lengths : ndarray of int of shape (n_rows,)
        Entries of each row.
    idf : ndarray of float32 of shape (n_features,)
    """
    values = (1 + np.log(counts)) * idf[columns]
    rows = np.repeat(np.arange(len(lengths)), lengths)
    norm = np.sqrt(np.bincount(rows, values**2, minlength=len(lengths)))
    norm = np.where(norm > 0, norm, 1).astype(np.float32)
    return values / np.repeat(norm, lengths)
