"""Random changes of pictures, and of clips: the same one in all frames of a clip.

Own batched torch: torchvision does not load beside a build of torch for the CPU alone,
and kornia needs more than is used here.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Literal

import torch
from torch.nn import functional as F

from skmm._nn.seeding import rand
from skmm._utils.compat import Interval
from skmm._utils.validation import Names, SequenceOf
from skmm.augmentation._base import Augmentation, Chain


class ImageAugmentation(Augmentation):
    """Base of the changes of pictures.

    They take and return pixels from 0 to 1, of pictures (n, channels, height, width)
    or of clips (n, frames, channels, height, width). A subclass defines `_draw`, which
    returns a tuple of tensors with one value for each row, and `_change`.
    """

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        draws = self._draw(pixels)
        if pixels.ndim == 4:
            return self._change(pixels, *draws)
        n, n_frames = pixels.shape[:2]
        draws = (None if d is None else d.repeat_interleave(n_frames, 0) for d in draws)
        changed = self._change(pixels.flatten(0, 1), *draws)
        return changed.unflatten(0, (n, n_frames))


class _Affine(ImageAugmentation):
    """A change of place: a subclass gives `_matrices`, from target to source."""

    def _draw(self, pixels):
        return (self._matrices(pixels),)

    def _change(self, pixels, matrices):
        return warp(pixels, matrices)


class RandomFlip(ImageAugmentation):
    """Mirror left and right, or top and bottom.

    Parameters
    ----------
    axis : {"horizontal", "vertical", "both"}, default="horizontal"
        Direction of the flip. "horizontal" exchanges left and right, "vertical"
        exchanges top and bottom, and "both" decides about each by itself.
    probability : float, default=0.5
        Probability that a picture is flipped, for each direction.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomFlip
    >>> RandomFlip(probability=1.0)(torch.tensor([[[[0.0, 1.0]]]]))
    tensor([[[[1., 0.]]]])
    """

    _parameter_constraints = {
        "axis": [Names(["horizontal", "vertical", "both"])],
        "probability": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        axis: Literal["horizontal", "vertical", "both"] = "horizontal",
        probability: float = 0.5,
    ) -> None:
        self.axis = axis
        self.probability = probability

    def _draw(self, pixels):
        return (_uniform(pixels, 2) < self.probability,)

    def _change(self, pixels, chosen):
        for i, (name, dim) in enumerate([("horizontal", -1), ("vertical", -2)]):
            if self.axis in (name, "both"):
                mask = chosen[:, i].view(-1, 1, 1, 1)
                pixels = torch.where(mask, pixels.flip(dim), pixels)
        return pixels


class RandomShift(_Affine):
    """Move a picture by whole pixels; the pixels of its border fill the gap.

    Parameters
    ----------
    fraction : float, default=0.1
        Largest shift in each direction, as a share of the height and of the width,
        from 0 to 1.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomShift
    >>> RandomShift(fraction=0.25)(torch.rand(5, 3, 8, 8)).shape
    torch.Size([5, 3, 8, 8])
    """

    _parameter_constraints = {"fraction": [Interval(Real, 0, 1, closed="both")]}

    def __init__(self, fraction: float = 0.1) -> None:
        self.fraction = fraction

    def _matrices(self, pixels):
        height, width = pixels.shape[-2:]
        shift = (2 * _uniform(pixels, 2) - 1) * self.fraction
        lengths = shift.new_tensor([width, height])
        # Between pixels they would be blurred.
        shift = (shift * lengths).round() / lengths
        return _matrices(pixels, move=2 * shift)


class RandomCrop(_Affine):
    """Cut out a rectangle and enlarge it to the picture's size.

    Parameters
    ----------
    scale : (float, float), default=(0.5, 1.0)
        Smallest and largest area of the rectangle, as a share of the picture's area.
    ratio : (float, float), default=(0.75, 1.3333)
        Smallest and largest ratio of the rectangle's width to its height, relative to
        the ratio of the whole picture. 1 keeps the picture's proportions.

    References
    ----------
    Szegedy et al.: Going Deeper with Convolutions, CVPR 2015.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomCrop
    >>> RandomCrop()(torch.rand(5, 3, 8, 8)).shape
    torch.Size([5, 3, 8, 8])
    """

    _parameter_constraints = {
        "scale": [SequenceOf(Interval(Real, 0, 1, closed="right"), length=2)],
        "ratio": [SequenceOf(Interval(Real, 0, None, closed="neither"), length=2)],
    }

    def __init__(
        self,
        scale: tuple[float, float] = (0.5, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
    ) -> None:
        self.scale = scale
        self.ratio = ratio

    def _matrices(self, pixels):
        uniform = _uniform(pixels, 4)
        area = self.scale[0] + (self.scale[1] - self.scale[0]) * uniform[:, 0]
        low, high = map(math.log, self.ratio)
        ratio = (low + (high - low) * uniform[:, 1]).exp()
        sides = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1)
        sides = sides.clamp(max=1)
        # The middle of the cut, where it lies within the picture.
        move = (1 - sides) * (2 * uniform[:, 2:] - 1)
        return _matrices(pixels, scale=sides, move=move)


class RandomRotate(_Affine):
    """Turn a picture around its middle; the pixels of its border fill the gaps.

    Parameters
    ----------
    degrees : float, default=15
        Largest angle, clockwise or counter-clockwise, in degrees.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomRotate
    >>> RandomRotate(degrees=30)(torch.rand(5, 3, 8, 8)).shape
    torch.Size([5, 3, 8, 8])
    """

    _parameter_constraints = {"degrees": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, degrees: float = 15) -> None:
        self.degrees = degrees

    def _matrices(self, pixels):
        angle = (2 * _uniform(pixels, 1)[:, 0] - 1) * math.radians(self.degrees)
        return _matrices(pixels, angle=angle)


class RandomColor(ImageAugmentation):
    """Change brightness, contrast and saturation.

    Grey pictures have no saturation; only their brightness and contrast are changed.
    A channel of opacity is not changed.

    Parameters
    ----------
    brightness, contrast, saturation : float, default=0.2
        Strength of each change. With a value x, each picture draws a factor between
        1 - x and 1 + x; 0 turns the change off.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomColor
    >>> RandomColor(brightness=0.5)(torch.rand(5, 3, 8, 8)).shape
    torch.Size([5, 3, 8, 8])
    """

    _parameter_constraints = {
        "brightness": [Interval(Real, 0, None, closed="left")],
        "contrast": [Interval(Real, 0, None, closed="left")],
        "saturation": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2
    ) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation

    def _draw(self, pixels):
        drawn = 2 * _uniform(pixels, 3) - 1
        strength = [self.brightness, self.contrast, self.saturation]
        return (1 + drawn * drawn.new_tensor(strength),)

    def _change(self, pixels, factors):
        color = pixels[:, :3] if pixels.shape[1] == 4 else pixels
        brightness, contrast, saturation = factors.view(-1, 3, 1, 1, 1).unbind(1)
        color = color * brightness
        mean = color.mean(dim=(1, 2, 3), keepdim=True)
        color = mean + (color - mean) * contrast
        if color.shape[1] == 3:
            grey = color.mean(dim=1, keepdim=True)
            color = grey + (color - grey) * saturation
        color = color.clamp(0, 1)
        return color if pixels.shape[1] != 4 else torch.cat([color, pixels[:, 3:]], 1)


class RandomErase(ImageAugmentation):
    """Cover a random rectangle of a picture with a random colour.

    Parameters
    ----------
    probability : float, default=0.5
        Probability that a picture is changed.
    scale : (float, float), default=(0.02, 0.2)
        Smallest and largest area of the rectangle, as a share of the picture's area.

    References
    ----------
    Zhong et al.: Random Erasing Data Augmentation, AAAI 2020.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import RandomErase
    >>> RandomErase(probability=1.0)(torch.zeros(5, 3, 8, 8)).max() > 0
    tensor(True)
    """

    _parameter_constraints = {
        "probability": [Interval(Real, 0, 1, closed="both")],
        "scale": [SequenceOf(Interval(Real, 0, 1, closed="both"), length=2)],
    }

    def __init__(
        self, probability: float = 0.5, scale: tuple[float, float] = (0.02, 0.2)
    ) -> None:
        self.probability = probability
        self.scale = scale

    def _draw(self, pixels):
        return (_uniform(pixels, 5 + pixels.shape[-3]),)

    def _change(self, pixels, uniform):
        height, width = pixels.shape[-2:]
        area = self.scale[0] + (self.scale[1] - self.scale[0]) * uniform[:, 0]
        ratio = torch.exp((2 * uniform[:, 1] - 1) * math.log(3))
        within = [
            _within(length, share.sqrt() * length, start)
            for length, share, start in (
                (height, area * ratio, uniform[:, 2]),
                (width, area / ratio, uniform[:, 3]),
            )
        ]
        chosen = (uniform[:, 4] < self.probability)[:, None, None]
        mask = chosen & within[0][:, :, None] & within[1][:, None, :]
        return torch.where(mask[:, None], uniform[:, 5:, None, None], pixels)


def _within(length, side, start):
    """Tell which of the pixels of a side are in a stretch of it, (n, length)."""
    side = side.clamp(1, length).round()[:, None]
    start = (start[:, None] * (length - side)).round()
    place = torch.arange(length, device=side.device)
    return (place >= start) & (place < start + side)


def join_affine(augment):
    """Let consecutive changes of place sample the picture only once.

    Each sampling blurs the picture a little, and takes most of the time.

    Parameters
    ----------
    augment : Chain or None
    """
    if augment is None:
        return None
    steps = []
    for step in augment.steps:
        if isinstance(step, _Affine) and steps and isinstance(steps[-1], _Joined):
            steps[-1].steps.append(step)
        else:
            steps.append(_Joined([step]) if isinstance(step, _Affine) else step)
    return Chain(steps)


class _Joined(_Affine):
    def __init__(self, steps):
        self.steps = steps

    def _matrices(self, pixels):
        joined = None
        for step in self.steps:
            matrices = step._matrices(pixels)
            joined = matrices if joined is None else joined @ matrices
        return joined


def warp(pixels, matrices):
    """Sample pictures at places that matrices (n, 3, 3) map theirs to.

    Places are in units of half a side, from -1 to 1.
    """
    grid = F.affine_grid(matrices[:, :2].float(), pixels.shape, align_corners=False)
    return F.grid_sample(
        pixels, grid.to(pixels.dtype), padding_mode="border", align_corners=False
    )


def _matrices(pixels, scale=None, move=None, angle=None):
    """Return matrices (n, 3, 3); `move` and `scale` are (n, 2), x before y."""
    matrices = torch.eye(3, device=pixels.device, dtype=torch.float32).repeat(
        len(pixels), 1, 1
    )
    if scale is not None:
        matrices[:, 0, 0], matrices[:, 1, 1] = scale.unbind(1)
    if angle is not None:
        # Pictures may be wider than they are high, units are not.
        aspect = pixels.shape[-1] / pixels.shape[-2]
        matrices[:, 0, 0] = matrices[:, 1, 1] = angle.cos()
        matrices[:, 0, 1] = -angle.sin() / aspect
        matrices[:, 1, 0] = angle.sin() * aspect
    if move is not None:
        matrices[:, :2, 2] = move
    return matrices


def _uniform(pixels, n_draws):
    """Return numbers from 0 to 1, so many for each row."""
    return rand(len(pixels), n_draws, device=pixels.device)
