"""What the Embedders of pictures, recordings and clips share."""

import functools
import numbers
import os
import warnings

import numpy as np

from skmm._data.frames import is_missing, show_label
from skmm._utils.compat import StrOptions
from skmm.feature_extraction._cells import as_one_media_column
from skmm.feature_extraction._embedder import Embedder
from skmm.io import CellError, cell_digest, read_cells
from skmm.io._packed import explode


class MediaEmbedder(Embedder):
    """Cells that are opened by a reader, once for each distinct content.

    A subclass gives `_make_reader`.
    """

    _one_column = staticmethod(as_one_media_column)
    _explode = staticmethod(explode)

    _parameter_constraints = {
        **Embedder._parameter_constraints,
        "revision": [str, None],
        "errors": [StrOptions({"raise", "missing"})],
        "root": [str, os.PathLike, None],
        "n_jobs": [numbers.Integral, None],
    }

    def _make_reader(self):
        """Return a reader with all guards; what it makes of a cell does not matter."""
        raise NotImplementedError

    def _check_options(self):
        super()._check_options()
        check_model(self.model)

    def _digests(self, column):
        digest = functools.partial(cell_digest, reader=self._make_reader())
        return self._read(column, digest)

    def _read(self, column, reader, then=None):
        """Read cells, without a warning for each of many calls."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Column .* cannot be read", UserWarning)
            results, _ = read_cells(
                column,
                reader,
                then=then,
                errors=self.errors,
                n_jobs=self.n_jobs,
                progress=False,
            )
        return results

    def _embed_present(self, network, cells, pooling, advance):
        """Return the vectors of cells as they were read; NaN where one is None."""
        present = [i for i, cell in enumerate(cells) if cell is not None]
        advance(len(cells) - len(present))
        vectors = np.full((len(cells), network.dimension), np.nan, np.float32)
        if present:
            vectors[present] = network.module.embed(
                [cells[i] for i in present],
                precision=network.precision,
                pooling=pooling,
                batch_size=self.batch_size,
                advance=advance,
            )
        return vectors

    def _embed_distinct(self, network, column):
        vectors, places = super()._embed_distinct(network, column)
        if self.errors == "missing":
            self._warn_of_unreadable(column, vectors, places)
        return vectors, places

    def _warn_of_unreadable(self, column, vectors, places):
        unreadable = places < 0
        unreadable[~unreadable] = np.isnan(vectors[places[~unreadable]]).any(axis=1)
        rows = np.flatnonzero(unreadable & ~is_missing(column, empty=True))
        if not len(rows):
            return
        try:
            self._make_reader()(column.iloc[rows[0]])
            reason = "the network gives NaN for it."
        except CellError as error:
            reason = str(error)
        warnings.warn(
            f"Column {column.name!r}: {len(rows):,} of {len(column):,} rows cannot be "
            "read and are treated as missing, the first at row "
            f"{show_label(column.index, rows[0])}: {reason}",
            UserWarning,
            stacklevel=6,
        )


def check_model(model):
    """Refuse what is neither a name nor a folder nor a torch module."""
    import torch

    if not isinstance(model, (str, os.PathLike, torch.nn.Module)):
        raise TypeError(
            "model must be a name, a folder or a torch.nn.Module (an instance, not a "
            f"class), got {model!r}."
        )
