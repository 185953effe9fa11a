"""Texts, by their n-grams and their words."""

import numpy as np

from skmm._plain.cells import is_nothing
from skmm._plain.spelling import is_missing_text
from skmm._plain.tokens import split_tokens
from skmm.runtime._encoder import Encoded, Encoder
from skmm.runtime._errors import refuse
from skmm.runtime._ngrams import Ngrams
from skmm.runtime._sparse import join


class TextEncoder(Encoder):
    """N-grams of texts with their weights, and the numbers of their words."""

    def __init__(self, description):
        super().__init__(description)
        self.is_wide = description.flag("wide")
        self.empty_is_missing = description.flag("empty_is_missing")
        self.ngrams = [Ngrams(one) for one in description.each("ngrams")]
        words = description.optional("words")
        self.words = None if words is None else Words(words)
        if self.ngrams and len(self.ngrams) != len(self.labels):
            raise ValueError("a text has n-grams of other columns than its own")
        if self.words and len(self.words.lengths) != len(self.labels):
            raise ValueError("a text has words of other columns than its own")

    def encode(self, columns):
        texts, missing = [], []
        for label, cells in zip(self.labels, columns):
            read = [self._read(cell, label, row) for row, cell in enumerate(cells)]
            if self.empty_is_missing:
                lacks = [text is None or is_missing_text(text) for text in read]
                read = [None if no else text for no, text in zip(lacks, read)]
            texts.append([text or "" for text in read])
            missing.append([text is None for text in read])
        return EncodedText(self, texts, ~np.array(missing, bool).all(axis=0))

    def _read(self, cell, label, row):
        """Return the text of a cell, None where it is missing."""
        if isinstance(cell, str):
            return cell
        if not hasattr(cell, "__len__"):
            return None if is_nothing(cell) else str(cell)
        if not isinstance(cell, (dict, bytes)) and not len(cell):
            return None
        remedy = "Turn it into a string, or make it missing."
        raise refuse(label, row, cell, "is not a text", remedy)


class EncodedText(Encoded):
    """Texts, of which n-grams are counted when they are asked for, and once."""

    def __init__(self, encoder, texts, present):
        self.encoder = encoder
        self.texts = texts
        self.present = present
        self._ngrams = None

    @property
    def ngrams(self):
        if self._ngrams is None:
            parts = [n(t) for n, t in zip(self.encoder.ngrams, self.texts)]
            self._ngrams = join(parts, len(self.present))
        return self._ngrams

    def arrays(self):
        made = {}
        if self.encoder.words is not None:
            made["tokens"] = self.encoder.words(self.texts)
        if self.encoder.ngrams:
            ngrams = self.ngrams
            made["ngrams.indices"] = ngrams.indices
            made["ngrams.values"] = ngrams.values
            made["ngrams.offsets"] = ngrams.offsets
        return made

    def linear(self):
        return self.ngrams if self.encoder.is_wide else None

    trees = linear


class Words:
    """Numbers of the words of texts, columns joined in one row.

    Parameters
    ----------
    description : Fields
        The words by their numbers, those of no word, and how many words of each
        column are read.
    """

    def __init__(self, description):
        self.numbers = {word: i for i, word in enumerate(description.texts("ids"))}
        self.lengths = description.wholes("lengths")
        self.padding = description.whole("padding")
        self.unknown = description.whole("unknown")
        self.separator = description.whole("separator")

    def __call__(self, texts):
        """Return ids, int64 (n_rows, length of the longest), padded at the end."""
        rows = [self._join(row) for row in zip(*texts)]
        made = np.full((len(rows), max(map(len, rows))), self.padding, np.int64)
        for row, ids in zip(made, rows):
            row[: len(ids)] = ids
        return made

    def _join(self, texts):
        ids = []
        for text, most in zip(texts, self.lengths):
            # Half of a surrogate pair is no text for the tokenizer of the fit.
            text = text.encode("utf-8", "replace").decode("utf-8")
            words = split_tokens(text)[:most]
            ids += [self.numbers.get(word, self.unknown) for word in words]
            ids.append(self.separator)
        return ids[:-1] or [self.unknown]
