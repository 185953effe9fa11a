"""What is measured in pictures: colours, edges, oriented gradients, texture, pixels.

Pictures are squares of pixels, and so many features come of any: their number does not
depend on the size. Many are measured at once, each as if it were alone: nothing adds up
numbers of several pictures.
"""

import functools
from dataclasses import dataclass

import numpy as np

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
#: Above which a normalised histogram is clipped, and what keeps it from 0 / 0.
_HOG_CLIP, _HOG_EPSILON = 0.2, 1e-5
#: Neighbours and radius of local binary patterns.
_PATTERNS = ((8, 1), (16, 2))
#: Grey levels by which a neighbour may be darker and counts as equal: rounding.
_EQUAL = 1e-3
#: Grey levels and distances of pairs of pixels, and what their matrix is reduced to.
_GREYS, _DISTANCES = 16, (1, 3)
_PAIRS = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation")

#: From linear red, green and blue to X, Y and Z [IEC 61966-2-1], and their white, D65.
_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    dtype=np.float32,
)
_WHITE = np.array([0.95047, 1.0, 1.08883], dtype=np.float32)
#: Pixels that are measured at once: what fits into a processor's cache.
_CHUNK = 2**16


class Pictures:
    """Pictures on a background, and what several features need of them.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (n, size, size, 3 or 4)
    background : tuple of 3 int

    Attributes
    ----------
    rgb : ndarray of float32 of shape (3, n, size, size)
        From 0 to 1.
    opacity : ndarray of float32 of shape (n, size, size)
    """

    def __init__(self, pixels, background=(255, 255, 255)):
        planes = np.moveaxis(pixels, -1, 0).astype(np.float32)
        planes /= 255
        self.rgb = planes[:3]
        if len(planes) == 4:
            self.opacity = planes[3]
            behind = np.array(background, dtype=np.float32).reshape(3, 1, 1, 1) / 255
            self.rgb = self.rgb * self.opacity + behind * (1 - self.opacity)
        else:
            self.opacity = np.ones_like(planes[0])

    def __len__(self):
        return self.rgb.shape[1]

    @property
    def size(self):
        """Pixels on each side."""
        return self.rgb.shape[2]

    @functools.cached_property
    def lab(self):
        """Lightness from 0 to 100, and the colour's two axes: (3, n, size, size)."""
        bright = (self.rgb + np.float32(0.055)) / np.float32(1.055)
        linear = np.where(
            self.rgb > np.float32(0.04045),
            _power(bright, 2.4),
            self.rgb / np.float32(12.92),
        )
        x, y, z = (
            _cube_root(sum(part * plane for part, plane in zip(row, linear)) / white)
            for row, white in zip(_XYZ, _WHITE)
        )
        return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    @functools.cached_property
    def lightness(self):
        """From 0 to 1."""
        return self.lab[0] / 100

    @functools.cached_property
    def grey(self):
        """Lightness as uint8."""
        return np.clip(self.lightness * 255, 0, 255).astype(np.uint8)


def count(codes, n_codes, side, weights=None):
    """Add up weights by code in each part of a grid.

    Parameters
    ----------
    codes : ndarray of int of shape (n, size, size)
    n_codes : int
    side : int
        Parts on each side of the grid.
    weights : ndarray of shape (n, size, size), default=None
        None counts.

    Returns
    -------
    sums : ndarray of float64 of shape (n, side, side, n_codes)
    """
    n, size = codes.shape[:2]
    ends = np.arange(1, side) * size // side
    parts = np.searchsorted(ends, np.arange(size), side="right")
    places = (np.arange(n)[:, None, None] * side + parts[:, None]) * side + parts
    codes = places * n_codes + codes
    weights = None if weights is None else weights.ravel()
    sums = np.bincount(codes.ravel(), weights, n * side * side * n_codes)
    return sums.reshape(n, side, side, n_codes)


