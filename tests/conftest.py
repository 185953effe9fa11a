"""What the tests share: small data sets of numbers, categories and text."""

import os

import numpy as np
import pandas as pd
import pytest

from skmm.datasets import make_multimodal_classification, make_multimodal_regression

# Narrow terminals cut the figures of progress bars; rich reads it once a process.
os.environ["COLUMNS"] = "200"


def pytest_addoption(parser):
    parser.addoption(
        "--bfloat16",
        choices=["on", "off"],
        help="let torch say that this CPU has products in bfloat16 and in 8 bits, or "
        "that it has neither: results must not depend on it",
    )


def pytest_configure(config):
    answer = config.getoption("--bfloat16")
    if answer is not None:
        import torch

        for name in ("_is_avx512_bf16_supported", "_is_vnni_supported"):
            setattr(torch.cpu, name, lambda: answer == "on")


@pytest.fixture
def classification():
    """Frame and two classes: each modality is missing in a tenth of the rows."""
    return make_multimodal_classification(n_samples=200, missing=0.1, random_state=0)


@pytest.fixture
def large_classification():
    """Rows of the same kind, enough to tell learning from guessing."""
    return make_multimodal_classification(n_samples=500, missing=0.1, random_state=0)


@pytest.fixture
def multiclass():
    """Frame and three classes, which the table tells."""
    return make_multimodal_classification(
        n_samples=200, n_classes=3, signal="tabular", random_state=0
    )


@pytest.fixture
def regression():
    """Frame and a number: each modality is missing in a tenth of the rows."""
    return make_multimodal_regression(n_samples=200, missing=0.1, random_state=0)


@pytest.fixture(params=["pandas", "polars"])
def as_library(request):
    """Turn a pandas frame into one of each library."""
    if request.param == "pandas":
        return lambda X: X
    polars = pytest.importorskip("polars")

    def to_polars(X):
        # Without missing cells turned into NaN: polars has nulls for strings.
        return polars.DataFrame(
            {
                name: column.astype(object).where(column.notna(), None).tolist()
                for name, column in X.items()
            },
            infer_schema_length=None,
        )

    return to_polars


@pytest.fixture
def lonely_row(classification):
    """A row of which nothing is known, in the columns of `classification`."""
    X, _ = classification
    row = {
        name: [np.nan if pd.api.types.is_numeric_dtype(dtype) else None]
        for name, dtype in X.dtypes.items()
    }
    return pd.DataFrame(row).astype(X.dtypes.to_dict())
