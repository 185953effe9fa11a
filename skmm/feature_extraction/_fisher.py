"""Fisher vectors: how a picture's local descriptors differ from those of all."""

import heapq
import warnings
import zlib

import numpy as np

from skmm.feature_extraction._picture_features import (
    Pictures,
    chunks,
    count,
    grid_means,
    strongest,
)

#: A window has 4 x 4 cells; there are 16 cells on each side of a picture.
_CELLS, _STEPS = 4, 16
_DIRECTIONS = 8
#: Principal components that are kept of a descriptor.
_COMPONENTS = 32
#: Descriptors of each kind that the mixtures are learned from, and their pictures.
_SAMPLES, _PICTURES = 20_000, 1_000
#: Lengths of gradients below which a window is flat.
_FLAT = 1e-3
#: Keeps variances away from 0 where windows are alike.
_MIN_VARIANCE = 1e-4


def gradient_descriptors(pictures):
    """Describe windows of two sizes by where which gradients are: SIFT.

    Parameters
    ----------
    pictures : Pictures

    Returns
    -------
    descriptors : ndarray of float32 of shape (n, n_windows, 4 * 4 * 8)
    places : ndarray of float32 of shape (n_windows, 2)
        Row and column, from -0.5 to 0.5.
    """
    down, right, strength = strongest(*np.gradient(pictures.rgb, axis=(2, 3)))
    angle = np.arctan2(down, right) * np.float32(_DIRECTIONS / (2 * np.pi))
    # Each gradient counts for the two directions that it lies between.
    below = np.floor(angle)
    above = strength * (angle - below)
    below = below.astype(np.int64)
    cells = _cell_means(below, strength - above) + _cell_means(below + 1, above)
    # What is beyond the edges has no gradients.
    cells = np.pad(cells, ((0, 0), (2, 2), (2, 2), (0, 0)))
    double = cells[:, :-1] + cells[:, 1:]
    double = double[:, :, :-1] + double[:, :, 1:]
    parts = [_windows(cells[:, 1:-1, 1:-1], 1), _windows(double / 4, 2)]
    descriptors = np.concatenate([windows for windows, _ in parts], axis=1)
    squares = (descriptors**2).sum(axis=2, keepdims=True)
    descriptors /= np.maximum(np.sqrt(squares), _FLAT)
    return np.sqrt(descriptors), np.concatenate([places for _, places in parts])


def _cell_means(codes, strength):
    """Return the mean strength of each direction in each cell, (n, 16, 16, 8)."""
    cell = codes.shape[1] // _STEPS
    cut = (slice(None), slice(cell * _STEPS), slice(cell * _STEPS))
    sums = count(codes[cut] % _DIRECTIONS, _DIRECTIONS, _STEPS, strength[cut])
    return (sums / cell**2).astype(np.float32)


def color_descriptors(pictures):
    """Describe windows by means and deviations of the colours in their cells.

    Parameters
    ----------
    pictures : Pictures

    Returns
    -------
    descriptors : ndarray of float32 of shape (n, n_windows, 4 * 4 * 6)
    places : ndarray of float32 of shape (n_windows, 2)
        Row and column, from -0.5 to 0.5.
    """
    side = pictures.size // _STEPS * _STEPS
    lab = pictures.lab[:, :, :side, :side] / 50
    means, squares = (grid_means(maps, _STEPS) for maps in (lab, lab**2))
    deviations = np.sqrt(np.maximum(squares - means**2, 0))
    cells = np.moveaxis(np.concatenate([means, deviations]), 0, -1)
    # Beyond the edges it goes on.
    cells = np.pad(cells, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    return _windows(cells, 1)


def _windows(cells, step):
    """Return the 4 x 4 cells of all windows, each next one of them one cell on.

    Parameters
    ----------
    cells : ndarray of shape (n, side, side, n_maps)
    step : int
        From a window's cell to its next: 2 where cells overlap by half.
    """
    reach = (_CELLS - 1) * step + 1
    view = np.lib.stride_tricks.sliding_window_view(cells, (reach, reach), axis=(1, 2))
    view = view[..., ::step, ::step]  # (n, rows, columns, maps, 4, 4)
    n, n_rows = view.shape[:2]
    windows = np.moveaxis(view, 3, -1).reshape(n, n_rows**2, -1)
    # Row and column of the centres, which lie around that of the picture.
    centres = (np.arange(n_rows) - (n_rows - 1) / 2) / _STEPS
    places = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1)
    return windows, places.reshape(-1, 2).astype(np.float32)


