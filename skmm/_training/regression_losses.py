"""Losses of numbers: what each head minimises, and what its output means."""

import numpy as np
import torch

#: Half the width in which the quantile loss is rounded off for solvers that need a
#: slope, in standard units.
_ROUNDED = 0.1
#: Where Huber's loss becomes a line, in standard units, and steps towards the constant
#: that is best by it.
_BEND, _HUBER_STEPS = 0.5, 50
#: The exponential goes on as a line from here: it stays finite in float32.
_LARGEST_EXPONENT = 30.0
#: The logarithm is not taken of less.
_LEAST = 1e-6


class SquaredError:
    """Squared error: the mean is learned.

    The attributes and methods are what heads, targets and the mixture ask of a loss.
    "Standard units" are those of ``(y - centre) / scale``; what a head puts out is
    turned into them by :meth:`inverse_link`, and an output of 0 is always the best
    constant.

    Attributes
    ----------
    name : str
    curvature : float
        Typical second derivative of :meth:`values`.
    n_columns : int
        Numbers that are learned of each target; what is said of outputs below holds
        for as many columns each.
    least : float
        Bound of the target, in its own unit.
    """

    name = "squared_error"
    curvature = 1.0
    n_columns = 1
    least = -np.inf
    #: Options of scikit-learn's boosting that minimise the same.
    boosting = {"loss": "squared_error"}

    def standardise(self, y, weight):
        """Return centre and scale of each output, (n_outputs,) each.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
        weight : ndarray of shape (n_samples,)
        """
        centre = np.average(y, axis=0, weights=weight)
        return centre, spread(y, centre, weight)

    def check(self, y):
        """Raise a ValueError for targets that the loss is not defined for.

        Parameters
        ----------
        y : ndarray of shape (n_samples, n_outputs)
        """

    def of_column(self, j):
        """Return the loss of one column alone.

        Parameters
        ----------
        j : int
        """
        return self

    def row_loss(self, outputs, codes):
        """Return each row's loss, the mean of its outputs', a tensor (n_samples,).

        Parameters
        ----------
        outputs, codes : tensor of shape (n_samples, n_outputs)
        """
        return (outputs - codes).square().mean(1)

    def values(self, outputs, codes):
        """Return each output's loss, rounded off where it has a bend, and its slope.

        Parameters
        ----------
        outputs, codes : ndarray of shape (n_samples, n_outputs)
        """
        slope = outputs - codes
        return slope**2 / 2, slope

    def shift(self, errors, weight):
        """Return what to add to the outputs, by their errors in rows that validate.

        Parameters
        ----------
        errors : ndarray of shape (n_samples, n_outputs)
        weight : ndarray of shape (n_samples,)

        Returns
        -------
        shift : ndarray of shape (n_outputs,)
        """
        return np.zeros(errors.shape[1])

    def link(self, predictions):
        """Return the outputs that stand for predictions in standard units.

        Parameters
        ----------
        predictions : ndarray
        """
        return predictions

    def inverse_link(self, outputs):
        """Return predictions in standard units.

        Parameters
        ----------
        outputs : ndarray
        """
        return outputs

    def unit(self, y_pred):
        """Return how errors grow with what is predicted, up to a factor.

        Parameters
        ----------
        y_pred : ndarray
            In the target's own unit.
        """
        return np.ones(y_pred.shape)


