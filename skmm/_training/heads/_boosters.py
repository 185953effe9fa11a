"""Boosting by other libraries, where they are installed."""

import importlib
import inspect

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skmm._training.heads._estimators import (
    BoostingHead,
    EstimatorHead,
    rounds_without_gain,
)


class LibraryHead(BoostingHead):
    """Gradient-boosted trees of LightGBM, XGBoost or CatBoost, by their defaults.

    They read what the head "boosting" reads, and are as many as are best on the
    validation rows.

    Parameters
    ----------
    name : {"lightgbm", "xgboost", "catboost"}
    """

    _new_features = EstimatorHead._new_features

    def __init__(self, name):
        super().__init__(name)

    def check(self, targets):
        try:
            importlib.import_module(self.name)
        except ImportError as error:
            raise ImportError(
                f"The head {self.name!r} needs the package {self.name}, which could "
                f"not be imported ({error}). Install it: pip install {self.name}; or "
                "take the head 'boosting'."
            ) from error
        if targets.is_classification:
            self.estimator = BoosterClassifier(self.name)
        else:
            self.estimator = BoosterRegressor(self.name, **targets.criterion.boosting)
        EstimatorHead.check(self, targets)

    def _again(self, fitted):
        return fitted.as_long()


class _Booster(BaseEstimator):
    """A library's estimator with the parameters of scikit-learn's boosting.

    Parameters
    ----------
    package : {"lightgbm", "xgboost", "catboost"}
    max_iter : int, default=100
    early_stopping : bool, default=False
    categorical_features : ndarray of bool of shape (n_features,), default=None
    loss : str, default="squared_error"
        Of numbers.
    quantile : float, default=None
    random_state : int, default=None

    Attributes
    ----------
    n_iter_ : int
        Rounds, up to the best.
    """

    def __init__(
        self,
        package,
        *,
        max_iter=100,
        early_stopping=False,
        categorical_features=None,
        loss="squared_error",
        quantile=None,
        random_state=None,
    ):
        self.package = package
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.categorical_features = categorical_features
        self.loss = loss
        self.quantile = quantile
        self.random_state = random_state

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Grow trees until the validation loss no longer falls."""
        if self._is_classifier:
            # XGBoost takes classes from 0 on alone.
            self.classes_, y = np.unique(y, return_inverse=True)
            if y_val is not None:
                y_val = np.searchsorted(self.classes_, y_val)
        valid = None if X_val is None else (X_val, y_val, sample_weight_val)
        self.model_, self.n_iter_ = _FITS[self.package](
            self, X, y, sample_weight, valid, self._is_classifier
        )
        return self

    def predict(self, X):
        """Predict by the trees up to the best round."""
        found = np.asarray(self.model_.predict(self._read(X))).ravel()
        return self.classes_[found.astype(int)] if self._is_classifier else found

    def as_long(self):
        """Return an unfitted copy of as many rounds as were best."""
        params = {**self.get_params(), "max_iter": max(self.n_iter_, 1)}
        return type(self)(**{**params, "early_stopping": False})

    def _read(self, X):
        """Return X as the library takes categories."""
        if self.package != "catboost" or not np.any(self.categorical_features):
            return X
        import pandas as pd

        frame = pd.DataFrame(X)
        for j in np.flatnonzero(self.categorical_features):
            # Numbers that are not whole are no categories to CatBoost, nor is NaN.
            frame[j] = frame[j].fillna(-1).astype(int)
        return frame

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class BoosterClassifier(ClassifierMixin, _Booster):
    """A library's classifier."""

    _is_classifier = True

    def predict_proba(self, X):
        """Predict the probability of each class by the trees up to the best round."""
        return self.model_.predict_proba(self._read(X))


class BoosterRegressor(RegressorMixin, _Booster):
    """A library's regressor."""

    _is_classifier = False


