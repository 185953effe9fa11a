"""Base of searches over multimodal estimators: each fold's blocks are made once."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, indexable
from sklearn.utils.multiclass import type_of_target

from skmm._utils.compat import (
    BaseSearchCV,
    MultimetricScorer,
    Parallel,
    check_method_params,
    delayed,
    fit_context,
    insert_error_scores,
    warn_or_raise_about_fit_failures,
)
from skmm.model_selection._evaluation import (
    add_columns,
    evaluate_fold,
    make_candidate,
    mean_scores,
)
from skmm.model_selection._halving import make_rounds, survivors

if TYPE_CHECKING:
    from skmm._utils.typing import ArrayLike, TableLike


class SharingSearchCV(BaseSearchCV):
    """A search that evaluates fold by fold, so that the candidates can share blocks.

    scikit-learn's own ``fit`` may evaluate each pair of candidate and fold in another
    process. A subclass has the parameters ``halving`` and ``random_state``, and returns
    the candidates.
    """

    def _candidates(self):
        """Return the estimator and the list of the candidates' parameters."""
        raise NotImplementedError

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: TableLike, y: ArrayLike | None = None, **params: Any) -> Self:
        """Evaluate all candidates, then fit the best one on all rows.

        Parameters
        ----------
        X : DataFrame (pandas or polars) or array of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target; it has a default only for scikit-learn's signature.
        **params : dict of str to object
            Arguments for the estimator's ``fit``, the scorer and the splitter, as in
            GridSearchCV: ``groups`` is passed to the splitter, and ``sample_weight`` is
            split with the rows, unless metadata routing says otherwise.

        Returns
        -------
        self : FusionSearchCV

        Raises
        ------
        TypeError
            If the estimator has no parameter ``fusion``.
        ValueError
            If a fusion or a parameter does not exist, or the target cannot be learned;
            this is checked before anything is fitted. Also if all fits fail.
        """
        base, candidates = self._candidates()
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        if base.random_state is None:
            base.set_params(random_state=int(seeds[0]))
        scorers, _ = self._get_scorers()
        if isinstance(scorers, MultimetricScorer):
            self._metric(scorers._scorers)
        X, y = indexable(X, y)
        base._check_y(y)
        params = check_method_params(X, params)
        routed = self._get_routed_params_for_fit(params)
        task = {"estimator": self, "X": X, "y": y}
        if params.get("sample_weight") is not None:
            task["metadata"] = {"sample_weight": params["sample_weight"]}
        root = self._init_callback_context(max_subtasks=1 + (self.refit is not False))
        root.call_on_fit_task_begin(**task)
        options = {
            "scorer": scorers,
            "fit_params": routed.estimator.fit,
            "score_params": routed.scorer.score,
            "error_score": self.error_score,
            "return_train_score": self.return_train_score,
            "verbose": self.verbose,
            "caller": self,
        }
        splits = self._splits(X, y, routed.splitter.split)
        rounds = self._rounds(splits, y, len(candidates), int(seeds[1]))
        results, metric = self._search(base, candidates, X, y, rounds, options, root)
        self._choose(results, metric)
        if self.refit:
            self._refit(base, task, routed.estimator.fit, root)
        # Without the scorers' wrapping, as scikit-learn's searches keep them.
        several = isinstance(scorers, MultimetricScorer)
        self.scorer_ = scorers._scorers if several else scorers
        self.cv_results_ = results
        root.call_on_fit_task_end(**task)
        return self

    def _splits(self, X, y, params):
        cv = check_cv(self.cv, y, classifier=is_classifier(self))
        splits = list(cv.split(X, y, **params))
        n_splits = cv.get_n_splits(X, y, **params)
        if len(splits) != n_splits:
            raise ValueError(
                "cv.split and cv.get_n_splits return inconsistent results. Expected "
                f"{n_splits} splits, got {len(splits)}"
            )
        self.n_splits_ = n_splits
        return splits

    def _rounds(self, splits, y, n_candidates, seed):
        """List (training rows, splits); one round without halving."""
        if not self.halving:
            return [(None, splits)]
        classes = is_classifier(self) and type_of_target(y) in ("binary", "multiclass")
        return make_rounds(
            splits, y, n_candidates, self._factor, stratify=classes, random_state=seed
        )

    @property
    def _factor(self):
        return 3 if self.halving is True else self.halving

    # -- the search -----------------------------------------------------------------

    def _search(self, base, candidates, X, y, rounds, options, root):
        """Evaluate round by round; give ``cv_results_`` and the metric that decides."""
        tried, out, columns = [], [], {"iter": [], "n_resources": []}
        context = root
        if self.halving:
            context = root.subcontext(task_name="search", max_subtasks=len(rounds))
            context.call_on_fit_task_begin(estimator=self)
        with Parallel(n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch) as parallel:
            for i, (n_resources, folds) in enumerate(rounds):
                fold = functools.partial(
                    evaluate_fold, base, candidates, X, y, options=options
                )
                found = self._evaluate(parallel, fold, folds, candidates, context)
                metric = self._metric(found[0]["test_scores"])
                tried, out = tried + candidates, out + found
                columns["iter"] += [i] * len(candidates)
                columns["n_resources"] += [n_resources] * len(candidates)
                if self.halving:
                    scores = mean_scores(found, metric, len(folds))
                    kept = survivors(scores, self._factor)
                    candidates = [candidates[k] for k in kept]
        if self.halving:
            context.call_on_fit_task_end(estimator=self)
        columns = columns if self.halving else None
        results = self._format_results(tried, self.n_splits_, out, columns)
        add_columns(results, out, self.n_splits_)
        self.multimetric_ = isinstance(out[0]["test_scores"], dict)
        return results, metric

    def _evaluate(self, parallel, evaluate, folds, candidates, context):
        """Evaluate candidates on folds; give results, candidate by candidate."""
        n_fits = len(candidates) * len(folds)
        if self.verbose > 0:
            print(
                f"Fitting {len(folds)} folds for each of {len(candidates)} candidates, "
                f"totalling {n_fits} fits"
            )
        context = context.subcontext(
            task_name="halving-iteration" if self.halving else "search",
            max_subtasks=n_fits,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        contexts = [
            context.subcontext(task_name="candidate-split-evaluation", task_id=i)
            for i in range(n_fits)
        ]
        found = parallel(
            delayed(evaluate)(train, test, contexts[i :: len(folds)])
            for i, (train, test) in enumerate(folds)
        )
        context.call_on_fit_task_end(estimator=self)
        found = [result for of_candidate in zip(*found) for result in of_candidate]
        warn_or_raise_about_fit_failures(found, self.error_score)
        if callable(self.scoring):
            # Only now is it known whether it gives one score or several.
            insert_error_scores(found, self.error_score)
        return found

    def _metric(self, scores):
        """Return the name of the deciding metric, by a candidate's score or scores.

        Of several metrics it is ``refit``, which need not be a name without halving.
        """
        if not isinstance(scores, dict):
            return "score"
        self._check_refit_for_multimetric(scores)
        if self.halving and not isinstance(self.refit, str):
            raise ValueError(
                f"Of several metrics ({', '.join(scores)}) halving must know the one "
                "by which candidates go on: set refit to its name."
            )
        return self.refit

    # -- the best one ---------------------------------------------------------------

    def _choose(self, results, metric):
        if metric is False:
            return
        if callable(self.refit):
            best = self._select_best_index(self.refit, metric, results)
        else:
            last = slice(None)
            if self.halving:
                last = results["iter"] == results["iter"].max()
            rows = np.arange(len(results["params"]))[last]
            best = rows[results[f"rank_test_{metric}"][rows].argmin()]
            self.best_score_ = results[f"mean_test_{metric}"][best]
        self.best_index_ = best
        self.best_params_ = results["params"][best]

    def _refit(self, base, task, fit_params, root):
        best = make_candidate(base, self.best_params_)
        context = root.subcontext(task_name="refit-with-best-params")
        start = time.perf_counter()
        with context.propagate_callback_context(best):
            context.call_on_fit_task_begin(**task)
            best.fit(task["X"], task["y"], **fit_params)
        self.refit_time_ = time.perf_counter() - start
        context.call_on_fit_task_end(**task)
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
