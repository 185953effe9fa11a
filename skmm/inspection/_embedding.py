"""The space that an estimator brings its rows into, as a map."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS, MARKS

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import ArrayLike, RandomState, TableLike

#: Classes are told apart by colour and by form, for prints in grey.
#: Numbers of more values than this are shown by a scale of colours.
_MAX_CLASSES = 12


class EmbeddingDisplay:
    """A map of the rows, by the embedding that an estimator gives them.

    It is recommended to use
    :meth:`~skmm.inspection.EmbeddingDisplay.from_estimator` to create one.

    Rows that the estimator sees as alike lie close to one another. The map has two
    dimensions of many: what lies apart in it is apart, what lies together may not be.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        The place of each row.
    y : ndarray of shape (n_samples,), default=None
        What the points are coloured by: classes, or numbers.
    labels : (str, str), default=("", "")
        The labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes with the points.
    figure_ : matplotlib Figure
        The figure that holds the axes.
    scatters_ : dict of object to matplotlib PathCollection
        The points, by class; under None where all are drawn together.
    legend_ : matplotlib Legend or None
        The names of the classes.
    colorbar_ : matplotlib Colorbar or None
        The scale of a `y` of numbers.

    See Also
    --------
    TrainingCurveDisplay : The losses of the training.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import EmbeddingDisplay
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=3, random_state=0).fit(X, y)
    >>> display = EmbeddingDisplay.from_estimator(model, X, y)
    >>> display.points.shape
    (200, 2)
    """

    def __init__(
        self,
        *,
        points: npt.NDArray[np.float64],
        y: npt.NDArray[Any] | None = None,
        labels: tuple[str, str] = ("", ""),
    ) -> None:
        self.points = points
        self.y = y
        self.labels = labels

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: TableLike,
        y: ArrayLike | None = None,
        *,
        method: Literal["pca", "umap"] = "pca",
        max_points: int | None = 5000,
        random_state: RandomState = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw what a fitted estimator's ``transform`` gives for rows.

        Parameters
        ----------
        estimator : transformer
            A fitted MultimodalClassifier or MultimodalRegressor, or any other
            transformer, whose ``transform`` gives numbers.
        X : DataFrame or array of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,), default=None
            What the points are coloured by: classes, or numbers.
        method : {"pca", "umap"}, default="pca"
            How the embedding is brought into two dimensions: by its directions of most
            variance, or by UMAP [1]_, which keeps the neighbours of each row and needs
            the package umap-learn.
        max_points : int or None, default=5000
            Points that are drawn, a sample of the rows if there are more; None draws
            all. The directions are those of all rows.
        random_state : int, RandomState or None, default=None
            Seed of the sample and of UMAP.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no ``transform``.
        ValueError
            If there are fewer than two rows, if `y` has missing values or not one for
            each row, if `method` is another, or if the estimator's heads leave out the
            fused one, whose embedding it is.
        ImportError
            If matplotlib, or umap-learn for ``method="umap"``, is not installed.

        References
        ----------
        .. [1] McInnes, Healy, Melville: UMAP: Uniform manifold approximation and
           projection for dimension reduction, arXiv:1802.03426, 2018.
        """
        if method not in ("pca", "umap"):
            raise ValueError(f"method must be 'pca' or 'umap', got {method!r}.")
        if not hasattr(estimator, "transform"):
            raise TypeError(
                f"{type(estimator).__name__} has no transform, and so no embedding. "
                "Pass a transformer, a MultimodalClassifier for example."
            )
        check_is_fitted(estimator)
        colors = _check_y(y)
        embedding = check_array(
            estimator.transform(X), ensure_min_samples=2, input_name="the embedding"
        )
        random = check_random_state(random_state)
        map_it = _by_pca if method == "pca" else _by_umap
        points, labels = map_it(embedding, random)
        if colors is not None:
            check_consistent_length(points, colors)
        if max_points is not None and len(points) > max_points:
            rows = np.sort(random.choice(len(points), max_points, replace=False))
            points, colors = points[rows], None if colors is None else colors[rows]
        return cls(points=points, y=colors, labels=labels).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        display : EmbeddingDisplay
            This object, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        pyplot = optional_import("matplotlib.pyplot", "plot")
        if ax is None:
            _, ax = pyplot.subplots()
        self.ax_, self.figure_ = ax, ax.figure
        self.scatters_: dict[Any, Any] = {}
        self.legend_ = self.colorbar_ = None
        # Many points are small, and let those below show through.
        size = float(np.clip(12_000 / len(self.points), 6, 40))
        self._look = {"s": size, "alpha": 0.8, "linewidths": 0}
        if self.y is None:
            self._scatter(None, slice(None), color=COLORS[0])
        elif self.y.dtype.kind in "iuf" and len(np.unique(self.y)) > _MAX_CLASSES:
            scatter = self._scatter(None, slice(None), c=self.y, cmap=_scale())
            self.colorbar_ = self.figure_.colorbar(scatter, ax=ax, label="y")
        else:
            self._scatter_classes()
        ax.set(xlabel=self.labels[0], ylabel=self.labels[1])
        return self

    def _scatter_classes(self):
        """Draw each class in a look of its own; of many the rarest share one."""
        classes, counts = np.unique(self.y, return_counts=True)
        named = classes
        if len(classes) > _MAX_CLASSES:
            most = np.argsort(-counts, kind="stable")[: _MAX_CLASSES - 1]
            named = classes[np.sort(most)]
            others = ~np.isin(self.y, named)
            n_others = len(classes) - len(named)
            look = {"color": "#888888", "marker": ".", "label": f"{n_others} others"}
            self._scatter("others", others, **look)
        for i, one in enumerate(named):
            look = {"color": COLORS[i % len(COLORS)], "marker": MARKS[i % len(MARKS)]}
            self._scatter(one, self.y == one, label=str(one), **look)
        larger = max(1.0, (40 / self._look["s"]) ** 0.5)
        self.legend_ = self.ax_.legend(fontsize="small", markerscale=larger)

    def _scatter(self, key, rows, **look):
        x, y = self.points[rows].T
        self.scatters_[key] = self.ax_.scatter(x, y, **self._look, **look)
        return self.scatters_[key]


