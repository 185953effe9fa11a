"""Emoji: each has a picture, a name and a few numbers."""

from __future__ import annotations

import base64
import gzip
import json
import tarfile
from typing import TYPE_CHECKING, Any, Literal, overload

from ._base import Archive, fetch_files, make_bunch

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

TARBALL = Archive(
    client="npm",
    requirement="emoji-datasource-google@16.0.0",
    filename="emoji-datasource-google-16.0.0.tgz",
    sha256="fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438",
)
CACHED = "emoji.jsonl.gz"
CONTENTS = {CACHED: "70d29a2ac819b8e435b0c5112a6f0a7919e61136ae4e5399c6d14e88c5d15789"}

DESCR = """\
Emoji
-----

1,906 emoji as Google draws them (Noto Color Emoji): each with its picture, its name in
Unicode and four numbers. The category is the group in which Unicode lists it; the
largest, "People & Body", has 386 (20 %). Neither the picture nor the name tells all:
together they tell most.
"""


@overload
def fetch_emoji(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def fetch_emoji(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[Any, Any]: ...
def fetch_emoji(
    *,
    as_frame: bool = True,
    data_home: PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load the emoji: each row has a picture, a name and four numbers.

    The data are fetched on first use (74 MB, of which a tenth is kept) by npm, from the
    package ``emoji-datasource-google``. No code of the package is run.

    =================   ==============================================
    Rows                1,906
    Features            6: a picture (PNG), a name (text), four numbers
    Target              category, 9 of them
    Missing values      no
    =================   ==============================================

    Parameters
    ----------
    as_frame : bool, default=True
        If True, the data are a pandas DataFrame and the target is a Series. If False,
        both are object arrays.

    data_home : str or path-like, default=None
        The cache folder. None takes the folder that :func:`get_data_home` describes.

    download_if_missing : bool, default=True
        If False, data that are not in the cache raise an error instead of being
        fetched.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the keys ``data`` (1906, 6), ``target``, ``frame``, ``feature_names``,
        ``target_names``, ``DESCR``, ``source`` and ``license``, which mean the same as
        in :func:`fetch_womens_clothing`. The column ``image`` holds the bytes of PNG
        files of 64 x 64 pixels, transparent around the emoji.

    (data, target) : tuple if ``return_X_y=True``
        The features and the target.

    Raises
    ------
    OSError
        If the data are not in the cache and cannot be fetched (npm comes with
        Node.js), or if what is fetched is not the known file.

    Examples
    --------
    >>> from skmm.datasets import fetch_emoji
    >>> X, y = fetch_emoji(return_X_y=True)  # doctest: +SKIP
    >>> X.columns.tolist()  # doctest: +SKIP
    ['image', 'name', 'added_in', 'n_short_names', 'has_skin_variations', \
'n_code_points']
    """
    import pandas as pd

    paths = fetch_files(
        TARBALL,
        CONTENTS,
        _extract,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    with gzip.open(paths[CACHED], "rt", encoding="ascii") as file:
        emoji = pd.DataFrame([json.loads(line) for line in file])
    emoji["image"] = emoji["image"].map(base64.b64decode)
    return make_bunch(
        emoji.drop(columns="category"),
        emoji["category"],
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCR,
        source="npm package emoji-datasource-google 16.0.0",
        license="MIT (data), Apache-2.0 (images)",
    )


def _extract(tarball):
    with tarfile.open(tarball) as archive:
        members = {member.name: member for member in archive}
        table = json.load(archive.extractfile(members["package/emoji.json"]))
        lines = []
        for emoji in table:
            if emoji["category"] == "Component":  # skin tones, hair: parts of others
                continue
            image = members[f"package/img/google/64/{emoji['image']}"]
            png = archive.extractfile(image).read()
            row = {
                "image": base64.b64encode(png).decode("ascii"),
                "name": emoji["name"].lower(),
                "added_in": float(emoji["added_in"]),
                "n_short_names": len(emoji["short_names"]),
                "has_skin_variations": "skin_variations" in emoji,
                "n_code_points": len(emoji["unified"].split("-")),
                "category": emoji["category"],
            }
            lines.append(json.dumps(row) + "\n")
    return {CACHED: gzip.compress("".join(lines).encode("ascii"), mtime=0)}
