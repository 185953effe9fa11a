"""Numbers, categories and dates, learned end to end."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import columns_of
from skmm._data.scaling import mean_and_scale
from skmm._plain.table import scale_numbers
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, check_options
from skmm.augmentation import augment_constraints, make_augmentation
from skmm.encoders._base import Encoded, Encoder
from skmm.encoders.tabular._backbones import (
    N_LAYERS,
    FeatureTokenizer,
    FTTransformer,
    make_net,
)
from skmm.encoders.tabular._range import compare_table
from skmm.encoders.tabular._sparse import sparse_table
from skmm.modalities._resolver import choose_reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Augment, Features, Label
    from skmm.encoders._base import Comparison
    from skmm.modalities.readers._base import Reader


class TabularEncoder(Encoder):
    """Read a table of numbers, categories and dates.

    A number becomes its position in each quantile bin of the training rows, between 0
    and 1, so that the first layer is a piecewise linear function of it [1]_. The number
    itself, robustly scaled and smoothly clipped [2]_, and whether it is missing, are
    features too. A category becomes a learned vector. Missing and unknown are two more
    categories; rare categories of the training rows count as unknown, so that its
    vector is learned as well. Dates become year, month, day, hour, weekday and seconds.
    In parallel to the network, a linear layer and a vector for each category add to the
    result. :func:`~skmm.modalities.detect_modalities` decides how each column is read.

    Parameters
    ----------
    backbone : {"mlp", "resnet", "ft_transformer"}, default="mlp"
        The network over these features: "mlp" is a perceptron, "resnet" a perceptron
        with residual connections, and "ft_transformer" a transformer whose tokens are
        the columns [3]_. "ft_transformer" also returns a token for each column to
        fusions that use tokens; a missing cell has a learned token like any other
        value.
    n_members : int, default=1
        Number of networks in an ensemble. The members share all weights except their
        own scales and biases [4]_, so that an ensemble has few more parameters than one
        network, although each training step multiplies for all of them. Each member
        passes through fusion and head on its own, and the prediction is the mean of
        their probabilities. Only "mlp" and "resnet" accept more than 1.
    n_bins : int, default=32
        Largest number of quantile bins of a number. Small data gets fewer: one bin for
        40 rows.
    embedding : int or None, default=None
        Size of a category's vector. None takes 1.6 times the number of categories to
        the power 0.56, and at most 32.
    min_frequency : int, default=2
        Smallest number of training rows of a category. Rarer categories are read as
        unknown.
    hidden : int or None, default=None
        Number of units of a hidden layer; for "ft_transformer" the size of a token.
        None takes twice the estimator's width, and the width for "ft_transformer".
    dropout : float, default=0.1
        Dropout rate, from 0 to 1. Raise it if the training rows are few.
    augment : None, "swap", "auto", callable or list, default=None
        Random changes during training: "swap" and "auto" stand for
        :class:`~skmm.augmentation.CellSwap`; a function takes the numbers and the codes
        of the categories. None makes no changes.
    n_layers : int or None, default=None
        Number of hidden layers of "mlp", or of blocks of the others. None takes 1 for
        "mlp", 2 for "resnet" and 3 for "ft_transformer".
    readers : dict of {label: str or Reader} or None, default=None
        How columns are read: "number", "date", "time", "duration", "flag", "category",
        or an object such as :class:`~skmm.modalities.NumberReader`. A column that is
        not in the dict is read according to its training rows. Such a dict may also be
        given as a modality's columns.

    Attributes
    ----------
    readers_ : list
        The fitted reader of each column.

    Notes
    -----
    With `n_members`, the scales of the first layer start as random signs, one for each
    column and member.

    References
    ----------
    .. [1] Gorishniy, Rubachev, Babenko: On Embeddings for Numerical Features in
       Tabular Deep Learning, NeurIPS 2022 (piecewise-linear encoding).
    .. [2] Holzmüller, Grinsztajn, Steinwart: Better by Default, NeurIPS 2024 (robust
       scaling, smooth clipping).
    .. [3] Gorishniy, Rubachev, Khrulkov, Babenko: Revisiting Deep Learning Models for
       Tabular Data, NeurIPS 2021.
    .. [4] Gorishniy, Kotelnikov, Babenko: TabM: Advancing Tabular Deep Learning with
       Parameter-Efficient Ensembling, ICLR 2025.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.encoders import TabularEncoder
    >>> X = pd.DataFrame({"age": [31, None, 52], "size": ["M", "L", "M"]})
    >>> block = TabularEncoder(min_frequency=1).fit_transform(X)
    >>> block[1].tolist()  # 0 is missing, 1 unknown
    [[3], [2], [3]]
    """

    _parameter_constraints = {
        "backbone": [Names(N_LAYERS)],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "embedding": [Interval(Integral, 1, None, closed="left"), None],
        "min_frequency": [Interval(Integral, 1, None, closed="left")],
        "hidden": [Interval(Integral, 1, None, closed="left"), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "augment": augment_constraints("tabular"),
        "n_layers": [Interval(Integral, 1, None, closed="left"), None],
        "readers": [dict, None],
    }

    def __init__(
        self,
        backbone: Literal["mlp", "resnet", "ft_transformer"] = "mlp",
        n_members: int = 1,
        *,
        n_bins: int = 32,
        embedding: int | None = None,
        min_frequency: int = 2,
        hidden: int | None = None,
        dropout: float = 0.1,
        augment: Augment[Literal["auto", "swap"]] = None,
        n_layers: int | None = None,
        readers: Mapping[Label, str | Reader] | None = None,
    ) -> None:
        self.backbone = backbone
        self.n_members = n_members
        self.n_bins = n_bins
        self.embedding = embedding
        self.min_frequency = min_frequency
        self.hidden = hidden
        self.dropout = dropout
        self.augment = augment
        self.n_layers = n_layers
        self.readers = readers

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self.readers_ = [
            choose_reader(column, self.readers).fit(column, self.min_frequency)
            for column in columns_of(X)
        ]
        numbers, codes = self._read(X)
        self.center_, self.scale_ = _robust_statistics(numbers)
        scaled = self._scale(numbers)
        self.edges_ = [_quantile_edges(column, self.n_bins) for column in scaled.T]
        self.moments_ = mean_and_scale(scaled)
        self.n_codes_ = [r.n_codes_ for r in self.readers_ if r.gives_codes]
        return self._block(X, numbers, codes)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(X, *self._read(X))

    def _check_combinations(self):
        if self.n_members > 1 and self.backbone == "ft_transformer":
            raise ValueError(
                f"TabularEncoder(backbone='ft_transformer', n_members="
                f"{self.n_members}): members are of 'mlp' and 'resnet'. Choose one of "
                "these, or n_members=1."
            )

    def _read(self, X):
        numbers, codes = [np.empty((len(X), 0))], []
        for reader, column in zip(self.readers_, columns_of(X)):
            values = reader.read(column)
            (codes if reader.gives_codes else numbers).append(values)
        codes = np.stack(codes, axis=1) if codes else np.empty((len(X), 0), np.int32)
        return np.concatenate(numbers, axis=1), codes

    def _scale(self, numbers):
        """Return numbers in units of their columns' spread."""
        return scale_numbers(numbers, self.center_, self.scale_)

    def _block(self, X, numbers, codes):
        scaled = self._scale(numbers).astype(np.float32)
        present = (~np.isnan(numbers)).any(axis=1) | (codes > 0).any(axis=1)
        return Block(scaled, codes, present=present)

    def build_module(self, width: int) -> nn.Module:
        transformer = self.backbone == "ft_transformer"
        options: dict[str, Any] = {
            "n_layers": self.n_layers or N_LAYERS[self.backbone],
            "dropout": self.dropout,
        }
        augment = make_augmentation(self.augment, "tabular")
        if transformer:
            size = self.hidden or width
            columns = self._columns()
            return _TransformerModule(
                self.edges_, columns, self.n_codes_, size, width, augment, options
            )
        options |= {"backbone": self.backbone, "n_members": self.n_members}
        return _TabularModule(
            self.edges_,
            self.n_codes_,
            self.embedding,
            self.hidden or 2 * width,
            width,
            augment,
            options,
        )

    def _columns(self):
        """Return the column of each number, and of each code."""
        columns = [], []
        for i, reader in enumerate(self.readers_):
            columns[reader.gives_codes].extend([i] * reader.n_features_)
        return columns

    def compare(self, X: pd.DataFrame, block: Block) -> list[Comparison]:
        found = compare_table(
            X, self._columns(), self.edges_, self.center_, self.scale_, block
        )
        ids = {r.name_ for r in self.readers_ if r.gives_codes and not r.returns_}
        return [one for one in found if one.column not in ids]

    def linear_features(self, block: Block) -> Features | None:
        numbers, codes = (part.cpu().numpy() for part in block.parts)
        return sparse_table(numbers, self.edges_, self.moments_, codes, self.n_codes_)

    def tree_features(self, block: Block) -> tuple[Features, Sequence[int]] | None:
        numbers, codes = (part.cpu().numpy() for part in block.parts)
        features = np.concatenate([numbers, codes.astype(np.float32)], axis=1)
        return features, [0] * numbers.shape[1] + self.n_codes_

    def build_wide(self, n_outputs: int) -> nn.Module | None:
        return _TabularWide(self.edges_, self.n_codes_, n_outputs)


