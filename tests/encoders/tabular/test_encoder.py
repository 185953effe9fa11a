"""Tables: numbers of any scale, categories, dates, and what is missing or new."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.encoders import TabularEncoder


def vectors(encoder, block, width=8):
    torch.manual_seed(0)
    return encoder.build_module(width).eval()(block)


def test_kinds_of_columns():
    X = pd.DataFrame(
        {
            "float": [1.5, None, 3.0, 4.0],
            "int": [1, 2, 3, 4],
            "bool": [True, False, True, True],
            "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
            "spelled": ["1.5", "2.5", None, "4"],
            "duration": pd.to_timedelta([1, 2, 3, 4], unit="h"),
            "date": pd.to_datetime(["2024-01-01", "2024-06-01", None, "2025-01-01"]),
            "iso": ["2024-01-01", "2024-06-01", "2024-07-01", None],
            "category": pd.Categorical(["a", "b", None, "a"]),
            "string": ["a", "b", None, "a"],
        }
    )
    encoder = TabularEncoder(min_frequency=1)
    encoder.fit_transform(X)
    kinds = [reader.kind for reader in encoder.readers_]
    numbers = ["number", "number", "flag", "number", "number", "duration"]
    assert kinds == numbers + ["date"] * 2 + ["category"] * 2


def test_dates_carry_a_signal():
    days = pd.date_range("2023-01-01", periods=500, freq="D")
    order = np.random.default_rng(0).permutation(500)
    X = pd.DataFrame(
        {"day": days[order].strftime("%Y-%m-%d"), "noise": order % 7 * 0.0}
    )
    weekend = (days[order].day_of_week >= 5).astype(int)
    model = MultimodalClassifier(max_epochs=5, random_state=0)
    model.fit(X[:400], weekend[:400])
    assert model.score(X[400:], weekend[400:]) > 0.95


def test_one_number_in_three_spellings_is_one_category():
    encoder = TabularEncoder(min_frequency=1)
    encoder.fit_transform(pd.DataFrame({"c": pd.Categorical([1, 2, 3])}))
    codes = [
        encoder.transform(pd.DataFrame({"c": column}))[1].flatten().tolist()
        for column in ([1, 2, 3], [1.0, 2.0, 3.0], ["1", "2", "3"])
    ]
    assert codes == [[2, 3, 4]] * 3


def test_unknown_rare_and_missing_are_values_of_their_own():
    encoder = TabularEncoder(min_frequency=2)
    X = pd.DataFrame({"c": ["a", "a", "b", "b", "rare", None]})
    assert encoder.fit_transform(X)[1].flatten().tolist() == [2, 2, 3, 3, 1, 0]
    new = pd.DataFrame({"c": ["never seen", None, "b"]})
    assert encoder.transform(new)[1].flatten().tolist() == [1, 0, 3]


def test_missingness_is_a_signal():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=400), "other": rng.normal(size=400)})
    y = rng.integers(0, 2, 400)
    X.loc[y == 1, "x"] = np.nan
    model = MultimodalClassifier(max_epochs=5, random_state=0).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.97


@pytest.mark.parametrize("scale, shift", [(1e-9, 0.0), (1.0, 1e6), (1e12, 1e6)])
def test_any_scale(scale, shift):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.sin(2 * X[:, 0])
    model = MultimodalRegressor(max_epochs=10, learning_rate=1e-2, random_state=0)
    X = (X + shift) * scale
    assert model.fit(X[:240], y[:240]).score(X[240:], y[240:]) > 0.8


def test_outliers_do_not_drown_the_rest():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    y = (X[:, 0] > 0.3).astype(int)
    X[::50] = 1e15
    model = MultimodalClassifier(max_epochs=5, random_state=0).fit(X[:300], y[:300])
    usual = X[300:, 0] < 1e10
    assert model.score(X[300:][usual], y[300:][usual]) > 0.93


def test_constant_column_and_single_values():
    X = pd.DataFrame({"c": [3.0] * 20, "x": np.arange(20.0), "d": ["same"] * 20})
    encoder = TabularEncoder()
    block = encoder.fit_transform(X)
    assert torch.isfinite(vectors(encoder, block)).all()


def test_column_missing_in_the_training_rows():
    encoder = TabularEncoder()
    encoder.fit_transform(pd.DataFrame({"x": [np.nan] * 5, "z": np.arange(5.0)}))
    block = encoder.transform(pd.DataFrame({"x": [1.0, np.nan], "z": [np.nan, np.nan]}))
    assert block.present.tolist() == [True, False]
    assert torch.isfinite(vectors(encoder, block)).all()


def test_piecewise_linear_encoding_is_the_papers():
    from skmm.encoders.tabular._encoder import PiecewiseLinear

    features = PiecewiseLinear([np.array([0.0, 1.0, 3.0])])(
        torch.tensor([[-1.0], [0.5], [2.0], [9.0], [float("nan")]])
    )
    expected = [[0, 0], [0.5, 0], [1, 0.5], [1, 1], [0, 0]]
    np.testing.assert_allclose(features[:, :2], expected)
    assert features[:, 3].tolist() == [0, 0, 0, 0, 1]
