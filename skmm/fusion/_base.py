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
    """Names and sizes that a fusion needs to build its module.

    Attributes
    ----------
    names : list of str
        Names of the modalities, in the order of the vectors' second axis.
    width : int
        Size of every modality's vector.
    n_outputs : int
        Number of logits of the estimator. Fusions at the decision level need it.
    encoders : dict of str to nn.Module
        Encoder modules by the name of their modality.
    dropout : float
        Dropout rate of the estimator, from 0 to 1.

    Examples
    --------
    >>> from skmm.fusion import FusionSpec, GatedFusion
    >>> spec = FusionSpec(["text", "image"], width=64, n_outputs=2)
    >>> GatedFusion().build_module(spec).out_features
    64
    """

    names: list[str]
    width: int
    n_outputs: int
    encoders: Mapping[str, nn.Module] = field(default_factory=dict)
    dropout: float = 0.0


@dataclass
class FusionOutput:
    """Result of a fusion's module for a batch of n rows.

    Attributes
    ----------
    embedding : tensor of shape (n, out_features)
        The fused vector of each row.
    logits : tensor of shape (n, n_outputs) or None
        Logits of each row, if the fusion decides by itself (at the decision level).
        None for other fusions: a perceptron then makes the logits of the embedding.
    loss : scalar tensor or None
        An auxiliary loss that is added to the loss of the target.
    weights : tensor of shape (n, M) or None
        Weight of each modality in each row, if the fusion has such weights.
    auxiliary : tensor of shape (n, A, n_outputs) or None
        Logits of A additional heads, which learn by the loss of the target as well.
    auxiliary_weights : tensor of shape (n, A) or None
        Weight of the loss of each additional head in each row.

    Examples
    --------
    >>> import torch
    >>> from skmm.fusion import FusionOutput
    >>> output = FusionOutput(torch.zeros(8, 64), weights=torch.full((8, 2), 0.5))
    >>> output.logits is None
    True
    """

    embedding: torch.Tensor
    logits: torch.Tensor | None = None
    loss: torch.Tensor | None = None
    weights: torch.Tensor | None = None
    auxiliary: torch.Tensor | None = None
    auxiliary_weights: torch.Tensor | None = None


class Fusion(Part):
    """Base of all fusions: stores its options and builds its module on demand.

    A fusion of your own only needs ``build_module``. Its module gets ``vectors`` and
    ``tokens`` that are exactly 0 where ``present`` (or ``token_mask``) is False,
    whatever the encoder returned for the missing cell. These zeros are not values: a
    fusion has to look at ``present`` to tell them from values.

    Options are checked before any cell is read if the class has scikit-learn's table
    `_parameter_constraints`.

    Attributes
    ----------
    uses_tokens : bool
        Class attribute. If True, the module is also called with ``tokens`` and
        ``token_mask``.
    can_be_private : bool
        Class attribute. True tells that rows do not depend on one another, that there
        is no loss beside the target's, and that all learned weights lie in
        ``nn.Linear`` and ``nn.LayerNorm``, each called once: the estimator's
        ``privacy=`` takes such fusions only.

    Examples
    --------
    >>> import torch
    >>> from skmm import MultimodalClassifier
    >>> from skmm.datasets import make_multimodal_classification
    >>> from skmm.fusion import Fusion
    >>> class AddFusion(Fusion):
    ...     def build_module(self, spec):
    ...         return Add(spec.width)
    >>> class Add(torch.nn.Module):
    ...     def __init__(self, width):
    ...         super().__init__()
    ...         self.out_features = width
    ...
    ...     def forward(self, vectors, present):
    ...         return vectors.sum(dim=1)  # an absent modality is 0
    >>> X, y = make_multimodal_classification(n_samples=100, random_state=0)
    >>> model = MultimodalClassifier(fusion=AddFusion(), max_epochs=2, random_state=0)
    >>> model.fit(X, y).transform(X).shape
    (100, 64)
    """

    uses_tokens: bool = False
    can_be_private: bool = False

    def build_module(self, spec: FusionSpec) -> nn.Module:
        """Build the torch module.

        Parameters
        ----------
        spec : FusionSpec
            Names of the modalities and sizes of their vectors.

        Returns
        -------
        module : nn.Module
            A module with an attribute ``out_features``, the size of the embedding. Its
            ``forward(vectors, present)`` takes the vectors, of shape (n, M, width), and
            a boolean tensor of shape (n, M), and returns a :class:`FusionOutput` or
            only the embedding. With ``uses_tokens`` it takes two more arguments:
            ``tokens``, a list of M tensors of shape (n, t_m, width), and
            ``token_mask``, a list of M boolean tensors of shape (n, t_m). The vector of
            an encoder without tokens is passed as its only token.
        """
        raise NotImplementedError(f"{type(self).__name__}.build_module")


class StandIn(nn.Module):
    """A learned vector for each modality, used in place of an absent one."""

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
        The class; it is called with the :class:`FusionSpec` and must set the attribute
        ``out_features``. A class attribute ``uses_tokens = True`` asks for tokens.
    """

    _parameter_constraints = {"module": [callable]}

    def __init__(self, module: Callable[[FusionSpec], nn.Module]) -> None:
        self.module = module

    @property
    def uses_tokens(self) -> bool:  # type: ignore[override]  # by its options
        """True if the module's class asks for tokens."""
        return getattr(self.module, "uses_tokens", False)

    def build_module(self, spec: FusionSpec) -> nn.Module:
        module = self.module(spec)
        if not hasattr(module, "out_features"):
            raise TypeError(
                f"{self.module.__name__} is used as a fusion and has no attribute "
                "out_features: set it in __init__ to the size of the embedding."
            )
        return module
