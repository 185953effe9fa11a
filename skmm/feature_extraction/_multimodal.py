"""One transformer for a table of any modalities."""

from __future__ import annotations

import numbers
import sys
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skmm._utils.compat import (
    BaseComposition,
    HasMethods,
    StrOptions,
    check_feature_names_in,
    fit_context,
    get_output_config,
)
from skmm.feature_extraction._base import ColumnsTransformer
from skmm.feature_extraction._modalities import Vectors, take_columns, to_array
from skmm.io._defaults import Defaults, reading_with
from skmm.modalities import KINDS
from skmm.modalities._kinds import check_kind, make_default
from skmm.modalities._resolver import (
    check_given,
    find_columns,
    find_modalities,
    is_dropped,
)
from skmm.modalities._selection import order_as_fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skmm._utils.typing import (
        ArrayLike,
        Columns,
        Label,
        PathLike,
        StringArray,
        TableLike,
        Transformed,
    )
    from skmm.modalities.readers import Reader


class MultimodalVectorizer(ColumnsTransformer, BaseComposition):
    """Find the modalities of a table, and turn each into a block of numbers.

    It works like a :class:`~sklearn.compose.ColumnTransformer` that finds the columns
    by itself. Tabular columns are transformed by skrub's ``TableVectorizer``. Text,
    pictures, sounds, videos and series are transformed by the Vectorizers of this
    package or, with `pretrained`, by its Embedders. Vectors are passed on unchanged.

    Parameters
    ----------
    modalities : "auto" or list of (name, kind, columns), default="auto"
        The columns and the kind of each modality. "auto" detects them by
        :func:`~skmm.modalities.detect_modalities`, whose ``to_list()`` returns such a
        list. The kind "drop" leaves columns out.
    kinds : dict of {label: str or Reader}, default=None
        Kinds of columns that the detection misreads, such as ``{"photo": "image",
        "note": "drop"}``; see :func:`~skmm.modalities.detect_modalities`. Only with
        ``modalities="auto"``.
    transformers : list of (name, transformer), default=()
        Transformers that replace the default ones. The name is that of a modality, or
        a kind, for all modalities of this kind. A transformer is one of scikit-learn,
        "passthrough" or "drop". Its parameters can be set by nested names, such as
        ``text__n_components``.
    pretrained : bool, default=False
        If True, text, pictures, sounds and videos are embedded by pretrained networks.
    memory : str or path, default=None
        Folder of a cache on disk for the vectors of the default Embedders. None keeps
        no cache.
    errors : {"raise", "missing"}, default="raise"
        What the default transformers do if a picture, sound or video cannot be read.
        "raise" raises an error that names its column and row. "missing" treats it as a
        missing cell, and gives one warning for each column.
    root : str or path, default=None
        Folder that paths in cells are relative to and cannot leave, for transformers
        without a ``root`` of their own. With None, any path is opened as it is.
    n_jobs : int, default=None
        Number of processes with which the default transformers read cells or columns.

    Attributes
    ----------
    modalities_ : list of (name, kind, columns)
        The modalities found at fit, with the labels of their columns.
    transformers_ : Bunch
        The fitted transformer of each modality, by name.
    output_indices_ : dict of str to slice
        Position of the features of each modality in the result.
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings.

    See Also
    --------
    sklearn.compose.ColumnTransformer : Transformers for columns that you name.
    skmm.modalities.detect_modalities : How the kind of each column is detected.

    Notes
    -----
    Features are named by modality, ``text__0``, ``text__1``, ..., so that a
    :class:`~skmm.MultimodalClassifier` reads each block as one modality.
    ``transformers_[name].get_feature_names_out()`` says what each feature measures.
    Features of tabular columns keep their names, such as ``tabular__age``.

    Missing cells stay missing: all features of a missing text or picture are NaN.
    Impute them for estimators that do not accept NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.feature_extraction import MultimodalVectorizer, TextVectorizer
    >>> X = pd.DataFrame({
    ...     "age": [33, 34, 60, 28],
    ...     "review": ["Soft, and it fits", "Not soft at all", "It fits me", None],
    ... })
    >>> vectorizer = MultimodalVectorizer(
    ...     transformers=[("text", TextVectorizer(n_components=2))]
    ... )
    >>> vectorizer.fit_transform(X).round(1)
       tabular__age  text__0  text__1
    0          33.0      2.3      0.0
    1          34.0      1.2      2.0
    2          60.0      2.0     -1.2
    3          28.0      NaN      NaN
    >>> vectorizer.modalities_
    [('tabular', 'tabular', ['age']), ('text', 'text', ['review'])]
    """

    _parameter_constraints = {
        "modalities": [StrOptions({"auto"}), list, tuple],
        "kinds": [dict, None],
        "transformers": [list, tuple],
        "pretrained": ["boolean"],
        "memory": [str, HasMethods(["__fspath__"]), None],
        "errors": [StrOptions({"raise", "missing"})],
        "root": [str, HasMethods(["__fspath__"]), None],
        "n_jobs": [numbers.Integral, None],
    }

    _what = "modalities"

    @staticmethod
    def _one_column(X):
        """Tell that one dimension is no table."""

    def __init__(
        self,
        modalities: Literal["auto"] | Sequence[tuple[str, str, Columns]] = "auto",
        *,
        kinds: Mapping[Label, str | Reader] | None = None,
        transformers: Sequence[tuple[str, Any]] = (),
        pretrained: bool = False,
        memory: PathLike | None = None,
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.modalities = modalities
        self.kinds = kinds
        self.transformers = transformers
        self.pretrained = pretrained
        self.memory = memory
        self.errors = errors
        self.root = root
        self.n_jobs = n_jobs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, and those of `transformers` as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        return self._get_params("transformers", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``name__parameter`` is one of `transformers`.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : MultimodalVectorizer
        """
        self._set_params("transformers", **params)
        return self

    def fit(self, X: TableLike, y: ArrayLike | None = None) -> Self:
        """Find the modalities and fit a transformer for each.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or 2-D array
            The table.
        y : array-like of shape (n_samples,), default=None
            Targets, which are passed to each transformer.

        Returns
        -------
        self : MultimodalVectorizer
        """
        self.fit_transform(X, y)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X: TableLike, y: ArrayLike | None = None) -> Transformed:
        """Find the modalities, fit a transformer for each, and return the features.

        Transformers that cross-fit return out-of-fold features here.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or 2-D array
            The table.
        y : array-like of shape (n_samples,), default=None
            Targets, which are passed to each transformer.

        Returns
        -------
        features : DataFrame of shape (n_samples, n_features_out)
            float32, of X's library; pandas for arrays.

        Raises
        ------
        ValueError
            If a column cannot be read, or none is left.
        """
        before = self.__dict__.copy()
        try:
            frame = self._read_frame(X, reset=True)
            modalities = self._resolve(frame)
            transformers = [
                self._choose(name, kind, _readers_in_order(readers, frame, positions))
                for name, kind, positions, _, readers in modalities
            ]
            fitted, blocks = Bunch(), []
            for (name, _, positions, *_), transformer in zip(modalities, transformers):
                columns = take_columns(frame, positions)
                with reading_with(Defaults(self.root)):
                    features = transformer.fit_transform(columns, y)
                blocks.append(to_array(features, name))
                fitted[name] = transformer
        except BaseException:
            # What cannot be read leaves an earlier fit as it was.
            self.__dict__ = before
            raise
        self.transformers_ = fitted
        self._labels = frame.columns
        self._positions = [selection.positions for selection in modalities]
        self.modalities_ = [
            (name, kind, frame.columns[positions].tolist())
            for name, kind, positions, *_ in modalities
        ]
        ends = np.cumsum([block.shape[1] for block in blocks]).tolist()
        self.output_indices_ = {
            name: slice(start, end)
            for name, start, end in zip(fitted, [0, *ends], ends)
        }
        return self._join(X, frame, blocks)

    def transform(self, X: TableLike) -> Transformed:
        """Return the features of other rows.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or 2-D array
            The columns that were there at fit.

        Returns
        -------
        features : DataFrame of shape (n_samples, n_features_out)
            float32, of X's library; pandas for arrays.
        """
        check_is_fitted(self)
        frame = order_as_fitted(self._read_frame(X, reset=False), self._labels)
        with reading_with(Defaults(self.root)):
            blocks = [
                to_array(transformer.transform(take_columns(frame, positions)), name)
                for (name, transformer), positions in zip(
                    self.transformers_.items(), self._positions
                )
            ]
        return self._join(X, frame, blocks)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> StringArray:
        """Return the names of the features: ``modality__number`` or ``tabular__name``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names at fit; otherwise unused.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features)
        names = []
        for name, kind, _ in self.modalities_:
            where = self.output_indices_[name]
            transformer = self.transformers_[name]
            if kind == "tabular" and hasattr(transformer, "get_feature_names_out"):
                own = transformer.get_feature_names_out()
                names += [f"{name}__{f.removeprefix(f'{name}__')}" for f in own]
            else:
                names += [f"{name}__{i}" for i in range(where.stop - where.start)]
        return np.array(names, dtype=object)

    def _resolve(self, frame):
        """Return the Selection of each modality that is there and kept."""
        check_given(self.modalities, self.kinds)
        requested, ignored = find_modalities(
            self.modalities,
            frame,
            kinds=self.kinds,
            check=_check_kind,
            reserved=self.get_params(deep=False),
            what="kind",
        )
        self._check_transformers(requested)
        kept = [m for m in requested if not is_dropped(self._override(*m[:2]))]
        return find_columns(kept, frame, frame, ignored)

    def _check_transformers(self, requested):
        known = {name for name, _, _ in requested} | set(KINDS)
        for pair in self.transformers:
            if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
                raise ValueError(
                    f"transformers= takes a list of (name, transformer); got {pair!r}."
                )
            if pair[0] not in known:
                raise ValueError(
                    f"transformers= names {pair[0]!r}, which is neither a modality of X"
                    f" ({', '.join(name for name, _, _ in requested)}) nor a kind "
                    f"({', '.join(KINDS)})."
                )
            if isinstance(pair[1], str) and pair[1] not in ("drop", "passthrough"):
                raise ValueError(
                    f"The transformer of {pair[0]!r} is {pair[1]!r}; give an object "
                    'with fit and transform, "drop" or "passthrough".'
                )

    def _override(self, name, kind):
        """Return what `transformers` says of a modality, or None."""
        chosen = dict(self.transformers)
        return chosen.get(name, chosen.get(kind))

    def _choose(self, name, kind, readers=None):
        """Return a new transformer for a modality."""
        override = self._override(name, kind)
        if override is not None and not isinstance(override, str):
            return clone(override)
        if override == "passthrough":
            return Vectors()
        try:
            what = "embedder" if self.pretrained else "vectorizer"
            transformer = make_default(kind, what)
        except ValueError as error:
            raise ValueError(
                f"Modality {name!r}: {error} Its place is "
                f"transformers=[({name!r}, ...)]."
            ) from None
        options = transformer.get_params(deep=False)
        if readers and "readers" in options:
            transformer.set_params(readers=readers)
        common = {"memory": self.memory, "errors": self.errors, "n_jobs": self.n_jobs}
        return transformer.set_params(
            **{key: value for key, value in common.items() if key in options}
        )

    def _join(self, X, frame, blocks):
        """Put the blocks side by side, in a frame unless `set_output` makes one."""
        features = np.hstack(blocks, dtype=np.float32)
        if get_output_config("transform", self)["dense"] != "default":
            return features
        names = self.get_feature_names_out()
        polars = sys.modules.get("polars")
        if polars is not None and isinstance(X, polars.DataFrame):
            return polars.DataFrame(features, schema=list(names), orient="row")
        import pandas as pd

        return pd.DataFrame(features, index=frame.index, columns=names)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "transformers_")


def _readers_in_order(readers, frame, positions):
    """Return readers by the labels that `take_columns` gives."""
    if readers is None:
        return None
    columns = take_columns(frame, positions).columns
    labels = frame.columns[positions]
    return {c: readers[label] for c, label in zip(columns, labels) if label in readers}


def _check_kind(kind):
    if not isinstance(kind, str):
        raise ValueError(
            f"{kind!r} stands in the place of a kind. Name one ({', '.join(KINDS)}), "
            "and put a transformer for it into transformers=[(name, transformer)]."
        )
    check_kind(kind)
