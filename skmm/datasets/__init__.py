"""Data sets: fetched ones, kept in a cache folder, and generated ones."""

from ._adult import fetch_adult
from ._base import clear_data_home, get_data_home
from ._emoji import fetch_emoji
from ._generators import make_multimodal_classification, make_multimodal_regression
from ._join import join
from ._messy import make_messy_table
from ._movielens import fetch_movielens_100k
from ._spam_mail import fetch_spam_mail
from ._womens_clothing import fetch_womens_clothing

__all__ = [
    "clear_data_home",
    "fetch_adult",
    "fetch_emoji",
    "fetch_movielens_100k",
    "fetch_spam_mail",
    "fetch_womens_clothing",
    "get_data_home",
    "join",
    "make_messy_table",
    "make_multimodal_classification",
    "make_multimodal_regression",
]
