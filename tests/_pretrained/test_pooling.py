"""Vectors and tokens of whatever a network gives."""

import types

import pytest
import torch

from skmm._pretrained.pooling import pool, split_output

TOKENS = torch.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "output",
    [
        TOKENS,
        (TOKENS, "more"),
        TOKENS.transpose(1, 2)[..., None],  # maps
        types.SimpleNamespace(last_hidden_state=TOKENS),
        types.SimpleNamespace(last_hidden_state=TOKENS, pooler_output=None),
    ],
    ids=["tokens", "tuple", "maps", "transformers", "without pooling"],
)
def test_tokens(output):
    vectors, tokens = split_output(output)
    assert vectors is None and torch.equal(tokens, TOKENS)
    assert torch.equal(pool(output, "mean"), TOKENS.mean(1))
    assert torch.equal(pool(output, "max"), TOKENS[:, 2])
    assert torch.equal(pool(output, "first"), TOKENS[:, 0])


def test_vectors_that_the_network_pools_itself():
    own = types.SimpleNamespace(
        last_hidden_state=TOKENS, pooler_output=torch.ones(2, 4, 1, 1)
    )
    vectors, tokens = split_output(own)
    assert torch.equal(vectors, torch.ones(2, 4)) and tokens is not None
    assert torch.equal(pool(own, "mean"), torch.ones(2, 4))
    assert torch.equal(pool(own, "mean", own_pooling=False), TOKENS.mean(1))
    # Tokens of another width are of no use beside a vector.
    projected = types.SimpleNamespace(
        last_hidden_state=TOKENS, pooler_output=torch.ones(2, 7)
    )
    assert split_output(projected)[1] is None
    assert torch.equal(pool(torch.ones(2, 7), "mean"), torch.ones(2, 7))


def test_a_shape_that_is_neither():
    with pytest.raises(ValueError, match=r"tensor of shape \(2,\); vectors \(n, d\)"):
        pool(torch.ones(2), "mean")
