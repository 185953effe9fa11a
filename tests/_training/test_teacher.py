"""A student learns from a teacher's predictions; smoothed labels."""

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Perceptron

import skmm
from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.lesson import Lesson
from skmm._training.rows import Rows
from skmm._training.targets import ClassificationTargets
from skmm._training.teacher import ask_teacher
from skmm.datasets import make_multimodal_classification

FAST = {"max_epochs": 3, "width": 8, "random_state": 0}


class Says(ClassifierMixin, BaseEstimator):
    """A fitted classifier of known probabilities."""

    def __init__(self, probabilities, classes):
        self.probabilities, self.classes_ = np.array(probabilities), np.array(classes)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.classes_[self.probabilities.argmax(1)]

    def predict_proba(self, X):
        return self.probabilities


def test_a_student_of_few_labels_learns_from_one_that_saw_more():
    """The teacher reads both modalities, the student one of them."""
    X, y = make_multimodal_classification(n_samples=900, random_state=0)
    texts = (
        [("text", "text", ["review"])] if "review" in X else [("text", "text", [-1])]
    )
    teacher = MultimodalClassifier(max_epochs=10, random_state=0)
    teacher.fit(X[:500], y[:500])
    rng = np.random.default_rng(0)
    noisy = np.where(rng.random(200) < 0.35, 1 - y[500:700], y[500:700])
    student = MultimodalClassifier(
        texts, heads=["fused"], max_epochs=20, early_stopping=False, random_state=0
    )
    alone = clone(student).fit(X[500:700], noisy).score(X[700:], y[700:])
    student.set_params(teacher=FrozenEstimator(teacher), distillation_weight=1.0)
    taught = clone(student).fit(X[500:700], noisy)
    assert taught.score(X[700:], y[700:]) > alone + 0.05
    # What only the teacher reads may be missing later.
    unread = [column for column in X if column not in taught.modalities_[0][2]]
    later = X[700:].assign(**dict.fromkeys(unread))
    np.testing.assert_array_equal(
        taught.predict_proba(later), taught.predict_proba(X[700:])
    )


def test_losses_are_those_of_the_formula():
    targets = ClassificationTargets(np.array(["a", "b", "c"]))
    teacher = Says([[0.7, 0.1, 0.2]] * 2, ["c", "a", "b"])
    said = ask_teacher(teacher, np.zeros((2, 1)), targets, temperature=1.0)
    np.testing.assert_allclose(said, [[0.1, 0.2, 0.7]] * 2, rtol=1e-6)
    options = {"teacher": teacher, "distillation_weight": 0.25, "temperature": 2.0}
    lesson = Lesson(targets, options)
    rows = Rows({}, torch.tensor([[0], [2]]), torch.ones(2), np.zeros((2, 1)))
    codes = lesson.prepare(rows).codes
    logits = torch.tensor([[1.0, 0.0, -1.0], [0.0, 2.0, 0.5]])
    warm = torch.tensor([[0.1, 0.2, 0.7]]).sqrt()
    soft = -(warm / warm.sum() * (logits / 2).log_softmax(1)).sum(1)
    hard = targets.row_loss(logits, rows.codes)
    torch.testing.assert_close(
        lesson.row_loss(logits, codes), 0.75 * hard + 0.25 * 4 * soft
    )
    plain = {"teacher": None, "distillation_weight": 0.5, "label_smoothing": 0.3}
    smooth = Lesson(targets, plain).row_loss(logits, rows.codes)
    even = -logits.log_softmax(1).mean(1)
    torch.testing.assert_close(smooth, 0.7 * hard + 0.3 * even)


@pytest.mark.parametrize("kind", ["binary", "ordinal", "multilabel", "multioutput"])
def test_every_kind_of_classes(classification, kind, tmp_path):
    X, y = classification
    options = {"loss": "ordinal"} if kind == "ordinal" else {}
    if kind == "multilabel":
        y = np.column_stack([y, 1 - y])
    elif kind != "binary":
        y = y + (np.arange(len(y)) % 2)
        y = np.column_stack([y, y % 2]) if kind == "multioutput" else y
    teacher = MultimodalClassifier(**FAST, **options, heads=["wide"]).fit(X, y)
    model = MultimodalClassifier(
        **FAST,
        **options,
        heads=["fused", "wide"],
        teacher=FrozenEstimator(teacher),
        label_smoothing=0.1,
        mixup="manifold",
    )
    fitted = clone(model).fit(X, y)
    alone = clone(model).set_params(teacher=None).fit(X, y)
    found = [np.hstack(one.predict_proba(X)) for one in (fitted, alone)]
    assert not np.array_equal(*found)
    skmm.save(fitted, tmp_path / "model.skmm")
    loaded = skmm.load(tmp_path / "model.skmm", trusted=["sklearn.frozen"])
    np.testing.assert_array_equal(np.hstack(loaded.predict_proba(X)), found[0])


@pytest.mark.parametrize(
    "options",
    [
        {"validation": 2},
        {"balance": "pareto"},
        {"balance": "blending"},
        {"adversarial": "trades"},
    ],
    ids=str,
)
def test_what_it_goes_together_with(multiclass, options):
    X, y = multiclass
    teacher = FrozenEstimator(DummyClassifier(strategy="prior").fit(X, y))
    model = MultimodalClassifier(**FAST, heads=["fused"], teacher=teacher, **options)
    assert np.isfinite(model.fit(X, y).predict_proba(X)).all()


def test_numbers_and_batches(regression):
    """A teacher of full weight is what is learned."""
    X, y = regression
    teacher = FrozenEstimator(DummyRegressor(strategy="constant", constant=y.max()))
    teacher.estimator.fit(X, y)
    model = MultimodalRegressor(
        **{**FAST, "max_epochs": 30},
        heads=["fused"],
        validation=None,
        teacher=teacher,
        distillation_weight=1.0,
    )
    assert abs(model.fit(X, y).predict(X).mean() - y.max()) < 0.5 * y.std()
    assert len(model.partial_fit(X, y).history_) == 31


def test_what_is_refused(classification, regression):
    X, y = classification

    def fit(teacher, y=y, **options):
        return MultimodalClassifier(**FAST, teacher=teacher, **options).fit(X, y)

    with pytest.raises(ValueError, match="teacher=DummyClassifier is not fitted"):
        fit(DummyClassifier())
    numbers = np.arange(len(y))[:, None]
    with pytest.raises(TypeError, match="teacher=Perceptron has no predict_proba"):
        fit(FrozenEstimator(Perceptron().fit(numbers, y)))
    teacher = FrozenEstimator(DummyClassifier().fit(X, y + 1))
    with pytest.raises(ValueError, match=r"knows the classes \[.*1.*2.*\], and y has"):
        fit(teacher)
    for options in ({"label_smoothing": 0.1}, {"sampler": "balanced"}):
        with pytest.raises(ValueError, match="reaches the heads 'fused' and 'wide'"):
            fit(None, heads=["linear"], **options)
    with pytest.raises(ValueError, match="'label_smoothing' parameter"):
        fit(None, label_smoothing=1.0)
    X, y = regression
    model = MultimodalRegressor(**FAST, loss="quantile", quantile=[0.1, 0.9])
    model.set_params(teacher=FrozenEstimator(DummyRegressor().fit(X, y)))
    with pytest.raises(ValueError, match="one number for each row, and loss='quantile"):
        model.fit(X, y)
