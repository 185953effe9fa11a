"""Heads that scikit-learn's estimators are, the boosting head among them."""

import copy
import warnings

import numpy as np
import scipy.sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_selection import f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from skmm._nn.device import compute_alone
from skmm._training.clock import now, time_left
from skmm._training.heads._base import SolvedHead
from skmm._training.heads._features import as_sets, dense_parts, targets_of
from skmm._utils.compat import without_checks

#: A probability is not taken for less, nor for more than 1 minus this.
_LEAST = 1e-6
#: Main directions that are read of sparse features, of each modality.
_DIRECTIONS = 32
#: Numbers that are read of all modalities that have many (a picture's thousands): those
#: that tell most of the target. All of them take some ten times as long, and gain
#: nothing in the mixture.
_MOST_NUMBERS = 256
#: Categories that trees tell apart; a column of more becomes means of the target.
_MAX_CODES = 254
#: Different numbers of a column that scikit-learn's trees tell apart.
_MAX_NUMBERS = 255
#: Rounds of boosting that tell how long one takes.
_PROBED = 3


class EstimatorHead(SolvedHead):
    """Any scikit-learn estimator over dense features of all modalities.

    Numbers and categories' codes are as they are, features of other modalities too;
    of modalities of hundreds of numbers, those 256 are read that differ most between
    classes, or go along with the target; sparse features are brought to their main
    directions. A modality that a row lacks is
    NaN, or, for estimators that take none, the column's mean. One estimator is fitted
    for each output, and for each of several quantiles, which it is given if it has a
    parameter of the name ``quantile``.

    Parameters
    ----------
    name : str
    estimator : classifier or regressor
        It is cloned.
    """

    reads = "tree_features"
    #: Outputs beyond this are too many for an estimator each.
    max_outputs = 100

    def __init__(self, name, estimator):
        self.name = name
        self.estimator = estimator

    def check(self, targets):
        super().check(targets)
        is_one = is_classifier if targets.is_classification else is_regressor
        if not is_one(self.estimator):
            what = "classifier" if targets.is_classification else "regressor"
            raise ValueError(
                f"The head {self.name!r} is {type(self.estimator).__name__}(), and a "
                f"{what} is needed for these targets."
            )
        n_outputs = len(targets.groups) // targets.n_columns
        if n_outputs > self.max_outputs:
            raise ValueError(
                f"The head {self.name!r} fits an estimator for each output, and "
                f"{n_outputs} are more than {self.max_outputs}. Leave it out."
            )

    @property
    def _fills(self):
        """Whether missing numbers are to be filled in."""
        return not get_tags(self.estimator).input_tags.allow_nan

    def _new_features(self, sets):
        return DenseFeatures(self.encoders, self.targets, self.seed, self._fills)

    def fit(self, train, valid):
        compute_alone()
        sets = as_sets(train)
        self.features_ = self._new_features(sets)
        X = self.features_.fit_transform(*sets)
        codes, weight = targets_of(sets)
        X_valid = None if valid is None else self.features_.transform(valid)
        self.estimators_ = []
        for j, some in enumerate(codes.T):
            fitted, n_values = None, len(np.unique(some[weight > 0]))
            # Of one class alone, or of no row, there is nothing to learn.
            if n_values > self.targets.is_classification:
                fitted = self._fit_output(j, X, some, weight, X_valid, valid)
            self.estimators_.append(fitted)
        return self

    def refit(self, train, valid):
        made = copy.copy(self)
        made.features_ = self._new_features([train, valid])
        made.features_.directions_ = self.features_.directions_
        made.features_.kept_ = self.features_.kept_
        X = made.features_.fit_transform(train, valid)
        codes, weight = targets_of([train, valid])
        made.estimators_ = [
            None if fitted is None else self._fit(self._again(fitted), X, some, weight)
            for fitted, some in zip(self.estimators_, codes.T)
        ]
        return made

    def logits(self, rows):
        compute_alone()
        X = self.features_.transform(rows)
        logits = np.tile(self.prior, (len(rows), 1))
        for group, fitted in zip(self.targets.groups, self.estimators_):
            if fitted is not None:
                logits[:, group] = self._logits_of(fitted, X, group)
        return logits

    def _fit_output(self, j, X, codes, weight, X_valid, valid):
        """Return one output's estimator, fitted."""
        return self._fit(self._make_estimator(j), X, codes, weight)

    def _make_estimator(self, j):
        """Return one output's estimator, unfitted."""
        estimator = clone(self.estimator)
        if self.targets.n_columns > 1 and "quantile" in estimator.get_params():
            loss = self.targets.criterion.of_column(j)
            estimator.set_params(quantile=loss.quantiles[0])
        return estimator

    def _again(self, fitted):
        """Return an unfitted estimator with what was chosen."""
        return clone(fitted)

    def _fit(self, estimator, X, codes, weight, **options):
        params = estimator.get_params(deep=False)
        if params.get("random_state", 0) is None:
            estimator.set_params(random_state=self.seed)
        kept = weight > 0
        X, codes, weight = X[kept], codes[kept], weight[kept]
        # A column that only rows without this task have: trees cannot bin no number.
        empty = np.isnan(X).all(axis=0)
        if empty.any():
            X = np.where(empty, 0, X)
        weight_valid = options.pop("sample_weight_val", weight[:1])
        if _differ(weight) or np.ptp(weight_valid) > 0:
            if not has_fit_parameter(estimator, "sample_weight"):
                raise ValueError(
                    f"{type(estimator).__name__}.fit, of the head {self.name!r}, takes "
                    "no sample_weight, and the rows have different weights. Leave the "
                    "head or the weights out."
                )
            options["sample_weight"] = weight
            if "X_val" in options:
                options["sample_weight_val"] = weight_valid
        if self.targets.is_classification:
            codes = codes.astype(np.int64)
        return estimator.fit(X, codes, **options)

    def _logits_of(self, fitted, X, group):
        if not self.targets.is_classification:
            predictions = np.asarray(fitted.predict(X), dtype=np.float64)
            return self.targets.criterion.link(predictions.reshape(-1, 1))
        n_classes = 2 if self.targets.is_sigmoid else group.stop - group.start
        if hasattr(fitted, "predict_proba"):
            some = np.clip(fitted.predict_proba(X), _LEAST, 1 - _LEAST)
            some = np.log(some)
            least = np.log(_LEAST)
        else:
            some = np.asarray(fitted.decision_function(X), dtype=np.float64)
            if some.ndim == 1:  # one number tells two classes
                some = np.column_stack([np.zeros(len(some)), some])
            least = some.min(axis=1, keepdims=True)
        # Classes that no training row had.
        full = np.broadcast_to(least, (len(some), n_classes)).copy()
        full[:, fitted.classes_.astype(int)] = some
        return full[:, 1:] - full[:, :1] if self.targets.is_sigmoid else full


