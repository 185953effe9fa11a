"""Class weights, targets of any magnitude, constant targets."""

import numpy as np
import pandas as pd
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.targets import ClassificationTargets, RegressionTargets, r_squared

FAST = {"max_epochs": 3, "width": 8, "random_state": 0}
RNG = np.random.default_rng(0)
X = pd.DataFrame({"a": RNG.normal(size=80), "b": RNG.normal(size=80)})
Y = (X["a"] > 0).to_numpy().astype(int)
T = X["a"].to_numpy() + 0.1 * X["b"].to_numpy()
LARGEST, SMALLEST = np.finfo(float).max, np.finfo(float).tiny


# ------------------------------------------------------------------------ class weights


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0, "much", None])
def test_class_weights_that_are_no_weights(bad):
    model = MultimodalClassifier(class_weight={0: 1.0, 1: bad}, **FAST)
    with pytest.raises(ValueError, match="class_weight of class 1 is .*finite"):
        model.fit(X, Y)
    assert not hasattr(model, "classes_")


def test_class_weights_of_classes_that_are_not_there():
    names = np.array(["no", "yes"])[Y]
    for wrong in ({"Yes": 2}, {"no": 1, "Yes": 2}, {1: 2}):
        model = MultimodalClassifier(class_weight=wrong, **FAST)
        with pytest.raises(ValueError, match=r"names \[.*classes of y are \['no', 'y"):
            model.fit(X, names)
    # A fold may lack a rare class that has a weight: all that are there have one.
    targets = ClassificationTargets(names)
    found = targets.class_weights(names, {"no": 1, "yes": 2, "rare": 5})
    np.testing.assert_array_equal(found, np.where(Y == 1, 2, 1))


def test_class_weights_of_several_outputs_are_multiplied():
    y = np.column_stack([Y, 1 - Y])
    targets = ClassificationTargets(y)
    found = targets.class_weights(y, [{0: 3.0}, {1: 2.0}])
    np.testing.assert_array_equal(found, np.where(Y == 0, 6, 1))
    with pytest.raises(ValueError, match="list of 1, and y has 2 outputs"):
        targets.class_weights(y, [{0: 3.0}])
    with pytest.raises(ValueError, match="is a dict, and y has 2 outputs"):
        targets.class_weights(y, {0: 3.0})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_sample_weights_that_are_no_weights(bad):
    weight = np.ones(80)
    weight[3] = bad
    with pytest.raises(ValueError, match="sample_weight"):
        MultimodalClassifier(**FAST).fit(X, Y, sample_weight=weight)


@pytest.mark.parametrize("weight", [1e308, 1e-308])
def test_sample_weights_of_any_magnitude(weight):
    expected = MultimodalRegressor(**FAST).fit(X, T).predict(X)
    model = MultimodalRegressor(**FAST).fit(X, T, sample_weight=np.full(80, weight))
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-6)
    weighted = MultimodalClassifier(class_weight={0: weight, 1: weight}, **FAST)
    weighted.fit(X, Y, sample_weight=np.full(80, weight) if weight > 1 else None)
    plain = MultimodalClassifier(**FAST).fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(weighted.predict_proba(X), plain, atol=1e-5)


# ------------------------------------------------------------------- finite predictions


