"""Random changes of time series: values (n, channels, time) and mask (n, time)."""

from __future__ import annotations

from numbers import Integral, Real

import torch

from skmm._nn.seeding import randn, randn_like
from skmm._utils.compat import Interval
from skmm.augmentation._base import Augmentation


class SeriesJitter(Augmentation):
    """Add noise to each value.

    Parameters
    ----------
    scale : float, default=0.05
        Standard deviation of the noise. The values of a series are scaled to a
        standard deviation of 1 beforehand, so 0.05 is 5 % of it.

    References
    ----------
    Um et al.: Data Augmentation of Wearable Sensor Data for Parkinson's Disease
    Monitoring using Convolutional Neural Networks, ICMI 2017.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import SeriesJitter
    >>> values, mask = torch.zeros(2, 1, 5), torch.arange(5) < torch.tensor([[5], [3]])
    >>> values, mask = SeriesJitter()(values, mask)
    >>> (values != 0).sum(dim=2).flatten().tolist()
    [5, 3]
    """

    _parameter_constraints = {"scale": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, scale: float = 0.05) -> None:
        self.scale = scale

    def __call__(
        self, values: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        noise = self.scale * randn_like(values)
        return values + noise * mask[:, None], mask


class SeriesScale(Augmentation):
    """Multiply the values of each channel by a random factor.

    Parameters
    ----------
    scale : float, default=0.1
        Standard deviation of the logarithm of the factor. With 0.1, most factors lie
        between 0.8 and 1.2.

    References
    ----------
    Um et al.: Data Augmentation of Wearable Sensor Data for Parkinson's Disease
    Monitoring using Convolutional Neural Networks, ICMI 2017.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import SeriesScale
    >>> values, _ = SeriesScale()(torch.ones(1, 2, 3), torch.ones(1, 3).bool())
    >>> bool((values[..., 0] == values[..., 2]).all())
    True
    """

    _parameter_constraints = {"scale": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, scale: float = 0.1) -> None:
        self.scale = scale

    def __call__(
        self, values: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        n, n_channels, _ = values.shape
        drawn = randn(n, n_channels, 1, device=values.device)
        return values * torch.exp(self.scale * drawn), mask


class SeriesWarp(Augmentation):
    """Let time run faster in some places of a series and slower in others.

    The speed changes smoothly between `n_knots` random speeds. Values are interpolated,
    and a row keeps its length, its first and its last value.

    Parameters
    ----------
    scale : float, default=0.2
        Standard deviation of the logarithm of the speeds. Larger values change the
        speed more.
    n_knots : int, default=4
        Number of random speeds along a series. More knots change the speed more often.

    References
    ----------
    Um et al.: Data Augmentation of Wearable Sensor Data for Parkinson's Disease
    Monitoring using Convolutional Neural Networks, ICMI 2017.

    Examples
    --------
    >>> import torch
    >>> from skmm.augmentation import SeriesWarp
    >>> ramp = torch.arange(6.0)[None, None]
    >>> values, _ = SeriesWarp()(ramp, torch.ones(1, 6).bool())
    >>> bool((values.diff() > 0).all()), round(float(values[0, 0, -1]), 4)
    (True, 5.0)
    """

    _parameter_constraints = {
        "scale": [Interval(Real, 0, None, closed="left")],
        "n_knots": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, scale: float = 0.2, n_knots: int = 4) -> None:
        self.scale = scale
        self.n_knots = n_knots

    def __call__(
        self, values: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        n, n_channels, n_times = values.shape
        if n_times < 2:
            return values, mask
        last = mask.sum(1, keepdim=True) - 1
        drawn = randn(n, 1, self.n_knots, device=values.device)
        speeds = torch.nn.functional.interpolate(
            torch.exp(self.scale * drawn),
            n_times - 1,
            mode="linear",
            align_corners=True,
        )[:, 0]
        # Steps between times that are there; time stands still behind a row's end.
        passed = (speeds * mask[:, 1:]).cumsum(1)
        total = passed[:, -1:].clamp(min=1e-9)
        passed = torch.nn.functional.pad(passed / total, (1, 0)) * last
        passed = torch.minimum(passed, last)
        left = passed.floor().long()
        right = torch.minimum(left + 1, last)
        share = (passed - left)[:, None].to(values.dtype)

        def at(places):
            return values.gather(2, places[:, None].expand(-1, n_channels, -1))

        warped = at(left) * (1 - share) + at(right) * share
        return warped * mask[:, None], mask
