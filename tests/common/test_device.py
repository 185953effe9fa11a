"""What every part promises for a GPU, shown without one.

A training step does not wait for the device, and makes its tensors there: see
``simulated_device``. The encoders' part of it is in ``test_encoders.py``.
"""

import numpy as np
import pandas as pd
import pytest
import torch
from simulated_device import waits_of_training

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.heads import HEADS, NetHead
from skmm.alignment import ALIGNMENTS
from skmm.augmentation import MIXUPS
from skmm.encoders import ModuleEncoder, TabularEncoder
from skmm.fusion import FUSIONS

#: Why a step with some alignments waits for the device.
WAITS = {"cca": "the solvers behind singular values tell the CPU if they converged"}
#: The heads that learn by steps.
NET_HEADS = [
    name
    for name, make in HEADS.items()
    if isinstance(make, type) and issubclass(make, NetHead)
]


def make_rows(n=40):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abcdef"))
    X.iloc[[3, 5], :2] = np.nan
    X["words"] = [" ".join(rng.choice(["one", "two", "three"], 4)) for _ in range(n)]
    return X, np.arange(n) % 3


def waits_of(cls=MultimodalClassifier, first=None, **options):
    X, y = make_rows()
    model = cls(
        [
            ("first", first or TabularEncoder(hidden=8), ["a", "b"]),
            ("second", TabularEncoder(hidden=8), ["c", "d"]),
            ("vector", "vector", ["e", "f"]),
            ("text", "text", "words"),
        ],
        **{
            "heads": ["fused"],
            "width": 8,
            "max_epochs": 1,
            "batch_size": 8,
            "validation": 0.25,
            "random_state": 0,
            **options,
        },
    )
    return waits_of_training(model, X, y)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_no_fusion_waits(fusion):
    assert waits_of(fusion=fusion, modality_dropout=0.3) == []


@pytest.mark.parametrize(
    "alignment",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=WAITS[name]))
        if name in WAITS
        else name
        for name in ALIGNMENTS
    ],
)
def test_no_alignment_waits(alignment):
    assert waits_of(alignment=alignment) == []


@pytest.mark.parametrize("mixup", MIXUPS)
def test_no_mixup_waits(mixup):
    assert waits_of(mixup=mixup) == []


@pytest.mark.parametrize("head", NET_HEADS)
def test_no_head_waits(head):
    assert waits_of(heads=[head]) == []


@pytest.mark.parametrize(
    "options",
    [
        {"precision": "bfloat16"},
        {"learning_rate_schedule": "cosine", "early_stopping": False},
        {"class_weight": "balanced"},
        {"cls": MultimodalRegressor},
        {"cls": MultimodalRegressor, "loss": "quantile", "quantile": [0.1, 0.9]},
        {"cls": MultimodalRegressor, "loss": "huber"},
        {"loss": "ordinal"},
        {"balance": "pareto"},
        {"adversarial": "pgd"},
        {"adversarial": "trades"},
        {"label_smoothing": 0.1},
    ],
    ids=[
        "bfloat16",
        "schedule",
        "class weight",
        "numbers",
        "quantiles",
        "huber",
        "ordinal",
        "pareto",
        "pgd",
        "trades",
        "label smoothing",
    ],
)
def test_no_training_waits(options):
    assert waits_of(**options) == []


# -- and what waits is found -----------------------------------------------------------


def network(change):
    class Net(torch.nn.Linear):
        def forward(self, x):
            return change(super().forward(x))

    return ModuleEncoder(Net, {"in_features": 2, "out_features": 8})


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x / x.mean().item(),
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x + len(x[x[:, 0] > 0]),
        lambda x: x + len((x > 0).nonzero()),
        lambda x: x.index_put((x < 0,), x.new_zeros(())),
        lambda x: x[:, list(range(8))],
        lambda x: x + torch.tensor([1.0] * 8, device=x.device),
        lambda x: x + torch.ones(8).to(x.device),
        lambda x: x + x.cpu().to(x.device),
        lambda x: x * len(x.detach().unique()),
    ],
    ids=[
        "item",
        "condition",
        "mask",
        "nonzero",
        "assignment",
        "list of places",
        "list of numbers",
        "copy there",
        "copy back",
        "unique",
    ],
)
def test_a_wait_is_found(change):
    waits = waits_of(first=network(change))
    assert waits and all(wait.startswith("wait: ") for wait in waits)


def test_a_tensor_on_the_wrong_device_is_found():
    with pytest.raises(AssertionError, match="on the device and on the CPU"):
        waits_of(first=network(lambda x: x + torch.ones(8)))
