"""Fisher vectors: how a picture's local descriptors differ from those of all."""

import warnings
import zlib

import numpy as np

from skmm._utils.optional import optional_import
from skmm.feature_extraction._picture_features import Picture

#: A window has 4 x 4 cells; there are 16 or fewer windows on each side of a picture.
_CELLS, _STEPS = 4, 16
_DIRECTIONS = 8
#: Principal components that are kept of a descriptor.
_COMPONENTS = 32
#: Descriptors of each kind that the mixtures are learned from.
_SAMPLES = 30_000
#: Lengths of gradients below which a window is flat.
_FLAT = 1e-3
#: Keeps variances away from 0 where windows are alike.
_MIN_VARIANCE = 1e-4


def gradient_descriptors(picture):
    """Describe windows of two sizes by where which gradients are: SIFT.

    Returns
    -------
    descriptors : ndarray of shape (n_windows, 4 * 4 * 8)
    places : ndarray of shape (n_windows, 2)
    """
    down, right = np.gradient(picture.rgb, axis=(0, 1))
    strength = np.hypot(down, right)
    # Of red, green and blue, the one that changes most.
    most = strength.argmax(axis=2)[:, :, None]
    down, right, strength = (
        np.take_along_axis(values, most, axis=2) for values in (down, right, strength)
    )
    angle = np.arctan2(down, right) / (2 * np.pi) * _DIRECTIONS
    # Each gradient counts for the two directions that it lies between.
    off = (angle - np.arange(_DIRECTIONS) + _DIRECTIONS / 2) % _DIRECTIONS
    maps = strength * np.maximum(1 - np.abs(off - _DIRECTIONS / 2), 0)
    cell = len(picture.rgb) // _STEPS
    parts = [_windows(maps, size, cell, "constant") for size in (cell, 2 * cell)]
    descriptors, places = map(np.concatenate, zip(*parts))
    lengths = np.linalg.norm(descriptors, axis=1, keepdims=True)
    descriptors /= np.maximum(lengths, _FLAT)
    # Running sums leave traces below zero.
    return np.sqrt(np.maximum(descriptors, 0)), places


def color_descriptors(picture):
    """Describe windows by means and deviations of the colours in their cells.

    Returns
    -------
    descriptors : ndarray of shape (n_windows, 4 * 4 * 6)
    places : ndarray of shape (n_windows, 2)
    """
    from scipy.ndimage import uniform_filter

    lab = picture.lab / 50
    cell = len(lab) // _STEPS
    size = (cell, cell, 1)
    means = uniform_filter(lab, size, mode="nearest")
    squares = uniform_filter(lab**2, size, mode="nearest")
    deviations = np.sqrt(np.maximum(squares - means**2, 0))
    maps = np.concatenate([means, deviations], axis=2)
    return _windows(maps, cell, cell, "edge", averaged=True)


def _windows(maps, cell, step, mode, averaged=False):
    """Give the means of maps in the cells of all windows, and the windows' places."""
    from scipy.ndimage import uniform_filter

    if not averaged:
        maps = uniform_filter(maps, (cell, cell, 1), mode=mode)
    size = len(maps)
    margin = 2 * cell
    maps = np.pad(maps, ((margin, margin), (margin, margin), (0, 0)), mode=mode)
    centres = np.arange(cell, size - cell + 1, step)
    offsets = np.rint((np.arange(_CELLS) - (_CELLS - 1) / 2) * cell).astype(int)
    rows = (centres[:, None] + offsets + margin)[:, None, :, None]
    columns = (centres[:, None] + offsets + margin)[None, :, None, :]
    windows = maps[rows, columns]  # (rows, columns, 4, 4, maps)
    places = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    n = len(centres) ** 2
    return windows.reshape(n, -1), places.reshape(n, 2) / size - 0.5


#: name -> from a Picture to descriptors and places
DESCRIPTORS = {"gradient": gradient_descriptors, "color": color_descriptors}


