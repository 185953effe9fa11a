"""Time series, learned end to end."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skmm._data.blocks import Block
from skmm._data.containers import Ragged
from skmm._data.frames import show_label
from skmm._data.series import (
    fill_gaps,
    find_step,
    is_table_of_numbers,
    one_series_a_row,
    read_series,
)
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, check_options
from skmm.augmentation import augment_constraints, make_augmentation
from skmm.encoders._base import Encoder
from skmm.modalities._lists import read_lists

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from torch import nn

    from skmm._utils.typing import Augment

#: A spread below this share of the mean is rounding.
_CONSTANT = 1e-9
#: Times max_length: the longest series that is read whole.
_MOST = 8


class SeriesEncoder(Encoder):
    """Read time series of any length, with one or several channels.

    A cell is a series of shape (time,) or (time, channels): a list, an array, a
    tensor, a Series or a DataFrame. Rows may differ in length, but not in channels. If
    the modality has several columns, they are the channels of one series: within a row
    they must have equal lengths, and a missing cell counts as missing values. If X
    holds only numbers, each row of it is read as one series of one channel. Make a
    modality of its own for series with another sampling rate.

    The padding of a batch has no effect: a row's vector does not depend on the other
    rows of its batch.

    Parameters
    ----------
    backbone : {"cnn", "inception", "lstm", "gru", "transformer"}, default="cnn"
        The network over time:

        - "cnn": residual blocks of convolutions, each dilated twice as much as the one
          before [1]_; fast, and a good first choice;
        - "inception": convolutions of three lengths in parallel, InceptionTime [2]_ (a
          single network, not an ensemble of five);
        - "lstm", "gru": recurrent networks in both directions, for order over long
          spans in short series;
        - "transformer": attention over patches of successive steps [3]_, which needs
          more rows than the others.
    hidden : int, default=None
        Number of channels, or of units of both directions together. None takes 64 for
        "cnn" and "transformer", and 128 for the others.
    n_layers : int, default=None
        Number of blocks or layers. None takes 4 blocks for "cnn", 6 for "inception", 2
        layers for "lstm" and "gru", and 3 for "transformer".
    pooling : {"mean_max", "attention"}, default="mean_max"
        How features over time become one vector: "mean_max" takes their mean and
        maximum, "attention" four means with learned weights.
    missing : {"interpolate", "mask"}, default="interpolate"
        What happens to NaN within a series. "interpolate" draws a line between the
        neighbouring values. "mask" takes the channel's mean, and adds a channel for
        each channel that says where values are known.
    standardize : {"channel", "row"} or None, default="channel"
        How values are standardised. "channel" takes the mean and standard deviation of
        each channel over the training rows. "row" takes those of each channel of a row
        over time; choose it where level and scale carry no information. None changes
        nothing.
    max_length : int or None, default=512
        Number of steps above which series are shortened. If the series at fit are
        longer, several successive steps are averaged: the same number in every row, at
        fit and at predict, so that a step has the same duration everywhere. That number
        follows from the longest series, but half of the series keep at least
        ``max_length / 8`` steps. Changes that are faster than these steps are lost;
        raise `max_length` to keep them. If a shortened series has more than eight times
        `max_length` steps, the rest is left out, with a warning. None shortens nothing.
    augment : None, "auto", str, callable or list, default=None
        Random changes during training: "jitter", "scale" or "warp" of
        :mod:`skmm.augmentation`, "auto" for the ones that suit most series, or
        functions of values (n, channels, time) and mask (n, time). None makes no
        changes.
    dropout : float, default=0.1
        Dropout rate, from 0 to 1.

    Attributes
    ----------
    channels_ : list of tuple of str
        Names of the channels of each column; empty for a column without series at fit.
    mean_, scale_ : ndarray of shape (n_channels,)
        Mean and standard deviation of each channel over the training rows.
    steps_ : list of float or None
        Seconds between two steps of each column's series, if they are pandas objects
        with a DatetimeIndex, else None.
    factor_ : int
        Number of successive steps that are averaged; 1 if series are not shortened.
    longest_ : int
        Number of steps of the longest series at fit, after shortening.
    is_table_ : bool
        True if each row of numbers is read as a series.

    See Also
    --------
    skmm.feature_extraction.SeriesVectorizer : Features without training.

    Notes
    -----
    A series ends before trailing steps that are NaN in all channels. A channel that is
    all NaN, while others are not, is read as its mean.

    References
    ----------
    .. [1] Bai, Kolter, Koltun: An Empirical Evaluation of Generic Convolutional and
       Recurrent Networks for Sequence Modeling, 2018.
    .. [2] Ismail Fawaz et al.: InceptionTime: Finding AlexNet for Time Series
       Classification, Data Mining and Knowledge Discovery, 2020.
    .. [3] Nie et al.: A Time Series is Worth 64 Words: Long-term Forecasting with
       Transformers, ICLR 2023.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import SeriesEncoder
    >>> X = pd.DataFrame({"pulse": [[70, 72, 75, 74], [60.0, None, 62], None]})
    >>> block = SeriesEncoder().fit_transform(X)
    >>> block.present.tolist(), block[0].lengths.tolist()
    ([True, True, False], [4, 3, 0])
    """

    #: More steps an epoch on the small sets that labelled series mostly are.
    max_batch_size = 64

    _parameter_constraints = {
        "backbone": [Names(["cnn", "inception", "lstm", "gru", "transformer"])],
        "hidden": [Interval(numbers.Integral, 4, None, closed="left"), None],
        "n_layers": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "pooling": [Names(["mean_max", "attention"])],
        "missing": [Names(["interpolate", "mask"])],
        "standardize": [Names(["channel", "row"]), None],
        "max_length": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "augment": augment_constraints("series"),
        "dropout": [Interval(numbers.Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        backbone: Literal["cnn", "inception", "lstm", "gru", "transformer"] = "cnn",
        hidden: int | None = None,
        n_layers: int | None = None,
        pooling: Literal["mean_max", "attention"] = "mean_max",
        missing: Literal["interpolate", "mask"] = "interpolate",
        standardize: Literal["channel", "row"] | None = "channel",
        max_length: int | None = 512,
        augment: Augment[Literal["auto", "jitter", "scale", "warp"]] = None,
        dropout: float = 0.1,
    ) -> None:
        self.backbone = backbone
        self.hidden = hidden
        self.n_layers = n_layers
        self.pooling = pooling
        self.missing = missing
        self.standardize = standardize
        self.max_length = max_length
        self.augment = augment
        self.dropout = dropout

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.is_table_ = is_table_of_numbers(X)
        if self.is_table_ and X.shape[1] == 1:
            raise ValueError(
                f"Column {X.columns[0]!r} holds numbers, not series. Give each cell a "
                "series of shape (time,) or (time, channels)."
            )
        series, self.channels_ = self._read(X, None)
        there = [values for values in series if values is not None]
        if not there:
            raise ValueError(
                f"Columns {list(X.columns)[:5]} hold no series in any of {len(X)} rows."
            )
        self.factor_ = _find_factor([len(values) for values in there], self.max_length)
        series = self._shorten(X, series)
        there = [values for values in series if values is not None]
        self.mean_, self.scale_ = _measure(there)
        self.longest_ = max(map(len, there))
        return self._block(series)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(self._shorten(X, self._read(X, self.channels_)[0]))

    def _read(self, X, channels):
        """Return each row's values (time, channels), None or NaN where unknown."""
        if self.is_table_:
            X = one_series_a_row(X, "series")
        columns, found = [], []
        steps = [] if channels is None else self.steps_
        for i in range(X.shape[1]):
            of_column = None if channels is None else channels[i]
            if of_column == ():
                found.append(())
                continue  # nothing was learned of it
            column = read_lists(X.iloc[:, i])
            if channels is None:
                steps.append(find_step(column))
            series, rows, of_column = read_series(
                column, of_column, step=steps[i], fill=False
            )
            cells = [None] * len(X)
            for row, values in zip(rows, series):
                cells[row] = values
            found.append(of_column)
            if of_column:
                columns.append((X.columns[i], len(of_column), cells))
        joined = [_join(X.index, row, columns) for row in range(len(X))]
        if channels is None:
            self.steps_ = steps
        return [_cut_end(values) for values in joined], found

    def _shorten(self, X, series):
        """Average steps as the fit did, and leave out what is beyond all bounds."""
        series = [_average(values, self.factor_) for values in series]
        if self.max_length is None:
            return series
        most = _MOST * self.max_length
        long = [
            i for i, row in enumerate(series) if row is not None and len(row) > most
        ]
        if long:
            steps = f"{self.factor_ * most:,}"
            warnings.warn(
                f"Columns {list(X.columns)[:5]}: {len(long)} of {len(series)} series "
                f"have more than {steps} steps, the first at row "
                f"{show_label(X.index, long[0])}; what follows is not read. Raise "
                "max_length, or cut the series into several.",
                UserWarning,
                stacklevel=2,
            )
        return [None if row is None else row[:most] for row in series]

    def _block(self, series):
        n_channels = len(self.mean_) * (2 if self.missing == "mask" else 1)
        rows = [None if values is None else self._finish(values) for values in series]
        ragged = Ragged.from_arrays(rows, (n_channels,))
        return Block(
            ragged,
            present=[values is not None for values in rows],
            cost=ragged.lengths,
        )

    def _finish(self, values):
        """Standardise the values of a row and close their gaps."""
        mean, scale = self.mean_, self.scale_
        if self.standardize == "row":
            mean, scale = _measure([values])
        if self.standardize is not None:
            values = (values - mean) / scale
        known = ~np.isnan(values)
        if self.missing == "mask":
            filled = np.where(known, values, 0 if self.standardize else mean)
            return np.concatenate([filled, known], axis=1)
        if known.all():
            return values
        unknown = ~known.any(axis=0)
        values = fill_gaps(values)
        if unknown.any() and self.standardize is None:
            values[:, unknown] = mean[unknown]
        return values

    def build_module(self, width: int) -> nn.Module:
        from skmm.encoders.series._networks import SeriesModule, make_backbone

        n_channels = len(self.mean_) * (2 if self.missing == "mask" else 1)
        backbone = make_backbone(
            self.backbone,
            n_channels,
            self.longest_,
            hidden=self.hidden,
            n_layers=self.n_layers,
            dropout=self.dropout,
        )
        return SeriesModule(
            backbone,
            width,
            longest=self.longest_,
            pooling=self.pooling,
            dropout=self.dropout,
            augment=make_augmentation(self.augment, "series"),
        )


