"""What the encoders of an estimator make of cells, made from their description."""

import itertools
import warnings

import numpy as np

from skmm._plain.cells import is_nothing
from skmm._plain.ngrams import find_columns, find_ngrams, weigh
from skmm._plain.table import scale_numbers, spread_table, standardize
from skmm._plain.tokens import is_unspaced, split_characters, split_tokens
from skmm.io._defaults import Defaults, reading_with
from skmm.io._source import CellError
from skmm.runtime._errors import RowError, refuse
from skmm.runtime._readers import READERS
from skmm.runtime._sparse import Sparse, from_dense, join


class Encoder:
    """Base of the encoders: columns of cells to what the heads read.

    Parameters
    ----------
    description : Fields
    """

    def __init__(self, description):
        self.labels = description.labels("columns")

    def encode(self, columns):
        """Return what is made of some rows.

        Parameters
        ----------
        columns : list of list
            The cells of each of its columns.

        Returns
        -------
        encoded : object
            With `present`, ndarray of bool of shape (n_rows,), and the methods of
            :class:`Encoded`.
        """
        raise NotImplementedError(f"{type(self).__name__}.encode")


class Encoded:
    """Base of what is made of one modality of some rows.

    Attributes
    ----------
    present : ndarray of bool of shape (n_rows,)
    """

    def arrays(self):
        """Return the inputs of the net by their names."""
        return {}

    def linear(self):
        """Return the features of a linear model as Sparse, or None."""
        return None

    def trees(self):
        """Return the features of trees, an ndarray or Sparse, or None."""
        return None


class TabularEncoder(Encoder):
    """Numbers, categories and dates."""

    def __init__(self, description):
        super().__init__(description)
        self.readers = [
            READERS[reader.text("kind", READERS)](label, reader)
            for label, reader in zip(
                self.labels, description.each("readers"), strict=True
            )
        ]
        self.center, self.scale = (
            description.array("center"),
            description.array("scale"),
        )
        self.edges, self.moments = (
            description.arrays("edges"),
            description.arrays("moments"),
        )
        self.n_codes = [r.n_codes for r in self.readers if r.gives_codes]
        n_numbers = sum(r.n_features for r in self.readers if not r.gives_codes)
        sizes = {len(self.center), len(self.scale), len(self.edges)}
        sizes |= set(map(len, self.moments))
        if sizes != {n_numbers} or len(self.moments) != 2:
            raise ValueError("the numbers of a table are not as many as its columns")

    def encode(self, columns):
        numbers, codes = [np.empty((len(columns[0]), 0))], []
        for reader, cells in zip(self.readers, columns):
            values = reader.read(cells)
            (codes if reader.gives_codes else numbers).append(values)
        numbers = np.concatenate(numbers, axis=1)
        shape = len(numbers), 0
        codes = np.stack(codes, axis=1) if codes else np.empty(shape, np.int64)
        present = (~np.isnan(numbers)).any(axis=1) | (codes > 0).any(axis=1)
        scaled = scale_numbers(numbers, self.center, self.scale).astype(np.float32)
        return EncodedTable(self, scaled, codes, present)


class EncodedTable(Encoded):
    """Numbers in units of their columns' spread, and codes of categories."""

    def __init__(self, encoder, numbers, codes, present):
        self.encoder = encoder
        self.numbers = numbers
        self.codes = codes
        self.present = present

    def arrays(self):
        return {"numbers": self.numbers, "codes": self.codes}

    def linear(self):
        encoder = self.encoder
        values, columns, indptr, n_columns = spread_table(
            self.numbers, encoder.edges, encoder.moments, self.codes, encoder.n_codes
        )
        return Sparse(columns.astype(np.int64), values, np.diff(indptr), int(n_columns))

    def trees(self):
        return np.concatenate([self.numbers, self.codes.astype(np.float32)], axis=1)


class VectorEncoder(Encoder):
    """Vectors, in columns of numbers or as lists in one column."""

    def __init__(self, description):
        super().__init__(description)
        self.mean, self.scale = description.array("mean"), description.array("scale")
        if len(self.mean) != len(self.scale):
            raise ValueError("the numbers of a vector have not as many scales")

    def encode(self, columns):
        if len(columns) == 1 and len(self.mean) > 1:
            vectors = [self._vector(c, row) for row, c in enumerate(columns[0])]
            values = np.array(vectors, np.float64).reshape(-1, len(self.mean))
        else:
            values = np.array(
                [
                    [self._number(cell, label, row) for row, cell in enumerate(cells)]
                    for label, cells in zip(self.labels, columns)
                ]
            ).T
        present = ~np.isnan(values).all(axis=1)
        scaled = np.nan_to_num(standardize(values, self.mean, self.scale), nan=0.0)
        return EncodedVector(scaled.astype(np.float32), present)

    def _vector(self, cell, row):
        if not hasattr(cell, "__len__") and is_nothing(cell):
            return np.full(len(self.mean), np.nan)
        if isinstance(cell, (str, bytes, dict)) or not hasattr(cell, "__len__"):
            raise refuse(
                self.labels[0], row, cell, "is not a list of numbers", "Pass one."
            )
        if not len(cell):
            return np.full(len(self.mean), np.nan)
        if len(cell) != len(self.mean):
            raise RowError(
                f"Column {self.labels[0]!r}, row {row}: a list of {len(cell)} numbers; "
                f"the vectors at fit had {len(self.mean)}."
            )
        return [self._number(number, self.labels[0], row) for number in cell]

    def _number(self, cell, label, row):
        if cell is None:
            return np.nan
        try:
            number = np.nan if isinstance(cell, (str, bytes)) else float(cell)
        except (TypeError, ValueError, OverflowError):
            number = np.inf
        if isinstance(cell, (str, bytes)) or np.isinf(number):
            raise refuse(label, row, cell, "is not a finite number", "Pass one.")
        return number


