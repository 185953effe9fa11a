"""What each modality brings: by brute force, by data of which it is known."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.datasets import make_multimodal_classification, make_multimodal_regression
from skmm.encoders import TabularEncoder, TextEncoder, VectorEncoder
from skmm.inspection import modality_importance

FOUR = [
    ("numbers", "tabular", ["num_0", "num_1", "num_2", "num_3"]),
    ("categories", "tabular", ["cat_0", "cat_1"]),
    ("title", "text", ["text_0"]),
    ("body", "text", ["text_1"]),
]


def small(**options):
    return MultimodalClassifier(
        **{"width": 8, "max_epochs": 2, "random_state": 0} | options
    )


def without(X, columns):
    """Give X with cells that are missing."""
    nothing = {c: np.nan if X[c].dtype.kind == "f" else None for c in columns}
    return X.assign(**nothing).astype(X.dtypes.to_dict())


def brute_force(value, names):
    """Shapley values and interactions by the textbook's sums, an order at a time."""
    value = {s: value(s) for n in range(len(names) + 1) for s in subsets(names, n)}
    orders = list(itertools.permutations(names))
    values = np.zeros(len(names))
    for order in orders:
        for k, name in enumerate(order):
            before = frozenset(order[:k])
            values[names.index(name)] += value[before | {name}] - value[before]
    pairs = np.zeros((len(names), len(names)))
    for i, j in itertools.permutations(range(len(names)), 2):
        a, b = names[i], names[j]
        rest = [name for name in names if name not in (a, b)]
        for n in range(len(rest) + 1):
            for s in subsets(rest, n):
                share = math.factorial(n) * math.factorial(len(rest) - n)
                pairs[i, j] += (share / math.factorial(len(rest) + 1)) * (
                    value[s | {a, b}] - value[s | {a}] - value[s | {b}] + value[s]
                )
    return values / len(orders), pairs


def subsets(names, n):
    return map(frozenset, itertools.combinations(names, n))


@pytest.fixture(scope="module")
def four():
    """A model of four modalities, which training rows lack at times, and test rows."""
    X, y = make_multimodal_classification(
        n_samples=360, n_text=2, n_classes=3, noise=0.1, random_state=0
    )
    rng = np.random.RandomState(0)
    for _, _, columns in FOUR:
        some = rng.rand(len(X)) < 0.2
        X.loc[some] = without(X[some], columns)
    return small(modalities=FOUR).fit(X[:240], y[:240]), X[240:], y[240:]


@pytest.fixture(scope="module")
def two():
    """A model of a table and a text, of which the text alone tells the class."""
    X, y = make_multimodal_classification(
        n_samples=400, signal="text", noise=0.2, random_state=0
    )
    return small().fit(X[:200], y[:200]), X[200:], y[200:]


# -- what is measured ----------------------------------------------------------------


@pytest.mark.parametrize("head", [None, "fused", "wide", "linear", "boosting"])
def test_equals_brute_force(four, head):
    model, X, y = four
    names = [name for name, *_ in FOUR]
    alone = model if head is None else model._view(model._learner.only(head), ())

    def value(seen):
        hidden = [c for name, _, columns in FOUR if name not in seen for c in columns]
        return -log_loss(y, alone.predict_proba(without(X, hidden)))

    values, pairs = brute_force(value, names)
    result = modality_importance(
        model, X, y, scoring="neg_log_loss", head=head, n_bootstraps=0
    )
    assert result.names == names
    np.testing.assert_allclose(result.importances_mean, values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.interactions, pairs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.score, value(frozenset(names)), atol=1e-9)
    np.testing.assert_allclose(result.baseline_score, value(frozenset()), atol=1e-9)


def test_ablation_equals_brute_force(four):
    model, X, y = four
    result = modality_importance(model, X, y, method="ablation", n_bootstraps=20)
    columns = [columns for *_, columns in FOUR]
    score, prior = model.score(X, y), model.score(without(X, sum(columns, [])), y)
    lost = [score - model.score(without(X, some), y) for some in columns]
    alone = [
        model.score(without(X, [c for c in X if c not in some]), y) - prior
        for some in columns
    ]
    np.testing.assert_allclose(result.importances_mean, lost, atol=1e-9)
    np.testing.assert_allclose(result.alone_mean, alone, atol=1e-9)
    assert result.importances.shape == result.alone.shape == (4, 20)
    assert result.importances_interval.shape == result.alone_interval.shape == (4, 2)


