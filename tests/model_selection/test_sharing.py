"""No block is made twice, and one training gives a candidate bare and mixed."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier
from skmm.encoders import TextEncoder
from skmm.model_selection import FusionSearchCV

MODALITIES = [
    ("facts", "tabular", ["num_0", "num_1", "cat_0"]),
    ("text", "text", ["text_0"]),
]


def small(**options):
    options = {"width": 8, "max_epochs": 2, "random_state": 0} | options
    return MultimodalClassifier(**options)


# --------------------------------------------------------------------- what is shared


def test_encoders_are_fitted_once_a_fold(classification, counts):
    X, y = classification
    grid = {"dropout": [0.0, 0.2], "heads": ["auto", ["fused"]]}
    search = FusionSearchCV(small(), ["concat", "mean"], param_grid=grid, cv=3)
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    # Once a fold, and the refit; the validation rows, and the test rows of a fold.
    fits, transforms = 3 + 1, 3 * 2 + 1
    assert counts == {
        ("TextEncoder", "fit_transform"): fits,
        ("TabularEncoder", "fit_transform"): fits,
        ("TextEncoder", "transform"): transforms,
        ("TabularEncoder", "transform"): transforms,
    }
    prepared = search.cv_results_["mean_preparation_time"]
    assert prepared[0] > 0
    assert not prepared[1:].any()
    assert (prepared < search.cv_results_["mean_fit_time"]).all()


def test_each_modality_is_shared_on_its_own(
    classification, counts, assert_same_results
):
    X, y = classification
    model = small(modalities=MODALITIES)
    grids = [
        {"text__max_features": [10, 20]},
        {"facts": ["drop"], "text__max_features": [20]},
        {"width": [4], "text": ["text"]},
    ]
    search = FusionSearchCV(
        model, ["concat", "mean"], param_grid=grids, cv=2, refit=False
    ).fit(X, y)
    assert counts["TextEncoder", "fit_transform"] == 2 * 3
    assert counts["TabularEncoder", "fit_transform"] == 2
    grids = [{"fusion": ["concat", "mean"], **grid} for grid in grids]
    expected = GridSearchCV(model, grids, cv=2, refit=False).fit(X, y)
    assert_same_results(search, expected)


def test_other_rows_or_weights_are_read_anew(
    classification, counts, assert_same_results
):
    X, y = classification
    grids = [{"validation": ["auto", 0.3]}, {"random_state": [0, 1]}]
    search = FusionSearchCV(small(), ["concat"], param_grid=grids, cv=2).fit(X, y)
    assert counts["TextEncoder", "fit_transform"] == 2 * 3 + 1
    expected = GridSearchCV(
        small(), [{"fusion": ["concat"], **grid} for grid in grids], cv=2
    )
    assert_same_results(search, expected.fit(X, y))


def test_sharing_with_weights_of_zero(classification, counts):
    X, y = classification
    weight = (np.arange(len(y)) % 5 > 0).astype(float)
    search = FusionSearchCV(small(), ["concat", "mean"], cv=2)
    search.fit(X, y, sample_weight=weight)
    assert counts["TextEncoder", "fit_transform"] == 2 + 1


def test_sharing_of_polars_frames_and_of_validation_data(
    classification, as_library, counts
):
    X, y = classification
    X_valid, y_valid = as_library(X[:40]), y[:40]
    model = small(validation=(X_valid, y_valid))
    FusionSearchCV(model, ["concat", "mean"], cv=2).fit(as_library(X[40:]), y[40:])
    assert counts["TextEncoder", "fit_transform"] == 2 + 1
    assert counts["TextEncoder", "transform"] == 2 * 2 + 1


def test_sharing_of_transformers_without_a_name(classification):
    X, y = classification
    calls = []

    def lengths(column):
        calls.append(len(column))
        return np.array([[len(text)] for text in column], dtype=float)

    transformer = FunctionTransformer(lengths)
    modalities = [("text", transformer, "text_0"), ("facts", "tabular", ["num_0"])]
    FusionSearchCV(
        small(modalities=modalities), ["concat", "mean"], cv=2, refit=False
    ).fit(X, y)
    assert len(calls) == 2 * 3  # a fold's training, validation and test rows


def test_modalities_prepared_in_parallel_are_shared(
    classification, tmp_path, assert_same_results
):
    X, y = classification
    text = CountingEncoder(str(tmp_path / "fits"))
    modalities = [("facts", "tabular", ["num_0"]), ("text", text, ["text_0"])]
    model = small(modalities=modalities, n_jobs=2)
    search = FusionSearchCV(model, ["concat", "mean"], cv=2, refit=False).fit(X, y)
    assert (tmp_path / "fits").read_text() == "fit\n" * 2
    model.set_params(n_jobs=1)
    expected = GridSearchCV(model, {"fusion": ["concat", "mean"]}, cv=2, refit=False)
    assert_same_results(search, expected.fit(X, y))


class CountingEncoder(TextEncoder):
    """Leaves a line for each fit, from whichever process."""

    def __init__(self, path, max_features=100):
        super().__init__(max_features=max_features)
        self.path = path

    def fit_transform(self, X, y=None, sample_weight=None):
        with open(self.path, "a") as file:
            file.write("fit\n")
        return super().fit_transform(X, y, sample_weight)


def test_without_a_random_state_one_is_drawn_for_all(classification, counts):
    X, y = classification
    searches = [
        FusionSearchCV(
            small(random_state=None), ["concat", "mean"], cv=2, random_state=seed
        ).fit(X, y)
        for seed in (0, 0, 1)
    ]
    assert counts["TextEncoder", "fit_transform"] == 3 * (2 + 1)
    probabilities = [search.predict_proba(X) for search in searches]
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    assert (probabilities[0] != probabilities[2]).any()
    assert searches[0].estimator.random_state is None
    assert "random_state" not in searches[0].best_params_


# --------------------------------------------------------------------- bare and mixed


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_epochs": 20},
        {"modality_dropout": 0.3, "alignment": "contrastive"},
        {"alignment": "adversarial"},
    ],
    ids=str,
)
def test_bare_is_what_mix_false_gives(classification, options):
    X, y = classification
    search = FusionSearchCV(
        small(**options),
        ["concat", "gated", "late"],
        param_grid={"heads": ["auto", ["fused"]]},
        cv=2,
        scoring="neg_log_loss",
        refit=False,
    ).fit(X, y)
    results = search.cv_results_
    mixes = np.array([params["heads"] == "auto" for params in results["params"]])
    for split in ("split0", "split1", "mean", "std"):
        key = f"{split}_test_score"
        bare, mixed = results[f"{key}_bare"], results[f"{key}_mixed"]
        np.testing.assert_array_equal(bare[mixes], results[key][~mixes])
        np.testing.assert_array_equal(bare[~mixes], results[key][~mixes])
        np.testing.assert_array_equal(mixed[mixes], results[key][mixes])
        assert np.isnan(mixed[~mixes]).all()
    assert (
        results["mean_test_score"][mixes] != results["mean_test_score"][~mixes]
    ).all()


def test_number_of_parameters(classification):
    X, y = classification
    splits = list(KFold(2).split(X))
    search = FusionSearchCV(small(), ["concat", "gated"], cv=splits).fit(X, y)
    for i, fusion in enumerate(["concat", "gated"]):
        models = [small(fusion=fusion).fit(X.iloc[t], y[t]) for t, _ in splits]
        expected = np.mean([model.n_parameters_ for model in models])
        assert search.cv_results_["mean_n_parameters"][i] == expected