class QuantileLoss(SquaredError):
    """Pinball loss: quantiles are learned [1]_, each in a column of its own.

    Solvers that need a slope minimise it convolved with a narrow uniform kernel [2]_.

    Parameters
    ----------
    *quantiles : float
        In ascending order.

    References
    ----------
    .. [1] Koenker, Bassett: Regression Quantiles, Econometrica 46, 1978.
    .. [2] He, Pan, Tan, Zhou: Smoothed quantile regression with large-scale inference,
       Journal of Econometrics 232, 2023.
    .. [3] Romano, Patterson, Candès: Conformalized Quantile Regression, NeurIPS 2019.
    """

    name = "quantile"
    curvature = 0.3

    def __init__(self, *quantiles):
        self.quantiles = quantiles

    @property
    def n_columns(self):
        return len(self.quantiles)

    @property
    def boosting(self):
        return {"loss": "quantile", "quantile": self.quantiles[0]}

    def of_column(self, j):
        if self.n_columns == 1:
            return self
        return QuantileLoss(self.quantiles[j % self.n_columns])

    def standardise(self, y, weight):
        centre = self._quantiles_of(y, weight)
        low, high = (QuantileLoss(q)._quantiles_of(y, weight) for q in (0.25, 0.75))
        # What the bulk of the rows spans: a few that are far off do not tell a scale.
        scale = (high - low) / 1.349
        return centre, np.where(scale > 0, scale, spread(y, centre, weight))

    def row_loss(self, outputs, codes):
        errors = (codes - outputs).unflatten(1, (-1, self.n_columns)).unbind(2)
        # Each with a number of its own: a tensor of these would have to be brought to
        # the device.
        losses = [
            torch.maximum(q * error, (q - 1) * error).mean(1)
            for q, error in zip(self.quantiles, errors)
        ]
        return sum(losses[1:], losses[0]) / self.n_columns

    def values(self, outputs, codes):
        error, q = codes - outputs, self._levels(outputs)
        inside = np.clip((error + _ROUNDED) / (2 * _ROUNDED), 0, 1)
        value = (q - 1) * error
        value += np.where(inside < 1, _ROUNDED * inside**2, error)
        return value, 1 - q - inside

    def shift(self, errors, weight):
        # Rows that a model has learned lie closer to it than others: without this, too
        # many targets lie beyond a low or a high quantile [3]_.
        return self._quantiles_of(errors, weight)

    def _levels(self, columns):
        """Return the quantile of each column, or one number for all."""
        if self.n_columns == 1:
            return self.quantiles[0]
        return np.tile(self.quantiles, columns.shape[1] // self.n_columns)

    def _quantiles_of(self, columns, weight):
        levels = np.broadcast_to(self._levels(columns), columns.shape[1])
        found = [
            np.quantile(column, q, weights=weight, method="inverted_cdf")
            for column, q in zip(columns.T, levels)
        ]
        return np.array(found)


class AbsoluteError(QuantileLoss):
    """Absolute error: the median is learned."""

    name = "absolute_error"
    boosting = {"loss": "absolute_error"}

    def __init__(self):
        super().__init__(0.5)

    def shift(self, errors, weight):
        return np.zeros(errors.shape[1])


class HuberLoss(SquaredError):
    """Huber's loss: squared for small errors, absolute for large ones [1]_.

    The bend is in units of the target's spread, told by its quartiles. scikit-learn's
    trees do not have this loss and learn the absolute error.

    References
    ----------
    .. [1] Huber: Robust Estimation of a Location Parameter, Annals of Mathematical
       Statistics 35, 1964.
    """

    name = "huber"
    curvature = 0.7
    boosting = {"loss": "absolute_error"}

    def standardise(self, y, weight):
        centre, scale = AbsoluteError().standardise(y, weight)
        unit = np.where(scale > 0, scale, 1.0)
        for _ in range(_HUBER_STEPS):
            distance = np.abs(y - centre) / unit
            share = weight[:, None] * np.minimum(1, _BEND / np.maximum(distance, _BEND))
            centre = centre + (share * (y - centre)).sum(axis=0) / share.sum(axis=0)
        return centre, scale

    def row_loss(self, outputs, codes):
        return torch.nn.functional.huber_loss(
            outputs, codes, reduction="none", delta=_BEND
        ).mean(1)

    def values(self, outputs, codes):
        error = outputs - codes
        slope = np.clip(error, -_BEND, _BEND)
        return slope * (error - slope / 2), slope


class PoissonLoss(SquaredError):
    """Half the Poisson deviance: the mean of counts or amounts is learned, as a log."""

    name = "poisson"
    least = 0.0
    boosting = {"loss": "poisson"}

    def standardise(self, y, weight):
        mean = np.average(y, axis=0, weights=weight)
        if not (mean > 0).all():
            raise ValueError(
                "loss='poisson' needs a target above 0 in at least one row of each "
                "output, and all are 0. Take loss='squared_error'."
            )
        return np.zeros(y.shape[1]), mean

    def check(self, y):
        rows, outputs = np.nonzero(y < 0)
        if len(rows):
            raise ValueError(
                f"loss='poisson' is for counts and amounts, which are not negative: y "
                f"is negative in {len(np.unique(rows))} of {len(y)} rows, the first at "
                f"row {rows[0]} ({y[rows[0], outputs[0]]:g}). Take another loss, or "
                "leave these rows out."
            )

    def row_loss(self, outputs, codes):
        least = torch.special.xlogy(codes, codes) - codes
        bounded = outputs.clamp(max=_LARGEST_EXPONENT)
        mean = bounded.exp() * (1 + outputs - bounded)
        return (mean - codes * outputs + least).mean(1)

    def values(self, outputs, codes):
        bounded = np.minimum(outputs, _LARGEST_EXPONENT)
        slope = np.exp(bounded)
        return slope * (1 + outputs - bounded) - codes * outputs, slope - codes

    def unit(self, y_pred):
        return np.sqrt(np.maximum(y_pred, np.finfo(np.float64).tiny))

    def link(self, predictions):
        return np.log(np.maximum(predictions, _LEAST))

    def inverse_link(self, outputs):
        return np.exp(outputs)


#: By the names that ``loss=`` takes.
LOSSES = {
    one.name: one
    for one in (SquaredError, AbsoluteError, HuberLoss, QuantileLoss, PoissonLoss)
}


def make_loss(name, quantile=None):
    """Return a loss by its name.

    Parameters
    ----------
    name : {"squared_error", "absolute_error", "huber", "quantile", "poisson"}
    quantile : float or sequence of float, default=None

    Raises
    ------
    ValueError
        If a quantile is missing, or given to a loss that has none, and for quantiles
        that are not numbers between 0 and 1 in ascending order.
    """
    if (quantile is None) == (name == "quantile"):
        what = "needs quantile=, such as 0.9" if quantile is None else "has no quantile"
        raise ValueError(
            f"loss={name!r} {what}; got quantile={quantile}. Quantiles belong to "
            "loss='quantile'."
        )
    if name != "quantile":
        return LOSSES[name]()
    return QuantileLoss(*_read_quantiles(quantile))


def _read_quantiles(quantile):
    if np.ndim(quantile) > 1 or np.size(quantile) == 0:
        raise ValueError(
            f"quantile={quantile!r}: give one number between 0 and 1, such as 0.9, or "
            "a list of such, as [0.05, 0.5, 0.95]."
        )
    quantiles = tuple(map(float, np.atleast_1d(np.asarray(quantile, dtype=float))))
    if not all(0 < q < 1 for q in quantiles):
        raise ValueError(
            f"quantile={quantile!r}: quantiles lie between 0 and 1, as 0.9 does."
        )
    if any(q >= later for q, later in zip(quantiles, quantiles[1:])):
        raise ValueError(
            f"quantile={quantile!r}: give each quantile once, in ascending order. "
            f"Take quantile={sorted(set(quantiles))!r}."
        )
    return quantiles


def spread(y, centre, weight):
    """Return the root of the mean square distance from a centre, (n_outputs,).

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
    centre : ndarray of shape (n_outputs,)
    weight : ndarray of shape (n_samples,)
    """
    return np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight))
