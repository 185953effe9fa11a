"""What a fusion report holds, and how it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import numpy as np

from skmm.model_selection._contenders import LATE_AVERAGE, PRIOR
from skmm.model_selection._statistics import Comparison, ResampledTest, compare
from skmm.model_selection._verdict import (
    count_decimals,
    decide,
    smallest_that_matters,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike
    from skmm.model_selection._display import FusionComparisonDisplay


class FusionReport:
    """Whether fusion helps on some data: what :func:`fusion_report` returns.

    Printed it is a table with the verdict above; a notebook shows it with a picture.

    Parameters
    ----------
    results : DataFrame
        See ``results_``.
    comparisons : DataFrame
        See below.
    answer : {"yes", "no", "unclear"}
        Whether fusion helps.
    verdict : str
        One sentence that says so, with the figures.
    best_single : str
        The single modality of the highest mean score.
    scoring : str
        What the scores are.
    n_samples, n_folds : int
        Numbers of rows and of folds.
    alpha : float
        Level of the tests.
    margin : float
        The smallest gain that matters.
    notes : list of str
        What else is worth knowing: baselines that score as high, what was left out.

    Attributes
    ----------
    results_ : DataFrame
        A row for each model, the highest mean first, with the columns

        - ``model`` and ``kind``: "single", "pair", "fusion" or "baseline";
        - ``mean``, ``std``: of the folds' scores;
        - ``low``, ``high``: the corrected interval of the mean;
        - ``fit_seconds``, ``score_seconds``: means over the folds, of what a model
          takes if it shares nothing with the others;
        - ``split0_score``, ``split1_score``, ...: each fold's score.
    comparisons : DataFrame
        A row for each model that is tested against the best single modality: the
        estimator as it is, and each further fusion. It has the columns ``model``,
        ``gain`` (over the single modality of the highest mean), ``low`` and ``high``
        (bounds of the gain over the truly best one), ``p_value``, ``p_holm``
        (corrected for the number of rows) and ``better``.

    See Also
    --------
    fusion_report : Compare models and return a report.
    FusionComparisonDisplay : What ``plot`` returns.

    Examples
    --------
    >>> from skmm import MultimodalRegressor
    >>> from skmm.datasets import make_multimodal_regression
    >>> from skmm.model_selection import fusion_report
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> model = MultimodalRegressor(heads=["linear"], random_state=0)
    >>> report = fusion_report(model, X, y, cv=3, baselines=False, random_state=0)
    >>> report.comparisons["model"].tolist()
    ['all']
    >>> report.verdict
    'Yes: all gains ... over ... alone (... to ...).'
    """

    def __init__(
        self,
        results: pd.DataFrame,
        comparisons: pd.DataFrame,
        *,
        answer: Literal["yes", "no", "unclear"],
        verdict: str,
        best_single: str,
        scoring: str,
        n_samples: int,
        n_folds: int,
        alpha: float,
        margin: float,
        notes: list[str],
    ) -> None:
        self.results_ = results
        self.comparisons = comparisons
        self.answer = answer
        self.verdict = verdict
        self.best_single = best_single
        self.scoring = scoring
        self.n_samples = n_samples
        self.n_folds = n_folds
        self.alpha = alpha
        self.margin = margin
        self.notes = notes

    def to_frame(self) -> pd.DataFrame:
        """Return the table of all models.

        Returns
        -------
        results : DataFrame
            A copy of ``results_``.
        """
        return self.results_.copy()

    def plot(self, *, ax: Axes | None = None) -> FusionComparisonDisplay:
        """Draw the scores of all models.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : FusionComparisonDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` brings.
        """
        from skmm.model_selection._display import FusionComparisonDisplay

        return FusionComparisonDisplay.from_report(self, ax=ax)

    def to_html(
        self,
        path: PathLike,
        *,
        importance: Bunch | None = None,
        explanation: Any = None,
    ) -> None:
        """Write the report as a page of its own.

        The page has all that it shows in itself, and no script. A file at ``path`` is
        replaced only when the whole page is written.

        Parameters
        ----------
        path : str or path-like
        importance : Bunch, default=None
            What :func:`~skmm.inspection.modality_importance` returned, for a section of
            the page: what each modality brings to a fitted estimator.
        explanation : RowExplanation, default=None
            What :func:`~skmm.inspection.explain_row` returned, for another section.
        """
        from skmm.model_selection._page import write_page

        path = Path(path)
        page = write_page(self, importance, explanation)
        # A rename within one folder is atomic.
        part = path.with_name(f".{path.name}.{uuid4().hex}.part")
        try:
            part.write_text(page, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def __repr__(self) -> str:
        lines = [self._headline(), self.verdict, "", *self._lines()]
        notes = self._all_notes()
        return "\n".join([*lines, *([""] if notes else []), *notes])

    def _repr_html_(self) -> str:
        from skmm.model_selection._page import write_fragment

        return write_fragment(self)

    def _headline(self):
        return (
            f"Does fusion help? {self.n_samples} rows, {self.n_folds} folds, "
            f"{self.scoring}"
        )

    def _all_notes(self):
        """Return the notes that stand below the table, what a star means first."""
        if not self.comparisons["better"].any():
            return self.notes
        several = len(self.comparisons) > 1
        corrected = ", corrected for the number of fusions" if several else ""
        star = f"* Better than every single modality at {self.alpha:g}{corrected}."
        return [star, *self.notes]

    def _table(self):
        """Return the printed table's cells, the head first."""
        tell = "{:." + str(self._decimals) + "f}"
        gains = {one.model: one for one in self.comparisons.itertuples()}
        rows = [("model", "kind", "mean", "std", f"gain over {self.best_single}")]
        rows[0] += ("p", "fit s", "score s")
        for one in self.results_.itertuples():
            cells = one.model, one.kind, tell.format(one.mean), tell.format(one.std)
            gain = gains.get(one.model)
            cells += ("", "") if gain is None else self._tell_gain(gain, tell)
            rows.append((*cells, f"{one.fit_seconds:.2f}", f"{one.score_seconds:.2f}"))
        return rows

    def _tell_gain(self, gain, tell):
        some = [tell.format(number) for number in (gain.gain, gain.low, gain.high)]
        mark = " *" if gain.better else ""
        p_value = "<0.001" if gain.p_holm < 0.001 else f"{gain.p_holm:.3f}"
        return "{} [{}, {}]{}".format(*some, mark), p_value

    @property
    def _decimals(self):
        return count_decimals(float(np.median(self.results_["std"])) * 2)

    def _lines(self):
        rows = self._table()
        widths = [max(map(len, column)) for column in zip(*rows)]
        texts = {0, 1, 4}
        return [
            "  ".join(
                cell.ljust(width) if i in texts else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths))
            ).rstrip()
            for row in rows
        ]


def make_report(
    contenders, folds, *, ratio, n_samples, scoring, alpha, margin, n_unpaired
):
    """Make a report of what contenders came to on folds.

    Parameters
    ----------
    contenders : list of Contender
    folds : list of list of Scored
        Fold by fold, each in the order of the contenders.
    ratio : float
        Of test to training rows.
    n_samples : int
    scoring : str
    alpha : float
    margin : float or None
    n_unpaired : int
        How many modalities have pairs that were left out.

    Returns
    -------
    report : FusionReport
    """
    import pandas as pd

    test = ResampledTest(len(folds), ratio)
    kept, scores, rows, notes = [], {}, [], []
    for i, one in enumerate(contenders):
        scored = [fold[i] for fold in folds]
        errors = [some.error for some in scored if some.error]
        if errors:
            notes.append(f"{one.name} was left out: {errors[0]}")
            continue
        kept.append(one)
        scores[one.name] = np.array([some.score for some in scored])
        rows.append(_describe(one, scored, test, alpha))
    singles = [one.name for one in kept if one.kind == "single"]
    # Averaging is what fusion is measured against, and would cost the others power.
    family = [
        one.name for one in kept if one.kind == "fusion" and one.name != LATE_AVERAGE
    ]
    best = max(singles, key=lambda name: scores[name].mean())
    compared = compare(scores, singles, family, test, alpha)
    prior = PRIOR if PRIOR in scores else None
    if margin is None:
        margin = 0.0
        if prior is not None:
            margin = smallest_that_matters(scores[best], scores[prior])
    verdict = decide(
        compared,
        best,
        scores,
        prior,
        margin=margin,
        n_samples=n_samples,
        test=test,
        alpha=alpha,
    )
    if n_unpaired:
        notes.append(
            f"The pairs of {n_unpaired} modalities were not fitted; pairs=True does so."
        )
    results = pd.DataFrame(rows).sort_values(
        "mean", ascending=False, kind="stable", ignore_index=True
    )
    return FusionReport(
        results,
        pd.DataFrame(compared, columns=Comparison._fields),
        answer=verdict.answer,
        verdict=verdict.sentence,
        best_single=best,
        scoring=scoring,
        n_samples=n_samples,
        n_folds=len(folds),
        alpha=alpha,
        margin=margin,
        notes=_note_rivals(scores, family) + notes,
    )


def _describe(contender, scored, test, alpha):
    """Return a contender's row of the table."""
    scores = np.array([some.score for some in scored])
    low, high = test.interval(scores, alpha)
    row = {
        "model": contender.name,
        "kind": contender.kind,
        "mean": scores.mean(),
        "std": scores.std(),
        "low": low,
        "high": high,
        "fit_seconds": np.mean([some.fit_seconds for some in scored]),
        "score_seconds": np.mean([some.score_seconds for some in scored]),
    }
    return row | {f"split{i}_score": score for i, score in enumerate(scores)}


def _note_rivals(scores, family):
    """Say so where something plainer scores as high as every fusion."""
    highest = max(scores[name].mean() for name in family)
    rivals = {
        LATE_AVERAGE: "The average of the single modalities' predictions",
        "linear": "The linear model over all features",
        "boosting": "Boosted trees over all features",
    }
    return [
        f"{rival} scored as high as any fusion, on average."
        for name, rival in rivals.items()
        if name in scores and scores[name].mean() >= highest
    ]
