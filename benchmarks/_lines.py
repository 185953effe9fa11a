"""What people use now, as lines of scikit-learn's: for baselines.py and for peers/.

Nothing here imports skmm: peers/ runs in environments that lack it.
"""

from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def linear(X, texts, classes):
    """TF-IDF (20k, 1-2 grams) of each text, one-hot, scaled numbers, linear model."""
    vectorizers = [(_tfidf(), text) for text in texts]
    model = LogisticRegression(max_iter=1000) if classes else Ridge()
    return make_pipeline(
        make_column_transformer(
            *vectorizers,
            (OneHotEncoder(handle_unknown="ignore"), categories(X, texts)),
            (make_pipeline(SimpleImputer(), StandardScaler()), numbers(X)),
        ),
        model,
    )


def boosting(X, texts, classes):
    """TF-IDF, SVD 100, ordinal categories, HistGradientBoosting."""
    vectorizers = [
        (make_pipeline(_tfidf(), TruncatedSVD(100, random_state=0)), text)
        for text in texts
    ]
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return make_pipeline(
        make_column_transformer(
            *vectorizers,
            (ordinal, categories(X, texts)),
            ("passthrough", numbers(X)),
            sparse_threshold=0,
        ),
        model(random_state=0),
    )


def skrub(X, texts, classes):
    """skrub's tabular_pipeline with its boosting."""
    from skrub import tabular_pipeline

    return tabular_pipeline("classifier" if classes else "regressor")


def catboost(X, texts, classes):
    """CatBoost's defaults, told which columns are categories and which are texts."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    model = CatBoostClassifier if classes else CatBoostRegressor
    return model(
        cat_features=categories(X, texts),
        text_features=texts,
        verbose=0,
        random_seed=0,
        allow_writing_files=False,
    )


def _tfidf():
    return TfidfVectorizer(max_features=20_000, ngram_range=(1, 2))


def numbers(X):
    """Return the names of the columns of numbers."""
    return list(X.select_dtypes("number").columns)


def categories(X, texts):
    """Return the names of the columns that are neither numbers nor texts."""
    return [c for c in X.columns if c not in numbers(X) and c not in texts]


def filled(X, texts):
    """Return X with a word where a text or a category is missing."""
    X = X.copy()
    for column in X.columns:
        if column in texts:
            X[column] = X[column].fillna("")
        elif column not in numbers(X):
            X[column] = X[column].astype(object).fillna("missing").astype(str)
    return X
