"""Alignment of the modalities' distributions by optimal transport."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import torch

from skmm._utils.compat import Interval
from skmm.alignment._base import (
    Alignment,
    AlignmentModule,
    effective_count,
    ends,
    pick,
    squared_distances,
    standardise,
    weighted_mean,
)

if TYPE_CHECKING:
    from torch import nn

    from skmm.fusion._base import FusionSpec


class OptimalTransportAlignment(Alignment):
    r"""Move the modalities' distributions onto each other (Sinkhorn divergence).

    .. math::
        L = \operatorname*{mean}_{a < b}\,
        W(a, b) - \tfrac{1}{2} W(a, a) - \tfrac{1}{2} W(b, b), \qquad
        W(a, b) = \min_\pi \sum_{i, j} \pi_{ij} \frac{\| h_{ia} - h_{jb} \|^2}{s} +
        \varepsilon\, KL(\pi \| \pi_a \otimes \pi_b)

    The minimum is over transport plans :math:`\pi` with uniform marginals
    :math:`\pi_a, \pi_b`. The last two terms remove what the entropy adds, so that L is
    0 for equal samples. The cost is relative to s, the mean squared distance between
    the vectors of the batch: :math:`\varepsilon` means the same at any scale, and
    shrinking all vectors does not lower the loss. All rows that have a modality are
    used, also those with a single modality; pairs are weighted by
    :math:`n_a n_b / (n_a + n_b)`. :math:`O(M^2 n^2 (d + k))` in time for k iterations
    and :math:`O(M^2 n^2)` in memory, since the gradient is computed from the final plan
    and not through the iterations.

    Parameters
    ----------
    epsilon : float, default=0.1
        Strength of the entropy term. A smaller value gives a plan closer to a
        one-to-one matching, and needs more iterations.
    n_iter : int, default=20
        Number of Sinkhorn iterations. The first ones use a larger
        :math:`\varepsilon`, which is halved at each iteration, so that small values
        converge sooner. Raise it together with a smaller ``epsilon``.

    References
    ----------
    Cuturi: Sinkhorn Distances, NeurIPS 2013. Genevay, Peyré, Cuturi: Learning
    Generative Models with Sinkhorn Divergences, AISTATS 2018. Feydy et al.:
    Interpolating between Optimal Transport and MMD using Sinkhorn Divergences,
    AISTATS 2019 (the symmetric iteration).

    Examples
    --------
    >>> from skmm.alignment import OptimalTransportAlignment
    >>> OptimalTransportAlignment(epsilon=0.05)
    OptimalTransportAlignment(epsilon=0.05)
    """

    _parameter_constraints = {
        "epsilon": [Interval(Real, 1e-5, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, epsilon: float = 0.1, n_iter: int = 20) -> None:
        self.epsilon = epsilon
        self.n_iter = n_iter

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _OptimalTransport(self.epsilon, self.n_iter)


class _OptimalTransport(AlignmentModule):
    def __init__(self, epsilon, n_iter):
        super().__init__()
        self.epsilon = epsilon
        self.n_iter = n_iter

    def loss(self, vectors, present):
        _, n_modalities, width = vectors.shape
        a, b = ends(n_modalities)
        own = list(range(n_modalities))
        vectors, present = standardise(vectors, present).transpose(0, 1), present.T
        # Each modality against itself, then the pairs.
        left, right = pick(vectors, own + a), pick(vectors, own + b)
        # The mean squared distance of standardised vectors is twice the width.
        cost = squared_distances(left, right) / (2 * width)
        has_left, has_right = pick(present, own + a), pick(present, own + b)
        transport = sinkhorn(cost, has_left, has_right, self.epsilon, self.n_iter)
        within, across = transport.split([n_modalities, len(a)])
        losses = across - (pick(within, a) + pick(within, b)) / 2
        count = present.sum(1)
        return weighted_mean(losses, effective_count(pick(count, a), pick(count, b)))


def sinkhorn(cost, left, right, epsilon, n_iter):
    r"""Cost of entropic transport between uniform marginals, in the log domain.

    Parameters
    ----------
    cost : tensor of shape (P, n, m)
    left : tensor of bool, shape (P, n)
        The rows that have mass.
    right : tensor of bool, shape (P, m)
        The columns that have mass.
    epsilon : float
    n_iter : int

    Returns
    -------
    transport : tensor of shape (P,)
        0 where one side is empty. The gradient is the transport plan.
    """
    valid = left.any(1, keepdim=True) & right.any(1, keepdim=True)
    left, right = left & valid, right & valid
    with torch.no_grad():
        log_left, log_right = _log_marginal(left, cost), _log_marginal(right, cost)

        def soft_minima(f, g, eps):
            """Both halves of an iteration, and the plans that they imply."""
            rows = log_right[:, None, :] + (g[:, None, :] - cost) / eps
            columns = log_left[:, :, None] + (f[:, :, None] - cost) / eps
            f = torch.where(left, -eps * torch.logsumexp(rows, 2), 0)
            g = torch.where(right, -eps * torch.logsumexp(columns, 1), 0)
            return f, g, rows, columns

        f, g = torch.zeros_like(log_left), torch.zeros_like(log_right)
        for k in range(n_iter):
            # Both sides at once and averaged, so that neither is first.
            next_f, next_g, _, _ = soft_minima(f, g, max(epsilon, 0.5**k))
            f, g = (f + next_f) / 2, (g + next_g) / 2
        f, g, rows, columns = soft_minima(f, g, epsilon)
        left, right = _marginal(left, cost), _marginal(right, cost)
        plan = left[:, :, None] * torch.softmax(rows, 2)
        plan = (plan + right[:, None, :] * torch.softmax(columns, 1)) / 2
        value = (left * f).sum(1) + (right * g).sum(1)
        at_plan = (plan * cost).sum((1, 2))
    # The dual's value, with the primal's gradient (the envelope theorem).
    return value + ((plan * cost).sum((1, 2)) - at_plan)


def _marginal(kept, cost):
    return (kept / kept.sum(1, keepdim=True).clamp(min=1)).to(cost.dtype)


def _log_marginal(kept, cost):
    # Finite, as differences of infinities are NaN; e to its power is 0.
    return torch.where(kept, _marginal(kept, cost).clamp(min=1e-30).log(), -1e9)
