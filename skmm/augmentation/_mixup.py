"""Mixing rows with each other, both their cells or vectors and their targets."""

from __future__ import annotations

from numbers import Real
from typing import NamedTuple

import torch

from skmm._nn.seeding import beta, rand_like, randperm
from skmm._utils.compat import Interval
from skmm._utils.validation import Part


class Mixing(NamedTuple):
    """How the rows of a batch are mixed.

    Attributes
    ----------
    partner : tensor of shape (n,)
        Index of the row that each row is mixed with.
    share : tensor of shape (n,)
        Share that a row keeps of itself, from 0 to 1.
    where : {"inputs", "boxes", "vectors"}
    """

    partner: torch.Tensor
    share: torch.Tensor
    where: str

    def among(self, rows):
        """Return the mixing of some rows; a row without its partner is not mixed.

        Parameters
        ----------
        rows : tensor of shape (n_some,)
        """
        place = torch.full_like(self.partner, -1)
        place[rows] = torch.arange(len(rows), device=rows.device)
        partner, share = place[self.partner[rows]], self.share[rows]
        share = torch.where(partner < 0, 1, share)
        return Mixing(partner.clamp(min=0), share, self.where)

    def mix(self, values):
        """Return the weighted means of each row's values and its partner's."""
        share = self.share.to(values.dtype).reshape(-1, *[1] * (values.dim() - 1))
        return share * values + (1 - share) * values[self.partner]

    def mix_present(self, values, present):
        """Mix values that may be absent in one row; zeros where both lack them.

        Parameters
        ----------
        values : tensor of shape (n, ...)
        present : tensor of bool
            The first axes of `values`.

        Returns
        -------
        mixed : tensor
        present : tensor of bool
            True where at least one of both rows has the value.
        """
        other = present[self.partner]
        share = self.share.reshape(-1, *[1] * (present.dim() - 1))
        # Where one row is alone it counts fully.
        share = torch.where(other, share, 1) * present
        rest = torch.where(present, 1 - share, 1) * other
        more = values.dim() - present.dim()
        share, rest = (
            part.to(values.dtype).reshape(*part.shape, *[1] * more)
            for part in (share, rest)
        )
        return share * values + rest * values[self.partner], present | other


class ManifoldMixup(Part):
    """Mix the vectors of the modalities, between encoders and fusion.

    Each row gets a random partner in its batch and a share drawn from the distribution
    Beta(alpha, alpha). The fused head sees the weighted means of the vectors of both
    rows, with the same share in all modalities, and its loss is the weighted mean of
    the losses for both targets. Where only one of both rows has a modality, its vector
    is not changed.

    Parameters
    ----------
    alpha : float, default=0.2
        Parameter of the Beta distribution of the shares. With small values most rows
        stay close to themselves or to their partner; with 1 all shares are equally
        likely. Raise it for stronger regularization.

    References
    ----------
    Verma et al.: Manifold Mixup, ICML 2019.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> from skmm.augmentation import ManifoldMixup
    >>> model = MultimodalClassifier(mixup=ManifoldMixup(alpha=1.0))
    """

    where = "vectors"

    _parameter_constraints = {"alpha": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, alpha: float = 0.2) -> None:
        self.alpha = alpha

    def draw(self, n: int, device: torch.device) -> Mixing:
        """Draw partners and shares for a batch.

        Parameters
        ----------
        n : int
            Rows of the batch.
        device : torch.device

        Returns
        -------
        mixing : Mixing
        """
        share = beta(self.alpha, n, device=device)
        return Mixing(randperm(n, device=device), share, self.where)


class Mixup(ManifoldMixup):
    """Mix the cells themselves: pixels and extracted features.

    This is :class:`ManifoldMixup`, except that pictures, clips (frame by frame) and
    features are mixed before their encoders read them. Words and categories cannot be
    mixed; for them, the vectors that their encoders return are mixed instead.

    Parameters
    ----------
    alpha : float, default=0.2
        Parameter of the Beta distribution of the shares. With small values most rows
        stay close to themselves or to their partner; with 1 all shares are equally
        likely. Raise it for stronger regularization.

    References
    ----------
    Zhang, Cissé, Dauphin, Lopez-Paz: mixup: Beyond Empirical Risk Minimization,
    ICLR 2018.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> model = MultimodalClassifier(mixup="mixup")
    """

    where = "inputs"


class CutMix(ManifoldMixup):
    """Paste a rectangle of the partner's picture into a row's picture.

    The partner's target counts in the loss in proportion to the area of the rectangle.
    For modalities that are not pictures, the vectors that their encoders return are
    mixed, with the same share.

    Parameters
    ----------
    alpha : float, default=1.0
        Parameter of the Beta distribution of the shares. With 1 all shares are equally
        likely; smaller values make rectangles mostly very small or very large.

    References
    ----------
    Yun et al.: CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features, ICCV 2019.

    Examples
    --------
    >>> from skmm import MultimodalClassifier
    >>> model = MultimodalClassifier(mixup="cutmix")
    """

    where = "boxes"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha


def mix_pictures(pictures, mixing):
    """Mix pictures (n, ..., h, w), whole or by a box.

    Parameters
    ----------
    pictures : tensor
    mixing : Mixing
    """
    if mixing.where == "inputs":
        return mixing.mix(pictures)
    inside = _boxes(mixing.share, *pictures.shape[-2:])
    inside = inside.reshape(len(inside), *[1] * (pictures.dim() - 3), *inside.shape[1:])
    return torch.where(inside, pictures[mixing.partner], pictures)


def _boxes(share, height, width):
    """Return masks (n, height, width) of boxes of the area 1 - share, at random."""
    side = (1 - share).sqrt()
    masks = []
    for length in (height, width):
        start = rand_like(side) * (1 - side)
        places = torch.arange(length, device=share.device, dtype=share.dtype)
        centres = (places + 0.5) / length
        masks.append((centres >= start[:, None]) & (centres < (start + side)[:, None]))
    return masks[0][:, :, None] & masks[1][:, None, :]