@pytest.mark.parametrize("n_permutations", ["auto", 2, 5])
def test_values_sum_to_the_score_beyond_the_prior(four, n_permutations):
    model, X, y = four
    result = modality_importance(
        model, X, y, n_permutations=n_permutations, n_bootstraps=10, random_state=0
    )
    assert result.score == model.score(X, y)
    gain = result.score - result.baseline_score
    np.testing.assert_allclose(result.importances_mean.sum(), gain, atol=1e-12)
    np.testing.assert_allclose(result.coalition_scores.max(), result.score, atol=0.2)
    assert ("sampling_error" in result) == (n_permutations != "auto")


def test_random_orders_come_near_all(four):
    model, X, y = four
    options = {"scoring": "neg_log_loss", "n_bootstraps": 0}
    exact = modality_importance(model, X, y, **options)
    some = modality_importance(
        model, X, y, n_permutations=60, random_state=0, **options
    )
    assert (some.sampling_error > 0).all()
    away = np.abs(some.importances_mean - exact.importances_mean)
    assert (away < 4 * some.sampling_error + 1e-12).all()


def test_many_modalities_are_sampled():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.randn(80, 12), columns=[f"c{i}" for i in range(12)])
    y = (X["c3"] > 0).astype(int)
    model = small(
        modalities=[(f"m{i}", VectorEncoder(), [f"c{i}"]) for i in range(12)],
        heads=["linear"],
        validation=None,
    ).fit(X, y)
    result = modality_importance(model, X, y, random_state=0, n_bootstraps=0)
    assert len(result.coalitions) < 40 * 12
    assert result.names[result.importances_mean.argmax()] == "m3"
    gain = result.score - result.baseline_score
    np.testing.assert_allclose(result.importances_mean.sum(), gain, atol=1e-12)


@pytest.mark.parametrize("signal", ["tabular", "text"])
@pytest.mark.parametrize("method", ["shapley", "ablation"])
def test_the_modality_that_tells_the_class_is_named(signal, method):
    X, y = make_multimodal_classification(n_samples=400, signal=signal, random_state=1)
    model = small(heads=["linear", "boosting"]).fit(X[:200], y[:200])
    result = modality_importance(model, X[200:], y[200:], method=method)
    best, other = result.importances_mean.argsort()[::-1]
    assert result.names[best] == signal
    assert result.importances_interval[best, 0] > 0.3
    assert abs(result.importances_mean[other]) < 0.1


def test_modalities_that_add_up_share():
    X, y = make_multimodal_regression(n_samples=500, random_state=0)
    model = MultimodalRegressor(heads=["linear"], random_state=0)
    result = modality_importance(model.fit(X[:300], y[:300]), X[300:], y[300:])
    # Each latent has half of the variance.
    np.testing.assert_allclose(result.importances_mean, [0.5, 0.5], atol=0.1)
    assert (result.importances_interval[:, 0] > 0.3).all()


def test_modalities_that_tell_only_together_interact():
    X, y = make_multimodal_classification(
        n_samples=900, signal="interaction", random_state=0
    )
    model = MultimodalClassifier(
        heads=["boosting"], validation=None, random_state=0
    ).fit(X[:600], y[:600])
    together = modality_importance(model, X[600:], y[600:])
    assert together.interactions[0, 1] == together.interactions[1, 0] > 0.3
    assert together.interactions[0, 0] == 0
    assert (together.importances_interval[:, 0] > 0).all()


def test_modalities_that_say_the_same_interact_negatively():
    rng = np.random.RandomState(0)
    value = rng.randn(300)
    X = pd.DataFrame({"a": value, "b": value})
    model = small(
        modalities=[("one", "tabular", ["a"]), ("other", "tabular", ["b"])],
        heads=["linear"],
    ).fit(X, value > 0)
    result = modality_importance(model, X, value > 0)
    assert result.interactions[0, 1] < -0.3
    lost = modality_importance(model, X, value > 0, method="ablation")
    assert (lost.alone_mean > 0.3).all()
    assert (lost.importances_mean < 0.1).all()


