"""A grid search over fusions that prepares the data once a fold."""

from __future__ import annotations

import copy
import numbers
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._classifier import MultimodalClassifier
from skmm._training.preparation import check_parts
from skmm._utils.compat import BaseSearchCV, HasMethods, Interval, StrOptions
from skmm.fusion import FAST_FUSIONS, FUSIONS, make_fusion
from skmm.model_selection._base import SharingSearchCV
from skmm.model_selection._evaluation import make_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from sklearn.utils.metadata_routing import MetadataRouter

    from skmm._utils.typing import CV, ArrayLike, RandomState, TableLike, Transformed


def _with_default(search):
    """Return the search with an estimator in the place of None."""
    if search.estimator is not None:
        return search
    filled = copy.copy(search)
    filled.estimator = MultimodalClassifier()
    return filled


def _method_of_estimator(name):
    """Return scikit-learn's method; with estimator=None it is there before fit too."""
    method = vars(BaseSearchCV)[name]

    def check(self):
        return method.check(_with_default(self))

    return available_if(check)(method.fn)


class FusionSearchCV(SharingSearchCV):
    """Search over fusions, and further parameters, by cross-validation.

    It does what :class:`~sklearn.model_selection.GridSearchCV` does with
    ``{"fusion": fusions, **param_grid}``, but does not repeat work: in each fold, the
    modalities are turned into blocks once, for all candidates that read them in the
    same way. A candidate with another fusion, alignment, width or training option does
    not prepare any data again. A candidate with another encoder for a modality prepares
    only that modality, and one that drops a modality reuses the others. With an integer
    ``random_state`` on the estimator, and without halving, the scores equal those of
    GridSearchCV bit for bit.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor, default=None
        The estimator that is searched over. None stands for ``MultimodalClassifier()``.
    fusions : {"all", "fast"} or list, default="fast"
        The fusions to compare. "all" takes every name in :data:`skmm.fusion.FUSIONS`;
        "fast" takes the names in :data:`skmm.fusion.FAST_FUSIONS`, which cost little
        more than the encoders. A list may hold names, :class:`~skmm.fusion.Fusion`
        objects with options, such as ``LowRankFusion(rank=4)``, and classes.
    param_grid : dict or list of dict, default=None
        Further parameters, as in GridSearchCV. Each grid is combined with all fusions.
        A grid that has a key ``"fusion"`` is not combined with them, so
        ``[{}, {"fusion": ["low_rank"], "fusion__rank": [2, 8]}]`` searches over the
        fusions and over the options of one of them.
    scoring : str, callable, list, tuple or dict, default=None
        The scores to compute, as in GridSearchCV. None takes the ``score`` method of
        the estimator.
    n_jobs : int, default=None
        Number of processes. Each evaluates whole folds, so more processes than folds
        bring nothing. None means 1.
    refit : bool, str or callable, default=True
        If True, the best candidate is fitted on all rows at the end. With several
        scores, the name of the one that decides; or a function, as in GridSearchCV.
    cv : int, splitter or iterable, default=None
        Cross-validation splitting, as in GridSearchCV. None takes 5 folds, stratified
        for classification.
    halving : bool or float, default=False
        Factor of successive halving. The candidates start on few of the training rows;
        the best ``1 / halving`` of them continue with ``halving`` times as many rows,
        and the last round uses all rows. True stands for 3, False for no halving. Rows
        are drawn in the proportions of the classes where possible. Each candidate is
        tested on all test rows of the fold.
    verbose : int, default=0
        Amount of output. 1 prints the number of fits, 2 also a line for each fit.
    error_score : "raise" or float, default=np.nan
        Score of a candidate whose fit fails; "raise" raises the error.
    return_train_score : bool, default=False
        If True, ``cv_results_`` also has the scores on the training rows.
    random_state : int, RandomState or None, default=None
        Seed of the rows drawn for halving. If the estimator's own ``random_state`` is
        None, it also draws one integer as the ``random_state`` of all candidates and of
        the final fit: candidates with different validation rows could share no blocks.

    Attributes
    ----------
    cv_results_ : dict of str to array
        Columns as in GridSearchCV, with one row for each candidate. With halving there
        is one row for each candidate and round, and the columns ``iter`` and
        ``n_resources`` (the number of training rows). Further columns:

        - ``mean_preparation_time``: the part of ``mean_fit_time`` in which blocks were
          made. It is counted for the first candidate of a fold that needs a block;
          later candidates reuse it.
        - ``mean_n_parameters``: the number of trained parameters.
        - ``split0_test_score_bare``, ..., ``mean_test_score_bare``,
          ``std_test_score_bare``: scores of the fused head alone, as with
          ``heads=["fused"]``; NaN without it. Columns ending in ``_mixed`` have the
          scores of the mixture of the heads; NaN if there is only one head. With
          several scores, their names take the place of ``score``. The score time is
          that of the usual prediction.
    best_estimator_ : MultimodalClassifier or MultimodalRegressor
        The best candidate, fitted on all rows; only with ``refit``.
    best_score_ : float
        Mean test score of the best candidate.
    best_params_ : dict
        Parameters of the best candidate.
    best_index_ : int
        Row of the best candidate in ``cv_results_``. With halving it is a row of the
        last round, unless ``refit`` is a function.
    scorer_ : callable or dict
        The scoring function, or a dict of them.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the fit on all rows.
    multimetric_ : bool
        True if there are several scores.
    classes_ : ndarray, or list of ndarray for several outputs
        Classes of the best estimator.
    n_features_in_ : int
        Number of columns of X at fit.
    feature_names_in_ : ndarray of str
        Names of the columns of X at fit, if all are strings.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : Search over any parameters of any estimator,
        for example of a pipeline that ends in a multimodal estimator.
    skmm.MultimodalClassifier : The estimator that is searched over.

    Notes
    -----
    While a fold is evaluated, the blocks for all encoders of the grid are in memory; a
    process evaluates one fold at a time. A modality is prepared again for each value of
    its encoder's parameters, also those of training such as ``text__dropout``, and
    where the training rows or weights differ: for another ``validation`` or
    ``class_weight``.

    References
    ----------
    Jamieson, Talwalkar: Non-stochastic Best Arm Identification and Hyperparameter
    Optimization, AISTATS 2016 (successive halving).

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.model_selection import FusionSearchCV
    >>> X, y = make_multimodal_classification(n_samples=120, random_state=0)
    >>> model = MultimodalClassifier(max_epochs=2, random_state=0)
    >>> search = FusionSearchCV(model, ["concat", "gated"], cv=2).fit(X, y)
    >>> [params["fusion"] for params in search.cv_results_["params"]]
    ['concat', 'gated']
    >>> search.predict_proba(X).shape
    (120, 2)
    >>> list(search.leaderboard())
    ['rank', 'fusion', 'mean_score', 'std_score', 'fit_seconds']
    """

    _parameter_constraints = {
        **SharingSearchCV._parameter_constraints,
        "estimator": [HasMethods(["fit"]), None],
        "fusions": [StrOptions({"all", "fast"}), list, tuple],
        "param_grid": [dict, list, None],
        "halving": ["boolean", Interval(numbers.Real, 1, None, closed="neither")],
        "random_state": ["random_state"],
    }
    del _parameter_constraints["pre_dispatch"]

    def __init__(
        self,
        estimator: BaseMultimodal | None = None,
        fusions: Literal["all", "fast"] | list[Any] | tuple[Any, ...] = "fast",
        *,
        param_grid: Mapping[str, Any] | list[dict[str, Any]] | None = None,
        scoring: str
        | Callable[..., Any]
        | Sequence[str]
        | Mapping[str, Any]
        | None = None,
        n_jobs: int | None = None,
        refit: bool | str | Callable[..., Any] = True,
        cv: CV = None,
        halving: bool | float = False,
        verbose: int = 0,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.fusions = fusions
        self.param_grid = param_grid
        self.halving = halving
        self.random_state = random_state

    def _candidates(self):
        """Return estimator and candidates; raise for what does not exist."""
        base = clone(_with_default(self).estimator)
        if not isinstance(base, BaseMultimodal):
            raise TypeError(
                "FusionSearchCV takes a MultimodalClassifier or a MultimodalRegressor; "
                f"got {type(base).__name__}. For a pipeline that ends in one use "
                "GridSearchCV, with '<step>__fusion' in its param_grid."
            )
        named = {"all": FUSIONS, "fast": FAST_FUSIONS}
        fusions = self.fusions
        fusions = list(named[fusions] if isinstance(fusions, str) else fusions)
        grids = self.param_grid
        grids = grids if isinstance(grids, list) else [grids or {}]
        if not fusions or not grids:
            raise ValueError(
                f"There is nothing to search over: fusions={self.fusions!r}, "
                f"param_grid={self.param_grid!r}. Name at least one fusion, or leave "
                "fusions='fast'; param_grid=None adds nothing to them."
            )
        for fusion in fusions:
            make_fusion(fusion)
        candidates = list(ParameterGrid([{"fusion": fusions, **g} for g in grids]))
        for params in candidates:
            check_parts(make_candidate(base, params).get_params(deep=False))
        return base, candidates

    def leaderboard(self, metric: str | None = None) -> pd.DataFrame:
        """Return the candidates in few columns, the best first.

        Parameters
        ----------
        metric : str, default=None
            One of several metrics; None is the only one, or that of ``refit``.

        Returns
        -------
        table : DataFrame
            A row for each candidate (with halving, for each candidate and round, the
            last round first), with the columns ``rank``, each parameter that is
            searched over, ``mean_score``, ``std_score`` and ``fit_seconds``.

        Raises
        ------
        ValueError
            For a metric that there is not, or where several leave it open.
        """
        import pandas as pd

        check_is_fitted(self)
        results = self.cv_results_
        ranked = [name[10:] for name in results if name.startswith("rank_test_")]
        if metric is None and self.multimetric_:
            metric = self.refit if isinstance(self.refit, str) else None
        elif metric is None:
            metric = "score"
        if metric not in ranked:
            raise ValueError(
                f"metric={metric!r} is not among the metrics of this search: "
                f"{', '.join(map(repr, ranked))}. Name one of them."
            )
        names = list(dict.fromkeys(name for one in results["params"] for name in one))
        columns = {"rank": results[f"rank_test_{metric}"]}
        if self.halving:
            columns["iter"] = results["iter"]
        for name in names:
            columns[name] = [one.get(name) for one in results["params"]]
        columns["mean_score"] = results[f"mean_test_{metric}"]
        columns["std_score"] = results[f"std_test_{metric}"]
        columns["fit_seconds"] = results["mean_fit_time"]
        table = pd.DataFrame(columns)
        order = {"iter": False, "rank": True} if self.halving else {"rank": True}
        return table.sort_values(
            list(order),
            ascending=list(order.values()),
            kind="stable",
            ignore_index=True,
        )

    # -- what BaseSearchCV reads off the estimator, which may be None -----------------

    predict = _method_of_estimator("predict")
    predict_proba = _method_of_estimator("predict_proba")
    predict_log_proba = _method_of_estimator("predict_log_proba")
    transform = _method_of_estimator("transform")

    def fit_transform(
        self, X: TableLike, y: ArrayLike | None = None, **params: Any
    ) -> Transformed:
        """Fit, then return the best model's fused embedding of the rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        **params : dict of str to object
            Arguments as for ``fit``.

        Returns
        -------
        embedding : ndarray of shape (n_samples, n_embedding)
        """
        return self.fit(X, y, **params).transform(X)

    def _get_scorers(self):
        return super(FusionSearchCV, _with_default(self))._get_scorers()

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata go to the estimator, the scorer and the splitter.

        Returns
        -------
        routing : MetadataRouter
        """
        return super(FusionSearchCV, _with_default(self)).get_metadata_routing()

    def _sk_visual_block_(self):
        return super(FusionSearchCV, _with_default(self))._sk_visual_block_()

    def __sklearn_tags__(self):
        filled = _with_default(self)
        tags = super(FusionSearchCV, filled).__sklearn_tags__()
        of_estimator = get_tags(filled.estimator)
        for some in ("input_tags", "target_tags", "transformer_tags"):
            setattr(tags, some, copy.deepcopy(getattr(of_estimator, some)))
        return tags
