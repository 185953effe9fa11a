"""Pictures measured many at once: as scikit-image measures each, and as each alone."""

import numpy as np
import pandas as pd
import pytest

from skmm.feature_extraction import ImageVectorizer
from skmm.feature_extraction import _picture_features as measures
from skmm.feature_extraction._fisher import (
    DESCRIPTORS,
    FisherVectors,
    Sampler,
)
from skmm.feature_extraction._picture_features import PictureFeatures, Pictures

pytest.importorskip("PIL")
color = pytest.importorskip("skimage.color")
feature = pytest.importorskip("skimage.feature")
filters = pytest.importorskip("skimage.filters")


def make_pixels(n=6, size=32, channels=3, seed=0):
    """Noise, some of it smooth, and a ramp."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (n, size, size, channels), dtype=np.uint8)
    smooth = rng.integers(0, 256, (n, 4, 4, channels), dtype=np.uint8)
    pixels[::2] = smooth[::2].repeat(size // 4, 1).repeat(size // 4, 2)
    pixels[0] = np.linspace(0, 255, size)[:, None, None]
    return pixels


def grid_means(maps, side):
    parts = np.array_split(np.arange(len(maps)), side)
    return np.array([[maps[np.ix_(r, c)].mean((0, 1)) for c in parts] for r in parts])


@pytest.mark.parametrize("size", [32, 64])
def test_colors_and_gradients_are_those_of_scikit_image(size):
    pixels = make_pixels(size=size)
    pictures = Pictures(pixels)
    lab = np.stack([color.rgb2lab(one / 255) for one in pixels])
    np.testing.assert_allclose(np.moveaxis(pictures.lab, 0, -1), lab, atol=2e-3)
    hog = [
        feature.hog(
            one / np.float32(255),
            orientations=9,
            pixels_per_cell=(size // 4,) * 2,
            cells_per_block=(2, 2),
            channel_axis=-1,
        )
        for one in pixels
    ]
    np.testing.assert_allclose(measures.measure_hog(pictures), hog, atol=1e-5)
    down, right = measures._sobel(pictures.lightness)
    for i, lightness in enumerate(pictures.lightness):
        np.testing.assert_allclose(down[i], filters.sobel_h(lightness), atol=1e-6)
        np.testing.assert_allclose(right[i], filters.sobel_v(lightness), atol=1e-6)


def test_textures_are_those_of_scikit_image():
    pictures = Pictures(make_pixels()[1::2])  # of equal greys rounding would decide
    parts = []
    for grey in pictures.grey:
        shares = []
        for n, radius in ((8, 1), (16, 2)):
            codes = feature.local_binary_pattern(grey, n, radius, "uniform")
            shares.append(grid_means(codes[..., None] == np.arange(n + 2), 2).ravel())
        matrix = feature.graycomatrix(
            grey // 16, (1, 3), np.arange(4) * np.pi / 4, 16, symmetric=True
        )
        pairs = [
            feature.graycoprops(matrix, kind).mean(axis=1) for kind in measures._PAIRS
        ]
        parts.append(np.concatenate([np.sqrt(np.concatenate(shares)), *pairs]))
    np.testing.assert_allclose(measures.measure_texture(pictures), parts, atol=1e-6)


def test_flat_pictures_have_one_pattern_and_one_pair():
    pictures = Pictures(np.full((1, 16, 16, 3), 90, np.uint8))
    names = measures.name_texture()
    values = dict(zip(names, measures.measure_texture(pictures)[0]))
    # Inside; at the border all beyond is darker.
    assert values["texture_pattern_8_0_0_8"] > 0.8
    assert values["texture_correlation_1"] == values["texture_energy_3"] == 1


def test_fisher_vectors_are_those_of_scikit_image():
    from sklearn.mixture import GaussianMixture

    sampler = Sampler()
    pixels = make_pixels(n=20)
    for one in pixels:
        sampler.see(one)
    fisher = FisherVectors(3, 0).fit(sampler.take((255,) * 3, 0))
    for kind, mixture in fisher.mixtures.items():
        descriptors, places = DESCRIPTORS[kind](Pictures(pixels))
        vectors = mixture.code(descriptors, places)
        model = GaussianMixture(3, covariance_type="diag")
        model.weights_, model.means_ = mixture.weights_, mixture.means_
        model.covariances_ = mixture.variances_
        model.precisions_cholesky_ = 1 / np.sqrt(mixture.variances_)
        for i, one in enumerate(mixture._reduce(descriptors, places)):
            expected = feature.fisher_vector(one, model, improved=True)
            np.testing.assert_allclose(vectors[i], expected, atol=1e-6)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [16, 23, 50, 64])
def test_a_picture_is_measured_as_if_it_were_alone(channels, size, monkeypatch):
    pixels = list(make_pixels(8, 64, channels)[:, :size, :size])
    sampler = Sampler()
    for one in pixels:
        sampler.see(one)
    fisher = FisherVectors(2, 0).fit(sampler.take((9, 9, 9), 0))
    measure = PictureFeatures((*measures.MEASURES, "fisher"), (9, 9, 9), fisher)
    together = measure(pixels)
    assert together.shape == (8, len(measure.suffixes()))
    assert np.isfinite(together).all()
    monkeypatch.setattr(measures, "_CHUNK", 3 * size**2)
    np.testing.assert_array_equal(measure(pixels), together)
    for i in (0, 5):
        np.testing.assert_array_equal(measure(pixels[i : i + 1])[0], together[i])


def test_pictures_are_read_once(monkeypatch):
    from skmm.io import ImageReader

    n_read = 0

    class Counted(ImageReader):
        def __call__(self, cell):
            nonlocal n_read
            n_read += 1
            return super().__call__(cell)

    monkeypatch.setattr("skmm.feature_extraction._image.ImageReader", Counted)
    X = pd.DataFrame({"photo": [*make_pixels(), None]})
    vectorizer = ImageVectorizer(n_gaussians=2)
    features = vectorizer.fit_transform(X)
    assert n_read == 6
    np.testing.assert_array_equal(features, vectorizer.fit(X).transform(X))
    # More than are to be kept are read twice, with one result.
    monkeypatch.setattr("skmm.feature_extraction._image._KEPT", 0)
    n_read = 0
    np.testing.assert_array_equal(vectorizer.fit_transform(X), features)
    assert n_read == 12


def test_what_is_learned_comes_from_some_pictures(monkeypatch):
    monkeypatch.setattr("skmm.feature_extraction._fisher._PICTURES", 4)
    pixels = make_pixels(12)
    X = pd.DataFrame({"photo": list(pixels)})
    features = ImageVectorizer(("fisher",), n_gaussians=2).fit(X).transform(X)
    turned = ImageVectorizer(("fisher",), n_gaussians=2).fit(X[::-1]).transform(X)
    np.testing.assert_array_equal(features, turned)
