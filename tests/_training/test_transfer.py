"""Frozen encoders, learning rates of their own, and a start from another model."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm.callbacks import GradualUnfreezing
from skmm.encoders import EntityEncoder, ImageEncoder


def weights(model, modality):
    fused = model._learner.module.heads["fused"]
    encoder = fused.encoders[fused.names.index(modality)]
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def fit(data, **options):
    return MultimodalClassifier(max_epochs=4, random_state=0, **options).fit(*data)


# ------------------------------------------------------------------------------ freeze


def test_frozen_encoders_keep_their_first_weights(classification):
    free = fit(classification)
    frozen = fit(classification, freeze=["text"])
    first = fit(classification, freeze="encoders")
    assert same(weights(frozen, "text"), weights(first, "text"))
    assert not same(weights(frozen, "tabular"), weights(first, "tabular"))
    assert not same(weights(frozen, "text"), weights(free, "text"))
    assert frozen.n_parameters_ == free.n_parameters_


def test_frozen_encoders_have_no_dropout(classification):
    class Modes(Callback):
        def on_batch_begin(self, net, batch, training, **kwargs):
            fused = net.module_.heads["fused"]
            self.seen = dict(zip(fused.names, (e.training for e in fused.encoders)))

    modes = Modes()
    fit(classification, freeze=["text"], validation=None, callbacks=[modes])
    assert modes.seen == {"tabular": True, "text": False}


@pytest.mark.parametrize(
    "options", [{"freeze": ["photo"]}, {"encoder_learning_rate": {"photo": 0.1}}]
)
def test_names_that_are_no_modality(classification, options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} names 'photo'.*'tabular', 'text'"):
        fit(classification, **options)


# -------------------------------------------------------------------- learning rates


class Rates(Callback):
    """Learning rate of each encoder's parameters in the optimizer."""

    def on_train_begin(self, net, **kwargs):
        fused = net.module_.heads["fused"]
        of = {
            id(p): group["lr"]
            for group in net.optimizer_.param_groups
            for p in group["params"]
        }
        self.seen = {
            name: {round(of[id(p)], 9) for p in encoder.parameters()}
            for name, encoder in zip(fused.names, fused.encoders)
        }


def rates(data, **options):
    watch = Rates()
    fit(data, callbacks=[watch], **options)
    return watch.seen


def test_encoder_learning_rate(classification):
    assert rates(classification) == {"tabular": {3e-3}, "text": {3e-3}}
    found = rates(classification, encoder_learning_rate={"text": 1e-4})
    assert found == {"tabular": {3e-3}, "text": {1e-4}}
    assert rates(classification, encoder_learning_rate=1e-3)["tabular"] == {1e-3}
    # Without one the encoders hardly move.
    slow = fit(classification, encoder_learning_rate=1e-12)
    start = fit(classification, freeze="encoders")
    for name in ("tabular", "text"):
        ours, theirs = weights(slow, name), weights(start, name)
        for key in ours:
            np.testing.assert_allclose(ours[key], theirs[key], atol=1e-6)


# --------------------------------------------------------------------------- unfreezing


class Watch(GradualUnfreezing):
    def on_epoch_end(self, net, **kwargs):
        fused = net.module_.heads["fused"]
        learning = [
            any(p.requires_grad for p in child.parameters())
            for encoder in fused.encoders
            for child in encoder.children()
            if any(True for _ in child.parameters())
        ]
        self.seen_ = [*getattr(self, "seen_", []), sum(learning)]


def test_gradual_unfreezing(classification):
    watch = Watch(modalities=["text"], start=1, every=1)
    model = fit(classification, callbacks=[watch])
    # Tabular's three parts always learn; text's net, then its table, join.
    assert watch.seen_[:3] == [3, 4, 5]
    start = fit(classification, freeze="encoders")
    assert not same(weights(model, "text"), weights(start, "text"))
    parameters = model._learner.module.parameters()
    assert all(parameter.requires_grad for parameter in parameters)


def test_pretrained_layers_are_unfrozen_one_by_one():
    pytest.importorskip("sentence_transformers")
    from tiny_bert import tiny_bert

    from skmm.encoders import TextEncoder

    class Names(GradualUnfreezing):
        def on_epoch_end(self, net, **kwargs):
            (encoder,) = net.module_.heads["fused"].encoders
            network = encoder.network
            parts = [*network.encoder.layer, encoder.readout]
            learns = [next(part.parameters()).requires_grad for part in parts]
            # The table of words is frozen for good, what stands beside it is not.
            table, places = (
                network.embeddings.word_embeddings,
                network.embeddings.position_embeddings,
            )
            learns += [places.weight.requires_grad, table.weight.requires_grad]
            self.seen_ = [*getattr(self, "seen_", []), learns]

    X = pd.DataFrame({"text": ["it was soft", "it was hard"] * 8})
    encoder = TextEncoder("pretrained", model=tiny_bert(), tune="full")
    watch = Names(every=1)
    MultimodalClassifier(
        [("text", encoder, ["text"])],
        max_epochs=4,
        validation=None,
        callbacks=[watch],
        random_state=0,
    ).fit(X, [0, 1] * 8)
    assert watch.seen_ == [
        [False, False, False, False, False],
        [False, True, True, False, False],
        [True, True, True, False, False],
        [True, True, True, True, False],
    ]


