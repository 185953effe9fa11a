"""The contract of an alignment, and what the alignments share."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.validation import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from skmm.fusion._base import FusionSpec

#: Added to a square under a root: below a size of 1e-3 vectors count as zero, so that
#: no gradient grows beyond a thousandfold where a norm or a variance vanishes.
EPS = 1e-6


class Alignment(Part):
    r"""Base of all alignments: stores its options and builds its module on demand.

    An alignment of your own only needs ``build_module``. Every alignment respects
    ``present``: the values of ``vectors`` where a modality is absent must affect
    neither the loss nor a gradient. Replace them with :func:`torch.where` first;
    multiplying by 0 is not enough, since 0 times NaN is NaN.

    Options are checked before any cell is read if the class has scikit-learn's table
    `_parameter_constraints`.

    Examples
    --------
    >>> import torch
    >>> from skmm.alignment import Alignment
    >>> class Centred(torch.nn.Module):
    ...     def forward(self, vectors, present):
    ...         vectors = torch.where(present[..., None], vectors, 0)
    ...         return vectors.mean((0, 1)).square().sum()
    >>> class CentredAlignment(Alignment):
    ...     def build_module(self, spec):
    ...         return Centred()
    >>> CentredAlignment()
    CentredAlignment()
    """

    def build_module(self, spec: FusionSpec) -> nn.Module:
        """Build the torch module.

        Parameters
        ----------
        spec : FusionSpec
            Names of the modalities and sizes of their vectors.

        Returns
        -------
        module : nn.Module
            A module whose ``forward(vectors, present)`` takes the vectors, of shape
            (n, M, width), and a boolean tensor of shape (n, M), and returns the loss, a
            scalar tensor.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")


class ModuleAlignment(Alignment):
    """A user's own ``nn.Module`` class as an alignment.

    Parameters
    ----------
    module : nn.Module class
        The class; it is called with the :class:`~skmm.fusion.FusionSpec`.
    """

    _parameter_constraints = {"module": [callable]}

    def __init__(self, module: Callable[[FusionSpec], nn.Module]) -> None:
        self.module = module

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return self.module(spec)


class AlignmentModule(nn.Module):
    """Base of the modules: ``loss`` of a subclass is called with cleaned vectors.

    Absent vectors are 0, the type is float32 or wider, also under autocast, and there
    are at least two modalities. The wider type costs little, since a batch of vectors
    is small, and bfloat16 is too coarse for variances, logarithms and factorisations.
    """

    def forward(self, vectors, present):
        with torch.autocast(vectors.device.type, enabled=False):
            vectors = torch.where(present[..., None], vectors, 0)
            vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))
            if vectors.shape[1] < 2:
                return (0 * vectors).sum()
            return self.loss(vectors, present)

    def loss(self, vectors, present):
        raise NotImplementedError(f"{type(self).__name__}.loss")


def ends(n_modalities):
    """Return the first modality of each pair, and the second."""
    both = itertools.combinations(range(n_modalities), 2)
    first, second = map(list, zip(*both))
    return first, second


def pick(values, places):
    """Return the entries of the first axis at some places, a list of int.

    Indexing by the list would copy it to a GPU, and wait for that.
    """
    entries = values.unbind(0)
    return torch.stack([entries[place] for place in places])


def pairs(vectors, present):
    """Return both sides of each pair of modalities.

    Returns
    -------
    left, right : tensor of shape (P, n, width)
    both : tensor of bool, shape (P, n)
        Which rows have both.
    """
    a, b = ends(vectors.shape[1])
    sides, there = vectors.transpose(0, 1), present.T
    return pick(sides, a), pick(sides, b), pick(there, a) & pick(there, b)


def with_partner(present):
    """Keep the modalities of the rows that have at least two."""
    return present & (present.sum(1, keepdim=True) >= 2)


def weighted_mean(values, weights):
    """Average; 0 where there is no weight at all. ``values`` must be finite."""
    weights = weights.to(values.dtype)
    # The smallest weight anywhere is 1/2, of a pair of modalities with one row each.
    return (values * weights).sum() / weights.sum().clamp(min=0.5)


def unit(vectors):
    """Scale each vector to length 1."""
    return vectors * torch.rsqrt(vectors.square().sum(-1, keepdim=True) + EPS)


def standardise(vectors, kept):
    r"""Centre all kept vectors, and divide them by their common spread.

    The spread is one number for all features and modalities, the root of the mean
    variance. So the space keeps its shape, and two kept vectors differ by :math:`2 d`
    in the mean square. Gradients flow through that number, so a loss of the result
    cannot be lowered by shrinking all vectors or by sending all rows to one point.

    Parameters
    ----------
    vectors : tensor of shape (n, M, width)
    kept : tensor of bool, shape (n, M)

    Returns
    -------
    vectors : tensor of shape (n, M, width)
        Zeros where not kept.
    """
    kept = kept[..., None]
    count = kept.sum().clamp(min=1)
    mean = torch.where(kept, vectors, 0).sum((0, 1)) / count
    centred = torch.where(kept, vectors - mean, 0)
    variance = centred.square().sum() / (count * vectors.shape[-1])
    return centred * torch.rsqrt(variance + EPS)


def squared_distances(left, right):
    """Squared Euclidean distances, (..., n, width) x (..., m, width) -> (..., n, m).

    By the scalar products, for the sake of memory: precise for vectors that are
    centred.
    """
    squares = left.square().sum(-1)[..., :, None] + right.square().sum(-1)[..., None, :]
    return (squares - 2 * left @ right.mT).clamp(min=0)


def effective_count(first, second):
    """Size of a comparison of two samples: half the harmonic mean of their sizes."""
    return first * second / (first + second).clamp(min=1)