class PiecewiseLinear(nn.Module):
    """Numbers (n, k), NaN where missing, to features (n, k * (n_bins + 2)).

    Parameters
    ----------
    edges : list of ndarray, one a number
    """

    def __init__(self, edges):
        super().__init__()
        n_bins = max([len(e) - 1 for e in edges if len(e)], default=0)
        left = torch.zeros(len(edges), n_bins)
        inverse = torch.zeros(len(edges), n_bins)  # 0 where a bin is not there
        for i, e in enumerate(edges):
            e = torch.as_tensor(e, dtype=torch.float32)
            if len(e) > 1:  # a column without two values has no bins
                left[i, : len(e) - 1] = e[:-1]
                inverse[i, : len(e) - 1] = 1 / (e[1:] - e[:-1])
        self.register_buffer("left", left, persistent=True)
        self.register_buffer("inverse", inverse, persistent=True)
        self.n_features = n_bins + 2  # of each number
        self.out_features = len(edges) * self.n_features

    def forward(self, x):
        missing = torch.isnan(x)
        x = torch.where(missing, 0, x)
        bins = ((x[..., None] - self.left) * self.inverse).clamp(0, 1)
        clipped = x / torch.sqrt(1 + (x / 3) ** 2)
        features = torch.cat([bins, clipped[..., None]], dim=-1)
        features = torch.where(missing[..., None], 0, features)
        return torch.cat([features, missing[..., None].to(x.dtype)], dim=-1).flatten(1)