def test_unfreezing_leaves_what_is_frozen_for_good():
    """A pretrained network of pictures keeps the statistics of its batch norms."""
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Conv2d(4, 4, 3)
    )
    photos = list(np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), np.uint8))
    X = pd.DataFrame({"photo": photos})
    encoder = ImageEncoder("pretrained", size=8, model=network, tune="full")
    model = MultimodalClassifier(
        [("photo", encoder, ["photo"])],
        max_epochs=4,
        validation=None,
        callbacks=[GradualUnfreezing()],
        random_state=0,
    ).fit(X, [0, 1] * 8)
    found = weights(model, "photo")
    assert not np.array_equal(
        found["network.module.0.weight"], network[0].weight.detach()
    )
    assert np.array_equal(found["network.module.1.running_mean"], np.zeros(4))


def test_unfreezing_of_a_graph(classification):
    encoder = EntityEncoder([("a", "likes", "b"), ("b", "likes", "c")])
    X = pd.DataFrame({"node": ["a", "b", "c"] * 8})
    model = MultimodalClassifier(
        [("node", encoder, ["node"])],
        max_epochs=3,
        validation=None,
        callbacks=[GradualUnfreezing()],
    ).fit(X, [0, 1, 1] * 8)
    assert model.score(X, [0, 1, 1] * 8) >= 0


def test_unfreezing_later_than_training_is_freezing(classification):
    late = GradualUnfreezing(start=100)
    model = fit(classification, callbacks=[late])
    start = fit(classification, freeze="encoders")
    for name in ("tabular", "text"):
        assert same(weights(model, name), weights(start, name))
    with pytest.raises(ValueError, match="names 'photo'"):
        fit(classification, callbacks=[GradualUnfreezing(["photo"])])


# -------------------------------------------------------------------------------- init


def test_starts_from_the_encoders_of_another_model(classification, tmp_path):
    X, y = classification
    source = fit((X, y))
    options = {"freeze": "encoders", "random_state": 1}
    model = MultimodalClassifier(init=FrozenEstimator(source), **options)
    model.fit(X[:60], y[:60])
    for name in ("tabular", "text"):
        assert same(weights(model, name), weights(source, name))
    # Statistics, too: the words are those of the source's rows.
    ours, theirs = (m.modalities_[1][1].n_features_ for m in (model, source))
    assert ours == theirs
    source.save(tmp_path / "source.skmm")
    path = MultimodalClassifier(init=tmp_path / "source.skmm", **options)
    path.fit(X[:60], y[:60])
    np.testing.assert_array_equal(path.predict_proba(X), model.predict_proba(X))
    # Another target, and weights that go on learning.
    other = MultimodalRegressor(init=FrozenEstimator(source), random_state=0)
    other.fit(X, np.arange(len(X)) * 1.0)
    assert not same(weights(other, "text"), weights(source, "text"))


def test_init_survives_clone_and_grid_search(classification):
    X, y = classification
    source = FrozenEstimator(fit((X, y)))
    model = MultimodalClassifier(init=source, max_epochs=1, random_state=0)
    assert clone(model).init.estimator is source.estimator
    search = GridSearchCV(model, {"freeze": [None, "encoders"]}, cv=2).fit(X, y)
    assert search.best_score_ > 0


def test_what_cannot_be_started_from(classification, tmp_path):
    X, y = classification
    source = fit((X, y))
    frozen = FrozenEstimator(source)
    with pytest.raises(ValueError, match="no such file"):
        fit((X, y), init=tmp_path / "nowhere")
    with pytest.raises(ValueError, match="takes a fitted Multimodal"):
        fit((X, y), init=MultimodalClassifier())
    with pytest.raises(ValueError, match="width=64, this one width=8"):
        fit((X, y), init=frozen, width=8)
    with pytest.raises(ValueError, match=r"\['tabular', 'text'\], and none of \['a'\]"):
        fit((X, y), init=frozen, modalities=[("a", "text", ["text_0"])])
    with pytest.raises(ValueError, match="has a TextEncoder in the .* TabularEncoder"):
        fit((X, y), init=frozen, modalities=[("text", "tabular", [0])])
