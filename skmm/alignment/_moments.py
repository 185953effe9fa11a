"""Alignment of the modalities' distributions by their moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

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


class MMDAlignment(Alignment):
    r"""Make the modalities' distributions equal by the maximum mean discrepancy.

    .. math::
        L = \operatorname*{mean}_{a < b}\,
        \bar k_{aa} + \bar k_{bb} - 2 \bar k_{ab}, \qquad
        \bar k_{ab} = \operatorname*{mean}_{i, j} k(h_{ia}, h_{jb}), \qquad
        k(x, y) = \operatorname*{mean}_{c}\, e^{-\| x - y \|^2 / (c\, s)}

    The bandwidths are :math:`c \in \{1/4, 1/2, 1, 2, 4\}` times s, the mean squared
    distance between the vectors of the batch. Gradients flow through s, so shrinking
    all vectors does not lower the loss. All rows that have a modality are used, also
    those with a single modality; pairs are weighted by
    :math:`n_a n_b / (n_a + n_b)`. The loss is 0 for equal samples and at most 2.
    :math:`O(M^2 n^2 d)` in time and :math:`O(M^2 n^2)` in memory.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schölkopf, Smola: A Kernel Two-Sample Test, JMLR 2012.
    Long, Cao, Wang, Jordan: Learning Transferable Features with Deep Adaptation
    Networks, ICML 2015 (several bandwidths).

    Examples
    --------
    >>> from skmm.alignment import MMDAlignment
    >>> MMDAlignment()
    MMDAlignment()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _MMD()


class CoralAlignment(Alignment):
    r"""Make the modalities' covariances equal, and their means.

    .. math::
        L = \operatorname*{mean}_{a < b}\,
        \frac{\| \Sigma_a - \Sigma_b \|_F^2}{\| \Sigma_a \|_F^2 + \| \Sigma_b \|_F^2}
        + \frac{\| \mu_a - \mu_b \|^2}{d\, \sigma^2}

    The paper compares only the covariances, of features that were centred before, and
    divides by :math:`4 d^2`. Here the first term lies between 0 and 1, and the second
    is in units of the variance :math:`\sigma^2` of all vectors of the batch, so that
    neither is lowered by shrinking all vectors. All rows that have a modality are used,
    also those with a single modality; a modality needs at least two rows in the batch.
    Pairs are weighted by :math:`n_a n_b / (n_a + n_b)`.
    :math:`O(M n d^2 + M^2 d^2)`.

    Parameters
    ----------
    means : bool, default=True
        If True, the second term is added. If False, the modalities may keep different
        means.

    References
    ----------
    Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV
    workshops 2016.

    Examples
    --------
    >>> from skmm.alignment import CoralAlignment
    >>> CoralAlignment(means=False)
    CoralAlignment(means=False)
    """

    _parameter_constraints = {"means": ["boolean"]}

    def __init__(self, means: bool = True) -> None:
        self.means = means

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Coral(self.means)


class _MMD(AlignmentModule):
    multiples = (0.25, 0.5, 1.0, 2.0, 4.0)

    def loss(self, vectors, present):
        n, n_modalities, width = vectors.shape
        cells = standardise(vectors, present).transpose(0, 1).flatten(0, 1)
        # The mean squared distance of standardised vectors is twice the width.
        distances = squared_distances(cells, cells) / (2 * width)
        kernel = sum(torch.exp(-distances / c) for c in self.multiples)
        kernel = kernel.unflatten(1, (n_modalities, n)).unflatten(0, (n_modalities, n))
        count = present.sum(0)
        weights = (present / count.clamp(min=1)).T.to(kernel.dtype)
        means = torch.einsum("injm,in,jm->ij", kernel, weights, weights)
        means = means / len(self.multiples)
        a, b = ends(n_modalities)
        own = means.diagonal()
        both = torch.stack([means[i, j] for i, j in zip(a, b)])
        losses = pick(own, a) + pick(own, b) - 2 * both
        return weighted_mean(losses, effective_count(pick(count, a), pick(count, b)))


class _Coral(AlignmentModule):
    def __init__(self, means):
        super().__init__()
        self.means = means

    def loss(self, vectors, present):
        kept = present[..., None]
        vectors = standardise(vectors, present)
        count = present.sum(0)
        mean = vectors.sum(0) / count.clamp(min=1)[:, None]
        centred = torch.where(kept, vectors - mean, 0).transpose(0, 1)
        covariance = centred.mT @ centred / (count - 1).clamp(min=1)[:, None, None]
        size = covariance.square().sum((1, 2))
        a, b = ends(len(count))
        difference = pick(covariance, a) - pick(covariance, b)
        difference = difference.square().sum((1, 2))
        # 1e-6 of the size of unrelated features of unit variance.
        sizes = pick(size, a) + pick(size, b)
        losses = difference / (sizes + 1e-6 * vectors.shape[-1])
        if self.means:
            losses = losses + (pick(mean, a) - pick(mean, b)).square().mean(1)
        count = torch.where(count >= 2, count, 0)
        return weighted_mean(losses, effective_count(pick(count, a), pick(count, b)))
