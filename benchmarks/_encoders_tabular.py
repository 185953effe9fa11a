"""TabularEncoder's networks beside gradient boosting: adult, California housing.

Adult as it is (classes of income, categories and missing values); California housing
from scikit-learn (a number from eight numbers), where it has been fetched before.
80/20 splits by the seed. CPU seconds are those of the fit.
"""

import statistics
import time

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.model_selection import train_test_split

ENCODERS = {
    "mlp": {},
    "resnet": {"backbone": "resnet"},
    "ft_transformer": {"backbone": "ft_transformer"},
    "mlp, n_members=8": {"n_members": 8},
    "resnet, n_members=8": {"backbone": "resnet", "n_members": 8},
    "mlp, augment='swap'": {"augment": "swap"},
}


def tabular(seeds, *, n_rows=None, encoders=ENCODERS):
    """Networks of TabularEncoder, each alone (the fused head), and boosting: rows."""
    rows = []
    for line, load in [("adult", load_adult), ("california", load_california)]:
        data = load()
        if data is None:
            print(f"{line}: not at hand, left out")
            continue
        X, y, classes = data
        for name in ["HistGradientBoosting", *encoders]:
            runs = []
            for seed in seeds:
                options = encoders.get(name)
                runs.append(measure(X, y, classes, options, seed, n_rows))
            rows += make_rows(line, name, runs)
    return rows


def make_rows(line, name, runs):
    rows = []
    for metric in runs[0]["scores"]:
        score = statistics.mean(run["scores"][metric] for run in runs)
        rows.append(
            {
                "line": line,
                "encoder": name,
                "metric": metric,
                "score": f"{score:.4f}",
                "seconds": f"{statistics.mean(run['seconds'] for run in runs):.1f}",
                "parameters": runs[0]["parameters"],
            }
        )
        print(rows[-1], flush=True)
    return rows


def measure(X, y, classes, options, seed, n_rows):
    rows = np.random.default_rng(seed).permutation(len(X))[:n_rows]
    X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, random_state=seed, stratify=y if classes else None
    )
    model = make_boosting(X, classes) if options is None else None
    if model is None:
        model = make_network(X, classes, options, seed)
    start = time.process_time()
    model.fit(X_train, y_train)
    seconds = time.process_time() - start
    if classes:
        p = model.predict_proba(X_test)
        scores = {"ROC AUC": roc_auc_score(y_test, p[:, 1])}
        scores["log-loss"] = log_loss(y_test, p)
    else:
        scores = {"R2": r2_score(y_test, model.predict(X_test))}
    parameters = "" if options is None else model.n_parameters_
    return {"scores": scores, "seconds": seconds, "parameters": parameters}


def make_network(X, classes, options, seed):
    from skmm import MultimodalClassifier, MultimodalRegressor
    from skmm.encoders import TabularEncoder

    model = MultimodalClassifier if classes else MultimodalRegressor
    modalities = [("table", TabularEncoder(**options), list(X))]
    return model(modalities, heads=["fused"], random_state=seed)


def make_boosting(X, classes):
    model = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return model(categorical_features="from_dtype", random_state=0)


def load_adult():
    from skmm.datasets import fetch_adult

    X, y = fetch_adult(return_X_y=True)
    texts = [name for name in X if X[name].dtype.kind not in "iuf"]
    return X.astype(dict.fromkeys(texts, "category")), np.asarray(y), True


def load_california():
    from sklearn.datasets import fetch_california_housing

    try:
        X, y = fetch_california_housing(
            return_X_y=True, as_frame=True, download_if_missing=False
        )
    except OSError:
        return None
    return X, y.to_numpy(), False
