"""The losses of a training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS, MARKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

#: What a colour tells is told by these as well, for prints in grey.
_DASHES = ((0, (6, 2)), (0, (6, 2, 1, 2)), (0, (6, 2, 1, 2, 1, 2)), (0, (2, 1)))


class TrainingCurveDisplay:
    """Curves of the losses of each head, and of what is predicted, over the epochs.

    It is recommended to use
    :meth:`~skmm.inspection.TrainingCurveDisplay.from_estimator` to create one.

    A head's curve ends where the head stopped, and a mark shows its best epoch, whose
    weights are kept. Heads that are solved rather than trained by epochs are horizontal
    lines at their validation loss. The thick line is the validation loss of the heads'
    mixture, as if the training had ended there.

    Parameters
    ----------
    losses : DataFrame
        A row for each head, fold and epoch, with the columns "head", "fold", "epoch",
        "train" and "valid". The head "mixture" stands for what is predicted.
    best_epochs : dict of str to list of (float, float)
        For each head, the best epoch of each fold and the validation loss there.
    solved_losses : dict of str to list of float, default=None
        The validation loss of each solved head, for each fold.
    loss_name : str, default="loss"
        The label of the vertical axis.
    validation_score : float, default=None
        The score of what is predicted, which the legend gives.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes with the curves.
    figure_ : matplotlib Figure
        The figure that holds the axes.
    lines_ : dict of (str, str) to list of matplotlib Line2D
        By head and ``"train"`` or ``"valid"``, a line for each fold.
    best_ : dict of str to list of matplotlib Line2D
        The mark of each head's best epoch, for each fold.
    solved_lines_ : dict of str to list of matplotlib Line2D
        The horizontal line of each solved head, for each fold.
    legend_ : matplotlib Legend
        The legend of all of these.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of rows.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import TrainingCurveDisplay
    >>> X, y = make_multimodal_classification(n_samples=200, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=3, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(model)
    >>> sorted(display.solved_lines_)
    ['boosting', 'linear']
    >>> display.ax_.set_yscale("log")
    """

    def __init__(
        self,
        *,
        losses: pd.DataFrame,
        best_epochs: Mapping[str, Sequence[tuple[float, float]]],
        solved_losses: Mapping[str, Sequence[float]] | None = None,
        loss_name: str = "loss",
        validation_score: float | None = None,
    ) -> None:
        self.losses = losses
        self.best_epochs = best_epochs
        self.solved_losses = solved_losses
        self.loss_name = loss_name
        self.validation_score = validation_score

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        ax: Axes | None = None,
        show_training: bool = True,
    ) -> Self:
        """Draw the training of a fitted estimator.

        Parameters
        ----------
        estimator : MultimodalClassifier or MultimodalRegressor
            Fitted. With ``validation=k`` the k models are drawn, each as a thin line.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.
        show_training : bool, default=True
            If True, the losses of the training rows are drawn too.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If it is another estimator, a Pipeline for example.
        ValueError
            If no epoch was trained, since all heads are solved.
        ImportError
            If matplotlib is not installed.
        """
        import pandas as pd

        from skmm._training.curves import read_curves, read_solved

        if not isinstance(estimator, BaseMultimodal):
            raise TypeError(
                "The curves are those of a MultimodalClassifier or a "
                f"MultimodalRegressor; got {type(estimator).__name__}. Pass the step "
                "of a pipeline, pipeline[-1], or the search's best_estimator_."
            )
        check_is_fitted(estimator)
        learner = estimator._learner
        curves = read_curves(learner)
        if not curves:
            raise ValueError(
                f"The heads {list(estimator.head_weights_)} are solved, not trained by "
                "epochs: there is no curve to draw. Add 'fused' or 'wide' to heads=."
            )
        losses = [
            pd.DataFrame(
                {
                    "head": one.head,
                    "fold": one.fold,
                    "epoch": one.epochs,
                    "train": one.train,
                    "valid": one.valid,
                }
            )
            for one in curves
        ]
        best: dict[str, list[tuple[float, float]]] = {}
        for one in curves:
            if one.best is not None:
                best.setdefault(one.head, []).append(one.best)
        display = cls(
            losses=pd.concat(losses, ignore_index=True),
            best_epochs=best,
            solved_losses=read_solved(learner),
            loss_name=learner.members[0].targets.loss.replace("_", " "),
            validation_score=estimator.validation_score_,
        )
        return display.plot(ax=ax, show_training=show_training)

    def plot(self, ax: Axes | None = None, *, show_training: bool = True) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.
        show_training : bool, default=True
            If True, the losses of the training rows are drawn too.

        Returns
        -------
        display : TrainingCurveDisplay
            This object, with the artists as attributes.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        pyplot = optional_import("matplotlib.pyplot", "plot")
        ticker = optional_import("matplotlib.ticker", "plot")
        if ax is None:
            _, ax = pyplot.subplots()
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_: dict[tuple[str, str], list[Any]] = {}
        self.best_: dict[str, list[Any]] = {}
        self.solved_lines_: dict[str, list[Any]] = {}
        is_thin = self.losses["fold"].nunique() > 1
        heads = [head for head in self.losses["head"].unique() if head != "mixture"]
        for i, head in enumerate(heads):
            self._draw_head(head, COLORS[i % 6], MARKS[i % 6], is_thin, show_training)
        for i, head in enumerate(self.solved_losses or {}):
            look = {"color": COLORS[(len(heads) + i) % 6], "linestyle": _DASHES[i % 4]}
            self._draw_solved(head, look, is_thin)
        self._draw_mixture(is_thin)
        ax.set(xlabel="epoch", ylabel=self.loss_name)
        ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
        self.legend_ = ax.legend(fontsize="small")
        return self

    def _draw_head(self, head, color, mark, is_thin, show_training):
        """Draw a head's curves, and a mark at its best epoch."""
        best = self.best_epochs.get(head, [])
        width, size = (0.8, 4) if is_thin else (1.6, 7)
        is_validated = self.losses.loc[self.losses["head"] == head, "valid"].notna()
        if not is_validated.any():
            look = {"color": color, "linewidth": width}
            self._draw_lines(head, "train", f"{head}, training", look)
        elif show_training:
            look = {"color": color, "linewidth": 0.75 * width, "linestyle": ":"}
            self._draw_lines(head, "train", f"{head}, training", look)
        if is_validated.any():
            look = {"color": color, "linewidth": width}
            # The entry of the legend shows the mark, which the curve has but once.
            (entry,) = self.ax_.plot([], [], marker=mark, **look)
            entry.set_label(f"{head}, validation (mark: best epoch)")
            self._draw_lines(head, "valid", None, look)
        look = {"color": color, "marker": mark, "markersize": size, "zorder": 3}
        self.best_[head] = [self.ax_.plot(*place, **look)[0] for place in best]

    def _draw_solved(self, head, look, is_thin):
        """Draw a solved head's loss, which no epoch changes."""
        self.solved_lines_[head] = [
            self.ax_.axhline(loss, linewidth=0.8 if is_thin else 1.4, **look)
            for loss in self.solved_losses[head]
        ]
        self.solved_lines_[head][0].set_label(f"{head}, validation (solved)")

    def _draw_mixture(self, is_thin):
        """Draw the loss of what is predicted, in the colour of the axes' labels."""
        label = "mixture, validation"
        if self.validation_score is not None:
            label += f" (score {self.validation_score:.3g})"
        color = self.ax_.xaxis.label.get_color()
        look = {"color": color, "linewidth": 1.0 if is_thin else 2.6}
        self._draw_lines("mixture", "valid", label, look)

    def _draw_lines(self, head, part, label, look):
        """Draw one line for each fold; the first has the label."""
        some = self.losses[self.losses["head"] == head]
        if not len(some):
            return
        lines = [
            self.ax_.plot(fold["epoch"], fold[part], **look)[0]
            for _, fold in some.groupby("fold")
        ]
        if label is not None:
            lines[0].set_label(label)
        self.lines_[head, part] = lines