def _check_y(y):
    """Return y as an array whose values can be compared."""
    import pandas as pd

    if y is None:
        return None
    y = np.asarray(column_or_1d(y))
    missing = pd.isna(y)
    if missing.any():
        raise ValueError(
            f"y has {int(missing.sum())} missing values, the first in row "
            f"{int(np.argmax(missing))}. Leave out these rows."
        )
    if y.dtype == object:
        # Numbers of a nullable dtype stay numbers; other values are names.
        inferred = pd.Series(y.tolist()).to_numpy()
        y = inferred if inferred.dtype.kind in "biuf" else y.astype(str)
    return y


def _scale():
    """Return viridis without its ends, which are as dark and as bright as a page."""
    matplotlib = optional_import("matplotlib", "plot")
    colors = matplotlib.colormaps["viridis"](np.linspace(0.2, 0.9, 256))
    return matplotlib.colors.ListedColormap(colors)


def _by_pca(embedding, random):
    from sklearn.decomposition import PCA

    pca = PCA(n_components=min(2, *embedding.shape), random_state=random)
    # Rows that are all alike have no variance, of which there are no shares.
    with np.errstate(invalid="ignore", divide="ignore"):
        points = pca.fit_transform(embedding.astype(np.float64))
    if points.shape[1] == 1:
        points = np.column_stack([points, np.zeros(len(points))])
    shares = [*np.nan_to_num(pca.explained_variance_ratio_), 0.0][:2]
    names = ("first", "second")
    labels = tuple(
        f"{name} component, {share:.0%} of the variance"
        for name, share in zip(names, shares)
    )
    return points, labels


def _by_umap(embedding, random):
    try:
        umap = importlib.import_module("umap")
    except ModuleNotFoundError as error:
        raise ImportError(
            'method="umap" needs umap-learn, which is not installed. Remedy: pip '
            'install umap-learn, or method="pca"'
        ) from error
    seed = int(random.randint(2**31 - 1))
    return umap.UMAP(random_state=seed).fit_transform(embedding), ("UMAP 1", "UMAP 2")