class Codes(nn.Module):
    """Category codes (n, c) to vectors, side by side: (n, out_features).

    Parameters
    ----------
    n_codes : list of int
    sizes : list of int
        Of each column's vectors.
    scale : float
        Of the first, random values.
    """

    def __init__(self, n_codes, sizes, scale):
        super().__init__()
        self.tables = nn.ParameterList(
            torch.randn(n, size) * scale for n, size in zip(n_codes, sizes)
        )
        self.out_features = sum(sizes)

    def forward(self, codes):
        """Return a list of tensors, one a column."""
        return [
            nn.functional.embedding(codes[:, i], table)
            for i, table in enumerate(self.tables)
        ]


class _TabularModule(nn.Module):
    attack_space = "numbers"

    def __init__(self, edges, n_codes, embedding, hidden, width, augment, options):
        super().__init__()
        self.numbers = PiecewiseLinear(edges)
        sizes = [embedding or _size(n) for n in n_codes]
        self.codes = Codes(n_codes, sizes, 0.1)
        self.shortcut = _Shortcut(self.numbers.out_features, n_codes, width)
        chunks = [self.numbers.n_features] * len(edges) + sizes
        self.net = make_net(chunks=chunks, hidden=hidden, width=width, **options)
        self.n_members = options["n_members"]
        self.augment = augment

    def forward(self, block):
        numbers, codes = _augmented(self, block)
        numbers = self.numbers(numbers)
        features = torch.cat([numbers, *self.codes(codes)], dim=1)
        direct = self.shortcut(numbers, codes)
        if self.n_members == 1:
            return self.net(features) + direct
        members = self.net(features[:, None].expand(-1, self.n_members, -1))
        members = members + direct[:, None]
        return Encoded(members.mean(1), members=members)


