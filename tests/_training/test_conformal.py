"""`predict_interval` and `predict_set`: as many targets are held as is asked."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.conformal import mix_apart, predict_set
from skmm._training.mixture import Mixture
from skmm._training.targets import ClassificationTargets, RegressionTargets

LINEAR = {"heads": ["linear"], "random_state": 0}
THREE = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}


def table(n, seed=0):
    """Amounts whose spread one number tells."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"size": rng.normal(size=n), "age": rng.normal(size=n)})
    return X, np.exp(X["size"].to_numpy()) * rng.gamma(2.0, size=n)


def classes(n, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    noise = rng.gumbel(size=(n, 3))
    score = np.column_stack([2 * X["a"], 2 * X["b"], np.zeros(n)]) + noise
    return X, np.array(["ash", "birch", "cedar"])[score.argmax(axis=1)]


@pytest.fixture(scope="module")
def data():
    X, y = table(4000)
    return X[:2000], y[:2000], X[2000:], y[2000:]


def covered(interval, y):
    return ((interval[..., 0] <= y) & (y <= interval[..., 1])).mean(axis=0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"loss": "absolute_error"},
        {"loss": "poisson"},
        THREE,
        {"heads": "auto", "max_epochs": 2, "width": 4},
        {"heads": ["linear", "boosting"], "validation": 3},
        THREE | {"heads": ["linear", "boosting"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_as_many_targets_lie_inside_as_is_asked(data, fitted, options, coverage):
    model, X_test, y_test = fitted(options)
    interval = model.predict_interval(X_test, coverage)
    assert interval.shape == (2000, 2)
    assert (interval[:, 0] <= interval[:, 1]).all()
    # 200 rows calibrate: two standard errors are .07 in the middle.
    assert covered(interval, y_test) == pytest.approx(coverage, abs=0.07)


@pytest.fixture(scope="module")
def fitted(data):
    X, y, X_test, y_test = data
    known = {}

    def fit(options):
        if str(options) not in known:
            model = MultimodalRegressor(**LINEAR | options)
            known[str(options)] = model.fit(X, y)
        return known[str(options)], X_test, y_test

    return fit


def test_quantiles_make_intervals_wider_where_targets_spread(fitted):
    of_quantiles, X_test, _ = fitted(THREE)
    width = np.ptp(of_quantiles.predict_interval(X_test), axis=1)
    assert np.corrcoef(np.log(width), X_test["size"])[0, 1] > 0.8
    plain, _, _ = fitted({})
    width = np.ptp(plain.predict_interval(X_test), axis=1)
    np.testing.assert_allclose(width, width[0])
    poisson, _, _ = fitted({"loss": "poisson"})
    interval = poisson.predict_interval(X_test, 0.95)
    assert (interval[:, 0] >= 0).all()
    assert np.ptp(np.ptp(interval, axis=1)) > 1


def test_more_coverage_is_wider_and_holds_what_is_predicted(fitted):
    for options in ({}, THREE):
        model, X_test, _ = fitted(options)
        narrow, wide = (model.predict_interval(X_test, c) for c in (0.6, 0.9))
        assert (wide[:, 0] <= narrow[:, 0]).all() and (narrow[:, 1] <= wide[:, 1]).all()
    y_pred = model.predict(X_test)
    assert (wide[:, 0] <= y_pred).all() and (y_pred <= wide[:, 1]).all()


def test_a_mixture_does_not_judge_the_rows_it_was_fitted_on():
    # Heads of noise: on its own rows a mixture of them looks better than it is.
    rng = np.random.default_rng(0)
    heads, weight = [f"head {i}" for i in range(12)], np.ones(60)
    own, apart, true = [], [], []
    for _ in range(40):
        y = rng.normal(size=60)
        targets = RegressionTargets(y, weight)
        codes = targets.encode(y)
        logits = {head: rng.normal(size=(60, 1)) for head in heads}
        mixture = Mixture.of_codes(heads, logits, codes, weight, targets)
        own.append(codes - mixture(logits))
        apart.append(codes - mix_apart(heads, logits, codes, weight, targets))
        later = {head: rng.normal(size=(60, 1)) for head in heads}
        true.append(targets.encode(rng.normal(size=60)) - mixture(later))
    own, apart, true = (np.square(errors).mean() for errors in (own, apart, true))
    assert own < 0.8 * true
    assert 0.9 * true < apart < 1.1 * true


def test_rows_of_ones_own_calibrate_what_has_no_validation_rows(data):
    X, y, X_test, y_test = data
    model = MultimodalRegressor(**LINEAR, validation=None).fit(X, y)
    with pytest.raises(ValueError, match=r"no rows to calibrate on.*calibration=\(X"):
        model.predict_interval(X_test)
    calibration = (X_test[:1000], y_test[:1000])
    interval = model.predict_interval(X_test[1000:], 0.8, calibration=calibration)
    assert covered(interval, y_test[1000:]) == pytest.approx(0.8, abs=0.05)
    # The promise of the method: of the rows that calibrate just as many are inside.
    own = model.predict_interval(X_test[:1000], 0.8, calibration=calibration)
    assert covered(own, y_test[:1000]) == pytest.approx(0.801, abs=0.0011)


def test_a_model_of_steps_has_no_rows_to_calibrate_on(data):
    X, y, X_test, _ = data
    model = MultimodalRegressor(heads=["wide"], max_epochs=1, random_state=0)
    model.fit(X, y).predict_interval(X_test)
    model.partial_fit(X, y)
    with pytest.raises(ValueError, match="partial_fit"):
        model.predict_interval(X_test)


def test_several_targets_each_have_an_interval(data):
    X, y, X_test, y_test = data
    for options in ({}, THREE):
        model = MultimodalRegressor(**LINEAR | options)
        model.fit(X, np.column_stack([y, 1000 - 50 * y]))
        interval = model.predict_interval(X_test, 0.8)
        assert interval.shape == (2000, 2, 2)
        found = covered(interval, np.column_stack([y_test, 1000 - 50 * y_test]))
        np.testing.assert_allclose(found, 0.8, atol=0.07)
        loaded = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(loaded.predict_interval(X_test, 0.8), interval)


def test_weights_of_rows_count_as_repetition(data):
    X, y, X_test, _ = data
    # The second half is far noisier, and counts nothing or all.
    y = y + np.where(np.arange(len(y)) < 1000, 0, 1) * np.resize([-50, 50], len(y))
    widths = []
    for weight in (np.r_[np.ones(1000), np.full(1000, 1e-6)], np.ones(2000)):
        model = MultimodalRegressor(**LINEAR).fit(X, y, sample_weight=weight)
        widths.append(np.ptp(model.predict_interval(X_test[:1], 0.8)))
    assert widths[0] < 10 < widths[1]


@pytest.mark.parametrize("magnitude", [-300, 300])
def test_targets_of_any_magnitude(fitted, data, magnitude):
    X, y, X_test, _ = data
    expected = fitted({})[0].predict_interval(X_test)
    model = MultimodalRegressor(**LINEAR).fit(X, np.ldexp(y, magnitude))
    found = np.ldexp(model.predict_interval(X_test), -magnitude)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"validation": 3}], ids=str)