@pytest.mark.parametrize("value", [1e20, 1e160, -1e300, LARGEST, -LARGEST, SMALLEST])
@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e150])
def test_probabilities_are_finite_for_any_finite_number(value, unit):
    scaled = X * unit
    model = MultimodalClassifier(**FAST).fit(scaled, Y)
    extreme = scaled.copy()
    extreme.iloc[3, 0] = value
    assert np.isfinite(model.predict_proba(extreme)).all()
    # Other rows are predicted as before.
    expected = np.delete(model.predict_proba(scaled), 3, axis=0)
    found = np.delete(model.predict_proba(extreme), 3, axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    extreme.iloc[4, 0] = -value
    refitted = MultimodalClassifier(**FAST).fit(extreme, Y)
    assert np.isfinite(refitted.predict_proba(extreme)).all()


@pytest.mark.parametrize("value", [1e160, LARGEST])
def test_probabilities_are_finite_for_any_finite_vector(value):
    vectors = pd.DataFrame({"v": list(RNG.normal(size=(80, 8)))})
    model = MultimodalClassifier(**FAST).fit(vectors, Y)
    extreme = vectors.copy()
    extreme["v"] = [
        np.sign(v) * value if i in (3, 4) else v for i, v in enumerate(vectors["v"])
    ]
    assert np.isfinite(model.predict_proba(extreme)).all()
    refitted = MultimodalClassifier(**FAST).fit(extreme, Y)
    assert np.isfinite(refitted.predict_proba(extreme)).all()


def test_what_a_module_makes_no_number_of_gets_the_prior():
    class Root(torch.nn.Module):
        def __init__(self, n_features, width):
            super().__init__()
            self.linear = torch.nn.Linear(n_features, width)

        def forward(self, values):
            return self.linear(torch.sqrt(values + 10))

    positive = X.abs() + 1
    model = MultimodalClassifier([("a", Root, ["a", "b"])], **FAST)
    model.fit(positive, Y)
    probabilities = model.predict_proba(positive.assign(a=-(10.0**6)))
    shares = [np.mean(Y == 0), np.mean(Y == 1)]
    np.testing.assert_allclose(probabilities, [shares] * 80, atol=0.05)


# ------------------------------------------------------------------- regression targets


@pytest.mark.parametrize("unit", [1e160, 1e-18, 1e-160, 1e-300, LARGEST / 10])
def test_the_magnitude_of_the_target_does_not_matter(unit):
    expected = MultimodalRegressor(**FAST).fit(X, T)
    model = MultimodalRegressor(**FAST).fit(X, T * unit)
    assert expected.score(X, T) > 0.1
    assert model.score(X, T * unit) == pytest.approx(expected.score(X, T))
    assert model.validation_score_ == pytest.approx(expected.validation_score_)
    found = model.predict(X) / unit
    np.testing.assert_allclose(found, expected.predict(X), rtol=1e-4, atol=1e-6)


def test_the_largest_number_is_predicted_finite():
    y = np.where(Y == 1, LARGEST, -LARGEST)
    model = MultimodalRegressor(**FAST, learning_rate=0.1).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    assert 0 < model.score(X, y) <= 1


def test_outputs_of_unequal_magnitude():
    y = np.column_stack([T * 1e200, T, T * 1e-200])
    model = MultimodalRegressor(**FAST).fit(X, y)
    scores = [r_squared(y[:, j], model.predict(X)[:, j]) for j in range(3)]
    assert min(scores) > 0.1
    assert model.score(X, y) == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("value", [0.0, 7.0, -1e-18, 1e160, 0.1 + 0.2])
def test_a_constant_up_to_rounding_is_predicted_as_it_is(value):
    y = np.where(Y == 1, value, np.nextafter(value, 0))
    model = MultimodalRegressor(**FAST).fit(X, y)
    np.testing.assert_allclose(model.predict(X), value, rtol=1e-15)


def test_what_was_constant_may_vary_later():
    model = MultimodalRegressor(**FAST).partial_fit(X, np.full(80, 2.0))
    np.testing.assert_array_equal(model.predict(X), 2.0)
    for _ in range(3):
        model.partial_fit(X, 2 + T)
    assert model.score(X, 2 + T) > 0
    model = MultimodalRegressor(warm_start=True, **FAST).fit(X, np.full(80, 2.0))
    assert model.fit(X, 2 + T).score(X, 2 + T) > 0


def test_later_targets_beyond_the_first_stay_numbers():
    targets = RegressionTargets(T * 1e-300, np.ones(80))
    assert np.isfinite(targets.encode(np.array([LARGEST, -LARGEST]))).all()
