"""A row's cells with some of their parts hidden: columns, words, regions, stretches.

Each kind of modality that has parts is one class here; all others have none.
"""

import math
import re

import numpy as np

from skmm._data.frames import is_missing, read_strings, take_rows
from skmm.encoders._pretrained import find_weights
from skmm.inspection._explanation import Part
from skmm.inspection._reading import find_kind, read_picture, read_sound
from skmm.io import CellError

#: Signs of scripts without blanks are words by themselves.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
#: A text that is there and says nothing: it has no word that a model could know.
_NOTHING_SAID = "…"
#: The longer side of pictures that are looked at, in pixels.
_MAX_SIDE = 384
#: Regions along its longer side, if the user does not say how many.
_MOST_REGIONS = 8
#: The shortest stretch of a sound, in seconds, and the most stretches.
_MIN_STRETCH, _MOST_STRETCHES = 0.05, 16


def make_variants(encoder, frame, positions, max_evaluations, grid):
    """Return what hides parts of a row's cells in one modality.

    Parameters
    ----------
    encoder : Encoder
        Fitted.
    frame : DataFrame of one row
    positions : sequence of int
        The modality's columns.
    max_evaluations : int or "auto"
    grid : int or "auto"
        Number of regions along the longer side of a picture.

    Returns
    -------
    variants : Variants or None
        None for a modality that is not looked into.
    """
    classes = {"table": Cells, "text": Words, "image": Regions, "audio": Stretches}
    kind = find_kind(encoder)
    if kind is None:
        return None
    return classes[kind](encoder, frame, positions, max_evaluations, grid)


