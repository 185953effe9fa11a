"""Fusion by feature-wise linear modulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm.fusion._base import Fusion, FusionOutput, StandIn

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class FiLMFusion(Fusion):
    r"""Let one modality scale and shift the features of the others.

    .. math::
        z = [z_m]_{m \ne c}, \qquad
        z_m = (1 + \gamma_m) \odot h_m + \beta_m, \qquad
        [\gamma_m; \beta_m] = W_m h_c + b_m

    Here c is the modality named by ``condition``. A learned vector replaces that of an
    absent modality, also of c. :math:`O(M d^2)`.

    Parameters
    ----------
    condition : str or None, default=None
        Name of the modality that scales and shifts the others. None takes the first
        modality.

    Raises
    ------
    ValueError
        Raised by ``fit`` if there is no modality of this name.

    References
    ----------
    Perez, Strub, de Vries, Dumoulin, Courville: FiLM, AAAI 2018.

    Examples
    --------
    >>> from skmm.fusion import FiLMFusion
    >>> FiLMFusion(condition="tabular")
    FiLMFusion(condition='tabular')
    """

    can_be_private = True

    _parameter_constraints = {"condition": [str, None]}

    def __init__(self, condition: str | None = None) -> None:
        self.condition = condition

    def build_module(self, spec: FusionSpec) -> nn.Module:
        if self.condition is not None and self.condition not in spec.names:
            raise ValueError(
                f"FiLMFusion(condition={self.condition!r}): there is no modality of "
                f"this name. The modalities are: {', '.join(spec.names)}."
            )
        place = 0 if self.condition is None else spec.names.index(self.condition)
        return _FiLM(len(spec.names), spec.width, place)


class _FiLM(nn.Module):
    def __init__(self, n_modalities, width, condition):
        super().__init__()
        self.condition = condition
        self.others = [m for m in range(n_modalities) if m != condition]
        # A lone modality has nothing to modulate and passes.
        self.out_features = max(len(self.others), 1) * width
        self.stand_in = StandIn(n_modalities, width)
        if self.others:
            self.modulation = nn.Linear(width, 2 * width * len(self.others))

    def forward(self, vectors, present):
        vectors = self.stand_in(vectors, present)
        condition = vectors[:, self.condition]
        if not self.others:
            return FusionOutput(condition)
        modulation = self.modulation(condition)
        scale, shift = modulation.unflatten(1, (2, len(self.others), -1)).unbind(1)
        others = torch.stack([vectors[:, m] for m in self.others], dim=1)
        return FusionOutput(((1 + scale) * others + shift).flatten(1))
