"""`loss=` of MultimodalRegressor: what all heads and their mixture learn."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import PoissonRegressor, QuantileRegressor
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    mean_poisson_deviance,
)

from skmm import MultimodalRegressor
from skmm._training.regression_losses import (
    AbsoluteError,
    HuberLoss,
    PoissonLoss,
    QuantileLoss,
    SquaredError,
)

FAST = {"max_epochs": 2, "width": 4, "random_state": 0}
OPTIONS = [
    {"loss": "squared_error"},
    {"loss": "absolute_error"},
    {"loss": "huber"},
    {"loss": "quantile", "quantile": 0.9},
    {"loss": "poisson"},
]


def table(n=600, seed=0):
    """Amounts whose spread grows with them, by two numbers and a text."""
    rng = np.random.default_rng(seed)
    words = rng.choice(["cheap", "usual", "costly"], n)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "age": rng.normal(size=n),
            "text": [
                f"a {word} thing that is sold as item {i}"
                for i, word in enumerate(words)
            ],
        }
    )
    rate = np.exp(
        0.6 * X["size"] + 0.8 * (words == "costly") - 0.8 * (words == "cheap")
    )
    return X, rng.gamma(1.0, rate)


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.mark.parametrize(
    "loss",
    [SquaredError(), AbsoluteError(), HuberLoss(), QuantileLoss(0.2), PoissonLoss()],
    ids=lambda loss: loss.name,
)
class TestLoss:
    codes = np.array([[0.0], [0.3], [1.0], [4.0]])

    def test_the_slope_is_that_of_the_value(self, loss):
        outputs = np.linspace(-2, 2, 401)[:, None]
        for code in self.codes:
            value, slope = loss.values(outputs, np.full_like(outputs, code[0]))
            numeric = np.gradient(value[:, 0], outputs[:, 0])
            np.testing.assert_allclose(numeric[1:-1], slope[1:-1, 0], atol=0.06)

    def test_nets_and_solvers_minimise_the_same(self, loss):
        outputs = np.linspace(-2, 2, 9)[:, None]
        for code in self.codes:
            codes = np.full_like(outputs, code[0])
            value = loss.values(outputs, codes)[0][:, 0]
            row = loss.row_loss(torch.tensor(outputs), torch.tensor(codes)).numpy()
            scale = (
                2
                if isinstance(loss, SquaredError) and loss.name == "squared_error"
                else 1
            )
            np.testing.assert_allclose(np.diff(row), np.diff(scale * value), atol=0.06)

    def test_zero_is_the_best_constant(self, loss):
        y = np.random.default_rng(0).gamma(1.0, 3.0, (2001, 1))
        weight = np.random.default_rng(1).random(2001)
        centre, scale = loss.standardise(y, weight)
        codes = (y - centre) / scale
        constants = np.linspace(-0.5, 0.5, 101)
        losses = [
            weight
            @ loss.row_loss(
                torch.full_like(torch.tensor(codes), c), torch.tensor(codes)
            ).numpy()
            for c in constants
        ]
        assert abs(constants[np.argmin(losses)]) <= 0.011

    def test_outputs_and_predictions_are_each_others_inverse(self, loss):
        y = np.array([0.1, 1.0, 3.0])
        np.testing.assert_allclose(loss.inverse_link(loss.link(y)), y)

    def test_it_is_finite_wherever_a_net_may_go(self, loss):
        outputs = torch.tensor([[-1e4], [1e4]], requires_grad=True)
        rows = loss.row_loss(outputs, torch.ones(2, 1))
        rows.sum().backward()
        assert torch.isfinite(rows).all() and torch.isfinite(outputs.grad).all()


METRICS = [
    ({"loss": "absolute_error"}, mean_absolute_error),
    (
        {"loss": "quantile", "quantile": 0.9},
        lambda y, p: mean_pinball_loss(y, p, alpha=0.9),
    ),
    (
        {"loss": "quantile", "quantile": 0.1},
        lambda y, p: mean_pinball_loss(y, p, alpha=0.1),
    ),
]


@pytest.mark.parametrize(
    "heads",
    [
        pytest.param("auto", marks=pytest.mark.slow),
        ["fused"],
        ["linear"],
        ["boosting"],
    ],
    ids=str,
)
@pytest.mark.parametrize("options, metric", METRICS, ids=["absolute", "high", "low"])
def test_each_head_is_better_by_the_loss_it_learns(heads, options, metric):
    X, y = table(1500)
    X_train, y_train, X_test, y_test = X[:1000], y[:1000], X[1000:], y[1000:]
    model = MultimodalRegressor(heads=heads, random_state=0)
    plain = model.fit(X_train, y_train).predict(X_test)
    found = model.set_params(**options).fit(X_train, y_train).predict(X_test)
    assert metric(y_test, found) < metric(y_test, plain)


@pytest.mark.parametrize(
    "heads", [pytest.param("auto", marks=pytest.mark.slow), ["linear"]], ids=str
)
@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_as_many_targets_as_asked_lie_below_a_quantile(heads, quantile):
    X, y = table(1400)
    model = MultimodalRegressor(
        loss="quantile", quantile=quantile, heads=heads, validation=3, random_state=0
    )
    below = (y[400:] <= model.fit(X[:400], y[:400]).predict(X[400:])).mean()
    assert below == pytest.approx(quantile, abs=0.05)


@pytest.mark.parametrize("heads", [["fused"], ["linear"], ["boosting"]], ids=str)
def test_a_few_gross_errors_do_not_move_what_huber_learns(heads):
    X, y = table(1500)
    true, wrong = y[1000:], y[:1000].copy()
    wrong[::20] = 300.0
    model = MultimodalRegressor(heads=heads, random_state=0)
    errors = [
        mean_absolute_error(
            true, model.set_params(loss=loss).fit(X[:1000], wrong).predict(X[1000:])
        )
        for loss in ("squared_error", "huber")
    ]
    assert errors[1] < 0.3 * errors[0]


def test_amounts_are_predicted_above_zero_by_a_poisson_loss():
    X, y = table(1500)
    y[::5] = 0
    model = MultimodalRegressor(loss="poisson", random_state=0)
    predicted = model.fit(X[:1000], y[:1000]).predict(X[1000:])
    assert (predicted > 0).all()
    constant = np.full(500, y[:1000].mean())
    assert mean_poisson_deviance(y[1000:], predicted) < 0.9 * mean_poisson_deviance(
        y[1000:], constant
    )


def test_solved_by_themselves_the_heads_are_scikit_learns_models():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=3000)})
    y = np.exp(0.5 * X["a"].to_numpy()) * rng.gamma(2.0, size=3000)
    for options, reference in (
        (
            {"loss": "quantile", "quantile": 0.8},
            QuantileRegressor(quantile=0.8, alpha=0),
        ),
        ({"loss": "poisson"}, PoissonRegressor(alpha=0)),
    ):
        model = MultimodalRegressor(heads=["linear"], random_state=0, **options)
        found = model.fit(X, y).predict(X)
        expected = reference.fit(X, y).predict(X)
        # The linear head bends its lines, which these do not.
        assert np.corrcoef(found, expected)[0, 1] > 0.97
        assert found.mean() == pytest.approx(expected.mean(), rel=0.03)
    trees = HistGradientBoostingRegressor(loss="absolute_error", random_state=0)
    model = MultimodalRegressor(
        heads=["boosting"], loss="absolute_error", random_state=0
    )
    errors = [
        mean_absolute_error(y[2000:], one.fit(X[:2000], y[:2000]).predict(X[2000:]))
        for one in (model, trees)
    ]
    assert errors[0] < 1.05 * errors[1]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_an_estimator_like_any_other(data, options):
    X, y = data
    y = np.column_stack([y, y[::-1]])
    model = MultimodalRegressor(**options, **FAST)
    fitted = clone(model).fit(X, y, sample_weight=np.arange(len(y)) % 3)
    expected = fitted.predict(X)
    assert expected.shape == y.shape and np.isfinite(expected).all()
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict(X), expected)
    np.testing.assert_allclose(fitted.predict(X[3:4]), expected[3:4])
    folds = clone(model).set_params(validation=3).fit(X, y[:, 0])
    assert folds.predict(X).shape == (len(y),)
    steps = clone(model).partial_fit(X, y[:, 0]).partial_fit(X, y[:, 0])
    assert np.isfinite(steps.predict(X)).all()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_targets_of_any_magnitude_and_constants(data, options):
    X, y = data
    model = MultimodalRegressor(heads=["fused", "boosting"], **options, **FAST)
    expected = clone(model).fit(X, y).predict(X)
    for exponent in (-300, 300):
        found = clone(model).fit(X, np.ldexp(y, exponent)).predict(X)
        np.testing.assert_array_equal(np.ldexp(found, -exponent), expected)
    np.testing.assert_allclose(
        clone(model).fit(X, np.full(len(y), 0.3)).predict(X), 0.3, rtol=1e-12
    )


def test_an_estimator_of_ones_own_beside_a_loss(data):
    X, y = data
    forest = RandomForestRegressor(20, criterion="poisson", random_state=0)
    model = MultimodalRegressor(
        heads=["fused", ("forest", forest)], loss="poisson", **FAST
    ).fit(X, y)
    assert (model.predict(X) > 0).all()
    assert model.head_weights_["forest"] > 0


def test_a_row_of_nothing_gets_the_best_constant(data):
    X, y = data
    nothing = pd.DataFrame({"size": [np.nan], "age": [np.nan], "text": [None]})
    for options, best in (
        ({"loss": "absolute_error"}, np.median(y)),
        ({"loss": "quantile", "quantile": 0.9}, np.quantile(y, 0.9)),
        ({"loss": "poisson"}, y.mean()),
    ):
        model = MultimodalRegressor(**options, **FAST).fit(X, y)
        # Of the training rows, which are nine tenths of these.
        assert model.predict(nothing)[0] == pytest.approx(best, rel=0.15)


@pytest.mark.parametrize(
    "options, match",
    [
        ({"loss": "quantile"}, "needs quantile="),
        ({"quantile": 0.5}, "has no quantile"),
        ({"loss": "quantile", "quantile": 1.5}, "quantile"),
        ({"loss": "squared"}, "loss"),
    ],
)
def test_options_that_do_not_go_together(data, options, match):
    model = MultimodalRegressor(**options, **FAST)
    with pytest.raises(ValueError, match=match):
        model.fit(*data)
    assert not hasattr(model, "head_weights_")


def test_what_no_poisson_loss_is_for(data):
    X, y = data
    model = MultimodalRegressor(loss="poisson", **FAST)
    below = y.copy()
    below[7] = -2.5
    with pytest.raises(
        ValueError, match=r"in 1 of 600 rows, the first at row 7 \(-2.5\)"
    ):
        model.fit(X, below)
    with pytest.raises(ValueError, match="all are 0"):
        model.fit(X, np.zeros(len(y)))
    model.partial_fit(X, y)
    with pytest.raises(ValueError, match="row 7"):
        model.partial_fit(X, below)


def test_a_fit_that_continues_keeps_its_loss(data):
    model = MultimodalRegressor(warm_start=True, **FAST).fit(*data)
    model.set_params(loss="absolute_error")
    with pytest.raises(ValueError, match="loss.*structure"):
        model.fit(*data)