class BoostingHead(EstimatorHead):
    """Gradient-boosted trees over the table and the other modalities' dense features.

    The validation rows end the boosting. Each split looks at a part of the columns,
    drawn at random, so that trees differ more. Categories are told apart by the trees;
    a column of more than 254 becomes means of the target, cross-fitted.

    References
    ----------
    Ke et al.: LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS
    2017, whose histograms scikit-learn's estimators have.
    """

    max_outputs = 10
    #: Visits of a cell, or of a bin of a column, by a tree, all trees together, from
    #: which on fewer are grown, and bounds of their number.
    budget, rounds = 2e10, (20, 2000)
    #: Bins that a tree looks at in each column, whatever the number of rows: 255 in
    #: each of the 61 nodes of a tree with 31 leaves.
    bins = 61 * 255
    #: How many columns a split looks at: this share of them, at least so many.
    share_of_columns, least_columns = 0.3, 6
    #: On leaves: holds back those of few rows.
    penalty = 3.0
    #: Of classes, a validation loss that falls by less has not become better: where all
    #: rows are told apart it would fall for thousands of rounds.
    least_gain = 3e-5

    def __init__(self, name="boosting"):
        super().__init__(name, None)

    def check(self, targets):
        cls, options = HistGradientBoostingClassifier, {}
        if not targets.is_classification:
            cls, options = HistGradientBoostingRegressor, targets.criterion.boosting
        self.estimator = cls(
            early_stopping=False, l2_regularization=self.penalty, **options
        )
        super().check(targets)

    def _new_features(self, sets):
        features = super()._new_features(sets)
        features.is_rounded = _differ(targets_of(sets)[1])
        return features

    def _fit_output(self, j, X, codes, weight, X_valid, valid):
        group = self.targets.groups[j]
        n_trees = len(self.targets.groups) * (group.stop - group.start)
        visits = X.shape[1] * (8 * len(X) + self.bins) * n_trees
        rounds = np.clip(self.budget / max(visits, 1), *self.rounds)
        estimator = self._make_estimator(j).set_params(
            max_iter=int(rounds), categorical_features=self.features_.is_category_
        )
        if "max_features" in estimator.get_params():
            share = max(self.share_of_columns, self.least_columns / X.shape[1])
            estimator.set_params(max_features=min(share, 1.0))
        options = {}
        if valid is not None:
            codes_valid, weight_valid = targets_of([valid])
            codes_valid, kept = codes_valid[:, j], weight_valid > 0
            if self.targets.is_classification:
                # What no training row is cannot validate either.
                kept &= np.isin(codes_valid, codes[weight > 0])
                codes_valid = codes_valid.astype(np.int64)
            if kept.any():
                options = {
                    "X_val": X_valid[kept],
                    "y_val": codes_valid[kept],
                    "sample_weight_val": weight_valid[kept],
                }
        if options:
            estimator.set_params(early_stopping=True)
            if "n_iter_no_change" in estimator.get_params():
                patience = rounds_without_gain(len(options["y_val"]))
                estimator.set_params(n_iter_no_change=patience)
            if self.targets.is_classification and "tol" in estimator.get_params():
                estimator.set_params(tol=self.least_gain)
        else:
            estimator.set_params(max_iter=min(int(rounds), 100))
        return self._fit(estimator, X, codes, weight, **options)

    def _fit(self, estimator, X, codes, weight, **options):
        left = time_left()
        if np.isfinite(left) and "max_iter" in estimator.get_params():
            left /= max(len(self.targets.groups) - len(self.estimators_), 1)
            self._fit_in_time(estimator, left, X, codes, weight, options)
        return without_checks(super()._fit(estimator, X, codes, weight, **options))

    def _fit_in_time(self, estimator, seconds, X, codes, weight, options):
        """Set as many rounds as there is time for, by how long a few of them take."""
        probe, start = clone(estimator).set_params(max_iter=_PROBED), now()
        super()._fit(probe, X, codes, weight, **options)
        each = (now() - start) / _PROBED
        rounds = max(int((seconds - _PROBED * each) / each), 1)
        if rounds < estimator.max_iter:
            estimator.set_params(max_iter=rounds)
            self.is_shortened = True

    def _again(self, fitted):
        best = fitted.n_iter_
        if fitted.early_stopping:  # the first score is that of no tree at all
            best = max(int(np.argmax(fitted.validation_score_)), 1)
        return clone(fitted).set_params(early_stopping=False, max_iter=best)


