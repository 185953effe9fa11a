"""A pretrained network of pictures inside an encoder, and how much of it learns."""

import copy
import dataclasses

import torch
from torch import nn

from skmm._nn.freezing import keep_still
from skmm._pretrained.adapting import adapt
from skmm._pretrained.pictures import load_image_network
from skmm._pretrained.pooling import split_output


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
        self.dimension, used = self._probe(network.size)
        decay = layer_decay if tune == "full" else 1.0
        adapt(self.module, "image", tune, rank=rank, layer_decay=decay, used=used)
        _keep_statistics(self.module)

    def forward(self, pixels):
        return split_output(self.module(pixels), self.own_pooling)

    @torch.enable_grad()
    def _probe(self, size):
        """Return the width of what comes out, and the parameters that it depends on.

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


def _keep_statistics(module):
    """Hold batch norms to the statistics of the pictures they were trained with."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            keep_still(part)
