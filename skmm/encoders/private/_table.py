"""Numbers and categories of which all is declared, and nothing learned from rows."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import columns_of
from skmm._utils.compat import Interval
from skmm._utils.names import did_you_mean
from skmm._utils.validation import check_options
from skmm.encoders._base import Comparison, Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Features, Label

#: Codes of cells that are missing, and of those that are not declared.
_MISSING, _UNKNOWN = 0, 1


class DeclaredTableEncoder(Encoder):
    """Read numbers between declared limits, and declared categories.

    Nothing is learned from the rows before the training: :class:`TabularEncoder` takes
    quantiles, scales and categories from them, which a private training cannot.

    A number is moved between its limits. It becomes its position between them, and the
    weights of the two edges of bins that it lies between, so that the layer that
    follows is a piecewise linear function of it. A category is one of those declared;
    any other value is read as unknown. Missing cells have a feature of their own.

    Parameters
    ----------
    ranges : dict of {label: sequence of float}, default=None
        Limits of each column of numbers, ``(smallest, largest)``, known without a look
        at the rows. A longer sequence, in ascending order, gives the edges of the bins
        as well: ``[0, 1, 1000, 100000]`` suits amounts that are mostly 0.
    categories : dict of {label: sequence}, default=None
        The categories of each other column.
    n_bins : int, default=8
        Number of bins, of equal width, of a number with limits alone.
    hidden : int or None, default=None
        Number of units of a hidden layer, beside a linear one. None takes the linear
        layer alone; the head that follows has hidden layers as well. With
        `pass_through`, None takes as many as there is place for.
    pass_through : bool, default=False
        If True, the features themselves are the first numbers of the vector, and the
        units of a hidden layer those that follow; the rest is 0. The estimator's
        `width` must be at least the number of features. With the estimator's
        ``depth=0`` the prediction is then a linear model beside a perceptron, without a
        layer in between to which a private training adds noise.

    Attributes
    ----------
    edges_ : list of ndarray
        Edges of the bins of each number.
    n_codes_ : list of int
        Number of codes of each column of categories: missing, unknown, and those
        declared.

    See Also
    --------
    TabularEncoder : Learns all of this from the rows.
    skmm.privacy.PrivacySpec : Differential privacy, which this encoder is for.

    Notes
    -----
    What is declared must not come from the rows that are to be private: limits are
    those of the questionnaire, of the law or of the sensor, and categories those that
    the form offers.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import DeclaredTableEncoder
    >>> X = pd.DataFrame({"age": [31, None, 520], "size": ["M", "L", "huge"]})
    >>> encoder = DeclaredTableEncoder({"age": (0, 120)}, {"size": ["S", "M", "L"]})
    >>> block = encoder.fit_transform(X)
    >>> block[0].tolist()
    [[31.0], [nan], [120.0]]
    >>> block[1].tolist()  # 0 is missing, 1 unknown
    [[3], [4], [1]]
    """

    can_be_private = True

    _parameter_constraints = {
        "ranges": [dict, None],
        "categories": [dict, None],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
        "pass_through": ["boolean"],
    }

    def __init__(
        self,
        ranges: Mapping[Label, Sequence[float]] | None = None,
        categories: Mapping[Label, Sequence[Any]] | None = None,
        *,
        n_bins: int = 8,
        hidden: int | None = None,
        pass_through: bool = False,
    ) -> None:
        self.ranges = ranges
        self.categories = categories
        self.n_bins = n_bins
        self.hidden = hidden
        self.pass_through = pass_through

    def _check_combinations(self):
        ranges, categories = self.ranges or {}, self.categories or {}
        for label, edges in ranges.items():
            _check_edges(label, edges)
        for label, values in categories.items():
            if isinstance(values, (str, bytes)) or not len(values):
                raise ValueError(
                    f"categories[{label!r}] is {values!r}, and must be a list of the "
                    "values that the column may have."
                )
        twice = [label for label in ranges if label in categories]
        if twice:
            raise ValueError(
                f"DeclaredTableEncoder: ranges= and categories= both name {twice}. "
                "Leave each in one of them."
            )

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        ranges, categories = self.ranges or {}, self.categories or {}
        undeclared = [c for c in X.columns if c not in ranges and c not in categories]
        if undeclared:
            known = [*map(str, (*ranges, *categories))]
            raise ValueError(
                f"DeclaredTableEncoder: nothing is declared of {undeclared[:5]}."
                f"{did_you_mean(str(undeclared[0]), known)} Give ranges={{label: "
                "(smallest, largest)} for numbers and categories={label: [...]} for "
                "other columns."
            )
        self.edges_ = [
            _make_edges(ranges[label], self.n_bins)
            for label in X.columns
            if label in ranges
        ]
        self.places_ = [
            {value: place for place, value in enumerate(categories[label], 2)}
            for label in X.columns
            if label in categories
        ]
        self.n_codes_ = [2 + len(places) for places in self.places_]
        self.is_number_ = [label in ranges for label in X.columns]
        return self.transform(X)

    def transform(self, X: pd.DataFrame) -> Block:
        numbers, codes = [], []
        edges, places = iter(self.edges_), iter(self.places_)
        for column, is_number in zip(columns_of(X), self.is_number_):
            if is_number:
                numbers.append(_read_numbers(column, next(edges)))
            else:
                codes.append(_read_codes(column, next(places)))
        numbers = _side_by_side(numbers, len(X), np.float32)
        codes = _side_by_side(codes, len(X), np.int64)
        present = (~np.isnan(numbers)).any(axis=1) | (codes != _MISSING).any(axis=1)
        return Block(numbers, codes, present=present)

    def build_module(self, width: int) -> nn.Module:
        features = DeclaredFeatures(self.edges_, self.n_codes_)
        if not self.pass_through:
            return _TableModule(features, width, self.hidden)
        n_features = features.out_features
        hidden = width - n_features if self.hidden is None else self.hidden
        if n_features + hidden > width or hidden < 0:
            raise ValueError(
                f"DeclaredTableEncoder(pass_through=True, hidden={self.hidden}) hands "
                f"on {n_features} features beside the hidden units, and width={width} "
                "leaves no place for all. Set the estimator's width to at least "
                f"{n_features + (self.hidden or 0)}."
            )
        return _PassingModule(features, width, hidden)

    def linear_features(self, block: Block) -> Features | None:
        block = block.to(torch.device("cpu"))
        features = DeclaredFeatures(self.edges_, self.n_codes_)(block).numpy()
        return features / np.sqrt(np.float32(len(self.is_number_)))

    def compare(self, X: pd.DataFrame, block: Block) -> list[Comparison]:
        found, codes = [], block[1].cpu().numpy()
        labels = [
            c for c, is_number in zip(X.columns, self.is_number_) if not is_number
        ]
        for label, some in zip(labels, codes.T):
            cells = some[some != _MISSING]
            if len(cells):
                share = float((cells == _UNKNOWN).mean())
                what = "categories that are not declared"
                found.append(Comparison(label, share, len(cells), what))
        return found


class _TableModule(nn.Module):
    def __init__(self, features, width, hidden):
        super().__init__()
        self.features = features
        n_features = features.out_features
        self.linear = nn.Linear(n_features, width)
        self.net = None
        if hidden is not None:
            layers = nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, width)
            self.net = nn.Sequential(*layers)

    def forward(self, block):
        features = self.features(block)
        vectors = self.linear(features)
        return vectors if self.net is None else vectors + self.net(features)


class _PassingModule(nn.Module):
    def __init__(self, features, width, hidden):
        super().__init__()
        self.features = features
        self.hidden = nn.Linear(features.out_features, hidden) if hidden else None
        self.n_zeros = width - features.out_features - hidden

    def forward(self, block):
        features = self.features(block)
        parts = [features, features.new_zeros(len(features), self.n_zeros)]
        if self.hidden is not None:
            parts.insert(1, torch.relu(self.hidden(features)))
        return torch.cat(parts, dim=1)


class DeclaredFeatures(nn.Module):
    """A block's numbers as hats, and its codes as ones among zeros: (n, out_features).

    Parameters
    ----------
    edges : list of ndarray
        Of the bins of each number.
    n_codes : list of int
    """

    def __init__(self, edges, n_codes):
        super().__init__()
        self.numbers = Hats(edges)
        starts = np.cumsum([0, *n_codes])
        self.n_codes = int(starts[-1])
        self.register_buffer("starts", torch.from_numpy(starts[:-1].astype(np.int64)))
        self.out_features = self.numbers.out_features + self.n_codes

    def forward(self, block):
        numbers = self.numbers(block[0])
        codes = numbers.new_zeros(len(numbers), self.n_codes)
        codes.scatter_(1, block[1] + self.starts, 1.0)
        return torch.cat([numbers, codes], dim=1)


class Hats(nn.Module):
    """Numbers (n, k), NaN where missing, to their weights of the edges of bins.

    A number has a weight of both edges that it lies between, which add up to 1, and
    beside them its position from 0 to 1; a missing one has a single one.

    Parameters
    ----------
    edges : list of ndarray, one a number
    """

    def __init__(self, edges):
        super().__init__()
        longest = max(map(len, edges), default=0)
        padded = np.full((len(edges), longest), np.inf)
        for i, some in enumerate(edges):
            padded[i, : len(some)] = some
        self.register_buffer("edges", torch.from_numpy(padded.astype(np.float32)))
        self.sizes = [len(some) for some in edges]
        self.out_features = sum(self.sizes) + 2 * len(edges)

    def forward(self, x):
        parts = [x.new_zeros(len(x), 0)]
        for i, size in enumerate(self.sizes):
            edges, number = self.edges[i, :size], x[:, i]
            missing = torch.isnan(number)
            number = torch.where(missing, edges[0], number)
            # Each hat rises to its edge from the one before, and falls to the next.
            rising = (number[:, None] - edges[:-1]) / edges.diff()
            rising = rising.clamp(0, 1)
            ones = torch.ones_like(number)[:, None]
            hats = torch.cat([ones, rising], 1) - torch.cat([rising, 0 * ones], 1)
            position = (number - edges[0]) / (edges[-1] - edges[0])
            features = torch.cat([hats, position[:, None]], 1)
            features = features.masked_fill(missing[:, None], 0)
            parts += [features, missing[:, None].to(x.dtype)]
        return torch.cat(parts, dim=1)


def _read_numbers(column, edges):
    """Read numbers between the outer edges; NaN where there is none."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce")
    values = values.to_numpy(np.float64, na_value=np.nan)
    return np.clip(values, edges[0], edges[-1])