class Mixture:
    """Principal components of descriptors and a Gaussian mixture of them.

    Parameters
    ----------
    n_gaussians : int
    seed : int
    """

    def __init__(self, n_gaussians, seed):
        self.n_gaussians = n_gaussians
        self.seed = seed

    def fit(self, descriptors, places):
        """Learn from descriptors of many pictures."""
        from sklearn.decomposition import PCA
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        with np.errstate(invalid="ignore"):  # shares of no variance at all
            self.pca_ = PCA(_COMPONENTS, svd_solver="covariance_eigh").fit(descriptors)
        # Places weigh as much as the first component.
        self.spread_ = np.sqrt(self.pca_.explained_variance_[0])
        mixture = GaussianMixture(
            self.n_gaussians,
            covariance_type="diag",
            reg_covar=_MIN_VARIANCE,
            init_params="k-means++",
            max_iter=30,
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            # Coding needs no optimum, only a mixture that is near one.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.mixture_ = mixture.fit(self._reduce(descriptors, places))
        return self

    def code(self, descriptors, places):
        """Give the Fisher vector of one picture's descriptors."""
        fisher_vector = optional_import("skimage.feature", "image").fisher_vector
        vector = fisher_vector(self._reduce(descriptors, places), self.mixture_)
        vector = np.sign(vector) * np.sqrt(np.abs(vector))
        return vector / max(np.linalg.norm(vector), _FLAT)

    def n_features(self):
        """Give the length of a Fisher vector: weights, means and variances."""
        return self.n_gaussians * (1 + 2 * (_COMPONENTS + 2))

    def _reduce(self, descriptors, places):
        reduced = self.pca_.transform(descriptors)
        return np.hstack([reduced, places * self.spread_])


class Sampler:
    """Takes some descriptors of a picture, whatever other pictures there are.

    Parameters
    ----------
    n_pictures : int
        Number of pictures that are sampled.
    background : tuple of 3 int
    seed : int
    """

    def __init__(self, n_pictures, background, seed):
        self.n_samples = -(-_SAMPLES // max(n_pictures, 1))
        self.background = background
        self.seed = seed

    def __call__(self, pixels):
        """Give (descriptors, places) of each kind."""
        picture = Picture(pixels, self.background)
        random = np.random.default_rng([self.seed, zlib.crc32(pixels.tobytes())])
        samples = []
        for describe in DESCRIPTORS.values():
            descriptors, places = describe(picture)
            n = len(places)
            taken = random.choice(n, min(n, self.n_samples), replace=False)
            samples.append((descriptors[taken].astype(np.float32), places[taken]))
        return samples


def _content(samples):
    return [descriptors.tobytes() for descriptors, _ in samples]


class FisherVectors:
    """A mixture for each kind of descriptors, learned from samples of pictures.

    Parameters
    ----------
    n_gaussians : int
    seed : int
    """

    def __init__(self, n_gaussians, seed):
        self.seed = seed
        self.mixtures = {kind: Mixture(n_gaussians, seed) for kind in DESCRIPTORS}

    def fit(self, samples):
        """Learn from what a `Sampler` took of each picture, in any order."""
        # Sums depend on the order, and what is learned must not.
        samples = sorted(samples, key=_content)
        samples = samples[:: max(len(samples) // _SAMPLES, 1)]
        for mixture, pairs in zip(self.mixtures.values(), zip(*samples)):
            descriptors, places = map(np.concatenate, zip(*pairs))
            mixture.fit(descriptors, places)
        return self

    def measure(self, picture):
        """Give the Fisher vectors of a `Picture`."""
        return np.concatenate(
            [
                mixture.code(*DESCRIPTORS[kind](picture))
                for kind, mixture in self.mixtures.items()
            ]
        )

    def suffixes(self):
        """Give the features' names, without the column's."""
        return [
            f"fisher_{kind}_{i}"
            for kind, mixture in self.mixtures.items()
            for i in range(mixture.n_features())
        ]
