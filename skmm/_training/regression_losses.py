"""Losses of numbers: what each head minimises, and what its output means."""

import numpy as np
import torch

#: Half the width in which the quantile loss is rounded off for solvers that need a
#: slope, in standard units.
_ROUNDED = 0.1
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
    """

    name = "squared_error"
    curvature = 1.0
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


class QuantileLoss(SquaredError):
    """Pinball loss: a quantile is learned [1]_.

    Solvers that need a slope minimise it convolved with a narrow uniform kernel [2]_.

    Parameters
    ----------
    quantile : float

    References
    ----------
    .. [1] Koenker, Bassett: Regression Quantiles, Econometrica 46, 1978.
    .. [2] He, Pan, Tan, Zhou: Smoothed quantile regression with large-scale inference,
       Journal of Econometrics 232, 2023.
    .. [3] Romano, Patterson, Candès: Conformalized Quantile Regression, NeurIPS 2019.
    """

    name = "quantile"
    curvature = 0.3

    def __init__(self, quantile):
        self.quantile = quantile

    @property
    def boosting(self):
        return {"loss": "quantile", "quantile": self.quantile}

    def standardise(self, y, weight):
        low, centre, high = (
            np.quantile(y, q, axis=0, weights=weight, method="inverted_cdf")
            for q in (0.25, self.quantile, 0.75)
        )
        # What the bulk of the rows spans: a few that are far off do not tell a scale.
        scale = (high - low) / 1.349
        return centre, np.where(scale > 0, scale, spread(y, centre, weight))

    def row_loss(self, outputs, codes):
        error = codes - outputs
        return torch.maximum(self.quantile * error, (self.quantile - 1) * error).mean(1)

    def values(self, outputs, codes):
        error = codes - outputs
        inside = np.clip((error + _ROUNDED) / (2 * _ROUNDED), 0, 1)
        value = (self.quantile - 1) * error
        value += np.where(inside < 1, _ROUNDED * inside**2, error)
        return value, 1 - self.quantile - inside

    def shift(self, errors, weight):
        # Rows that a model has learned lie closer to it than others: without this, too
        # many targets lie beyond a low or a high quantile [3]_.
        return np.quantile(
            errors, self.quantile, axis=0, weights=weight, method="inverted_cdf"
        )


class AbsoluteError(QuantileLoss):
    """Absolute error: the median is learned."""

    name = "absolute_error"
    boosting = {"loss": "absolute_error"}

    def __init__(self):
        super().__init__(0.5)

    def shift(self, errors, weight):
        return np.zeros(errors.shape[1])


class PoissonLoss(SquaredError):
    """Half the Poisson deviance: the mean of counts or amounts is learned, as a log."""

    name = "poisson"
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

    def link(self, predictions):
        return np.log(np.maximum(predictions, _LEAST))

    def inverse_link(self, outputs):
        return np.exp(outputs)


#: By the names that ``loss=`` takes.
LOSSES = {
    one.name: one for one in (SquaredError, AbsoluteError, QuantileLoss, PoissonLoss)
}


def make_loss(name, quantile=None):
    """Return a loss by its name.

    Parameters
    ----------
    name : {"squared_error", "absolute_error", "quantile", "poisson"}
    quantile : float, default=None

    Raises
    ------
    ValueError
        If a quantile is missing, or given to a loss that has none.
    """
    if (quantile is None) == (name == "quantile"):
        what = "needs quantile=, such as 0.9" if quantile is None else "has no quantile"
        raise ValueError(
            f"loss={name!r} {what}; got quantile={quantile}. Quantiles belong to "
            "loss='quantile'."
        )
    return QuantileLoss(quantile) if name == "quantile" else LOSSES[name]()


def spread(y, centre, weight):
    """Return the root of the mean square distance from a centre, (n_outputs,).

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_outputs)
    centre : ndarray of shape (n_outputs,)
    weight : ndarray of shape (n_samples,)
    """
    return np.sqrt(np.average((y - centre) ** 2, axis=0, weights=weight))
