"""A picture of how the score falls as modalities get worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS, MARKS

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator
    from sklearn.utils import Bunch

    from skmm._utils.typing import CellsLike, TableLike


class RobustnessDisplay:
    """How the score falls as modalities get worse, a panel for each corruption.

    Make it by :meth:`from_estimator` or :meth:`from_report`.

    Parameters
    ----------
    frame : DataFrame
        That of :func:`~skmm.inspection.robustness_report`.
    score : float
        The score without corruption.
    scoring : str, default="score"
        Name of the metric.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_corruptions,)
    figure_ : matplotlib Figure
    lines_ : dict of (str, str) to ErrorbarContainer
        The line of each corruption and modality.

    See Also
    --------
    skmm.inspection.robustness_report : Measures it.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import RobustnessDisplay
    >>> X, y = make_multimodal_classification(n_samples=300, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=2, random_state=0).fit(X[:200], y[:200])
    >>> display = RobustnessDisplay.from_estimator(
    ...     model, X[200:], y[200:], corruptions=["missing"], random_state=0
    ... )
    >>> sorted(display.lines_)
    [('missing', 'tabular'), ('missing', 'text')]
    """

    def __init__(
        self, frame: pd.DataFrame, score: float, scoring: str = "score"
    ) -> None:
        self.frame = frame
        self.score = score
        self.scoring = scoring

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: TableLike,
        y: CellsLike,
        *,
        axes: Any = None,
        **options: Any,
    ) -> Self:
        """Measure and draw.

        Parameters
        ----------
        estimator : MultimodalClassifier or MultimodalRegressor
            Fitted.
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        axes : sequence of matplotlib Axes, default=None
            As of :meth:`plot`.
        **options : dict
            Further arguments of :func:`~skmm.inspection.robustness_report`.

        Returns
        -------
        display : RobustnessDisplay
        """
        from skmm.inspection._robustness import robustness_report

        result = robustness_report(estimator, X, y, **options)
        return cls.from_report(result, axes=axes)

    @classmethod
    def from_report(cls, result: Bunch, *, axes: Any = None) -> Self:
        """Draw what has been measured.

        Parameters
        ----------
        result : Bunch
            What :func:`~skmm.inspection.robustness_report` returned.
        axes : sequence of matplotlib Axes, default=None
            As of :meth:`plot`.

        Returns
        -------
        display : RobustnessDisplay
        """
        return cls(result.frame, result.score, result.scoring).plot(axes)

    def plot(self, axes: Any = None) -> Self:
        """Draw a panel for each corruption, with a line for each modality.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            What to draw on, one for each corruption; None makes a figure.

        Returns
        -------
        display : RobustnessDisplay
            Itself, with the artists.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are not as many axes as corruptions.
        """
        plt = optional_import("matplotlib.pyplot", "plot")
        corruptions = list(dict.fromkeys(self.frame["corruption"]))
        modalities = list(dict.fromkeys(self.frame["modality"]))
        if axes is None:
            size = (3.2 * len(corruptions) + 0.8, 3.6)
            _, axes = plt.subplots(
                1, len(corruptions), figsize=size, sharey=True, layout="constrained"
            )
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if len(self.axes_) != len(corruptions):
            raise ValueError(
                f"There are {len(corruptions)} corruptions ({', '.join(corruptions)}), "
                f"and axes= has {len(self.axes_)}. Pass one for each."
            )
        self.figure_ = self.axes_[0].figure
        self.lines_ = {}
        for ax, corruption in zip(self.axes_, corruptions):
            for i, modality in enumerate(modalities):
                mine = self.frame.query(
                    "corruption == @corruption and modality == @modality"
                )
                if len(mine):
                    self.lines_[corruption, modality] = self._draw(ax, i, mine)
            color = plt.rcParams["axes.edgecolor"]
            ax.axhline(self.score, color=color, linewidth=0.8, linestyle=":")
            ax.set(title=corruption, xlabel="strength")
        self.axes_[0].set_ylabel(self.scoring)
        self.axes_[0].legend(loc="best")
        return self

    def _draw(self, ax, i, rows):
        """Draw a modality's line, which starts at the score without corruption."""
        return ax.errorbar(
            np.append(0, rows["strength"]),
            np.append(self.score, rows["score_mean"]),
            yerr=np.append(0, rows["score_std"]),
            label=rows["modality"].iloc[0],
            color=COLORS[i % len(COLORS)],
            marker=MARKS[i % len(MARKS)],
            capsize=2,
        )