# -- columns -------------------------------------------------------------------------


def test_columns_equal_brute_force(four):
    model, X, y = four
    groups = {
        "words": ["text_0", "text_1"],
        "num_1": "num_1",
        "some": ["cat_0", "num_0"],
    }

    def value(seen):
        hidden = [c for name in groups if name not in seen for c in columns[name]]
        return -log_loss(y, model.predict_proba(without(X, hidden)))

    columns = {name: [c] if isinstance(c, str) else c for name, c in groups.items()}
    values, pairs = brute_force(value, list(groups))
    result = modality_importance(
        model, X, y, scoring="neg_log_loss", groups=groups, n_bootstraps=0
    )
    assert result.names == list(groups)
    np.testing.assert_allclose(result.importances_mean, values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.interactions, pairs, rtol=0, atol=1e-9)


def test_groups_that_are_the_modalities_are_as_the_modalities(four):
    model, X, y = four
    groups = {name: columns for name, _, columns in FOUR}
    expected = modality_importance(model, X, y, n_bootstraps=3, random_state=0)
    result = modality_importance(
        model, X, y, groups=groups, n_bootstraps=3, random_state=0
    )
    np.testing.assert_array_equal(result.importances, expected.importances)


def test_single_columns_are_sampled_beyond_a_few(two, monkeypatch):
    model, X, y = two
    X = X.assign(text_0=X["text_0"].where(X.index % 5 > 0))
    result = modality_importance(
        model, X, y, level="column", n_permutations=2, n_bootstraps=3, random_state=0
    )
    assert result.names == list(X.columns)
    assert result.names[result.importances_mean.argmax()] == "text_0"
    gain = result.score - result.baseline_score
    np.testing.assert_allclose(result.importances_mean.sum(), gain, atol=1e-12)
    # Blocks that are not kept are made again.
    monkeypatch.setattr("skmm.inspection._hiding.HiddenColumns.limit", 0)
    again = modality_importance(
        model, X, y, level="column", n_permutations=2, n_bootstraps=3, random_state=0
    )
    np.testing.assert_array_equal(again.importances, result.importances)