def _fit_lightgbm(booster, X, y, weight, valid, is_classifier):
    import lightgbm

    cls = lightgbm.LGBMClassifier if is_classifier else lightgbm.LGBMRegressor
    objective = {
        "squared_error": "regression",
        "absolute_error": "regression_l1",
        "quantile": "quantile",
        "poisson": "poisson",
    }
    options = {} if is_classifier else {"objective": objective[booster.loss]}
    if booster.quantile is not None:
        options["alpha"] = booster.quantile
    model = cls(
        n_estimators=booster.max_iter,
        random_state=booster.random_state,
        n_jobs=torch.get_num_threads(),
        verbosity=-1,
        deterministic=True,
        force_row_wise=True,
        **options,
    )
    given = {"categorical_feature": list(map(int, _categories(booster)))}
    if valid is not None:
        # LightGBM 4.7 gave its validation rows other names.
        if "eval_X" in inspect.signature(model.fit).parameters:
            given["eval_X"], given["eval_y"] = (valid[0],), (valid[1],)
        else:
            given["eval_set"] = [valid[:2]]
        given["eval_sample_weight"] = [valid[2]]
        patience = rounds_without_gain(len(valid[1]))
        stop = lightgbm.early_stopping(patience, verbose=False)
        given["callbacks"] = [stop]
    model.fit(X, y, sample_weight=weight, **given)
    return model, model.best_iteration_ or booster.max_iter


def _fit_xgboost(booster, X, y, weight, valid, is_classifier):
    import xgboost

    cls = xgboost.XGBClassifier if is_classifier else xgboost.XGBRegressor
    objective = {
        "squared_error": "reg:squarederror",
        "absolute_error": "reg:absoluteerror",
        "quantile": "reg:quantileerror",
        "poisson": "count:poisson",
    }
    options = {} if is_classifier else {"objective": objective[booster.loss]}
    if booster.quantile is not None:
        options["quantile_alpha"] = booster.quantile
    patience = None if valid is None else rounds_without_gain(len(valid[1]))
    kinds = np.full(X.shape[1], "q")
    kinds[_categories(booster)] = "c"
    model = cls(
        n_estimators=booster.max_iter,
        random_state=booster.random_state,
        n_jobs=torch.get_num_threads(),
        tree_method="hist",
        verbosity=0,
        enable_categorical=True,
        feature_types=kinds.tolist(),
        early_stopping_rounds=patience,
        **options,
    )
    given = {}
    if valid is not None:
        given["eval_set"] = [valid[:2]]
        given["sample_weight_eval_set"] = [valid[2]]
    model.fit(X, y, sample_weight=weight, verbose=False, **given)
    best = booster.max_iter if valid is None else model.best_iteration + 1
    return model, best


def _fit_catboost(booster, X, y, weight, valid, is_classifier):
    import catboost

    cls = catboost.CatBoostClassifier if is_classifier else catboost.CatBoostRegressor
    loss = {
        "squared_error": "RMSE",
        "absolute_error": "MAE",
        "quantile": f"Quantile:alpha={booster.quantile}",
        "poisson": "Poisson",
    }
    options = {} if is_classifier else {"loss_function": loss[booster.loss]}
    model = cls(
        iterations=booster.max_iter,
        random_seed=booster.random_state,
        thread_count=torch.get_num_threads(),
        allow_writing_files=False,
        verbose=0,
        **options,
    )
    places = list(map(int, _categories(booster)))
    given = {"cat_features": places}
    if valid is not None:
        given["eval_set"] = catboost.Pool(
            booster._read(valid[0]), valid[1], weight=valid[2], cat_features=places
        )
        given["early_stopping_rounds"] = rounds_without_gain(len(valid[1]))
    model.fit(booster._read(X), y, sample_weight=weight, **given)
    return model, model.tree_count_


_FITS = {
    "lightgbm": _fit_lightgbm,
    "xgboost": _fit_xgboost,
    "catboost": _fit_catboost,
}


def _categories(booster):
    """Return the places of the columns that are categories."""
    if booster.categorical_features is None:
        return np.empty(0, dtype=int)
    return np.flatnonzero(booster.categorical_features)
