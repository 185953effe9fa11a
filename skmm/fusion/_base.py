"""The contract of a fusion: what joins the modalities' vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._utils.validation import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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

    names: list[str]
    width: int
    n_outputs: int
    encoders: Mapping[str, nn.Module] = field(default_factory=dict)
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
    auxiliary : tensor of shape (n, A, n_outputs) or None
        Logits of heads that learn by the target's loss beside the main one.
    auxiliary_weights : tensor of shape (n, A) or None
        Weight of each of these heads' loss in each row.
    """

    embedding: torch.Tensor
    logits: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    auxiliary: torch.Tensor | None = None
    auxiliary_weights: torch.Tensor | None = None


class Fusion(Part):
    """Base of all fusions: stores its options, builds its module on demand.

    A fusion of your own needs ``build_module`` only. What comes in is clean:
    ``vectors`` and ``tokens`` are exactly 0 where ``present`` (or ``token_mask``) is
    false, whatever an encoder made of the empty cell. A fusion honours ``present`` by
    not taking these zeros for values.

    Options are checked before anything is read, if the class has scikit-learn's table
    `_parameter_constraints` of what each may be.

    Attributes
    ----------
    uses_tokens : bool
        Class attribute. True has the module called with ``tokens`` and
        ``token_mask`` too.
    """

    uses_tokens: bool = False

    def build_module(self, spec: FusionSpec) -> nn.Module:
        """Build the torch module.

        Parameters
        ----------
        spec : FusionSpec

        Returns
        -------
        module : nn.Module
            With an attribute ``out_features`` and ``forward(vectors (n, M, width),
            present (n, M) bool)`` giving a :class:`FusionOutput` or the embedding
            alone. With ``uses_tokens``, two more arguments: ``tokens``, a list of M
            tensors (n, t_m, width), and ``token_mask``, a list of M boolean tensors
            (n, t_m); an encoder without tokens gives its vector as its one token.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")


class StandIn(nn.Module):
    """A learned vector for each modality, put in the place of an absent one."""

    def __init__(self, n_modalities, width):
        super().__init__()
        self.vectors = nn.Parameter(torch.zeros(n_modalities, width))

    def forward(self, vectors, present):
        return torch.where(present[..., None], vectors, self.vectors)


def pairs(n_modalities):
    """Return all pairs of places of modalities, the first before the second."""
    return [(a, b) for b in range(n_modalities) for a in range(b)]


def with_one(vectors):
    """Append a constant 1 to the last axis: products keep their single factors."""
    return torch.cat([vectors, torch.ones_like(vectors[..., :1])], dim=-1)


class ModuleFusion(Fusion):
    """A user's own ``nn.Module`` class as a fusion.

    Parameters
    ----------
    module : nn.Module class
        Called with the :class:`FusionSpec`; must set ``out_features``. A class
        attribute ``uses_tokens = True`` asks for tokens.
    """

    _parameter_constraints = {"module": [callable]}

    def __init__(self, module: Callable[[FusionSpec], nn.Module]) -> None:
        self.module = module

    @property
    def uses_tokens(self) -> bool:  # type: ignore[override]  # by its options
        """Whether the module's class asks for tokens."""
        return getattr(self.module, "uses_tokens", False)

    def build_module(self, spec: FusionSpec) -> nn.Module:
        module = self.module(spec)
        if not hasattr(module, "out_features"):
            raise TypeError(
                f"{self.module.__name__} is used as a fusion and has no attribute "
                "out_features: set it in __init__ to the size of the embedding."
            )
        return module