class _Shortcut(nn.Module):
    """A sum over the columns, in parallel to the network.

    Through the network alone, a column of many categories is learned too late, when the
    network has already memorised its rows.
    """

    def __init__(self, n_features, n_codes, width):
        super().__init__()
        self.codes = Codes(n_codes, [width] * len(n_codes), 0.3)
        self.scale = 1 / math.sqrt(max(1, len(n_codes)))
        self.linear = None  # torch warns of a layer without inputs
        if n_features:
            self.linear = nn.Linear(n_features, width)

    def forward(self, numbers, codes):
        added = 0 if self.linear is None else self.linear(numbers)
        if len(self.codes.tables):
            added = added + self.scale * sum(self.codes(codes))
        return added


class _TransformerModule(nn.Module):
    attack_space = "numbers"

    def __init__(self, edges, columns, n_codes, size, width, augment, options):
        super().__init__()
        self.numbers = PiecewiseLinear(edges)
        tokenizer = FeatureTokenizer(self.numbers.n_features, *columns, n_codes, size)
        self.net = FTTransformer(tokenizer, size, width, **options)
        self.n_numbers = len(edges)
        self.augment = augment

    def forward(self, block):
        numbers, codes = _augmented(self, block)
        shape = numbers.shape[0], self.n_numbers, self.numbers.n_features
        features = self.numbers(numbers).reshape(shape)
        return self.net(features, codes)


def _augmented(module, block):
    numbers, codes = block[0], block[1]
    if module.training and module.augment is not None:
        return module.augment(numbers, codes)
    return numbers, codes


class _TabularWide(nn.Module):
    learning_rate_scale = 3.0

    def __init__(self, edges, n_codes, n_outputs):
        super().__init__()
        self.numbers = PiecewiseLinear(edges)
        self.linear = None  # torch warns of a layer without inputs
        if self.numbers.out_features:
            self.linear = nn.Linear(self.numbers.out_features, n_outputs, bias=False)
            nn.init.zeros_(self.linear.weight)
        self.codes = Codes(n_codes, [n_outputs] * len(n_codes), 0.0)

    def forward(self, block):
        logits = 0 if self.linear is None else self.linear(self.numbers(block[0]))
        return sum(self.codes(block[1]), logits)


def _size(n_codes):
    return int(min(32, max(2, round(1.6 * n_codes**0.56))))


def _robust_statistics(numbers):
    """Median and quartile distance of each column; 0 and 1 where it is constant."""
    center, scale = np.zeros(numbers.shape[1]), np.ones(numbers.shape[1])
    for i, column in enumerate(numbers.T):
        seen = column[~np.isnan(column)]
        if not len(seen):
            continue
        # At float64's limits differences overflow, of which these are far.
        unit = max(1.0, np.abs(seen).max() * 1e-150)
        seen = seen / unit
        low, middle, high = np.quantile(seen, [0.25, 0.5, 0.75])
        spread = (high - low) / 1.349  # the standard deviation of a normal column
        if spread <= 1e-12 * abs(middle):
            spread = (seen.max() - seen.min()) / 2
        center[i] = middle * unit
        scale[i] = spread * unit if spread > 1e-12 * abs(middle) else 1.0
    return center, scale


def _quantile_edges(column, n_bins):
    seen = column[~np.isnan(column)]
    n_bins = min(n_bins, max(2, len(seen) // 40))
    values = np.unique(seen)
    if len(values) > n_bins + 1:
        values = np.unique(np.quantile(seen, np.linspace(0, 1, n_bins + 1)))
    # Edges closer than float32 can tell apart are one edge, and so are those whose
    # distance it cannot divide by.
    values = np.unique(values.astype(np.float32))
    return values[np.diff(values, prepend=-np.inf) > 1e-18]