def rounds_without_gain(n_valid):
    """Return after how many rounds without a better validation loss boosting ends.

    Of few validation rows the loss falls by chance, too: the longer one waits, the more
    likely. Of many it falls in small steps.
    """
    return int(np.clip(n_valid / 30, 10, 50))


def _differ(weight):
    """Tell if the weights that are not zero differ."""
    weight = weight[weight > 0]
    return len(weight) > 0 and not np.allclose(weight, weight[0])


class DenseFeatures:
    """Blocks to one dense matrix, NaN where a row lacks something.

    Parameters
    ----------
    encoders : dict of str to Encoder
    targets : ClassificationTargets or RegressionTargets
    seed : int
    fills : bool, default=False
        Put the training rows' mean where a number is missing.

    Attributes
    ----------
    is_rounded : bool
        If True, numbers are brought to at most 255 values a column. With weights,
        scikit-learn's trees look for weighted quantiles of more, one by one, which
        takes longer than to grow.
    is_category_ : ndarray of bool of shape (n_features,)
    directions_ : dict of str to ndarray of shape (n_features, n_directions)
    kept_ : dict of str to ndarray of int
        Which numbers are read, of each modality that has many.
    means_ : list of TargetEncoder, one an output
        Of the columns of many categories.
    """

    def __init__(self, encoders, targets, seed, fills=False):
        self.encoders = encoders
        self.targets = targets
        self.seed = seed
        self.fills = fills
        self.is_rounded = False
        self.directions_ = {}
        self.kept_ = {}

    def fit_transform(self, *sets):
        """Return the training rows' features, in which no row's own target is.

        Directions that are known are kept, so that a second fit has but more rows.

        Parameters
        ----------
        *sets : Rows
        """
        matrix, n_codes = self._read(sets)
        self.many_ = n_codes > _MAX_CODES
        self.is_category_ = (n_codes > 0)[~self.many_]
        parts = [matrix[:, ~self.many_]]
        self.means_ = []
        if self.many_.any():
            codes, _ = targets_of(sets)
            for column in self._one_each(codes):
                encoder = self._make_means(column)
                parts.append(encoder.fit_transform(matrix[:, self.many_], column))
                self.means_.append(encoder)
        X = self._join(parts)
        if self.fills:
            self.filler_ = SimpleImputer(keep_empty_features=True).fit(X)
        if self.is_rounded:
            self.values_ = [
                None if is_category else _quantiles(column)
                for column, is_category in zip(X.T, self.is_category_)
            ]
        return self._finish(X)

    def transform(self, *sets):
        """Return the features of other rows.

        Parameters
        ----------
        *sets : Rows
        """
        matrix, _ = self._read(sets)
        parts = [matrix[:, ~self.many_]]
        parts += [means.transform(matrix[:, self.many_]) for means in self.means_]
        return self._finish(self._join(parts))

    def _finish(self, X):
        if self.fills:
            X = self.filler_.transform(X)
        if not self.is_rounded:
            return X
        columns = [
            column if values is None else _round_up(column, values)
            for column, values in zip(X.T, self.values_)
        ]
        return np.column_stack(columns)

    def _join(self, parts):
        more = sum(part.shape[1] for part in parts) - len(self.is_category_)
        self.is_category_ = np.append(self.is_category_, np.zeros(more, bool))
        return np.concatenate(parts, axis=1)

    def _make_means(self, codes):
        kind = "continuous"
        if self.targets.is_classification:
            kind = "binary" if self.targets.is_sigmoid else "multiclass"
        folds = KFold(5, shuffle=True, random_state=self.seed)
        return TargetEncoder(target_type=kind, cv=folds)

    def _read(self, sets):
        """Return the matrix of all rows before the means, and each column's codes."""
        found = [dense_parts(self.encoders, rows.blocks) for rows in sets]
        columns, n_codes = [], []
        wide = [
            name
            for name, (part, codes) in found[0].items()
            if not scipy.sparse.issparse(part)
            and part.shape[1] > _MOST_NUMBERS
            and not codes.any()
        ]
        for name in found[0]:
            parts = [some[name][0] for some in found]
            codes = found[0][name][1]
            if scipy.sparse.issparse(parts[0]):
                whole = parts[0]
                if len(parts) > 1:
                    whole = scipy.sparse.vstack(parts, "csr")
                columns.append(self._reduce(name, whole))
                codes = np.zeros(columns[-1].shape[1], dtype=int)
            else:
                matrix = np.concatenate(parts)
                if name in wide:
                    most = max(_MOST_NUMBERS // len(wide), 1)
                    matrix = self._select(name, matrix, sets, most)
                    codes = codes[: matrix.shape[1]]
                columns.append(matrix)
            n_codes.append(codes)
        n_rows = sum(map(len, sets))
        empty = np.empty((n_rows, 0), np.float32)
        return (
            np.concatenate([empty, *columns], axis=1),
            np.concatenate([np.empty(0, int), *n_codes]),
        )

    def _select(self, name, matrix, sets, most):
        """Return the numbers that tell most of the target, found once."""
        if name not in self.kept_:
            codes, weight = targets_of(sets)
            rows = (weight > 0) & ~np.isnan(matrix).all(axis=1)
            known = np.nan_to_num(matrix[rows])
            told = np.zeros(matrix.shape[1])
            for some in self._one_each(codes[rows]):
                told = np.maximum(told, self._tell(known, some))
            self.kept_[name] = np.sort(np.argsort(-told, kind="stable")[:most])
        return matrix[:, self.kept_[name]]

    def _one_each(self, codes):
        """Return a column of each output: the others differ by their scale alone."""
        return codes.T[:: self.targets.n_columns]

    def _tell(self, known, codes):
        """Return the F of each number for one output, 0 where it is constant."""
        score = f_classif if self.targets.is_classification else f_regression
        if len(np.unique(codes)) < 2:
            return np.zeros(known.shape[1])
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of what is constant, which gets 0
            return np.nan_to_num(score(known, codes)[0], nan=0.0, posinf=np.inf)

    def _reduce(self, name, matrix):
        """Return the main directions of sparse features, found once."""
        if matrix.shape[1] <= _DIRECTIONS:
            return matrix.toarray()
        if name not in self.directions_:
            n = max(min(_DIRECTIONS, matrix.shape[0] - 1), 1)
            svd = TruncatedSVD(n, n_iter=2, random_state=self.seed).fit(matrix)
            # Not svd.transform, for which scipy copies them each time.
            self.directions_[name] = np.ascontiguousarray(svd.components_.T)
        return (matrix @ self.directions_[name]).astype(np.float32)


def _quantiles(column):
    """Return the values that numbers are brought to; None where they are few."""
    known = column[~np.isnan(column)]
    if len(np.unique(known)) <= _MAX_NUMBERS:
        return None
    shares = np.linspace(0, 1, _MAX_NUMBERS + 1)[1:]
    return np.unique(np.quantile(known, shares, method="inverted_cdf"))


def _round_up(column, values):
    """Return each number's next value; what is missing stays so."""
    places = np.searchsorted(values, column).clip(max=len(values) - 1)
    return np.where(np.isnan(column), column, values[places])
