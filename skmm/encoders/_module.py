"""A user's own network as an encoder."""

from __future__ import annotations

import copy
import inspect
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from skmm._data.blocks import Block
from skmm._data.frames import is_missing, show_label
from skmm._data.scaling import mean_and_scale
from skmm._data.vectors import is_nested
from skmm._plain.table import standardize
from skmm._utils.compat import Interval
from skmm._utils.validation import check_options
from skmm.augmentation import augment_constraints, make_augmentation
from skmm.encoders._base import Encoded, Encoder
from skmm.encoders._deep import EncoderModule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from skmm._utils.typing import Change


class ModuleEncoder(Encoder):
    """Read cells with a network of your own.

    The network gets a float32 tensor with the rows along the first axis. Columns of
    numbers have the shape ``(n, n_columns)``; arrays of equal shape, or the arrays that
    `read` returns, have the shape ``(n, ...)``. The network returns vectors ``(n, d)``,
    tokens ``(n, t, d)``, which are then averaged, or :class:`Encoded`. A linear layer
    follows if d is not the estimator's width. Rows without the modality do not reach
    the network.

    Parameters
    ----------
    module : nn.Module class, callable that gives a module, or nn.Module
        The network. A class or function is called at each fit with `options` and, if
        its signature has them, with ``n_features`` (the number of columns) or ``shape``
        (of a row's tensor), and with ``width``. If an ``nn.Module`` is given, a copy of
        it is trained, and training starts from its weights.
    options : dict or None, default=None
        Keyword arguments for `module`.
    read : callable or None, default=None
        Function that turns a cell of the only column into an array. All arrays must
        have the same shape. None takes numbers and arrays as they are.
    scale : bool, default=True
        If True, standardise by the statistics of the training rows: each column of
        numbers by itself, or all numbers of the arrays together. A missing number in a
        row with others then becomes 0, the mean.
    learning_rate_scale : float, default=1.0
        Factor of the estimator's ``learning_rate`` for this network. Lower it for a
        network that is trained already.
    augment : callable, list of callable, or None, default=None
        Function, or functions applied in order, that take a batch's tensor and return
        one that is changed at random. They are called during training only.

    Attributes
    ----------
    shape_ : tuple of int
        Shape of a row's tensor.
    mean_, scale_ : ndarray
        Mean and standard deviation of the training rows.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from torch import nn
    >>> from skmm.encoders import ModuleEncoder
    >>> class Net(nn.Sequential):
    ...     def __init__(self, n_features, width):
    ...         super().__init__(nn.Linear(n_features, width), nn.Tanh())
    >>> X = pd.DataFrame(np.eye(4), columns=list("abcd"))
    >>> encoder = ModuleEncoder(Net)
    >>> block = encoder.fit_transform(X)
    >>> encoder.build_module(width=8)(block).vectors.shape
    torch.Size([4, 8])
    """

    _parameter_constraints = {
        "module": [callable],
        "options": [dict, None],
        "read": [callable, None],
        "scale": ["boolean"],
        "learning_rate_scale": [Interval(Real, 0, None, closed="left")],
        "augment": augment_constraints("module"),
    }

    def __init__(
        self,
        module: Callable[..., nn.Module],
        options: Mapping[str, Any] | None = None,
        read: Callable[[Any], Any] | None = None,
        scale: bool = True,
        learning_rate_scale: float = 1.0,
        augment: Change | Sequence[Change] | None = None,
    ) -> None:
        self.module = module
        self.options = options
        self.read = read
        self.scale = scale
        self.learning_rate_scale = learning_rate_scale
        self.augment = augment

    def fit_transform(
        self,
        X: pd.DataFrame,
        y: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Block:
        check_options(self)
        self._check(X)
        self.shape_ = None
        values, present = self._read(X)
        seen = values[present]
        if not len(seen):
            raise ValueError(
                f"Column {X.columns[0]!r} holds nothing in any of {len(X)} rows. Leave "
                "the modality out."
            )
        self.shape_ = values.shape[1:]
        self.mean_, self.scale_ = 0.0, 1.0
        if self.scale:
            axis = 0 if self._has_numbers else None
            self.mean_, self.scale_ = mean_and_scale(seen, axis)
        return self._block(values, present)

    def transform(self, X: pd.DataFrame) -> Block:
        return self._block(*self._read(X))

    def _check(self, X):
        self._has_numbers = self.read is None and not is_nested(X)
        if not self._has_numbers and X.shape[1] != 1:
            raise ValueError(
                f"ModuleEncoder reads columns of numbers or one column of arrays, and "
                f"got {list(X.columns)[:5]}. Make each a modality of its own."
            )

    def _read(self, X):
        if self._has_numbers:
            values = X.to_numpy(np.float64, na_value=np.nan)
            return values, ~np.isnan(values).all(axis=1)
        column = X.iloc[:, 0]
        present = ~is_missing(column, empty=True)
        values = np.zeros((len(X), *(self.shape_ or ())), np.float32)
        for row in np.flatnonzero(present):
            cell = column.iloc[row]
            cell = np.asarray(
                cell if self.read is None else self.read(cell), np.float32
            )
            if self.shape_ is None:
                self.shape_ = cell.shape
                values = np.zeros((len(X), *self.shape_), np.float32)
            if cell.shape != self.shape_:
                raise ValueError(
                    f"Column {column.name!r}, row {show_label(column.index, row)}: an "
                    f"array of shape {cell.shape}, where the others have {self.shape_}."
                    " Bring all to one shape, with read= for instance."
                )
            values[row] = cell
        return values, present

    def _block(self, values, present):
        if self.scale:
            values = standardize(values, self.mean_, self.scale_)
        values = np.nan_to_num(values, nan=0.0).astype(np.float32, copy=False)
        return Block(values, present=present)

    def build_module(self, width: int) -> nn.Module:
        network = self._make_network(width)
        augment = make_augmentation(self.augment, "module")
        module = _OwnModule(network, self.shape_, width, augment)
        module.learning_rate_scale = self.learning_rate_scale
        return module

    def _make_network(self, width):
        if isinstance(self.module, nn.Module):
            return copy.deepcopy(self.module)
        known = {"n_features": self.shape_[-1] if self.shape_ else 1}
        known |= {"shape": tuple(self.shape_), "width": width}
        wanted = inspect.signature(self.module).parameters
        known = {name: value for name, value in known.items() if name in wanted}
        return self.module(**known | (self.options or {}))


class _OwnModule(EncoderModule):
    learning_rate_scale: float
    attack_space = "numbers"

    def __init__(self, network, shape, width, augment):
        super().__init__(width, augment)
        self.network = network
        size = self._output_size(shape)
        self.project = nn.Identity() if size == width else nn.Linear(size, width)

    @torch.no_grad()
    def _output_size(self, shape):
        training = self.network.training
        self.network.eval()
        output = self.network(torch.zeros(2, *shape))
        self.network.train(training)
        vectors = output.vectors if isinstance(output, Encoded) else output
        if not isinstance(vectors, torch.Tensor) or not (
            len(vectors) == 2 and vectors.dim() in (2, 3)
        ):
            got = getattr(vectors, "shape", type(vectors).__name__)
            raise ValueError(
                "The network of ModuleEncoder is to give vectors (n, d), tokens "
                f"(n, t, d) or Encoded; of 2 rows of shape {tuple(shape)} it gave "
                f"{got}."
            )
        return vectors.shape[-1]

    def read(self, values):
        return (values.float(),)

    def encode(self, values):
        output = self.network(values)
        if not isinstance(output, Encoded):
            if output.dim() == 2:
                return self.project(output)
            output = Encoded(output.mean(dim=1), output)
        tokens = output.tokens
        if tokens is not None and tokens.shape[-1] != self.width:
            tokens = self.project(tokens)
        return Encoded(self.project(output.vectors), tokens, output.token_mask)
