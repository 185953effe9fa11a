"""Whether fusion helps: modalities alone, together, and baselines on the same folds."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils import check_random_state, indexable
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length

from skmm._base import BaseMultimodal
from skmm._training.preparation import check_parts
from skmm._utils.compat import (
    Interval,
    Parallel,
    StrOptions,
    delayed,
    validate_parameter_constraints,
)
from skmm.model_selection._contenders import (
    MOST_PAIRED,
    list_contenders,
    write_down,
)
from skmm.model_selection._evaluation import make_candidate
from skmm.model_selection._report import FusionReport, make_report
from skmm.model_selection._report_fold import score_contenders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skmm._utils.typing import CV, ArrayLike, CellsLike, RandomState, TableLike

_CONSTRAINTS = {
    "scoring": [str, callable, None],
    "fusions": [list, tuple],
    "pairs": [StrOptions({"auto"}), "boolean"],
    "baselines": ["boolean"],
    "alpha": [Interval(numbers.Real, 0, 1, closed="neither")],
    "margin": [Interval(numbers.Real, 0, None, closed="left"), None],
    "random_state": ["random_state"],
    "n_jobs": [numbers.Integral, None],
    "verbose": ["verbose"],
}


def fusion_report(
    estimator: BaseMultimodal,
    X: TableLike,
    y: CellsLike,
    *,
    cv: CV = 5,
    scoring: str | Callable[..., Any] | None = None,
    fusions: Sequence[Any] = (),
    pairs: bool | Literal["auto"] = "auto",
    baselines: bool = True,
    groups: ArrayLike | None = None,
    alpha: float = 0.05,
    margin: float | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> FusionReport:
    """Report whether fusing the modalities helps on this data.

    On the same folds these are fitted and scored: each modality alone, each pair, all
    together as ``estimator`` is, all by each further fusion, the average of the single
    modalities' predictions, and baselines. Each column of a fold is read once for all
    of them. A corrected test then compares ``estimator`` and the further fusions with
    the best single modality, and a sentence says what it came to; it may be that the
    data do not tell.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        It is cloned. Modalities that are "auto" are detected on ``X`` once.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    cv : int, splitter or iterable, default=5
        An integer makes so many shuffled folds, stratified in classification, that
        keep ``groups`` together. Few folds find large gains only:
        ``RepeatedStratifiedKFold(n_splits=5, n_repeats=4)`` finds smaller ones, in
        four times the time.
    scoring : str or callable, default=None
        As in :func:`~sklearn.model_selection.cross_val_score`; None takes the
        estimator's ``score``.
    fusions : list, default=()
        Further fusions of all modalities: names, objects or classes. Each costs about
        a fit of ``estimator`` a fold, and makes the others harder to tell from chance,
        since the test is corrected for their number: name those that you would use.
    pairs : bool or "auto", default="auto"
        If True, fit each pair of modalities, where there are more than two. "auto"
        does so up to four modalities, whose pairs are six. Pairs are shown and not
        tested.
    baselines : bool, default=True
        If True, fit a linear model and boosted trees over all modalities' features:
        the estimator with ``heads=["linear"]`` and ``heads=["boosting"]``. They read
        any modality, and the blocks that are there already. The prior, which looks at
        no column, is always compared.
    groups : array-like of shape (n_samples,), default=None
        Groups that the folds, and the validation rows inside, keep together.
    alpha : float, default=0.05
        Level of the tests; intervals have the level 1 - ``alpha``.
    margin : float, default=None
        The smallest gain in score that matters. None stands for a twentieth of what
        the best single modality scores above the prior.
    random_state : int, RandomState or None, default=None
        Shuffles the folds and, where the estimator's own ``random_state`` is None,
        draws one integer for all models.
    n_jobs : int, default=None
        Processes, each with whole folds.
    verbose : int, default=0
        If positive, print a line for each model and fold.

    Returns
    -------
    report : FusionReport
        Printed, it is a table and the verdict; ``plot()`` draws it.

    Raises
    ------
    TypeError
        For an estimator that is not multimodal.
    ValueError
        For a single modality, parameters that cannot be, fewer than two folds, or
        scores that are not numbers.

    See Also
    --------
    FusionSearchCV : Choose among fusions and other parameters.

    Notes
    -----
    The scores of folds depend on one another, since their training rows overlap. The
    test is the t-test of Nadeau and Bengio [1]_, whose variance is larger for that.
    The single modality that scores highest on the same folds is flattered by being
    chosen, and another might truly be best. A fusion is therefore said to gain only if
    it scores higher than every single modality, each tested at the full level, and
    "no" only if the gain is below ``margin`` with a level divided by their number: both
    answers are the cautious ones. Over the fusions, levels are corrected by Holm's
    procedure [2]_.

    The verdict is

    - "yes" if a fusion is better than every single modality; of several, the estimator
      as it is comes first, then the largest gain;
    - "no" if for each fusion the interval of the gain ends below ``margin``, and
      something scores above the prior;
    - else "unclear", which more rows or repeated folds may change.

    References
    ----------
    .. [1] Nadeau, Bengio: Inference for the Generalization Error, Machine Learning 52,
       2003.
    .. [2] Holm: A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian
       Journal of Statistics 6, 1979.

    Examples
    --------
    >>> from skmm import MultimodalRegressor
    >>> from skmm.datasets import make_multimodal_regression
    >>> from skmm.model_selection import fusion_report
    >>> X, y = make_multimodal_regression(n_samples=300, random_state=0)
    >>> model = MultimodalRegressor(heads=["linear"])
    >>> report = fusion_report(model, X, y, cv=3, baselines=False, random_state=0)
    >>> report.answer
    'yes'
    >>> sorted(report.to_frame()["model"])
    ['all', 'late average', 'prior', 'tabular', 'text']
    """
    _check(estimator, locals())
    X, target = indexable(X, estimator._check_y(y))
    check_consistent_length(X, target, groups)
    base, names = write_down(estimator, X)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=2)
    if base.random_state is None:
        base.set_params(random_state=int(seeds[0]))
    n_unpaired = 0
    if pairs == "auto":
        pairs = len(names) <= MOST_PAIRED
        n_unpaired = 0 if pairs else len(names)
    contenders = list_contenders(
        base, names, fusions=list(fusions), pairs=pairs, baselines=baselines
    )
    for one in contenders:
        if one.params is not None:
            check_parts(make_candidate(base, one.params).get_params(deep=False))
    scorer = check_scoring(base, scoring=scoring)
    groups = None if groups is None else np.asarray(groups)
    splits = _split(cv, X, target, groups, is_classifier(base), int(seeds[1]))
    folds = Parallel(n_jobs=n_jobs)(
        delayed(score_contenders)(
            base,
            contenders,
            X,
            target,
            train,
            test,
            groups,
            scorer,
            _told(verbose, i, splits),
        )
        for i, (train, test) in enumerate(splits)
    )
    return make_report(
        contenders,
        folds,
        ratio=float(np.mean([len(test) / len(train) for train, test in splits])),
        n_samples=len(target),
        scoring=_name_score(scoring, base),
        alpha=alpha,
        margin=margin,
        n_unpaired=n_unpaired,
    )


def _check(estimator, params):
    """Raise for what cannot be reported, before anything is read."""
    if not isinstance(estimator, BaseMultimodal):
        raise TypeError(
            "fusion_report takes a MultimodalClassifier or a MultimodalRegressor; got "
            f"{type(estimator).__name__}. Of a pipeline pass its last step, and as X "
            "what the steps before it make of the rows."
        )
    estimator._validate_params()
    params = {name: params[name] for name in _CONSTRAINTS}
    validate_parameter_constraints(_CONSTRAINTS, params, caller_name="fusion_report")


def _split(cv, X, y, groups, is_classification, seed):
    """Return the folds, pairs of row numbers."""
    if cv is None or isinstance(cv, numbers.Integral):
        n_folds = 5 if cv is None else int(cv)
        if n_folds < 2:
            raise ValueError(f"cv={cv} makes no folds to compare on. Pass at least 2.")
        stratify = is_classification and type_of_target(y) in ("binary", "multiclass")
        by_rows, by_groups = (
            (StratifiedKFold, StratifiedGroupKFold) if stratify else (KFold, GroupKFold)
        )
        cls = by_rows if groups is None else by_groups
        cv = cls(n_folds, shuffle=True, random_state=seed)
    cv = check_cv(cv, y, classifier=is_classification)
    splits = list(cv.split(X, y, groups))
    if len(splits) < 2:
        raise ValueError(
            f"cv={cv!r} makes {len(splits)} fold, and a comparison needs at least two: "
            "from one nobody can tell how much scores vary."
        )
    return splits


def _name_score(scoring, base):
    if scoring is None:
        return "accuracy" if is_classifier(base) else "R²"
    if isinstance(scoring, str):
        return scoring.replace("_", " ").replace("roc auc", "ROC AUC")
    return getattr(scoring, "__name__", "score")


def _told(verbose, i, splits):
    return f"Fold {i + 1} of {len(splits)}" if verbose else None