def test_columns_of_all_types_can_be_hidden():
    n = 60
    X = pd.DataFrame(
        {
            "whole": np.arange(n) % 7,
            "flag": np.arange(n) % 2 == 0,
            "date": pd.date_range("2020", periods=n),
            "category": pd.Categorical(["a", "b"] * (n // 2)),
            "nullable": pd.array([1, None, 3] * (n // 3), dtype="Int64"),
            "object": pd.Series(["x", "y", 3.0] * (n // 3), dtype=object).map(str),
        },
        index=[0] * n,
    )
    y = np.arange(n) % 2
    model = small(heads=["linear"]).fit(X, y)
    result = modality_importance(model, X, y, method="ablation", level="column")
    assert result.names == list(X.columns)
    assert result.alone_mean.max() > 0.3


# -- scorings ------------------------------------------------------------------------


def test_scoring_by_name_and_by_function(two):
    model, X, y = two

    def auc(estimator, X, y):
        return roc_auc_score(y, estimator.predict_proba(X)[:, 1])

    results = [
        modality_importance(model, X, y, scoring=one, n_bootstraps=5, random_state=0)
        for one in (
            "roc_auc",
            auc,
            make_scorer(roc_auc_score, response_method="predict_proba"),
        )
    ]
    for one in results[1:]:
        np.testing.assert_allclose(one.importances, results[0].importances, atol=1e-12)
        assert one.score == results[0].score
    assert [one.scoring for one in results[:2]] == ["roc_auc", "auc"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc", None])
def test_quick_samples_are_those_of_the_scorer(two, scoring, weighted):
    model, X, y = two
    scorer = get_scorer(scoring or "accuracy")
    weight = np.random.RandomState(0).rand(len(y)) if weighted else None
    quick, slow = (
        modality_importance(
            model,
            X,
            y,
            scoring=one,
            n_bootstraps=10,
            sample_weight=weight,
            random_state=0,
        )
        # A function of its own is asked again for each sample.
        for one in (scoring, lambda *args, **kwargs: scorer(*args, **kwargs))
    )
    np.testing.assert_allclose(quick.importances, slow.importances, atol=1e-12)
    np.testing.assert_allclose(quick.score, slow.score, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize(
    "scoring",
    [
        "r2",
        "neg_mean_squared_error",
        "neg_mean_absolute_error",
        "neg_root_mean_squared_error",
    ],
)
def test_quick_samples_are_those_of_the_scorer_of_numbers(scoring, n_outputs):
    X, y = make_multimodal_regression(n_samples=150, random_state=0)
    if n_outputs == 2:
        y = np.column_stack([y, 3 + y**2])
    model = MultimodalRegressor(
        width=8, max_epochs=2, heads=["fused", "linear"], random_state=0
    ).fit(X, y)
    weight = np.random.RandomState(0).rand(len(y))
    scorer = get_scorer(scoring)
    quick, slow = (
        modality_importance(
            model,
            X,
            y,
            scoring=one,
            n_bootstraps=10,
            sample_weight=weight,
            random_state=0,
        )
        # A function of its own is asked again for each sample.
        for one in (scoring, lambda *args, **kwargs: scorer(*args, **kwargs))
    )
    np.testing.assert_allclose(quick.importances, slow.importances, atol=1e-9)
    np.testing.assert_allclose(quick.score, slow.score, atol=1e-12)


def test_intervals_cover_what_many_rows_say():
    X, y = make_multimodal_classification(n_samples=4200, noise=0.2, random_state=0)
    model = small(heads=["linear"]).fit(X[4000:], y[4000:])
    X, y = X[:4000], y[:4000]
    truth = modality_importance(model, X, y, n_bootstraps=0).importances_mean
    covered = []
    for start in range(0, 4000, 100):
        rows = slice(start, start + 100)
        found = modality_importance(
            model, X[rows], y[rows], n_bootstraps=200, random_state=start
        ).importances_interval
        covered.append((found[:, 0] <= truth) & (truth <= found[:, 1]))
    # 95 % of the 40, and three standard deviations less.
    assert (np.sum(covered, axis=0) >= 34).all()


def test_importances_of_classes():
    # The third class is told by the table alone, the others by the text.
    X, y = make_multimodal_classification(n_samples=500, signal="text", random_state=0)
    y = np.where(
        X["num_0"] > X["num_0"].quantile(0.85), "c", np.where(y == 1, "b", "a")
    )
    model = small(heads=["linear", "boosting"]).fit(X[:300], y[:300])
    result = modality_importance(model, X[300:], y[300:], per_class=True)
    assert result.classes.tolist() == ["a", "b", "c"]
    best = result.class_importances_mean.argmax(axis=0)
    assert [result.names[i] for i in best] == ["text", "text", "tabular"]
    gain = result.class_score - result.class_baseline_score
    np.testing.assert_allclose(result.class_importances_mean.sum(axis=0), gain)
    assert result.class_importances_std.shape == (2, 3)
    assert result.class_importances_interval.shape == (2, 2, 3)
    y_c, shares = y[300:] == "c", model.predict_proba(X[300:])[:, 2]
    np.testing.assert_allclose(result.class_score[2], -log_loss(y_c, shares))


# -- estimators ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"validation": 3}, {"heads": ["fused"]}, {"validation": None}]
)
def test_estimators_of_all_sorts(four, options):
    _, X, y = four
    model = small(modalities=FOUR, **options).fit(X, y)
    result = modality_importance(model, X, y, head="fused", n_bootstraps=5)
    assert result.score == model._fused_only().score(X, y)
    hidden = without(X, list(X.columns))
    assert result.baseline_score == model._fused_only().score(hidden, y)


def test_an_estimator_that_learns_bit_by_bit(two):
    _, X, y = two
    model = small().partial_fit(X, y).partial_fit(X, y)
    assert modality_importance(model, X, y, n_bootstraps=5).score == model.score(X, y)


def test_several_labels_and_several_outputs():
    X, y = make_multimodal_classification(n_samples=150, random_state=0)
    labels = np.column_stack([y, X["num_0"] > 0, 1 - y])
    model = small(heads=["linear"]).fit(X, labels)
    result = modality_importance(model, X, labels, per_class=True, n_bootstraps=5)
    assert result.class_importances_mean.shape == (2, 3)
    words = np.array(["no", "yes"])[labels[:, :2].astype(int)]
    model = small(heads=["linear"]).fit(X, words)
    with pytest.raises(ValueError, match="2 outputs of several classes"):
        modality_importance(model, X, words, per_class=True)


def test_a_single_modality_brings_all():
    X, y = make_multimodal_classification(
        n_samples=150, n_text=0, signal="tabular", random_state=0
    )
    result = modality_importance(small().fit(X, y), X, y, n_bootstraps=5)
    assert result.names == ["tabular"]
    gain = result.score - result.baseline_score
    np.testing.assert_allclose(result.importances_mean, [gain])
    assert result.interactions.tolist() == [[0.0]]


def test_pipelines_and_searches(two):
    _, X, y = two
    model = small(heads=["linear"])
    pipeline = make_pipeline(FunctionTransformer(), model)
    search = GridSearchCV(pipeline, {"multimodalclassifier__width": [8]}, cv=2)
    expected, *found = (
        modality_importance(one.fit(X, y), X, y, n_bootstraps=0).importances_mean
        for one in (model, pipeline, search)
    )
    for one in found:
        np.testing.assert_array_equal(one, expected)


def test_frames_of_any_library(two, as_library):
    model, X, y = two
    options = {"scoring": "roc_auc", "n_bootstraps": 3, "random_state": 0}
    expected = modality_importance(model, X, y, **options)
    result = modality_importance(model, as_library(X), y, **options)
    np.testing.assert_allclose(result.importances, expected.importances, atol=1e-9)


# -- how -----------------------------------------------------------------------------


def test_rows_are_read_once(four, monkeypatch):
    model, X, y = four
    calls = []
    for cls in (TextEncoder, TabularEncoder):
        monkeypatch.setattr(
            cls,
            "transform",
            lambda self, X, of=cls.transform: calls.append(len(X)) or of(self, X),
        )
    modality_importance(model, X, y, scoring="roc_auc_ovr", n_bootstraps=5)
    assert calls == [len(X)] * 4


def test_seeds_and_threads(four):
    model, X, y = four
    first, again, threads, other = (
        modality_importance(
            model, X, y, n_bootstraps=20, random_state=seed, n_jobs=n_jobs
        )
        for seed, n_jobs in [(0, None), (0, None), (0, 2), (1, None)]
    )
    np.testing.assert_array_equal(first.importances, again.importances)
    np.testing.assert_array_equal(first.importances, threads.importances)
    np.testing.assert_array_equal(first.importances_mean, other.importances_mean)
    assert (first.importances != other.importances).any()


def test_without_bootstraps_there_are_no_intervals(two):
    model, X, y = two
    result = modality_importance(model, X, y, n_bootstraps=0)
    assert result.importances.shape == (2, 0)
    assert np.isnan(result.importances_std).all()
    assert np.isnan(result.importances_interval).all()


# -- errors --------------------------------------------------------------------------


def test_errors(two):
    model, X, y = two
    with pytest.raises(NotFittedError):
        modality_importance(small(), X, y)
    other = LogisticRegression().fit(X[["num_0"]], y)
    with pytest.raises(TypeError, match="LogisticRegression. Use method='permutation'"):
        modality_importance(other, X[["num_0"]], y)
    with pytest.raises(ValueError, match="Did you mean 'fused'"):
        modality_importance(model, X, y, head="fuse")
    with pytest.raises(ValueError, match="pass y"):
        modality_importance(model, X, None)
    with pytest.raises(ValueError, match=r"\[200, 100\]"):
        modality_importance(model, X, y[:100])
    with pytest.raises(ValueError, match="text_9"):
        modality_importance(model, X, y, groups={"title": ["text_9"]})
    with pytest.raises(ValueError, match="Did you mean 'shapley'"):
        modality_importance(model, X, y, method="shaply")
    with pytest.raises(ValueError, match="confidence_level"):
        modality_importance(model, X, y, confidence_level=1.5)
    with pytest.raises(ValueError, match="Negative values"):
        modality_importance(model, X, y, sample_weight=-np.ones(len(y)))
    numbers = MultimodalRegressor(heads=["linear"]).fit(X, y)
    with pytest.raises(ValueError, match="is for classifiers"):
        modality_importance(numbers, X, y, per_class=True)
