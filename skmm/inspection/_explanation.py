"""What explains the prediction of one row: a tree of its parts, with their values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from skmm._utils.markup import shorten
from skmm._utils.optional import optional_import
from skmm._utils.svg import COLORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from skmm._utils.typing import Label

#: Parts that the printed explanation names, of each modality.
_N_NAMED = 3


@dataclasses.dataclass
class Part:
    """A modality, a column, or a part of a cell.

    Attributes
    ----------
    name : str
    kind : {"modality", "column", "words", "region", "stretch", "presence"}
        The last is what is left of a modality with all its parts hidden.
    value : float
        What the part brings to the prediction.
    missing : bool
        True if the row lacks it.
    cell : object
        What is in a column's cell: a text, pixels (height, width, 4), samples and their
        rate, or whatever a table has. None for other parts.
    place : tuple
        Where in the cell a part is: the first and last character, (top, left, bottom,
        right) in pixels, or the first and last second.
    parts : list of Part
    fitted : ndarray or None
        Quantiles of the training rows, of a number in a table.
    number : float
        The number that is compared with them.
    """

    name: str
    kind: str
    value: float = 0.0
    missing: bool = False
    cell: Any = None
    place: tuple[float, ...] = ()
    parts: list[Part] = dataclasses.field(default_factory=list)
    fitted: Any = None
    number: float = np.nan


class RowExplanation:
    """What each part of a row brings to its prediction.

    :func:`~skmm.inspection.explain_row` returns it. Printed it is a few lines; a
    notebook shows the words in colours, the picture with its regions, and the numbers
    beside those of the training rows.

    Parameters
    ----------
    modalities : list of Part
        See below.
    prediction, baseline : float
        The prediction of the row, and of a row of which nothing is known.
    predicted : label or float
        What ``predict`` returns for the row.
    target : label, default=None
        The class that is explained; None of a number.
    scale : {"probability", "log_odds", "value"}, default="probability"
        What the values are.
    head : str, default=None
        The head that is explained; None for the mixture of all.
    row : label, default=0
        The row's label in the index of its table.

    Attributes
    ----------
    modalities : list of Part
        A tree. Each part has a ``name``, a ``kind``, a ``value``, whether it is
        ``missing``, its ``place`` in the cell, and ``parts`` of its own: a modality has
        columns, and a column of texts, pictures or sounds has words, regions or
        stretches. The values of the parts sum to that of the whole.

    See Also
    --------
    explain_row : Compute it.

    Examples
    --------
    >>> from skmm import MultimodalRegressor
    >>> from skmm.datasets import make_multimodal_regression
    >>> from skmm.inspection import explain_row
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> model = MultimodalRegressor(heads=["linear"], random_state=0).fit(X, y)
    >>> explanation = explain_row(model, X, row=5)
    >>> [part.name for part in explanation.modalities]
    ['tabular', 'text']
    >>> explanation
    Row 5: predicted ... (... if nothing were known of it)
      tabular  ...
      text     ...
    """

    def __init__(
        self,
        modalities: Sequence[Part],
        *,
        prediction: float,
        baseline: float,
        predicted: Any,
        target: Label | None = None,
        scale: str = "probability",
        head: str | None = None,
        row: Label = 0,
    ) -> None:
        self.modalities = list(modalities)
        self.prediction = prediction
        self.baseline = baseline
        self.predicted = predicted
        self.target = target
        self.scale = scale
        self.head = head
        self.row = row

    def to_frame(self) -> pd.DataFrame:
        """Return the tree as a table.

        Returns
        -------
        frame : DataFrame
            A row for each part, a whole before its parts, with the columns "modality",
            "column" and "part" (their names, missing above), "kind", "value" and
            "missing".
        """
        import pandas as pd

        rows = []
        for modality in self.modalities:
            for path in _paths(modality, ()):
                part = path[-1]
                names: dict[str, str | None] = {"column": None, "part": None}
                for one in path[1:]:
                    names["column" if one.kind == "column" else "part"] = one.name
                rows.append(
                    {
                        "modality": modality.name,
                        **names,
                        "kind": part.kind,
                        "value": part.value,
                        "missing": part.missing,
                    }
                )
        columns = ["modality", "column", "part", "kind", "value", "missing"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the way from the baseline to the prediction, a bar for each modality.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a new figure.

        Returns
        -------
        ax : matplotlib Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = optional_import("matplotlib.pyplot", "plot")
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        start, ink = self.baseline, plt.rcParams["text.color"]
        for y, part in enumerate(self.modalities):
            color = COLORS[0] if part.value >= 0 else COLORS[1]
            hatch = "" if part.value >= 0 else "///"  # for readers in grey
            ax.barh(y, part.value, left=start, color=color, hatch=hatch, height=0.6)
            told = "missing" if part.missing else signed(part.value)
            ax.annotate(
                told,
                (max(start, start + part.value), y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=ink,
            )
            start += part.value
        look = {"color": ink, "linewidth": 0.8}
        ax.axvline(self.baseline, linestyle=":", **look)
        ax.axvline(self.prediction, linestyle="-", **look)
        ax.use_sticky_edges = False
        ax.margins(x=0.15)
        ax.set_yticks(range(len(self.modalities)), [p.name for p in self.modalities])
        ax.invert_yaxis()
        title = f"Row {_show(self.row)}: predicted {_show(self.predicted)}"
        ax.set(xlabel=self.what, title=shorten(title, 60))
        return ax

    @property
    def what(self) -> str:
        """What the values are, in words."""
        if self.scale == "value":
            return "predicted value"
        name = {"probability": "probability", "log_odds": "log-odds"}[self.scale]
        return f"{name} of {_show(self.target)}"

    @property
    def headline(self) -> str:
        """What is explained, in one line."""
        told = f"Row {_show(self.row)}: predicted {_show(self.predicted)}"
        of_head = f", head {self.head!r}" if self.head is not None else ""
        if self.scale == "value":
            known = f"{self.baseline:.4g} if nothing were known of it"
        else:
            known = (
                f"{self.what} {self.prediction:.3g}, {self.baseline:.3g} if nothing "
                "were known of it"
            )
        return f"{told} ({known}{of_head})"

    def __repr__(self) -> str:
        width = max([len(part.name) for part in self.modalities], default=0)
        lines = [self.headline]
        for modality in self.modalities:
            line = f"  {modality.name:<{width}}  "
            if modality.missing:
                lines.append(f"{line}missing")
                continue
            line += f"{signed(modality.value):>8}"
            leaves = [leaf for leaf in _leaves(modality) if leaf.value]
            leaves = sorted(leaves, key=lambda leaf: -abs(leaf.value))[:_N_NAMED]
            told = [f"{shorten(leaf.name, 30)} {signed(leaf.value)}" for leaf in leaves]
            lines.append(line + (f"  {'; '.join(told)}" if told else ""))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from skmm.inspection._explanation_page import write_fragment

        return write_fragment(self)


def signed(value):
    """Return a value with its sign, as people write it."""
    text = f"{value:+.3g}"
    return text if float(text) else "0"


def _show(label):
    return repr(label.item() if isinstance(label, np.generic) else label)


def _paths(part: Part, above: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    yield (*above, part)
    for one in part.parts:
        yield from _paths(one, (*above, part))


def _leaves(part):
    """Yield what is in the cells: the parts within that have none of their own."""
    for one in part.parts:
        if one.parts:
            yield from _leaves(one)
        elif one.kind != "presence":
            yield one
