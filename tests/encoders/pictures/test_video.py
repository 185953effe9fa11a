import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from skmm import MultimodalClassifier
from skmm.encoders import VideoEncoder
from skmm.io import CellError


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (6, 8, 10, 3), dtype=np.uint8) for _ in range(4)]


def frame(cells):
    return pd.DataFrame({"clip": pd.Series(cells, dtype=object)})


def test_frames_are_evenly_spaced(clips):
    block = VideoEncoder(frames=3, size=(8, 10)).fit_transform(frame([*clips, None]))
    assert block[0].shape == (5, 3, 3, 8, 10) and block[0].dtype == torch.uint8
    expected = torch.from_numpy(clips[0][[1, 3, 5]]).permute(0, 3, 1, 2)
    torch.testing.assert_close(block[0][0], expected)
    assert block.present.tolist() == [True] * 4 + [False]


@pytest.mark.parametrize("temporal", ["mean", "lstm", "attention"])
@pytest.mark.parametrize("width", [6, 7])
def test_tokens_are_frames(temporal, width, clips):
    encoder = VideoEncoder(3, 8, temporal=temporal)
    block = encoder.fit_transform(frame(clips))
    vectors, tokens, *_ = encoder.build_module(width).eval()(block)
    assert vectors.shape == (4, width) and tokens.shape == (4, 3, width)


@pytest.mark.parametrize(("temporal", "sees"), [("mean", False), ("lstm", True)])
def test_order_of_frames(temporal, sees, clips):
    encoder = VideoEncoder(6, 8, temporal=temporal)
    block = encoder.fit_transform(frame(clips))
    module = encoder.build_module(6).eval()
    backwards = encoder.transform(frame([clip[::-1] for clip in clips]))
    same = torch.allclose(module(block).vectors, module(backwards).vectors, atol=1e-5)
    assert same is not sees


def test_mapped_file_gives_the_same(clips):
    X = frame(clips)
    expected = VideoEncoder(2, 8).fit_transform(X)
    block = VideoEncoder(2, 8, memory_limit=10).fit_transform(X)
    torch.testing.assert_close(block[0], expected[0])


def test_unreadable_cells(clips):
    X = frame([clips[0], b"no clip"])
    with pytest.raises(CellError, match="Column 'clip', row 1"):
        VideoEncoder(2, 8).fit_transform(X)
    with pytest.warns(UserWarning, match="cannot be read"):
        block = VideoEncoder(2, 8, errors="missing").fit_transform(X)
    assert block.present.tolist() == [True, False]


def test_several_columns(clips):
    X = frame(clips)
    X["other"] = X["clip"]
    with pytest.raises(ValueError, match="one column of clips and got 2"):
        VideoEncoder().fit_transform(X)


@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_frozen_vectors_of_frames_are_computed_once(pooling, clips):
    calls = []

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3)

        def forward(self, pixels):
            calls.append(len(pixels))
            return self.conv(pixels)

    encoder = VideoEncoder(3, 8, "pretrained", "lstm", model=Network(), pooling=pooling)
    X, y = frame([*clips, None] * 4), np.arange(20) % 2
    block = encoder.fit_transform(X)
    assert block[0].shape == (20, 3, 5) and block[0].dtype == torch.float32
    np.testing.assert_allclose(block[0][block.present].mean((0, 1)), 0, atol=1e-5)
    calls.clear()
    MultimodalClassifier(
        [("clip", encoder, ["clip"])], max_epochs=3, validation=None, random_state=0
    ).fit(X, y)
    assert sum(calls) <= 16 * 3 + 2  # and one to measure its width


def test_augmentation_changes_all_frames_alike(clips):
    encoder = VideoEncoder(2, 8, augment=["flip", "shift", "erase"])
    still = frame([clip[[0, 0]] for clip in clips])
    block = encoder.fit_transform(still)
    module = encoder.build_module(4).train()
    (pixels,) = module.augment(*module.read(block[0]))
    torch.testing.assert_close(pixels[:, 0], pixels[:, 1])
    assert not torch.equal(pixels, module.read(block[0])[0])
