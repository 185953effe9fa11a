"""What every Vectorizer and Embedder promises, each on cells of its own kind."""

import functools
import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmm
import skmm.feature_extraction as extraction

N = 12
WORDS = ["soft", "warm", "dress", "fits", "small", "large", "love", "hate", "poor"]
MISSING = [2, 7]


# ----------------------------------------------------------------------------- cells


def make_text(rng):
    words = [
        "soft",
        "warm",
        "dress",
        "fits",
        "small",
        "large",
        "colour",
        "love",
        "hate",
        "return",
        "poor",
    ]
    return " ".join(rng.choice(words, rng.integers(3, 9)))


def make_pixels(rng):
    return rng.integers(0, 256, (*rng.integers(9, 20, 2), 3), dtype=np.uint8)


def make_png(rng):
    Image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    Image.fromarray(make_pixels(rng)).save(file, "png")
    return file.getvalue()


def make_samples(rng):
    times = np.arange(rng.integers(2000, 4000)) / 8000
    samples = np.sin(2 * np.pi * rng.uniform(100, 2000) * times)
    return samples + rng.normal(0, 0.1, len(times)), 8000


def make_wav(rng):
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, *make_samples(rng), format="wav")
    return file.getvalue()


def make_frames(rng):
    return rng.integers(0, 256, (rng.integers(3, 8), 32, 32, 3), dtype=np.uint8)


def make_mp4(rng):
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for pixels in make_frames(rng):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def make_series(rng):
    return rng.normal(size=rng.integers(12, 30)).cumsum()


def make_node(rng):
    return f"n{rng.integers(0, 9)}"


TRIPLES = [(f"n{i}", f"r{i % 2}", f"n{(i * 5 + 1) % 9}") for i in range(9)]


class LetterCounts:
    """A stand-in of a sentence model: letters, counted."""

    def __call__(self, texts):
        counts = [[text.count(letter) for letter in "aeiostr"] for text in texts]
        return np.array(counts, dtype=np.float32).reshape(-1, 7)

    def __repr__(self):  # names of tests must be the same in all processes
        return "LetterCounts()"


def make_image_module():
    """A stand-in of an image network: mean colours of the quarters."""
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten())


def make_audio_module():
    """A stand-in of a speech network: means of the eighths."""
    return torch.nn.AdaptiveAvgPool1d(8)


# -------------------------------------------------------------------- the transformers

#: name -> (class, options, maker of a cell)
CASES = {
    "TextVectorizer": ("TextVectorizer", {"n_components": 3}, make_text),
    "SeriesVectorizer-statistics": (
        "SeriesVectorizer",
        {"method": "statistics"},
        make_series,
    ),
    "SeriesVectorizer-rocket": (
        "SeriesVectorizer",
        {"method": "rocket", "n_features": 84},
        make_series,
    ),
    "ImageVectorizer": (
        "ImageVectorizer",
        {"features": ("color", "texture"), "size": 16},
        make_png,
    ),
    "AudioVectorizer": ("AudioVectorizer", {"features": ("mfcc",)}, make_wav),
    "VideoVectorizer": (
        "VideoVectorizer",
        {"features": ("color", "motion"), "n_frames": 2, "size": 16},
        make_mp4,
    ),
    "EntityVectorizer": ("EntityVectorizer", {"triples": TRIPLES}, make_node),
    "TextEmbedder": ("TextEmbedder", {"model": LetterCounts()}, make_text),
    "ImageEmbedder": (
        "ImageEmbedder",
        {"model": make_image_module(), "size": 8},
        make_png,
    ),
    "AudioEmbedder": (
        "AudioEmbedder",
        {"model": make_audio_module(), "rate": 8000},
        make_wav,
    ),
    "VideoEmbedder": (
        "VideoEmbedder",
        {"model": make_image_module(), "size": 8, "n_frames": 3},
        make_mp4,
    ),
    "MultimodalVectorizer": ("MultimodalVectorizer", {}, make_text),
}
each_case = pytest.mark.parametrize("case", CASES)


def make(case):
    name, options, _ = CASES[case]
    return getattr(extraction, name)(**options)


