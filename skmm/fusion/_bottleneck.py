"""Fusion through a few latents, over which the modalities exchange information."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import AttentionBlock, masked_mean
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class BottleneckFusion(Fusion):
    r"""Let the modalities exchange information only through a few shared latents.

    .. math::
        [T_m^{(l+1)}; B_m^{(l+1)}] =
        \operatorname{Block}_m^{(l)}([T_m^{(l)}; B^{(l)}]), \qquad
        B^{(l+1)} = \operatorname{mean}_{m : p_m = 1} B_m^{(l+1)}

    .. math::
        z = \operatorname{mean}_{m : p_m = 1} \mathrm{LN}(\operatorname{mean}_t
        T_m^{(L)})

    Each modality attends to its own tokens and to the latents B, in blocks of its own.
    After each layer, the latents are averaged over the modalities that are present. So
    only what fits into k latents passes from one modality to another. This costs
    :math:`O(L M (t + k)^2 d)` for t tokens of each modality, where attention over all
    tokens would cost :math:`O(L (M t)^2 d)`. The fusion works on whole sequences of
    tokens, where encoders return them.

    Parameters
    ----------
    n_latents : int, default=4
        k, the number of shared latents. More latents let more information pass.
    n_layers : int, default=2
        L, the number of layers.
    n_heads : int, default=4
        Number of attention heads. If the width is not a multiple of it, the greatest
        common divisor of both is used.

    References
    ----------
    Nagrani, Yang, Arnab, Jansen, Schmid, Sun: Attention Bottlenecks for Multimodal
    Fusion, NeurIPS 2021. Jaegle, Gimeno, Brock, Zisserman, Vinyals, Carreira:
    Perceiver, ICML 2021 (a few latents read what is long).

    Examples
    --------
    >>> from skmm.fusion import BottleneckFusion
    >>> BottleneckFusion(n_latents=2)
    BottleneckFusion(n_latents=2)
    """

    uses_tokens = True

    _parameter_constraints = {
        "n_latents": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_heads": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_latents: int = 4, n_layers: int = 2, n_heads: int = 4) -> None:
        self.n_latents = n_latents
        self.n_layers = n_layers
        self.n_heads = n_heads

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _Bottleneck(
            len(spec.names),
            spec.width,
            self.n_latents,
            self.n_layers,
            self.n_heads,
            spec.dropout,
        )


class _Bottleneck(nn.Module):
    def __init__(self, n_modalities, width, n_latents, n_layers, n_heads, dropout):
        super().__init__()
        self.out_features = width
        self.latents = nn.Parameter(torch.randn(n_latents, width) * 0.02)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                AttentionBlock(width, n_heads, dropout) for _ in range(n_modalities)
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, vectors, present, tokens, token_mask):
        n_latents = len(self.latents)
        latents = self.latents.expand(present.shape[0], -1, -1)
        open_ = present.new_ones(present.shape[0], n_latents)
        masks = [torch.cat([open_, mask], dim=1) for mask in token_mask]
        for blocks in self.layers:
            joint = [torch.cat([latents, some], dim=1) for some in tokens]
            joint = [f(x, x, mask) for f, x, mask in zip(blocks, joint, masks)]
            tokens = [x[:, n_latents:] for x in joint]
            latents = torch.stack([x[:, :n_latents] for x in joint], dim=1)
            latents = masked_mean(latents.flatten(2), present)
            latents = latents.unflatten(1, (n_latents, -1))
        read = [masked_mean(some, mask) for some, mask in zip(tokens, token_mask)]
        return FusionOutput(masked_mean(self.norm(torch.stack(read, dim=1)), present))
