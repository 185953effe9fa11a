"""ImageVectorizer: what is measured, of which cells, and what stays the same."""

import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmm.feature_extraction import ImageVectorizer

Image = pytest.importorskip("PIL.Image")

PLAIN = ("color", "edges", "hog", "texture", "pixels")
COUNTS = {
    "color": 177,
    "edges": 80,
    "hog": 324,
    "texture": 122,
    "pixels": 192,
    "fisher": 4 * 138,
}
EMOJI = Path(__file__).parents[3] / "shared" / "data" / "emoji.parquet"


def make(features=("color",), **options):
    """Small enough to be quick."""
    return ImageVectorizer(features, **{"size": 16, "n_gaussians": 4} | options)


def make_pictures(n=8, seed=0):
    """Stripes and noise, RGB, of several sizes."""
    rng = np.random.default_rng(seed)
    pictures = np.empty(n, dtype=object)
    for i in range(n):
        height, width = rng.integers(20, 40, 2)
        stripes = np.arange(width)[None, :, None] * rng.integers(5, 40) % 256
        noise = rng.integers(0, 60, (height, width, 3))
        pictures[i] = (stripes // 2 + noise).astype(np.uint8)
    return pictures


def to_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def measure(picture, *features, **options):
    """Give the features of one picture by name."""
    vectorizer = make(features, **options)
    (values,) = vectorizer.fit_transform(pd.DataFrame({"p": [picture]}, dtype=object))
    names = [n.removeprefix("p__") for n in vectorizer.get_feature_names_out()]
    return pd.Series(values, names)


@pytest.fixture
def emoji():
    pytest.importorskip("pyarrow")
    if not EMOJI.exists():
        pytest.skip("emoji.parquet is not beside the checkout")
    return pd.read_parquet(EMOJI, columns=["image", "category"])


# --------------------------------------------------------------- what is measured


def test_color_of_a_red_square():
    found = measure(Image.new("RGB", (50, 40), "red"), "color", "pixels")
    # Red in CIELAB.
    for place in ("0_0", "2_3"):
        lab = [found[f"color_mean_{place}_{axis}"] for axis in "Lab"]
        np.testing.assert_allclose(lab, [53.24, 80.09, 67.20], atol=0.05)
    shares = found.filter(like="color_share")
    assert shares[shares > 0].to_dict() == {"color_share_4_0_0": 1.0}
    assert found.filter(like="color_std").max() < 1e-3
    assert found["color_opacity"] == 1
    assert found.filter(regex="pixels.*red").eq(1).all()
    assert found.filter(regex="pixels.*(green|blue)").eq(0).all()


def test_place_of_colors():
    pixels = np.zeros((32, 32, 3), dtype=np.uint8)
    pixels[:8, 24:] = 255
    found = measure(pixels, "color", size=32)
    bright = found.filter(regex="color_mean.*_L") > 99
    assert bright[bright].index.tolist() == ["color_mean_0_3_L"]


def test_transparency():
    """Half of it is opaque: only that has a colour, the rest shows the background."""
    pixels = np.zeros((32, 32, 4), dtype=np.uint8)
    pixels[:16] = [0, 0, 255, 255]
    found = measure(pixels, "color", "pixels", size=32)
    assert found["color_opacity"] == 0.5
    shares = found.filter(like="color_share")
    assert shares[shares > 0].to_dict() == {
        "color_share_0_0_4": pytest.approx(np.sqrt(0.5))
    }
    assert found["pixels_7_0_red"] == found["pixels_7_0_blue"] == 1
    for background in ("black", (0, 0, 0)):
        on_black = measure(pixels, "color", "pixels", size=32, background=background)
        assert on_black["pixels_7_0_blue"] == 0
        assert on_black["pixels_0_0_blue"] == 1


@pytest.mark.parametrize(
    ("run", "pixels"),
    [
        ("vertical", lambda y, x: x // 8 % 2),
        ("horizontal", lambda y, x: y // 8 % 2),
        ("rising", lambda y, x: (x + y) // 12 % 2),
        ("falling", lambda y, x: (x - y) // 12 % 2),
    ],
)
def test_edges_run_as_stripes_do(run, pixels):
    y, x = np.mgrid[:64, :64]
    found = measure((pixels(y, x) * 255).astype(np.uint8), "edges", "hog", size=64)
    runs = ["vertical", "rising", "horizontal", "falling"]
    sums = {name: found.filter(like=f"_{name}").sum() for name in runs}
    assert sums[run] > 3 * max(value for name, value in sums.items() if name != run)
    assert found.filter(like="density").between(0.05, 0.6).all()
    # Gradients, of 9 directions of 20 degrees each: across the stripes.
    directions = found.filter(like="hog").to_numpy().reshape(-1, 9).sum(axis=0)
    degrees = {"horizontal": 90, "rising": 45, "vertical": 0, "falling": 135}[run]
    away = abs((directions.argmax() * 20 + 10 - degrees + 90) % 180 - 90)
    assert away <= 20


def test_texture():
    rng = np.random.default_rng(0)
    flat = measure(np.full((32, 32), 128, dtype=np.uint8), "texture", size=32)
    noise = rng.integers(0, 256, (32, 32)).astype(np.uint8)
    rough = measure(noise, "texture", size=32)
    assert flat["texture_contrast_1"] == 0
    assert flat["texture_homogeneity_1"] == 1
    assert rough["texture_contrast_1"] > 10
    # Squares of roots of shares in each of four parts.
    for n in (8, 16):
        patterns = rough.filter(like=f"texture_pattern_{n}_")
        assert (patterns**2).sum() == pytest.approx(4, rel=1e-5)


def test_fisher_vectors_tell_patterns_apart():
    y, x = np.mgrid[:40, :40]
    rng = np.random.default_rng(0)
    pictures, is_vertical = [], np.arange(24) % 2 == 0
    for vertical in is_vertical:
        stripes = ((x if vertical else y) + rng.integers(9)) // 5 % 2 * 120
        pictures.append((stripes + rng.integers(0, 60, (40, 40))).astype(np.uint8))
    vectors = make(("fisher",), size=32).fit(pictures[:12]).transform(pictures)
    likeness = vectors[12:] @ vectors[:12].T
    assert (is_vertical[likeness.argmax(axis=1)] == is_vertical[12:]).all()
    # One unit of length for gradients, one for colours.
    lengths = np.linalg.norm(vectors.reshape(24, 2, -1), axis=2)
    np.testing.assert_allclose(lengths, 1, rtol=1e-5)


def test_emoji_are_recognised(emoji):
    """Well above the largest category's fifth, from 300 pictures."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = emoji.sample(420, random_state=0)
    model = make_pipeline(
        ImageVectorizer(("color", "hog")),
        StandardScaler(),
        RidgeClassifierCV(np.logspace(1, 4, 7)),
    )
    X, y = rows[["image"]], rows["category"]
    assert model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.5


# -------------------------------------------------------------------------- names


@pytest.mark.parametrize("size", [16, 21, 50, 64])
def test_number_of_features_follows_from_the_options(size):
    for feature, count in COUNTS.items():
        vectorizer = make((feature,), size=size).fit(make_pictures(3))
        names = vectorizer.get_feature_names_out()
        assert len(set(names)) == len(names) == count
        assert all(name.startswith(f"x0__{feature}_") for name in names)
        features = vectorizer.transform(make_pictures(2))
        assert features.shape == (2, count)
        assert np.isfinite(features).all()


def test_features_come_in_the_order_asked_for():
    X = pd.DataFrame({"photo": make_pictures(3)})
    alone = [make((name,)).fit_transform(X) for name in ("hog", "fisher", "color")]
    vectorizer = make(("hog", "fisher", "color"))
    np.testing.assert_array_equal(vectorizer.fit_transform(X), np.hstack(alone))
    names = vectorizer.get_feature_names_out()
    assert (names[0], names[-1]) == ("photo__hog_0", "photo__color_opacity")
    as_list = make(["hog", "fisher", "color"]).fit_transform(X)
    np.testing.assert_array_equal(as_list, np.hstack(alone))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library, emoji):
    pytest.importorskip(library)
    X = emoji[["image"]][:5].set_axis([7, 3, 5, 1, 9])
    expected = make().fit_transform(X)
    vectorizer = make().set_output(transform=library)
    for features in (vectorizer.fit_transform(X), vectorizer.transform(X)):
        assert type(features).__module__.startswith(library)
        assert list(features.columns) == vectorizer.get_feature_names_out().tolist()
        np.testing.assert_array_equal(features.to_numpy(), expected)
    if library == "pandas":
        assert features.index.tolist() == [7, 3, 5, 1, 9]


# -------------------------------------------------------------------------- cells


def test_all_kinds_of_cells_are_the_same_picture(tmp_path):
    torch = pytest.importorskip("torch")
    pixels = make_pictures(1)[0]
    path = tmp_path / "a picture.png"
    path.write_bytes(to_png(pixels))
    cells = [
        pixels,
        to_png(pixels),
        str(path),
        path,
        Image.fromarray(pixels),
        torch.from_numpy(pixels).permute(2, 0, 1),
        pixels / 255,
    ]
    features = make().fit_transform(cells)
    np.testing.assert_array_equal(features, np.tile(features[0], (len(cells), 1)))


def test_containers():
    pictures = np.stack([p[:20, :20] for p in make_pictures()])  # (n, h, w, 3)
    cells = np.empty(len(pictures), dtype=object)
    cells[:] = list(pictures)
    frame = pd.DataFrame({"photo": cells})
    expected = make().fit_transform(frame)
    assert expected.dtype == np.float32
    for X in (pictures, list(pictures), cells, frame["photo"]):
        vectorizer = make()
        np.testing.assert_array_equal(vectorizer.fit_transform(X), expected)
        np.testing.assert_array_equal(vectorizer.transform(list(pictures)), expected)


def test_polars_bytes():
    polars = pytest.importorskip("polars")
    cells = [to_png(pixels) for pixels in make_pictures(4)] + [None]
    expected = make().fit_transform(pd.DataFrame({"photo": cells}))
    series = polars.Series("photo", cells)
    for X in (series, series.to_frame()):
        np.testing.assert_array_equal(make().fit_transform(X), expected)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "1", "P", "I;16"])
def test_modes_and_one_pixel(mode):
    for size in ((1, 1), (30, 3)):
        features = make((*PLAIN, "fisher")).fit_transform([Image.new(mode, size)])
        assert np.isfinite(features).all()


def test_missing():
    pictures = make_pictures()
    expected = make().fit_transform(list(pictures[:5]))
    X = pd.DataFrame({"photo": [*pictures[:5], None, np.nan, "", b""]}, dtype=object)
    features = make().fit_transform(X)
    np.testing.assert_array_equal(features[:5], expected)
    assert np.isnan(features[5:]).all()


@pytest.mark.parametrize("features", [("pixels",), ("fisher",)])
def test_a_column_without_pictures(features):
    X = pd.DataFrame({"photo": [None, None]})
    vectorizer = make(features)
    with pytest.warns(UserWarning, match="'photo' holds no pictures in any of 2"):
        out = vectorizer.fit_transform(X)
    assert np.isnan(out).all()
    assert out.shape == (2, len(vectorizer.get_feature_names_out()))
    assert np.isnan(vectorizer.transform(list(make_pictures(1)))).all()


@pytest.mark.parametrize("features", [("pixels",), ("pixels", "fisher")])
def test_errors(features, tmp_path):
    X = pd.DataFrame({"photo": [*make_pictures(4), "nothing.png"]}, index=list("abcde"))
    with pytest.raises(ValueError, match="'photo', row 'e'.*nothing.png.*Remedy"):
        make(features, root=tmp_path).fit(X)
    lenient = make(features, errors="missing")
    with pytest.warns(UserWarning) as caught:
        out = lenient.fit_transform(X)
    (message,) = [str(w.message) for w in caught]  # once, though read twice
    assert message.startswith("Column 'photo': 1 of 5 rows cannot be read")
    expected = make(features).fit_transform(X[:4])
    np.testing.assert_array_equal(out[:4], expected)
    assert np.isnan(out[4]).all()


def test_too_many_pixels():
    with pytest.raises(ValueError, match="max_pixels"):
        make(max_pixels=100).fit([np.zeros((11, 10), dtype=np.uint8)])


@pytest.mark.parametrize("numbers", [[1, 2, 3], [0.5, None, 1.5], [True, False, True]])
@pytest.mark.parametrize("errors", ["raise", "missing"])
def test_numbers_are_refused(numbers, errors):
    X = pd.DataFrame({"photo": make_pictures(3), "age": numbers})
    with pytest.raises(ValueError, match="'age' holds numbers, not pictures.*leave"):
        make(errors=errors).fit(X)
    vectorizer = make(errors=errors).fit(X[["photo"]])
    with pytest.raises(ValueError, match="'photo' holds numbers"):
        vectorizer.transform(X[["age"]].set_axis(["photo"], axis=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ("colour",)}, "there is no 'colour'"),
        ({"features": ()}, "name each once"),
        ({"features": ("hog", "hog")}, "name each once"),
        ({"features": "hog"}, "'features' parameter"),
        ({"size": 15}, "'size' parameter"),
        ({"background": "no colour"}, "color"),
    ],
)
def test_options(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options).fit(make_pictures(2))


# ---------------------------------------------------------------- stays the same


def test_one_row_is_as_in_its_batch():
    vectorizer = make((*PLAIN, "fisher")).fit(list(make_pictures()))
    X = list(make_pictures(5, seed=1))
    alone = np.vstack([vectorizer.transform([cell]) for cell in X])
    np.testing.assert_array_equal(alone, vectorizer.transform(X))


def test_order_of_rows_does_not_matter():
    """Not even among pictures without edges, which differ in colour alone."""
    flat = [np.full((9, 9, 3), level, dtype=np.uint8) for level in (0, 90, 200)]
    X = [*make_pictures(), *flat]
    order = np.random.default_rng(0).permutation(len(X))
    features = make(("fisher",)).fit_transform(X)
    np.testing.assert_array_equal(
        make(("fisher",)).fit_transform([X[i] for i in order]), features[order]
    )


def test_random_state():
    X = list(make_pictures())
    first = make(("fisher",), random_state=1).fit_transform(X)
    again = make(("fisher",), random_state=1).fit_transform(X)
    other = make(("fisher",), random_state=2).fit_transform(X)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_columns_do_not_depend_on_each_other():
    X = pd.DataFrame({"a": make_pictures(), "b": make_pictures(seed=1)})
    both = make(("fisher",)).fit_transform(X)
    apart = [make(("fisher",)).fit_transform(X[[name]]) for name in X]
    np.testing.assert_array_equal(both, np.hstack(apart))


def test_clone_pickle_and_n_jobs():
    X = list(make_pictures())
    vectorizer = make(("color", "fisher")).fit(X)
    expected = vectorizer.transform(X)
    loaded = pickle.loads(pickle.dumps(vectorizer))
    np.testing.assert_array_equal(loaded.transform(X), expected)
    np.testing.assert_array_equal(clone(vectorizer).fit_transform(X), expected)
    parallel = make(("color", "fisher"), n_jobs=2)
    np.testing.assert_array_equal(parallel.fit_transform(X), expected)


def test_pictures_all_alike():
    """Mixtures of nothing but one descriptor: no warning, finite numbers."""
    X = [np.zeros((9, 9), dtype=np.uint8)] * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vectorizer = make(("fisher",)).fit(X)
        assert np.isfinite(vectorizer.transform([*X, *make_pictures(2)])).all()
