"""Do intervals hold as many targets as they promise, and how wide are they?

Ten splits of 80/20 of each task. Coverage is the share of test targets in the
interval, nominally .9; width and pinball loss (mean of the quantiles .05, .5 and .95)
are in units of the target's standard deviation. "spread" is the standard deviation of
the coverage over the splits; "between quantiles" is the share of test targets between
the outer two, before they are moved. Prints one table, a line for each task and model:

- quantiles: MultimodalRegressor(loss="quantile", quantile=[.05, .5, .95]);
- absolute: MultimodalRegressor(loss="absolute_error");
- folds: the first of these with validation=5;
- HistGradientBoosting: one for each quantile, over numbers, categories' codes and, of
  texts, 32 directions of their TF-IDF; its interval lies between the outer quantiles.

Usage: python benchmarks/uncertainty.py [--tasks C age california] [--splits 10]
    [--lines quantiles absolute HistGradientBoosting] [--rows 0]
"""

import argparse
import time
import warnings

import numpy as np
from _common import environment, markdown_table
from _tasks import load
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from skmm import MultimodalRegressor

QUANTILES = [0.05, 0.5, 0.95]
COVERAGE = 0.9


def read(task):
    """Give X, y and the names of the text columns."""
    X, y, texts, _ = load("C" if task == "age" else task)
    X = X.copy()
    if task == "age":
        y = X.pop("Age").to_numpy()
    return X, np.asarray(y, dtype=float), texts


class Boosting:
    """HistGradientBoostingRegressor for each quantile."""

    def __init__(self, texts, seed):
        self.texts = texts
        self.seed = seed

    def fit(self, X, y):
        """Fit one model for each quantile, features once."""
        words = [column for column in X if X[column].dtype.kind not in "iufb"]
        words = [column for column in words if column not in self.texts]
        options = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
        rarely = {"max_categories": 250, "encoded_missing_value": np.nan}
        parts = [(OrdinalEncoder(**options, **rarely), words)]
        for text in self.texts:
            X[text] = X[text].fillna("")
            svd = TruncatedSVD(32, random_state=self.seed)
            parts.append((make_pipeline(TfidfVectorizer(min_df=3), svd), text))
        self.features = make_column_transformer(*parts, remainder="passthrough")
        read = self.features.fit_transform(X)
        self.models = [
            HistGradientBoostingRegressor(
                loss="quantile", quantile=q, random_state=self.seed
            ).fit(read, y)
            for q in QUANTILES
        ]
        return self

    def predict_quantiles(self, X):
        """Predict each model's quantile."""
        for text in self.texts:
            X[text] = X[text].fillna("")
        read = self.features.transform(X)
        return np.column_stack([model.predict(read) for model in self.models])


def make(line, texts, seed):
    """Return an unfitted model."""
    quantiles = {"loss": "quantile", "quantile": QUANTILES, "random_state": seed}
    if line == "quantiles":
        return MultimodalRegressor(**quantiles)
    if line == "folds":
        return MultimodalRegressor(**quantiles, validation=5)
    if line == "absolute":
        return MultimodalRegressor(loss="absolute_error", random_state=seed)
    return Boosting(texts, seed)


def measure(line, task, seed, n_rows):
    """Return coverage, width, pinball loss and CPU seconds of one split."""
    X, y, texts = read(task)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=seed
    )
    if n_rows:
        X_train, y_train = X_train[:n_rows], y_train[:n_rows]
    unit = y.std()
    start = time.process_time()
    model = make(line, texts, seed).fit(X_train.copy(), y_train)
    seconds = time.process_time() - start
    pinball, inner = np.nan, None
    if line != "absolute":
        found = model.predict_quantiles(X_test.copy())
        losses = [
            mean_pinball_loss(y_test, one, alpha=q)
            for q, one in zip(QUANTILES, found.T)
        ]
        pinball = np.mean(losses) / unit
        inner = found[:, [0, 2]]
    interval = inner
    if isinstance(model, MultimodalRegressor):
        interval = model.predict_interval(X_test, COVERAGE)
    held = (interval[:, 0] <= y_test) & (y_test <= interval[:, 1])
    bare = np.nan
    if inner is not None:
        bare = ((inner[:, 0] <= y_test) & (y_test <= inner[:, 1])).mean()
    width = (interval[:, 1] - interval[:, 0]).mean() / unit
    return held.mean(), bare, width, pinball, seconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["C", "age", "california"])
    lines = ["quantiles", "absolute", "HistGradientBoosting"]
    parser.add_argument("--lines", nargs="+", default=lines)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--rows", type=int, default=0, help="training rows; 0: all")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    rows = []
    for task in given.tasks:
        for line in given.lines:
            found = [
                measure(line, task, seed, given.rows) for seed in range(given.splits)
            ]
            held, bare, width, pinball, seconds = np.mean(found, axis=0)
            rows.append(
                {
                    "task": task,
                    "model": line,
                    "coverage": f"{held:.3f}",
                    "spread": f"{np.std(found, axis=0)[0]:.3f}",
                    "between quantiles": "" if np.isnan(bare) else f"{bare:.3f}",
                    "width": f"{width:.3f}",
                    "pinball": "" if np.isnan(pinball) else f"{pinball:.4f}",
                    "CPU s": f"{seconds:.1f}",
                }
            )
            print(task, line, rows[-1], flush=True)
    print(environment())
    print(markdown_table(rows))


if __name__ == "__main__":
    main()