class EncodedVector(Encoded):
    """Standardised vectors."""

    def __init__(self, vector, present):
        self.vector = vector
        self.present = present

    def arrays(self):
        return {"vector": self.vector}

    def trees(self):
        return self.vector / np.sqrt(np.float32(self.vector.shape[1]))

    def linear(self):
        return from_dense(self.trees())


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
            texts.append([text or "" for text in read])
            if self.empty_is_missing:
                read = [None if not t or t.isspace() else t for t in read]
            missing.append([text is None for text in read])
        return EncodedText(self, texts, ~np.array(missing, bool).all(axis=0))

    def _read(self, cell, label, row):
        """Return the text of a cell, None where it is missing."""
        if isinstance(cell, str):
            return cell
        if not isinstance(cell, (list, tuple, dict, bytes)) and not hasattr(
            cell, "__len__"
        ):
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


class Ngrams:
    """TF-IDF of the n-grams of a column that the fit has chosen.

    Parameters
    ----------
    description : Fields
        The tokens, the sorted keys of the n-grams of each length, their columns, and
        the weights of these.
    """

    def __init__(self, description):
        tokens = description.texts("tokens")
        self.numbers = {token: i for i, token in enumerate(tokens)}
        self.keys = description.arrays("keys", "i")
        self.columns = description.array("columns", "i")
        self.idf = description.array("idf")
        is_known = (self.columns >= 0) & (self.columns < len(self.idf))
        if len(self.columns) != sum(map(len, self.keys)) or not is_known.all():
            raise ValueError("the n-grams of a text name features that there are not")
        self.split, self.unspaced = split_characters, None
        if not description.flag("by_characters"):
            self.split = split_tokens
            self.unspaced = np.array([*map(is_unspaced, tokens), False], bool)

    def __call__(self, texts):
        """Return the features of a list of str as Sparse."""
        tokens = list(map(self.split, texts))
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        flat = itertools.chain.from_iterable(tokens)
        unknown = itertools.repeat(-1)
        ids = np.fromiter(
            map(self.numbers.get, flat, unknown), np.int64, int(lengths.sum())
        )
        ngrams = find_ngrams(ids, lengths, len(self.numbers), self.unspaced)
        places, rows = find_columns(ngrams, self.keys, self.columns)
        n_columns = max(len(self.idf), 1)
        entries, counts = np.unique(
            rows.astype(np.int64) * n_columns + places, return_counts=True
        )
        rows, places = np.divmod(entries, n_columns)
        lengths = np.bincount(rows, minlength=len(texts))
        values = weigh(counts.astype(np.float32), places, lengths, self.idf)
        return Sparse(places, values.astype(np.float32), lengths, len(self.idf))


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


class ImageEncoder(Encoder):
    """Pictures as 8-bit pixels of one size."""

    def __init__(self, description):
        super().__init__(description)
        from skmm.io._image import ImageReader

        self.errors = description.text("errors", ("raise", "missing"))
        background = description.plain("background")
        if not isinstance(background, str):
            background = tuple(description.wholes("background"))
        size = tuple(description.wholes("size"))
        self.reader = ImageReader(description.text("mode"), size, background)
        (self.label,) = self.labels

    def encode(self, columns):
        (cells,) = columns
        height, width = self.reader.size
        shape = len(cells), len(self.reader.mode), height, width
        pixels, present = np.zeros(shape, np.uint8), np.zeros(len(cells), bool)
        # Cells come from others: neither paths nor addresses are opened.
        with reading_with(Defaults(content_only=True)):
            for row, cell in enumerate(cells):
                if not _is_nothing(cell):
                    present[row] = self._read(cell, pixels[row], row)
        return EncodedPictures(pixels, present)

    def _read(self, cell, pixels, row):
        """Read a picture to its place; return whether there is one."""
        label = self.label
        try:
            pixels[:] = np.moveaxis(self.reader(cell), -1, 0)
        except CellError as error:
            if self.errors == "raise":
                raise RowError(f"Column {label!r}, row {row}: {error}") from error
            warnings.warn(
                f"Column {label!r}, row {row}: {error} It is taken for missing.",
                UserWarning,
                stacklevel=5,
            )
            return False
        return True


class EncodedPictures(Encoded):
    """Pixels of pictures, the channels first."""

    def __init__(self, pixels, present):
        self.pixels = pixels
        self.present = present

    def arrays(self):
        return {"pixels": self.pixels}


def _is_nothing(cell):
    """Return True for a cell of files that is missing."""
    if isinstance(cell, (bytes, list, tuple, np.ndarray)):
        return not len(cell)
    return is_nothing(cell)


#: By the kind in a description.
ENCODERS = {
    "tabular": TabularEncoder,
    "text": TextEncoder,
    "image": ImageEncoder,
    "vector": VectorEncoder,
}
