"""What each modality brings to the score of a fitted estimator."""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import check_consistent_length

from skmm._utils.compat import (
    HasMethods,
    Interval,
    Parallel,
    StrOptions,
    check_sample_weight,
    delayed,
)
from skmm._utils.validation import check_arguments
from skmm.inspection._coalitions import ablation, exact_shapley, sampled_shapley
from skmm.inspection._hiding import (
    HiddenColumns,
    HiddenModalities,
    open_estimator,
    view_of,
)
from skmm.inspection._scores import (
    Scores,
    draw_counts,
    log_loss_of_classes,
    name_scoring,
    resampled_means,
)
from skmm.inspection._shuffling import measure_by_shuffling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sklearn.base import BaseEstimator

    from skmm._utils.typing import (
        ArrayLike,
        CellsLike,
        Columns,
        Label,
        RandomState,
        TableLike,
    )

#: Players up to which all coalitions are looked at, and the permutations beyond. A
#: coalition of columns has to be read anew.
_OF_MODALITIES, _OF_COLUMNS = (10, 40), (7, 10)

_CONSTRAINTS = {
    "estimator": [HasMethods("fit")],
    "scoring": [str, callable, None],
    "method": [StrOptions({"shapley", "permutation", "ablation"})],
    "level": [StrOptions({"modality", "column"})],
    "groups": [dict, None],
    "head": [str, None],
    "n_repeats": [Interval(numbers.Integral, 1, None, closed="left")],
    "n_permutations": [
        StrOptions({"auto"}),
        Interval(numbers.Integral, 1, None, closed="left"),
    ],
    "n_bootstraps": [Interval(numbers.Integral, 0, None, closed="left")],
    "confidence_level": [Interval(numbers.Real, 0, 1, closed="neither")],
    "per_class": ["boolean"],
    "random_state": ["random_state"],
    "n_jobs": [numbers.Integral, None],
}


