"""The linear head: a linear model over every modality's features, solved."""

import copy
import functools

import numpy as np
import scipy.sparse
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from skmm._data.containers import Csr
from skmm._training.heads._base import SolvedHead
from skmm._training.heads._features import linear_parts, targets_of

#: Inverse strengths of the penalty, beside a sum of losses as in scikit-learn.
_STRENGTHS = 10.0 ** np.arange(-3, 3.5, 0.5)
#: Where the path begins; it goes on for as long as the validation loss falls.
_FIRST = 4
#: Steps of the path without a better validation loss after which it ends.
_PATIENCE = 2
#: What each power of ten away from 1 costs, squared, in validation loss summed over
#: the rows: few rows do not tell a penalty.
_PULL = 1.0
#: Relative decrease of the objective in a step below which it is at its minimum: along
#: the path, and of the coefficients that are kept.
_PATH_TOLERANCE, _TOLERANCE = 1e-5, 1e-6
#: Multiplications of all steps from which on fewer steps are made, and these bounds.
_BUDGET, _STEPS = 2e10, (20, 200)
#: Mean curvature of the log-loss, which is at most 1/4 a logit.
_CURVATURE = 0.1


class LinearHead(SolvedHead):
    """A linear model over every modality's features, solved by L-BFGS [1]_.

    It reads n-grams of each text column, one-hot categories, numbers between their
    quantiles (piecewise linear) and standardised vectors, and minimises the sum of
    the rows' losses plus half the squared coefficients by ``strength_``. From one
    strength to the next the coefficients go on from those before; the validation rows
    choose.

    Attributes
    ----------
    strength_ : float
        The chosen inverse strength of the penalty, C of scikit-learn.
    coef_ : ndarray of shape (n_features, n_logits)
    intercept_ : ndarray of shape (n_logits,)

    References
    ----------
    .. [1] Liu, Nocedal: On the Limited Memory BFGS Method for Large Scale
       Optimization, Mathematical Programming 45, 1989.
    """

    name = "linear"
    incremental_form = "wide"

    @property
    def n_parameters(self):
        return self.coef_.size + self.intercept_.size

    def fit(self, train, valid):
        problem = self._problem([train])
        start = np.zeros((problem.n_features + 1, len(self.prior)))
        start[-1] = self.prior
        if valid is None:
            self.strength_ = 1.0
            self._keep(problem.solve(self.strength_, start))
            return self
        rows = self._problem([valid])
        best = _follow(problem, rows, range(_FIRST, len(_STRENGTHS)), start)
        if best[1] == _FIRST:
            other = _follow(problem, rows, range(_FIRST - 1, -1, -1), best[2])
            best = min(best, other, key=lambda found: found[0])
        _, place, solution = best
        self.strength_ = float(_STRENGTHS[place])
        self._keep(solution)
        return self

    def refit(self, train, valid):
        problem = self._problem([train, valid])
        solution = np.vstack([self.coef_, self.intercept_])
        made = copy.copy(self)
        made._keep(problem.solve(self.strength_, solution))
        return made

    def logits(self, rows):
        logits = np.tile(self.intercept_, (len(rows), 1))
        start = 0
        for part in linear_parts(self.encoders, rows.blocks):
            end = start + part.shape[1]
            logits += part.astype(np.float64) @ self.coef_[start:end]
            start = end
        return logits

    def _keep(self, solution):
        self.coef_, self.intercept_ = solution[:-1], solution[-1]

    def _problem(self, sets):
        parts = [linear_parts(self.encoders, rows.blocks) for rows in sets]
        stacked = [_stack(some) for some in zip(*parts)]
        return Problem(stacked, *targets_of(sets), self.targets)


def _stack(parts):
    if len(parts) == 1:  # which both ways would copy
        return parts[0]
    if scipy.sparse.issparse(parts[0]):
        return scipy.sparse.vstack(parts, format="csr")
    return np.concatenate(parts)


def _follow(problem, valid, places, solution):
    """Follow the path; return (validation loss, place, solution) of the best."""
    best, since = (np.inf, places[0], solution), 0
    for place in places:
        solution = problem.solve(_STRENGTHS[place], solution, _PATH_TOLERANCE)
        loss = valid.loss(solution)
        loss += _PULL * np.log10(_STRENGTHS[place]) ** 2 / valid.n_rows
        since = 0 if loss < best[0] else since + 1
        if since == 0:
            best = (loss, place, solution)
        elif since == _PATIENCE:
            break
    return best


