"""A pretrained network of pictures inside an encoder, and how much of it learns."""

import copy
import warnings

import torch
from torch import nn

from skmm._nn.freezing import freeze_for_good, keep_still, scale_layers
from skmm._pretrained.pictures import load_image_network
from skmm._utils.optional import optional_import

#: Times the estimator's learning rate.
_LEARNING_RATE_SCALES = {"frozen": 0.0, "head": 0.1, "lora": 0.3, "full": 0.03}
#: Of the parameters that tune="head" lets learn, at least.
_HEAD_SHARE = 0.2
#: Layers that read the weights of those within, so that an adapter would do nothing.
_CLOSED = (nn.MultiheadAttention, nn.TransformerEncoderLayer)


def load_pretrained(model, size):
    """Load a network on the CPU.

    Parameters
    ----------
    model : str, path or nn.Module
    size : (int, int) or None

    Returns
    -------
    network : ImageNetwork
        Not to be changed; with the size that was asked for.
    """
    import dataclasses

    network = load_image_network(model, torch.device("cpu"), None, size)
    return network if size is None else dataclasses.replace(network, size=size)


class PretrainedNet(nn.Module):
    """A copy of a pretrained network that gives vectors and tokens.

    Parameters
    ----------
    network : ImageNetwork
    tune : {"frozen", "head", "lora", "full"}
    layer_decay : float
    rank : int
        Of the matrices of LoRA.
    """

    def __init__(self, network, tune, layer_decay=1.0, rank=8):
        super().__init__()
        self.own_pooling = network.own_pooling
        self.module = copy.deepcopy(network.module)
        self.learning_rate_scale = _LEARNING_RATE_SCALES[tune]
        self.dimension, used = self._probe(network.size)
        if tune == "frozen":
            freeze_for_good(self.module)
        elif tune == "lora":
            self.module = _add_lora(self.module, rank)
        else:
            self._learn(used, tune, layer_decay)
        _keep_statistics(self.module)

    def forward(self, pixels):
        return split_output(self.module(pixels), self.own_pooling)

    @torch.enable_grad()
    def _probe(self, size):
        """Give the width of what comes out, and the parameters that it depends on.

        Others, such as the head for ImageNet's classes, can learn nothing.
        """
        training = self.module.training
        self.module.eval()
        parameters = [p for p in self.module.parameters() if p.is_floating_point()]
        for parameter in parameters:
            parameter.requires_grad_(True)
        vectors, tokens = self(torch.zeros(1, 3, *size, dtype=torch.float32))
        output = tokens if vectors is None else vectors
        used = set()
        if output.requires_grad:
            found = torch.autograd.grad(output.sum(), parameters, allow_unused=True)
            used = {p for p, grad in zip(parameters, found) if grad is not None}
        self.module.train(training)
        return output.shape[-1], used

    def _learn(self, used, tune, layer_decay):
        """Let the last layers learn or all, each the more slowly the earlier it is."""
        layers = [
            layer
            for layer in find_layers(self.module)
            if not used.isdisjoint(layer.parameters())
        ]
        if tune == "full":
            learned = used
            scale_layers(layers, layer_decay)
        else:
            learned, enough = set(), _HEAD_SHARE * sum(p.numel() for p in used)
            for layer in reversed(layers):
                if sum(p.numel() for p in learned) >= enough:
                    keep_still(layer)  # its dropout, too
                else:
                    learned |= used.intersection(layer.parameters())
        for parameter in self.module.parameters():
            parameter.requires_grad_(parameter in learned)


def split_output(output, own_pooling=True):
    """Give (vectors (n, d) or None, tokens (n, t, d) or None) of a network's output.

    Parameters
    ----------
    output : tensor, tuple or transformers.ModelOutput
    own_pooling : bool
        Whether a vector that the network pools itself is of use.
    """
    if hasattr(output, "last_hidden_state"):
        pooled = getattr(output, "pooler_output", None)
        tokens = _as_tokens(output.last_hidden_state)
        if pooled is None or not own_pooling:
            return None, tokens
        pooled = pooled.flatten(1)
        # Tokens of another width than the vector's have no use for its projection.
        return pooled, tokens if tokens.shape[2] == pooled.shape[1] else None
    if isinstance(output, (tuple, list)):
        output = output[0]
    if output.ndim == 2:
        return output, None
    if output.ndim not in (3, 4):
        raise ValueError(
            f"The model gives a tensor of shape {tuple(output.shape)}; vectors (n, d), "
            "tokens (n, t, d) or maps (n, c, height, width) are expected."
        )
    return None, _as_tokens(output)


def _as_tokens(output):
    return output if output.ndim == 3 else output.flatten(2).transpose(1, 2)


# --------------------------------------------------------------------- what learns


def _keep_statistics(module):
    """Hold batch norms to the statistics of the pictures they were trained with."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            keep_still(part)


def find_layers(module):
    """Give the layers from input to output, each a list of modules.

    A layer is a member of the longest list of blocks; what lies before and behind it
    counts as layers, too.
    """
    lists = [
        part
        for part in module.modules()
        if isinstance(part, (nn.ModuleList, nn.Sequential)) and len(part) > 1
    ]
    longest = max(lists, key=len, default=None)
    layers = []

    def walk(part):
        for child in part.children():
            if longest is not None and (
                child is longest or any(below is longest for below in child.modules())
            ):
                walk(child)
            elif any(True for _ in child.parameters()):
                layers.append(child)

    walk(module)
    return layers or [module]


def _add_lora(module, rank):
    """Freeze the weights, and put two small matrices beside each that can have them."""
    peft = optional_import("peft", "tune")
    closed = {
        below
        for part in module.modules()
        if isinstance(part, _CLOSED)
        for below in part.modules()
    }
    targets = [
        name
        for name, part in module.named_modules()
        if part not in closed and _takes_lora(part)
    ]
    if not targets:
        raise ValueError(
            "tune='lora' adapts linear layers and convolutions without groups, and "
            f"the model, a {type(module).__name__}, has none that can be reached. "
            "Possible are tune='frozen', 'head' and 'full'."
        )
    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets)
    if "" in targets:  # the model is one layer, which has no owner to put it into
        module, targets = nn.Sequential(module), ["0"]
        config.target_modules = {"0"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = peft.inject_adapter_in_model(config, module)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return module


def _takes_lora(part):
    if isinstance(part, nn.modules.linear.NonDynamicallyQuantizableLinear):
        return False
    return isinstance(part, nn.Linear) or (
        isinstance(part, nn.Conv2d) and part.groups == 1
    )
