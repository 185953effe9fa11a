"""ModuleEncoder: a network of the user's own in an encoder's place."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skmm import MultimodalClassifier
from skmm.encoders import ModuleEncoder
from skmm.encoders._base import Encoded


class Net(nn.Sequential):
    def __init__(self, n_features, width, hidden=8):
        super().__init__(
            nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, width)
        )


class Convolution(nn.Module):
    """Pictures (n, h, w) to tokens (n, t, 5)."""

    def __init__(self):
        super().__init__()
        self.net = nn.Conv2d(1, 5, 3, stride=2)

    def forward(self, pictures):
        return self.net(pictures[:, None]).flatten(2).transpose(1, 2)


def make_pictures(n=80):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    pictures = rng.normal(size=(n, 9, 9)) + 3 * y[:, None, None]
    return pd.DataFrame({"picture": list(pictures), "n": rng.normal(size=n)}), y


def fit(modalities, X, y, **options):
    model = MultimodalClassifier(modalities, max_epochs=20, random_state=0, **options)
    return model.fit(X, y)


@pytest.mark.parametrize(
    "module", [Net, ModuleEncoder(Net, {"hidden": 3}), lambda: nn.Linear(2, 7)]
)
def test_numbers(module):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=90), "b": rng.normal(size=90) * 100})
    y = X["b"] > 0
    if not isinstance(module, (type, ModuleEncoder)):
        module = ModuleEncoder(module)
    model = fit([("numbers", module, ["a", "b"])], X, y)
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("fusion", ["concat", "transformer"])
def test_arrays_and_tokens(fusion):
    X, y = make_pictures()
    model = fit(
        [("picture", Convolution, "picture"), ("rest", "tabular", ["n"])],
        X,
        y,
        fusion=fusion,
    )
    assert model.score(X, y) > 0.9
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_cells_of_any_kind():
    X, y = make_pictures(40)

    def to_bytes(array):
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    as_files = X.assign(picture=[to_bytes(cell) for cell in X["picture"]])
    encoder = ModuleEncoder(Convolution, read=lambda cell: np.load(io.BytesIO(cell)))
    ours = encoder.fit_transform(as_files[["picture"]])
    theirs = ModuleEncoder(Convolution).fit_transform(X[["picture"]])
    torch.testing.assert_close(ours[0], theirs[0])
    assert encoder.shape_ == (9, 9)


def test_a_module_keeps_its_weights_and_is_left_alone():
    network = nn.Linear(2, 4)
    before = network.weight.clone()
    encoder = clone(ModuleEncoder(network))
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["a", "b"])
    encoder.fit_transform(X)
    assert torch.equal(encoder.build_module(4).network.weight, before)
    model = fit([("n", encoder, ["a", "b"])], X, np.arange(30) % 2)
    assert torch.equal(network.weight, before)
    fused = model._learner.module.heads["fused"]
    assert not torch.equal(fused.encoders[0].network.weight, before)


def test_missing_rows_do_not_reach_the_network():
    seen = []

    class Watching(nn.Linear):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    X = pd.DataFrame({"a": [1.0, None, 3.0, None], "b": [1.0, None, None, None]})
    encoder = ModuleEncoder(lambda n_features, width: Watching(n_features, width))
    block = encoder.fit_transform(X)
    assert block.present.tolist() == [True, False, True, False]
    module = encoder.build_module(3)
    seen.clear()
    vectors = module(block).vectors
    assert seen == [2]
    assert (vectors[[1, 3]] == 0).all() and (vectors[[0, 2]] != 0).any()


def test_scale_and_learning_rate():
    X = pd.DataFrame({"a": [1.0, 3.0], "b": [10.0, 30.0]})
    block = ModuleEncoder(Net).fit_transform(X)
    np.testing.assert_allclose(block[0], [[-1, -1], [1, 1]])
    encoder = ModuleEncoder(Net, scale=False, learning_rate_scale=0.1)
    np.testing.assert_allclose(encoder.fit_transform(X)[0], X)
    assert encoder.build_module(2).learning_rate_scale == 0.1


def test_augment_is_for_training():
    X = pd.DataFrame({"a": [1.0, 3.0], "b": [10.0, 30.0]})
    encoder = ModuleEncoder(nn.Linear(2, 2), augment=lambda x: x + 5)
    block = encoder.fit_transform(X)
    module = encoder.build_module(2)
    trained, predicted = module.train()(block).vectors, module.eval()(block).vectors
    torch.testing.assert_close(trained, predicted + 5 * module.network.weight.sum(1))


@pytest.mark.parametrize(
    "encoder, cells, words",
    [
        (
            ModuleEncoder(Convolution),
            [np.zeros((3, 3)), np.zeros((4, 3))],
            r"Column 'x', row 'r1': an array of shape \(4, 3\), where .*\(3, 3\)",
        ),
        (ModuleEncoder(Convolution), [None, None], "Column 'x' holds nothing in any"),
        (
            ModuleEncoder(lambda: nn.Flatten(0)),
            [np.zeros((3, 3))] * 2,
            r"of 2 rows of shape \(3, 3\) it gave torch.Size\(\[18\]\)",
        ),
    ],
)
def test_what_cannot_be_read(encoder, cells, words):
    X = pd.DataFrame({"x": pd.Series(cells, index=["r0", "r1"], dtype=object)})
    with pytest.raises(ValueError, match=words):
        encoder.fit_transform(X)
        encoder.build_module(4)


def test_what_is_no_module():
    X = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(
        TypeError, match="'module' parameter of ModuleEncoder must be a callable"
    ):
        ModuleEncoder("resnet").fit_transform(X)
    two = pd.DataFrame({"x": [np.zeros(2)], "y": [np.zeros(2)]})
    with pytest.raises(ValueError, match="Make each a modality"):
        ModuleEncoder(Net, read=np.asarray).fit_transform(two)


def test_encoded_is_taken_as_it_is():
    class Own(nn.Linear):
        def forward(self, x):
            return Encoded(super().forward(x), x[:, None, :])

    X = pd.DataFrame({"a": [1.0, 3.0], "b": [10.0, 30.0]})
    encoder = ModuleEncoder(Own(2, 2), scale=False)
    block = encoder.fit_transform(X)
    output = encoder.build_module(2)(block)
    torch.testing.assert_close(output.tokens[:, 0], torch.tensor(X.to_numpy()).float())
