"""The contract of heads."""

import numpy as np
import pytest

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.heads import HEADS, Head, NetHead, make_heads
from skmm._training.rows import Rows
from skmm._training.targets import ClassificationTargets, RegressionTargets

FAST = {"max_epochs": 2, "width": 8, "random_state": 0}
TARGETS = {
    "binary": ClassificationTargets(np.array([0, 1, 1])),
    "multiclass": ClassificationTargets(np.array(["a", "b", "c"])),
    "multilabel": ClassificationTargets(np.array([[0, 1], [1, 1], [1, 0]])),
    "multioutput": ClassificationTargets(np.array([[0, 2], [1, 1], [2, 0]])),
    "regression": RegressionTargets(np.array([1.0, 2.0, 4.0]), np.ones(3)),
}


class Trees(Head):
    """A head that can do little."""

    name = "trees"
    target_kinds = ("binary", "regression")
    losses = ("squared_error",)
    uses_sample_weight = False


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("name", HEADS)
def test_what_a_head_declares(name, kind):
    if name in ("lightgbm", "xgboost", "catboost"):
        pytest.importorskip(name, reason=f"the head is {name}'s own")
    (head,) = make_heads([name], TARGETS[kind]).values()
    assert isinstance(head, Head) and head.name == name
    assert kind in head.target_kinds and TARGETS[kind].loss in head.losses
    for declared in (
        "uses_sample_weight",
        "learns_incrementally",
        "owns_parameters",
        "exportable",
        "can_be_private",
    ):
        assert isinstance(getattr(head, declared), bool)


def test_a_head_that_cannot_serve_the_target_says_so():
    with pytest.raises(ValueError, match="head 'trees' cannot learn a multiclass targ"):
        make_heads([Trees()], TARGETS["multiclass"])
    with pytest.raises(ValueError, match="head 'trees' cannot learn a log_loss loss"):
        make_heads([Trees()], TARGETS["binary"])
    assert list(make_heads(["wide", Trees()], TARGETS["regression"])) == [
        "wide",
        "trees",
    ]


def test_names_must_not_collide():
    with pytest.raises(ValueError, match="Two heads are named 'wide'"):
        make_heads(["wide", "fused", "wide"], TARGETS["binary"])
    with pytest.raises(
        ValueError, match="no head named 'wode'.*fused, wide, linear, boosting"
    ):
        make_heads(["wode"], TARGETS["binary"])


@pytest.mark.parametrize("outputs", ["one", "several", "numbers"])
def test_logits_of_each_head_are_what_is_mixed(classification, regression, outputs):
    X, y = regression if outputs == "numbers" else classification
    cls = MultimodalRegressor if outputs == "numbers" else MultimodalClassifier
    y = np.column_stack([y, 1 - y]) if outputs == "several" else y
    learner = (model := cls(**FAST).fit(X, y))._learner
    blocks = model._blocks(X)
    logits = {name: head.logits(Rows(blocks)) for name, head in learner.heads.items()}
    assert list(logits) == ["fused", "wide", "linear", "boosting"]
    for head, found in logits.items():
        assert found.shape == (len(X), learner.targets.n_logits), head
        assert found.dtype == np.float64, head
        some = {name: block.take(rows_of([3, 7])) for name, block in blocks.items()}
        alone = learner.heads[head].logits(Rows(some))
        np.testing.assert_allclose(alone, found[[3, 7]], rtol=1e-6, atol=1e-7)
    present = np.stack([block.present.numpy() for block in blocks.values()]).any(0)
    mixed = learner.mixture(logits)
    np.testing.assert_array_equal(learner.predict(blocks)[present], mixed[present])


def rows_of(places):
    import torch

    return torch.tensor(places)


def test_heads_share_no_parameter(classification):
    model = MultimodalClassifier(**FAST).fit(*classification)
    seen = set()
    heads = model._learner.heads.values()
    for head in [head for head in heads if isinstance(head, NetHead)]:
        assert head.owns_parameters
        mine = {id(parameter) for parameter in head.module.parameters()}
        assert not mine & seen
        seen |= mine
    assert seen == {id(p) for p in model._learner.module.parameters()}


def test_the_net_trains_its_heads_together(classification):
    model = MultimodalClassifier(**FAST).fit(*classification)
    with pytest.raises(NotImplementedError, match="'fused' is trained by the net's"):
        model._learner.heads["fused"].fit(None, None)
