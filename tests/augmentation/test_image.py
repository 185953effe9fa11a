import numpy as np
import pytest
import torch

from skmm.augmentation import (
    RandomColor,
    RandomCrop,
    RandomErase,
    RandomFlip,
    RandomRotate,
    RandomShift,
    make_augmentation,
)
from skmm.augmentation._image import join_affine

ALL = ("flip", "shift", "crop", "rotate", "color", "erase")


@pytest.fixture
def pixels():
    return torch.rand(6, 3, 12, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_each_row_changes_and_stays_a_picture(name, n_channels):
    pixels = torch.rand(1, n_channels, 12, 16).repeat(16, 1, 1, 1)
    torch.manual_seed(0)
    changed = make_augmentation(name, "image")(pixels)[0]
    assert changed.shape == pixels.shape and changed.dtype == pixels.dtype
    assert changed.min() >= 0 and changed.max() <= 1
    # Rows that are alike are so no more: each has a chance of its own.
    assert len({tuple(row.flatten().tolist()) for row in changed}) > 1


@pytest.mark.parametrize("name", ALL)
def test_seed_repeats(name, pixels):
    augment = make_augmentation(name, "image")
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(augment(pixels)[0])
    torch.testing.assert_close(*results, atol=0, rtol=0)
    assert not torch.equal(augment(pixels)[0], results[0])


@pytest.mark.parametrize("name", ALL)
def test_frames_of_a_clip_change_alike(name, pixels):
    clips = pixels[:, None].repeat(1, 3, 1, 1, 1)
    torch.manual_seed(0)
    changed = make_augmentation(name, "image")(clips)[0]
    assert changed.shape == clips.shape
    torch.testing.assert_close(changed[:, 1], changed[:, 0], atol=0, rtol=0)
    torch.manual_seed(0)
    alone = make_augmentation(name, "image")(pixels)[0]
    torch.testing.assert_close(changed[:, 2], alone)


def test_flip(pixels):
    torch.testing.assert_close(
        RandomFlip("vertical", probability=1)(pixels), pixels.flip(2)
    )
    torch.testing.assert_close(
        RandomFlip("both", probability=1)(pixels), pixels.flip(2, 3)
    )
    torch.testing.assert_close(RandomFlip(probability=0)(pixels), pixels)


def test_shift_is_by_whole_pixels(pixels):
    changed = RandomShift(fraction=0.25)(pixels)
    for before, after in zip(pixels, changed):
        # The middle of the picture is somewhere in the original, as it was.
        middle = after[:, 4:8, 6:10]
        found = [
            torch.allclose(middle, before[:, i : i + 4, j : j + 4], atol=1e-4)
            for i in range(9)
            for j in range(13)
        ]
        assert any(found)


def test_shift_continues_the_border():
    white = torch.ones(4, 1, 8, 8)
    torch.testing.assert_close(RandomShift(fraction=0.5)(white), white)


def test_turning_is_about_the_middle_and_keeps_proportions():
    pixels = torch.zeros(1, 1, 21, 41)
    pixels[:, :, 10, 10:31] = 1.0  # a line of 21 pixels through the middle
    rotate = RandomRotate()
    rotate._matrices = lambda p: _quarter_turn(p)
    turned = rotate(pixels)
    assert turned[0, 0, 1:20, 20].min() > 0.99
    assert turned[0, 0, :, :18].max() < 0.01


def _quarter_turn(pixels):
    from skmm.augmentation._image import _matrices

    return _matrices(pixels, angle=torch.tensor([np.pi / 2]))


def test_crop_enlarges():
    ramp = torch.linspace(0, 1, 32).repeat(8, 1, 32, 1)
    changed = RandomCrop(scale=(0.25, 0.25), ratio=(1, 1))(ramp)
    span = changed[:, 0, 16, -1] - changed[:, 0, 16, 0]
    torch.testing.assert_close(span, torch.full((8,), 0.5), atol=0.03, rtol=0)
    whole = RandomCrop(scale=(1, 1), ratio=(1, 1))(ramp)
    torch.testing.assert_close(whole, ramp)


def test_color():
    pixels = torch.full((20, 3, 2, 2), 0.5)
    changed = RandomColor(brightness=0.2, contrast=0, saturation=0)(pixels)
    factors = changed[:, 0, 0, 0] / 0.5
    assert factors.min() >= 0.8 and factors.max() <= 1.2 and factors.std() > 0.05
    opaque = torch.rand(4, 4, 3, 3)
    torch.testing.assert_close(RandomColor()(opaque)[:, 3], opaque[:, 3])
    same = RandomColor(0, 0, 0)(opaque)
    torch.testing.assert_close(same, opaque)


def test_erase():
    pixels = torch.full((50, 1, 20, 20), 2.0)
    changed = RandomErase(probability=1, scale=(0.1, 0.1))(pixels)
    share = (changed < 2).float().mean(dim=(1, 2, 3))
    assert share.min() > 0.05 and share.max() < 0.16
    some = RandomErase(probability=0.5)(pixels)
    assert 5 < (some < 2).flatten(1).any(dim=1).sum() < 45


def test_joined_changes_of_place_are_one_after_the_other(pixels):
    smooth = torch.nn.functional.avg_pool2d(pixels, 5, stride=1, padding=2)
    steps = [RandomShift(0.2), RandomRotate(20)]
    chain = make_augmentation(["flip", *steps, "color"], "image")
    joined = join_affine(chain)
    assert len(chain.steps) == 4 and len(joined.steps) == 3
    torch.manual_seed(0)
    once = joined.steps[1](smooth)
    torch.manual_seed(0)
    twice = steps[1](steps[0](smooth))
    inner = (..., slice(4, -4), slice(4, -4))
    torch.testing.assert_close(once[inner], twice[inner], atol=0.05, rtol=0)


def test_unknown_name():
    with pytest.raises(ValueError, match="'flip', 'shift'"):
        make_augmentation("turn", "image")
