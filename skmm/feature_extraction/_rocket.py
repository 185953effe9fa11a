"""MiniRocket: shares of time at which small convolutions exceed a bias.

Dempster, Schmidt, Webb: MiniRocket: A Very Fast (Almost) Deterministic Transform for
Time Series Classification, KDD 2021. Names and numbers are the paper's; series of
unequal lengths are our own addition.
"""

import hashlib
import itertools
import math
from dataclasses import dataclass

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils import check_random_state

from skmm._utils.compat import Parallel, delayed

KERNEL_LENGTH = 9
REACH = KERNEL_LENGTH // 2  # points to either side of the centre
#: Where each kernel has its three weights of 2; the other six are -1.
KERNELS = list(itertools.combinations(range(KERNEL_LENGTH), 3))
MAX_DILATIONS = 32
MAX_CHANNELS = 9

# Sizes were measured; what they keep together fits the cache of a core.
#: Time points in a chunk of rows, less with more than a few channels, and its rows.
CHUNK, FEW_CHANNELS, MAX_ROWS = 2**16, 16, 512
#: Comparisons that are made before they are counted.
ANSWERS = 2**18
#: Counts are kept in bytes, and added up in runs of about so many.
MAX_COUNT, RUN = 255, 512
#: Features that are turned over, from a row each to a column each, in one go.
TURNED = 256


@dataclass
class Dilation:
    """What is learned for the 84 kernels at one dilation."""

    dilation: int
    channels: list  # of each kernel, the channels that it adds up
    biases: np.ndarray  # (84, biases of each kernel)
    pads_even: bool  # whether kernels 0, 2, ... are those that look over the ends


class MiniRocket:
    """The features of one column of series.

    Parameters
    ----------
    n_features : int
        A multiple of 84 is taken, the next one below.
    random_state : int, RandomState instance or None
        Chooses the series that biases are taken from, and the channels of kernels.
    """

    def __init__(self, n_features, random_state):
        self.n_per_kernel = n_features // len(KERNELS)
        self.random_state = random_state

    def suffixes(self):
        """Name the features."""
        return list(map(str, range(self.n_per_kernel * len(KERNELS))))

    def fit(self, series):
        """Choose dilations, channels and biases.

        Parameters
        ----------
        series : list of ndarray of shape (time, channels)

        Returns
        -------
        self : MiniRocket
        """
        random = check_random_state(self.random_state)
        series = sorted(series, key=_content)  # whatever the order of the rows
        n_channels = series[0].shape[1]
        plan = plan_dilations(max(map(len, series)), self.n_per_kernel)
        quantiles = low_discrepancy(self.n_per_kernel * len(KERNELS))
        self.dilations, start = [], 0
        for i, (dilation, n_biases) in enumerate(plan):
            chosen = random.randint(len(series), size=len(KERNELS))
            examples = [series[j] for j in chosen]
            channels = draw_channels(n_channels, random)
            stop = start + n_biases * len(KERNELS)
            of_kernel = quantiles[start:stop].reshape(len(KERNELS), n_biases)
            biases = draw_biases(examples, channels, dilation, of_kernel)
            self.dilations.append(Dilation(dilation, channels, biases, i % 2 == 0))
            start = stop
        return self

    def transform(self, series, n_jobs=None):
        """Return the shares of positive values, float32 (n_samples, n_features).

        Parameters
        ----------
        series : list of ndarray of shape (time, channels)
        n_jobs : int, default=None
            Chunks of rows at the same time, in threads.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features)
        """
        features = np.empty(
            (len(series), self.n_per_kernel * len(KERNELS)), dtype=np.float32
        )
        Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(self._transform_chunk)(series, rows, features)
            for rows in chunk_rows(series, n_jobs)
        )
        return features

    def _transform_chunk(self, series, rows, features):
        x, lengths = stack([series[row] for row in rows])
        part = np.empty((features.shape[1], len(rows)), dtype=np.float32)
        start = 0
        for dilation in self.dilations:
            stop = start + dilation.biases.size
            share_of_positives(x, lengths, dilation, part[start:stop])
            start = stop
        for start in range(0, len(part), TURNED):
            stop = start + TURNED
            features[rows, start:stop] = part[start:stop].T


