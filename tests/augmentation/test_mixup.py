"""mixup=: rows mixed in training, and their targets with them."""

import numpy as np
import pytest
import torch

from skmm import MultimodalClassifier, MultimodalRegressor
from skmm._training.heads._fused import mix_encoded
from skmm.augmentation import MIXUPS, ManifoldMixup
from skmm.augmentation._mixup import Mixing, mix_pictures
from skmm.encoders._base import Encoded


def mixing(where="vectors"):
    share = torch.tensor([0.75, 0.5, 1.0, 0.25])
    return Mixing(torch.tensor([1, 0, 3, 2]), share, where)


def test_vectors_and_who_has_them():
    vectors = torch.arange(4.0)[:, None] + 1
    present = torch.tensor([True, True, False, True])
    encoded, there = mix_encoded(Encoded(vectors), present, mixing())
    # 1 and 2 by .75, 2 and 1 by .5; nothing and 4: 4; 4 and nothing: 4.
    assert encoded.vectors[:, 0].tolist() == [1.25, 1.5, 4.0, 4.0]
    assert there.all()
    _, there = mix_encoded(Encoded(vectors), torch.zeros(4).bool(), mixing())
    assert not there.any()


def test_tokens_of_unequal_number():
    tokens = torch.tensor([[1.0, 2.0], [3.0, 9.0]])[..., None]
    mask = torch.tensor([[True, True], [True, False]])
    mixed = Mixing(torch.tensor([1, 0]), torch.tensor([0.5, 0.5]), "vectors")
    encoded, _ = mix_encoded(
        Encoded(torch.ones(2, 1), tokens, mask), torch.ones(2).bool(), mixed
    )
    assert encoded.tokens[..., 0].tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert encoded.token_mask.all()


def test_a_partner_that_lacks_the_modality():
    among = mixing().among(torch.tensor([0, 1, 3]))
    values = torch.tensor([[1.0], [2.0], [4.0]])
    assert among.mix(values)[:, 0].tolist() == [1.25, 1.5, 4.0]


def test_a_box_is_as_large_as_its_share_says():
    torch.manual_seed(0)
    n = 400
    share = torch.rand(n)
    partner = torch.arange(n).roll(1)
    pictures = torch.arange(n, dtype=torch.float32)[:, None, None, None].expand(
        n, 3, 40, 30
    )
    mixed = mix_pictures(pictures, Mixing(partner, share, "boxes"))
    own = (mixed == pictures).all(dim=1).float().mean(dim=(1, 2))
    assert (own - share).abs().max() < 0.06
    other = mixed == pictures[partner]
    assert (other | (mixed == pictures)).all()


@pytest.mark.parametrize("mixup", MIXUPS)
def test_learns_and_repeats(classification, mixup):
    X, y = (part[:100] for part in classification)
    model = MultimodalClassifier(mixup=mixup, max_epochs=4, random_state=0)
    first, second = (model.fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    plain = MultimodalClassifier(max_epochs=4, random_state=0).fit(X, y)
    assert not np.array_equal(first, plain.predict_proba(X))
    loss, without = (some.history_[-1]["fused_train_loss"] for some in (model, plain))
    assert loss > without  # mixed targets cannot be met exactly


def test_scores_are_kept(large_classification):
    X, y = large_classification
    scores = [
        MultimodalClassifier(
            mixup=mixup, width=16, max_epochs=8, learning_rate=1e-2, random_state=0
        )
        .fit(X[:350], y[:350])
        .score(X[350:], y[350:])
        for mixup in (None, ManifoldMixup(alpha=1.0))
    ]
    assert scores[1] > scores[0] - 0.05


def test_regression_and_heads_of_their_own(regression):
    X, y = regression
    model = MultimodalRegressor(
        fusion="hybrid", mixup="manifold", max_epochs=5, random_state=0
    )
    assert np.isfinite(model.fit(X, y).predict(X)).all()


def test_nested_parameters():
    model = MultimodalClassifier(mixup="manifold").set_params(mixup__alpha=0.7)
    assert model.mixup.alpha == 0.7


def test_what_is_no_mixup(classification):
    with pytest.raises(ValueError, match="'manifold'.*Got 'mix'.*Did you mean 'mixup'"):
        MultimodalClassifier(mixup="mix").fit(*classification)
    with pytest.raises(ValueError, match="'alpha' parameter of ManifoldMixup"):
        MultimodalClassifier(mixup=ManifoldMixup(alpha=0)).fit(*classification)