def modality_importance(
    estimator: BaseEstimator,
    X: TableLike,
    y: CellsLike,
    *,
    scoring: str | Callable[..., float] | None = None,
    method: Literal["shapley", "permutation", "ablation"] = "shapley",
    level: Literal["modality", "column"] = "modality",
    groups: Mapping[Label, Columns] | None = None,
    head: str | None = None,
    n_repeats: int = 5,
    n_permutations: int | Literal["auto"] = "auto",
    n_bootstraps: int = 200,
    confidence_level: float = 0.95,
    per_class: bool = False,
    sample_weight: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
) -> Bunch:
    """Measure what each modality brings to the score of a fitted estimator.

    A modality is hidden by telling the estimator that no row has it, and the score of
    what it then predicts is compared. Rows without any modality get the estimator's
    prior: the classes' shares in training, or the mean of the target. Any other
    estimator can be measured by shuffling a modality's cells among the rows.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted. It may be what a search found, or the last step of a Pipeline; by
        permutation any fitted estimator.
    X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        Rows to measure on, best such as the estimator has not been fitted on. They are
        read and transformed once.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        True targets.
    scoring : str or callable, default=None
        A metric of scikit-learn by name, or a function of an estimator, X and y. None
        is the score of the estimator, accuracy or R². ``"neg_log_loss"`` sees more of
        a classifier than accuracy does: gains in probability that change no label.
    method : {"shapley", "permutation", "ablation"}, default="shapley"
        How scores become importances.

        - ``"shapley"``: a modality's Shapley value [1]_, its mean gain over all orders
          in which the modalities can be added. The values sum to ``score`` minus
          ``baseline_score``.
        - ``"ablation"``: what is lost without the modality, and beside it what the
          modality brings alone. Where two modalities say the same, neither is missed
          when it is left out.
        - ``"permutation"``: what is lost if all columns of the modality are shuffled
          among the rows, by the same permutation [3]_. For any fitted estimator.
    level : {"modality", "column"}, default="modality"
        Whether each modality or each of its columns is measured. The cells of a hidden
        column are missing. What is left of its modality is read anew for each
        coalition, which takes much longer than hiding a modality.
    groups : dict of {str: columns}, default=None
        Columns that are measured as one, by name, in place of ``level``. Columns that
        are in no group are always seen. None stands for the estimator's modalities;
        those of an estimator of others are detected in X, see
        :func:`~skmm.detect_modalities`.
    head : str, default=None
        One of the estimator's heads, such as ``"fused"``, to be measured alone. None
        measures what the estimator predicts, the mixture of its heads.
    n_repeats : int, default=5
        How often a modality is shuffled; of ``"permutation"``.
    n_permutations : int or "auto", default="auto"
        Number of random orders that Shapley values are estimated from, in pairs of
        opposite orders. ``"auto"`` looks at all ``2 ** M`` coalitions of up to 10
        modalities, and at 40 orders of more; of columns, which have to be read anew,
        up to 7, and 10 orders of more.
    n_bootstraps : int, default=200
        Number of bootstrap samples of the rows, for standard deviations and intervals.
        The estimator does not predict again for them. Rows are drawn within their
        class. Not of ``"permutation"``.
    confidence_level : float, default=0.95
        Of the intervals, from a quantile of the bootstrap samples to another.
    per_class : bool, default=False
        If True, importances for each class are measured besides: by the log-loss of
        the class against all others, negated, whatever ``scoring`` is.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the score.
    random_state : int, RandomState instance or None, default=None
        Determines bootstrap samples and random orders.
    n_jobs : int, default=None
        Number of threads that predict at the same time; of an estimator of others,
        processes.

    Returns
    -------
    result : :class:`~sklearn.utils.Bunch`
        With these entries, for M modalities:

        names : list of length M
            The modalities, columns or groups.
        importances_mean : ndarray of shape (M,)
            The importances, on all rows.
        importances_std : ndarray of shape (M,)
            Their standard deviations over the bootstrap samples; over the repeats of
            ``"permutation"``.
        importances_interval : ndarray of shape (M, 2)
            Their confidence intervals; NaN without bootstrap samples. Not of
            ``"permutation"``.
        importances : ndarray of shape (M, n_bootstraps) or (M, n_repeats)
            The importances on each bootstrap sample, or of each repeat.
        interactions : ndarray of shape (M, M)
            Shapley interaction index of each pair [2]_: what two modalities bring
            together beyond what each brings without the other. Positive where they
            tell more together, negative where they say the same; the diagonal is 0.
            Of ``"shapley"`` with all coalitions.
        alone_mean, alone_std, alone_interval, alone : ndarray
            The same as the importances, of what each modality brings alone; of
            ``"ablation"``.
        score : float
            The score with all modalities.
        baseline_score : float
            The score with none. This and what follows is not of ``"permutation"``.
        coalitions : ndarray of bool of shape (n_coalitions, M)
            Which modalities were seen.
        coalition_scores : ndarray of shape (n_coalitions,)
            The score of each coalition.
        sampling_error : ndarray of shape (M,)
            Standard errors that are due to looking at random orders only, where that
            is so; NaN for a single pair of orders.
        classes : ndarray of shape (n_classes,)
            With ``per_class``; and beside it ``class_importances_mean``, of shape (M,
            n_classes), ``class_importances_std``, ``class_importances_interval``, of
            shape (M, 2, n_classes), ``class_score`` and ``class_baseline_score``.
        method : str
            As given.
        scoring : str
            Name of the metric; that of a function is its own.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it holds no MultimodalClassifier or MultimodalRegressor, and the method is
        not ``"permutation"``.
    ValueError
        For an unknown head or column, a column in several groups, or ``per_class``
        where there are no classes.

    Notes
    -----
    The estimator predicts ``2 ** M`` times for Shapley values, ``2 * M + 2`` times for
    an ablation and ``M * n_repeats`` times for permutations. It was not trained on rows
    without a modality unless the data had some, or ``modality_dropout`` hid some: what
    a modality brings is what it brings to this estimator, and not what one fitted
    without it would do.

    References
    ----------
    .. [1] Shapley: A value for n-person games, Contributions to the Theory of Games
       2, 1953.
    .. [2] Grabisch, Roubens: An axiomatic approach to the concept of interaction among
       players in cooperative games, International Journal of Game Theory 28, 1999.
    .. [3] Breiman: Random forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.inspection import modality_importance
    >>> X, y = make_multimodal_classification(
    ...     n_samples=600, signal="text", random_state=0
    ... )
    >>> model = MultimodalClassifier(max_epochs=4, random_state=0).fit(X[:400], y[:400])
    >>> result = modality_importance(model, X[400:], y[400:], random_state=0)
    >>> result.names[result.importances_mean.argmax()]
    'text'
    """
    check_arguments(locals(), _CONSTRAINTS, "modality_importance")
    if y is None:
        raise ValueError(
            "modality_importance compares predictions with the target: pass y."
        )
    check_consistent_length(X, y, sample_weight)
    if sample_weight is not None:
        sample_weight = check_sample_weight(sample_weight, X, ensure_non_negative=True)
    rng = check_random_state(random_state)
    if method == "permutation":
        if per_class:
            raise ValueError(
                "per_class=True hides modalities and does not shuffle them. Use "
                "method='shapley' or 'ablation'."
            )
        return measure_by_shuffling(
            estimator,
            X,
            y,
            scoring=scoring,
            level=level,
            groups=groups,
            head=head,
            n_repeats=n_repeats,
            weight=sample_weight,
            rng=rng,
            n_jobs=n_jobs,
        )
    inner, X = open_estimator(
        estimator,
        X,
        f"method={method!r}",
        " Use method='permutation', which takes any fitted estimator.",
    )
    y = inner._check_y(y)
    if per_class:
        _check_per_class(inner, y)
    players: HiddenModalities | HiddenColumns
    if level == "modality" and groups is None:
        players = HiddenModalities(inner, X, head)
        limits = _OF_MODALITIES
    else:
        players = HiddenColumns(inner, X, head, level, groups)
        limits = _OF_COLUMNS
    coalitions = _choose_coalitions(
        method, len(players.names), n_permutations, limits, rng
    )
    counts = draw_counts(y, n_bootstraps, rng, is_classifier(inner))
    score = Scores(inner, X, y, scoring, sample_weight, counts)

    def evaluate(blocks):
        logits = players.learner.predict(blocks)
        if not per_class:
            return score(logits), None
        of_rows = log_loss_of_classes(view_of(inner, X, logits), X, y)
        every = np.ones((1, len(y)), dtype=np.uint8)
        means = [resampled_means(of_rows, c, sample_weight) for c in (every, counts)]
        return score(logits), np.concatenate(means)

    # Threads share the blocks; torch and the trees compute outside of Python's lock.
    found = Parallel(n_jobs=n_jobs, require="sharedmem")(
        delayed(evaluate)(players.see(seen)) for seen in coalitions.members
    )
    scores, of_classes = zip(*found)
    result = _summarise(coalitions, np.array(scores), confidence_level)
    if per_class:
        found = _summarise(coalitions, np.array(of_classes), confidence_level)
        classes = {f"class_{key}": found[key] for key in _OF_CLASSES}
        result.update(classes, classes=inner.classes_)
    return Bunch(
        names=players.names,
        method=method,
        scoring=name_scoring(inner, scoring),
        **result,
    )