def plan_dilations(length, n_per_kernel):
    """Return the dilations for series of a length, and each kernel's features at each.

    Exponents of two are evenly spaced from 0 to where the kernel spans the series.
    """
    longest = math.log2(max(1, (length - 1) / (KERNEL_LENGTH - 1)))
    exponents = np.linspace(0, longest, min(n_per_kernel, MAX_DILATIONS))
    dilations = np.floor(2**exponents + 1e-9).astype(int)
    # As many features for each exponent as can be.
    of_feature = dilations[np.arange(n_per_kernel) * len(dilations) // n_per_kernel]
    return [
        (int(dilation), int(count))
        for dilation, count in zip(*np.unique(of_feature, return_counts=True))
    ]


def low_discrepancy(n):
    """Return n numbers that fill (0, 1) evenly, wherever one starts and stops."""
    return np.arange(1, n + 1) * ((math.sqrt(5) + 1) / 2) % 1


def draw_channels(n_channels, random):
    """Draw the channels of each kernel: 1 to 9, few more often than many."""
    if n_channels == 1:
        return [np.array([0])] * len(KERNELS)
    most = math.log2(min(n_channels, MAX_CHANNELS) + 1)
    numbers = (2 ** random.uniform(0, most, size=len(KERNELS))).astype(int)
    return [
        np.sort(random.choice(n_channels, number, replace=False)) for number in numbers
    ]


def draw_biases(examples, channels, dilation, quantiles):
    """Return quantiles of each kernel's convolution with its own example."""
    lengths = np.array([len(values) for values in examples])
    most = max(map(len, channels))
    x = np.zeros((most, lengths.max(), len(KERNELS)), dtype=np.float32)
    for k, (values, chosen) in enumerate(zip(examples, channels)):
        x[: len(chosen), : len(values), k] = values[:, chosen].T
    triple, values = (
        add_up(part, range(most)) for part in convolution_parts(x, dilation)
    )
    n_times = len(values)
    for k, places in enumerate(KERNELS):
        for place in places:
            at = place * dilation
            values[:, k] += triple[at : at + n_times, k]
    values[np.arange(n_times)[:, None] >= lengths] = np.inf
    values.sort(axis=0)
    position = quantiles.T * (lengths - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, lengths - 1)
    low = np.take_along_axis(values, below, axis=0)
    high = np.take_along_axis(values, above, axis=0)
    return (low + (position - below) * (high - low)).T.astype(np.float32)


def share_of_positives(x, lengths, dilation, out):
    """Convolve with each kernel at one dilation, and count.

    Parameters
    ----------
    x : ndarray of shape (channels, time, rows)
        Zero where a row has ended.
    lengths : ndarray of int of shape (rows,)
    dilation : Dilation
    out : ndarray of shape (84 * biases of each kernel, rows)
        Where the shares are written.
    """
    d, n_biases = dilation.dilation, dilation.biases.shape[1]
    triples, bases = convolution_parts(x, d)
    triple_sum, base_sum = np.empty_like(triples[0]), np.empty_like(bases[0])
    answers = np.empty(max(ANSWERS, 2 * x[0].size + RUN), dtype=bool)
    for pads in (True, False):
        window = Window.of(lengths, d, pads)
        convolved = np.empty(window.shape, dtype=np.float32)
        convolved[window.n_times :] = -np.inf
        inside = convolved[: window.n_times]
        windowed = window.mask(bases)
        for k in range(pads != dilation.pads_even, len(KERNELS), 2):
            triple = add_up(triples, dilation.channels[k], triple_sum)
            base = add_up(windowed, dilation.channels[k], base_sum)
            first, second, third = (
                triple[window.first + place * d :][: window.n_times]
                for place in KERNELS[k]
            )
            np.add(base, first, out=inside)
            np.add(inside, second, out=inside)
            np.add(inside, third, out=inside)
            shares = out[k * n_biases : (k + 1) * n_biases]
            count_above(convolved, dilation.biases[k], window.fold, answers, shares)
            shares /= window.sizes


def add_up(arrays, chosen, out=None):
    """Add up some of the arrays; into `out`, if they are more than one."""
    total = arrays[chosen[0]]
    for i in chosen[1:]:
        total = np.add(total, arrays[i], out=None if out is None else out[: len(total)])
    return total


@dataclass
class Window:
    """The times at which a kernel is counted, of each row in a chunk."""

    first: int
    n_times: int
    fold: int
    shape: tuple
    sizes: np.ndarray  # float32 (rows,)
    outside: np.ndarray | None  # bool (time, rows), None where all rows are alike

    @classmethod
    def of(cls, lengths, dilation, pads):
        """Find them: all times, or only those where the kernel is within the series.

        A series that is shorter than the kernel is looked at over its ends.
        """
        reach = REACH * dilation
        starts = np.where((lengths > 2 * reach) & (not pads), reach, 0)
        stops = lengths - starts
        first, last = int(starts.min()), int(stops.max())
        n_times, n_rows = last - first, len(lengths)
        fold = max(-(-n_times // MAX_COUNT), min(n_times // 8, RUN // n_rows), 1)
        shape = (-(-n_times // fold) * fold, n_rows)
        outside = None
        if np.ptp(starts) or np.ptp(stops):
            times = np.arange(first, last)[:, None]
            outside = (times < starts) | (times >= stops)
        sizes = (stops - starts).astype(np.float32)
        return cls(first, n_times, fold, shape, sizes, outside)

    def mask(self, values):
        """Cut the times from (channels, time, rows); -inf, never counted, outside."""
        values = values[:, self.first : self.first + self.n_times]
        if self.outside is None:
            return values
        return np.where(self.outside, np.float32(-np.inf), values)


def convolution_parts(x, dilation):
    """Return what the 84 convolutions are sums of.

    A kernel is -1 everywhere, plus 3 in three places.

    Parameters
    ----------
    x : ndarray of shape (channels, time, rows)
    dilation : int

    Returns
    -------
    triple : ndarray of shape (channels, time + 8 * dilation, rows)
        Three times the series, zeros around. The part that starts at
        ``place * dilation`` belongs to a weight at that place of the kernel.
    base : ndarray of shape (channels, time, rows)
        The convolution with -1 everywhere.
    """
    d, (n_channels, n_times, n_rows) = dilation, x.shape
    padded = np.zeros((n_channels, n_times + 2 * REACH * d, n_rows), dtype=np.float32)
    padded[:, REACH * d : REACH * d + n_times] = x
    # Nine summands in four additions: 2, 4, 8 and 9 of them.
    two = padded[:, :-d] + padded[:, d:]
    four = two[:, : -2 * d] + two[:, 2 * d :]
    base = four[:, :n_times] + four[:, 4 * d :][:, :n_times]
    base += padded[:, 8 * d :]
    np.negative(base, out=base)
    padded *= 3
    return padded, base


def count_above(values, biases, fold, answers, out):
    """Count, for each bias and row, the times at which values exceed the bias.

    Parameters
    ----------
    values : ndarray of shape (time, rows)
        The number of times is a multiple of `fold`.
    biases : ndarray of shape (biases,)
    fold : int
        Times that are added up apart, in one run.
    answers : ndarray of bool
        Room for the comparisons with one bias, better with several.
    out : ndarray of shape (biases, rows)
        Where the counts are written.
    """
    n_times, n_rows = values.shape
    step = len(answers) // values.size
    for start in range(0, len(biases), step):
        part = biases[start : start + step, None, None]
        above = answers[: len(part) * values.size].reshape(-1, n_times, n_rows)
        np.greater(values, part, out=above)
        runs = above.view(np.uint8).reshape(len(part), -1, fold * n_rows)
        sums = np.add.reduce(runs, axis=1, dtype=np.uint8)
        sums = sums.reshape(len(part), fold, n_rows)
        np.add.reduce(sums, axis=1, dtype=np.float32, out=out[start : start + step])


def chunk_rows(series, n_jobs):
    """Split rows into chunks of similar lengths, at least one for each job."""
    lengths = np.array([len(values) for values in series])
    order = np.argsort(lengths, kind="stable")
    most = min(MAX_ROWS, -(-len(series) // effective_n_jobs(n_jobs)))
    room = CHUNK * min(1, FEW_CHANNELS / series[0].shape[1])
    while len(order):
        # A chunk is as long as its longest row, the last one.
        sizes = np.arange(1, len(order) + 1)[:most] * lengths[order[:most]]
        n_rows = max(1, int(np.searchsorted(sizes, room, side="right")))
        yield order[:n_rows]
        order = order[n_rows:]


def stack(series):
    """Put series side by side: float32 (channels, time, rows), zeros at the end."""
    lengths = np.array([len(values) for values in series])
    x = np.zeros((len(series), lengths.max(), series[0].shape[1]), dtype=np.float32)
    for row, values in enumerate(series):
        x[row, : len(values)] = values
    return np.ascontiguousarray(x.transpose(2, 1, 0)), lengths


def _content(values):
    values = np.ascontiguousarray(values, dtype=float)
    return len(values), hashlib.blake2b(values, digest_size=16).digest()
