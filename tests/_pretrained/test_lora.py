"""Low-rank additions: where they go, what they add, and what stays as it was."""

import copy
import pickle

import pytest
import torch
from torch import nn

from skmm._pretrained.lora import add_lora, lora_matrices

LAYERS = {
    "linear": (lambda: nn.Linear(6, 5), (3, 6)),
    "tokens": (lambda: nn.Linear(6, 5, bias=False), (3, 7, 6)),
    "convolution": (
        lambda: nn.Conv2d(6, 5, (3, 2), stride=2, padding=1, dilation=(1, 2)),
        (3, 6, 9, 9),
    ),
}


@pytest.fixture(params=LAYERS)
def layer_and_inputs(request):
    make, shape = LAYERS[request.param]
    torch.manual_seed(0)
    return make(), torch.randn(shape)


def randomise(module):
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                nn.init.normal_(parameter)


def test_nothing_changes_before_training(layer_and_inputs):
    layer, x = layer_and_inputs
    before = layer(x)
    assert add_lora(layer, 2) == [layer]
    torch.testing.assert_close(layer(x), before)
    names = {name for name, p in layer.named_parameters() if p.requires_grad}
    assert names == {"lora.up", "lora.down.weight"}


def test_an_addition_is_a_low_rank_matrix_beside_the_weights(layer_and_inputs):
    layer, x = layer_and_inputs
    merged = copy.deepcopy(layer)
    add_lora(layer, 2)
    randomise(layer)
    ((name, (up, down)),) = lora_matrices(layer)
    assert name == "weight" and up.shape[1] == down.shape[0] == 2
    with torch.no_grad():
        merged.weight += (up @ down).view_as(merged.weight)
    torch.testing.assert_close(layer(x), merged(x), atol=1e-4, rtol=1e-4)


def test_copies_and_pickles_have_additions_of_their_own():
    network = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    add_lora(network, 1)
    randomise(network)
    x = torch.randn(2, 4)
    expected = network(x)
    for again in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        randomise(network)
        torch.testing.assert_close(again(x), expected)
        assert not torch.equal(network(x), expected)
        expected = again(x)


def test_the_network_keeps_its_names_and_types():
    network = nn.Sequential(nn.Linear(4, 4), nn.Conv2d(4, 4, 1, groups=2))
    before = network.state_dict()
    assert add_lora(network, 1) == [network[0]]  # not to convolutions with groups
    assert before.keys() < network.state_dict().keys()
    assert type(network[0]) is nn.Linear


def test_only_layers_that_are_called_and_used():
    attention = nn.MultiheadAttention(4, 2)
    network = nn.ModuleList([attention, nn.Linear(4, 4), nn.Linear(4, 4)])
    nn.utils.parametrizations.weight_norm(network[1])
    assert add_lora(network, 1) == [network[2]]
    assert add_lora(nn.Sequential(nn.Linear(4, 4)), 1, used=set()) == []


def test_a_generator_decides_on_the_first_weights():
    state = torch.get_rng_state()
    firsts = []
    for seed in (0, 0, 1):
        layer = nn.utils.skip_init(nn.Linear, 4, 4)
        add_lora(layer, 2, generator=torch.Generator().manual_seed(seed))
        firsts.append(layer.lora.down.weight)
    assert torch.equal(*firsts[:2]) and not torch.equal(*firsts[1:])
    assert torch.equal(torch.get_rng_state(), state)