def make_frame(case, seed=0, n=N, missing=MISSING):
    rng = np.random.default_rng(seed)
    data = {}
    for name in ["one", "other"]:
        column = np.empty(n, dtype=object)
        for i in range(n):
            column[i] = CASES[case][2](rng)
        column[[i for i in missing if i < n]] = None
        data[name] = column
        missing = [i + 1 for i in missing]
    return pd.DataFrame(data, dtype=object)


def to_polars(frame):
    polars = pytest.importorskip("polars")
    as_list = {np.ndarray: np.ndarray.tolist}  # polars takes no arrays beside None
    return polars.DataFrame(
        {
            name: [as_list.get(type(cell), lambda c: c)(cell) for cell in frame[name]]
            for name in frame
        }
    )


def values(features):
    return features.to_numpy() if hasattr(features, "to_numpy") else features


def assert_close(actual, expected):
    np.testing.assert_allclose(values(actual), values(expected), rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------------------- promises


@each_case
def test_fit_transform_is_fit_then_transform_and_gives_float32(case):
    X = make_frame(case)
    together = make(case).fit_transform(X)
    fitted = make(case).fit(X)
    assert_close(fitted.transform(X), together)
    assert values(together).dtype == np.float32
    names = fitted.get_feature_names_out()
    assert values(together).shape == (N, len(names))
    assert len(set(names)) == len(names)
    assert all(isinstance(name, str) for name in names)
    assert fitted.n_features_in_ == 2
    assert fitted.feature_names_in_.tolist() == ["one", "other"]


@each_case
def test_a_row_alone_is_as_in_its_batch(case):
    fitted = make(case).fit(make_frame(case))
    X = make_frame(case, seed=1, n=6)
    batch = values(fitted.transform(X))
    alone = np.vstack([values(fitted.transform(X[i : i + 1])) for i in range(len(X))])
    assert_close(alone, batch)


@each_case
def test_only_missing_cells_are_nan(case):
    X = make_frame(case)
    transformer = make(case)
    features = values(transformer.fit_transform(X))
    if case == "MultimodalVectorizer":  # both columns are one modality
        names = np.array(["one" if i < 15 else "other" for i in range(30)])
        names = np.repeat(["one", "other"], features.shape[1] // 2)
    else:
        names = [
            name.partition("__")[0] for name in transformer.get_feature_names_out()
        ]
    for column in X:
        expected = X[column].isna().to_numpy()
        of_column = np.isnan(features[:, np.array(names) == column])
        assert (of_column.all(axis=1) == expected).all()
        assert (of_column.any(axis=1) == expected).all()


@each_case
def test_order_of_rows_does_not_matter(case):
    X = make_frame(case)
    order = np.random.default_rng(0).permutation(N)
    features = values(make(case).fit_transform(X))
    assert_close(make(case).fit_transform(X.iloc[order]), features[order])


@each_case
def test_polars_in(case):
    X = make_frame(case)
    assert_close(make(case).fit_transform(to_polars(X)), make(case).fit_transform(X))


@each_case
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(case, library):
    pytest.importorskip(library)
    X = make_frame(case).set_axis(range(100, 100 + N))
    transformer = make(case).set_output(transform=library)
    for features in (transformer.fit_transform(X), transformer.transform(X)):
        assert type(features).__module__.startswith(library)
        assert list(features.columns) == transformer.get_feature_names_out().tolist()
        assert_close(features, make(case).fit_transform(X))
    if library == "pandas":
        assert features.index.tolist() == X.index.tolist()


@each_case
def test_clone_and_pickle(case):
    X = make_frame(case)
    fitted = make(case).fit(X)
    fresh = clone(fitted)
    with pytest.raises(AttributeError, match="not fitted"):
        fresh.transform(X)
    assert_close(fresh.fit_transform(X), fitted.transform(X))
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        values(loaded.transform(X)), values(fitted.transform(X))
    )


@each_case
def test_a_file_holds_it(case, tmp_path):
    X = make_frame(case)
    fitted = make(case).fit(X)
    skmm.save(fitted, tmp_path / "x.skmm")
    names = skmm.get_untrusted_types(tmp_path / "x.skmm")
    # Networks that are made up here, and nothing else.
    assert all(name.startswith(__name__) for name in names)
    loaded = skmm.load(tmp_path / "x.skmm", trusted=names)
    np.testing.assert_array_equal(
        values(loaded.transform(X)), values(fitted.transform(X))
    )


@each_case
def test_no_rows(case):
    X = make_frame(case)
    with pytest.raises(ValueError, match=r"0 sample\(s\)|are missing in all 0 rows"):
        make(case).fit(X[:0])
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        make(case).fit(X).transform(X[:0])


@each_case
@pytest.mark.filterwarnings("ignore:Column:UserWarning")
def test_one_row(case):
    X = make_frame(case, n=1)
    features = values(make(case).fit_transform(X))
    assert len(features) == 1
    assert np.isfinite(features).all()


@each_case
def test_all_missing_at_transform(case):
    transformer = make(case).fit(make_frame(case))
    features = values(transformer.transform(make_frame(case, missing=range(N))))
    assert len(features) == N
    assert np.isnan(features[:, : features.shape[1] // 2]).all()


@each_case
def test_a_column_without_any_cell_at_fit(case):
    X = make_frame(case).assign(one=pd.Series([None] * N, dtype=object))
    with pytest.warns(UserWarning, match="one"):
        transformer = make(case).fit(X)
    features = values(transformer.transform(X))
    assert features.shape == (N, len(transformer.get_feature_names_out()))


@each_case
def test_a_failed_fit_leaves_the_fitted_as_it_was(case):
    X = make_frame(case)
    transformer = make(case).fit(X)
    before = values(transformer.transform(X))
    bad = X.copy()
    bad.at[4, "other"] = {"not": "a cell"}
    with pytest.raises((ValueError, TypeError), match="'other'"):
        transformer.fit_transform(bad)
    np.testing.assert_array_equal(values(transformer.transform(X)), before)


@each_case
def test_n_jobs(case):
    transformer = make(case)
    if "n_jobs" not in transformer.get_params():
        pytest.skip("reads its cells in one go")
    X = make_frame(case)
    expected = values(clone(transformer).fit_transform(X))
    assert_close(transformer.set_params(n_jobs=2).fit_transform(X), expected)


# -------------------------------------------------------------- scikit-learn's checks


def on_numbers(case):
    """Make a transformer whose cells are made from numbers: each its own cell.

    scikit-learn checks names, widths, containers, dtypes and so on with columns of
    numbers, which are no pictures or sounds. The cells are arrays: thousands of them
    are read, and how files are decoded is tested above.
    """
    name, options, _ = CASES[case]
    make_cell = ARRAYS[case.removesuffix("Vectorizer").removesuffix("Embedder")]
    base = getattr(extraction, name)

    @functools.cache
    def to_cell(number):
        seed = np.frombuffer(np.float64(number).tobytes(), dtype=np.uint32)
        return make_cell(np.random.default_rng(seed))

    def to_cells(column):
        cells = np.empty(len(column), dtype=object)
        for i, number in enumerate(map(float, column)):
            if not np.isnan(number):
                cells[i] = to_cell(number)
        return pd.Series(cells, index=column.index, name=column.name)

    class OnNumbers(base):
        def _fit_column(self, column, y):
            return super()._fit_column(to_cells(column), y)

        def _transform_column(self, fitted, column):
            return super()._transform_column(fitted, to_cells(column))

    OnNumbers.__name__ = OnNumbers.__qualname__ = f"{name}OnNumbers"
    globals()[OnNumbers.__name__] = OnNumbers  # where pickle looks for it
    return OnNumbers(**options)


ARRAYS = {"Image": make_pixels, "Audio": make_samples, "Video": make_frames}
ON_NUMBERS = [kind + what for kind in ARRAYS for what in ["Vectorizer", "Embedder"]]


@parametrize_with_checks([on_numbers(case) for case in ON_NUMBERS])
def test_scikit_learn_check(estimator, check):
    check(estimator)


# Numbers are read as strings by the one, and as a table by the other. (Text, series and
# nodes are checked beside the other tests of their transformers.)
@parametrize_with_checks([make("TextEmbedder"), make("MultimodalVectorizer")])
def test_scikit_learn_check_on_numbers_as_they_are(estimator, check):
    check(estimator)
