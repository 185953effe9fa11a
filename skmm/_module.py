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
        Auxiliary losses, of the fusion and the alignments.
    weights : tensor of shape (n, M) or None
        The fusion's weights of the modalities.
    auxiliary : tensor of shape (n, A, n_logits) or None
        Logits of the fusion's heads that have the target's loss beside the main one.
    auxiliary_weights : tensor of shape (n, A) or None
    """

    logits: torch.Tensor
    embedding: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    auxiliary: torch.Tensor | None = None
    auxiliary_weights: torch.Tensor | None = None


class FusedHead(nn.Module):
    """Encoders, fusion, and a perceptron over the fused embedding.

    Parameters
    ----------
    encoders : dict of str to nn.Module
    fusion : nn.Module
    spec : FusionSpec
    depth : int
    uses_tokens : bool, default=False
        Whether the fusion takes tokens.
    modality_dropout : float, default=0.0
        Probability with which the fusion does not see a modality in training.
    """

    def __init__(
        self,
        encoders,
        fusion,
        spec,
        *,
        depth,
        uses_tokens=False,
        modality_dropout=0.0,
    ):
        super().__init__()
        self.names = list(encoders)
        self.encoders = nn.ModuleList(encoders.values())
        self.fusion = fusion
        self.uses_tokens = uses_tokens
        self.modality_dropout = modality_dropout
        self.out_features = fusion.out_features
        self.alignments = nn.ModuleList()
        self.alignment_weight = 0.0
        self.output = None
        if not self._decides(spec):
            self.output = mlp(
                self.out_features,
                2 * spec.width,
                spec.n_outputs,
                depth=depth,
                dropout=spec.dropout,
            )

    def align(self, alignments, weight):
        """Add losses that bring the modalities' spaces together.

        Parameters
        ----------
        alignments : list of nn.Module
        weight : float
        """
        self.alignments.extend(alignments)
        self.alignment_weight = weight

    @torch.no_grad()
    def _decides(self, spec):
        """Whether the fusion gives logits itself; one small batch tells."""
        training = self.fusion.training
        encoded = [Encoded(torch.zeros(2, spec.width)) for _ in self.names]
        self.fusion.eval()
        output = self._fuse(encoded, torch.ones(2, len(self.names)).bool())
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
        present = torch.stack([blocks[name].present for name in self.names], dim=1)
        seen = present
        if self.training and self.modality_dropout > 0:
            seen = hide_modalities(present, self.modality_dropout)
        fused = self._fuse(encoded, seen)
        logits = fused.logits
        if self.output is not None:
            logits = self.output(fused.embedding)
        return HeadOutput(
            logits,
            fused.embedding,
            self._add_alignment(fused.loss, encoded, present),
            fused.weights,
            fused.auxiliary,
            fused.auxiliary_weights,
        )

    def _fuse(self, encoded, present):
        tokens = ()
        if self.uses_tokens:
            tokens = _clean_tokens(encoded, present)
        return as_fusion_output(
            self.fusion(_clean_vectors(encoded, present), present, *tokens)
        )

    def _add_alignment(self, loss, encoded, present):
        """Add the alignments' losses in training, where alone they are of use."""
        if not (self.training and self.alignments):
            return loss
        vectors = _clean_vectors(encoded, present)
        total = sum(alignment(vectors, present) for alignment in self.alignments)
        total = self.alignment_weight * total
        return total if loss is None else loss + total

    def set_bias(self, prior):
        """Start from the prior rather than from even odds, and from nothing more."""
        if self.output is not None:
            nn.init.zeros_(self.output[-1].weight)
            _set_bias(self.output[-1].bias, prior)
        elif hasattr(self.fusion, "set_bias"):
            self.fusion.set_bias(prior)


def hide_modalities(present, probability):
    """Give ``present`` with modalities hidden at random, never all of a row."""
    drawn = torch.rand(present.shape, device=present.device)
    seen = present & (drawn >= probability)
    # Where none is left the one that was drawn highest stays.
    highest = drawn.masked_fill(~present, -1).argmax(1, keepdim=True)
    stays = torch.zeros_like(present).scatter(1, highest, True) & present
    return torch.where(seen.any(1, keepdim=True), seen, stays)


def _clean_vectors(encoded, present):
    """Stack the vectors; zeros where absent, whatever an encoder made of nothing."""
    vectors = torch.stack([some.vectors for some in encoded], dim=1)
    return torch.where(present[..., None], vectors, 0)


def _clean_tokens(encoded, present):
    """Give lists of the modalities' tokens and of their masks; zeros where masked."""
    tokens, masks = [], []
    for m, (vectors, some, mask) in enumerate(encoded):
        there = present[:, m, None]
        if some is None:
            some, mask = vectors[:, None], there
        elif mask is None:
            mask = there.expand(some.shape[:2])
        else:
            mask = mask & there
        tokens.append(torch.where(mask[..., None], some, 0))
        masks.append(mask)
    return tokens, masks


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
            # Not a product with 0, which keeps what is no number.
            logits = logits + torch.where(block.present[:, None], shortcut(block), 0)
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
