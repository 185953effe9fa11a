"""The scores of a fusion report as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm._utils.optional import optional_import
from skmm.model_selection._palette import KINDS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from skmm._base import BaseMultimodal
    from skmm._utils.typing import CellsLike, TableLike
    from skmm.model_selection._report import FusionReport


class FusionComparisonDisplay:
    """Scores of modalities alone, of fusions and of baselines, one line each.

    A line has the mean, its interval and the scores of the folds; the best is on top.
    Kinds of models differ in colour and in shape. It is best made by
    :meth:`FusionReport.plot` or by ``from_estimator``.

    Parameters
    ----------
    results : DataFrame
        ``results_`` of a :class:`FusionReport`.
    best_single : str
        Model at whose mean a dashed line stands.
    scoring : str
        What the scores are: the label of the axis.
    title : str, default=None
        Above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    means_ : list of PathCollection
        The mean of each model, in the order of ``results``.
    intervals_ : LineCollection
        The interval of each mean.
    folds_ : list of PathCollection
        The folds' scores of each model.
    reference_ : Line2D
        The dashed line.
    legend_ : matplotlib Legend

    See Also
    --------
    fusion_report : Compute what is drawn.

    Examples
    --------
    >>> from skmm import MultimodalRegressor
    >>> from skmm.datasets import make_multimodal_regression
    >>> from skmm.model_selection import FusionComparisonDisplay
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> model = MultimodalRegressor(heads=["linear"], random_state=0)
    >>> display = FusionComparisonDisplay.from_estimator(model, X, y, cv=3)
    >>> display.ax_.get_xlabel()
    'R²'
    """

    def __init__(
        self,
        results: pd.DataFrame,
        *,
        best_single: str,
        scoring: str,
        title: str | None = None,
    ) -> None:
        self.results = results
        self.best_single = best_single
        self.scoring = scoring
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseMultimodal,
        X: TableLike,
        y: CellsLike,
        *,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Compute a fusion report, and draw it.

        Parameters
        ----------
        estimator : MultimodalClassifier or MultimodalRegressor
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options : dict of str to object
            Of :func:`fusion_report`.

        Returns
        -------
        display : FusionComparisonDisplay
        """
        from skmm.model_selection._fusion_report import fusion_report

        _import_pyplot()  # before the work, not after
        return cls.from_report(fusion_report(estimator, X, y, **options), ax=ax)

    @classmethod
    def from_report(cls, report: FusionReport, *, ax: Axes | None = None) -> Self:
        """Draw a fusion report.

        Parameters
        ----------
        report : FusionReport
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : FusionComparisonDisplay
        """
        display = cls(
            report.to_frame(), best_single=report.best_single, scoring=report.scoring
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : FusionComparisonDisplay
            With ``ax_``, ``figure_`` and what was drawn.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` brings.
        """
        pyplot = _import_pyplot()
        rows = len(self.results)
        if ax is None:
            size = (7, 1.3 + 0.34 * rows)
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        # A colour of the style, so that a dark one stays readable.
        ink = pyplot.rcParams["text.color"]
        names = [c for c in self.results if c.startswith("split")]
        folds = self.results[names].to_numpy()
        places = np.arange(rows)[::-1]
        colours = [KINDS[kind].colour for kind in self.results["kind"]]
        low, high = _limits(folds)
        self.reference_ = ax.axvline(
            self.results.set_index("model")["mean"][self.best_single],
            color=ink,
            linestyle="--",
            linewidth=1,
            alpha=0.6,
            zorder=0,
            label=f"{self.best_single} alone",
        )
        self.intervals_ = ax.hlines(
            places,
            self.results["low"],
            self.results["high"],
            colors=colours,
            linewidth=3,
            zorder=1,
        )
        ticks = {"s": 60, "c": ink, "marker": "|", "linewidths": 1, "alpha": 0.5}
        self.folds_ = [
            ax.scatter(some, np.full(len(some), place), zorder=2, **ticks)
            for some, place in zip(folds, places)
        ]
        self.means_ = [
            self._draw_mean(ax, row, place, ink)
            for row, place in zip(self.results.itertuples(), places)
        ]
        ax.set_yticks(places, self.results["model"])
        # Intervals of few folds may be far wider than all scores: they are cut.
        ax.set(xlim=(low, high), ylim=(-0.6, rows - 0.4), xlabel=self.scoring)
        if self.title:
            ax.set_title(self.title)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        self.legend_ = self._draw_legend(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_mean(self, ax, row, place, ink):
        look = KINDS[row.kind]
        return ax.scatter(
            [row.mean],
            [place],
            s=55,
            c=look.colour,
            marker=look.marker,
            edgecolors=ink,
            linewidths=0.8,
            zorder=3,
        )

    def _draw_legend(self, ax):
        """Name the kinds that are there, and the dashed line."""
        kinds = self.results["kind"].tolist()
        shown = [kind for kind in KINDS if kind in kinds]
        handles = [self.means_[kinds.index(kind)] for kind in shown]
        labels = [KINDS[kind].label for kind in shown]
        return ax.legend(
            [*handles, self.reference_],
            [*labels, self.reference_.get_label()],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=len(shown) + 1,
            frameon=False,
            handletextpad=0.4,
            columnspacing=1.2,
            fontsize="small",
        )


def _import_pyplot():
    optional_import("matplotlib", "plot")
    import matplotlib.pyplot as pyplot

    return pyplot


def _limits(folds):
    low, high = folds.min(), folds.max()
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room