def _join(index, row, columns):
    """Put a row's columns side by side, NaN for those that it does not have."""
    cells = [cells[row] for _, _, cells in columns]
    lengths = {
        len(cell): name for (name, *_), cell in zip(columns, cells) if cell is not None
    }
    if not lengths:
        return None
    if len(lengths) > 1:
        (one, name), (other, its_name) = list(lengths.items())[:2]
        raise ValueError(
            f"Columns {name!r} and {its_name!r} hold series of {one} and {other} steps "
            f"at row {show_label(index, row)}; columns of one modality are channels of "
            "one series. Make them equally long, or modalities of their own."
        )
    (length,) = lengths
    return np.concatenate(
        [
            np.full((length, n), np.nan) if cell is None else cell
            for (_, n, _), cell in zip(columns, cells)
        ],
        axis=1,
    )


def _cut_end(values):
    """Cut off the end that is unknown."""
    if values is None:
        return None
    known = ~np.isnan(values)
    return values[: np.flatnonzero(known.any(axis=1))[-1] + 1]


def _find_factor(lengths, max_length):
    """Return how many steps to average, for series of these lengths.

    The longest would have at most ``max_length``; but where most are far shorter, half
    of them keep an eighth of it, which is little enough to see a course in.
    """
    if max_length is None:
        return 1
    wanted = -(-max(lengths) // max_length)
    bearable = int(np.median(lengths)) * _MOST // max_length
    return max(1, min(wanted, bearable))


def _average(values, factor):
    """Average each few successive steps; NaN where none of them is known."""
    if values is None or factor == 1:
        return values
    starts = np.arange(0, len(values), factor)
    known = ~np.isnan(values)
    sums = np.add.reduceat(np.where(known, values, 0), starts, dtype=float)
    counts = np.add.reduceat(known, starts, dtype=float)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _measure(series):
    """Return mean and spread of each channel; 0 and 1 where it has none."""
    counts = np.maximum(sum((~np.isnan(values)).sum(axis=0) for values in series), 1)
    mean = sum(np.nansum(values, axis=0, dtype=float) for values in series) / counts
    squares = sum(
        np.nansum((values - mean) ** 2, axis=0, dtype=float) for values in series
    )
    spread = np.sqrt(squares / counts)
    return mean, np.where(spread > _CONSTANT * np.abs(mean), spread, 1.0)
