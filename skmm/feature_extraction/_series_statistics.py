"""Statistics of time series: shape of the values, course over time, spectrum."""

import itertools

import numpy as np

from skmm._utils.compat import Parallel, delayed

LAGS = (1, 2, 3, 5, 10)
#: Beyond it there would be more correlations than all other features.
MAX_CORRELATED = 20
#: Bounds of the bands, in cycles per time step: octaves below the highest frequency.
BANDS = (0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
#: Values in a chunk of rows, times the channels.
CHUNK = 2**18


class SeriesStatistics:
    """The features of one column of series: nothing but their names is kept.

    Parameters
    ----------
    channels : tuple of str
    """

    def __init__(self, channels):
        self.channels = channels

    def fit(self, series):
        """Learn nothing."""
        return self

    def suffixes(self):
        """Name the features."""
        prefixes = [""] if len(self.channels) == 1 else self.channels
        names = ["length"]
        for channel, name in itertools.product(prefixes, STATISTICS):
            names.append(f"{channel}_{name}" if channel else name)
        for i, j in self._pairs():
            names.append(f"{self.channels[i]}_{self.channels[j]}_correlation")
        return names

    def transform(self, series, n_jobs=None):
        """Return the statistics, float32 (n_samples, n_features).

        Parameters
        ----------
        series : list of ndarray of shape (time, channels)
        n_jobs : int, default=None
            Chunks of rows at the same time, in threads.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features)
        """
        features = np.empty((len(series), len(self.suffixes())), dtype=np.float32)
        Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(self._transform_chunk)(series, rows, features)
            for rows in rows_of_one_length([values.shape for values in series])
        )
        return features

    def _transform_chunk(self, series, rows, features):
        # One block of memory for each row: sums do not depend on the other rows.
        x = np.stack([series[row] for row in rows], dtype=float).swapaxes(1, 2)
        x = np.ascontiguousarray(x)
        per_channel = np.stack(channel_statistics(x), axis=-1)
        parts = [np.full((len(rows), 1), x.shape[-1]), per_channel.reshape(len(x), -1)]
        pairs = self._pairs()
        if pairs:
            first, second = np.transpose(pairs)
            parts.append(correlations(x)[:, first, second])
        features[rows] = np.hstack(parts)

    def _pairs(self):
        n_channels = len(self.channels)
        if n_channels > MAX_CORRELATED:
            return []
        return list(itertools.combinations(range(n_channels), 2))


#: In the order of `channel_statistics`.
STATISTICS = [
    *("mean", "std", "min", "lower_quartile", "median", "upper_quartile", "max"),
    *("skewness", "kurtosis", "first", "last", "position_of_min", "position_of_max"),
    *(f"mean_of_quarter_{i}" for i in range(1, 5)),
    *("slope", "time_correlation", "mean_absolute_change", "relative_change"),
    *("mean_crossing_rate", "peak_rate", "share_above_mean", "longest_above_mean"),
    *(f"autocorrelation_{lag}" for lag in LAGS),
    *("dominant_frequency", "spectral_centroid", "spectral_spread"),
    "spectral_entropy",
    *(f"spectral_band_{i}" for i in range(1, len(BANDS))),
]


def channel_statistics(x):
    """Return the statistics of each channel.

    Parameters
    ----------
    x : ndarray of shape (rows, channels, time)

    Returns
    -------
    statistics : list of ndarray of shape (rows, channels)
    """
    centred, std = centre(x)
    return [
        *values_of(x, centred, std),
        *course_of(x, centred, std),
        *autocorrelations(centred),
        *spectrum_of(centred),
    ]


