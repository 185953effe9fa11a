"""The linear head: a linear model over every modality's features, solved."""

import copy
import functools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

from skmm._training.clock import time_left
from skmm._training.heads._base import SolvedHead
from skmm._training.heads._features import as_sets, linear_parts, targets_of

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
        problem = self._problem(as_sets(train))
        start = np.zeros((problem.n_features + 1, len(self.prior)))
        start[-1] = self.prior
        if valid is None:
            self.strength_ = 1.0
            self._keep(problem.solve(self.strength_, start))
            self.is_shortened = not time_left() > 0
            return self
        rows = self._problem([valid])
        best = _follow(problem, rows, range(_FIRST, len(_STRENGTHS)), start)
        if best[1] == _FIRST and time_left() > 0:
            other = _follow(problem, rows, range(_FIRST - 1, -1, -1), best[2])
            best = min(best, other, key=lambda found: found[0])
        _, place, solution = best
        self.strength_ = float(_STRENGTHS[place])
        self.is_shortened = not time_left() > 0
        self._keep(solution)
        return self

    def refit(self, train, valid):
        problem = self._problem([train, valid])
        solution = np.vstack([self.coef_, self.intercept_])
        made = copy.copy(self)
        made._keep(problem.solve(self.strength_, solution))
        return made

    def merge(self, members):
        made = copy.copy(self)
        made.strength_ = float(np.exp(np.mean(np.log([m.strength_ for m in members]))))
        made.coef_ = np.mean([one.coef_ for one in members], axis=0)
        made.intercept_ = np.mean([one.intercept_ for one in members], axis=0)
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
        return Problem(list(zip(*parts)), *targets_of(sets), self.targets)


def _stop_in_time(intermediate_result):
    """End a minimisation where it is, once the time is over."""
    if not time_left() > 0:
        raise StopIteration


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
        if not time_left() > 0:
            break
    return best


class Problem:
    """The loss of coefficients over some rows, and its minimum.

    Parameters
    ----------
    parts : list of sequence of ndarray or csr_matrix
        Features, side by side; none at all leaves the intercept. Each part is given
        in one or more sets of rows, (n_rows, n_features), which are not copied.
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
            callback=_stop_in_time,
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
    """Dense and sparse features side by side, multiplied in float32 from both sides."""

    def __init__(self, parts):
        self.parts = [
            _Sparse(some) if scipy.sparse.issparse(some[0]) else _Dense(some)
            for some in parts
        ]
        ends = np.cumsum([0, *(some[0].shape[1] for some in parts)])
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
    def __init__(self, sets):
        self.sets = sets
        self.rows = _places([len(some) for some in sets])
        self.n_stored = sum(some.size for some in sets)

    def times(self, coef):
        return np.concatenate([some @ coef for some in self.sets])

    def transposed_times(self, slope):
        return sum(some.T @ slope[rows] for some, rows in zip(self.sets, self.rows))

    def squares_times(self, share):
        pairs = zip(self.sets, self.rows)
        return sum((some**2).T @ share[rows] for some, rows in pairs)


class _Sparse:
    """Sparse features in pieces of rows, which share the memory of the whole.

    A transpose would take as much again, and its product is no quicker. The pieces
    are the same whatever the number of threads, and so is what is added up.
    """

    #: Entries of a piece.
    size = 2**19

    def __init__(self, sets):
        self.pieces = [piece for some in sets for piece in self._cut(some)]
        self.transposed = [piece.T for piece in self.pieces]
        self.rows = _places([piece.shape[0] for piece in self.pieces])
        self.n_stored = sum(some.nnz for some in sets)

    def _cut(self, part):
        """Yield the pieces of a matrix."""
        part = scipy.sparse.csr_array(part)
        if part.dtype != np.float32:
            part = part.astype(np.float32)
        n_pieces = max(part.nnz // self.size, 1)
        ends = np.linspace(0, part.shape[0], n_pieces + 1).astype(int)
        for first, end in zip(ends, ends[1:]):
            start, stop = part.indptr[first], part.indptr[end]
            yield scipy.sparse.csr_array(
                (
                    part.data[start:stop],
                    part.indices[start:stop],
                    part.indptr[first : end + 1] - start,
                ),
                shape=(end - first, part.shape[1]),
            )

    def times(self, coef):
        if coef.shape[1] == 1:
            return np.concatenate(self._each(lambda piece: piece @ coef, self.pieces))
        return np.concatenate([_sum_rows(piece, coef) for piece in self.pieces])

    def transposed_times(self, slope):
        def multiply(piece, rows):
            return piece @ slope[rows]

        return _sum(self._each(multiply, self.transposed, self.rows))

    def squares_times(self, share):
        def multiply(piece, rows):
            squares = piece.data**2, piece.indices, piece.indptr
            return scipy.sparse.csc_array(squares, shape=piece.shape) @ share[rows]

        return _sum(map(multiply, self.transposed, self.rows))

    def _each(self, function, *arguments):
        """Call a function for each piece, side by side where torch has threads."""
        if len(self.pieces) == 1 or torch.get_num_threads() == 1:
            return list(map(function, *arguments))
        return list(self._threads.map(function, *arguments))

    @functools.cached_property
    def _threads(self):
        return ThreadPoolExecutor(min(torch.get_num_threads(), len(self.pieces)))


def _places(lengths):
    """Return where parts of these lengths lie one after the other."""
    ends = np.cumsum([0, *lengths])
    return [slice(a, b) for a, b in zip(ends, ends[1:])]


def _sum(arrays):
    """Add up arrays in their order, into the first of them."""
    arrays = iter(arrays)
    total = next(arrays)
    for array in arrays:
        total += array
    return total


def _sum_rows(matrix, table):
    """Return for each row the weighted sum of the table's rows that it names.

    In half the time of scipy's product, for more than one column.
    """
    return torch.nn.functional.embedding_bag(
        torch.from_numpy(matrix.indices),
        torch.from_numpy(np.ascontiguousarray(table)),
        torch.from_numpy(matrix.indptr),
        mode="sum",
        per_sample_weights=torch.from_numpy(matrix.data),
        include_last_offset=True,
    ).numpy()
