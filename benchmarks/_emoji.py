"""The emoji: a picture, a name and some numbers; which of nine categories?"""

import io
from pathlib import Path

import numpy as np
import pandas as pd

PATH = Path(__file__).parents[2] / "shared" / "data" / "emoji.parquet"
NUMBERS = ["added_in", "n_short_names", "has_skin_variations", "n_code_points"]


def load_emoji(n_pixels=8):
    """Give X and y: 1,906 emoji of three modalities.

    Parameters
    ----------
    n_pixels : int, default=8
        Side of the square that a picture is shrunk to; its colours on white are the
        columns ``image__0``, ... of the modality `image`.

    Returns
    -------
    X : DataFrame
        Columns ``image__…``, ``name`` (text) and four numbers. Keywords and
        subcategory are left out: they nearly give the category away.
    y : ndarray of str
    """
    if not PATH.exists():
        raise SystemExit(f"{PATH.name} is not there: {PATH}")
    emoji = pd.read_parquet(PATH)
    pixels = np.stack([_pixels(png, n_pixels) for png in emoji["image"]])
    X = pd.DataFrame(pixels, columns=[f"image__{i}" for i in range(pixels.shape[1])])
    X[["name", *NUMBERS]] = emoji[["name", *NUMBERS]].to_numpy()
    return X.astype(emoji[["name", *NUMBERS]].dtypes.to_dict()), emoji[
        "category"
    ].to_numpy()


def _pixels(png, side):
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    small = white.convert("RGB").resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel() / 255
