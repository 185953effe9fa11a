"""A picture of the weights that a fusion gave to modalities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS, MARKS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

    from skmm._utils.typing import ArrayLike, TableLike

#: Classes that have a colour and a mark of their own.
_MOST_CLASSES = len(COLORS)


class FusionWeightsDisplay:
    """How the weights that a fusion gave to each modality are distributed over rows.

    Use :meth:`from_estimator` or :meth:`from_weights` to make one; what is in it can be
    drawn again by :meth:`plot`.

    A mark is the median, a thick line goes from the first to the third quartile, and a
    thin one from the 5th to the 95th percentile. Rows that lack a modality have no
    weight for it: they are left out, and their share stands below the modality's name.

    Parameters
    ----------
    weights : DataFrame of shape (n_samples, n_modalities)
        What :func:`~skmm.inspection.fusion_weights` returned.
    y : array-like of shape (n_samples,), default=None
        The class of each row; each class is drawn apart. None draws all rows as one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What was drawn on.
    figure_ : matplotlib Figure
        The figure of ``ax_``.
    medians_ : dict of (str, label) to matplotlib Line2D
        The marks, by modality and class; the class is None for all rows.

    See Also
    --------
    fusion_weights : What is drawn.
    ModalityImportanceDisplay : What each modality was worth.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmm.inspection import FusionWeightsDisplay
    >>> weights = pd.DataFrame({"text": [0.6, 0.7, 0.8], "photo": [0.4, 0.3, 0.2]})
    >>> display = FusionWeightsDisplay(weights).plot()
    >>> float(display.medians_["text", None].get_xdata()[0])
    0.7
    """

    def __init__(self, weights: pd.DataFrame, y: ArrayLike | None = None) -> None:
        self.weights = weights
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: TableLike,
        y: ArrayLike | None = None,
        *,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the weights of a fitted estimator's fusion.

        Parameters
        ----------
        estimator : MultimodalClassifier or MultimodalRegressor
            Fitted, with the head "fused" and a fusion that has weights.
        X : DataFrame or array of shape (n_samples, n_features)
            Rows to look at.
        y : array-like of shape (n_samples,), default=None
            The class of each row; each class is drawn apart.
        ax : matplotlib Axes, default=None
            As of :meth:`plot`.

        Returns
        -------
        display : FusionWeightsDisplay

        Raises
        ------
        ValueError
            If the estimator has no fused head, or its fusion no weights; and for more
            than 6 classes.

        Examples
        --------
        >>> from skmm import MultimodalClassifier
        >>> from skmm.datasets import make_multimodal_classification
        >>> from skmm.inspection import FusionWeightsDisplay
        >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
        >>> model = MultimodalClassifier(fusion="gated", max_epochs=2, random_state=0)
        >>> display = FusionWeightsDisplay.from_estimator(model.fit(X, y), X, y)
        >>> len(display.medians_)  # two modalities, two classes
        4
        """
        from skmm.inspection._fusion_weights import fusion_weights

        return cls.from_weights(fusion_weights(estimator, X), y, ax=ax)

    @classmethod
    def from_weights(
        cls,
        weights: pd.DataFrame,
        y: ArrayLike | None = None,
        *,
        ax: Axes | None = None,
    ) -> Self:
        """Draw weights that are known.

        Parameters
        ----------
        weights : DataFrame of shape (n_samples, n_modalities)
            What :func:`~skmm.inspection.fusion_weights` returned.
        y : array-like of shape (n_samples,), default=None
            The class of each row; each class is drawn apart.
        ax : matplotlib Axes, default=None
            As of :meth:`plot`.

        Returns
        -------
        display : FusionWeightsDisplay
        """
        return cls(weights, y).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the weights of each modality, the first one above.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            What to draw on; None makes a figure.

        Returns
        -------
        display : FusionWeightsDisplay
            Itself, with the artists.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there are more than 6 classes, or not as many as rows.
        """
        plt = optional_import("matplotlib.pyplot", "plot")
        groups = self._find_groups()
        names = list(self.weights.columns)
        if ax is None:
            height = 1.4 + len(names) * (0.35 + 0.2 * len(groups))
            _, ax = plt.subplots(figsize=(6.4, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.medians_: dict[tuple[Any, Any], Any] = {}
        labels = []
        for place, name in enumerate(names):
            weights = self.weights[name].to_numpy(dtype=float)
            lack = float((weights == 0).mean())
            labels.append(f"{name}\n({lack:.0%} lack it)" if lack else str(name))
            for k, (label, is_in) in enumerate(groups.items()):
                some = weights[is_in & (weights != 0)]
                shift = 0.7 * ((k + 0.5) / len(groups) - 0.5)
                if len(some):
                    line = self._draw(some, place + shift, k)
                    self.medians_[name, label] = line
                    if place == 0:
                        line.set_label(str(label))
        ax.set_yticks(range(len(names)), labels)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(left=0)
        ax.set_xlabel("weight in the fusion")
        if self.y is not None:
            ax.legend(loc="best", fontsize="small")
        return self

    def _find_groups(self):
        """Return which rows are of each class."""
        if self.y is None:
            return {None: np.ones(len(self.weights), dtype=bool)}
        y = np.asarray(self.y)
        if len(y) != len(self.weights):
            raise ValueError(
                f"y has {len(y)} rows, and the weights have {len(self.weights)}."
            )
        classes = np.unique(y)
        if len(classes) > _MOST_CLASSES:
            raise ValueError(
                f"y has {len(classes)} classes, and at most {_MOST_CLASSES} can be "
                "told apart. Leave y out, or choose rows of some classes."
            )
        return {label: y == label for label in classes.tolist()}

    def _draw(self, weights, place, k):
        """Draw a class's weights of one modality; return the mark of the median."""
        low, first, middle, third, high = np.quantile(
            weights, [0.05, 0.25, 0.5, 0.75, 0.95]
        )
        color = COLORS[k]
        self.ax_.plot([low, high], [place] * 2, color=color, linewidth=1)
        self.ax_.plot(
            [first, third], [place] * 2, color=color, linewidth=4, solid_capstyle="butt"
        )
        edge = optional_import("matplotlib", "plot").rcParams["text.color"]
        (mark,) = self.ax_.plot(
            [middle],
            [place],
            color=color,
            marker=MARKS[k],
            markersize=8,
            markeredgecolor=edge,
            linestyle="",
            zorder=3,
        )
        return mark
