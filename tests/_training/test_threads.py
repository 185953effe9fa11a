"""The same model in any thread and process, and beside any other work."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

FAST = {"max_epochs": 2, "width": 8, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(n_samples=200, random_state=0)


class ForeignNoise(torch.nn.Module):
    """A module of the user's own, which draws from torch's global generator."""

    def __init__(self, n_features, width):
        super().__init__()
        self.linear = torch.nn.Linear(n_features, width)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x):
        x = self.linear(x)
        return self.dropout(x) + torch.rand_like(x) if self.training else x


def estimators():
    foreign = [("own", ForeignNoise, ["num_0", "num_1"]), ("text", "text", "text_0")]
    return {
        "plain": MultimodalClassifier(**FAST),
        "random": MultimodalClassifier(
            mixup="manifold", modality_dropout=0.3, fusion="transformer", **FAST
        ),
        "foreign": MultimodalClassifier(foreign, **FAST),
    }


@pytest.mark.parametrize("kind", ["plain", "random", "foreign"])
def test_fits_side_by_side_give_what_a_lone_one_gives(data, kind):
    X, y = data

    def fit(_=None):
        return estimators()[kind].fit(X, y).predict_proba(X)

    alone, state = fit(), torch.get_rng_state()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(fit, range(8)):
            np.testing.assert_array_equal(found, alone)
    assert torch.equal(torch.get_rng_state(), state)


def test_searches_give_the_same_scores_under_any_backend(data):
    X, y = data

    def search(backend):
        grid = {"fusion": ["concat", "gated"]}
        with joblib.parallel_config(backend, n_jobs=2):
            found = GridSearchCV(
                MultimodalClassifier(**FAST), grid, cv=2, scoring="neg_log_loss"
            ).fit(X, y)
        return found.cv_results_["mean_test_score"]

    expected = search("sequential")
    for backend in ("threading", "loky"):
        np.testing.assert_array_equal(search(backend), expected)


def test_one_model_answers_many_threads(data):
    X, y = data
    model = MultimodalClassifier(**FAST).fit(X, y)
    expected = model.predict_proba(X), model.transform(X)

    def ask(i):
        return i % 2, (model.transform if i % 2 else model.predict_proba)(X)

    with ThreadPoolExecutor(8) as pool:
        for which, found in pool.map(ask, range(64)):
            np.testing.assert_array_equal(found, expected[which])


FORKED = """
import multiprocessing, os
import numpy as np, torch
from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=600, random_state=0)
torch.set_num_threads(2)

def fit(_=None):
    options = dict(max_epochs=1, width=128, batch_size=512, random_state=0)
    return MultimodalClassifier(**options).fit(X, y)

model = fit()
expected = model.predict_proba(X)
torch.rand(500, 500) @ torch.rand(500, 500)  # both threads have computed

def answer(i):
    return (model if i % 2 else fit()).predict_proba(X)

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.map_async(answer, range(4)).get(timeout=60):
            np.testing.assert_allclose(found, expected, atol=1e-4)
    print("answered")
"""

#: Trees alone, whose threads are not torch's.
FORKED_TREES = """
import multiprocessing
import numpy as np
from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

X, y = make_multimodal_classification(n_samples=3000, random_state=0)
model = MultimodalClassifier(heads=["boosting"], random_state=0).fit(X, y)
expected = model.predict_proba(X)

def answer(_):
    return model.predict_proba(X)

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.map_async(answer, range(2)).get(timeout=60):
            np.testing.assert_allclose(found, expected)
    print("answered")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize(
    "program",
    [FORKED, pytest.param(FORKED_TREES, marks=pytest.mark.slow)],
    ids=["all", "trees"],
)
def test_a_forked_pool_answers(program):
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "answered\n", done.stderr


@pytest.mark.parametrize("fusion", ["concat", "transformer"])
def test_default_dtype_and_enclosing_contexts_change_nothing(data, fusion):
    X, y = data

    def fit():
        model = MultimodalClassifier(fusion=fusion, alignment="cca", **FAST).fit(X, y)
        return model.partial_fit(X, y).predict_proba(X)

    expected = fit()
    torch.set_default_dtype(torch.float64)
    try:
        np.testing.assert_array_equal(fit(), expected)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            np.testing.assert_array_equal(fit(), expected)


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"kind": ["a", "b", "c", "d"] * 10}),
        pd.DataFrame({"flag": [True, False] * 20}),
        pd.DataFrame({"number": np.arange(40.0) % 7}),
        pd.DataFrame({"text": ["soft and warm", "hard and cold"] * 20}),
    ],
    ids=lambda X: X.columns[0],
)
def test_no_warning_of_torch_leaks_from_a_lone_column(X):
    MultimodalClassifier(**FAST).fit(X, np.arange(40) % 2)