@pytest.mark.parametrize("coverage", [0.7, 0.9, 0.97])
def test_sets_hold_the_class_as_often_as_is_asked(options, coverage):
    X, y = classes(4000)
    model = MultimodalClassifier(**LINEAR | options).fit(X[:2000], y[:2000])
    sets = model.predict_set(X[2000:], coverage)
    assert sets.shape == (2000, 3) and sets.dtype == bool
    held = sets[np.arange(2000), np.searchsorted(model.classes_, y[2000:])].mean()
    # Of no row is the set empty, which holds more than is asked where that is little.
    assert (
        coverage - 0.06 < held < max(coverage, model.score(X[2000:], y[2000:])) + 0.06
    )
    likeliest = model.predict_proba(X[2000:]).argmax(axis=1)
    assert sets[np.arange(2000), likeliest].all()


def test_sets_of_two_classes_of_several_outputs_and_weighted_ones():
    X, y = classes(2000)
    two = y == "ash"
    model = MultimodalClassifier(class_weight="balanced", **LINEAR).fit(
        X[:1000], two[:1000]
    )
    sets = model.predict_set(X[1000:])
    held = sets[np.arange(1000), two[1000:].astype(int)].mean()
    assert held == pytest.approx(0.9, abs=0.07)
    both = np.column_stack([y, np.where(two, "yes", "no")])
    model = MultimodalClassifier(**LINEAR).fit(X[:1000], both[:1000])
    found = model.predict_set(X[1000:])
    assert [some.shape for some in found] == [(1000, 3), (1000, 2)]


