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

    What :class:`~sklearn.model_selection.GridSearchCV` does with
    ``{"fusion": fusions, **param_grid}``, without doing the same work again: the
    modalities of a fold are turned into blocks once, for all candidates that read them
    alike. A candidate that differs in its fusion, alignment, sizes or training fits no
    encoder at all; one that differs in a modality's encoder, or drops a modality,
    fits that encoder and shares the others. With an integer ``random_state`` on the
    estimator, and without halving, the scores are those of GridSearchCV, bit for bit.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor, default=None
        None stands for ``MultimodalClassifier()``.
    fusions : {"all", "fast"} or list, default="fast"
        "all" are the names in :data:`skmm.fusion.FUSIONS`, "fast" those in
        :data:`skmm.fusion.FAST_FUSIONS`, which cost little more than the encoders. A
        list holds names, :class:`~skmm.fusion.Fusion` objects (with options of their
        own, ``LowRankFusion(rank=4)``) and classes.
    param_grid : dict or list of dict, default=None
        Further parameters, as GridSearchCV takes them; each grid is crossed with the
        fusions. A grid with a key ``"fusion"`` of its own is taken as it is, so that
        ``[{}, {"fusion": ["low_rank"], "fusion__rank": [2, 8]}]`` searches over the
        fusions and over the options of one of them.
    scoring : str, callable, list, tuple or dict, default=None
        As in GridSearchCV; None takes the estimator's ``score``.
    n_jobs : int, default=None
        Processes, each with whole folds: more than there are folds are of no use.
    refit : bool, str or callable, default=True
        As in GridSearchCV: whether to fit the best candidate on all rows; with several
        metrics, by which of them.
    cv : int, splitter or iterable, default=None
        As in GridSearchCV; None are 5 folds, stratified in classification.
    halving : bool or float, default=False
        Successive halving: the candidates start on few of the training rows, the best
        ``1 / halving`` of them go on with ``halving`` times as many, and the last
        round has all rows. True stands for 3. Rows are drawn by class where possible;
        all candidates are tested on all test rows of the fold.
    verbose : int, default=0
        1 prints the number of fits, 2 a line for each.
    error_score : "raise" or float, default=np.nan
        The score of a candidate whose fit fails.
    return_train_score : bool, default=False
    random_state : int, RandomState or None, default=None
        Draws the rows for halving and, where the estimator's own ``random_state`` is
        None, one integer for all candidates and the refit: candidates that split off
        other validation rows would share nothing.

    Attributes
    ----------
    cv_results_ : dict of str to array
        Columns as of GridSearchCV, a row for each candidate (with halving for each
        candidate and round, with ``iter`` and ``n_resources``, the training rows), and

        - ``mean_preparation_time``: the part of ``mean_fit_time`` in which blocks were
          made. It falls to the first candidate of a fold that reads a modality so;
          those after it find the blocks.
        - ``mean_n_parameters``: numbers that are trained.
        - ``split0_test_score_bare``, ..., ``mean_test_score_bare``,
          ``std_test_score_bare``: the fused head alone, which is what
          ``heads=["fused"]`` gives, NaN without it; ``_mixed`` the mixture of the
          heads, NaN where one alone predicts. With several metrics their names are in
          the place of ``score``. Score time is that of the candidate as it is.
    best_estimator_ : MultimodalClassifier or MultimodalRegressor
        Fitted on all rows; with ``refit`` only.
    best_score_ : float
    best_params_ : dict
    best_index_ : int
        Row of ``cv_results_``; with halving one of the last round, unless ``refit`` is
        a callable.
    scorer_ : callable or dict
    n_splits_ : int
    refit_time_ : float
        Seconds.
    multimetric_ : bool
    classes_ : ndarray, or list of ndarray for several outputs
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    See Also
    --------
    sklearn.model_selection.GridSearchCV : The same over any parameters of any
        estimator; for a pipeline that ends in a multimodal estimator.
    skmm.MultimodalClassifier : What is searched over.

    Notes
    -----
    The blocks of all ways in which a grid reads the modalities lie in memory while a
    fold is evaluated, one fold for each process. An encoder is fitted anew for any of
    its parameters, also those of training (``text__dropout``), and where rows or
    weights are others: for another ``validation`` or ``class_weight``.

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
        """Fit, then give the best model's fused embedding of the rows.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        **params : dict of str to object
            As for ``fit``.

        Returns
        -------
        embedding : ndarray of shape (n_samples, n_embedding)
        """
        return self.fit(X, y, **params).transform(X)

    def _get_scorers(self):
        return super(FusionSearchCV, _with_default(self))._get_scorers()

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell which metadata go to the estimator, the scorer and the splitter.

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
