"""Where the randomness of a private training comes from."""

import os
import secrets

import numpy as np
import torch
from scipy.special import ndtri


class Noise:
    """Draws batches and noise, by a generator whose seed nobody keeps.

    Parameters
    ----------
    seed : int or None
        None takes one from the operating system.
    device : torch.device
        Of the tensors that are made noisy.
    """

    def __init__(self, seed, device):
        seeds = np.random.SeedSequence(secrets.randbits(128) if seed is None else seed)
        order, normal = map(int, seeds.generate_state(2, np.uint64))
        # Two of them: batches are drawn on the CPU, whatever the device is.
        self._order = torch.Generator().manual_seed(order)
        self._normal = torch.Generator(device).manual_seed(normal)

    def draw_rows(self, n_rows, probability):
        """Return which rows are in a batch, each with the same probability.

        Returns
        -------
        rows : tensor of int64
        """
        # In float64: float32 would round the probability to a multiple of 2^-24.
        drawn = torch.rand(n_rows, generator=self._order, dtype=torch.float64)
        return torch.nonzero(drawn < probability)[:, 0]

    def normal_like(self, tensor):
        """Return standard normal numbers of a tensor's shape, type and device."""
        return torch.randn(
            tensor.shape,
            generator=self._normal,
            dtype=tensor.dtype,
            device=tensor.device,
        )


class SecureNoise:
    """Draws batches and noise by the operating system's secure source."""

    #: Normal numbers that are added up for one [1]_.
    #:
    #: .. [1] Holohan, Braghin: Secure Random Sampling in Differential Privacy, 2021.
    _n_summands = 4

    def draw_rows(self, n_rows, probability):
        """Return which rows are in a batch, each with the same probability.

        Returns
        -------
        rows : tensor of int64
        """
        return torch.from_numpy(np.flatnonzero(_uniform(n_rows) < probability))

    def normal_like(self, tensor):
        """Return standard normal numbers of a tensor's shape, type and device."""
        total = np.zeros(tensor.numel())
        for _ in range(self._n_summands):
            total += ndtri(_uniform(tensor.numel()))
        total /= np.sqrt(self._n_summands)
        return torch.from_numpy(total.reshape(tensor.shape)).to(tensor)


def _uniform(size):
    """Return numbers between 0 and 1, neither of them, of 53 random bits each."""
    bits = np.frombuffer(os.urandom(8 * size), np.uint64) >> np.uint64(11)
    return (bits + 0.5) * 2.0**-53


def make_noise(spec, device):
    """Return what a private training draws from.

    Parameters
    ----------
    spec : PrivacySpec
    device : torch.device
    """
    return SecureNoise() if spec.secure_mode else Noise(spec.noise_seed, device)