def test_adaptive_sets_hold_the_class_in_hard_rows_too():
    """Romano et al. 2020: of hard and easy rows each, not only of all."""
    rng = np.random.default_rng(0)
    is_hard = rng.random(6000) < 0.3
    logits = np.where(is_hard[:, None], 1.0, 6.0) * rng.gumbel(size=(6000, 8))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    targets = ClassificationTargets(y)
    known = logits[:3000], y[:3000, None], np.ones(3000)
    shares = {}
    for method in ("threshold", "adaptive"):
        (sets,) = predict_set(targets, logits[3000:], known, 0.9, method)
        held = sets[np.arange(3000), y[3000:]]
        assert held.mean() >= 0.88
        shares[method] = held[is_hard[3000:]].mean()
    assert shares["adaptive"] > 0.88 > shares["threshold"] + 0.03


def test_adaptive_sets_do_not_depend_on_the_order_of_classes():
    shares = np.array([[0.5, 0.25, 0.25], [0.2, 0.4, 0.4], [1.0, 0.0, 0.0]])
    targets = ClassificationTargets(np.arange(3))
    known = np.log(np.tile([0.5, 0.25, 0.25], (99, 1))), np.zeros((99, 1), int)
    known = (*known, np.ones(99))
    with np.errstate(divide="ignore"):
        outputs = np.maximum(np.log(shares), -50)
    (sets,) = predict_set(targets, outputs, known, 0.9, "adaptive")
    # Up to 0.5, what the true class is among; the likeliest in any case.
    assert sets[0].tolist() == [True, False, False]
    assert sets[1].tolist() in ([False, True, False], [False, False, True])
    known = known[0], np.ones((99, 1), int), known[2]
    (sets,) = predict_set(targets, outputs, known, 0.9, "adaptive")
    assert sets.all(axis=1).tolist() == [True, True, True]


@pytest.mark.parametrize("options", [{}, {"validation": 3}], ids=str)
def test_adaptive_sets_of_a_model_hold_as_many_as_is_asked(options):
    X, y = classes(3000)
    model = MultimodalClassifier(**LINEAR | options).fit(X[:1500], y[:1500])
    sets = model.predict_set(X[1500:], 0.8, method="adaptive")
    held = sets[np.arange(1500), np.searchsorted(model.classes_, y[1500:])].mean()
    assert 0.74 < held < 0.93
    with pytest.raises(ValueError, match="neither 'threshold' nor 'adaptive'"):
        model.predict_set(X, method="random")


def test_what_cannot_be_asked(data, fitted):
    model, X_test, y_test = fitted({})
    for coverage in (0, 1, 1.5, "most", True):
        with pytest.raises(ValueError, match="a number between 0 and 1"):
            model.predict_interval(X_test, coverage)
    with pytest.raises(
        ValueError, match="at least 999 rows that calibrate, and .* 200"
    ):
        model.predict_interval(X_test, 0.999)
    with pytest.raises(ValueError, match="pair"):
        model.predict_interval(X_test, calibration=X_test)
    with pytest.raises(ValueError, match="inconsistent"):
        model.predict_interval(X_test, calibration=(X_test, y_test[:9]))
    one_side, _, _ = fitted({"loss": "quantile", "quantile": 0.9})
    with pytest.raises(ValueError, match="one side of the median"):
        one_side.predict_interval(X_test)
    labels = np.random.default_rng(0).integers(0, 2, (200, 3))
    several = MultimodalClassifier(**LINEAR).fit(X_test[:200], labels)
    with pytest.raises(ValueError, match="multilabel"):
        several.predict_set(X_test)
