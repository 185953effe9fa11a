"""Turn columns of time series into numbers, without pretrained weights."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmm._data.series import (
    find_step,
    is_list_of_series,
    is_table_of_numbers,
    lengths_of_lists,
    one_series_a_row,
    read_series,
    to_cells,
)
from skmm._utils.compat import Interval, StrOptions, check_feature_names_in
from skmm.feature_extraction._base import CellsTransformer
from skmm.feature_extraction._cells import as_one_media_column
from skmm.feature_extraction._rocket import KERNELS, MiniRocket
from skmm.feature_extraction._series_statistics import SeriesStatistics
from skmm.modalities._lists import read_lists

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, RandomState, StringArray

#: What the features of a table of numbers are named after.
TABLE = "series"


class SeriesVectorizer(CellsTransformer):
    """Turn columns of time series into numbers.

    A cell is a series of one channel, shape (time,), or of several, shape (time,
    channels): a list, a numpy array, a torch tensor, a Series or a DataFrame. The
    series of a column may differ in length, but not in channels. If X holds only
    numbers, each row of it is read as one series of one channel. Each column is treated
    separately.

    Parameters
    ----------
    method : {"statistics", "rocket"}, default="statistics"
        What a series is turned into:

        - "statistics": some forty named features for each channel, which describe how
          its values are distributed, how they follow each other, and their spectrum;
          and the correlations of the channels. Nothing is learned from other rows.
        - "rocket": `n_features` features of MiniRocket [1]_, each the share of time at
          which a small convolution exceeds a bias. They give a higher accuracy in most
          classifications, and are made for a linear model.
    n_features : int, default=10_000
        Number of features of each column, with "rocket". It is rounded down to a
        multiple of the 84 kernels, so the default gives 9,996.
    n_jobs : int, default=None
        Number of chunks of rows that are computed at the same time, in threads. None
        means 1.
    random_state : int, RandomState instance or None, default=0
        Seed of the choices of "rocket": the series from which the biases are taken, and
        the channels that each kernel adds up.

    Attributes
    ----------
    n_channels_ : list of int
        Number of channels of each column. It is 0 for a column without any series at
        fit, and 1 for a table of numbers.
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    See Also
    --------
    TextVectorizer : Columns of text.
    sklearn.linear_model.RidgeClassifierCV : Recommended classifier for "rocket", after
        ``StandardScaler(with_mean=False)``.

    Notes
    -----
    **Missing values.** A cell that is None, NaN, empty or all NaN is missing, and its
    features are NaN. A series ends before trailing time points that are NaN in every
    channel, so rows of a table and cells of an array may be padded with NaN. Any other
    NaN is interpolated over time, and takes the nearest value at the start and at the
    end. A channel that is all NaN, while others are not, becomes 0.

    **Time.** If a cell is a Series or DataFrame with a DatetimeIndex, its values are
    sorted by time and resampled to the step that is most frequent among the series at
    fit; values within one step are averaged. A warning says where that changed
    something. Channels of DataFrames are identified by their names, in any order.

    **Names.** Features are called ``column__mean``; with several channels
    ``column__0_mean``, or by the names of the channels if cells are DataFrames; with
    "rocket" ``column__0``, ``column__1``, … The names of a table of numbers begin with
    ``series__``.

    **Statistics.** Times are counted in steps and frequencies in cycles per step.
    Counts (of peaks, of crossings of the mean) are shares of the steps, so that series
    of different lengths can be compared; ``length`` is a separate feature. Features of
    the shape (skewness, autocorrelations, spectrum, ...) depend on neither level nor
    scale. Constant and very short series have finite values: 0 where a feature has no
    meaning. Correlations are computed for up to 20 channels.

    **Rocket.** Series need no scaling, but scale the features before a linear model.
    The dilations suit the longest series at fit. A series counts as zero beyond its
    ends; half of the kernels reach beyond them, and all do if a series is shorter than
    a kernel. Each kernel adds up 1 to 9 random channels before the convolution, so
    bring channels to one scale if theirs differ much. Convolutions use float32:
    subtract large constant offsets from a series first.

    The result of neither method depends on the order of the rows.

    References
    ----------
    .. [1] Dempster, Schmidt, Webb: MiniRocket: A Very Fast (Almost) Deterministic
       Transform for Time Series Classification, KDD 2021.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmm.feature_extraction import SeriesVectorizer
    >>> X = pd.DataFrame({"pulse": [[70, 72, 75, 74], np.array([60.0, 62]), None]})
    >>> vectorizer = SeriesVectorizer().set_output(transform="pandas")
    >>> columns = ["pulse__length", "pulse__mean", "pulse__slope"]
    >>> vectorizer.fit_transform(X)[columns].round(2)
       pulse__length  pulse__mean  pulse__slope
    0            4.0        72.75           1.5
    1            2.0        61.00           2.0
    2            NaN          NaN           NaN

    Which of these oscillations are slow?

    >>> random = np.random.default_rng(0)
    >>> slow = np.arange(40) % 2 == 0
    >>> X = np.sin(np.arange(60) / np.where(slow, 5, 4)[:, None])
    >>> X += random.normal(size=(40, 60))
    >>> model = make_pipeline(
    ...     SeriesVectorizer("rocket"),
    ...     StandardScaler(with_mean=False),
    ...     RidgeClassifierCV(np.logspace(-3, 3, 10)),
    ... )
    >>> model.fit(X[:20], slow[:20]).score(X[20:], slow[20:])
    1.0
    """

    _what = "time series"

    _parameter_constraints = {
        "method": [StrOptions({"statistics", "rocket"})],
        "n_features": [Interval(numbers.Integral, len(KERNELS), None, closed="left")],
        "n_jobs": [numbers.Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        method: Literal["statistics", "rocket"] = "statistics",
        *,
        n_features: int = 10_000,
        n_jobs: int | None = None,
        random_state: RandomState = 0,
    ) -> None:
        self.method = method
        self.n_features = n_features
        self.n_jobs = n_jobs
        self.random_state = random_state

    @staticmethod
    def _one_column(X):
        return as_one_media_column(X)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> StringArray:
        """Return the names of the features: the column, ``__``, and the measurement.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns, if they had no names at fit.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            Names of the features. They begin with ``series__`` if each row of X is a
            series.
        """
        check_is_fitted(self)
        if not self._is_table:
            return super().get_feature_names_out(input_features)
        check_feature_names_in(self, input_features)
        (column,) = self._columns
        names = [f"{TABLE}__{suffix}" for suffix in column.suffixes()]
        return np.array(names, dtype=object)

    def _read_frame(self, X, reset):
        # Equal lists of numbers are cells, too, where cells were fitted.
        if is_list_of_series(X) and (
            len(lengths_of_lists(X)) > 1 or not (reset or self._is_table)
        ):
            X = to_cells(X)
        frame = super()._read_frame(X, reset)
        if reset:
            self._is_table = is_table_of_numbers(frame)
            if self._is_table and self._one_column(X) is not None:
                raise ValueError(
                    "X is one column of numbers, not of series. Give each row its "
                    "series as a cell, or for one series that is all of X a table of "
                    "one row, X.to_frame().T."
                )
        return one_series_a_row(frame, TABLE) if self._is_table else frame

    def _fit_frame(self, X, y, transform=False):
        parts = super()._fit_frame(X, y, transform)
        self.n_channels_ = [len(column.channels) for column in self._columns]
        return parts

    def _fit_column(self, column, y):
        column = read_lists(column)
        step = find_step(column)
        series, _, channels = read_series(column, step=step)
        features = self._make_features(channels or ("0",))
        if series:
            features.fit(series)
        else:
            warnings.warn(
                f"Column {column.name!r} holds no series in any of {len(column)} rows, "
                "and gives NaN. Leave it out, or fit on rows that have it.",
                UserWarning,
                stacklevel=6,
            )
        return SeriesColumn(channels, features, step), None

    def _transform_column(self, fitted, column):
        series, rows = [], []
        if fitted.channels:
            column = read_lists(column)
            series, rows, _ = read_series(column, fitted.channels, step=fitted.step)
        if len(series) == len(column):
            return fitted.features.transform(series, self.n_jobs)
        features = np.full((len(column), len(fitted.suffixes())), np.nan, np.float32)
        if series:
            features[rows] = fitted.features.transform(series, self.n_jobs)
        return features

    def _make_features(self, channels):
        if self.method == "rocket":
            return MiniRocket(self.n_features, self.random_state)
        return SeriesStatistics(channels)


@dataclass
class SeriesColumn:
    """Fitted state of a column."""

    channels: tuple  # empty where it held no series at fit
    features: MiniRocket | SeriesStatistics
    step: float | None = None  # seconds, where cells have a DatetimeIndex

    def suffixes(self):
        return self.features.suffixes()