def _read_codes(column, places):
    """Read categories as numbers, 1 where not declared and 0 where missing."""
    import pandas as pd

    cells, missing = column.to_numpy(dtype=object), pd.isna(column).to_numpy()
    codes = np.fromiter((_place(cell, places) for cell in cells), np.int64, len(cells))
    return np.where(missing, _MISSING, codes)


def _place(cell, places):
    try:
        return places.get(cell, _UNKNOWN)
    except TypeError:  # a list, which no declared value can be
        return _UNKNOWN


def _side_by_side(columns, n_rows, dtype):
    if not columns:
        return np.empty((n_rows, 0), dtype)
    return np.stack(columns, axis=1).astype(dtype)


def _make_edges(limits, n_bins):
    if len(limits) == 2:
        limits = np.linspace(limits[0], limits[1], n_bins + 1)
    return np.asarray(limits, dtype=np.float32)


def _check_edges(label, edges):
    """Raise if limits are not ascending numbers that float32 can tell apart."""
    is_list = isinstance(edges, (list, tuple, np.ndarray)) and len(edges) >= 2
    if is_list and all(isinstance(edge, (Real, np.number)) for edge in edges):
        values = np.asarray(edges, dtype=np.float32)
        if np.isfinite(values).all() and (np.diff(values) > 0).all():
            return
    raise ValueError(
        f"ranges[{label!r}] is {edges!r}, and must be (smallest, largest), or more "
        "edges in ascending order, all finite."
    )
