"""Types that public signatures share.

All but `open_arguments` is imported under ``if TYPE_CHECKING:`` alone, so that an
annotation costs no import. Libraries without types of their own, scikit-learn, SciPy
and pandas among them, are ``Any`` to mypy where no stubs are installed.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import scipy.sparse
    import torch

    from skmm.alignment import Alignment
    from skmm.augmentation import Adversarial

_Name = TypeVar("_Name")
_Result = TypeVar("_Result")


class SupportsArray(Protocol):
    """What numpy can read: arrays, tensors, Series and DataFrames of any library."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsToPandas(Protocol):
    """Tables of pyarrow and of Hugging Face's datasets."""

    def to_pandas(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsTransform(Protocol):
    """A transformer of scikit-learn; ``fit`` or ``fit_transform`` is beside."""

    def transform(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsLookup(Protocol):
    """Vectors by their words: a dict, or gensim's KeyedVectors."""

    def __contains__(self, word: Any, /) -> Any: ...

    def __getitem__(self, word: Any, /) -> Any: ...


class SupportsEncode(Protocol):
    """A model of sentence-transformers, or what looks like one."""

    def encode(self, *args: Any, **kwargs: Any) -> Any: ...


class SupportsDraw(Protocol):
    """What ``mixup=`` takes: partners and shares for a batch."""

    def draw(self, n: int, device: "torch.device", /) -> Any: ...


class Splitter(Protocol):
    """A splitter of scikit-learn."""

    def split(self, *args: Any, **kwargs: Any) -> Any: ...

    def get_n_splits(self, *args: Any, **kwargs: Any) -> Any: ...


#: A path, or what is one as a string.
PathLike: TypeAlias = str | os.PathLike[str]
#: Several names; a lone one is also a ``Sequence[str]``, and a mistake.
Names: TypeAlias = list[str] | tuple[str, ...]
#: A column of values: an array, a Series of any library, a list.
ArrayLike: TypeAlias = SupportsArray | Sequence[Any]
#: A table: a DataFrame of pandas or polars, a table of pyarrow or datasets, an array, a
#: list of rows.
TableLike: TypeAlias = "pd.DataFrame | SupportsArray | SupportsToPandas | Rows"
Rows: TypeAlias = Sequence[Mapping[Any, Any]] | Sequence[Sequence[Any]]
#: A table, or one column as a Series or list of cells.
CellsLike: TypeAlias = SupportsArray | SupportsToPandas | Sequence[Any]
#: One cell. What it may be is told by its content, not by its type: a path, bytes, an
#: array, a picture of Pillow, a pair of samples and their rate, a dict of these.
Cell: TypeAlias = Any
#: A column's label in pandas: anything that has a hash.
Label: TypeAlias = Any
#: What chooses columns: labels, places, a slice, a mask, or a dict of readers by label.
Columns: TypeAlias = Any
#: What a transformer gives: an ndarray, a sparse matrix where the class says so, or the
#: DataFrame that ``set_output`` asks for.
Transformed: TypeAlias = Any
#: One array, or one for each of several outputs.
Probabilities: TypeAlias = "npt.NDArray[np.float64] | list[npt.NDArray[np.float64]]"

RandomState: TypeAlias = "int | np.random.RandomState | None"
#: ``cv=`` of scikit-learn.
CV: TypeAlias = int | Splitter | Iterable[Any] | None
#: ``pretrained=`` of the estimators.
Pretrained: TypeAlias = "bool | Literal['auto', 'tuned']"
#: ``validation=`` of the estimators.
Validation: TypeAlias = (
    "Literal['auto'] | float | Splitter | Iterable[Any] | ValidationData | None"
)
ValidationData: TypeAlias = tuple[TableLike, ArrayLike]
#: ``scoring=``: a scorer's name, or a function of an estimator, X and y.
Scoring: TypeAlias = str | Callable[..., float]
#: ``alignment=``, or one of its list.
OneAlignment: TypeAlias = "str | Alignment | type"
Alignments: TypeAlias = "OneAlignment | Sequence[OneAlignment] | None"
MixupName: TypeAlias = Literal["manifold", "mixup", "cutmix"]
Mixups: TypeAlias = "MixupName | SupportsDraw | type | None"
#: ``adversarial=`` of the estimators.
AdversarialLike: TypeAlias = (
    "Literal['fgm', 'pgd', 'free', 'vat', 'trades'] | Adversarial | None"
)
#: ``sampler=`` of the estimators; a function of targets, epoch and RandomState.
Sampler: TypeAlias = "Literal['balanced', 'curriculum'] | Callable[..., Any] | None"
#: ``balance=`` of the estimators.
Balance: TypeAlias = "Literal['pareto', 'detached', 'blending'] | None"
Device: TypeAlias = "torch.device | str"
FloatArray: TypeAlias = "npt.NDArray[np.float32]"
BoolArray: TypeAlias = "npt.NDArray[np.bool_]"
StringArray: TypeAlias = "npt.NDArray[np.object_]"
#: Features of a linear model or of trees.
Features: TypeAlias = "npt.NDArray[np.float32] | scipy.sparse.csr_matrix"

#: A random change of a batch: a function, or a class of `skmm.augmentation`.
Change: TypeAlias = Callable[..., Any]
#: ``augment=``: names of a kind's augmentations, changes, or a list of these.
Augment: TypeAlias = _Name | Change | Sequence[_Name | Change] | None


def open_arguments(method: Callable[..., _Result]) -> Callable[..., _Result]:
    """Mark a method of a contract whose arguments each subclass names and counts.

    To type checkers an override is then right whatever its arguments are.

    Parameters
    ----------
    method : callable

    Returns
    -------
    method : callable
        The same.
    """
    return method
