"""Augmentations of series: row by row, within each row's own length."""

import pytest
import torch

from skmm.augmentation import SeriesJitter, SeriesScale, SeriesWarp, make_augmentation

ALL = [SeriesJitter(), SeriesScale(), SeriesWarp()]


@pytest.fixture
def batch():
    torch.manual_seed(0)
    mask = torch.arange(20) < torch.tensor([20, 7, 1, 2])[:, None]
    return torch.randn(4, 3, 20) * mask[:, None], mask


@pytest.mark.parametrize("augment", ALL, ids=lambda a: type(a).__name__)
def test_padding_stays(augment, batch):
    values, mask = batch
    changed, same = augment(values, mask)
    assert changed.shape == values.shape and same is mask
    assert torch.isfinite(changed).all()
    assert not changed[~mask[:, None].expand_as(changed)].any()
    assert not torch.equal(changed[:2], values[:2])


@pytest.mark.parametrize("augment", ALL, ids=lambda a: type(a).__name__)
def test_rows_differ_and_seeds_repeat(augment, batch):
    values, mask = batch
    values, mask = values[:1].expand(4, -1, -1), mask[:1].expand(4, -1)
    torch.manual_seed(1)
    changed = augment(values, mask)[0]
    assert not torch.allclose(changed[0], changed[1])
    torch.manual_seed(1)
    torch.testing.assert_close(augment(values, mask)[0], changed, atol=0, rtol=0)


def test_warp_keeps_ends_and_order(batch):
    _, mask = batch
    ramp = torch.arange(20.0).expand(4, 1, 20) * mask[:, None]
    warped = SeriesWarp(0.5)(ramp, mask)[0][:, 0]
    lengths = mask.sum(1)
    assert not warped[:, 0].any()
    ends = warped.gather(1, lengths[:, None] - 1)[:, 0]
    torch.testing.assert_close(ends, lengths - 1.0)
    assert (warped[0].diff() > 0).all() and (warped[1, :7].diff() > 0).all()


def test_by_name():
    assert len(make_augmentation("auto", "series").steps) == 2
    assert len(make_augmentation(["jitter", "scale", "warp"], "series").steps) == 3
    with pytest.raises(ValueError, match="'jitter', 'scale', 'warp'.*Got 'flip'"):
        make_augmentation("flip", "series")