class Variants:
    """Base: columns with their parts, and frames in which some are hidden.

    Parameters
    ----------
    encoder, frame, positions, max_evaluations, grid
        As of `make_variants`.

    Attributes
    ----------
    columns : list of Part
        Of the modality's columns, in their order. Cells that are missing have no parts.
    players : list of Part
        The parts that can be hidden.
    n_read : int
        How many variants may be read.
    """

    #: How many are by default: by features, and by a pretrained network.
    n_auto = (1024, 128)
    #: How many there should be for each part: values of fewer orders are rough.
    n_of_part = 4

    def __init__(self, encoder, frame, positions, max_evaluations, grid):
        self.encoder = encoder
        self.row = frame
        self.positions = list(positions)
        self.columns, self.there = [], []
        for i, position in enumerate(self.positions):
            column = frame.iloc[:, position]
            part = Part(str(column.name), "column")
            part.missing = bool(is_missing(column, empty=True)[0])
            self.columns.append(part)
            if not part.missing:
                self.there.append(i)
        self.n_read = max_evaluations
        if max_evaluations == "auto":
            self.n_read = self.n_auto[bool(find_weights(encoder))]
        n_parts = self.n_read // self.n_of_part
        self.limit = max(n_parts // max(len(self.there), 1), 1)  # of a cell
        self.grid = grid
        for i in list(self.there):
            try:
                self._divide(self.columns[i], frame.iloc[:, self.positions[i]], i)
            except CellError:  # the encoder takes it for missing, too
                self.columns[i].missing = True
                self.there.remove(i)
        self.players = self._find_players()

    def frame(self, members):
        """Return a row for each coalition.

        Parameters
        ----------
        members : ndarray of bool of shape (n_rows, n_players)
            Which parts are seen.

        Returns
        -------
        frame : DataFrame
            With all columns of the table.
        """
        frame = take_rows(self.row, np.zeros(len(members), dtype=int))
        frame = frame.reset_index(drop=True)
        start = 0
        for i in self.there:
            end = start + self._count(self.columns[i])
            column = self._vary(i, members[:, start:end], members)
            frame.isetitem(self.positions[i], column)
            start = end
        return frame

    def seen(self, block, is_nothing):
        """Return a block in which the rows that show nothing are there all the same.

        Parameters
        ----------
        block : Block
        is_nothing : ndarray of bool of shape (n_rows,)
        """
        return block

    def _find_players(self):
        return [part for i in self.there for part in self.columns[i].parts]

    def _count(self, column):
        return len(column.parts)

    def _divide(self, part, column, i):
        """Set what is shown of a cell, and its parts."""
        raise NotImplementedError

    def _vary(self, i, members, all_members):
        """Return the cells of a column in which some of its parts are hidden."""
        raise NotImplementedError


class Cells(Variants):
    """The cells of a table; a hidden one is missing."""

    def _divide(self, part, column, i):
        part.cell = column.iloc[0]
        reader = self.encoder.readers_[i]
        if reader.gives_codes or reader.n_features_ != 1:
            return
        places = [k for k, r in enumerate(self.encoder.readers_) if not r.gives_codes]
        sizes = [self.encoder.readers_[k].n_features_ for k in places]
        j = int(sum(sizes[: places.index(i)]))
        edges = np.asarray(self.encoder.edges_[j], dtype=float)
        if len(edges) > 1:
            edges = self.encoder.center_[j] + self.encoder.scale_[j] * edges
            part.fitted = edges
            part.number = float(np.ravel(reader.read(column))[0])

    def _find_players(self):
        return [self.columns[i] for i in self.there]

    def _count(self, column):
        return 1

    def _vary(self, i, members, all_members):
        cell = self.row.iloc[:, self.positions[i]]
        cell = cell.set_axis([0])
        # What pandas has for a row that is not there: of a dtype that can be missing.
        return cell.reindex(np.where(members[:, 0], 0, 1)).reset_index(drop=True)

    def seen(self, block, is_nothing):
        import torch

        # Each head knows missing cells one by one.
        there = block.present | torch.from_numpy(is_nothing)
        seen = block.hide(torch.zeros(len(block), dtype=torch.bool))
        seen.present = there
        return seen


class Words(Variants):
    """The words of texts; a hidden one is left out."""

    def _divide(self, part, column, i):
        part.cell = text = read_strings(column)[0][0]
        words = [found.span() for found in _WORD.finditer(text)]
        # Words of long texts are taken together, a few at a time.
        step = -(-len(words) // self.limit)
        for k in range(0, len(words), max(step, 1)):
            start, end = words[k][0], words[min(k + step, len(words)) - 1][1]
            part.parts.append(Part(text[start:end], "words", place=(start, end)))

    def _vary(self, i, members, all_members):
        import pandas as pd

        part = self.columns[i]
        starts = [word.place[0] for word in part.parts]
        ends = [*starts[1:], len(part.cell)]
        pieces = [part.cell[a:b] for a, b in zip(starts, ends)]
        cells = np.empty(len(members), dtype=object)
        for row, seen in enumerate(members):
            kept = "".join(piece for piece, one in zip(pieces, seen) if one)
            cells[row] = kept.strip() or None
        if i == self.there[0]:
            cells[~all_members.any(axis=1)] = _NOTHING_SAID
        return pd.Series(cells, dtype=object)


class Regions(Variants):
    """The regions of pictures; a hidden one has the picture's mean colour.

    Pictures with transparent parts are transparent there.
    """

    n_auto = (256, 64)

    def _divide(self, part, column, i):
        part.cell = pixels = read_picture(column.iloc[0], self.encoder, _MAX_SIDE)
        height, width = pixels.shape[:2]
        n_long = self.grid
        if n_long == "auto":
            n_long = min(math.isqrt(self.limit), _MOST_REGIONS)
        longer = max(height, width)
        n_rows, n_columns = (
            min(max(round(n_long * side / longer), 1), side) for side in (height, width)
        )
        rows = np.linspace(0, height, n_rows + 1).round().astype(int).tolist()
        columns = np.linspace(0, width, n_columns + 1).round().astype(int).tolist()
        for top, bottom in zip(rows[:-1], rows[1:]):
            for left, right in zip(columns[:-1], columns[1:]):
                name = f"rows {top}–{bottom}, columns {left}–{right}"
                place = (top, left, bottom, right)
                part.parts.append(Part(name, "region", place=place))

    def _vary(self, i, members, all_members):
        import pandas as pd

        pixels = self.columns[i].cell
        fill = np.append(pixels[..., :3].reshape(-1, 3).mean(axis=0).round(), 255)
        if (pixels[..., 3] < 255).any():
            fill = np.zeros(4)
        cells = np.empty(len(members), dtype=object)
        for row, seen in enumerate(members):
            cells[row] = changed = pixels.copy()
            for region, is_seen in zip(self.columns[i].parts, seen):
                if not is_seen:
                    top, left, bottom, right = region.place
                    changed[top:bottom, left:right] = fill
        return pd.Series(cells, dtype=object)


class Stretches(Variants):
    """The stretches of sounds in time; a hidden one has noise as low as the lowest."""

    n_auto = (256, 64)

    def _divide(self, part, column, i):
        part.cell = samples, rate = read_sound(column.iloc[0], self.encoder)
        seconds = len(samples) / rate
        n = int(np.clip(seconds // _MIN_STRETCH, 1, min(self.limit, _MOST_STRETCHES)))
        ends = np.linspace(0, len(samples), n + 1).round().astype(int).tolist()
        for start, end in zip(ends[:-1], ends[1:]):
            name = f"{start / rate:.2f}–{end / rate:.2f} s"
            place = (start / rate, end / rate)
            part.parts.append(Part(name, "stretch", place=place))

    def _vary(self, i, members, all_members):
        import pandas as pd

        samples, rate = self.columns[i].cell
        n = len(self.columns[i].parts)
        ends = np.linspace(0, len(samples), n + 1).round().astype(int)
        # Digital silence is farther from any recording than what it would hide.
        noise = np.random.RandomState(0).normal(size=len(samples))
        noise = (_find_floor(samples, rate) * noise).astype(np.float32)
        cells = np.empty(len(members), dtype=object)
        for row, seen in enumerate(members):
            kept = np.repeat(seen, np.diff(ends))
            cells[row] = (np.where(kept, samples, noise), rate)
        return pd.Series(cells, dtype=object)


def _find_floor(samples, rate):
    """Return the loudness (RMS) below which a twentieth of a sound lies."""
    size = min(max(round(0.02 * rate), 1), len(samples))
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return float(np.quantile(np.sqrt((frames.astype(float) ** 2).mean(axis=1)), 0.05))
