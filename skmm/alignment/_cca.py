"""Alignment by canonical correlations."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import torch

from skmm._utils.compat import Interval
from skmm.alignment._base import EPS, Alignment, AlignmentModule, pairs, weighted_mean

if TYPE_CHECKING:
    from torch import nn

    from skmm.fusion._base import FusionSpec


class CCAAlignment(Alignment):
    r"""Raise the canonical correlations of each pair of modalities (deep CCA).

    .. math::
        L = \operatorname*{mean}_{a < b}\,
        1 - \frac{\| L_a^{-1} \Sigma_{ab} L_b^{-\top} \|_*}{\min(d, n - 1)}, \qquad
        L_a L_a^\top = \Sigma_a + r \frac{\operatorname{tr} \Sigma_a}{d} I

    The singular values, whose sum is the norm, are the canonical correlations. The
    loss is 1 minus their mean: 0 where each modality is a linear function of the other,
    and nearly 1 where they are unrelated. The covariances are those of the n rows that
    have both modalities, and each pair of modalities is weighted by n. With
    :math:`n \le d + 1` rows any two modalities are perfectly correlated, so the batch
    should be several times the width. :math:`O(M^2 (n d^2 + d^3))`.

    Parameters
    ----------
    regularization : float, default=1e-3
        r, a number added to the variances, relative to their mean. Raise it if batches
        are small or the loss is unstable.

    References
    ----------
    Andrew, Arora, Bilmes, Livescu: Deep Canonical Correlation Analysis, ICML 2013.

    Examples
    --------
    >>> from skmm.alignment import CCAAlignment
    >>> CCAAlignment(regularization=0.01)
    CCAAlignment(regularization=0.01)
    """

    # Below 1e-5 the Cholesky factor of a deficient covariance fails in float32.
    _parameter_constraints = {
        "regularization": [Interval(Real, 1e-5, None, closed="left")]
    }

    def __init__(self, regularization: float = 1e-3) -> None:
        self.regularization = regularization

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _CCA(self.regularization)


class _CCA(AlignmentModule):
    def __init__(self, regularization):
        super().__init__()
        self.regularization = regularization

    def loss(self, vectors, present):
        left, right, both = pairs(vectors, present)
        degrees = (both.sum(1) - 1).clamp(min=1)
        left, right = _centre(left, both), _centre(right, both)
        coherence = left.mT @ right / degrees[:, None, None]
        coherence = torch.linalg.solve_triangular(
            self._whitening(left, degrees), coherence, upper=False
        )
        coherence = torch.linalg.solve_triangular(
            self._whitening(right, degrees), coherence.mT, upper=False
        )
        # Without the singular vectors, whose gradients need distinct values.
        correlations = torch.linalg.svdvals(coherence).sum(-1)
        losses = 1 - correlations / degrees.clamp(max=vectors.shape[-1])
        count = both.sum(1)
        return weighted_mean(losses, torch.where(count >= 2, count, 0))

    def _whitening(self, centred, degrees):
        covariance = centred.mT @ centred / degrees[:, None, None]
        variance = covariance.diagonal(dim1=-2, dim2=-1).mean(-1)
        ridge = self.regularization * variance + EPS
        identity = torch.eye(
            covariance.shape[-1], dtype=covariance.dtype, device=covariance.device
        )
        return torch.linalg.cholesky(covariance + ridge[:, None, None] * identity)


def _centre(vectors, kept):
    """Take from each pair the mean of its own rows; (P, n, width)."""
    kept = kept[..., None]
    count = kept.sum(1, keepdim=True).clamp(min=1)
    mean = torch.where(kept, vectors, 0).sum(1, keepdim=True) / count
    return torch.where(kept, vectors - mean, 0)
