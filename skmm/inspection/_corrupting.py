"""The blocks of rows one modality of which is missing, swapped, noisy or blurred."""

import numpy as np

from skmm._data.frames import is_missing
from skmm.inspection._reading import find_kind, read_picture, read_sound
from skmm.io import CellError
from skmm.io._defaults import reading_with

CORRUPTIONS = ("missing", "swapped", "noise", "blur", "attack")
#: What does not change with the draw.
FIXED = ("blur", "attack")
#: The standard deviation of full noise, of values from 0 to 255, and the radius of
#: full blur as a share of the picture's longer side.
_NOISE, _BLUR = 128, 1 / 16
#: Pictures are held in memory, all rows of them, at no longer side than this.
_MAX_SIDE = 256


class Corrupted:
    """What a fitted estimator reads of rows one modality of which gets worse.

    Parameters
    ----------
    players : ShuffledModalities
    """

    def __init__(self, players):
        self.players = players
        self.estimator = estimator = players.estimator
        self.frame = estimator._read_frame(players.X, reset=False)
        self.blocks = players.seen.blocks
        self.modalities = {
            name: (encoder, positions)
            for name, encoder, positions in estimator._preparation.modalities
        }

    def draw(self, modality, corruption, strength, rng):
        """Return the blocks with one of them corrupted.

        Parameters
        ----------
        modality : str
        corruption : {"missing", "swapped", "noise", "blur"}
        strength : float
        rng : RandomState

        Returns
        -------
        blocks : dict of str to Block, or None
            None where the modality has nothing that could be so changed.
        """
        block = self.blocks[modality]
        if corruption in ("noise", "blur"):
            block = self._changed(modality, corruption, strength, rng)
            return block and {**self.blocks, modality: block}
        n = len(block)
        # As many rows as the share says, and at least one.
        rows = rng.permutation(n)[: max(round(strength * n), 1)]
        if corruption == "missing":
            import torch

            hidden = torch.zeros(n, dtype=torch.bool)
            hidden[torch.from_numpy(rows)] = True
            return {**self.blocks, modality: block.hide(hidden)}
        order = np.arange(n)
        order[rows] = np.roll(rows, 1)  # drawn in random order: each has another's
        return self.players.shuffled(modality, order)

    def _changed(self, modality, corruption, strength, rng):
        encoder, positions = self.modalities[modality]
        frame, is_changed = self.frame.copy(deep=False), False
        with reading_with(self.estimator._reading()):
            for i, position in enumerate(positions):
                column = self.frame.iloc[:, position]
                change = _find_change(encoder, i, column, corruption)
                if change is not None:
                    frame.isetitem(position, change(column, strength, rng))
                    is_changed = True
        if not is_changed:
            return None
        preparation = self.estimator._preparation.only(modality)
        return preparation.transform(frame, self.estimator._reading())[modality]


def _find_change(encoder, i, column, corruption):
    """Return the function that changes a column, of it, a strength and rng; or None.

    Parameters
    ----------
    encoder : Encoder
    i : int
        The column's number among the encoder's.
    column : Series
    corruption : {"noise", "blur"}
    """
    kind = find_kind(encoder)
    if kind == "image":
        change = _roughen if corruption == "noise" else _blur
        return _Media(encoder, lambda *args: _change_picture(change, *args))
    if corruption == "blur":
        return None
    if kind == "audio":
        return _Media(encoder, _hiss)
    if kind == "text":
        return _misspell
    return _add_noise if _is_number(encoder, i, column) else None


class _Media:
    """Changes of a column of pictures or sounds, cell by cell.

    Parameters
    ----------
    encoder : Encoder
    change : callable
        From a cell, the encoder, a strength and rng to another cell.
    """

    def __init__(self, encoder, change):
        self.encoder, self.change = encoder, change

    def __call__(self, column, strength, rng):
        import pandas as pd

        cells = column.to_numpy(dtype=object).copy()
        for i in np.flatnonzero(~is_missing(column, empty=True)):
            try:
                cells[i] = self.change(cells[i], self.encoder, strength, rng)
            except CellError:  # left as it is, for the encoder to take it as missing
                continue
        return pd.Series(cells, index=column.index, dtype=object)


def _change_picture(change, cell, encoder, strength, rng):
    return change(read_picture(cell, encoder, _MAX_SIDE), strength, rng)


def _roughen(pixels, strength, rng):
    """Return pixels with Gaussian noise; how opaque they are stays."""
    noise = rng.normal(size=(*pixels.shape[:2], 3)) * strength * _NOISE
    noisy = np.clip(pixels[..., :3] + noise, 0, 255).round().astype(np.uint8)
    return np.concatenate([noisy, pixels[..., 3:]], axis=2)


def _blur(pixels, strength, rng):
    from PIL import Image, ImageFilter

    radius = strength * _BLUR * max(pixels.shape[:2])
    # Premultiplied, so that colours of what is transparent do not bleed.
    image = Image.fromarray(pixels).convert("RGBa")
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA"))


def _hiss(cell, encoder, strength, rng):
    """Return a sound with white noise: at strength s its SNR is -20 log10(s) dB."""
    samples, rate = read_sound(cell, encoder)
    loudness = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
    noisy = samples + rng.normal(size=samples.shape) * strength * loudness
    return np.clip(noisy, -1, 1).astype(np.float32), rate


def _is_number(encoder, i, column):
    """Tell if a column holds numbers, and is read as such."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    readers = getattr(encoder, "readers_", None)
    if readers is not None and readers[i].gives_codes:
        return False
    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _add_noise(column, strength, rng):
    """Return numbers with noise; what is missing stays so."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    spread = np.nanstd(np.where(np.isfinite(values), values, np.nan))
    noise = rng.normal(size=len(values)) * strength * np.nan_to_num(spread)
    return values + noise


def _misspell(column, strength, rng):
    """Return texts a share of whose characters is dropped, doubled or replaced."""
    cells = column.to_numpy(dtype=object).copy()
    for i in np.flatnonzero(~is_missing(column)):
        if isinstance(cells[i], str):
            cells[i] = _misspell_one(cells[i], strength, rng)
    return cells


def _misspell_one(text, strength, rng):
    changes = rng.random(len(text)) < strength
    ways = rng.randint(3, size=len(text))
    others = rng.randint(max(len(text), 1), size=len(text))
    signs = []
    for sign, is_changed, way, other in zip(text, changes, ways, others):
        if not is_changed:
            signs.append(sign)
        elif way:
            signs.append(sign * 2 if way == 1 else text[other])
    return "".join(signs)
