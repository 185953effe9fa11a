"""Fusions: what joins the modalities' vectors, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skmm._utils.lazy import attach
from skmm._utils.registry import make_part

if TYPE_CHECKING:
    from torch import nn

    from skmm.fusion._base import Fusion

if TYPE_CHECKING:
    from skmm.fusion._attention import AttentionFusion, AttentionPoolingFusion
    from skmm.fusion._base import Fusion, FusionOutput, FusionSpec
    from skmm.fusion._bilinear import BilinearFusion, MFBFusion
    from skmm.fusion._bottleneck import BottleneckFusion
    from skmm.fusion._channel_exchange import ChannelExchangeFusion
    from skmm.fusion._concat import ConcatFusion
    from skmm.fusion._cross_attention import CrossAttentionFusion
    from skmm.fusion._elementwise import (
        MaxFusion,
        MeanFusion,
        ProductFusion,
        SumFusion,
        WeightedFusion,
    )
    from skmm.fusion._experts import ProductOfExpertsFusion
    from skmm.fusion._film import FiLMFusion
    from skmm.fusion._gated import GatedFusion
    from skmm.fusion._graph import GraphFusion
    from skmm.fusion._hybrid import HybridFusion
    from skmm.fusion._late import LateFusion
    from skmm.fusion._moe import MoEFusion
    from skmm.fusion._tensor import LowRankFusion, TensorFusion
    from skmm.fusion._transformer import TransformerFusion

#: name in ``fusion=`` -> (module, class). A new fusion is one file and one line here;
#: what type checkers read, above and in `__all__`, is compared with it by a test.
FUSIONS = {
    "concat": ("skmm.fusion._concat", "ConcatFusion"),
    "sum": ("skmm.fusion._elementwise", "SumFusion"),
    "mean": ("skmm.fusion._elementwise", "MeanFusion"),
    "max": ("skmm.fusion._elementwise", "MaxFusion"),
    "product": ("skmm.fusion._elementwise", "ProductFusion"),
    "weighted": ("skmm.fusion._elementwise", "WeightedFusion"),
    "gated": ("skmm.fusion._gated", "GatedFusion"),
    "attention": ("skmm.fusion._attention", "AttentionFusion"),
    "attention_pooling": ("skmm.fusion._attention", "AttentionPoolingFusion"),
    "transformer": ("skmm.fusion._transformer", "TransformerFusion"),
    "cross_attention": ("skmm.fusion._cross_attention", "CrossAttentionFusion"),
    "bottleneck": ("skmm.fusion._bottleneck", "BottleneckFusion"),
    "bilinear": ("skmm.fusion._bilinear", "BilinearFusion"),
    "tensor": ("skmm.fusion._tensor", "TensorFusion"),
    "low_rank": ("skmm.fusion._tensor", "LowRankFusion"),
    "mfb": ("skmm.fusion._bilinear", "MFBFusion"),
    "film": ("skmm.fusion._film", "FiLMFusion"),
    "moe": ("skmm.fusion._moe", "MoEFusion"),
    "graph": ("skmm.fusion._graph", "GraphFusion"),
    "product_of_experts": ("skmm.fusion._experts", "ProductOfExpertsFusion"),
    "channel_exchange": ("skmm.fusion._channel_exchange", "ChannelExchangeFusion"),
    "late": ("skmm.fusion._late", "LateFusion"),
    "hybrid": ("skmm.fusion._hybrid", "HybridFusion"),
}

#: Fusions that cost little more than the encoders: linear in the modalities, no tokens.
FAST_FUSIONS = (
    "concat",
    "sum",
    "max",
    "weighted",
    "gated",
    "attention",
    "low_rank",
    "late",
)

_PUBLIC = {cls: module for module, cls in FUSIONS.values()} | {
    "Fusion": "skmm.fusion._base",
    "FusionOutput": "skmm.fusion._base",
    "FusionSpec": "skmm.fusion._base",
}

__all__ = [
    "FAST_FUSIONS",
    "FUSIONS",
    "make_fusion",
    "ConcatFusion",
    "SumFusion",
    "MeanFusion",
    "MaxFusion",
    "ProductFusion",
    "WeightedFusion",
    "GatedFusion",
    "AttentionFusion",
    "AttentionPoolingFusion",
    "TransformerFusion",
    "CrossAttentionFusion",
    "BottleneckFusion",
    "BilinearFusion",
    "TensorFusion",
    "LowRankFusion",
    "MFBFusion",
    "FiLMFusion",
    "MoEFusion",
    "GraphFusion",
    "ProductOfExpertsFusion",
    "ChannelExchangeFusion",
    "LateFusion",
    "HybridFusion",
    "Fusion",
    "FusionOutput",
    "FusionSpec",
]

# Lazily: the table of names must not cost an import of torch.
if not TYPE_CHECKING:  # to a checker any name at all would be there
    __getattr__, __dir__ = attach(__name__, _PUBLIC)


def make_fusion(fusion: str | Fusion | type[Fusion] | type[nn.Module]) -> Fusion:
    """Return a fusion object from a name, a class or an instance.

    Parameters
    ----------
    fusion : str, Fusion class, Fusion instance or nn.Module class
        The value of the estimators' parameter ``fusion``. A string is a name of
        `FUSIONS`. A plain ``nn.Module`` class is built with the :class:`FusionSpec` as
        its only argument.

    Returns
    -------
    fusion : Fusion
        The fusion object. An instance is returned as it is.

    Raises
    ------
    InvalidParameterError
        A ValueError: ``fusion`` is none of these, or one of its options has an invalid
        value. For an unknown name the message proposes the nearest one.

    Examples
    --------
    >>> from skmm.fusion import make_fusion
    >>> make_fusion("gated")
    GatedFusion()
    """
    wrapper = ("skmm.fusion._base", "ModuleFusion")
    return make_part(fusion, "fusion", FUSIONS, wrapper)