class Problem:
    """The loss of coefficients over some rows, and its minimum.

    Parameters
    ----------
    parts : list of ndarray or csr_matrix, each of shape (n_rows, n_features)
        Features, side by side; none at all leaves the intercept.
    codes : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,)
    targets : ClassificationTargets or RegressionTargets
    """

    def __init__(self, parts, codes, weight, targets):
        self.features = _Features(parts)
        self.codes = codes
        self.targets = targets
        self.n_rows = len(codes)
        self.n_features = self.features.n_columns
        weight = weight.astype(np.float64)
        self.total = weight.sum()
        self.share = weight / (self.total if self.total > 0 else 1)

    @functools.cached_property
    def _squares(self):
        """Mean square of each feature, and of the intercept's."""
        return np.append(self.features.mean_squares(self.share), 1.0)[:, None]

    def solve(self, strength, start, tolerance=_TOLERANCE):
        """Return the coefficients, the intercept in the last row.

        Parameters
        ----------
        strength : float
        start : ndarray of shape (n_features + 1, n_logits)
        tolerance : float, default=1e-6
        """
        if not self.total > 0:
            return start
        shape = start.shape
        penalty = np.full((shape[0], 1), 1 / (strength * self.total))
        penalty[-1] = 0
        # In units in which all coefficients bend the loss about alike: frequent and
        # rare features then come to rest together, in a third of the steps.
        curvature = _CURVATURE
        if not self.targets.is_classification:
            curvature = self.targets.criterion.curvature
        unit = 1 / np.sqrt(curvature * self._squares + penalty + 1e-12)

        def objective(flat):
            solution = unit * flat.reshape(shape)
            value, slope = self._values(self._logits(solution))
            slope *= self.share[:, None]
            gradient = np.empty(shape)
            gradient[:-1] = self.features.transposed_times(slope)
            gradient[-1] = slope.sum(axis=0)
            pull = penalty * solution
            gradient += pull
            gradient *= unit
            value = value @ self.share + np.vdot(pull, solution) / 2
            return value, gradient.ravel()

        steps = _BUDGET / max(4 * self.features.n_stored * shape[1], 1)
        options = {
            "maxiter": int(np.clip(steps, *_STEPS)),
            "gtol": 0.0,
            "ftol": tolerance,
            "maxcor": 5,
        }
        found = minimize(
            objective,
            (start / unit).ravel(),
            jac=True,
            method="L-BFGS-B",
            options=options,
        )
        return unit * found.x.reshape(shape)

    def loss(self, solution):
        """Return the weighted mean loss of coefficients.

        Parameters
        ----------
        solution : ndarray of shape (n_features + 1, n_logits)
        """
        return self._values(self._logits(solution))[0] @ self.share

    def _logits(self, solution):
        return self.features.times(solution[:-1]) + solution[-1]

    def _values(self, logits):
        """Return each row's loss, the sum of its outputs', and its slope."""
        targets = self.targets
        if not targets.is_classification:
            value, slope = targets.criterion.values(logits, self.codes)
            return value.sum(axis=1), slope
        if targets.is_sigmoid:
            value = np.logaddexp(0, logits) - self.codes * logits
            return value.sum(axis=1), expit(logits) - self.codes
        value, slope = np.zeros(self.n_rows), np.empty_like(logits)
        rows = np.arange(self.n_rows)
        for j, group in enumerate(targets.groups):
            log_p = log_softmax(logits[:, group], axis=1)
            value -= log_p[rows, self.codes[:, j]]
            slope[:, group] = np.exp(log_p)
            slope[rows, group.start + self.codes[:, j]] -= 1
        return value, slope


class _Features:
    """Dense and sparse features side by side, multiplied in float32 from both sides.

    Sparse rows are added up by torch, in half the time of scipy's product.
    """

    def __init__(self, parts):
        self.parts = [
            _Sparse(part) if scipy.sparse.issparse(part) else _Dense(part)
            for part in parts
        ]
        ends = np.cumsum([0, *(part.shape[1] for part in parts)])
        self.n_columns = ends[-1]
        self.n_stored = sum(part.n_stored for part in self.parts)
        self._places = [slice(a, b) for a, b in zip(ends, ends[1:])]

    def times(self, coef):
        """Return the product with coefficients (n_features, n_logits)."""
        coef = coef.astype(np.float32)
        pairs = zip(self._places, self.parts)
        return sum(part.times(coef[place]).astype(float) for place, part in pairs)

    def transposed_times(self, slope):
        """Return the product of the transpose with slopes (n_rows, n_logits)."""
        slope = slope.astype(np.float32)
        products = [part.transposed_times(slope) for part in self.parts]
        return np.concatenate([np.empty((0, slope.shape[1])), *products])

    def mean_squares(self, share):
        """Return the mean squares (n_features,) by the rows' shares (n_rows,)."""
        share = share.astype(np.float32)[:, None]
        return np.concatenate(
            [np.empty(0), *(part.squares_times(share)[:, 0] for part in self.parts)]
        )


class _Dense:
    def __init__(self, part):
        self.part = part
        self.n_stored = part.size

    def times(self, coef):
        return self.part @ coef

    def transposed_times(self, slope):
        return self.part.T @ slope

    def squares_times(self, share):
        return (self.part**2).T @ share


class _Sparse:
    def __init__(self, part):
        self.part = part
        self.rows = Csr.from_scipy(part)
        self.n_stored = part.nnz

    @functools.cached_property
    def columns(self):
        """The transpose, which rows that validate do not need."""
        return Csr.from_scipy(self.part.T.tocsr())

    def times(self, coef):
        return _sum_rows(self.rows, self.rows.values, coef)

    def transposed_times(self, slope):
        return _sum_rows(self.columns, self.columns.values, slope)

    def squares_times(self, share):
        return _sum_rows(self.columns, self.columns.values**2, share)


def _sum_rows(csr, values, table):
    """Return for each row of `csr` the weighted sum of the table's rows it names."""
    return torch.nn.functional.embedding_bag(
        csr.indices,
        torch.from_numpy(np.ascontiguousarray(table)),
        csr.indptr,
        mode="sum",
        per_sample_weights=values,
        include_last_offset=True,
    ).numpy()