def centre(x):
    """Return the differences from the mean, and the standard deviation.

    Both are exactly zero where a series is constant, whatever the mean's rounding.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    centred[x.min(axis=-1) == x.max(axis=-1)] = 0
    return centred, np.sqrt(np.mean(centred**2, axis=-1))


def values_of(x, centred, std):
    """How the values are distributed."""
    standard = ratio(centred, std[..., None])
    quantiles = np.quantile(x, [0, 0.25, 0.5, 0.75, 1], axis=-1)
    squares = standard * standard  # numpy's powers of 3 and 4 take far longer
    skewness = np.mean(squares * standard, axis=-1)
    kurtosis = np.where(std > 0, np.mean(squares * squares, axis=-1) - 3, 0)
    return [x.mean(axis=-1), std, *quantiles, skewness, kurtosis]


def course_of(x, centred, std):
    """How the values follow each other."""
    n_times = x.shape[-1]
    steps = max(1, n_times - 1)
    time = np.arange(n_times) - (n_times - 1) / 2
    changes = np.diff(x, axis=-1)
    above = centred > 0
    rises = changes[..., :-1] > 0
    falls = changes[..., 1:] < 0
    covariance = np.sum(centred * time, axis=-1)
    time_squares = np.sum(time**2) or 1  # one time has no slope
    root_mean_change = np.sqrt(np.sum(changes**2, axis=-1) / steps)
    return [
        x[..., 0],
        x[..., -1],
        x.argmin(axis=-1) / steps,
        x.argmax(axis=-1) / steps,
        *(x[..., start:stop].mean(axis=-1) for start, stop in quarters(n_times)),
        covariance / time_squares,
        ratio(covariance, std * np.sqrt(n_times * time_squares)),
        np.sum(np.abs(changes), axis=-1) / steps,
        ratio(root_mean_change, std),
        np.sum(above[..., 1:] != above[..., :-1], axis=-1) / steps,
        np.sum(rises & falls, axis=-1) / steps,
        above.mean(axis=-1),
        longest_run(above) / n_times,
    ]


def quarters(n_times):
    """Return bounds of four parts; each has a time, and short series share theirs."""
    bounds = np.arange(5) * n_times / 4
    starts = np.floor(bounds[:-1]).astype(int)
    return zip(starts, np.maximum(starts + 1, np.floor(bounds[1:]).astype(int)))


def autocorrelations(centred):
    """Correlations with the series some time steps later; 0 beyond its end."""
    power = np.sum(centred**2, axis=-1)
    return [
        ratio(np.sum(centred[..., lag:] * centred[..., :-lag], axis=-1), power)
        for lag in LAGS
    ]


def spectrum_of(centred):
    """Where in the spectrum the variance is; all 0 of a constant series."""
    n_times = centred.shape[-1]
    frequencies = np.fft.rfftfreq(n_times)[1:]
    power = np.abs(np.fft.rfft(centred, axis=-1)[..., 1:]) ** 2
    power[..., frequencies < 0.5] *= 2  # each stands for a negative frequency too
    share = ratio(power, power.sum(axis=-1, keepdims=True))
    dominant = np.zeros(share.shape[:-1])
    if len(frequencies):
        dominant = frequencies[share.argmax(axis=-1)] * (share.sum(axis=-1) > 0)
    centroid = share @ frequencies
    distance = frequencies - centroid[..., None]
    entropy = -np.sum(share * np.log(np.where(share > 0, share, 1)), axis=-1)
    bands = np.digitize(frequencies, BANDS[:-1], right=True)
    return [
        dominant,
        centroid,
        np.sqrt(np.sum(share * distance**2, axis=-1)),
        entropy / np.log(max(2, len(frequencies))),
        *(share[..., bands == i].sum(axis=-1) for i in range(1, len(BANDS))),
    ]


def correlations(x):
    """Correlations of channels, (rows, channels, channels); 0 with constant ones."""
    centred, std = centre(x)
    standard = ratio(centred, std[..., None])
    return standard @ standard.swapaxes(-1, -2) / x.shape[-1]


def longest_run(flags):
    """Return the length of the longest run of True along the last axis."""
    times = np.arange(1, flags.shape[-1] + 1)
    last_false = np.maximum.accumulate(np.where(flags, 0, times), axis=-1)
    return np.max(times - last_false, axis=-1)


def ratio(a, b):
    """Divide, with 0 where nothing is divided by."""
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.zeros(a.shape), where=b > 0)


def rows_of_one_length(shapes):
    """Split rows into chunks of one length."""
    lengths = np.array([n_times for n_times, _ in shapes])
    for n_times in np.unique(lengths):
        rows = np.flatnonzero(lengths == n_times)
        size = max(1, CHUNK // (n_times * shapes[rows[0]][1]))
        for start in range(0, len(rows), size):
            yield rows[start : start + size]