#: What there is of single classes too.
_OF_CLASSES = (
    "importances_mean",
    "importances_std",
    "importances_interval",
    "score",
    "baseline_score",
)


def _choose_coalitions(method, n, n_permutations, limits, rng):
    if method == "ablation":
        return ablation(n)
    if n_permutations == "auto":
        most, n_permutations = limits
        if n <= most:
            return exact_shapley(n)
    return sampled_shapley(n, n_permutations, rng)


def _check_per_class(estimator, y):
    if not is_classifier(estimator):
        raise ValueError(
            f"per_class=True is for classifiers, and this is "
            f"{type(estimator).__name__}. Leave it out."
        )
    if isinstance(estimator.classes_, list):
        raise ValueError(
            "per_class=True is for one output, or for several labels of 0 and 1; this "
            f"classifier has {len(estimator.classes_)} outputs of several classes."
        )


def _summarise(coalitions, scores, confidence_level):
    """Return what is made of scores, a dict.

    Parameters
    ----------
    coalitions : Coalitions
    scores : ndarray of shape (n_coalitions, 1 + n_bootstraps, ...)
        On all rows, then on each bootstrap sample.
    confidence_level : float
    """
    members, seen = coalitions.members, coalitions.members.sum(axis=1)
    full, empty = seen.argmax(), seen.argmin()
    result = {
        **_describe(coalitions.weights, scores, confidence_level),
        "score": scores[full, 0],
        "baseline_score": scores[empty, 0],
        "coalitions": members,
        "coalition_scores": scores[:, 0],
    }
    if coalitions.alone is not None:
        result |= _describe(coalitions.alone, scores, confidence_level, "alone_")
    if coalitions.interactions is not None:
        result["interactions"] = np.tensordot(coalitions.interactions, scores[:, 0], 1)
    if coalitions.samples is not None:
        each = np.tensordot(coalitions.samples, scores[:, 0], 1)
        n = len(each)
        spread = each.std(axis=0, ddof=1) if n > 1 else np.full(each.shape[1:], np.nan)
        result["sampling_error"] = spread / np.sqrt(n)
    return result


def _describe(weights, scores, confidence_level, prefix="importances_"):
    """Return weighted sums of scores, their spread over samples and their bounds."""
    values = np.tensordot(weights, scores, 1)
    samples = values[:, 1:]
    std = np.full(samples[:, :0].sum(axis=1).shape, np.nan)
    intervals = np.stack([std, std], axis=1)
    if samples.shape[1]:
        std = samples.std(axis=1)
        rest = (1 - confidence_level) / 2
        bounds = np.quantile(samples, [rest, 1 - rest], axis=1)
        intervals = np.moveaxis(bounds, 0, 1)
    return {
        prefix.removesuffix("_"): samples,
        f"{prefix}mean": values[:, 0],
        f"{prefix}std": std,
        f"{prefix}interval": intervals,
    }
