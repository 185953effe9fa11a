"""CatBoost's defaults, told which columns are categories and which are texts."""

import _lines
from with_sklearn import run


def catboost(X, texts, classes):
    # scikit-learn's lines run on one thread as well.
    return _lines.catboost(X, texts, classes).set_params(thread_count=1)


if __name__ == "__main__":
    run(catboost=catboost)
