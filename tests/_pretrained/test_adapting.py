"""What of a network learns: its last layers, additions, all, or nothing."""

import pytest
import torch
from torch import nn

from skmm._nn.freezing import keep_frozen_parts_still, layers_of
from skmm._pretrained.adapting import LEARNING_RATE_SCALES, adapt


class Network(nn.Module):
    """A table, three blocks with dropout, a norm behind and a head that nobody asks."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(5, 4)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.Dropout()) for _ in range(3)
        )
        self.norm = nn.LayerNorm(4)
        self.classes = nn.Linear(4, 100)

    def used(self):
        return set(self.parameters()) - set(self.classes.parameters())


def learned(network):
    return {name for name, p in network.named_parameters() if p.requires_grad}


def test_frozen():
    network = Network()
    adapt(network, "image", "frozen")
    assert not learned(network) and not network.training


def test_head_of_texts_is_the_last_block_and_what_is_behind():
    network = Network()
    adapt(network, "text", "head", used=network.used())
    assert learned(network) == {
        "blocks.2.0.weight",
        "blocks.2.0.bias",
        "norm.weight",
        "norm.bias",
    }
    # Dropout stays where something learns, and is off before.
    network.train()
    keep_frozen_parts_still(network)
    assert [block[1].training for block in network.blocks] == [False, False, True]


def test_head_of_pictures_is_a_share_of_the_parameters():
    network = Network()
    adapt(network, "image", "head", used=network.used())
    # Of 88 parameters 8 are in the norm, and 20 in each block.
    assert {name.partition(".0")[0] for name in learned(network)} == {
        "blocks.2",
        "norm.weight",
        "norm.bias",
    }


def test_head_without_blocks_is_the_last_layer():
    network = nn.Module()
    network.lstm, network.linear = nn.LSTM(3, 4), nn.Linear(4, 4)
    adapt(network, "audio", "head")
    assert learned(network) == {"linear.weight", "linear.bias"}


def test_full_lets_learn_what_is_used_the_more_slowly_the_earlier():
    network = Network()
    adapt(network, "text", "full", layer_decay=0.5, used=network.used())
    assert not any(name.startswith("classes") for name in learned(network))
    scales = [layer.layer_scale for layer in layers_of(network)]
    assert scales == [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
    assert network.learning_rate_scale == LEARNING_RATE_SCALES["text"]["full"]


def test_lora_is_in_the_layers_that_are_used():
    network = Network()
    adapt(network, "image", "lora", rank=2, used=network.used())
    assert len(learned(network)) == 6
    assert all(".lora." in name for name in learned(network))
    with pytest.raises(ValueError, match="a LayerNorm, has none"):
        adapt(nn.LayerNorm(3), "image", "lora")


def test_one_layer_that_is_the_network():
    for tune in ("head", "full", "lora"):
        layer = nn.Linear(3, 3)
        adapt(layer, "image", tune)
        assert learned(layer) == (
            {"lora.up", "lora.down.weight"} if tune == "lora" else {"weight", "bias"}
        )
        layer(torch.zeros(1, 3)).sum().backward()
