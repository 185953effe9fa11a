"""``modalities=``: estimators and MultimodalVectorizer read it alike."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.feature_extraction import MultimodalVectorizer

Y = np.arange(12) % 2
X = pd.DataFrame({"age": np.arange(12.0), "size": np.arange(12.0) % 3, "none": None})


@pytest.fixture(
    params=[MultimodalClassifier, MultimodalRegressor, MultimodalVectorizer]
)
def fit(request):
    """Fit one of those that take ``modalities=``."""
    options = {"max_epochs": 1, "width": 4, "random_state": 0}
    if request.param is MultimodalVectorizer:
        options = {}
    return lambda modalities: request.param(modalities, **options).fit(X, Y)


def _found(model):
    return [(name, columns) for name, _, columns in model.modalities_]


@pytest.mark.parametrize(
    ("modalities", "found"),
    [
        ([["a", "tabular", ["age"]]], [("a", ["age"])]),
        ((("a", "tabular", "age"),), [("a", ["age"])]),
        # A column in two modalities.
        (
            [("a", "tabular", ["age", "size"]), ("b", "vector", [0])],
            [("a", ["age", "size"]), ("b", ["age"])],
        ),
        # What is dropped need not be there.
        ([("a", "tabular", [0]), ("b", "drop", ["photo"])], [("a", ["age"])]),
        ([("a", "tabular", [0]), ("b", "text", [])], [("a", ["age"])]),
    ],
)
def test_what_a_list_may_be(fit, modalities, found):
    assert _found(fit(modalities)) == found


def test_a_column_without_a_value_is_left_out_and_told_once(fit):
    modalities = [("a", "tabular", ["age", "none"]), ("b", "text", "none")]
    with pytest.warns(UserWarning, match=r"\['none'\] are missing in all .* rows"):
        assert _found(fit(modalities)) == [("a", ["age"])]


@pytest.mark.parametrize(
    ("modalities", "message"),
    [
        ([], "no modality. Write 'auto'"),
        (["text"], r"list of \(name, \w+, columns\); got 'text'"),
        ([("a", "text")], r"got \('a', 'text'\)"),
        ([("a", "tabular", ["age"])] * 2, r"must be unique; \['a'\]"),
        ([("a__b", "tabular", ["age"])], "cannot be named 'a__b'.*Rename it"),
        ([("", "tabular", ["age"])], "cannot be named ''"),
        ([(3, "tabular", ["age"])], "cannot be named 3"),
        ([("n_jobs", "tabular", ["age"])], "cannot be named 'n_jobs'"),
        ([("a", "txet", ["age"])], "'a': .*'txet'.*Did you mean 'text'"),
        ([("a", "entity", ["age"])], "'a': .*knowledge graph.*triples"),
        ([("a", "tabular", ["aeg"])], r"'a' .*\['aeg'\].*Did you mean 'age'"),
        ([("a", "drop", ["age"])], "No modality is left"),
    ],
)
def test_errors_name_modality_and_remedy(fit, modalities, message):
    with pytest.raises(ValueError, match=message):
        fit(modalities)
