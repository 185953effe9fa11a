"""The blocks of rows one modality of which is missing, swapped or noisy."""

import numpy as np

from skmm._data.frames import is_missing

CORRUPTIONS = ("missing", "swapped", "noise")


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
        corruption : {"missing", "swapped", "noise"}
        strength : float
        rng : RandomState

        Returns
        -------
        blocks : dict of str to Block, or None
            None where the modality has nothing that noise could be added to.
        """
        block = self.blocks[modality]
        if corruption == "noise":
            block = self._noisy(modality, strength, rng)
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

    def _noisy(self, modality, strength, rng):
        encoder, positions = self.modalities[modality]
        frame, is_changed = self.frame.copy(deep=False), False
        for i, position in enumerate(positions):
            column = self.frame.iloc[:, position]
            if _is_number(encoder, i, column):
                changed = _add_noise(column, strength, rng)
            elif _reads_texts(encoder):
                changed = _misspell(column, strength, rng)
            else:
                continue
            frame.isetitem(position, changed)
            is_changed = True
        if not is_changed:
            return None
        preparation = self.estimator._preparation.only(modality)
        return preparation.transform(frame, self.estimator._reading())[modality]


def _is_number(encoder, i, column):
    """Tell if a column holds numbers, and is read as such."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    readers = getattr(encoder, "readers_", None)
    if readers is not None and readers[i].gives_codes:
        return False
    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _reads_texts(encoder):
    """Tell if the cells of a modality are texts, and not the paths of files."""
    from skmm.encoders import TextEncoder, TransformerEncoder
    from skmm.feature_extraction import TextEmbedder, TextVectorizer

    if isinstance(encoder, TransformerEncoder):
        # scikit-learn's own vectorizers of texts take one column, a Series.
        texts = (TextEmbedder, TextVectorizer)
        return encoder.series or isinstance(encoder.transformer, texts)
    return isinstance(encoder, TextEncoder)


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