def _power(values, exponent):
    """Raise positive float32 to a power, by what NumPy computes several of at once."""
    logarithms = np.log(values)
    logarithms *= np.float32(exponent)
    return np.exp(logarithms, out=logarithms)


def _cube_root(values):
    """Return the cube roots that CIE's L*a*b* takes, straight near zero."""
    return np.where(
        values > np.float32(0.008856),
        _power(np.maximum(values, np.float32(0.008856)), 1 / 3),
        np.float32(7.787) * values + np.float32(16 / 116),
    )


@dataclass(frozen=True)
class PictureFeatures:
    """From pixels to vectors.

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
        """Return the features of several pictures.

        Parameters
        ----------
        pixels : list of n ndarray of uint8 of shape (size, size, 3 or 4)

        Returns
        -------
        vectors : ndarray of float32 of shape (n, n_features)
        """
        parts = []
        for some in chunks(pixels):
            pictures = Pictures(some, self.background)
            measured = [measure(pictures) for measure, _ in self._measures()]
            parts.append(np.concatenate(measured, axis=1, dtype=np.float32))
        return np.concatenate(parts)

    def suffixes(self):
        """Return the features' names, without the column's."""
        return [suffix for _, name in self._measures() for suffix in name()]

    def _measures(self):
        measures = dict(MEASURES)
        if self.fisher is not None:
            measures["fisher"] = (self.fisher.measure, self.fisher.suffixes)
        return [measures[feature] for feature in self.features]


def chunks(pixels):
    """Stack pictures (size, size, channels), as many as are measured at once."""
    n = max(1, _CHUNK // pixels[0][..., 0].size)
    return (np.stack(pixels[start : start + n]) for start in range(0, len(pixels), n))


def grid_means(maps, side):
    """Return the means over side x side parts of maps (..., height, width)."""
    for axis in (-2, -1):
        starts = np.arange(side) * maps.shape[axis] // side
        counts = np.diff([*starts, maps.shape[axis]])
        if axis == -2:
            counts = counts[:, None]
        maps = np.add.reduceat(maps, starts, axis=axis) / counts.astype(maps.dtype)
    return maps


def _part_sizes(size, side):
    """Return the pixels in each part of a grid, (side, side)."""
    counts = np.diff(np.arange(side + 1) * size // side)
    return counts[:, None] * counts


def _rows(maps):
    """Put maps (channels, n, ...) into a row for each picture, channels last."""
    return np.moveaxis(maps, 0, -1).reshape(maps.shape[1], -1)


# ---------------------------------------------------------------------------- colours


def measure_color(pictures):
    """Square roots of the shares of colours; mean colours on a grid; opacity."""
    levels = np.minimum((pictures.rgb * _LEVELS).astype(np.int64), _LEVELS - 1)
    codes = (levels[0] * _LEVELS + levels[1]) * _LEVELS + levels[2]
    # What is transparent has no colour.
    counts = count(codes, _LEVELS**3, 1, pictures.opacity)
    n, area = len(pictures), pictures.size**2
    of_all = pictures.lab.reshape(3, n, area)
    return np.hstack(
        [
            np.sqrt(counts.reshape(n, -1) / area),
            _rows(grid_means(pictures.lab, _GRID)),
            of_all.std(axis=2).T,
            pictures.opacity.reshape(n, area).mean(axis=1)[:, None],
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


def measure_edges(pictures):
    """Gradients by direction, and the share of edges, on a grid."""
    down, right = _sobel(pictures.lightness)
    strength = np.hypot(down, right)
    # Downwards is positive: a gradient to the lower right is of a rising edge.
    steep, flat, slope = np.abs(down), np.abs(right), np.float32(np.tan(np.pi / 8))
    run = np.where(down * right > 0, 1, 3)
    run[steep <= slope * flat] = 0
    run[flat <= slope * steep] = 2
    sizes = _part_sizes(pictures.size, _GRID)[:, :, None]
    sums = count(run, len(_RUNS), _GRID, strength)
    dense = count((strength > _EDGE).astype(int), 2, _GRID)[..., 1:]
    return (np.concatenate([sums, dense], axis=-1) / sizes).reshape(len(pictures), -1)


def _sobel(maps):
    """Return the gradients downwards and to the right of maps (n, size, size)."""
    maps = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    across = (maps[:, :, :-2] + 2 * maps[:, :, 1:-1] + maps[:, :, 2:]) / 4
    along = (maps[:, :-2] + 2 * maps[:, 1:-1] + maps[:, 2:]) / 4
    return across[:, 2:] - across[:, :-2], along[:, :, 2:] - along[:, :, :-2]


def name_edges():
    kinds = (*_RUNS, "density")
    return [f"edges_{place}_{kind}" for place in _places(_GRID) for kind in kinds]


def measure_hog(pictures):
    """Histograms of oriented gradients, in blocks of 2 x 2 cells."""
    side = pictures.size // _HOG_CELLS * _HOG_CELLS
    down, right = np.zeros_like(pictures.rgb), np.zeros_like(pictures.rgb)
    down[:, :, 1:-1] = pictures.rgb[:, :, 2:] - pictures.rgb[:, :, :-2]
    right[..., 1:-1] = pictures.rgb[..., 2:] - pictures.rgb[..., :-2]
    down, right, strength = strongest(down, right)
    # Opposite directions count as one; a turn of pi is a turn of nothing.
    angle = np.arctan2(down, right) * np.float32(_ORIENTATIONS / np.pi)
    codes = np.floor(angle).astype(np.int64) % _ORIENTATIONS
    cut = (slice(None), slice(side), slice(side))
    cells = count(codes[cut], _ORIENTATIONS, _HOG_CELLS, strength[cut])
    cells /= (side // _HOG_CELLS) ** 2
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (2, 2), axis=(1, 2))
    blocks = np.moveaxis(blocks, 3, -1).reshape(len(pictures), -1, 4 * _ORIENTATIONS)
    blocks = np.minimum(_normalise(blocks), _HOG_CLIP)
    return _normalise(blocks).reshape(len(pictures), -1)


def _normalise(blocks):
    squares = (blocks**2).sum(axis=-1, keepdims=True)
    return blocks / np.sqrt(squares + _HOG_EPSILON**2)


def strongest(down, right):
    """Take the gradient of red, green and blue that is longest, and its length."""
    squares = down**2 + right**2
    best, most = 0, squares[0]
    down_most, right_most = down[0], right[0]
    for channel in (1, 2):
        best = squares[channel] > most
        most = np.where(best, squares[channel], most)
        down_most = np.where(best, down[channel], down_most)
        right_most = np.where(best, right[channel], right_most)
    return down_most, right_most, np.sqrt(most)


def name_hog():
    n_blocks = (_HOG_CELLS - 1) ** 2
    return [f"hog_{i}" for i in range(n_blocks * 4 * _ORIENTATIONS)]


# ---------------------------------------------------------------------------- texture


def measure_texture(pictures):
    """Shares of local binary patterns on a grid; how grey levels of pixels pair."""
    n = len(pictures)
    sizes = _part_sizes(pictures.size, _TEXTURE_GRID)[:, :, None]
    parts = []
    for n_neighbours, radius in _PATTERNS:
        codes = _patterns(pictures.grey, n_neighbours, radius)
        shares = count(codes, n_neighbours + 2, _TEXTURE_GRID) / sizes
        parts.append(np.sqrt(shares).reshape(n, -1))
    return np.hstack([*parts, _pairs(pictures.grey // (256 // _GREYS))])


def _patterns(grey, n_neighbours, radius):
    """Return each pixel's local binary pattern: how many neighbours are not darker.

    One more than all of them where, around the pixel, it changes more than twice
    whether they are.
    """
    margin = radius + 1
    size = grey.shape[1]
    around = np.pad(
        grey.astype(np.float32), ((0, 0), (margin, margin), (margin, margin))
    )
    centre = grey - np.float32(_EQUAL)
    n_bright = np.zeros(grey.shape, np.int64)
    n_changes = np.zeros(grey.shape, np.int64)
    before = None
    for angle in 2 * np.pi * np.arange(n_neighbours) / n_neighbours:
        down, right = np.round([-radius * np.sin(angle), radius * np.cos(angle)], 5)
        bright = _shifted(around, down, right, margin, size) >= centre
        n_bright += bright
        if before is not None:
            n_changes += bright != before
        before = bright
    n_bright[n_changes > 2] = n_neighbours + 1
    return n_bright


def _shifted(around, down, right, margin, size):
    """Return what lies down and right of each pixel, between pixels in proportion."""
    row, column = int(np.floor(down)), int(np.floor(right))
    values = 0
    for i, of_row in ((0, 1 - (down - row)), (1, down - row)):
        for j, of_column in ((0, 1 - (right - column)), (1, right - column)):
            share = np.float32(of_row * of_column)
            if share:
                top, left = margin + row + i, margin + column + j
                part = around[:, top : top + size, left : left + size]
                values = values + (part if share == 1 else share * part)
    return values


def _pairs(levels):
    """Return the statistics of how grey levels pair, at each distance."""
    n, size = len(levels), levels.shape[1]
    first = levels.astype(np.int64) * _GREYS
    second = levels.astype(np.int64) + np.arange(n)[:, None, None] * _GREYS**2
    counts = np.empty((n, len(_DISTANCES), 4, _GREYS**2))
    for i, distance in enumerate(_DISTANCES):
        for j, angle in enumerate(np.arange(4) * np.pi / 4):
            down = round(np.sin(angle) * distance)
            right = round(np.cos(angle) * distance)
            left, over = max(0, -right), max(0, right)
            a = first[:, : size - down, left : size - over]
            b = second[:, down:, left + right : size - over + right]
            found = np.bincount((a + b).ravel(), minlength=n * _GREYS**2)
            counts[:, i, j] = found.reshape(n, -1)
    matrices = counts.reshape(*counts.shape[:3], _GREYS, _GREYS)
    matrices = matrices + matrices.swapaxes(-1, -2)
    matrices /= np.maximum(matrices.sum(axis=(-1, -2), keepdims=True), 1)
    level = np.arange(_GREYS)
    apart = level[:, None] - level

    def expect(values):
        return (matrices * values).sum(axis=(-1, -2))

    of_level = matrices.sum(axis=-1)
    mean = (of_level * level).sum(axis=-1)
    variance = (of_level * (level - mean[..., None]) ** 2).sum(axis=-1)
    from_mean = level - mean[..., None]
    covariance = (from_mean[..., None] * from_mean[..., None, :] * matrices).sum(
        axis=(-1, -2)
    )
    statistics = {
        "contrast": expect(apart**2),
        "dissimilarity": expect(np.abs(apart)),
        "homogeneity": expect(1 / (1 + apart**2)),
        "energy": np.sqrt(expect(matrices)),
        # Of a single level it is 1.
        "correlation": np.divide(
            covariance, variance, out=np.ones_like(variance), where=variance > 1e-12
        ),
    }
    return np.hstack([statistics[kind].mean(axis=2) for kind in _PAIRS])


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


def measure_pixels(pictures):
    """A thumbnail, its colours from 0 to 1."""
    return _rows(grid_means(pictures.rgb, _THUMBNAIL))


def name_pixels():
    colors = ("red", "green", "blue")
    return [f"pixels_{place}_{c}" for place in _places(_THUMBNAIL) for c in colors]


def _places(side):
    """Row and column of the parts of a grid, from the upper left."""
    return [f"{i}_{j}" for i in range(side) for j in range(side)]


#: name -> (from Pictures to numbers (n, features), their names)
MEASURES = {
    "color": (measure_color, name_color),
    "edges": (measure_edges, name_edges),
    "hog": (measure_hog, name_hog),
    "texture": (measure_texture, name_texture),
    "pixels": (measure_pixels, name_pixels),
}
