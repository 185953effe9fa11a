"""What MultimodalClassifier's docstring promises."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, PredefinedSplit, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier
from skmm._data.containers import Csr
from skmm.datasets import make_multimodal_classification
from skmm.encoders import TabularEncoder, TextEncoder
from skmm.fusion import FUSIONS, Fusion

CHANCE = 0.62  # two classes of 100 rows: above it by luck once in a hundred times


def small(**options):
    """A classifier that learns these data in half a second."""
    options = {"width": 16, "max_epochs": 8, "learning_rate": 1e-2} | options
    options = {"heads": ["fused", "wide", "linear"]} | options
    return MultimodalClassifier(**{"random_state": 0} | options)


# --------------------------------------------------------------------------- targets


# The other heads of the mixture learn the same beside every fusion: one shows it.
@pytest.mark.parametrize(
    "fusion, heads", [("concat", "auto"), *((name, ["fused"]) for name in FUSIONS)]
)
def test_binary(large_classification, fusion, heads):
    X, y = large_classification
    model = small(fusion=fusion, heads=heads).fit(X[:300], y[:300])
    probabilities = model.predict_proba(X[300:])
    assert model.classes_.tolist() == [0, 1]
    assert probabilities.shape == (200, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X[300:]), probabilities.argmax(axis=1))
    assert model.score(X[300:], y[300:]) > CHANCE


@pytest.mark.parametrize("fusion", ["concat", "gated", "mean"])
def test_an_interaction_of_modalities_is_learned(fusion):
    X, y = make_multimodal_classification(600, signal="interaction", random_state=0)
    # Nothing is better than chance for some epochs: patience.
    model = small(fusion=fusion, width=32, max_epochs=40, n_iter_no_change=15)
    assert model.fit(X[:450], y[:450]).score(X[450:], y[450:]) > 0.9


def test_late_fusion_adds_up_and_learns_no_interaction():
    X, y = make_multimodal_classification(600, signal="interaction", random_state=0)
    model = small(
        fusion="late",
        heads=["fused", "wide"],
        width=32,
        max_epochs=20,
        n_iter_no_change=15,
    )
    assert model.fit(X[:450], y[:450]).score(X[450:], y[450:]) < 0.7


def test_multiclass(multiclass):
    X, y = multiclass
    model = small().fit(X[:140], y[:140])
    probabilities = model.predict_proba(X[140:])
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X[140:]), probabilities.argmax(axis=1))
    assert model.score(X[140:], y[140:]) > 0.7


@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_string_labels(multiclass, dtype):
    X, y = multiclass
    names = np.array(["pear", "apple", "fig"], dtype=object)
    labels = pd.Series(names[y], index=X.index, dtype=dtype)
    options = {"max_epochs": 5, "heads": ["fused", "linear"]}
    model = small(**options).fit(X, labels)
    assert model.classes_.tolist() == ["apple", "fig", "pear"]
    assert set(model.predict(X)) <= set(names)
    assert model.score(X, labels) > 0.5
    # The same model as of numbers in the same order.
    codes = np.array([2, 0, 1])[y]
    np.testing.assert_array_equal(
        model.predict_proba(X), small(**options).fit(X, codes).predict_proba(X)
    )


def test_boolean_labels(classification):
    X, y = classification
    model = small(max_epochs=2).fit(X, y == 1)
    assert model.classes_.dtype == bool
    assert model.predict(X).dtype == bool


def test_multilabel(classification):
    X, y = classification
    Y = np.column_stack([y, 1 - y, X["text_0"].isna()]).astype(int)
    model = small(max_epochs=15).fit(X[:140], Y[:140])
    predicted, probabilities = model.predict(X[140:]), model.predict_proba(X[140:])
    assert predicted.shape == probabilities.shape == (60, 3)
    assert set(np.unique(predicted)) <= {0, 1}
    np.testing.assert_array_equal(predicted, probabilities > 0.5)
    assert (predicted == Y[140:]).mean(axis=0).min() > CHANCE


def test_several_multiclass_outputs(multiclass):
    X, y = multiclass
    names = np.array(["a", "b", "c"], dtype=object)
    Y = np.column_stack([names[y], np.where(y == 0, "zero", "more")]).astype(object)
    model = small().fit(X[:140], Y[:140])
    assert [c.tolist() for c in model.classes_] == [["a", "b", "c"], ["more", "zero"]]
    probabilities = model.predict_proba(X[140:])
    assert [p.shape for p in probabilities] == [(60, 3), (60, 2)]
    for j, some in enumerate(probabilities):
        np.testing.assert_allclose(some.sum(axis=1), 1)
        expected = model.classes_[j][some.argmax(axis=1)]
        np.testing.assert_array_equal(model.predict(X[140:])[:, j], expected)
    assert (model.predict(X[140:]) == Y[140:]).mean(axis=0).min() > 0.7
    logs = model.predict_log_proba(X[140:])
    np.testing.assert_allclose(np.exp(logs[0]), probabilities[0])


def test_log_probabilities_are_finite(classification):
    X, y = classification
    model = small().fit(X, y)
    logs = model.predict_log_proba(X)
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.exp(logs), model.predict_proba(X))


# --------------------------------------------------------------------------- weights


def rare_class(classification):
    X, y = classification
    kept = np.sort(np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]])
    return X.iloc[kept], y[kept]


@pytest.mark.parametrize("class_weight", ["balanced", {1: 5.0}])
def test_class_weight_favours_the_rare_class(classification, class_weight):
    X, y = rare_class(classification)
    plain = small().fit(X, y)
    weighted = small(class_weight=class_weight).fit(X, y)
    assert weighted.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


def test_class_weight_is_a_sample_weight(classification):
    X, y = classification
    splitter = StratifiedKFold(5)
    weighted = small(class_weight={0: 1.0, 1: 3.0}, validation=splitter).fit(X, y)
    weight = np.where(y == 1, 3.0, 1.0)
    expected = small(validation=splitter).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(weighted.predict_proba(X), expected.predict_proba(X))


def test_class_weight_of_each_output(classification):
    X, y = classification
    Y = np.column_stack([y, 1 - y])
    weights = [{0: 1.0, 1: 20.0}, {0: 20.0, 1: 1.0}]  # both say: class 1 of the first
    model = small(class_weight=weights).fit(X, Y)
    plain = small().fit(X, Y)
    assert model.predict(X)[:, 0].mean() > plain.predict(X)[:, 0].mean()


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_weight_zero_is_a_row_left_out(classification, class_weight):
    X, y = classification
    # Most of what is left out is of one class, and all of it has a wrong label.
    out = (y == 1) & (np.arange(len(y)) % 3 > 0)
    weight = np.where(out, 0.0, np.linspace(0.5, 2, len(y)))
    model = small(class_weight=class_weight)
    weighted = model.fit(X, np.where(out, 0, y), sample_weight=weight)
    kept = ~out
    without = small(class_weight=class_weight)
    without.fit(X[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


def test_weight_zero_leaves_a_class_out(multiclass):
    X, y = multiclass
    model = small(max_epochs=2).fit(X, y, sample_weight=(y != 1).astype(float))
    assert model.classes_.tolist() == [0, 2]


def test_scale_of_weights_does_not_matter(classification, lonely_row):
    X, y = classification
    expected = small(max_epochs=3).fit(X, y)
    found = small(max_epochs=3).fit(X, y, sample_weight=np.full(200, 2.0**-8))
    rows = pd.concat([X, lonely_row])
    np.testing.assert_allclose(
        found.predict_proba(rows), expected.predict_proba(rows), atol=1e-6
    )


def test_sample_weight_in_score(classification):
    X, y = classification
    model = small().fit(X, y)
    right = model.predict(X) == y
    assert model.score(X, y, sample_weight=right.astype(float)) == 1
    assert model.score(X, y, sample_weight=1.0 - right) == 0


def test_all_weights_zero_raises(classification):
    X, y = classification
    with pytest.raises(ValueError, match="(?i)weights.*zero"):
        small().fit(X, y, sample_weight=np.zeros(200))


# ------------------------------------------------------------ partial_fit, warm_start


def test_partial_fit_is_an_epoch_a_call_and_keeps_learning(classification):
    X, y = classification
    model = small()
    losses = []
    for epoch in range(1, 9):
        model.partial_fit(X, y)
        losses.append(log_loss(y, model.predict_proba(X)))
        assert model.n_iter_ == len(model.history_) == epoch
    assert losses[-1] < losses[3] < losses[0]
    train_losses = model.history_[:, "train_loss"]
    assert train_losses[-1] < train_losses[0]


# Each class has categories of its own here, which come as late as it does.
@pytest.mark.filterwarnings("ignore:Column 'cat_")
def test_partial_fit_with_classes_that_come_later(multiclass):
    X, y = multiclass
    early = y < 2
    model = small().partial_fit(X[early], y[early], classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(X).shape == (200, 3)
    for _ in range(15):
        model.partial_fit(X, y)
    assert (model.predict(X[y == 2]) == 2).mean() > 0.5


def test_partial_fit_of_an_unknown_class_raises_and_keeps_the_model(multiclass):
    X, y = multiclass
    early = y < 2
    model = small().partial_fit(X[early], y[early])
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="classes="):
        model.partial_fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.n_iter_ == 1


def test_partial_fit_of_one_class_with_all_classes_named(classification):
    X, y = classification
    model = small().partial_fit(X[y == 0], y[y == 0], classes=[0, 1])
    assert model.predict_proba(X).shape == (200, 2)


def test_partial_fit_keeps_the_encoders(classification):
    X, y = classification
    model = small().partial_fit(X[:100], y[:100])
    encoders = [encoder for _, encoder, _ in model.modalities_]
    n_features = encoders[1].n_features_
    model.partial_fit(X[100:], y[100:])
    assert [encoder for _, encoder, _ in model.modalities_] == encoders
    assert encoders[1].n_features_ == n_features


def test_partial_fit_after_fit_goes_on(classification):
    X, y = classification
    model = small(max_epochs=3, early_stopping=False).fit(X, y)
    model.partial_fit(X, y)
    assert model.n_iter_ == 4


def test_warm_start_goes_on(classification):
    X, y = classification
    model = small(warm_start=True, max_epochs=2, early_stopping=False).fit(X, y)
    for _ in range(3):
        model.fit(X, y)
    losses = model.history_[:, "train_loss"]
    assert model.n_iter_ == len(losses) == 8
    assert losses[2] < losses[0] and losses[-1] < losses[1]
    assert model.set_params(warm_start=False).fit(X, y).n_iter_ == 2


def test_fit_anew_forgets(classification):
    X, y = classification
    model = small(max_epochs=3).fit(X[:100].drop(columns="text_0"), 1 - y[:100])
    again = model.fit(X, y)
    assert list(again.feature_names_in_) == list(X.columns)
    expected = small(max_epochs=3).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), expected.predict_proba(X))


# ------------------------------------------------------------------------ validation


class CountingText(TextEncoder):
    """Writes down how many rows it was given."""

    fitted, transformed = [], []

    def fit_transform(self, X, y=None, sample_weight=None):
        self.fitted.append(X.index.tolist())
        return super().fit_transform(X, y, sample_weight)

    def transform(self, X):
        self.transformed.append(X.index.tolist())
        return super().transform(X)


@pytest.fixture
def counting():
    """Modalities of the test data whose text encoder counts its calls."""
    CountingText.fitted, CountingText.transformed = [], []
    return [
        ("facts", "tabular", ["num_0", "num_1", "num_2", "num_3", "cat_0", "cat_1"]),
        ("words", CountingText(), "text_0"),
    ]


def test_validation_fraction_is_shuffled_and_stratified(classification, counting):
    X, y = classification
    small(validation=0.25, modalities=counting, max_epochs=1).fit(X, y)
    (train,), (valid,) = CountingText.fitted, CountingText.transformed
    assert len(valid) == 50
    assert sorted(train + valid) == list(range(200))
    assert valid != list(range(50)) and valid != list(range(150, 200))
    assert abs(y[valid].mean() - y.mean()) < 0.02


def test_validation_by_a_splitter(classification, counting):
    X, y = classification
    fold = np.where(np.arange(200) < 30, 0, -1)
    model = small(validation=PredefinedSplit(fold), modalities=counting, max_epochs=2)
    model.fit(X, y)
    assert CountingText.transformed == [list(range(30))]
    assert CountingText.fitted == [list(range(30, 200))]
    assert "valid_loss" in model.history_[0]


def test_validation_by_data_of_its_own(classification, counting, as_library):
    X, y = classification
    valid = (as_library(X[150:]), y[150:])
    model = small(validation=valid, modalities=counting, max_epochs=2)
    model.fit(as_library(X[:150]), y[:150])
    assert [len(rows) for rows in CountingText.fitted] == [150]
    assert [len(rows) for rows in CountingText.transformed] == [50]
    assert "valid_loss" in model.history_[0]


def test_no_validation_trains_all_epochs_on_all_rows(classification, counting):
    X, y = classification
    model = small(heads="auto", validation=None, modalities=counting).fit(X, y)
    assert [len(rows) for rows in CountingText.fitted] == [200]
    assert CountingText.transformed == []
    assert model.n_iter_ == 8
    assert "valid_loss" not in model.history_[0]
    assert model.head_weights_ == dict.fromkeys(
        ["fused", "wide", "linear", "boosting"], 0.25
    )


@pytest.mark.parametrize("validation", [0.3, GroupKFold(3)])
def test_groups_are_kept_together(classification, counting, validation):
    X, y = classification
    groups = np.arange(200) // 7
    model = small(validation=validation, modalities=counting, max_epochs=1)
    model.fit(X, y, groups=groups)
    (train,), (valid,) = CountingText.fitted, CountingText.transformed
    assert not set(groups[train]) & set(groups[valid])
    assert len(valid) > 30


def test_groups_of_rows_of_weight_zero_are_left_out(classification, counting):
    X, y = classification
    groups = np.arange(200) // 7
    weight = (np.arange(200) % 5 > 0).astype(float)
    model = small(validation=0.3, modalities=counting, max_epochs=1)
    model.fit(X, y, sample_weight=weight, groups=groups)
    (train,), (valid,) = CountingText.fitted, CountingText.transformed
    assert sorted(train + valid) == np.flatnonzero(weight).tolist()
    assert not set(groups[train]) & set(groups[valid])


def test_blocks_are_made_once(classification, counting):
    X, y = classification
    model = small(modalities=counting, max_epochs=5, early_stopping=False).fit(X, y)
    assert model.n_iter_ == 5
    assert len(CountingText.fitted) == len(CountingText.transformed) == 1
    model.predict_proba(X)
    assert len(CountingText.transformed) == 2


def test_few_rows_and_rare_classes_need_no_care(multiclass):
    X, y = multiclass
    for n_rows in (6, 12, 25):
        labels = y[:n_rows].copy()
        labels[0] = 7  # a class of one row
        model = small(max_epochs=2).fit(X[:n_rows], labels)
        assert 7 in model.classes_
        assert model.predict_proba(X).shape == (200, len(model.classes_))


def test_best_epoch_is_restored(classification):
    X, y = classification
    model = small(
        heads=["fused"], validation=(X[140:], y[140:]), learning_rate=0.1, max_epochs=30
    ).fit(X[:140], y[:140])
    losses = model.history_[:, "valid_loss"]
    best = min(losses)
    assert losses[-1] > best  # it went on after its best epoch, and came back
    assert len(losses) < 30
    # The mixture of one head has no temperature: the loss is that of the best epoch.
    assert log_loss(y[140:], model.predict_proba(X[140:])) == pytest.approx(
        best, rel=1e-4
    )


def test_without_early_stopping_the_last_epoch_stays(classification):
    X, y = classification
    model = small(
        heads=["fused"],
        validation=(X[140:], y[140:]),
        learning_rate=0.1,
        early_stopping=False,
    ).fit(X[:140], y[:140])
    losses = model.history_[:, "valid_loss"]
    assert len(losses) == 8
    assert log_loss(y[140:], model.predict_proba(X[140:])) == pytest.approx(
        losses[-1], rel=1e-4
    )


# ------------------------------------------------------------------------ randomness


@pytest.mark.parametrize("fusion", list(FUSIONS))
def test_seeds(classification, fusion):
    X, y = (part[:60] for part in classification)
    first, second, other = (
        small(fusion=fusion, random_state=seed, max_epochs=1).fit(X, y)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert np.abs(first.predict_proba(X) - other.predict_proba(X)).max() > 1e-6


def test_random_state_object_goes_on(classification):
    X, y = classification
    model = small(random_state=np.random.RandomState(0), max_epochs=2)
    first = model.fit(X, y).predict_proba(X)
    assert np.abs(model.fit(X, y).predict_proba(X) - first).max() > 1e-6


def test_global_random_states_are_left_alone(classification):
    X, y = classification
    torch_state = torch.get_rng_state()
    get_state = np.random.get_state
    numpy_state = get_state(legacy=False)
    model = small(max_epochs=2).fit(X, y)
    model.predict_proba(X)
    model.partial_fit(X, y)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_equal(get_state(legacy=False), numpy_state)


def test_global_random_states_do_not_matter(classification):
    X, y = classification
    expected = small(max_epochs=2).fit(X, y).predict_proba(X)
    with torch.random.fork_rng():
        torch.manual_seed(12345)
        found = small(max_epochs=2).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)


# ------------------------------------------------------------------------- callbacks


def test_skorch_early_stopping(classification):
    from skorch.callbacks import EarlyStopping

    X, y = classification
    stop = EarlyStopping(patience=1, threshold=10, threshold_mode="abs", sink=None)
    model = small(callbacks=[stop], early_stopping=False).fit(X, y)
    assert model.n_iter_ == 2  # nothing is better by 10


def test_skorch_callback_reads_and_writes_the_history(classification):
    from skorch.callbacks import Callback

    class Doubled(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("doubled", 2 * net.history[-1, "train_loss"])

    X, y = classification
    model = small(callbacks=[("doubled", Doubled())], max_epochs=3).fit(X, y)
    for row in model.history_:
        assert row["doubled"] == 2 * row["train_loss"]


def test_skorch_learning_rate_scheduler(classification):
    from skorch.callbacks import LRScheduler

    X, y = classification
    scheduler = LRScheduler("StepLR", step_size=1, gamma=1e-6)
    model = small(callbacks=[scheduler], validation=None, max_epochs=3).fit(X, y)
    losses = model.history_[:, "fused_train_loss"]
    plain = small(validation=None, max_epochs=3).fit(X, y)
    plain_losses = plain.history_[:, "fused_train_loss"]
    assert losses[0] == plain_losses[0]
    assert losses[2] > plain_losses[2]  # hardly learns any more


def test_progress_bar(classification, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    X, y = classification
    model = small(max_epochs=3).set_callbacks(ProgressBar()).fit(X, y)
    shown = capsys.readouterr().out
    assert "MultimodalClassifier - fit" in shown and "100%" in shown
    assert model.n_iter_ == 3


def test_scoring_monitor_does_not_featurize_again(classification, counting):
    from sklearn.callback import ScoringMonitor

    X, y = classification
    # Two scores that call two methods, predict and predict_proba.
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = small(modalities=counting, max_epochs=4, early_stopping=False)
    model.set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    epochs = log[log["task_name"] == "epoch"]
    assert len(epochs) == 4
    assert epochs["neg_log_loss"].iloc[-1] > epochs["neg_log_loss"].iloc[0]
    assert epochs["accuracy"].iloc[-1] > CHANCE
    # What the fit itself needs: training rows once, validation rows once.
    assert [len(rows) for rows in CountingText.fitted] == [160]
    assert [len(rows) for rows in CountingText.transformed] == [40]


@pytest.mark.parametrize("heads", ["auto", ["fused"]])
def test_scoring_monitor_scores_the_training_rows_of_each_epoch(classification, heads):
    from sklearn.callback import ScoringMonitor

    X, y = classification
    monitor = ScoringMonitor(scoring="neg_log_loss")
    # So fast that the last epoch is not the best one, and stays nevertheless.
    options = {"learning_rate": 0.05, "early_stopping": False}
    model = small(validation=(X[140:], y[140:]), heads=heads, **options)
    model.set_callbacks(monitor)
    model.fit(X[:140], y[:140])
    log = monitor.get_logs().data_as_pandas
    scores = log.loc[log["task_name"] == "epoch", "neg_log_loss"].tolist()
    losses = model.history_[:, "valid_loss"]
    assert losses[-1] > min(losses)
    # The model of the last epoch's score is the model of the fit.
    expected = -log_loss(y[:140], model.predict_proba(X[:140]))
    assert scores[-1] == pytest.approx(expected, rel=1e-4)


def test_scoring_monitor_changes_nothing(classification):
    from sklearn.callback import ScoringMonitor

    X, y = classification
    expected = small().fit(X, y)
    monitored = small().set_callbacks(ScoringMonitor(scoring="accuracy")).fit(X, y)
    np.testing.assert_array_equal(monitored.predict_proba(X), expected.predict_proba(X))
    assert monitored.n_iter_ == expected.n_iter_


class StopAfter:
    """A scikit-learn callback that stops the fit after some epochs."""

    def __init__(self, n_epochs):
        self.n_epochs = n_epochs
        self.seen = []

    def setup(self, estimator, context):
        self.seen.append("setup")

    def teardown(self, estimator, context):
        self.seen.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.seen.append(context.task_name)
        return self.seen.count("epoch") == self.n_epochs


def test_a_hook_that_returns_true_stops_the_fit(classification):
    X, y = classification
    callback = StopAfter(2)
    model = small().set_callbacks(callback).fit(X, y)
    assert model.n_iter_ == 2
    assert callback.seen == ["setup", "epoch", "epoch", "fit", "teardown"]
    assert model.score(X, y) > CHANCE


def test_an_error_leaves_the_model_as_it_was(classification):
    from skorch.callbacks import Callback

    class Break(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("broken")

    X, y = classification
    model = small(max_epochs=2).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(RuntimeError, match="broken"):
        model.set_params(callbacks=[Break()]).fit(X[:50], 1 - y[:50])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    unfitted = small(callbacks=[Break()])
    with pytest.raises(RuntimeError, match="broken"):
        unfitted.fit(X, y)
    assert not hasattr(unfitted, "classes_") and not hasattr(unfitted, "n_features_in_")


# ------------------------------------------------------------------------ prediction


def test_a_row_with_nothing_gets_the_training_shares(classification, lonely_row):
    X, y = rare_class(classification)
    model = small(validation=None, max_epochs=3).fit(X, y)
    found = model.predict_proba(lonely_row)[0]
    # Shares with half a row added to each class.
    expected = (np.bincount(y) + 0.5) / (len(y) + 1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    rows = pd.concat([X[:3], lonely_row])
    np.testing.assert_allclose(model.predict_proba(rows)[3], expected, rtol=1e-6)
    assert model.predict(lonely_row).tolist() == [0]


def test_a_row_with_nothing_teaches_nothing(classification, lonely_row):
    X, y = classification
    rows = pd.concat([X, *[lonely_row] * 20], ignore_index=True)
    options = {"validation": (X, y), "max_epochs": 3}
    model = small(**options).fit(rows, np.r_[y, np.ones(20, int)])
    assert model.predict_proba(lonely_row)[0, 1] > y.mean()
    assert model.score(X, y) > CHANCE


@pytest.mark.parametrize("fusion", list(FUSIONS))
def test_one_row_at_a_time_predicts_the_same(classification, fusion):
    X, y = (part[:60] for part in classification)
    model = small(fusion=fusion, max_epochs=1).fit(X, y)
    rows = np.r_[0:5, np.flatnonzero(X["text_0"].isna())[:2]]
    for method in (model.predict_proba, model.transform):
        alone = np.concatenate([method(X[i : i + 1]) for i in rows])
        np.testing.assert_allclose(alone, method(X)[rows], rtol=0, atol=1e-7)


def test_order_of_the_rows_does_not_matter_at_predict(classification):
    X, y = classification
    model = small(max_epochs=2).fit(X, y)
    order = np.random.default_rng(0).permutation(200)
    np.testing.assert_allclose(
        model.predict_proba(X.iloc[order]), model.predict_proba(X)[order], atol=1e-7
    )


def test_polars_is_as_good_as_pandas(classification, as_library):
    X, y = classification
    expected = small(max_epochs=3).fit(X, y)
    found = small(max_epochs=3).fit(as_library(X), y)
    assert list(found.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(
        found.predict_proba(as_library(X)), expected.predict_proba(X)
    )
    # A model of one library reads the other.
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


# ------------------------------------------------------------- modalities and fusions


class Product(Fusion):
    """Product of all vectors, an absent one counting as ones."""

    def build_module(self, spec):
        assert spec.names == ["tabular", "text"]
        return ProductModule(spec)


class ProductModule(torch.nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.out_features = spec.width

    def forward(self, vectors, present, tokens=None, token_mask=None):
        return torch.where(present[..., None], vectors, 1).prod(dim=1)


@pytest.mark.parametrize("fusion", [Product, Product(), ProductModule])
def test_a_fusion_of_the_users_own(classification, fusion):
    X, y = classification
    model = small(fusion=fusion, heads=["fused"], max_epochs=25, validation=None)
    model.fit(X, y)
    assert model.transform(X).shape == (200, 16)
    assert model.score(X, y) > 0.75  # by the fused head, of this fusion, alone


class NoSize(torch.nn.Module):
    def __init__(self, spec):
        super().__init__()


class WrongSize(ProductModule):
    def __init__(self, spec):
        super().__init__(spec)
        self.out_features = 3


@pytest.mark.parametrize(
    "fusion, error", [(NoSize, TypeError), (WrongSize, ValueError)]
)
def test_a_fusion_without_its_size_says_so(classification, fusion, error):
    X, y = classification
    with pytest.raises(error, match="out_features"):
        small(fusion=fusion).fit(X, y)


def test_a_transformer_in_an_encoders_place_stays_sparse(classification):
    X, y = classification
    model = small(
        modalities=[
            ("tfidf", TfidfVectorizer(), "text_0"),
            ("facts", "tabular", X.columns[:6].tolist()),
        ]
    ).fit(X[:140], y[:140])
    name, encoder, columns = model.modalities_[0]
    assert (name, columns) == ("tfidf", ["text_0"])
    assert "market" in encoder.transformer_.vocabulary_
    part = encoder.transform(X[["text_0"]])[0]
    assert isinstance(part, Csr)
    assert part.n_columns == len(encoder.transformer_.vocabulary_)
    assert model.score(X[140:], y[140:]) > CHANCE


def test_a_dense_transformer_in_an_encoders_place():
    X, y = make_multimodal_classification(200, signal="tabular", random_state=0)
    scaler = StandardScaler()
    numbers = [c for c in X if c.startswith("num")]
    model = small(modalities=[("numbers", scaler, numbers)]).fit(X[:140], y[:140])
    assert model.score(X[140:], y[140:]) > 0.8
    assert not hasattr(scaler, "mean_")  # the user's object is cloned


def test_drop(classification):
    X, y = classification
    model = small(
        modalities=[
            ("facts", "tabular", ["num_0", "cat_0"]),
            ("text", "drop", "text_0"),
        ]
    ).fit(X, y)
    assert [name for name, _, _ in model.modalities_] == ["facts"]
    other = X.assign(text_0="something else")
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(other))


def test_modalities_are_kept_with_their_fitted_encoders(classification):
    X, y = classification
    model = small(
        modalities=[
            ("words", TextEncoder(min_frequency=3), "text_0"),
            ("facts", TabularEncoder(), ["cat_1", "num_3"]),
        ],
        max_epochs=1,
    ).fit(X, y)
    (first, second) = model.modalities_
    assert (first[0], first[2]) == ("words", ["text_0"])
    assert (second[0], second[2]) == ("facts", ["cat_1", "num_3"])
    assert first[1].min_frequency == 3 and first[1].n_features_ > 0
    assert len(second[1].readers_) == 2


def test_more_processes_prepare_the_same(classification):
    import joblib

    X, y = classification
    expected = small(max_epochs=2).fit(X, y)
    with joblib.parallel_config(backend="threading"):
        found = small(max_epochs=2, n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(found.predict_proba(X), expected.predict_proba(X))


# ------------------------------------------------------------------------ attributes


def test_head_weights(classification):
    X, y = classification
    model = small(heads="auto").fit(X, y)
    assert list(model.head_weights_) == ["fused", "wide", "linear", "boosting"]
    assert sum(model.head_weights_.values()) == pytest.approx(1)
    assert min(model.head_weights_.values()) >= 0
    assert small(heads=["fused"], max_epochs=1).fit(X, y).head_weights_ == {
        "fused": 1.0
    }


def test_head_weights_of_several_outputs(classification):
    X, y = classification
    model = small(max_epochs=3).fit(X, np.column_stack([y, 1 - y, y]))
    np.testing.assert_allclose(sum(model.head_weights_.values()), np.ones(3))


def test_learned_attributes(classification):
    X, y = classification
    model = small(max_epochs=3, early_stopping=False).fit(X, y)
    assert model.n_iter_ == len(model.history_) == 3
    assert {"train_loss", "valid_loss", "fused_valid_loss", "wide_valid_loss"} <= set(
        model.history_[0]
    )
    assert isinstance(model.n_parameters_, int)
    wider = small(max_epochs=1, width=32).fit(X, y)
    assert 0 < model.n_parameters_ < wider.n_parameters_
    assert model.n_features_in_ == 7
    assert list(model.feature_names_in_) == list(X.columns)
    assert model.transform(X).dtype == np.float64


def test_verbose_prints_a_line_an_epoch(classification, capsys):
    X, y = classification
    small(max_epochs=2).fit(X, y)
    assert capsys.readouterr().out == ""
    small(max_epochs=2, verbose=1).fit(X, y)
    shown = capsys.readouterr().out
    *table, end = shown.strip().splitlines()
    assert len(table) == 4 and "train_loss" in table[0]
    assert end.startswith("Shares and best epochs: fused ")
