"""Columns of recordings to blocks: decoded once, kept as 16 bits a sample."""

import dataclasses

import numpy as np
import torch

from skmm._data.blocks import Block
from skmm._data.containers import Ragged
from skmm.io import read_cells

FULL_SCALE = 32767
#: Rows, and frames at a time, that tell the mean and spread of the bands.
_N_MEASURED, _N_FRAMES = 5000, 16384


@dataclasses.dataclass(frozen=True)
class Sixteen:
    """The beginning of a recording, as 16 bits a sample."""

    n_samples: int

    def __call__(self, samples):
        return np.rint(samples[: self.n_samples] * FULL_SCALE).astype(np.int16)


@dataclasses.dataclass(frozen=True)
class Beginning:
    """What a function gives for the beginning of a recording."""

    function: object
    n_samples: int

    def __call__(self, samples):
        return self.function(samples[: self.n_samples])


def read_recordings(X, reader, then, errors, n_jobs):
    """Read each column.

    Parameters
    ----------
    X : pandas.DataFrame
    reader : AudioReader
    then : callable
    errors : str
    n_jobs : int or None

    Returns
    -------
    columns : list of list
        What `then` gave for each cell, None where it is missing.
    present : ndarray of bool, shape (n_rows,)
        Where any column has a recording.
    """
    read = [
        read_cells(X.iloc[:, i], reader, then=then, errors=errors, n_jobs=n_jobs)
        for i in range(X.shape[1])
    ]
    present = ~np.column_stack([missing for _, missing in read]).all(axis=1)
    return [results for results, _ in read], present


def to_block(columns, present, hop_length):
    """Cut recordings into frames that do not overlap.

    Batches are then cut out frame by frame, not sample by sample.

    Parameters
    ----------
    columns : list of list of ndarray of int16, or None
        Emptied, since the memory is needed.
    present : ndarray of bool, shape (n_rows,)
    hop_length : int

    Returns
    -------
    block : Block
        Frames (n_columns, hop_length), silence behind the end; and samples of a row.
    """
    lengths = [
        max(0 if samples is None else len(samples) for samples in row)
        for row in zip(*columns)
    ]
    indptr = np.zeros(len(present) + 1, np.int64)
    np.cumsum([-(-length // hop_length) for length in lengths], out=indptr[1:])
    frames = np.zeros((indptr[-1], len(columns), hop_length), np.int16)
    for i, column in enumerate(columns):
        for row, samples in enumerate(column):
            if samples is not None:
                n_missing = -len(samples) % hop_length
                of_row = np.pad(samples, (0, n_missing)).reshape(-1, hop_length)
                frames[indptr[row] : indptr[row] + len(of_row), i] = of_row
                column[row] = None
    ragged = Ragged(torch.from_numpy(indptr), torch.from_numpy(frames))
    lengths = np.array(lengths, np.int32)
    return Block(ragged, lengths, present=present, cost=ragged.lengths)


def to_waves(recordings):
    """Return samples (n, channels, time) from -1 to 1, and which frames are there.

    Parameters
    ----------
    recordings : Ragged of int16
        As `to_block` makes them.
    """
    frames, mask = recordings.padded()
    waves = frames.permute(0, 2, 1, 3).flatten(2)
    return waves.float() / FULL_SCALE, mask


@torch.inference_mode()
def measure_bands(block, spectrogram):
    """Return the mean and the spread of each band over time and rows.

    Parameters
    ----------
    block : Block
    spectrogram : LogMel

    Returns
    -------
    mean, scale : ndarray of shape (n_columns, n_mels)
    """
    rows = block.present.nonzero().squeeze(1)
    rows = rows[:: -(-len(rows) // _N_MEASURED)]
    sizes = block[0].lengths[rows]
    rows = rows[sizes.argsort(stable=True)]
    sums, squares, count = 0, 0, 0
    for some in rows.split(max(1, _N_FRAMES // int(sizes.max()))):
        waves, mask = to_waves(block[0].take(some))
        levels = spectrogram(waves).double() * mask[:, None, None]
        sums = sums + levels.sum((0, 3))
        squares = squares + levels.square().sum((0, 3))
        count += int(mask.sum())
    mean = (sums / count).numpy()
    variance = np.maximum((squares / count).numpy() - mean**2, 0)
    return mean, np.where(variance > 1e-6, np.sqrt(variance), 1.0)
