"""Fusion by attention of each modality to each other one."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import torch
from torch import nn

from skmm._nn.attention import Attention, masked_mean
from skmm._nn.seeding import Dropout
from skmm._utils.compat import Interval
from skmm.fusion._base import Fusion, FusionOutput, pairs

if TYPE_CHECKING:
    from skmm.fusion._base import FusionSpec


class CrossAttentionFusion(Fusion):
    r"""Let the tokens of each modality attend to those of every other modality.

    .. math::
        z = [z_1; \dots; z_M], \qquad
        z_a = \operatorname{mean}_t \mathrm{FF}\Bigl(T_a +
        \sum_{b \ne a} \operatorname{Attention}_{ab}(T_a, T_b)\Bigr)

    :math:`T_a` are the tokens of modality a, or its vector if the encoder returns no
    tokens. Attention has its own parameters for each ordered pair of modalities, and FF
    is a perceptron with a residual connection. MulT stacks several such layers and
    concatenates the pairs; here there is one layer and the pairs are added, so that the
    size of the result grows with M and not with its square. No modality attends to an
    absent one, which itself attends to the others by a learned token. The fusion works
    on whole sequences of tokens, where encoders return them.
    :math:`O(M^2 (t^2 d + t d^2))` for t tokens of each modality.

    Parameters
    ----------
    n_heads : int, default=4
        Number of attention heads. If the width is not a multiple of it, the greatest
        common divisor of both is used.

    References
    ----------
    Tsai, Bai, Liang, Kolter, Morency, Salakhutdinov: Multimodal Transformer for
    Unaligned Multimodal Language Sequences, ACL 2019 (MulT).

    Examples
    --------
    >>> from skmm.fusion import CrossAttentionFusion
    >>> CrossAttentionFusion(n_heads=2)
    CrossAttentionFusion(n_heads=2)
    """

    uses_tokens = True

    _parameter_constraints = {
        "n_heads": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, n_heads: int = 4) -> None:
        self.n_heads = n_heads

    def build_module(self, spec: FusionSpec) -> nn.Module:
        return _CrossAttention(len(spec.names), spec.width, self.n_heads, spec.dropout)


class _CrossAttention(nn.Module):
    def __init__(self, n_modalities, width, n_heads, dropout):
        super().__init__()
        self.out_features = n_modalities * width
        self.question = nn.Parameter(torch.zeros(n_modalities, 1, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(n_modalities))
        both = [p for a, b in pairs(n_modalities) for p in ((a, b), (b, a))]
        self.attentions = nn.ModuleDict(
            {f"{a} to {b}": Attention(width, n_heads) for a, b in both}
        )
        self.perceptrons = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width),
                nn.Linear(width, 2 * width),
                nn.GELU(),
                Dropout(dropout),
                nn.Linear(2 * width, width),
            )
            for _ in range(n_modalities)
        )

    def forward(self, vectors, present, tokens, token_mask):
        n_rows = present.shape[0]
        # The learned token stands first and counts where there is no other.
        tokens = [
            torch.cat([q.expand(n_rows, -1, -1), t], dim=1)
            for q, t in zip(self.question, tokens)
        ]
        asks = [torch.cat([~m.any(1, keepdim=True), m], dim=1) for m in token_mask]
        normed = [norm(t) for norm, t in zip(self.norms, tokens)]
        fused = []
        for a, perceptron in enumerate(self.perceptrons):
            found = tokens[a]
            for b, there in enumerate(token_mask):
                if a != b:
                    attention = self.attentions[f"{a} to {b}"]
                    found = found + attention(normed[a], normed[b][:, 1:], there)
            fused.append(masked_mean(found + perceptron(found), asks[a]))
        return FusionOutput(torch.cat(fused, dim=1))
