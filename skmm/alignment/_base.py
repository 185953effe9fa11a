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
    r"""Base of all alignments: stores its options, builds its module on demand.

    An alignment of your own needs ``build_module`` only. Every alignment honours
    ``present``: what stands in ``vectors`` where a modality is absent must reach
    neither the loss nor a gradient. Take it out by :func:`torch.where` before
    anything else, as a product with 0 keeps NaN.

    Options are checked before anything is read, if the class has scikit-learn's table
    `_parameter_constraints` of what each may be.

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

        Returns
        -------
        module : nn.Module
            With ``forward(vectors (n, M, width), present (n, M) bool)`` giving a
            scalar tensor, the loss.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")


class ModuleAlignment(Alignment):
    """A user's own ``nn.Module`` class as an alignment.

    Parameters
    ----------
    module : nn.Module class
        Called with the :class:`~skmm.fusion.FusionSpec`.
    """

    _parameter_constraints = {"module": [callable]}

    def __init__(self, module: Callable[[FusionSpec], nn.Module]) -> None:
        self.module = module

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return self.module(spec)


class AlignmentModule(nn.Module):
    """Base of the modules: a subclass's ``loss`` sees nothing but clean vectors.

    Absent places are 0, the type is float32 or wider whatever the vectors' own and
    autocast's, and there are at least two modalities. A batch is small beside the
    encoders before it, and variances, logarithms and factorisations lose in bfloat16
    what they are about.
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
    r"""Centre all kept vectors, and measure them by their common spread.

    One number for all features and modalities, the root of the mean variance: the
    space keeps its shape, and two kept vectors differ by :math:`2 d` in the mean
    square. Gradients flow through that number: a loss of the outcome cannot be
    lowered by shrinking all vectors or by sending all rows to one point.

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
