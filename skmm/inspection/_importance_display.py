"""A picture of what each modality brings."""

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

    Options = dict[str, Any]

#: Of Okabe and Ito's colours, which all eyes tell apart, two that black and white lines
#: are seen on. In grey the second bars are told by being hatched, not filled.
(_COLOR, _SECOND), _HATCH = COLORS[:2], "///"

_LABELS = {
    "shapley": "Shapley value",
    "permutation": "Lost if shuffled",
    "ablation": "Lost without",
}


class ModalityImportanceDisplay:
    """Bars of what each modality brings to a score, with intervals.

    Use :meth:`from_estimator` or :meth:`from_importances` to make one; what is in it
    can be drawn again by :meth:`plot`.

    Parameters
    ----------
    names : sequence of length M
        The modalities, columns or groups.
    importances : array-like of shape (M,)
        Length of the bars.
    intervals : array-like of shape (M, 2), default=None
        Where the lines over the bars begin and end; None draws none.
    alone : array-like of shape (M,), default=None
        Length of second bars: what each modality brings alone.
    alone_intervals : array-like of shape (M, 2), default=None
        The same as ``intervals``, of the second bars.
    method : {"shapley", "permutation", "ablation"}, default="shapley"
        What the axis says.
    scoring : str, default="score"
        Name of the metric, for the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    bars_ : BarContainer
        The bars, from the lowest to the highest on the axes.
    errorbars_ : ErrorbarContainer or None
        The lines over them.
    alone_bars_ : BarContainer or None
        The second bars.
    alone_errorbars_ : ErrorbarContainer or None
        The lines over them.

    See Also
    --------
    modality_importance : What is drawn.

    Examples
    --------
    >>> from skmm.inspection import ModalityImportanceDisplay
    >>> display = ModalityImportanceDisplay(
    ...     ["tabular", "text"], [0.1, 0.3], [[0.05, 0.15], [0.25, 0.35]]
    ... )
    >>> [label.get_text() for label in display.plot().ax_.get_yticklabels()]
    ['tabular', 'text']
    """

    def __init__(
        self,
        names: Iterable[Label],
        importances: ArrayLike,
        intervals: ArrayLike | None = None,
        *,
        alone: ArrayLike | None = None,
        alone_intervals: ArrayLike | None = None,
        method: str = "shapley",
        scoring: str = "score",
    ) -> None:
        self.names = names
        self.importances = importances
        self.intervals = intervals
        self.alone = alone
        self.alone_intervals = alone_intervals
        self.method = method
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
        bar_kw: Options | None = None,
        errorbar_kw: Options | None = None,
        **options: Any,
    ) -> Self:
        """Measure the importances of a fitted estimator's modalities and draw them.

        Parameters
        ----------
        estimator : estimator
            Fitted.
        X : DataFrame or array of shape (n_samples, n_features)
            Rows to measure on.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        ax, n_largest, bar_kw, errorbar_kw
            As of :meth:`plot`.
        **options : dict
            Further parameters of :func:`~skmm.inspection.modality_importance`, such as
            ``scoring`` and ``method``.

        Returns
        -------
        display : ModalityImportanceDisplay

        Examples
        --------
        >>> from skmm import MultimodalClassifier
        >>> from skmm.datasets import make_multimodal_classification
        >>> from skmm.inspection import ModalityImportanceDisplay
        >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
        >>> model = MultimodalClassifier(max_epochs=2, random_state=0).fit(X, y)
        >>> display = ModalityImportanceDisplay.from_estimator(
        ...     model, X, y, scoring="neg_log_loss"
        ... )
        >>> display.ax_.get_xlabel()
        'Shapley value (neg_log_loss)'
        """
        from skmm.inspection._importance import modality_importance

        return cls.from_importances(
            modality_importance(estimator, X, y, **options),
            ax=ax,
            n_largest=n_largest,
            bar_kw=bar_kw,
            errorbar_kw=errorbar_kw,
        )

    @classmethod
    def from_importances(
        cls,
        result: Bunch,
        *,
        ax: Axes | None = None,
        n_largest: int | None = None,
        bar_kw: Options | None = None,
        errorbar_kw: Options | None = None,
    ) -> Self:
        """Draw importances that have been measured.

        Parameters
        ----------
        result : Bunch
            What :func:`~skmm.inspection.modality_importance` returned. The lines are
            its intervals; for permutations one standard deviation over the repeats to
            both sides.
        ax, n_largest, bar_kw, errorbar_kw
            As of :meth:`plot`.

        Returns
        -------
        display : ModalityImportanceDisplay
        """
        mean, std = result.importances_mean, result.importances_std
        intervals = result.get("importances_interval")
        if intervals is None:
            intervals = np.column_stack([mean - std, mean + std])
        display = cls(
            result.names,
            mean,
            intervals,
            alone=result.get("alone_mean"),
            alone_intervals=result.get("alone_interval"),
            method=result.method,
            scoring=result.scoring,
        )
        return display.plot(
            ax=ax, n_largest=n_largest, bar_kw=bar_kw, errorbar_kw=errorbar_kw
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        n_largest: int | None = None,
        bar_kw: Options | None = None,
        errorbar_kw: Options | None = None,
    ) -> Self:
        """Draw a bar for each modality, the largest above.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None makes a figure.
        n_largest : int, default=None
            Draw only so many, those of the largest importances. None draws all.
        bar_kw : dict, default=None
            Further arguments of :meth:`matplotlib.axes.Axes.barh`.
        errorbar_kw : dict, default=None
            Further arguments of :meth:`matplotlib.axes.Axes.errorbar`.

        Returns
        -------
        display : ModalityImportanceDisplay
            Itself, with the artists.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = optional_import("matplotlib.pyplot", "plot")
        importances = np.asarray(self.importances, dtype=float)
        order = importances.argsort(kind="stable")
        if n_largest is not None:
            order = order[len(order) - min(n_largest, len(order)) :]
        two = self.alone is not None
        if ax is None:
            height = 1.2 + len(order) * (0.7 if two else 0.4)
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.alone_bars_ = self.alone_errorbars_ = None
        height, places = (0.38 if two else 0.7), np.arange(len(order))
        label = _LABELS.get(self.method, self.method)
        options = {"label": label, "color": _COLOR, "height": height}
        self.bars_, self.errorbars_ = self._draw(
            places + (height / 2 if two else 0),
            importances[order],
            _take(self.intervals, order),
            options | (bar_kw or {}),
            errorbar_kw,
        )
        if two:
            options = {"label": "Alone", "height": height, "hatch": _HATCH}
            options |= {"facecolor": "none", "edgecolor": _SECOND}
            self.alone_bars_, self.alone_errorbars_ = self._draw(
                places - height / 2,
                np.asarray(self.alone, dtype=float)[order],
                _take(self.alone_intervals, order),
                options | (bar_kw or {}),
                errorbar_kw,
            )
            ax.legend(loc="best")
        ax.axvline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        names = list(self.names)
        ax.set_yticks(places, [str(names[i]) for i in order])
        ax.set_xlabel(
            f"Difference in {self.scoring}" if two else f"{label} ({self.scoring})"
        )
        return self

    def _draw(self, places, values, intervals, options, errorbar_kw):
        """Draw bars and the lines over them."""
        bars = self.ax_.barh(places, values, **options)
        if intervals is None or not np.isfinite(intervals).all():
            return bars, None
        color = optional_import("matplotlib", "plot").rcParams["text.color"]
        options = {"color": color, "linewidth": 1.5, "capsize": 3, "fmt": "none"}
        # From their own middle: an estimate may lie beyond its samples' quantiles.
        middle, half = intervals.mean(axis=1), np.diff(intervals)[:, 0] / 2
        lines = self.ax_.errorbar(
            middle, places, xerr=half, **options | (errorbar_kw or {})
        )
        return bars, lines


def _take(intervals, order):
    return None if intervals is None else np.asarray(intervals, dtype=float)[order]
