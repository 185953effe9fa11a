"""AutoGluon's TabularPredictor with its presets and five minutes."""

import functools
import os
import tempfile

from _measure import TARGET, measure
from autogluon.tabular import TabularPredictor

#: Wall seconds, as AutoGluon counts them. On a machine that is shared with others it
#: takes more of them to have the CPU seconds of five minutes alone.
LIMIT = float(os.environ.get("AUTOGLUON_SECONDS", 300))


def fit(X, y, task, presets):
    kind = "regression"
    if task.classes:
        kind = "binary" if task.n_classes == 2 else "multiclass"
    predictor = TabularPredictor(
        TARGET,
        problem_type=kind,
        # Of a class, what the table shows first; of a number, its default is as good.
        eval_metric="log_loss" if task.classes else "r2",
        path=tempfile.mkdtemp(prefix="autogluon-"),
        verbosity=0,
    )
    predictor.fit(
        task.without_medium(X).assign(**{TARGET: y}),
        presets=presets,
        time_limit=LIMIT,
        num_cpus=1,
        num_gpus=0,
        # Parallel folds are processes of a server whose CPU seconds nobody counts.
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
    )

    def predict(X):
        X = task.without_medium(X)
        if not task.classes:
            return predictor.predict(X)
        # A class of fewer than ten rows is not learned.
        proba = predictor.predict_proba(X)
        return proba.reindex(columns=range(task.n_classes), fill_value=0.0)

    return predict


if __name__ == "__main__":
    measure(
        {
            f"autogluon_{name}": functools.partial(fit, presets=f"{name}_quality")
            for name in ("medium", "best")
        }
    )
