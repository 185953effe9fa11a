"""Augmentations of samples and of spectrograms."""

import pytest
import torch

from skmm.augmentation import (
    SpectrogramMask,
    WaveGain,
    WaveNoise,
    WaveShift,
    make_augmentation,
)

WAVES = [WaveNoise(), WaveGain(), WaveShift()]


@pytest.fixture
def waves():
    torch.manual_seed(0)
    lengths = torch.tensor([400, 90, 1])
    mask = torch.arange(400) < lengths[:, None]
    return torch.randn(3, 2, 400) * mask[:, None], lengths


@pytest.mark.parametrize("augment", WAVES, ids=lambda a: type(a).__name__)
def test_samples_beyond_the_end_stay_silent(augment, waves):
    samples, lengths = waves
    changed, same = augment(samples, lengths)
    assert changed.shape == samples.shape and same is lengths
    assert torch.isfinite(changed).all() and not torch.equal(changed[0], samples[0])
    assert not changed[1, :, 90:].any() and not changed[2, :, 1:].any()


@pytest.mark.parametrize("augment", WAVES, ids=lambda a: type(a).__name__)
def test_rows_draw_for_themselves(augment, waves):
    samples = waves[0][:1].expand(3, -1, -1)
    changed = augment(samples, torch.full((3,), 400))[0]
    assert not torch.allclose(changed[0], changed[1])


def test_noise_has_the_ratio(waves):
    samples, lengths = waves
    noise = (WaveNoise(20, 20)(samples, lengths)[0] - samples)[0]
    ratio = samples[0].square().mean() / noise.square().mean()
    assert 10 * ratio.log10() == pytest.approx(20, abs=1)
    silence = torch.zeros(1, 1, 50)
    assert not WaveNoise()(silence, torch.tensor([50]))[0].any()


def test_shift_loses_nothing(waves):
    samples, lengths = waves
    shifted = WaveShift(0.5)(samples, lengths)[0]
    torch.testing.assert_close(shifted.sort().values, samples.sort().values)


def test_mask_hides_stretches_and_bands():
    torch.manual_seed(0)
    mask = torch.arange(100) < torch.tensor([100, 30, 1])[:, None]
    sounds = torch.ones(3, 1, 40, 100) * mask[:, None, None]
    changed, same = SpectrogramMask()(sounds, mask)
    assert same is mask
    hidden = (changed == 0) & (sounds == 1)
    assert 0 < hidden[0].float().mean() < 0.6
    # Whole columns and whole rows.
    times, bands = hidden[0, 0].all(0), hidden[0, 0].all(1)
    assert torch.equal(hidden[0, 0], times[None] | bands[:, None])


def test_domains():
    steps = make_augmentation(["shift", "gain", "noise", "mask"], "audio").steps
    assert [step.domain for step in steps] == ["wave"] * 3 + ["spectrogram"]
    assert len(make_augmentation("auto", "audio").steps) == 3
