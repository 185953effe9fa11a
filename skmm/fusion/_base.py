"""The contract of a fusion: what joins the modalities' vectors."""

from dataclasses import dataclass, field
from typing import Any

import torch
from sklearn.base import BaseEstimator


@dataclass
class FusionSpec:
    """What a fusion is told when it builds its module.

    Attributes
    ----------
    names : list of str
        The modalities, in the order of the vectors' second axis.
    width : int
        Size of every modality's vector.
    n_outputs : int
        Number of logits, for fusions that decide by themselves.
    encoders : dict of str to nn.Module
        The encoder modules, by modality.
    dropout : float
        The estimator's dropout.
    """

    names: list
    width: int
    n_outputs: int
    encoders: Any = field(default_factory=dict)
    dropout: float = 0.0


@dataclass
class FusionOutput:
    """What a fusion's module gives.

    Attributes
    ----------
    embedding : tensor of shape (n, out_features)
    logits : tensor of shape (n, n_outputs) or None
        Only of fusions at the level of decisions.
    loss : scalar tensor or None
        An auxiliary loss to be added.
    weights : tensor of shape (n, M) or None
        How much each modality was given, where the fusion has such weights.
    """

    embedding: torch.Tensor
    logits: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None


class Fusion(BaseEstimator):
    """Base of all fusions: stores its options, builds its module on demand.

    A fusion of your own needs ``build_module`` only. Every fusion honours
    ``present``: what stands in ``vectors`` where a modality is absent must not reach
    the output.
    """

    uses_tokens = False

    def build_module(self, spec):
        """Build the torch module.

        Parameters
        ----------
        spec : FusionSpec

        Returns
        -------
        module : nn.Module
            With an attribute ``out_features`` and ``forward(vectors (n, M, width),
            present (n, M) bool, tokens=None, token_mask=None)`` giving a
            :class:`FusionOutput` or the embedding alone.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")


class StandIn(torch.nn.Module):
    """A learned vector for each modality, put in the place of an absent one."""

    def __init__(self, n_modalities, width):
        super().__init__()
        self.vectors = torch.nn.Parameter(torch.zeros(n_modalities, width))

    def forward(self, vectors, present):
        return torch.where(present[..., None], vectors, self.vectors)


def masked_softmax(scores, present):
    """Softmax over the last axis among the present; zeros where none is present."""
    scores = scores.masked_fill(~present, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1) * present
    return weights


class ModuleFusion(Fusion):
    """A user's own ``nn.Module`` class as a fusion.

    Parameters
    ----------
    module : nn.Module class
        Called with the :class:`FusionSpec`; must set ``out_features``.
    """

    def __init__(self, module):
        self.module = module

    def build_module(self, spec):
        module = self.module(spec)
        if not hasattr(module, "out_features"):
            raise TypeError(
                f"{self.module.__name__} is used as a fusion and has no attribute "
                "out_features: set it in __init__ to the size of the embedding."
            )
        return module
