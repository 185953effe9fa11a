"""What is measured in one picture: colours, edges, oriented gradients, texture, pixels.

Pictures are squares of pixels, and so many features come of any: their number does not
depend on the size.
"""

import functools
from dataclasses import dataclass

import numpy as np

from skmm._utils.optional import optional_import

#: Cells on each side of the grids of colours and edges, of HOG, texture and thumbnail.
_GRID, _HOG_CELLS, _TEXTURE_GRID, _THUMBNAIL = 4, 4, 2, 8
#: Levels of red, green and blue that colours are counted in.
_LEVELS = 5
_LAB = ("L", "a", "b")
#: How an edge runs, by the direction of its gradient in steps of 45 degrees.
_RUNS = ("vertical", "rising", "horizontal", "falling")
#: Lightness gained over a pixel from which on it lies on an edge; a tenth of white.
_EDGE = 0.1
_ORIENTATIONS = 9
#: Neighbours and radius of local binary patterns.
_PATTERNS = ((8, 1), (16, 2))
#: Grey levels and distances of pairs of pixels, and what their matrix is reduced to.
_GREYS, _DISTANCES = 16, (1, 3)
_PAIRS = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")


class Picture:
    """A picture on a background, and what several features need of it.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (size, size, 3 or 4)
    background : tuple of 3 int
    """

    def __init__(self, pixels, background=(255, 255, 255)):
        pixels = pixels.astype(np.float32) / 255
        self.rgb, self.opacity = pixels[:, :, :3], np.ones_like(pixels[:, :, 0])
        if pixels.shape[2] == 4:
            self.opacity = pixels[:, :, 3]
            behind = np.array(background, dtype=np.float32) / 255
            over = self.opacity[:, :, None]
            self.rgb = self.rgb * over + behind * (1 - over)

    @functools.cached_property
    def lab(self):
        """Lightness from 0 to 100, and the colour's two axes."""
        return optional_import("skimage.color", "image").rgb2lab(self.rgb)

    @functools.cached_property
    def lightness(self):
        """From 0 to 1."""
        return self.lab[:, :, 0] / 100

    @functools.cached_property
    def grey(self):
        """Lightness as uint8."""
        return np.clip(self.lightness * 255, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class PictureFeatures:
    """From pixels to a vector.

    Parameters
    ----------
    features : tuple of {"color", "edges", "hog", "texture", "pixels", "fisher"}
    background : tuple of 3 int, default=(255, 255, 255)
    fisher : FisherVectors, default=None
        Where they are among the features.
    """

    features: tuple
    background: tuple = (255, 255, 255)
    fisher: object = None

    def __call__(self, pixels):
        """Give the features of pixels of shape (size, size, 3 or 4)."""
        picture = Picture(pixels, self.background)
        parts = [measure(picture) for measure, _ in self._measures()]
        return np.concatenate(parts, dtype=np.float32)

    def suffixes(self):
        """Give the features' names, without the column's."""
        return [suffix for _, name in self._measures() for suffix in name()]

    def _measures(self):
        measures = dict(MEASURES)
        if self.fisher is not None:
            measures["fisher"] = (self.fisher.measure, self.fisher.suffixes)
        return [measures[feature] for feature in self.features]


def grid_means(maps, side):
    """Give the means over side x side parts of maps (height, width, ...)."""
    for axis in (0, 1):
        starts = np.arange(side) * maps.shape[axis] // side
        counts = np.diff([*starts, maps.shape[axis]])
        shape = [-1 if i == axis else 1 for i in range(maps.ndim)]
        maps = np.add.reduceat(maps, starts, axis=axis) / counts.reshape(shape)
    return maps


# ---------------------------------------------------------------------------- colours


def measure_color(picture):
    """Square roots of the shares of colours; mean colours on a grid; opacity."""
    levels = np.minimum((picture.rgb * _LEVELS).astype(int), _LEVELS - 1)
    codes = (levels[:, :, 0] * _LEVELS + levels[:, :, 1]) * _LEVELS + levels[:, :, 2]
    # What is transparent has no colour.
    counts = np.bincount(codes.ravel(), picture.opacity.ravel(), minlength=_LEVELS**3)
    return np.concatenate(
        [
            np.sqrt(counts / codes.size),
            grid_means(picture.lab, _GRID).ravel(),
            picture.lab.std(axis=(0, 1)),
            [picture.opacity.mean()],
        ]
    )


def name_color():
    levels = range(_LEVELS)
    shares = [
        f"color_share_{r}_{g}_{b}" for r in levels for g in levels for b in levels
    ]
    means = [f"color_mean_{place}_{axis}" for place in _places(_GRID) for axis in _LAB]
    return [*shares, *means, *(f"color_std_{axis}" for axis in _LAB), "color_opacity"]


# ------------------------------------------------------------------------------ edges


def measure_edges(picture):
    """Gradients by direction, and the share of edges, on a grid."""
    filters = optional_import("skimage.filters", "image")
    down, right = filters.sobel_h(picture.lightness), filters.sobel_v(picture.lightness)
    strength = np.hypot(down, right)
    # Downwards is positive: a gradient to the lower right is of a rising edge.
    run = np.rint(np.arctan2(down, right) / (np.pi / 4)).astype(int) % len(_RUNS)
    maps = [np.where(run == i, strength, 0) for i in range(len(_RUNS))]
    return grid_means(np.stack([*maps, strength > _EDGE], axis=-1), _GRID).ravel()


def name_edges():
    kinds = (*_RUNS, "density")
    return [f"edges_{place}_{kind}" for place in _places(_GRID) for kind in kinds]


def measure_hog(picture):
    """Histograms of oriented gradients, in blocks of 2 x 2 cells."""
    cell = len(picture.rgb) // _HOG_CELLS
    return optional_import("skimage.feature", "image").hog(
        picture.rgb,
        orientations=_ORIENTATIONS,
        pixels_per_cell=(cell, cell),
        cells_per_block=(2, 2),
        channel_axis=-1,
    )


def name_hog():
    n_blocks = (_HOG_CELLS - 1) ** 2
    return [f"hog_{i}" for i in range(n_blocks * 4 * _ORIENTATIONS)]


# ---------------------------------------------------------------------------- texture


def measure_texture(picture):
    """Shares of local binary patterns on a grid; how grey levels of pixels pair."""
    feature = optional_import("skimage.feature", "image")
    parts = []
    for n, radius in _PATTERNS:
        codes = feature.local_binary_pattern(picture.grey, n, radius, "uniform")
        shares = grid_means(codes[:, :, None] == np.arange(n + 2), _TEXTURE_GRID)
        parts.append(np.sqrt(shares).ravel())
    angles = np.arange(4) * np.pi / 4
    levels = picture.grey // (256 // _GREYS)
    pairs = feature.graycomatrix(
        levels, _DISTANCES, angles, levels=_GREYS, symmetric=True, normed=True
    )
    for kind in _PAIRS:
        parts.append(feature.graycoprops(pairs, kind).mean(axis=1))
    return np.concatenate(parts)


def name_texture():
    patterns = [
        f"texture_pattern_{n}_{place}_{i}"
        for n, _ in _PATTERNS
        for place in _places(_TEXTURE_GRID)
        for i in range(n + 2)
    ]
    pairs = [f"texture_{kind}_{d}" for kind in _PAIRS for d in _DISTANCES]
    return [*patterns, *pairs]


# ----------------------------------------------------------------------------- pixels


def measure_pixels(picture):
    """A thumbnail, its colours from 0 to 1."""
    return grid_means(picture.rgb, _THUMBNAIL).ravel()


def name_pixels():
    colors = ("red", "green", "blue")
    return [f"pixels_{place}_{c}" for place in _places(_THUMBNAIL) for c in colors]


def _places(side):
    """Row and column of the parts of a grid, from the upper left."""
    return [f"{i}_{j}" for i in range(side) for j in range(side)]


#: name -> (from a Picture to numbers, their names)
MEASURES = {
    "color": (measure_color, name_color),
    "edges": (measure_edges, name_edges),
    "hog": (measure_hog, name_hog),
    "texture": (measure_texture, name_texture),
    "pixels": (measure_pixels, name_pixels),
}
