"""Encoders by name, as a class, or whatever else may stand in an encoder's place."""

import pytest
import torch
from sklearn.preprocessing import StandardScaler

from skmm import MultimodalClassifier
from skmm.encoders import (
    ENCODERS,
    EntityEncoder,
    ImageEncoder,
    ModuleEncoder,
    TextEncoder,
    TransformerEncoder,
    make_encoder,
)
from skmm.feature_extraction import ImageVectorizer


class Net(torch.nn.Module):
    def forward(self, values):
        return values


@pytest.mark.parametrize("name", sorted(set(ENCODERS) - {"entity"}))
def test_every_name_makes_an_encoder(name):
    assert hasattr(make_encoder(name), "build_module")


def test_what_may_stand_in_an_encoders_place():
    encoder = TextEncoder(dropout=0.1)
    assert make_encoder(encoder) is encoder
    assert isinstance(make_encoder(TextEncoder), TextEncoder)
    assert isinstance(make_encoder("image_encoder"), ImageEncoder)
    assert isinstance(make_encoder(Net), ModuleEncoder)
    wrapped = make_encoder("image")
    assert isinstance(wrapped, TransformerEncoder)
    assert isinstance(wrapped.transformer, ImageVectorizer)
    assert make_encoder(StandardScaler(), series=True).series


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("tabluar", "'tabluar'.*Did you mean 'tabular'"),
        ("image-encoder", "Did you mean 'image_encoder'"),
        ("entity", r"EntityEncoder\(triples\)"),
        (EntityEncoder, "triples"),
        (StandardScaler, "StandardScaler"),
        (Net(), "an nn.Module class.*Got Net"),
        (3, "among .*'transform'. Got 3"),
    ],
)
def test_what_may_not(wrong, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make_encoder(wrong)


def test_options_of_an_encoder_that_is_a_name():
    model = MultimodalClassifier([("photo", "image_encoder", "photo")])
    model.set_params(photo__size=32)
    assert model.modalities[0][1].size == 32
    # The encoder first, whatever the order.
    model.set_params(photo__dropout=0.3, photo="text")
    assert isinstance(model.modalities[0][1], TextEncoder)
    with pytest.raises(ValueError, match="photo__dropout.*dropped"):
        model.set_params(photo="drop", photo__dropout=0.1)
    with pytest.raises(ValueError, match="Did you mean 'text'"):
        model.set_params(photo="texts", photo__dropout=0.1)
