"""Turn columns of pictures into numbers, without pretrained weights."""

from __future__ import annotations

import numbers
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.utils import check_random_state

from skmm._utils.compat import Interval, Parallel, delayed
from skmm._utils.optional import optional_import
from skmm.feature_extraction._fisher import FisherVectors, Sampler
from skmm.feature_extraction._media import FittedColumn, MediaVectorizer, check_names
from skmm.feature_extraction._picture_features import MEASURES, PictureFeatures
from skmm.io import ImageReader

if TYPE_CHECKING:
    from skmm._utils.typing import Names, PathLike, RandomState

FEATURES = (*MEASURES, "fisher")

#: Bytes of pixels that are kept, so as not to be read twice.
_KEPT = 2**28
#: Pictures that a thread measures in one go.
_AT_ONCE = 256


class ImageVectorizer(MediaVectorizer):
    """Turn columns of pictures into numbers.

    Pictures are resized to squares, laid on a background and measured. Each column is
    treated separately. Only "fisher" learns from the pictures at fit.

    Parameters
    ----------
    features : tuple of str, default=("color", "edges", "hog", "texture", "pixels", \
"fisher")
        Groups of measurements to take:

        - "color": square roots of the shares of 5 x 5 x 5 colours, mean colours on a 4
          x 4 grid in CIELAB, their spread, and the share of the picture that is opaque:
          177 features;
        - "edges": on a 4 x 4 grid, how much the lightness changes along vertical,
          rising, horizontal and falling edges, and the share of pixels on edges: 80
          features;
        - "hog": histograms of oriented gradients [1]_: 324 features;
        - "texture": shares of local binary patterns [2]_ on a 2 x 2 grid, and
          statistics of the co-occurrence of neighbouring grey levels [3]_: 122
          features;
        - "pixels": a thumbnail of 8 x 8 pixels, red, green and blue from 0 to 1: 192
          features;
        - "fisher": Fisher vectors [4]_ of local gradients and of local colours, which
          say how their distribution in a picture differs from a Gaussian mixture that
          was fitted to all pictures: ``n_gaussians * 138`` features.
    size : int, default=64
        Height and width in pixels that pictures are resized to, whatever their
        proportions; at least 16.
    background : str or tuple of 3 int, default="white"
        Colour behind the transparent parts of a picture: a name that Pillow knows, or
        red, green and blue from 0 to 255.
    n_gaussians : int, default=16
        Number of Gaussians in each of the two mixtures of "fisher".
    errors : {"raise", "missing"}, default="raise"
        What happens if a picture cannot be read. "raise" raises an error that names its
        column and row. "missing" treats the picture as a missing cell, and gives one
        warning for each column.
    root : str or path, default=None
        Folder that relative paths start from; paths that lead out of it are refused.
        None opens every path as it is written, from the current folder. Set it when the
        paths come from others.
    max_pixels : int, default=100_000_000
        Largest number of pixels of a picture. Larger pictures are refused before they
        are decoded.
    n_jobs : int, default=None
        Number of processes that read and measure the pictures. None means 1, and -1 one
        for each core.
    progress : bool or "auto", default="auto"
        If True, show a progress bar. "auto" shows one on a terminal if the work takes
        longer than five seconds.
    random_state : int, RandomState instance or None, default=0
        Seed of the mixtures of "fisher", and of the choice of the windows that they are
        fitted to.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns at fit.
    feature_names_in_ : ndarray of str
        Names of the columns at fit. Defined only if all names are strings; the name of
        a Series counts as well.

    Raises
    ------
    CellError
        If a picture cannot be read; the message names its column and row.

    See Also
    --------
    ImageEmbedder : Vectors of pretrained networks.
    VideoVectorizer : The same features in the frames of clips.

    Notes
    -----
    Features are called ``column__color_share_4_0_0``, ``column__color_mean_0_3_L``,
    ``column__edges_1_2_vertical``, ``column__hog_12``. The two numbers of a place on a
    grid are its row and column, counted from the upper left. The number of features
    depends on the options only. A missing cell becomes a row of NaN, and so does every
    cell of a column without any picture at fit.

    Pictures are resized without regard to their proportions; they are not padded. Scale
    the features before a linear model.

    With "fisher", `fit_transform` reads the pictures once if they fit into 256 MiB
    (16,000 pictures of the default size), and twice if they do not. The mixtures are
    learned from 1,000 pictures, which are chosen by their content, so that the result
    does not depend on the order of the rows.

    References
    ----------
    .. [1] Dalal, Triggs: Histograms of Oriented Gradients for Human Detection, CVPR
       2005.
    .. [2] Ojala, Pietikäinen, Mäenpää: Multiresolution Gray-Scale and Rotation
       Invariant Texture Classification with Local Binary Patterns, IEEE Transactions
       on Pattern Analysis and Machine Intelligence, 2002.
    .. [3] Haralick, Shanmugam, Dinstein: Textural Features for Image Classification,
       IEEE Transactions on Systems, Man, and Cybernetics, 1973.
    .. [4] Perronnin, Sánchez, Mensink: Improving the Fisher Kernel for Large-Scale
       Image Classification, ECCV 2010.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from PIL import Image
    >>> from skmm.feature_extraction import ImageVectorizer
    >>> stripes = np.zeros((32, 32), dtype=np.uint8)
    >>> stripes[:, ::8] = 255
    >>> X = pd.DataFrame({"photo": [Image.new("RGB", (50, 40), "red"), stripes, None]})
    >>> vectorizer = ImageVectorizer(("pixels", "edges"))
    >>> features = vectorizer.set_output(transform="pandas").fit_transform(X)
    >>> columns = ["photo__pixels_0_0_red", "photo__edges_0_0_horizontal"]
    >>> features[columns].round(2)
       photo__pixels_0_0_red  photo__edges_0_0_horizontal
    0                   1.00                          0.0
    1                   0.25                          0.0
    2                    NaN                          NaN
    """

    _what = "pictures"
    _cells = "paths, bytes, arrays or PIL images"
    _applied = "together"

    _parameter_constraints = {
        **MediaVectorizer._parameter_constraints,
        "size": [Interval(numbers.Integral, 16, None, closed="left")],
        "background": [str, tuple],
        "n_gaussians": [Interval(numbers.Integral, 2, None, closed="left")],
        "max_pixels": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        features: Names = FEATURES,
        *,
        size: int = 64,
        background: str | tuple[int, ...] = "white",
        n_gaussians: int = 16,
        errors: Literal["raise", "missing"] = "raise",
        root: PathLike | None = None,
        max_pixels: int = 100_000_000,
        n_jobs: int | None = None,
        progress: bool | Literal["auto"] = "auto",
        random_state: RandomState = 0,
    ) -> None:
        self.features = features
        self.size = size
        self.background = background
        self.n_gaussians = n_gaussians
        self.errors = errors
        self.root = root
        self.max_pixels = max_pixels
        self.n_jobs = n_jobs
        self.progress = progress
        self.random_state = random_state

    def _check_options(self):
        check_names("features", self.features, FEATURES)

    def _make_reader(self):
        return ImageReader(
            mode="RGBA", size=self.size, max_pixels=self.max_pixels, root=self.root
        )

    def _make_features(self):
        ImageColor = optional_import("PIL.ImageColor", "image")
        background = self.background
        if isinstance(background, str):
            background = ImageColor.getrgb(background)
        fisher = None
        if "fisher" in self.features:
            # The same seed for each column: none depends on which others there are.
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            fisher = FisherVectors(self.n_gaussians, seed)
        return PictureFeatures(tuple(self.features), tuple(background[:3]), fisher)

    def _fit_column(self, column, y):
        features = self._make_features()
        if features.fisher is None:
            return super()._fit_column(column, y)
        sampler = Sampler()
        self._read(column, collect=lambda _, pixels: sampler.see(pixels))
        return self._fit_fisher(column, features, sampler), None

    def _fit_transform_column(self, column, y):
        features = self._make_features()
        n_bytes = len(column) * 4 * self.size**2
        if features.fisher is None:
            return super()._fit_transform_column(column, y)
        if n_bytes > _KEPT:
            fitted, _ = self._fit_column(column, y)
            with warnings.catch_warnings():
                # The second reading has nothing new to say.
                message = "Column .* cannot be read"
                warnings.filterwarnings("ignore", message, UserWarning)
                return fitted, self._transform_column(fitted, column)
        pictures, _ = self._read(column)
        rows = [row for row, pixels in enumerate(pictures) if pixels is not None]
        sampler = Sampler()
        for row in rows:
            sampler.see(pictures[row])
        fitted = self._fit_fisher(column, features, sampler)
        vectors = np.full((len(column), len(fitted.suffixes())), np.nan, np.float32)
        if rows:
            vectors[rows] = self._measure_all(features, [pictures[row] for row in rows])
        return fitted, vectors

    def _fit_fisher(self, column, features, sampler):
        samples = sampler.take(features.background, features.fisher.seed)
        if samples:
            features.fisher.fit(samples)
        else:
            self._warn_of_empty(column)
        return FittedColumn(features, is_empty=not samples)

    def _measure_all(self, features, pictures):
        """Return the features of pictures that were read, in threads."""
        parts = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(features)(pictures[start : start + _AT_ONCE])
            for start in range(0, len(pictures), _AT_ONCE)
        )
        return np.concatenate(parts)
