"""Low-rank additions (LoRA) to the layers of a network that itself stays as it is."""

import copy

import torch.nn.functional as F
from torch import nn

#: What is added counts twice, as is usual: the learning rates that people know hold.
_SCALE = 2.0
#: Layers that read the weights of those within, which would pass the additions by.
_CLOSED = (nn.MultiheadAttention, nn.TransformerEncoderLayer)


class LowRank(nn.Module):
    """What is added to the output of a linear layer or a convolution.

    A layer of the same kind with few outputs, and a matrix from these to all outputs;
    both together have the effect of a matrix of low rank that is added to the weights.
    The matrix is 0 at first, so that nothing changes before training.

    Parameters
    ----------
    layer : nn.Linear or nn.Conv2d
    rank : int
    generator : torch.Generator, default=None
        Draws the first weights; None takes torch's global one.

    References
    ----------
    Hu et al.: LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022.
    """

    def __init__(self, layer, rank, generator=None):
        super().__init__()
        # A copy, since a kind of its own may pad its inputs in its own way.
        self.down = copy.deepcopy(layer)
        self.down.weight = nn.Parameter(
            layer.weight.new_empty(rank, *layer.weight.shape[1:])
        )
        self.down.bias = None
        outputs = "out_channels" if isinstance(layer, nn.Conv2d) else "out_features"
        setattr(self.down, outputs, rank)
        nn.init.kaiming_uniform_(self.down.weight, a=5**0.5, generator=generator)
        self.up = nn.Parameter(layer.weight.new_zeros(len(layer.weight), rank))

    def forward(self, x):
        x = self.down(x)
        if isinstance(self.down, nn.Conv2d):
            return _SCALE * F.conv2d(x, self.up[:, :, None, None])
        return _SCALE * F.linear(x, self.up)

    def matrices(self):
        """Return two matrices whose product is what is added to the weights."""
        return _SCALE * self.up, self.down.weight.flatten(1)


def add_lora(module, rank, *, used=None, generator=None):
    """Freeze a network, and put a `LowRank` beside each layer that can have one.

    The layers keep their names, types and weights: each gets a child ``lora``, whose
    output a hook adds to its own.

    Parameters
    ----------
    module : nn.Module
        Changed.
    rank : int
    used : set of nn.Parameter, default=None
        Leave out the layers whose weights are not among these.
    generator : torch.Generator, default=None
        Draws the first weights, on the device of the module.

    Returns
    -------
    layers : list of nn.Module
        Those that have an addition.
    """
    module.requires_grad_(False)
    closed = {
        below
        for part in module.modules()
        if isinstance(part, _CLOSED)
        for below in part.modules()
    }
    layers = [
        part
        for part in module.modules()
        if part not in closed
        and _can_have_one(part)
        and (used is None or part.weight in used)
    ]
    for layer in layers:
        layer.lora = LowRank(layer, rank, generator)
        layer.register_forward_hook(_Addition())
    return layers


def lora_matrices(module):
    """Yield the name of each weight with a `LowRank`, and its two matrices."""
    for name, part in module.named_modules():
        if isinstance(part, LowRank):
            owner = name.rpartition(".")[0]
            yield f"{owner}.weight" if owner else "weight", part.matrices()


class _Addition:
    """A hook that adds to a layer's output; an object, so that files can hold it."""

    def __call__(self, layer, inputs, output):
        return output + layer.lora(inputs[0])


def _can_have_one(part):
    if isinstance(part, nn.modules.linear.NonDynamicallyQuantizableLinear):
        return False
    # A weight that is computed from others, as under weight norm, is no parameter.
    return part._parameters.get("weight") is not None and (
        isinstance(part, nn.Linear)
        or (isinstance(part, nn.Conv2d) and part.groups == 1)
    )
