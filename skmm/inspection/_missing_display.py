"""A picture of how good predictions are where modalities are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator
    from sklearn.utils import Bunch

    from skmm._utils.typing import ArrayLike, CellsLike, Label, TableLike

#: Modalities of which all combinations are measured by default; of more, those in which
#: one is missing or alone.
_ALL_OF = 4


class MissingModalityDisplay:
    """The score for each combination of modalities that the rows have.

    Use :meth:`from_estimator` or :meth:`from_importances` to make one; what is in it
    can be drawn again by :meth:`plot`.

    A bar is the score if all rows have these modalities and lack the others. The
    dots below it show which these are: full dots for those that are there, empty ones
    for those that are missing. With no modality the estimator predicts its prior.

    Parameters
    ----------
    names : sequence of length M
        The modalities.
    coalitions : array-like of bool of shape (n_combinations, M)
        Which modalities are there.
    scores : array-like of shape (n_combinations,)
        The score of each combination.
    scoring : str, default="score"
        Name of the metric, for the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes with the bars.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    bars_ : BarContainer
        The bars, the highest score first.
    order_ : ndarray of shape (n_combinations,)
        The combinations in the order of the bars.
    dots_ : list of matplotlib Line2D
        For each modality, the full dots and the empty ones.

    See Also
    --------
    modality_importance : Measures the scores.
    RobustnessDisplay : Modalities that are missing in a share of the rows.

    Examples
    --------
    >>> from skmm.inspection import MissingModalityDisplay
    >>> display = MissingModalityDisplay(
    ...     ["tabular", "text"],
    ...     [[False, False], [True, False], [False, True], [True, True]],
    ...     [0.5, 0.6, 0.7, 0.9],
    ... )
    >>> [float(bar.get_height()) for bar in display.plot().bars_]
    [0.9, 0.7, 0.6, 0.5]
    """

    def __init__(
        self,
        names: Iterable[Label],
        coalitions: ArrayLike,
        scores: ArrayLike,
        *,
        scoring: str = "score",
    ) -> None:
        self.names = names
        self.coalitions = coalitions
        self.scores = scores
        self.scoring = scoring

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: TableLike,
        y: CellsLike,
        *,
        ax: Axes | None = None,
        n_largest: int | None = None,
        **options: Any,
    ) -> Self:
        """Measure the scores of a fitted estimator and draw them.

        Parameters
        ----------
        estimator : MultimodalClassifier or MultimodalRegressor
            Fitted. It may be what a search found, or the last step of a Pipeline.
        X : DataFrame or array of shape (n_samples, n_features)
            Rows to measure on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        ax, n_largest
            As of :meth:`plot`.
        **options : dict
            Further parameters of :func:`~skmm.inspection.modality_importance`, such as
            ``scoring`` and ``head``. Without ``method``, all combinations of up to 4
            modalities are measured; of more, those in which one is missing and those in
            which one is alone.

        Returns
        -------
        display : MissingModalityDisplay

        Raises
        ------
        ValueError
            For ``method="permutation"``, which hides nothing.

        Examples
        --------
        >>> from skmm import MultimodalClassifier
        >>> from skmm.datasets import make_multimodal_classification
        >>> from skmm.inspection import MissingModalityDisplay
        >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
        >>> model = MultimodalClassifier(max_epochs=2, random_state=0).fit(X, y)
        >>> display = MissingModalityDisplay.from_estimator(model, X, y)
        >>> len(display.bars_), display.ax_.get_ylabel()
        (4, 'accuracy')
        """
        from skmm.inspection._hiding import open_estimator
        from skmm.inspection._importance import modality_importance

        inner, _ = open_estimator(estimator, X, "MissingModalityDisplay")
        is_small = len(inner.modalities_) <= _ALL_OF
        method = "shapley" if is_small else "ablation"
        options = dict[str, Any](method=method, n_bootstraps=0) | options
        result = modality_importance(estimator, X, y, **options)
        return cls.from_importances(result, ax=ax, n_largest=n_largest)

    @classmethod
    def from_importances(
        cls,
        result: Bunch,
        *,
        ax: Axes | None = None,
        n_largest: int | None = None,
    ) -> Self:
        """Draw the scores that importances were made of.

        Parameters
        ----------
        result : Bunch
            What :func:`~skmm.inspection.modality_importance` returned, by Shapley
            values or ablation.
        ax, n_largest
            As of :meth:`plot`.

        Returns
        -------
        display : MissingModalityDisplay

        Raises
        ------
        ValueError
            If it was made by permutation, which hides nothing.
        """
        if "coalitions" not in result:
            raise ValueError(
                f"method={result.method!r} hides no modality. Use method='shapley' or "
                "'ablation'."
            )
        # Small numbers of modalities have combinations that are the same.
        _, first = np.unique(result.coalitions, axis=0, return_index=True)
        display = cls(
            result.names,
            result.coalitions[first],
            result.coalition_scores[first],
            scoring=result.scoring,
        )
        return display.plot(ax=ax, n_largest=n_largest)

    def plot(self, ax: Axes | None = None, *, n_largest: int | None = None) -> Self:
        """Draw a bar for each combination, the highest score first.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None makes a figure. The dots lie below the axes.
        n_largest : int, default=None
            Draw only so many combinations, those of the highest scores. None draws all.

        Returns
        -------
        display : MissingModalityDisplay
            Itself, with the artists.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = optional_import("matplotlib.pyplot", "plot")
        names = [str(name) for name in self.names]
        there = np.asarray(self.coalitions, dtype=bool)
        scores = np.asarray(self.scores, dtype=float)
        # Of equal scores those of more modalities come first.
        self.order_ = np.lexsort([-there.sum(axis=1), -scores])[:n_largest]
        if ax is None:
            size = (2.0 + 0.45 * len(self.order_), 3.0 + 0.3 * len(names))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        places = np.arange(len(self.order_))
        self.bars_ = ax.bar(places, scores[self.order_], width=0.7, color=COLORS[0])
        ink = plt.rcParams["text.color"]
        for bar, score in zip(self.bars_, scores[self.order_]):
            ax.annotate(
                f"{score:.3g}",
                (bar.get_x() + bar.get_width() / 2, score),
                xytext=(0, 2 if score >= 0 else -2),
                textcoords="offset points",
                ha="center",
                va="bottom" if score >= 0 else "top",
                fontsize="small",
                color=ink,
            )
        ax.margins(x=0.02, y=0.12)
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_ylabel(self.scoring)
        self._draw_dots(names, there[self.order_], ink, places)
        return self

    def _draw_dots(self, names, there, ink, places):
        """Draw which modalities are there, in the place of the labels of the bars."""
        self.ax_.set_xticks([])
        self.ax_.spines["bottom"].set_visible(False)
        height = 0.13
        below = self.ax_.inset_axes(
            (0, -0.04 - height * len(names), 1, height * len(names)),
            sharex=self.ax_,
        )
        self.dots_ = []
        for y, present in enumerate(there.T):
            for some, face in ((present, ink), (~present, "none")):
                look = {"linestyle": "", "marker": "o", "markersize": 7, "color": ink}
                rows = np.full(some.sum(), y)
                look |= {"markerfacecolor": face, "alpha": 1.0 if face == ink else 0.4}
                self.dots_ += below.plot(places[some], rows, **look)
        below.set_yticks(range(len(names)), names)
        below.set_ylim(len(names) - 0.5, -0.5)
        below.tick_params(length=0)
        below.patch.set_visible(False)
        for spine in below.spines.values():
            spine.set_visible(False)
