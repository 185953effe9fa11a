"""FusionSearchCV beside GridSearchCV: CPU seconds, encoder fits, scores.

Rating in 5 classes from 5,000 of the women's clothing reviews. Both search the same
candidates on the same folds; only the featurization is shared, so that the bound is
that of one fold's rows, once for each fold, and of the refit, beside the training that
GridSearchCV does:

    total of FusionSearchCV <= 1.1 x (its featurizations + training of GridSearchCV)

where training is all that is not featurization. What FusionSearchCV does besides, the
score of each candidate's fused head alone, counts against it.

    python benchmarks/fusion_search.py [--fusions concat ...] [--folds 5] [--rows 5000]
"""

import argparse
import contextlib
import time
import unittest.mock

import numpy as np
from _common import environment, markdown_table
from sklearn.model_selection import GridSearchCV

import skmm.encoders
from skmm import MultimodalClassifier
from skmm._training.preparation import Preparation
from skmm.datasets import fetch_womens_clothing
from skmm.fusion import FAST_FUSIONS
from skmm.model_selection import FusionSearchCV

#: The ratio must not be above it.
PROMISED = 1.1


class Meter:
    """CPU seconds in the preparation of modalities, and fits of each encoder."""

    def __init__(self):
        self.featurization = 0.0
        self.fits = {}

    @contextlib.contextmanager
    def running(self):
        with contextlib.ExitStack() as stack:
            for method in ("resolve", "fit_transform", "transform"):
                self._wrap(stack, Preparation, method, self._timed)
            for name in ("TabularEncoder", "TextEncoder", "VectorEncoder"):
                encoder = getattr(skmm.encoders, name)
                self._wrap(stack, encoder, "fit_transform", self._counted)
            start = time.process_time()
            yield self
            self.total = time.process_time() - start

    @staticmethod
    def _wrap(stack, cls, method, make):
        wrapped = make(cls.__name__, getattr(cls, method))
        stack.enter_context(unittest.mock.patch.object(cls, method, wrapped))

    def _timed(self, name, function):
        def timed(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.featurization += time.process_time() - start

        return timed

    def _counted(self, name, function):
        def counted(*args, **kwargs):
            self.fits[name] = self.fits.get(name, 0) + 1
            return function(*args, **kwargs)

        return counted


def main(fusions, n_folds, n_rows):
    X, y = fetch_womens_clothing(target="rating", return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    X, y = X.iloc[rows].reset_index(drop=True), np.asarray(y)[rows]
    model = MultimodalClassifier(random_state=0)
    model.fit(X[:500], y[:500])  # imports and first calls are not what is measured
    searches = {
        "GridSearchCV": GridSearchCV(model, {"fusion": fusions}, cv=n_folds),
        "FusionSearchCV": FusionSearchCV(model, fusions, cv=n_folds),
    }
    meters, table = {}, []
    for name, search in searches.items():
        with Meter().running() as meters[name]:
            search.fit(X, y)
        meter = meters[name]
        table.append(
            {
                "search": name,
                "CPU s": f"{meter.total:.1f}",
                "featurization": f"{meter.featurization:.1f}",
                "all else": f"{meter.total - meter.featurization:.1f}",
                "encoder fits": ", ".join(f"{n} {k}" for k, n in meter.fits.items()),
                "best fusion": search.best_params_["fusion"],
                "accuracy": f"{search.best_score_:.4f}",
            }
        )
    plain, shared = meters["GridSearchCV"], meters["FusionSearchCV"]
    bound = shared.featurization + plain.total - plain.featurization
    ratio = shared.total / bound
    equal = all(
        np.array_equal(values, searches["FusionSearchCV"].cv_results_[key])
        for key, values in searches["GridSearchCV"].cv_results_.items()
        if "test" in key
    )
    fits_wanted = n_folds + 1
    print(environment())
    print(markdown_table(table))
    print(
        f"{len(fusions)} fusions x {n_folds} folds, {len(X)} rows. Total of "
        f"FusionSearchCV / (its featurizations + training of GridSearchCV) = "
        f"{ratio:.3f}, asked {PROMISED}: {'met' if ratio <= PROMISED else 'MISSED'}; "
        f"/ total of GridSearchCV = {shared.total / plain.total:.3f}. Scores are "
        f"{'equal bit for bit' if equal else 'NOT EQUAL'}. Each encoder fitted "
        f"{fits_wanted} times: {set(shared.fits.values()) == {fits_wanted}}."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fusions", nargs="+", default=list(FAST_FUSIONS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5000)
    arguments = parser.parse_args()
    main(arguments.fusions, arguments.folds, arguments.rows)