#: name -> from Pictures to descriptors and places
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
            pca = PCA(_COMPONENTS, svd_solver="covariance_eigh").fit(descriptors)
        self.mean_, self.components_ = pca.mean_, pca.components_.T
        # Places weigh as much as the first component.
        self.spread_ = np.sqrt(pca.explained_variance_[0])
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
            mixture.fit(self._reduce(descriptors, places))
        self.weights_, self.means_ = mixture.weights_, mixture.means_
        self.variances_ = mixture.covariances_
        return self

    def code(self, descriptors, places):
        """Return the Fisher vectors of pictures.

        Parameters
        ----------
        descriptors : ndarray of shape (n, n_windows, n_numbers)
        places : ndarray of shape (n_windows, 2)

        Returns
        -------
        vectors : ndarray of shape (n, n_features)
            Signed square roots, of length one.
        """
        x = self._reduce(descriptors, places)
        squares = x**2
        n_windows = x.shape[1]
        precision = 1 / self.variances_
        constant = np.log(self.weights_) - 0.5 * (
            np.log(self.variances_) + self.means_**2 * precision
        ).sum(axis=1)
        shares = x @ (self.means_ * precision).T - squares @ (precision / 2).T
        shares += constant
        shares -= shares.max(axis=2, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=2, keepdims=True)
        # How the mixture's likelihood changes with its weights, means and variances.
        turned = shares.swapaxes(1, 2)
        first = turned @ x / n_windows
        second = turned @ squares / n_windows
        of_gaussian = shares.mean(axis=1)
        root = np.sqrt(self.weights_)
        weights = (of_gaussian - self.weights_) / root
        means = first - of_gaussian[..., None] * self.means_
        means /= root[:, None] * np.sqrt(self.variances_)
        variances = of_gaussian[..., None] * (self.variances_ - self.means_**2)
        variances += 2 * first * self.means_ - second
        variances /= np.sqrt(2) * root[:, None] * self.variances_
        n = len(x)
        vectors = np.hstack([weights, means.reshape(n, -1), variances.reshape(n, -1)])
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
        return vectors / np.maximum(lengths, _FLAT)

    def n_features(self):
        """Return the length of a Fisher vector: weights, means and variances."""
        return self.n_gaussians * (1 + 2 * (_COMPONENTS + 2))

    def _reduce(self, descriptors, places):
        """Return components and places, float64 (..., n_windows, 32 + 2)."""
        components = descriptors @ self.components_ - self.mean_ @ self.components_
        shape = (*components.shape[:-1], 2)
        places = np.broadcast_to(places * self.spread_, shape)
        return np.concatenate([components, places], axis=-1, dtype=np.float64)


class Sampler:
    """Chooses some pictures by their content, and takes some descriptors of each.

    What it takes does not depend on the order in which it sees pictures. It keeps the
    pixels of those that are chosen, and of no others.
    """

    def __init__(self):
        self._chosen = []  # a heap: the one to go next is the first

    def see(self, pixels):
        """Look at the pixels of a picture, uint8 of shape (size, size, 3 or 4)."""
        picture = _Hashed(pixels)
        if len(self._chosen) < _PICTURES:
            heapq.heappush(self._chosen, picture)
        elif self._chosen[0] < picture:
            heapq.heapreplace(self._chosen, picture)

    def take(self, background, seed):
        """Take descriptors of the pictures that are chosen.

        Parameters
        ----------
        background : tuple of 3 int
        seed : int

        Returns
        -------
        samples : list of list of (descriptors, places)
            For each picture, of each kind.
        """
        pixels = [picture.pixels for picture in sorted(self._chosen)]
        n_samples = -(-_SAMPLES // max(len(pixels), 1))
        samples = []
        for some in chunks(pixels) if pixels else ():
            pictures = Pictures(some, background)
            described = [describe(pictures) for describe in DESCRIPTORS.values()]
            for i, one in enumerate(some):
                random = np.random.default_rng([seed, zlib.crc32(one.tobytes())])
                samples.append(
                    [
                        _choose(d[i], places, n_samples, random)
                        for d, places in described
                    ]
                )
        return samples


def _choose(descriptors, places, n, random):
    taken = random.choice(len(places), min(n, len(places)), replace=False)
    return descriptors[taken], places[taken]


class _Hashed:
    """A picture that stands before others by a hash of its content."""

    def __init__(self, pixels):
        content = pixels.tobytes()
        # Of the same hash, the content itself tells.
        self.key = zlib.crc32(content), content
        self.pixels = pixels

    def __lt__(self, other):
        return self.key < other.key


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
        """Learn from what a `Sampler` took of each picture."""
        for mixture, pairs in zip(self.mixtures.values(), zip(*samples)):
            descriptors, places = map(np.concatenate, zip(*pairs))
            mixture.fit(descriptors, places)
        return self

    def measure(self, pictures):
        """Return the Fisher vectors of `Pictures`, a row each."""
        return np.hstack(
            [
                mixture.code(*DESCRIPTORS[kind](pictures))
                for kind, mixture in self.mixtures.items()
            ]
        )

    def suffixes(self):
        """Return the features' names, without the column's."""
        return [
            f"fisher_{kind}_{i}"
            for kind, mixture in self.mixtures.items()
            for i in range(mixture.n_features())
        ]
