"""Where batches and noise come from."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from skmm._training.private._noise import Noise, SecureNoise, make_noise
from skmm.privacy import PrivacySpec

CPU = torch.device("cpu")


@pytest.mark.parametrize("secure_mode", [False, True])
def test_the_noise_is_standard_normal(secure_mode):
    noise = make_noise(PrivacySpec(1, 1e-5, secure_mode=secure_mode), CPU)
    drawn = noise.normal_like(torch.zeros(200, 50, dtype=torch.float32))
    assert drawn.shape == (200, 50) and drawn.dtype == torch.float32
    # Unseeded: false once in a billion runs.
    assert kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-9


@pytest.mark.parametrize("noise", [Noise(None, CPU), SecureNoise()])
def test_each_row_has_the_same_probability(noise):
    counts = np.zeros(100)
    for _ in range(1000):
        counts[noise.draw_rows(100, 0.1)] += 1
    # Six standard deviations of a row's count.
    assert np.abs(counts - 100).max() < 6 * np.sqrt(1000 * 0.1 * 0.9)
    assert len(noise.draw_rows(10, 1.0)) == 10


def test_only_a_given_seed_repeats_it():
    def draw(seed):
        return Noise(seed, CPU).normal_like(torch.zeros(5))

    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(None), draw(None))
