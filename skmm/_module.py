"""Encoders, fusion and heads as one torch module."""

from typing import NamedTuple

import torch
from torch import nn

from skmm.encoders._base import Encoded, mlp
from skmm.fusion._base import FusionOutput


class HeadOutput(NamedTuple):
    """What a head gives for a batch.

    Attributes
    ----------
    logits : tensor of shape (n, n_logits)
    embedding : tensor of shape (n, out_features) or None
        Only of the fused head.
    loss : scalar tensor or None
        The fusion's auxiliary loss.
    weights : tensor of shape (n, M) or None
        The fusion's weights of the modalities.
    """

    logits: torch.Tensor
    embedding: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None


class FusedHead(nn.Module):
    """Encoders, fusion, and a perceptron over the fused embedding.

    Parameters
    ----------
    encoders : dict of str to nn.Module
    fusion : nn.Module
    spec : FusionSpec
    depth : int
    dropout : float
    """

    def __init__(self, encoders, fusion, spec, *, depth, dropout):
        super().__init__()
        self.names = list(encoders)
        self.encoders = nn.ModuleList(encoders.values())
        self.fusion = fusion
        self.out_features = fusion.out_features
        self.output = None
        if not self._decides(spec):
            self.output = mlp(
                self.out_features,
                2 * spec.width,
                spec.n_outputs,
                depth=depth,
                dropout=dropout,
            )

    @torch.no_grad()
    def _decides(self, spec):
        """Whether the fusion gives logits itself; one small batch tells."""
        training = self.fusion.training
        shape = (2, len(self.names))
        output = as_fusion_output(
            self.fusion.eval()(
                torch.zeros(*shape, spec.width), torch.ones(shape).bool()
            )
        )
        self.fusion.train(training)
        if tuple(output.embedding.shape) != (2, self.out_features):
            raise ValueError(
                f"The fusion's embedding of 2 rows has the shape "
                f"{tuple(output.embedding.shape)}; its out_features says "
                f"(2, {self.out_features})."
            )
        return output.logits is not None

    def forward(self, blocks):
        encoded = [
            as_encoded(encoder(blocks[name]))
            for name, encoder in zip(self.names, self.encoders)
        ]
        vectors = torch.stack([some.vectors for some in encoded], dim=1)
        present = torch.stack([blocks[name].present for name in self.names], dim=1)
        fused = as_fusion_output(self.fusion(vectors, present))
        logits = fused.logits
        if self.output is not None:
            logits = self.output(fused.embedding)
        return HeadOutput(logits, fused.embedding, fused.loss, fused.weights)

    def set_bias(self, prior):
        """Start from the prior rather than from even odds, and from nothing more."""
        last = None
        if self.output is not None:
            last = self.output[-1].bias
            nn.init.zeros_(self.output[-1].weight)
        if last is None:
            last = getattr(self.fusion, "bias", None)
        _set_bias(last, prior)


class WideHead(nn.Module):
    """The sum of the modalities' linear shortcuts.

    Parameters
    ----------
    shortcuts : dict of str to nn.Module
    n_outputs : int
    """

    weight_decays = False  # early stopping is what holds a linear head back

    def __init__(self, shortcuts, n_outputs):
        super().__init__()
        self.names = list(shortcuts)
        self.shortcuts = nn.ModuleList(shortcuts.values())
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def forward(self, blocks):
        logits = self.bias
        for name, shortcut in zip(self.names, self.shortcuts):
            block = blocks[name]
            logits = logits + shortcut(block) * block.present[:, None]
        return HeadOutput(logits)

    def set_bias(self, prior):
        _set_bias(self.bias, prior)


class MultimodalModule(nn.Module):
    """All heads, side by side: they share the batch and nothing else.

    Parameters
    ----------
    heads : dict of str to nn.Module
        The first is the fused head.
    """

    def __init__(self, heads):
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.active = list(heads)
        self.dtype = torch.float32

    def forward(self, blocks):
        """Give the output of each active head: a dict of str to HeadOutput."""
        blocks = {name: block.cast(self.dtype) for name, block in blocks.items()}
        return {name: self.heads[name](blocks) for name in self.active}

    def set_dtype(self, dtype):
        """Compute in another type, all but the big tables (``keep_float32``).

        In float64 a row's outputs do not depend on its batch, to 1e-7 and better.
        """
        self.dtype = dtype
        self._cast(self, dtype)
        return self

    @classmethod
    def _cast(cls, module, dtype):
        if getattr(module, "keep_float32", False):
            return
        for child in module.children():
            cls._cast(child, dtype)
        for tensors in (module._parameters, module._buffers):
            for tensor in tensors.values():
                if tensor is not None and tensor.is_floating_point():
                    tensor.data = tensor.data.to(dtype)


def as_encoded(output):
    """Accept bare vectors from an encoder module."""
    return output if isinstance(output, Encoded) else Encoded(output)


def as_fusion_output(output):
    """Accept a bare embedding from a fusion module."""
    return output if isinstance(output, FusionOutput) else FusionOutput(output)


@torch.no_grad()
def _set_bias(bias, prior):
    if bias is not None and bias.shape == prior.shape:
        bias.copy_(prior)
