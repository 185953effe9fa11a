"""What MultimodalRegressor's docstring promises."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import r2_score

from skmm import MultimodalRegressor
from skmm.datasets import make_multimodal_regression
from skmm.fusion import FUSIONS, FusionOutput


def small(**options):
    """A regressor that learns these data in half a second."""
    options = {"width": 16, "max_epochs": 8, "learning_rate": 1e-2} | options
    return MultimodalRegressor(**{"random_state": 0} | options)


# The other heads of the mixture learn the same beside every fusion: one shows it.
@pytest.mark.parametrize(
    "fusion, heads", [("concat", "auto"), *((name, ["fused"]) for name in FUSIONS)]
)
def test_beats_the_mean(regression, fusion, heads):
    X, y = regression
    model = small(fusion=fusion, heads=heads, max_epochs=15).fit(X[:140], y[:140])
    assert model.predict(X[140:]).shape == (60,)
    assert model.score(X[140:], y[140:]) > 0.3


def test_several_targets(regression):
    X, y = regression
    Y = np.column_stack([y, 1000 - 50 * y])
    model = small().fit(X[:140], Y[:140])
    predicted = model.predict(X[140:])
    assert predicted.shape == (60, 2)
    assert r2_score(Y[140:], predicted, multioutput="raw_values").min() > 0.3
    shares = sum(model.head_weights_.values())
    assert shares.shape == (2,)


@pytest.mark.parametrize("shift, scale", [(1e6, 1.0), (0.0, 1e-6), (-3.0, 1e6)])
def test_the_unit_of_the_target_does_not_matter(regression, shift, scale):
    X, y = regression
    expected = small(max_epochs=3).fit(X, y).predict(X)
    found = small(max_epochs=3).fit(X, shift + scale * y).predict(X)
    np.testing.assert_allclose((found - shift) / scale, expected, atol=1e-3)


def test_a_list_or_a_series_as_target(regression):
    X, y = regression
    expected = small(max_epochs=2).fit(X, y).predict(X)
    for other in (y.tolist(), pd.Series(y, index=X.index)):
        np.testing.assert_array_equal(
            small(max_epochs=2).fit(X, other).predict(X), expected
        )


def test_a_constant_target_is_predicted(regression):
    X, y = regression
    model = small(max_epochs=3).fit(X, np.full_like(y, 7.0))
    np.testing.assert_allclose(model.predict(X), 7.0, atol=0.1)


def test_weight_zero_is_a_row_left_out(regression):
    X, y = regression
    weight = np.where(np.arange(len(y)) % 4, 1.5, 0.0)
    spoilt = np.where(weight > 0, y, 1e9)
    kept = weight > 0
    weighted = small().fit(X, spoilt, sample_weight=weight)
    without = small().fit(X[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(weighted.predict(X), without.predict(X))
    assert weighted.score(X, spoilt, sample_weight=weight) == pytest.approx(
        weighted.score(X[kept], y[kept])
    )


def test_heavy_rows_count_more(regression):
    X, y = regression
    heavy = np.arange(len(y)) % 2 == 0
    y = np.where(heavy, 3.0, -3.0)  # nothing in X tells: the weights decide
    model = small().fit(X, y, sample_weight=np.where(heavy, 20.0, 1.0))
    assert model.predict(X).mean() > 2


def test_unknown_row_gets_the_weighted_training_mean(regression):
    X, y = regression
    nothing = X.iloc[:1].reindex([-1])
    rng = np.random.default_rng(0)
    Y, weight = np.column_stack([y, 5 + y**2]), rng.uniform(0.5, 2, len(y))
    model = small(validation=None, max_epochs=2).fit(X, Y, sample_weight=weight)
    expected = np.average(Y, axis=0, weights=weight)
    np.testing.assert_allclose(model.predict(nothing)[0], expected, rtol=1e-6)
    rows = pd.concat([X[:3], nothing])
    np.testing.assert_allclose(model.predict(rows)[3], expected, rtol=1e-6)


def test_partial_fit_keeps_learning(regression):
    X, y = regression
    model = small()
    losses = []
    for epoch in range(1, 9):
        model.partial_fit(X, y)
        losses.append(np.mean((model.predict(X) - y) ** 2))
        assert model.n_iter_ == len(model.history_) == epoch
    assert losses[-1] < losses[0] / 2
    assert losses[-1] < np.var(y) / 2


def test_partial_fit_keeps_the_unit_of_the_first_rows(regression):
    X, y = regression
    y = 100 + 10 * y
    model = small().partial_fit(X[:100], y[:100])
    for _ in range(10):
        model.partial_fit(X[100:], y[100:])
    assert abs(model.predict(X[100:]).mean() - y[100:].mean()) < 5


def test_warm_start_goes_on(regression):
    X, y = regression
    model = small(warm_start=True, max_epochs=2, early_stopping=False).fit(X, y)
    encoders = [encoder for _, encoder, _ in model.modalities_]
    for _ in range(4):
        model.fit(X, y)
    losses = model.history_[:, "fused_train_loss"]
    assert model.n_iter_ == len(losses) == 10
    assert losses[2] < losses[0] and losses[-1] < losses[1]
    assert [encoder for _, encoder, _ in model.modalities_] == encoders
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 2


def test_seeds(regression):
    X, y = regression
    first, second, other = (small(random_state=seed).fit(X, y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.predict(X), second.predict(X))
    assert np.abs(first.predict(X) - other.predict(X)).max() > 1e-6


def test_one_row_at_a_time_predicts_the_same(regression):
    X, y = regression
    model = small(max_epochs=3).fit(X, y)
    together, embedding = model.predict(X[:40]), model.transform(X[:40])
    alone = [model.predict(X[i : i + 1]) for i in range(40)]
    np.testing.assert_allclose(np.concatenate(alone), together, rtol=0, atol=1e-7)
    alone = [model.transform(X[i : i + 1]) for i in range(40)]
    np.testing.assert_allclose(np.concatenate(alone), embedding, rtol=0, atol=1e-7)


def test_best_epoch_is_restored(regression):
    X, y = regression
    valid = (X[140:], y[140:])
    model = small(heads=["fused"], validation=valid, learning_rate=0.1, max_epochs=30)
    model.fit(X[:140], y[:140])
    losses = model.history_[:, "valid_loss"]
    assert losses[-1] > min(losses)  # it went on after its best epoch, and came back
    # One head alone is not scaled: its error is the best loss of the history.
    error = np.mean((model.predict(X[140:]) - y[140:]) ** 2) / np.var(y[:140])
    assert error == pytest.approx(min(losses), rel=1e-4)


def test_head_weights_show_which_head_the_data_need():
    X, y = make_multimodal_regression(300, signal="text", random_state=0)
    model = small(max_epochs=20).fit(X, y)
    assert list(model.head_weights_) == ["fused", "wide", "linear", "boosting"]
    assert sum(model.head_weights_.values()) == pytest.approx(1)
    assert min(model.head_weights_.values()) >= 0
    assert small(heads=["fused"], max_epochs=1).fit(X, y).head_weights_ == {
        "fused": 1.0
    }


class Unteachable(torch.nn.Module):
    """A fusion whose large logits are made of the row, and never learn."""

    def __init__(self, spec):
        super().__init__()
        self.out_features = spec.n_outputs

    def forward(self, vectors, present, tokens=None, token_mask=None):
        logits = 100 * vectors.detach().sum((1, 2))[:, None]
        return FusionOutput(logits, logits=logits)


@pytest.mark.parametrize("seed", range(4))
def test_a_fused_head_of_no_weight_does_not_disturb(regression, seed):
    X, y = regression
    model = small(fusion=Unteachable, random_state=seed, learning_rate=0.03)
    model.fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (200,)
    assert np.isfinite(predicted).all()
    assert r2_score(y, predicted) > 0.3  # the wide head does it


def test_heads_that_are_all_wrong_leave_the_mean(regression):
    X, y = regression
    model = small(validation=(X[100:], -y[100:])).fit(X[:100], y[:100])
    predicted = model.predict(X)
    assert predicted.shape == (200,)
    assert np.abs(predicted - y[:100].mean()).max() < np.abs(y - y.mean()).max() / 2


def test_polars_is_as_good_as_pandas(regression, as_library):
    X, y = regression
    expected = small(max_epochs=3).fit(X, y).predict(X)
    found = small(max_epochs=3).fit(as_library(X), y).predict(as_library(X))
    np.testing.assert_array_equal(found, expected)


def test_learned_attributes(regression):
    X, y = regression
    model = small(max_epochs=3).fit(X, y)
    assert [(name, columns) for name, _, columns in model.modalities_] == [
        ("tabular", [c for c in X if c != "text_0"]),
        ("text", ["text_0"]),
    ]
    assert model.n_iter_ == len(model.history_) == 3
    assert {"train_loss", "valid_loss"} <= set(model.history_[0])
    assert isinstance(model.n_parameters_, int) and model.n_parameters_ > 0
    assert model.n_features_in_ == 7
    assert list(model.feature_names_in_) == list(X.columns)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_missing_target_raises_and_leaves_nothing_half_fitted(regression, bad):
    X, y = regression
    spoilt = y.copy()
    spoilt[3] = bad
    model = small()
    with pytest.raises(ValueError, match="y "):
        model.fit(X, spoilt)
    assert not hasattr(model, "history_") and not hasattr(model, "n_features_in_")
