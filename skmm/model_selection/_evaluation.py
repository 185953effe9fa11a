"""All candidates on one fold, and what of it goes into ``cv_results_``."""

import time
from traceback import format_exc

import numpy as np
from sklearn.base import clone

from skmm._utils.compat import (
    MultimetricScorer,
    check_method_params,
    safe_split,
    score_estimator,
)
from skmm._utils.step_cache import StepCache


def make_candidate(base, params):
    """Return a clone of the estimator with a candidate's parameters."""
    candidate = clone(base).set_params(**clone(params, safe=False))
    if isinstance(base.validation, tuple) and "validation" not in params:
        # The very same rows and no copies: they are read once for all candidates.
        candidate.validation = base.validation
    return candidate


def evaluate_fold(base, candidates, X, y, train, test, contexts, options):
    """Fit and score the candidates one after another, on blocks that they share.

    Parameters
    ----------
    base : MultimodalClassifier or MultimodalRegressor
    candidates : list of dict
    X, y : the data of all folds
    train, test : ndarray of int
    contexts : list of CallbackContext
        One for each candidate.
    options : dict
        What all folds have in common: scorer, fit_params, score_params, error_score,
        return_train_score, verbose, caller.

    Returns
    -------
    results : list of dict
        One for each candidate, as scikit-learn's ``_fit_and_score`` gives them, with
        ``preparation_time``, ``n_parameters``, ``mixes`` and ``bare_scores`` besides.
    """
    # Cut once: the step cache knows rows by the frame that they lie in.
    train_set = safe_split(base, X, y, train)
    test_set = safe_split(base, X, y, test, train)
    options = dict(options)
    fit_params, score_params = options.pop("fit_params"), options.pop("score_params")
    fold = _Fold(
        train_set,
        test_set,
        fit_params=check_method_params(X, fit_params, indices=train),
        score_params_train=check_method_params(X, score_params, indices=train),
        score_params_test=check_method_params(X, score_params, indices=test),
        **options,
    )
    return [
        fold.evaluate(make_candidate(base, params), params, context)
        for params, context in zip(candidates, contexts)
    ]


class _Fold:
    def __init__(
        self,
        train_set,
        test_set,
        *,
        fit_params,
        score_params_train,
        score_params_test,
        scorer,
        error_score,
        return_train_score,
        verbose,
        caller,
    ):
        self.train_set = train_set
        self.test_set = test_set
        self.fit_params = fit_params
        self.score_params_train = score_params_train
        self.score_params_test = score_params_test
        self.scorer = scorer
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.verbose = verbose
        self.caller = caller
        self.cache = StepCache()

    def evaluate(self, estimator, params, context):
        estimator._steps = self.cache
        prepared, start = self.cache.seconds, time.perf_counter()
        result = {"fit_error": None, "mixes": False, "n_parameters": np.nan}
        try:
            self._fit(estimator, context)
        except Exception:
            if self.error_score == "raise":
                raise
            result["fit_error"] = format_exc()
        result["fit_time"] = time.perf_counter() - start
        result["preparation_time"] = self.cache.seconds - prepared
        start = time.perf_counter()
        if result["fit_error"] is None:
            result["n_parameters"] = estimator.n_parameters_
            result["mixes"] = len(estimator.head_weights_) > 1
            result["test_scores"] = self._score(estimator)
        else:
            result["test_scores"] = self._error_scores()
        # As scikit-learn has it: without the training rows', and the bare ones here.
        result["score_time"] = time.perf_counter() - start
        result["bare_scores"] = result["test_scores"]
        if result["fit_error"] is None and "fused" not in estimator.head_weights_:
            result["bare_scores"] = None
        elif result["mixes"]:
            result["bare_scores"] = self._score(estimator._fused_only())
        if self.return_train_score:
            failed = result["fit_error"] is not None
            result["train_scores"] = (
                self._error_scores() if failed else self._score(estimator, train=True)
            )
        if self.verbose > 1:
            shown = ", ".join(f"{key}={value}" for key, value in params.items())
            seconds = result["fit_time"] + result["score_time"]
            print(f"[CV] {shown}: test={result['test_scores']}, {seconds:.1f} s")
        return result

    def _fit(self, estimator, context):
        X, y = self.train_set
        task = {"estimator": self.caller, "X": X, "y": y}
        if self.fit_params.get("sample_weight") is not None:
            task["metadata"] = {"sample_weight": self.fit_params["sample_weight"]}
        try:
            with context.propagate_callback_context(estimator):
                context.call_on_fit_task_begin(**task)
                estimator.fit(X, y, **self.fit_params)
        finally:
            context.call_on_fit_task_end(**task)

    def _score(self, estimator, train=False):
        X, y = self.train_set if train else self.test_set
        params = self.score_params_train if train else self.score_params_test
        return score_estimator(estimator, X, y, self.scorer, params, self.error_score)

    def _error_scores(self):
        if isinstance(self.scorer, MultimetricScorer):
            return dict.fromkeys(self.scorer._scorers, self.error_score)
        return self.error_score


def mean_scores(out, metric, n_splits):
    """Return each candidate's mean test score."""
    scores = [_one(result["test_scores"], metric) for result in out]
    return np.reshape(scores, (-1, n_splits)).mean(axis=1)


def add_columns(results, out, n_splits):
    """Add to ``cv_results_`` what scikit-learn has not.

    Parameters
    ----------
    results : dict
        Changed in place.
    out : list of dict
        What :func:`evaluate_fold` gave, candidate by candidate.
    n_splits : int
    """

    def store(key, values, splits=False):
        values = np.array(values, dtype=np.float64).reshape(-1, n_splits)
        if splits:
            for i in range(n_splits):
                results[f"split{i}_{key}"] = values[:, i]
        results[f"mean_{key}"] = values.mean(axis=1)
        results[f"std_{key}"] = values.std(axis=1)

    for key in ("preparation_time", "n_parameters"):
        store(key, [result[key] for result in out])
    scores = out[0]["test_scores"]
    for metric in scores if isinstance(scores, dict) else ["score"]:
        bare, mixed = [], []
        for result in out:
            score = _one(result["test_scores"], metric)
            failed = result["fit_error"] is not None
            bare.append(score if failed else _one(result["bare_scores"], metric))
            mixed.append(score if result["mixes"] else np.nan)
        store(f"test_{metric}_bare", bare, splits=True)
        store(f"test_{metric}_mixed", mixed, splits=True)


def _one(scores, metric):
    if scores is None:
        return np.nan
    return scores[metric] if isinstance(scores, dict) else scores
